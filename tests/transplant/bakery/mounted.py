"""Serve the bakery where its landlord put it: under /bakery, beside what else is there."""

from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from . import create_app

app = DispatcherMiddleware(NotFound(), {"/bakery": create_app()})
