"""Keep customers and their cards; a card arrives only by a token, which that uses up.

Rests on customers-api and cards-api.
"""

from . import deliver, objects, tokens
from .rows import new_id
from .rules import values
from .rules.refusals import NotFound, refuse_all
from .state import books

_CARD_TEXTS = ("name", "email", *objects.CARD_ADDRESS)


def find(customer_id):
    """Fetch a customer who has not been deleted, or raise NotFound."""
    facts = books().find("customer", customer_id)
    if facts["deleted"]:
        raise NotFound("customer", customer_id)
    return facts


def find_card(customer_id, card_id):
    """Fetch a card that the customer still keeps, or raise NotFound."""
    find(customer_id)
    facts = books().find("card", card_id, parent=customer_id)
    if facts["deleted"]:
        raise NotFound("card", card_id)
    return facts


def create(params):
    """Open a customer, with a card if a token is given."""
    with books().change():
        facts = {
            "id": new_id("cust"),
            "created_at": books().now(),
            "deleted": False,
            "metadata": values.metadata(params),
            "default_card": None,
            "description": values.text(params.get("description")),
            "email": values.text(params.get("email")),
        }
        books().add("customer", facts, status="active")
        _add_card(facts, params.get("card"))
        return _saved(facts, "customer.create")


def update(customer_id, params):
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
            chosen = find_card(customer_id, params["default_card"])
            facts["default_card"] = chosen["id"]
        return _saved(facts, "customer.update.card" if added else "customer.update")


def _add_card(facts, token_id):
    """Attach the card of a token; it becomes the default when there is none."""
    if not values.text(token_id):
        return False
    card = {**tokens.spend(str(token_id)), "customer": facts["id"]}
    books().add("card", card, parent=facts["id"], status="active")
    facts["default_card"] = facts["default_card"] or card["id"]
    return True


def _saved(facts, key):
    """Write a customer back, tell of it, and show it."""
    books().save(facts, status="deleted" if facts["deleted"] else "active")
    shown = objects.customer(facts)
    deliver.emit(key, shown)
    return shown


def destroy(customer_id):
    """Delete a customer and the cards; charges stay."""
    with books().change():
        facts = find(customer_id)
        for card in books().below(customer_id, "card"):
            books().save({**card, "deleted": True}, status="deleted")
        facts.update(deleted=True, default_card=None)
        return _saved(facts, "customer.destroy")


def update_card(customer_id, card_id, params):
    """Change a kept card's name, expiry or address."""
    with books().change():
        facts = find_card(customer_id, card_id)
        for name in _CARD_TEXTS:
            if name in params:
                facts[name] = values.text(params[name])
        facts["country"] = (facts["country"] or "").lower()
        for name in ("expiration_month", "expiration_year"):
            facts[name] = values.whole(params.get(name)) or facts[name]
        refuse_all("invalid_card", tokens.problems_of(facts))
        books().save(facts, status="active")
        deliver.emit("card.update", objects.card(facts))
        return objects.card(facts)


def destroy_card(customer_id, card_id):
    """Forget a kept card; the customer is left without a default if it was that."""
    with books().change():
        facts = {**find_card(customer_id, card_id), "deleted": True}
        books().save(facts, status="deleted")
        customer = find(customer_id)
        if customer["default_card"] == card_id:
            customer["default_card"] = None
            books().save(customer, status="active")
        deliver.emit("card.destroy", objects.card(facts))
        return objects.card(facts)
