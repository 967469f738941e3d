"""List every kind, by the name under which its objects are kept: the way to draw any of them."""

from . import (
    card,
    charge,
    customer,
    dispute,
    document,
    event,
    link,
    occurrence,
    receipt,
    recipient,
    refund,
    schedule,
    source,
    token,
    transaction,
    transfer,
)

DRAWERS = (
    *(card, charge, customer, dispute, document, event, link, occurrence),
    *(receipt, recipient, refund, schedule, source, token, transaction, transfer),
)
DRAW = {drawer.SHAPE.kind: drawer.draw for drawer in DRAWERS}
