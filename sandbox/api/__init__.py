"""Route the imitated surface: Omise's paths, one module for each kind that has paths of its own.

A module is a blueprint, ``routes``. A view reads what was sent, calls one function of ``kinds``
and answers; what all kinds offer alike is routed by ``routes.py``. Charges whose time is up expire
before they are read. Only the application imports this wing.
"""

from . import (
    account,
    cards,
    charges,
    customers,
    disputes,
    documents,
    events,
    links,
    occurrences,
    platforms,
    receipts,
    recipients,
    refunds,
    schedules,
    search,
    sources,
    tokens,
    transactions,
    transfers,
)

MODULES = (
    *(account, cards, charges, customers, disputes, documents, events, links),
    *(occurrences, platforms, receipts, recipients, refunds, schedules, search),
    *(sources, tokens, transactions, transfers),
)
