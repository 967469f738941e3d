"""What one order of a chaos run will go through, drawn from the run's seed and the order's number.

The same seed draws the same plans, whatever the threads do meanwhile.
"""

import random
import uuid
from dataclasses import asdict, dataclass

from store.catalogue import product, products

GOOD, DECLINED = "4242424242424242", "4111111111140011"
BEHAVIOURS = (
    "card",
    "saved card",
    "promptpay",
    "truemoney",
    "double post",
    "parallel posts",
    "another tab",
    "declined, then pays",
    "another way",
    "old code paid as well",
    "another browser",
    "gives up waiting",
    "touches the basket",
)
# Of those, who is sent to a page of the bank's or the wallet's even without 3-D Secure.
LEAVES = ("truemoney",)
CREATE = {"method": "POST", "path": "/charges"}
CUSTOMER = {"method": "POST", "path": "/customers"}
FIND = {"method": "GET", "path": r"/charges/chrg_test_\w+"}
LIST = {"method": "GET", "path": "/charges"}
EXPIRE = {"method": "POST", "path": r"/charges/chrg_test_\w+/expire"}
REFUND = {"method": "POST", "path": r"/charges/chrg_test_\w+/refunds"}
READ_REFUNDS = {"method": "GET", "path": r"/charges/chrg_test_\w+/refunds"}
LIES = ("change", "swapped")
# What other programs write into the metadata of charges of the same account.
ODD = (
    None,
    {},
    [],
    "text",
    {"attempt_id": 7, "order_id": {"a": [1]}},
    {"attempt_id": "x" * 500, "order_id": ""},
)
# What they may really write there: Omise takes a hash, of whatever is in it.
FOREIGN = (
    None,
    {"order_id": "1001"},
    {"attempt_id": 7, "order_id": {"a": [1]}},
    {"attempt_id": str(uuid.UUID(int=7)), "order_id": str(uuid.UUID(int=8))},
)
# A list that shows nothing, for longer than the shop is patient: no rule of a plan, since it
# strikes whoever asks next, but set by the shopper at the moment when time passes.
EMPTY = {"fault": "change", "set": {"data": [], "total": 0}, "times": 4, **LIST}


@dataclass(frozen=True)
class Kill:
    """Say when the shop is killed: at a fault that holds a request, while the host hears that the
    order is paid, or after so many seconds.
    """

    hold: dict | None
    hearing: bool
    seconds: float
    with_sweeps: bool


@dataclass(frozen=True)
class Plan:
    """Say what a shopper does, how Omise and the line behave, and when the shop is killed.

    `own_page`: pays again from the order's own page, else through the basket. `waits`: so much
    time passes while an answer is missing that the shop may give it up; `keeps_back`: the list of
    charges shows nothing meanwhile. No list lies to those who shop with 3-D Secure: of them,
    nothing may be given up that Omise showed. `refunds`: what an operator gives back of it, one by
    one, in the smallest unit; None is all that is left.
    """

    number: int
    three_d_secure: bool
    things: tuple
    behaviour: str
    approves: bool
    returns: bool
    reposts: bool
    persists: bool
    own_page: bool
    waits: bool
    keeps_back: bool
    payer: str | None
    refunds: tuple
    faults: tuple
    kill: Kill | None

    @property
    def amount(self):
        """Add up what the order costs by the catalogue, in the smallest unit of THB."""
        return sum(
            product(sku).prices["THB"] * quantity for sku, quantity in self.things
        )

    @property
    def goods(self):
        """Give what the shopper wants, by name: nothing of it is wanted twice."""
        return {product(sku).name: quantity for sku, quantity in self.things}

    @property
    def lists_lie(self):
        """Tell whether lists may show less than there is while this shopper is here."""
        return not self.three_d_secure

    @property
    def pays_twice(self):
        """Tell whether the shopper pays a second charge by their own doing."""
        return self.behaviour == "old code paid as well"

    @property
    def lied_to(self):
        """Tell whether Omise's answers are made to contradict its books."""
        return any(rule["fault"] in LIES for rule in self.faults)

    def __str__(self):
        return str(asdict(self))


def draw(seed, number, killed, leaves=True):
    """Draw the plan of one order.

    `killed` says whether the shop is killed during it, and `leaves` whether anybody may be sent to
    a page of the bank's.
    """
    rng = random.Random(f"{seed}:{number}")
    behaviour = rng.choice([one for one in BEHAVIOURS if leaves or one not in LEAVES])
    skus = rng.sample([item.sku for item in products()], rng.randint(1, 3))
    three_d_secure, refunds = rng.random() < 0.4 and leaves, _refunds(rng)
    plan = Plan(
        number=number,
        three_d_secure=three_d_secure,
        things=tuple((sku, rng.randint(1, 2)) for sku in skus),
        behaviour=behaviour,
        approves=rng.random() < 0.8,
        returns=rng.random() < 0.6,
        reposts=rng.random() < 0.5,
        persists=rng.random() < 0.7,
        own_page=rng.random() < 0.5,
        waits=behaviour == "gives up waiting" or rng.random() < 0.2,
        keeps_back=rng.random() < 0.6 and not three_d_secure,
        payer=rng.choice(("pay", "pay", "pay", "fail", "expire", None)),
        refunds=refunds,
        faults=tuple(_faults(rng, behaviour, bool(refunds), not three_d_secure)),
        kill=_kill(rng),
    )
    return plan if killed else Plan(**{**vars(plan), "kill": None})


def _refunds(rng):
    return rng.choice(((),) * 8 + ((None,), (5000,), (5000, 5000), (5000, None)))


