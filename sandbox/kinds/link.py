"""Payment links: what is asked for on a page of its own, and what was paid there.

Rests on links-api; messages but the one on the largest amount are our own words, and that a link
for one payment has no room beside one under way is our inference.
"""

import secrets

from ..books import books
from ..rules import fees, values
from ..rules.refusals import refuse_all
from ..webhooks.events import tell
from . import charge
from .kind import CHARGE
from .kind import LINK as KIND

LARGEST = 100_000_000


def make(params):
    """Make a payment link."""
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
    facts = KIND.begun(
        **texts,
        amount=amount,
        currency=currency,
        multiple=values.is_true(params.get("multiple")),
        code=secrets.token_hex(4).upper(),
        deleted=False,
    )
    with books().change():
        return tell("link.create", KIND.add(facts))


def find(link_id):
    """Fetch a link, letting charges expire first: it is shown with those made on its page."""
    charge.expire_due()
    return KIND.find(link_id)


def destroy(link_id):
    """Delete a link; Omise tells of one only when it is made."""
    with books().change():
        return KIND.forget(find(link_id))


def of_code(code):
    """Fetch the link whose page has this address, or raise NotFound."""
    return find(books().id_of_page(code, KIND.name))


def taken_by(facts):
    """Find the charge that leaves a link no room for another: paid, or else under way."""
    if facts["multiple"]:
        return None
    for status in ("successful", "pending"):
        wanted = {"parent": facts["id"], "status": status, "limit": 1}
        found, _ = books().page(CHARGE.name, **wanted)
        if found:
            return found[0]
    return None
