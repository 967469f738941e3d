"""Which ways to pay are offered: the table of methods x what the account can do x the amount.

A way that the account or the currency does not have is left out; one that cannot take this very
amount stays in the list, with the limit that it misses.
"""

from dataclasses import dataclass, field

from . import methods
from .gateway.capability import Capability
from .methods import ACCOUNT_LIMITS, COUNTRIES, GROUPS, METHODS, Group, Method

# What Omise.js calls the brands of a capability (Omise.js: card-brands).
_BRANDS = {
    "Visa": "visa",
    "MasterCard": "mastercard",
    "JCB": "jcb",
    "American Express": "amex",
    "UnionPay": "unionpay",
    "Diners Club": "diners",
    "Discover": "discover",
}


@dataclass(frozen=True)
class Term:
    """So many months, and what one of them comes to before interest, in the smallest unit."""

    months: int
    monthly: int


@dataclass(frozen=True)
class Offer:
    """One way, as it is offered for one amount.

    `low` and `high` are its limits here, in the smallest unit; `is_open` says that the amount lies
    between them, and that instalments have a number of months for it.
    """

    way: Method
    low: int
    high: int
    is_open: bool
    terms: list[Term] = field(default_factory=list)
    banks: dict[str, str] = field(default_factory=dict)
    is_without_interest: bool = False


class WayRefused(Exception):
    """Raised when an amount cannot be paid in the way that was asked for; `offer` says its limits,
    and is None where the way is not offered at all."""

    def __init__(self, offer: Offer | None) -> None:
        super().__init__()
        self.offer = offer


def offered(
    amount: int, currency: str, capability: Capability | None
) -> dict[str, Offer]:
    """List the ways in which this currency can be paid, by name; without a capability, those of
    the table."""
    offers = {}
    for way in METHODS:
        if currency in way.limits and _is_enabled(way, currency, capability):
            offers[way.name] = _offer(way, amount, currency, capability)
    return offers


def _is_enabled(way: Method, currency: str, capability: Capability | None) -> bool:
    if way in methods.TOKENIZED:
        return capability is not None and way.name in capability.tokenized
    if capability is None:
        return True
    means = capability.means.get(way.type)
    return means is not None and currency in means.currencies


def _offer(
    way: Method, amount: int, currency: str, capability: Capability | None
) -> Offer:
    low, high = _limits(way, currency, capability)
    terms = _terms(way, amount, capability)
    banks = dict(way.banks)
    means = capability.means.get(way.type) if capability else None
    if banks and means and means.banks:
        banks = {code: banks.get(code, name) for code, name in means.banks.items()}
    return Offer(
        way=way,
        low=low,
        high=high,
        is_open=low <= amount <= high and bool(terms or not way.terms),
        terms=terms,
        banks=banks,
        is_without_interest=bool(capability and capability.is_without_interest),
    )


def _limits(
    way: Method, currency: str, capability: Capability | None
) -> tuple[int, int]:
    """Take the method's limits where they are narrower than the account's."""
    low, high = way.limits[currency]
    least, most = ACCOUNT_LIMITS[currency]
    if capability and capability.country == COUNTRIES[currency]:
        # An account may have been given others than are usual.
        if way.limits[currency] == (least, most):
            low, high = 0, capability.most or most
        least, most = capability.least or least, capability.most or most
        if way.terms and capability.least_instalments:
            low = capability.least_instalments
    if way.terms:
        low = max(low, min(_least(way, months) for months in way.terms))
    return max(low, least), min(high, most)


def _least(way: Method, months: int) -> int:
    return way.least_by_term.get(months, way.least_monthly * months)


def _terms(way: Method, amount: int, capability: Capability | None) -> list[Term]:
    """List the months over which an amount can be paid; the bank's interest comes on top."""
    means = capability.means.get(way.type) if capability else None
    known = sorted(means.terms) if means and means.terms else way.terms
    return [
        Term(months, -(-amount // months))
        for months in (known if way.terms else ())
        if amount >= _least(way, months)
    ]


def check(
    name: str, amount: int, currency: str, capability: Capability | None
) -> Offer:
    """Give the offer of a way that is asked for. Raises WayRefused."""
    offer = offered(amount, currency, capability).get(name)
    if offer is None or not offer.is_open:
        raise WayRefused(offer)
    return offer


@dataclass(frozen=True)
class Row:
    """One row of the list: an offer, or a group of several."""

    offer: Offer | None
    group: Group | None = None
    name: str = ""
    members: tuple[Offer, ...] = ()


def rows(offers: dict[str, Offer]) -> list[Row]:
    """Give the list that the checkout shows beside its card form: groups where there are several
    of a kind."""
    listed = [one for one in offers.values() if one.way.listed and not one.way.by_card]
    found: dict[str, Row] = {}
    for one in listed:
        name = one.way.group
        members = tuple(each for each in listed if name and each.way.group == name)
        if len(members) < 2:
            found[one.way.name] = Row(one)
        else:
            found[name] = Row(None, GROUPS[name], name, members)
    return list(found.values())


def card_instalments(offers: dict[str, Offer]) -> list[Offer]:
    """List the banks that let a card typed here pay this amount in instalments (white label)."""
    return [one for one in offers.values() if _is_card_instalment(one) and one.is_open]


def _is_card_instalment(offer: Offer) -> bool:
    return offer.way.by_card and bool(offer.way.terms)


def pickers(offers: dict[str, Offer]) -> str:
    """Name the ways for Omise.js, members of a group in brackets behind it."""
    open_ones = [one.way.picker for one in offers.values() if one.is_open]
    names: dict[str, list[str]] = {}
    for picker in filter(None, open_ones):
        name, _, member = picker.rstrip(")").partition("(")
        names.setdefault(name, []).extend([member] if member else [])
    names.pop(methods.CREDIT_CARD.picker, None)
    return ",".join(
        f"{name}({', '.join(members)})" if members else name
        for name, members in names.items()
    )


def brands(capability: Capability | None) -> dict[str, str]:
    """Name the brands of cards that the account takes: as they are called, and by Omise.js."""
    means = capability.means.get("card") if capability else None
    known = means.brands if means and means.brands else ("Visa", "MasterCard")
    return {one: _BRANDS[one] for one in known if one in _BRANDS}
