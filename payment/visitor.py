"""What the session knows of a shopper: one key, `payment`, and ids only."""

import uuid
from typing import Any

from flask import session

KEY = "payment"
# The session is a cookie, so it names so many saved cards at most: the newest.
_KEPT_CARDS = 4
# And so many orders whose goods have left the basket.
_KEPT_ORDERS = 12


def _known() -> dict[str, Any]:
    known = session.get(KEY)
    return known if isinstance(known, dict) else {}


def _know(**news: Any) -> None:
    session[KEY] = {**_known(), **news}


def visitor_id() -> str:
    """Give the id that this browser's orders are kept under, made when it is first needed."""
    if not isinstance(_known().get("visitor"), str):
        _know(visitor=str(uuid.uuid4()))
    return _known()["visitor"]


def known_visitor() -> str | None:
    """Give that id if this browser has one; asking makes none."""
    found = _known().get("visitor")
    return found if isinstance(found, str) else None


def begun() -> tuple[str | None, str | None]:
    """Give the order that this session's checkout is for, and the fingerprint of its basket."""
    checkout = _known().get("checkout")
    if not isinstance(checkout, dict):
        return None, None
    return checkout.get("order"), checkout.get("basket")


def order_for(fingerprint: str) -> str:
    """Give the id under which this session orders this very basket: the same in every tab."""
    # Known before anything is posted: the answer to that may never arrive.
    visitor_id()
    order_id, basket = begun()
    if order_id is None or basket != fingerprint:
        order_id = str(uuid.uuid4())
        _know(checkout={"order": order_id, "basket": fingerprint})
    return order_id


def has_put_away(order_id: str) -> bool:
    """Tell whether the goods of an order were taken out of this session's basket."""
    return order_id in (_known().get("away") or [])


def put_away(order_id: str) -> None:
    """Note that they were, once for each order; the next basket is a new order."""
    away = [*(_known().get("away") or []), order_id][-_KEPT_ORDERS:]
    known = {**_known(), "away": away}
    if begun()[0] == order_id:
        known.pop("checkout", None)
    session[KEY] = known


def customer() -> str | None:
    """Give the Omise customer that this session's cards are saved with."""
    found = _known().get("customer")
    return found if isinstance(found, str) else None


def saved_cards() -> dict[str, str]:
    """Give the cards that this session saved, each with the attempt it was first charged in; the
    last is offered first."""
    return dict(_known().get("cards") or [])


def keep_customer(customer_id: str) -> None:
    """Note with which customer this session's cards are saved; those of another are forgotten."""
    if customer_id != customer():
        _know(customer=customer_id, cards=[])


def keep_card(customer_id: str, card: str, attempt_id: str) -> None:
    """Note whose card was saved, and with which attempt."""
    keep_customer(customer_id)
    pairs = [pair for pair in saved_cards().items() if pair[0] != card]
    _know(cards=[*pairs, (card, attempt_id)][-_KEPT_CARDS:])


def prefer_card(card: str) -> None:
    """Offer one of the saved cards before the others from now on, as if it were the newest."""
    others = saved_cards()
    attempt_id = others.pop(card)
    _know(cards=[*others.items(), (card, attempt_id)])


def forget_card(card: str) -> None:
    """Forget one saved card, and the customer with the last of them."""
    others = saved_cards()
    others.pop(card, None)
    if not others:
        forget_cards()
        return
    _know(cards=list(others.items()))


def forget_cards() -> None:
    """Forget the customer and every card of it."""
    known = _known()
    for name in ("customer", "cards"):
        known.pop(name, None)
    session[KEY] = known
