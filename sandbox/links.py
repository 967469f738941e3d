"""Keep payment links. The pages that they name are not imitated, so nobody can pay by one.

Rests on links-api; messages but the one on the largest amount are our own words.
"""

import secrets

from . import countries, forms, objects, wire

LARGEST = 100_000_000


def begin(params):
    """Check a new payment link and answer its facts."""
    amount = forms.whole(params.get("amount"))
    currency = (forms.text(params.get("currency")) or "").upper()
    texts = {name: forms.text(params.get(name)) for name in ("title", "description")}
    problems = [f"{name} can't be blank" for name, text in texts.items() if not text]
    if currency not in countries.CARD_CURRENCIES:
        problems.append("currency is currently not supported")
    if amount is None:
        problems.append("amount is not a number")
    elif amount < 1:
        problems.append("amount must be greater than 0")
    elif amount > LARGEST:
        problems.append("amount must be less than or equal to 1000000.0")
    wire.refuse_all("invalid_link", problems)
    return {
        **texts,
        "amount": amount,
        "currency": currency,
        "multiple": forms.is_true(params.get("multiple")),
        "used": False,
        "code": secrets.token_hex(4).upper(),
    }


def draw(facts):
    """Draw a payment link, which nothing was paid by."""
    location = f"/links/{facts['id']}"
    return objects.drawn(
        "link",
        facts,
        location=wire.path_of(location),
        charges=objects.list_of(f"{location}/charges", []),
        payment_uri=f"{wire.base_url()}links/pay/{facts['code']}",
    )
