"""Everything in any order: whatever shoppers, banks, Omise and the line do, money is safe.

Omise's own books judge. MACHINE_EXAMPLES=10000 draws so many courses of events anew, each of at
most MACHINE_STEPS steps (12); without it the same few are gone through each time.
"""

import logging
import os
import uuid
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field

import pytest
from fault_rig import SPOILT, answers
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from machine_rig import CREATE, FIND, LIST, Visitor, World

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "0"))
STEPS = int(os.environ.get("MACHINE_STEPS", "12"))
settings.register_profile(
    "ci",
    max_examples=EXAMPLES or 24,
    stateful_step_count=STEPS,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    phases=(Phase.generate,) + (Phase.shrink,) * ("MACHINE_IN_HASTE" not in os.environ),
    suppress_health_check=list(HealthCheck),
)

UNSURE = ("created", "sent", "unknown")
GOOD, POOR = "4242424242424242", "4111111111140011"
# way: (card number or source type, 3-D Secure, kept for the next time)
WAYS = {
    "card": (GOOD, False, False),
    "declined card": (POOR, False, False),
    "3-D Secure": (GOOD, True, False),
    "card to keep": (GOOD, False, True),
    "saved card": (GOOD, False, True),
    "promptpay": ("promptpay", False, False),
    "truemoney": ("truemoney", False, False),
}


LIES = [
    {"amount": 1, "status": "successful", "paid": True},
    {"currency": "JPY", "status": "successful", "paid": True},
    {"livemode": True, "status": "successful", "paid": True},
    {"metadata.order_id": "another", "status": "successful", "paid": True},
    {"metadata.attempt_id": "another", "status": "successful", "paid": True},
    {"status": "successful", "paid": False},
    {"status": "galactic"},
]
LYING = [{"fault": "change", "set": lie} for lie in LIES]
LOST = [
    *SPOILT,
    {"fault": "reset_before"},
    {"fault": "close_before"},
    answers("before", 500, "error"),
    answers("before", 400, "no_code"),
]
REFUSED = [
    answers("before", status, "error", code="some_error")
    for status in (400, 401, 404, 429)
]
UNREAD = [
    {"fault": "close_before", **FIND},
    {**answers("before", 500, "html"), **FIND},
    {**answers("after", 200, "list"), **LIST},
    {"fault": "stale", **FIND},
    {"fault": "lag", "seconds": 30, **LIST},
    *({**lie, **FIND} for lie in LYING),
]
ON_CREATE = [*LOST, *REFUSED, *LYING]

# More than half of all requests go well, or nothing would ever get far.
creating = st.sampled_from(
    [None] * 30 + [{**one, **CREATE} for one in ON_CREATE],
)
reading = st.sampled_from([None] * 12 + UNREAD)
which = st.integers(0, 5)
rarely = st.integers(0, 7).map(lambda number: number == 7)
BUYING = {
    "who": st.sampled_from([0, 0, 0, 1]),
    "fresh": st.integers(0, 3).map(lambda number: number == 3),
    "way": st.sampled_from([*WAYS, "3-D Secure"]),
    "fault": creating,
    "early": rarely,
    "book_fails": rarely,
}
# What follows on choosing another way: nothing, paying it, or paying both.
AFTERWARDS = st.sampled_from(["", "new", "both", "both"])


@dataclass
class Purchase:
    """Keep what the machine knows of an order: who buys it, what was posted, what it did."""

    visitor: Visitor
    order_id: str
    form: dict = field(default_factory=dict)
    was_paid: bool = False
    # Attempts that the shop let stand back for another, and charges that the machine paid.
    aside: set = field(default_factory=set)
    answered: set = field(default_factory=set)

    def is_current(self):
        """Tell whether its shopper has begun no other order since."""
        return self.visitor.current == self.order_id


