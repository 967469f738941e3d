"""What a host hears of payments: three signals, each sent after the order book is committed.

`order_paid` once an order is paid, `order_changed` at every move of a payment, a refund or a
capture, `attention_needed` when a person must look at an order (None: at all of them, since cards
seem to be tested). A receiver is called as ``receiver(app, order=order, why=...)`` and may be any
callable, also one made inside the factory: it is kept. It may run in a request, in a webhook's
thread or in `flask payment sweep`, and it hears of each order *at least* once: what a crash kept
from it, the next sweep tells again. So it must be idempotent. What it raises is logged, is told
again by every sweep, and changes no payment; an order of which nobody could be told for a day that
it is paid is flagged.
"""

import logging
from collections.abc import Callable
from typing import Any

from blinker import ANY, Signal
from flask import Flask

log = logging.getLogger(__name__)


class KeptSignal(Signal):
    """A signal that keeps its receivers: a closure of a factory is heard like any other."""

    def connect(self, receiver: Callable, sender: Any = ANY, weak: bool = False):
        """Call `receiver` from now on; `weak` as blinker has it."""
        return super().connect(receiver, sender, weak=weak)


order_paid = KeptSignal("An order is paid.")
order_changed = KeptSignal("A payment, refund or capture of an order has moved.")
attention_needed = KeptSignal("A person must look at an order.")

NAMED = {
    "order_paid": order_paid,
    "order_changed": order_changed,
    "attention_needed": attention_needed,
}


def is_heard(name: str, app: Flask) -> bool:
    """Tell whether anybody listens."""
    return bool(NAMED[name].has_receivers_for(app))


def tell(app: Flask, name: str, order: Any, why: str | None) -> bool:
    """Call every receiver; False when one of them raised, and should hear of it again."""
    well = True
    for receiver in NAMED[name].receivers_for(app):
        try:
            receiver(app, order=order, why=why)
        except Exception:  # a receiver is the host's code: anything may come out of it
            log.exception(
                "a receiver of %s failed on order %s", name, getattr(order, "id", None)
            )
            well = False
    return well
