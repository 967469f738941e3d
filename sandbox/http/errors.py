"""Give every refusal its shape. Rests on api-errors."""

from ..rules.refusals import Refused
from .answers import printed


def init_app(app):
    """Answer whatever is refused or not there as Omise does."""
    app.register_error_handler(Refused, _error)
    for problem in (404, 405):
        nowhere = Refused("service_not_found", "service not found", 404)
        app.register_error_handler(problem, lambda _, refused=nowhere: _error(refused))
    too_large = Refused("bad_request", "request body is too large", 413)
    app.register_error_handler(413, lambda _: _error(too_large))


def _error(refused):
    """Shape a refusal; it carries no Omise-Version header, as recorded."""
    body = {
        "object": "error",
        "location": "https://www.omise.co/api-errors#" + refused.code.replace("_", "-"),
        "code": refused.code,
        "message": refused.message,
    }
    return printed(body, refused.http_status)
