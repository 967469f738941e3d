"""Know which version of the API a request speaks. Rests on api-versions."""

import re

from flask import request

from ..books import books
from ..rules.refusals import Refused
from ..rules.versions import BEFORE_SOURCES, VERSIONS

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def version():
    """Tell which version this request speaks: its header, else the account's default."""
    wanted = request.headers.get("Omise-Version")
    if not wanted:
        return books().settings()["api_version"]
    # omise-node's own tests ask for 2019-09-29, which never was: the one before it is meant.
    past = [each for each in VERSIONS if _DATE.fullmatch(wanted) and each <= wanted]
    if not past:
        raise Refused("bad_request", f"api version {wanted} is not supported")
    return past[-1]


def needs_sources():
    """Refuse versions from before there were sources."""
    if version() in BEFORE_SOURCES:
        message = "you are using api version which does not support this operation"
        raise Refused("service_not_found", message, 404)
