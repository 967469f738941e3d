"""The ways to pay an amount, gathered and drawn once for all shoppers, and kept.

Amount, currency, account, language and addresses decide what is kept. What is a shopper's, the
hidden fields of each form, is put in when a page shows it: the mark that stands for them comes from
no text, since all texts are escaped.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flask import current_app, url_for
from markupsafe import Markup

from . import fields, ways, words
from .gateway.capability import Capability
from .money import money

# Amounts that are kept, by each process; those that nobody has asked for longest go first.
_MOST = 128
_FORM = Markup("<!--form-->")


class Kept:
    """What an app keeps of its ways to pay."""

    def __init__(self) -> None:
        self.offered = lru_cache(maxsize=_MOST)(_gather)
        self.drawn = lru_cache(maxsize=2 * _MOST)(_draw)

    def part(
        self,
        template: str,
        inputs: str,
        amount: int,
        currency: str,
        capability: Capability | None,
    ) -> Markup:
        """Give a part of the payment page, with `inputs` in each of its forms."""
        # While somebody works on the templates, each is drawn as it is.
        reloads = current_app.jinja_env.auto_reload
        draw: Callable[..., tuple[str, ...]] = _draw if reloads else self.drawn
        # All addresses that a part has: a host may say more of them than where it is.
        here = url_for(".charge"), url_for(".static", filename="marks.svg")
        pieces = draw(template, amount, currency, capability, words.locale(), here)
        return Markup(str.join(inputs, pieces))


def _gather(
    amount: int, currency: str, capability: Capability | None
) -> dict[str, Any]:
    """Gather the ways to pay an amount, as the page shows them."""
    offers = ways.offered(amount, currency, capability)
    card = offers.get("card")
    rows = ways.rows(offers)
    return {
        "card": card,
        "takes_cards": bool(card and card.is_open),
        "payable": any(one.is_open for one in offers.values()),
        "brands": ways.brands(capability),
        "plans": ways.card_instalments(offers),
        "rows": rows,
        "marks": _marks(rows),
        "least": min((one.low for one in offers.values()), default=0),
        "most": max((one.high for one in offers.values()), default=0),
        "pickers": ways.pickers(offers),
    }


def _marks(rows: list[ways.Row]) -> list[str]:
    """Name the marks of all ways to pay, each once."""
    drawn = [row.offer.way if row.offer else row.group for row in rows]
    return list(dict.fromkeys(["card", *(one.mark for one in drawn if one)]))


def _draw(
    template: str,
    amount: int,
    currency: str,
    capability: Capability | None,
    locale: str,
    here: tuple[str, str],
) -> tuple[str, ...]:
    """Draw a part for nobody, cut where a form's own fields belong.

    `locale` and `here` are those of the request, and tell apart what is kept.
    """
    part = current_app.jinja_env.get_template(template).render(
        _gather(amount, currency, capability),
        total=amount,
        currency=currency,
        fields=fields.FIELDS,
        money=money,
        say=words.say,
        inputs=_FORM,
        refusal=None,
        typed={},
        email="",
    )
    return tuple(part.split(_FORM))
