"""Make, find, change and forget the objects that move no money: links, payouts, schedules."""

from . import deliver
from .rows import new_id
from .rules.refusals import NotFound
from .state import books

# Omise tells of a link only when it is made.
UNTOLD = ("link.destroy",)


def find(kind, identifier):
    """Fetch what was not deleted, or raise NotFound."""
    facts = books().find(kind, identifier)
    if facts["deleted"]:
        raise NotFound(kind, identifier)
    return facts


def make(kind, prefix, facts, draw, **found_by):
    """Write a new object, tell of it, and show it."""
    found_by = {"status": "active", **found_by}
    now = {"id": new_id(prefix), "created_at": books().now(), "deleted": False}
    return _told(
        f"{kind}.create", books().add(kind, {**now, **facts}, **found_by), draw
    )


def save(key, facts, draw, status="active"):
    """Write an object back, tell of it, and show it."""
    return _told(key, books().save(facts, status=status), draw)


def _told(key, facts, draw):
    shown = draw(facts)
    if key not in UNTOLD:
        deliver.emit(key, shown)
    return shown
