"""Recipients: whom transfers go to. No bank is asked.

An account has one from its beginning, which transfers go to that name none. Rests on
recipients-api; messages and which moves are refused are our inference.
"""

from ..books import books
from ..rules import values
from ..rules.refusals import Refused, refuse_all
from ..webhooks.events import tell
from .kind import RECIPIENT as KIND

TYPES = ("individual", "corporation")
_BANKS = {
    "bay": "Bank of Ayudhya",
    "bbl": "Bangkok Bank",
    "kbank": "Kasikornbank",
    "ktb": "Krungthai Bank",
    "scb": "Siam Commercial Bank",
}
_BANK_TEXTS = ("name", "number", "type", "brand", "bank_code", "branch_code")
_OWN = {
    "name": "Sandbox merchant",
    "type": "corporation",
    "email": "merchant@example.com",
    "bank_account": {
        "brand": "test",
        "number": "123456789",
        "name": "DEFAULT BANK ACCOUNT",
    },
}

find = KIND.find


def make(params):
    """Make a recipient, who has to be verified before being paid."""
    facts = KIND.begun(active=False, default=False, metadata={}, deleted=False)
    with books().change():
        _fill(facts, {"bank_account": {}, **params})
        return tell("recipient.create", KIND.add(facts))


def open_default():
    """Give the account its default recipient unless it has one; nobody is told."""
    with books().change():
        kept = books().settings().get("default_recipient")
        if kept and books().query("SELECT 1 FROM objects WHERE id = ?", (kept,)):
            return
        facts = KIND.begun(default=True, metadata={}, deleted=False)
        _fill(facts, _OWN)
        now = facts["created_at"]
        facts.update(active=True, verified=True, verified_at=now, activated_at=now)
        books().set("default_recipient", KIND.add(facts)["id"])


def change(recipient_id, params):
    """Change a recipient, but by no blanks; another bank account has to be verified again."""
    with books().change():
        facts = find(recipient_id)
        _fill(facts, {name: each for name, each in params.items() if not _blank(each)})
        return tell("recipient.update", KIND.save(facts))


def destroy(recipient_id):
    """Delete a recipient, unless it is the account's own."""
    with books().change():
        facts = find(recipient_id)
        if facts["default"]:
            raise Refused("bad_request", "the default recipient cannot be deleted")
        return tell("recipient.destroy", KIND.forget(facts))


def verify(recipient_id):
    """Let a recipient be verified, as test keys may, and with that become active."""
    with books().change():
        facts, now = find(recipient_id), books().now()
        facts.update(verified=True, verified_at=now)
        tell("recipient.verify", KIND.save(facts))
        facts.update(active=True, activated_at=now)
        return tell("recipient.activate", KIND.save(facts))


def _fill(facts, params):
    """Write down what was sent about a recipient."""
    for name in {"name", "email", "description", "tax_id", "type"} & params.keys():
        facts[name] = values.text(params[name])
    if "metadata" in params:
        facts["metadata"] = values.metadata(params)
    problems = [] if facts.get("name") else ["name can't be blank"]
    if facts.get("type") not in TYPES:
        problems.append("type is not included in the list")
    refuse_all("invalid_recipient", problems)
    if "bank_account" in params:
        facts["bank_account"] = _bank_account(params["bank_account"])
        facts.update(active=False, verified=False)


def _blank(given):
    """Tell whether nothing was said: the official Go client always sends every field."""
    if isinstance(given, dict):
        return bool(given) and all(_blank(each) for each in given.values())
    return given is None or not str(given).strip()


def _bank_account(given):
    """Read where the money would go."""
    given = given if isinstance(given, dict) else {}
    account = {name: values.text(given.get(name)) for name in _BANK_TEXTS}
    digits = account.pop("number") or values.text(given.get("account_number")) or ""
    problems = [] if digits.isdigit() else ["number is invalid"]
    problems += [] if account["name"] else ["name can't be blank"]
    known = account["brand"] or account["bank_code"]
    problems += [] if known else ["brand can't be blank"]
    refuse_all("invalid_bank_account", problems)
    # Written out as recorded; a bank that is not in the list stands for itself.
    account["brand"] = _BANKS.get(known, known)
    if known in _BANKS:
        account["bank_code"] = known
    numbered = {"last_digits": digits[-4:], "account_number": digits}
    return {**account, **numbered, "created_at": books().now()}
