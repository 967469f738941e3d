"""Judge a shop's order book by Omise's own books: a pure function over what both hold."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from plans import Plan

UNSURE = ("created", "sent", "unknown")
# Omise tells time in whole seconds, and a question takes some.
SOON = timedelta(seconds=5)


@dataclass
class Visit:
    """Keep what a shopper saw: whether the shop showed the order, and pages that broke.

    `refunds` is how often an operator was told to give something back.
    """

    plan: Plan
    order_id: str
    shown: bool = False
    refunds: int = 0
    broken: list = field(default_factory=list)


@dataclass
class Books:
    """Hold what is to be compared: what Omise has, and the rows of the order book.

    `given` are Omise's refunds, `unused` the tokens and sources that it says nobody used. Each
    order of `orders` (by id) has its open `flags`; `given_up` are the attempts of which the shop
    said that they were not found, with the moment, `heard` the orders of which its host heard that
    they are paid.
    """

    charges: list
    orders: dict
    attempts: list
    refunds: list = field(default_factory=list)
    given: list = field(default_factory=list)
    unused: set = field(default_factory=set)
    given_up: dict = field(default_factory=dict)
    heard: set = field(default_factory=set)


def judge(books, visits):
    """List what is wrong as (order id, sentence); nothing, when the shop kept its promises.

    `visits`: what the shoppers saw, by order id.
    """
    court = _Court(books, visits)
    checks = (
        court.surplus_creates,
        court.double_charges,
        court.goods_paid_twice,
        court.orders_again,
        court.charges_unbooked,
        court.charges_otherwise,
        court.orders_paid_wrongly,
        court.hosts_told_wrongly,
        court.attempts_unsure,
        court.given_up_wrongly,
        court.given_up_blindly,
        court.refunds_otherwise,
        court.refunds_unasked,
        court.flags_without_cause,
        court.amounts,
        court.orders_lost,
        court.pages_broken,
    )
    return [finding for check in checks for finding in check()]


class _Court:
    def __init__(self, books, visits):
        self.books, self.orders, self.visits = books, books.orders, visits
        self.attempts = {one["id"]: one for one in books.attempts}
        self.by_order, self.by_attempt = defaultdict(list), defaultdict(list)
        for one in books.charges:
            self.by_order[one["metadata"]["order_id"]].append(one)
            self.by_attempt[one["metadata"]["attempt_id"]].append(one)
        self.by_visitor = defaultdict(list)
        for one in self.orders.values():
            self.by_visitor[one["visitor"] or one["id"]].append(one)

    def _visit_of(self, orders):
        """Find the visit during which one of these orders was made."""
        known = [self.visits[one["id"]] for one in orders if one["id"] in self.visits]
        return known[0] if known else None

    def _paid(self, order_id):
        """List the charges of an order that were paid and not given back.

        Where an operator gave back on purpose, that hides no second charge.
        """
        visit = self.visits.get(order_id)
        counts = _taken if visit and visit.refunds else _kept
        return [one for one in self.by_order[order_id] if counts(one)]

    def surplus_creates(self):
        for attempt_id, made in self.by_attempt.items():
            if len(made) > 1:
                order_id = made[0]["metadata"]["order_id"]
                yield order_id, f"attempt {attempt_id} made {len(made)} charges"

    def double_charges(self):
        """Paid twice is meant by who pays an old code too, or pays again what was given up."""
        for order_id in list(self.by_order):
            paid, visit = self._paid(order_id), self.visits.get(order_id)
            blind = [
                one
                for one in paid
                if one["metadata"]["attempt_id"] not in self.books.given_up
            ]
            meant = len(blind) < 2 or (visit is not None and visit.plan.pays_twice)
            order = self.orders.get(order_id)
            flags = (
                [one for one in order["flags"] if "paid twice" in one] if order else []
            )
            if len(paid) > 1 and not meant:
                yield order_id, f"{len(paid)} charges were paid"
            elif len(flags) < len(paid) - 1:
                yield order_id, "the shopper paid twice and no operator was called"

    def goods_paid_twice(self):
        """Over all orders of a visitor: nothing is paid for that was not asked for."""
        for orders in self.by_visitor.values():
            visit, paid = self._visit_of(orders), Counter()
            for order in orders:
                if any(_taken(one) for one in self.by_order[order["id"]]):
                    paid += Counter(
                        {one["name"]: one["quantity"] for one in order["lines"]}
                    )
            if visit and not paid <= Counter(visit.plan.goods):
                told = f"paid for {dict(paid)}, asked for {visit.plan.goods}"
                yield visit.order_id, told

    def orders_again(self):
        """One basket is one order, whatever way leads there."""
        for orders in self.by_visitor.values():
            if len(orders) > 1:
                yield orders[0]["id"], f"the basket was ordered {len(orders)} times"

    def charges_unbooked(self):
        for attempt_id, (charge, *_) in self.by_attempt.items():
            order_id = charge["metadata"]["order_id"]
            attempt = self.attempts.get(attempt_id)
            if attempt is None or attempt["order_id"] != order_id:
                yield order_id, f"charge {charge['id']} is of no attempt in the book"
            elif attempt["charge_id"] != charge["id"]:
                yield order_id, f"charge {charge['id']} is not in the book"

    def charges_otherwise(self):
        for attempt in self.attempts.values():
            order_id, charge_id = attempt["order_id"], attempt["charge_id"]
            made = {one["id"]: one["status"] for one in self.by_attempt[attempt["id"]]}
            if not charge_id or made.get(charge_id) == attempt["status"]:
                continue
            if charge_id not in made:
                yield order_id, f"charge {charge_id} is in the book but not at Omise"
            else:
                told = f"{made[charge_id]}, not {attempt['status']}"
                yield order_id, f"charge {charge_id} is {told}"

    def orders_paid_wrongly(self):
        for order_id, order in self.orders.items():
            taken = [one for one in self.by_order[order_id] if _taken(one)]
            fitting = [one for one in taken if one["amount"] == order["amount"]]
            if fitting and not order["paid_at"]:
                yield order_id, "charged, but not paid in the book"
            if order["paid_at"] and not fitting:
                yield order_id, "paid in the book, but not charged"
            payer = self.attempts.get(order["paid_by"])
            if order["paid_at"] and (not payer or payer["order_id"] != order_id):
                yield order_id, "paid by no attempt of its own"

    def hosts_told_wrongly(self):
        """The host sends what was paid for, and nothing else."""
        for order_id, order in self.orders.items():
            heard = order_id in self.books.heard
            if order["paid_at"] and not heard:
                yield order_id, "paid, and the host never heard of it"
            if heard and not order["paid_at"]:
                yield order_id, "the host heard that it is paid, wrongly"

    def attempts_unsure(self):
        for attempt in self.attempts.values():
            if attempt["status"] in UNSURE:
                told = f"attempt {attempt['id']} was left {attempt['status']}"
                yield attempt["order_id"], told
            if attempt["doubtful_id"]:
                told = f"attempt {attempt['id']} was left with {attempt['doubtful_id']}"
                yield attempt["order_id"], told

    def given_up_wrongly(self):
        """Not found is the last word only where Omise does not say that nothing was used."""
        for attempt in self.attempts.values():
            unused = attempt["pays_with"] in self.books.unused
            if attempt["status"] == "not_found" and unused:
                told = f"attempt {attempt['id']} was given up, and never used"
                yield attempt["order_id"], told

    def given_up_blindly(self):
        """What Omise showed to whoever asked is found, however much else is in the account."""
        for attempt_id, at in self.books.given_up.items():
            for charge in self.by_attempt[attempt_id]:
                order_id = charge["metadata"]["order_id"]
                visit, made = self.visits.get(order_id), _made_at(charge)
                if visit and not visit.plan.lists_lie and made + SOON < at:
                    yield order_id, f"{charge['id']} was there, and was not found"

    def refunds_otherwise(self):
        """What went back is in the book, once for each time that it was wanted."""
        made = {one["id"]: one for one in self.books.given}
        known = Counter(one["refund_id"] for one in self.books.refunds)
        back, booked = Counter(), Counter()
        for one in made.values():
            back[one["charge"]] += one["amount"]
        for one in self.books.refunds:
            order_id = self.attempts[one["attempt_id"]]["order_id"]
            if one["status"] == "done":
                booked[one["attempt_id"]] += one["amount"]
            if one["status"] == "sent":
                yield order_id, f"refund {one['id']} was left sent"
            if (one["status"] == "done") != (one["refund_id"] in made):
                yield order_id, f"refund {one['id']} is {one['status']}, wrongly"
        for one in made.values():
            if known[one["id"]] != 1:
                yield self._order_of(one["charge"]), f"{one['id']} is not in the book"
        for attempt in self.attempts.values():
            amounts = back[attempt["charge_id"]], booked[attempt["id"]]
            if {attempt["refunded_amount"]} != set(amounts):
                told = f"{attempt['refunded_amount']} was refunded of {attempt['id']}"
                yield attempt["order_id"], f"{told}, and at Omise and by rows {amounts}"

    def refunds_unasked(self):
        for order_id, visit in self.visits.items():
            charges = {one["id"] for one in self.by_order[order_id]}
            given = [one for one in self.books.given if one["charge"] in charges]
            if len(given) > visit.refunds:
                told = f"{len(given)} refunds were made, and {visit.refunds} asked for"
                yield order_id, told

    def _order_of(self, charge_id):
        made = [one for one in self.books.charges if one["id"] == charge_id]
        return made[0]["metadata"]["order_id"] if made else "no order"

    def flags_without_cause(self):
        """Nobody is called for an order that went well, and was not lied about.

        On 2017-11-02 a refund has no word of who asked for it: where an answer was lost, the one
        that is found is taken for it, and a person told.
        """
        for order_id, order in self.orders.items():
            visit = self.visits.get(order_id)
            twice = len([one for one in self.by_order[order_id] if _taken(one)]) > 1
            flags = [one for one in order["flags"] if not self._is_of_lost_refund(one)]
            if flags and visit and not (visit.plan.lied_to or twice):
                yield order_id, f"an operator was called for nothing: {flags}"

    def _is_of_lost_refund(self, flag):
        made = [one["id"] for one in self.books.given]
        return "was taken for it" in flag and any(one in flag for one in made)

    def amounts(self):
        for order_id, visit in self.visits.items():
            order = self.orders.get(order_id)
            held = [one for one in (order, *self.by_order[order_id]) if one]
            expected = (visit.plan.amount, "THB")
            for one in held:
                if (one["amount"], one["currency"]) != expected:
                    told = f"{one['currency']} {one['amount']} of {one['id']}"
                    yield order_id, f"{told} is not what the catalogue says"

    def orders_lost(self):
        for order_id, visit in self.visits.items():
            if visit.shown and order_id not in self.orders:
                yield order_id, "shown to the shopper, but not in the book"

    def pages_broken(self):
        for order_id, visit in self.visits.items():
            for told in visit.broken:
                yield order_id, f"a page broke: {told}"


def _made_at(charge):
    return datetime.fromtimestamp(charge["created_at"], UTC).replace(tzinfo=None)


def _taken(charge):
    return charge["status"] == "successful"


def _kept(charge):
    return _taken(charge) and charge["refunded_amount"] < charge["amount"]
