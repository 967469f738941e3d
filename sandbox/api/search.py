"""Search what was charged, refunded, disputed and so on: GET /search and its short forms.

Free text is looked for in ids, descriptions, metadata, names and the like; every word has to be
there. It finds a charge at once, which Omise does not promise, unless the fault `lag` is set.
Messages are our own words.
"""

from ..books import books
from ..draw.shape import SEARCH
from ..draw.table import DRAW
from ..http.addresses import sight
from ..http.answers import answer_drawn, shown
from ..http.lists import MOST_PER_PAGE, known_until
from ..http.parameters import params
from ..kinds import charge, receipt
from ..kinds.kind import CHARGE
from ..rules import filters, values
from ..rules.refusals import Refused
from .routes import Routes

routes = Routes("search")

SCOPES = (
    "audit charge charge_schedule customer dispute event link linked_account log_entry receipt"
    " recipient refund sub_merchant transfer transfer_schedule transaction"
)
SHORT_FORMS = {
    **{f"/{scope}s/search": scope for scope in SCOPES.split() if "_" not in scope},
    "/linked_accounts/search": "linked_account",
    "/sub_merchants/search": "sub_merchant",
    "/charges/schedules/search": "charge_schedule",
    "/transfers/schedules/search": "transfer_schedule",
    # As openapi.yml writes it.
    "/receipts/receipts/search": "receipt",
}
_SEARCHED = (
    "id description metadata name last_digits email title charge customer source card currency"
    " origin key number message tax_id bank_account recipient shown data"
)


@routes.get("/search")
def search(scope=None):
    """Search one scope, named by the address or among what was sent."""
    given, seen = params(), sight()
    scope = scope or given.get("scope")
    if scope not in SCOPES.split():
        raise Refused("invalid_scope", "scope is invalid")
    page = _counted(given, "page", 1)
    per_page = min(_counted(given, "per_page", 30), MOST_PER_PAGE)
    # Recorded: the oldest first, unless asked otherwise.
    backwards = given.get("order") == "reverse_chronological"
    kind, found = _found(scope, given, backwards)
    first = (page - 1) * per_page
    body = {
        "data": [DRAW[kind](facts, seen) for facts in found[first : first + per_page]],
        "page": page,
        "per_page": per_page,
        "total": len(found),
        "total_pages": -(-len(found) // per_page),
        "filters": given.get("filters") or {},
        "order": "reverse_chronological" if backwards else "chronological",
        "query": given.get("query"),
        "scope": scope,
    }
    return answer_drawn(SEARCH.drawn(body, location=seen.path("/search")))


for _path, _scope in SHORT_FORMS.items():
    routes.add_url_rule(_path, _path, search, defaults={"scope": _scope})


def _counted(given, name, default):
    """Read a page number or size, or refuse it."""
    given = given.get(name)
    number = default if given in (None, "") else values.whole(given)
    if number is None or number < 1:
        raise Refused("invalid_page", f"{name} is invalid")
    return number


def _found(scope, given, backwards):
    """Find what of a scope has the words and passes the filters: its kind, and the facts."""
    wanted = given.get("filters") or {}
    tests = filters.tests(scope, wanted)
    words = (values.text(given.get("query")) or "").split()
    charge.expire_due()
    if scope == "receipt":
        receipt.issue()
    of_sort = scope.removesuffix("_schedule")
    kind, sort = (scope, None) if of_sort == scope else ("schedule", of_sort)
    first, order = words[0] if words else None, {"newest_first": backwards}
    rows, _ = books().page(kind, status=sort, text=first, limit=-1, **order)
    forgotten = kind != "schedule" and "deleted" not in wanted
    until = known_until()
    return kind, [
        facts
        for facts in rows
        if (until is None or facts["created_at"] <= until)
        and _has(facts, words)
        and not (forgotten and facts.get("deleted"))
        and (not tests or _passes(kind, facts, tests))
    ]


def _passes(kind, facts, tests):
    """Tell whether an object, as drawn now, passes every test of the filters."""
    body = shown(kind, facts)
    if kind in ("dispute", "refund"):
        body["card"] = CHARGE.find(facts["charge"])["card"]
    return filters.passes(body, tests)


def _has(facts, words):
    """Tell whether every word is somewhere in what is searched."""
    text = " ".join(_texts(facts)).lower() if words else ""
    return all(word.lower() in text for word in words)


def _texts(value, everything=False):
    """Walk through the searched texts of an object; all of its metadata is."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if everything or name in _SEARCHED.split():
                yield from _texts(inner, everything or name == "metadata")
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, everything)
    elif value is not None:
        yield str(value)
