"""Keep payment links: what is asked for, and what was paid.

Rests on links-api; messages but the one on the largest amount are our own words, and that a link
for one payment has no room beside one under way is our inference.
"""

import secrets

from . import keeping, objects, wire
from .rules import fees, values
from .rules.refusals import refuse_all
from .state import books

LARGEST = 100_000_000


def begin(params):
    """Check a new payment link and answer its facts."""
    amount = values.whole(params.get("amount"))
    currency = (values.text(params.get("currency")) or "").upper()
    texts = {name: values.text(params.get(name)) for name in ("title", "description")}
    problems = [f"{name} can't be blank" for name, text in texts.items() if not text]
    if currency not in fees.CARD_CURRENCIES:
        problems.append("currency is currently not supported")
    if amount is None:
        problems.append("amount is not a number")
    elif amount < 1:
        problems.append("amount must be greater than 0")
    elif amount > LARGEST:
        problems.append("amount must be less than or equal to 1000000.0")
    refuse_all("invalid_link", problems)
    return {
        **texts,
        "amount": amount,
        "currency": currency,
        "multiple": values.is_true(params.get("multiple")),
        "code": secrets.token_hex(4).upper(),
    }


def found_by(facts):
    """Tell what the page of a link is found by."""
    return {"payment": facts["code"]}


def of_code(code):
    """Fetch the link whose page has this address, or raise NotFound."""
    return keeping.find("link", books().id_of_page(code, "link"))


def taken_by(facts):
    """Find the charge that leaves a link no room for another: paid, or under way."""
    return None if facts["multiple"] else _first(facts, "successful", "pending")


def _first(facts, *statuses):
    """Find the oldest charge of a link in the first of these states that any is in."""
    for status in statuses:
        found, _ = books().page("charge", parent=facts["id"], status=status, limit=1)
        if found:
            return found[0]
    return None


def draw(facts):
    """Draw a payment link with what was paid by it."""
    location, paid = f"/links/{facts['id']}", _first(facts, "successful")
    charges, total = books().page("charge", parent=facts["id"])
    data = [objects.charge(each) for each in charges]
    return objects.drawn(
        "link",
        facts,
        location=wire.path_of(location),
        used=bool(paid),
        used_at=paid and paid["paid_at"],
        charges=objects.list_of(f"{location}/charges", data, total),
        payment_uri=f"{wire.base_url()}links/pay/{facts['code']}",
    )