def _kill(rng):
    holds = (
        {"fault": "hold_before", **CREATE},
        {"fault": "hold_after", **CREATE},
        {"fault": "hold_before", **FIND},
        {"fault": "hold_after", **FIND},
        None,
        None,
    )
    hold, hearing = rng.choice(holds), rng.random() < 0.5
    return Kill(
        None if hearing else hold, hearing, rng.uniform(0, 2), rng.random() < 0.3
    )


def _faults(rng, behaviour, refunded, lists_lie):
    """Draw the rules of an order; those about a list of charges strike whoever asks next."""
    if behaviour == "old code paid as well":
        # The code can be paid later only if Omise did not close it.
        yield {"fault": "answer_before", "status": 500, "times": 0, **EXPIRE}
    if behaviour in ("gives up waiting", "touches the basket"):
        gone = ("reset_after", "close_after", "half_body", "reset_before")
        yield {"fault": rng.choice(gone), **CREATE}
    if behaviour == "saved card" and rng.random() < 0.5:
        yield {**_broken(rng), **CUSTOMER}
    if rng.random() < 0.7:
        lie = rng.choice((_broken, _broken, _broken, _lie))
        yield {**lie(rng), **CREATE, "skip": rng.choice((0, 0, 0, 1))}
    if rng.random() < 0.5:
        one = rng.choice((_broken, _broken, _lie, _stale))
        yield {**one(rng), **FIND, "times": rng.randint(1, 3)}
    if rng.random() < 0.25:
        one = rng.choice((_broken, _lag, _short) if lists_lie else (_broken,))
        yield {**one(rng), **LIST, "times": rng.randint(1, 3)}
    if behaviour == "another way" and rng.random() < 0.4:
        yield {**_broken(rng), **EXPIRE}
    if refunded and rng.random() < 0.8:
        yield {**_broken(rng), **REFUND}
        # The first read tells what is there before anything is given back.
        yield {**_broken(rng), **READ_REFUNDS, "skip": 1, "times": rng.randint(1, 3)}
    elif refunded:
        yield {"fault": "unreadable", "reads": rng.randint(1, 3), **REFUND}
    if rng.random() < 0.6:
        yield _webhook(rng)
    if rng.random() < 0.04:
        yield {"fault": "refuse", "seconds": 2}


def _broken(rng):
    """Draw a fault of the line, or an answer that says nothing of a charge."""
    when = rng.choice(("before", "after"))
    return rng.choice(
        (
            {"fault": f"reset_{when}"},
            {"fault": f"close_{when}"},
            {"fault": f"hang_{when}", "seconds": 8},
            {"fault": "drip", "seconds": 2, "part": rng.choice(("headers", "body"))},
            {"fault": "drip", "seconds": 12, "part": rng.choice(("headers", "body"))},
            {"fault": "half_body"},
            {"fault": "wrong_length"},
            {"fault": "interim", "statuses": rng.choice(([103], [100, 102, 103, 199]))},
            {"fault": "doubled"},
            {"fault": "leftover", "bytes": rng.choice(("answer", "text"))},
            {"fault": "reset_reused"},
            {"fault": "close_idle"},
            _answer(rng, when),
            _answer(rng, when),
            {"fault": "answer_before", "status": 429, "retry_after": 1}
            | {"body": "error", "code": "rate_limit"},
            {"fault": "answer_before", "status": 400}
            | {"body": "error", "code": "bad_request"},
        )
    )


def _answer(rng, when):
    # Never a refusal that Omise names after it acted: nobody could tell that from a true one.
    bodies = ["error", "no_code", "html", "empty", "list", "null", "text"]
    body = rng.choice(bodies + ["object"] * (when == "after"))
    status = rng.choice((200, 500, 502, 503, 504))
    status = 500 if body in ("error", "object") else status
    return {"fault": f"answer_{when}", "status": status, "body": body}


def _lie(rng):
    """Draw an answer whose fields are not the charge's own, so that they do not fit together.

    A whole lie (successful and paid of a charge that is not) is nothing a shop could notice.
    """
    return rng.choice(
        (
            {"fault": "change", "set": {"amount": 1}},
            {"fault": "change", "set": {"currency": "USD"}},
            {"fault": "change", "set": {"livemode": True}},
            {"fault": "change", "set": {"metadata.order_id": _uuid(rng)}},
            {"fault": "change", "set": {"metadata.attempt_id": _uuid(rng)}},
            {"fault": "change", "set": {"metadata": None}},
            {"fault": "change", "set": {"status": "galactic"}},
            {"fault": "change", "set": {"status": "successful", "paid": False}},
            {"fault": "change", "set": {"status": "pending", "paid": False}},
            {"fault": "change", "set": {"authorize_uri": "javascript:alert(1)"}},
            {"fault": "swapped"},
        )
    )


def _uuid(rng):
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _stale(rng):
    return {"fault": "stale"}


def _lag(rng):
    return {"fault": "lag", "seconds": rng.choice((5, 15))}


def _short(rng):
    """Draw a page of a list that shows less than there is, or says something odd of it."""
    return rng.choice(
        (
            {"fault": "short_page", "rows": rng.choice((0, 1, 3))},
            {"fault": "wrong_total", "total": rng.choice(("low", "missing", "text"))},
            {"fault": "poisoned_row", "metadata": rng.choice(ODD)},
        )
    )


def _webhook(rng):
    foreign = "c29tZWJvZHktZWxzZQ=="
    lies = {"data.status": "successful", "data.paid": True}
    ways = (
        {"drop": True, "times": 0},
        {"drop": True},
        {"early": True},
        {"copies": 5},
        {"delay": 3},
        {"hold_back": 2, "times": 2},
        {"age": 400},
        {"secret": foreign},
        {"set": lies},
        {"api_version": "2017-11-02", "times": 3},
    )
    return {"fault": "webhook", **rng.choice(ways)}
