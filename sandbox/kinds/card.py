"""Cards that customers keep; each arrives by a token, which is used up. Rests on cards-api."""

from ..books import books
from ..rules import cards, days, values
from ..rules.refusals import refuse_all
from ..webhooks.events import tell
from . import token
from .kind import CARD as KIND
from .kind import CUSTOMER

_TEXTS = ("name", "email", *cards.ADDRESS)


def make(customer_id, token_id):
    """Keep the card of a token for a customer; call it inside the change that does more."""
    return KIND.add({**token.spend(token_id), "customer": customer_id})


def find(customer_id, card_id):
    """Fetch a card that the customer still keeps, or raise NotFound."""
    CUSTOMER.find(customer_id)
    return KIND.find(card_id, parent=customer_id)


def change(customer_id, card_id, params):
    """Change a kept card's name, expiry or address."""
    with books().change():
        facts = find(customer_id, card_id)
        for name in _TEXTS:
            if name in params:
                facts[name] = values.text(params[name])
        facts["country"] = (facts["country"] or "").lower()
        for name in ("expiration_month", "expiration_year"):
            facts[name] = values.whole(params.get(name)) or facts[name]
        month, year = (facts[f"expiration_{part}"] for part in ("month", "year"))
        facts["expiration_year"] = year = cards.full_year(year)
        today = days.date_at(books().now())
        problems = cards.holder_problems(facts["name"], month, month, year, today)
        refuse_all("invalid_card", problems)
        return tell("card.update", KIND.save(facts))


def destroy(customer_id, card_id):
    """Forget a kept card; the customer is left without a default if it was that."""
    with books().change():
        facts = KIND.forget(find(customer_id, card_id))
        owner = CUSTOMER.find(customer_id)
        if owner["default_card"] == card_id:
            CUSTOMER.save({**owner, "default_card": None})
        return tell("card.destroy", facts)
