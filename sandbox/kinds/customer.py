"""Customers, who keep cards. Rests on customers-api."""

from ..books import books
from ..rules import values
from ..webhooks.events import tell
from . import card
from .kind import CARD
from .kind import CUSTOMER as KIND

find = KIND.find


def make(params):
    """Open a customer, with a card if a token is given."""
    with books().change():
        facts = KIND.begun(
            deleted=False,
            metadata=values.metadata(params),
            default_card=None,
            description=values.text(params.get("description")),
            email=values.text(params.get("email")),
        )
        KIND.add(facts)
        _add_card(facts, params.get("card"))
        return tell("customer.create", KIND.save(facts))


def change(customer_id, params):
    """Change a customer; a token adds a card, `default_card` switches."""
    with books().change():
        facts = find(customer_id)
        for name in ("description", "email"):
            if name in params:
                facts[name] = values.text(params[name])
        if "metadata" in params:
            facts["metadata"] = values.metadata(params)
        added = _add_card(facts, params.get("card"))
        if values.text(params.get("default_card")):
            chosen = card.find(customer_id, params["default_card"])
            facts["default_card"] = chosen["id"]
        key = "customer.update.card" if added else "customer.update"
        return tell(key, KIND.save(facts))


def destroy(customer_id):
    """Delete a customer and the cards; charges stay."""
    with books().change():
        facts = find(customer_id)
        for kept in books().below(customer_id, CARD.name):
            CARD.forget(kept)
        return tell("customer.destroy", KIND.forget({**facts, "default_card": None}))


def _add_card(facts, token_id):
    """Attach the card of a token; it becomes the default when there is none."""
    if not values.text(token_id):
        return False
    added = card.make(facts["id"], str(token_id))
    facts["default_card"] = facts["default_card"] or added["id"]
    return True
