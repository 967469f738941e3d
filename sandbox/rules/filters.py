"""Filter what a search found: read ``filters[amount]=1000..2000`` and try it on an object.

Amounts are in main units, ranges are written ``1..2`` and truth as true, false, yes or no, as
search-api says. The names are those of openapi.yml.
"""

from decimal import Decimal, InvalidOperation

from . import fees, values
from .refusals import Refused

_CREATED = "created:time=created_at"
# What each scope may be filtered by: name, how its value is read, and where it is if not there.
FILTERS = {
    "charge": (
        f"{_CREATED} amount:money authorized:flag capture:flag capture_id:text captured:flag=paid"
        " card_last_digits:text=card.last_digits currency:text customer_present:given=customer"
        " disputed:given=dispute failure_code:text is_installment:given=source.installment_term"
        " installment_terms:number=source.installment_term refunded:given=refunded_amount"
        " refund_amount:money=refunded_amount reversed:flag safe:flag scheduled:given=schedule"
        " source_of_fund:text source_type:text=source.type status:text voided:flag"
        " acquirer_reference_number:text"
    ),
    "dispute": (
        f"{_CREATED} amount:money card_first_digits:text=card.first_digits"
        " card_last_digits:text=card.last_digits charge_id:text=charge closed_at:time"
        " currency:text delayed:flag status:text"
    ),
    "refund": (
        f"{_CREATED} amount:money card_first_digits:text=card.first_digits"
        " card_last_digits:text=card.last_digits charge_id:text=charge status:text voided:flag"
        " acquirer_reference_number:text"
    ),
    "link": (
        f"{_CREATED} amount:money currency:text multiple:flag used:flag used_at:time pending:flag"
    ),
    "recipient": (
        f"{_CREATED} active:flag activated_at:time deleted:flag failure_code:text type:text"
        " bank_last_digits:text=bank_account.last_digits verified:flag verified_at:time"
    ),
    "transfer": (
        f"{_CREATED} amount:money currency:text deleted:flag fee:money paid:flag paid_at:time"
        " sent:flag sent_at:time"
    ),
    "charge_schedule": (
        f"{_CREATED} status:text active:flag amount:money=charge.amount card_last_digits:text"
    ),
    "transfer_schedule": f"{_CREATED} status:text active:flag",
}
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_FUNDS = {None: "card", "offline": "offline"}


def tests(scope, wanted):
    """Turn filters into tests of a drawn object, or refuse those that mean nothing."""
    if not isinstance(wanted, dict):
        raise Refused("invalid_filters", "filters should be a hash")
    known = dict(each.split(":", 1) for each in FILTERS.get(scope, _CREATED).split())
    found = []
    for name, text in wanted.items():
        reader, _, path = known.get(name, "").partition("=")
        test = _test(reader, path or name, str(text)) if reader else None
        if test is None:
            raise Refused("invalid_filters", f"filter {name} is invalid")
        found.append(test)
    return found


def passes(shown, each_test):
    """Tell whether a drawn object passes every test; those about a charge have its `card` added."""
    shown = _with_more(shown)
    return all(test(shown) for test in each_test)


def _with_more(shown):
    """Add what may be filtered by, but is not part of the object."""
    kind = shown["object"]
    if kind == "charge":
        flow = shown["source"] and shown["source"]["flow"]
        return {**shown, "source_of_fund": _FUNDS.get(flow, "offsite")}
    if kind == "schedule" and shown["charge"]:
        return {**shown, "currency": shown["charge"]["currency"]}
    return shown


def _test(reader, path, wanted):
    """Make the test of one filter; None when its value cannot be read."""
    if reader == "text":
        return lambda shown: str(_at(shown, path) or "").lower() == wanted.lower()
    if reader in ("flag", "given"):
        expected = _FLAGS.get(wanted.lower())
        if expected is None:
            return None
        return lambda shown: bool(_at(shown, path)) is expected
    start, dots, end = wanted.partition("..")
    edges = [_edge(reader, start), _edge(reader, end if dots else start, last=True)]
    if None in edges or not (start or end):
        return None
    return lambda shown: _within(edges, _measured(reader, shown, path))


def _edge(reader, text, last=False):
    """Read one end of a range; nothing leaves that end open, a day lasts until its end."""
    if not text:
        return Decimal("Infinity" if last else "-Infinity")
    if reader == "time":
        moment = values.moment(text)
        whole_day = last and len(text) == len("2020-01-01")
        return moment + 86399 if moment is not None and whole_day else moment
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _measured(reader, shown, path):
    """Measure what an object has in the units that filters are written in."""
    value = _at(shown, path)
    if value is None or reader == "number":
        return value
    if reader == "time":
        return values.moment(value)
    return Decimal(value) / fees.units(shown["currency"])


def _within(edges, value):
    return value is not None and edges[0] <= value <= edges[1]


def _at(shown, path):
    """Follow a dotted path; None when it leads nowhere."""
    for name in path.split("."):
        shown = shown.get(name) if isinstance(shown, dict) else None
    return shown
