"""Answer with an object, in the version that the request speaks."""

from flask import Response

from ..draw.expand import expanded
from ..draw.older import downgraded
from ..draw.pretty import pretty
from ..draw.table import DRAW
from ..rules import values
from ..rules.versions import CURRENT_VERSION
from .addresses import sight
from .parameters import params
from .versions import version


def printed(body, status=200):
    """Answer with an object as it is."""
    content_type = "application/json; charset=utf-8"
    return Response(pretty(body), status, content_type=content_type)


def answer_drawn(body):
    """Answer with a drawn object in the version that this request speaks."""
    if values.is_true(params().get("expand")):
        body = expanded(body, sight())
    chosen = version()
    response = printed(body if chosen == CURRENT_VERSION else downgraded(body))
    response.headers["Omise-Version"] = chosen
    return response


def shown(kind, facts):
    """Draw an object of a kind as it looks to whoever asks now."""
    return DRAW[kind](facts, sight())


def answer(kind, facts):
    """Answer with an object of a kind."""
    return answer_drawn(shown(kind, facts))
