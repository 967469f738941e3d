"""Hold what every kind has in common, and the table of kinds: its ids, and what finds its rows."""

from collections.abc import Callable
from dataclasses import dataclass

from ..books import books
from ..books.ids import new_id
from ..rules.refusals import NotFound


def _life(facts):
    """Find an object by whether it was deleted."""
    return {"status": "deleted" if facts.get("deleted") else "active"}


@dataclass(frozen=True)
class Kind:
    """Name a kind, what its ids begin with, and what its rows are found by."""

    name: str
    prefix: str
    found_by: Callable = _life

    def begun(self, **facts):
        """Begin the facts of a new object with its id and time."""
        return {"id": new_id(self.prefix), "created_at": books().now(), **facts}

    def add(self, facts):
        """Write a new object."""
        return books().add(self.name, facts, **self.found_by(facts))

    def save(self, facts):
        """Write an object back."""
        found_by = self.found_by(facts)
        found = {name: found_by.get(name) for name in ("status", "due")}
        return books().save(facts, **found)

    def find(self, identifier, parent=None):
        """Fetch an object that was not deleted, or raise NotFound."""
        facts = books().find(self.name, identifier, parent)
        if facts.get("deleted"):
            raise NotFound(self.name, identifier)
        return facts

    def forget(self, facts):
        """Mark an object as deleted; it stays in the books."""
        now = books().now()
        return self.save({**facts, "deleted": True, "deleted_at": now, "ended_at": now})


def _charge(facts):
    """Find a charge by its link, its status, its payer's page, and its time to expire."""
    due = facts["expires_at"] if facts["status"] == "pending" else None
    page = {"parent": facts["link"], "payment": facts["payment"]}
    return {"status": facts["status"], "due": due, **page}


def _dispute(facts):
    """Find a dispute by its charge and its status; won and lost are listed together."""
    status = "closed" if facts["closed_at"] else facts["status"]
    return {"parent": facts["charge"], "status": status}


def _schedule(facts):
    """Find a schedule by whose it is and of which sort, deleted or not."""
    agreed = facts[facts["sort"]]
    owner = agreed.get("customer") or agreed.get("recipient")
    return {"parent": owner, "status": facts["sort"]}


def _below(owner):
    """Find an object by another that it belongs to."""
    return lambda facts: {"parent": facts[owner], **_life(facts)}


CARD = Kind("card", "card", _below("customer"))
CHARGE = Kind("charge", "chrg", _charge)
CUSTOMER = Kind("customer", "cust")
DISPUTE = Kind("dispute", "dspt", _dispute)
DOCUMENT = Kind("document", "docu", _below("dispute"))
LINK = Kind("link", "link", lambda facts: {"payment": facts["code"], **_life(facts)})
OCCURRENCE = Kind("occurrence", "occu", _below("schedule"))
RECEIPT = Kind("receipt", "rcpt")
RECIPIENT = Kind("recipient", "recp")
REFUND = Kind("refund", "rfnd", _below("charge"))
SCHEDULE = Kind("schedule", "schd", _schedule)
SOURCE = Kind("source", "src")
TOKEN = Kind("token", "tokn")
TRANSACTION = Kind("transaction", "trxn")
TRANSFER = Kind("transfer", "trsf")