class Machine(RuleBasedStateMachine):
    """Two shoppers, their banks, an Omise, a line and a clock, and no plan."""

    def __init__(self, world):
        super().__init__()
        self.world, self.purchases = world, {}
        # Orders with a charge that waits for its payer, and those that a shopper is busy with.
        self.waiting, self.undecided = [], []
        world.begin()
        self.visitors = [Visitor(world, number) for number in range(2)]

    def chosen(self, which):
        """Pick one of the orders that there are."""
        return list(self.purchases.values())[which % len(self.purchases)]

    def charges_of(self, purchase):
        return self.world.charges().get(purchase.order_id, [])

    # What shoppers do.

    def buy(self, who, fresh, way, fault, early, book_fails):
        """Pay what is in the cart, or what was not paid yet, if the shop lets one."""
        visitor = self.visitors[who]
        if fresh or visitor.get("/checkout").location == "/":
            visitor.adds()
            visitor.get("/checkout")
        if visitor.page.status_code != 200:
            return
        form = visitor.hidden()
        customer, order_id = form.pop("omiseCustomer", None), form["order"]
        purchase = self.purchases.setdefault(order_id, Purchase(visitor, order_id))
        purchase.form = form | self.means(visitor, way, customer)
        visitor.current = order_id
        outrun = self.world.outrun(order_id) if early else nullcontext()
        broken = self.world.broken(fault and {**fault, "about": order_id}, book_fails)
        with outrun, broken:
            self.posts(purchase, purchase.form)

    @initialize(way=st.sampled_from(["3-D Secure", "promptpay", "truemoney", "card"]))
    def begins(self, way):
        """Let there be an order, for most of the time one that waits."""
        self.buy(0, True, way, None, False, False)

    @rule(**BUYING)
    def buys(self, **how):
        """Buy something else, or try again to pay."""
        self.buy(**how)

    def means(self, visitor, way, customer):
        """Make what Omise.js would post."""
        number, three_d_secure, keeps = WAYS[way]
        if not number.isdigit():
            return {"omiseSource": self.world.source(number, visitor.total())}
        if way == "saved card" and customer:
            return {"omiseCustomer": customer}
        kept = {"remember": "yes", "email": "somchai@example.com"} if keeps else {}
        return {"omiseToken": self.world.token(number, three_d_secure), **kept}

    def posts(self, purchase, form):
        """Post a payment form, and see that nothing is charged beside what is open or paid."""
        before = self.charges_of(purchase)
        standing = [
            one["id"]
            for one in before
            if one["status"] in ("pending", "successful")
            and one["metadata"]["attempt_id"] not in purchase.aside
        ]
        purchase.visitor.post("/charge", form)
        made = len(self.charges_of(purchase)) - len(before)
        assert made <= (0 if standing else 1), f"{made} charges beside {standing}"

    @precondition(lambda self: self.purchases)
    @rule(which=which)
    def posts_again(self, which):
        """Double-click, reload, or a proxy that retries."""
        purchase = self.chosen(which)
        before = len(self.charges_of(purchase))
        purchase.visitor.post("/charge", purchase.form)
        assert len(self.charges_of(purchase)) == before, "one form charged twice"

    @precondition(lambda self: self.purchases)
    @rule(which=which)
    def posts_another_tab(self, which):
        """Pay from a tab that was opened before; its order may be anything by now."""
        purchase = self.chosen(which)
        token = {"omiseToken": self.world.token(GOOD, three_d_secure=False)}
        form = {key: purchase.form[key] for key in ("csrf_token", "order", "cart")}
        self.posts(purchase, {**form, **token, "form": str(uuid.uuid4())})

    @precondition(lambda self: self.undecided)
    @rule(which=which, unreached=reading, then=AFTERWARDS, **BUYING)
    def tries_again(self, **how):
        """Choose to pay another way, and perhaps do so at once."""
        self.try_again(**how)

    @precondition(lambda self: self.undecided)
    @rule(which=which, unreached=reading, then=AFTERWARDS, **BUYING)
    def hesitates(self, **how):
        """Choose once more: of all that may happen, this leads furthest."""
        self.try_again(**how)

    def try_again(self, which, unreached, then, **how):
        purchase = self.undecided[which % len(self.undecided)]
        latest = [
            attempt.id
            for attempt in self.world.attempts()
            if attempt.order_id == purchase.order_id
        ]
        with self.world.broken(unreached):
            page = purchase.visitor.post(f"/orders/{purchase.order_id}/again", {})
        if (page.location or "").endswith("/checkout"):
            purchase.aside.add(latest[-1])
            if then:
                self.buy(**how | {"fresh": False, "who": purchase.visitor.number})
            if then == "both":
                self.pays_an_old_code()

    @precondition(lambda self: self.purchases)
    @rule(
        which=which,
        path=st.sampled_from(["", "/status", "/complete", "/authorize"]),
        fault=reading,
        book_fails=rarely,
    )
    def looks(self, which, path, fault, book_fails):
        """Look at the order's page, wait on it, or come back from the bank."""
        purchase = self.chosen(which)
        with self.world.broken(fault, book_fails=book_fails):
            purchase.visitor.get(f"/orders/{purchase.order_id}{path}")

    # What banks and Omise do.

    @precondition(lambda self: self.waiting)
    @rule(
        which=which,
        newest=st.booleans(),
        move=st.sampled_from(["pay", "pay", "pay", "fail", "expire"]),
    )
    def settles(self, which, newest, move):
        """Let a payer, a bank or the time decide about a charge that waits."""
        purchase = self.waiting[which % len(self.waiting)]
        charges = self.charges_of(purchase)
        waiting = [one["id"] for one in charges if one["status"] == "pending"]
        if waiting:
            chosen = waiting[-1 if newest else 0]
            self.world.control(f"charges/{chosen}/{move}")
            purchase.answered.add(chosen)

    @precondition(lambda self: any(one.aside for one in self.purchases.values()))
    @rule()
    def pays_an_old_code(self):
        """Pay what was put aside, which a shopper who has two codes may well do."""
        for purchase in self.purchases.values():
            for charge in self.charges_of(purchase):
                old = charge["metadata"]["attempt_id"] in purchase.aside
                if old and charge["status"] == "pending":
                    self.world.control(f"charges/{charge['id']}/pay")
                    purchase.answered.add(charge["id"])

    @precondition(lambda self: self.purchases)
    @rule(
        which=which,
        number=st.integers(0, 5),
        lie=st.sampled_from([None, None, *LIES, {"status": "failed"}]),
        fault=reading,
        book_fails=rarely,
    )
    def hears(self, which, number, lie, fault, book_fails):
        """Deliver any event of an order: late, again, out of order, or lying."""
        charges = self.charges_of(self.chosen(which))
        events = [one for each in charges for one in self.world.events_of(each["id"])]
        if not events:
            return
        told = events[number % len(events)]
        told["data"] |= lie or {}
        with self.world.broken(fault, book_fails=book_fails):
            self.world.deliver(told)

    @precondition(lambda self: any(one.was_paid for one in self.purchases.values()))
    @rule(which=which)
    def hears_of_a_late_end(self, which):
        """Let Omise itself take back what it said, after the order was paid (A13)."""
        paid = [one for one in self.purchases.values() if one.was_paid]
        order = self.world.orders()[paid[which % len(paid)].order_id]
        (charge_id,) = [
            one.charge_id for one in self.world.attempts() if one.id == order.paid_by
        ]
        told, *_ = self.world.events_of(charge_id)
        for status in ("failed", "expired", "reversed"):
            lie = {"fault": "change", "set": {"status": status, "paid": False}}
            with self.world.broken({**lie, **FIND}):
                self.world.deliver(told)
        states = {one.id: one.state for one in self.world.attempts()}
        assert states[order.paid_by] == "successful", "a late end undid a payment"

    @rule(fault=reading, book_fails=rarely)
    def sweeps(self, fault, book_fails):
        """Let the shop ask about everything open."""
        with self.world.broken(fault, book_fails=book_fails):
            self.world.sweep()

    @rule(seconds=st.sampled_from([40, 700]))
    def time_passes(self, seconds):
        """Wait longer than an answer may take, or longer than a lost one is looked for."""
        self.world.time_passes(seconds)

    @rule(down=rarely)
    def changes_reach(self, down):
        """Let Omise go out of reach, or come back."""
        (self.world.goes_down if down else self.world.comes_up)()

    # What must hold.

    @invariant()
    def money_is_safe(self):
        """A9, A13, A3: paid only by a charge that is true, never undone, never twice at once."""
        orders, charges = self.world.orders(), self.world.charges()
        for purchase in self.purchases.values():
            made = charges.get(purchase.order_id, [])
            good = [one for one in made if one["status"] == "successful"]
            self.at_most_one_for_each_attempt(good)
            self.surplus_was_asked_for(purchase, good)
            order = orders.get(purchase.order_id)
            if order and order.paid_at:
                assert any(_pays(one, order) for one in good), "paid without a charge"
            assert order.paid_at if purchase.was_paid else True, "no longer paid"
            purchase.was_paid = bool(order and order.paid_at)
        self.waiting = [
            self.purchases[order_id]
            for order_id, made in charges.items()
            if any(one["status"] == "pending" for one in made)
        ]
        self.undecided = [
            one for one in self.waiting if one.is_current() and not one.was_paid
        ]

    def at_most_one_for_each_attempt(self, good):
        attempts = Counter(one["metadata"]["attempt_id"] for one in good)
        assert max(attempts.values(), default=0) <= 1, "one attempt paid twice"

    def surplus_was_asked_for(self, purchase, good):
        """A15: more than one charge is paid only if an old one was put aside, then paid as well."""
        asked_for = [
            one
            for one in good
            if one["id"] in purchase.answered
            and one["metadata"]["attempt_id"] in purchase.aside
        ]
        assert len(good) - len(asked_for) <= 1, "charged twice"

    def teardown(self):
        """Heal everything, sweep until it is quiet, and compare the books (B2)."""
        if not self.purchases:
            return
        self.world.comes_up()
        self.world.time_passes(700)
        self.world.sweep()
        if any(one.state in UNSURE for one in self.world.attempts()):
            self.world.sweep()
        self.money_is_safe()
        orders, attempts = self.world.orders(), self.world.attempts()
        all_charges = self.world.charges()
        for purchase in self.purchases.values():
            made = all_charges.get(purchase.order_id, [])
            order = orders.get(purchase.order_id)
            if not order:
                assert not made
                continue
            good = [one for one in made if one["status"] == "successful"]
            assert bool(order.paid_at) == bool(good), "paid, but the order is not"
            assert len(good) < 2 or "paid twice" in order.needs_attention
            page = purchase.visitor.get(f"/orders/{purchase.order_id}")
            assert (purchase.visitor.state == "paid") == bool(good), page.text
        truth = {
            one["metadata"]["attempt_id"]: (one["id"], one["status"])
            for made in all_charges.values()
            for one in made
        }
        for attempt in attempts:
            assert attempt.state not in UNSURE
            known = (attempt.charge_id, attempt.state)
            assert known == truth.get(attempt.id, (None, "failed"))


def _pays(charge, order):
    """Tell whether a charge is what an order says paid it."""
    return charge["metadata"]["attempt_id"] == order.paid_by and (
        charge["amount"],
        charge["currency"],
    ) == (order.amount, order.currency)


@pytest.fixture
def silence():
    """Log nothing: what goes wrong here is meant to."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("silence")
def test_money_is_safe_whatever_happens_in_whichever_order(served, monkeypatch):
    """A1-A3, A6, A8, A9, A13-A16, B1-B5, B9, B14, C2: random events, judged at each step."""
    world = World(served, monkeypatch)
    run_state_machine_as_test(
        lambda: Machine(world), settings=settings.get_profile("ci")
    )
