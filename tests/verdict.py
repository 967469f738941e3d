"""Judge a shop's order book by Omise's own books: a pure function over what both hold."""

from collections import defaultdict
from dataclasses import dataclass, field

from plans import Plan

UNSURE = ("created", "sent", "unknown")


@dataclass
class Visit:
    """Keep what a shopper saw: whether the shop showed the order, and pages that broke."""

    plan: Plan
    order_id: str
    shown: bool = False
    broken: list = field(default_factory=list)


def judge(charges, orders, attempts, visits):
    """List what is wrong as (order id, sentence); nothing, when the shop kept its promises.

    `charges`: what Omise holds; `orders` (by id) and `attempts`: the rows of the book; `visits`:
    what the shoppers saw, by order id.
    """
    books = _Books(charges, orders, attempts, visits)
    checks = (
        books.surplus_creates,
        books.double_charges,
        books.charges_unbooked,
        books.charges_otherwise,
        books.orders_paid_wrongly,
        books.attempts_unsure,
        books.amounts,
        books.orders_lost,
        books.pages_broken,
    )
    return [finding for check in checks for finding in check()]


class _Books:
    def __init__(self, charges, orders, attempts, visits):
        self.orders, self.visits = orders, visits
        self.attempts = {one["id"]: one for one in attempts}
        self.by_order, self.by_attempt = defaultdict(list), defaultdict(list)
        for one in charges:
            self.by_order[one["metadata"]["order_id"]].append(one)
            self.by_attempt[one["metadata"]["attempt_id"]].append(one)

    def _flagged(self, order_id):
        order = self.orders.get(order_id)
        return (order and order["needs_attention"]) or ""

    def _excused(self, order_id):
        """Tell whether Omise's answers lied, and the shop called for a person's look."""
        visit = self.visits.get(order_id)
        return bool(visit and visit.plan.lied_to and self._flagged(order_id))

    def surplus_creates(self):
        for attempt_id, made in self.by_attempt.items():
            if len(made) > 1:
                order_id = made[0]["metadata"]["order_id"]
                yield order_id, f"attempt {attempt_id} made {len(made)} charges"

    def double_charges(self):
        for order_id, made in self.by_order.items():
            taken = [one for one in made if _kept(one)]
            visit = self.visits.get(order_id)
            meant = visit is not None and visit.plan.pays_twice
            if len(taken) > 1 and not meant:
                yield order_id, f"{len(taken)} charges were paid"
            elif len(taken) > 1 and "paid twice" not in self._flagged(order_id):
                yield order_id, "the shopper paid twice and no operator was called"

    def charges_unbooked(self):
        for attempt_id, (charge, *_) in self.by_attempt.items():
            order_id = charge["metadata"]["order_id"]
            attempt = self.attempts.get(attempt_id)
            if attempt is None or attempt["order_id"] != order_id:
                yield order_id, f"charge {charge['id']} is of no attempt in the book"
            elif attempt["charge_id"] != charge["id"] and not self._excused(order_id):
                yield order_id, f"charge {charge['id']} is not in the book"

    def charges_otherwise(self):
        for attempt in self.attempts.values():
            order_id, charge_id = attempt["order_id"], attempt["charge_id"]
            made = {one["id"]: one["status"] for one in self.by_attempt[attempt["id"]]}
            if not charge_id or made.get(charge_id) == attempt["state"]:
                continue
            if charge_id not in made:
                yield order_id, f"charge {charge_id} is in the book but not at Omise"
            elif not self._excused(order_id):
                told = f"{made[charge_id]}, not {attempt['state']}"
                yield order_id, f"charge {charge_id} is {told}"

    def orders_paid_wrongly(self):
        for order_id, order in self.orders.items():
            taken = [one for one in self.by_order[order_id] if _taken(one)]
            fitting = [one for one in taken if one["amount"] == order["amount"]]
            if fitting and not order["paid_at"] and not self._excused(order_id):
                yield order_id, "charged, but not paid in the book"
            if order["paid_at"] and not fitting:
                yield order_id, "paid in the book, but not charged"
            payer = self.attempts.get(order["paid_by"])
            if order["paid_at"] and (not payer or payer["order_id"] != order_id):
                yield order_id, "paid by no attempt of its own"

    def attempts_unsure(self):
        for attempt in self.attempts.values():
            if attempt["state"] in UNSURE and not self._excused(attempt["order_id"]):
                told = f"attempt {attempt['id']} was left {attempt['state']}"
                yield attempt["order_id"], told

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


def _taken(charge):
    return charge["status"] == "successful"


def _kept(charge):
    return _taken(charge) and not charge["refunded_amount"]
