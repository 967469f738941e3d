"""Keep recipients and transfers. No bank is paid and the balance stays: a transfer is a record.

Rests on recipients-api and transfers-api; messages and which moves are refused are our inference.
`split_transfer` and `idemp_key` are taken and change nothing: what Omise does then is not recorded.
"""

from . import keeping, objects, wire
from .rules import values
from .rules.refusals import Refused, refuse_all
from .state import books

FEE, SMALLEST = 3000, 3000
TYPES = ("individual", "corporation")
_BANKS = {"bbl": "Bangkok Bank"}
_BANK_TEXTS = ("name", "number", "type", "brand", "bank_code", "branch_code")
# What transfers go to while nobody is named: the account's own bank.
_OWN_BANK = {"brand": "test", "last_digits": "6789", "name": "DEFAULT BANK ACCOUNT"}


def recipient(params):
    """Check a new recipient and answer its facts."""
    facts = {"active": False, "default": False, "verified": False, "metadata": {}}
    change_recipient(facts, {"bank_account": {}, **params})
    return facts


def change_recipient(facts, params):
    """Change a recipient; another bank account has to be verified again."""
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
    # Named by omise-node's tests; the other codes stand for themselves.
    account["brand"] = account["brand"] or _BANKS.get(known, known)
    numbered = {"last_digits": digits[-4:], "account_number": digits}
    return {**account, **numbered, "created_at": books().now()}


def draw_recipient(facts):
    """Draw a recipient with the bank account."""
    bank_account = objects.drawn("bank_account", facts["bank_account"])
    location = wire.path_of(f"/recipients/{facts['id']}")
    more = {"location": location, "bank_account": bank_account}
    return objects.drawn("recipient", facts, **more)


def verify(facts):
    """Let a recipient be verified, as test keys may, and with that become active."""
    now = books().now()
    facts.update(verified=True, verified_at=now)
    keeping.save("recipient.verify", facts, draw_recipient)
    facts.update(active=True, activated_at=now)
    return keeping.save("recipient.activate", facts, draw_recipient)


def transfer(params):
    """Check a new transfer and answer its facts; without an amount it is the whole balance."""
    recipient_id = values.text(params.get("recipient"))
    if recipient_id:
        recipient_id = keeping.find("recipient", recipient_id)["id"]
    facts = {
        "recipient": recipient_id,
        "currency": books().settings()["currency"],
        "fail_fast": values.is_true(params.get("fail_fast")),
        "metadata": values.metadata(params),
        "sent": False,
        "paid": False,
    }
    balance = books().counts().get("balance", 0)
    _set_amount(facts, params.get("amount", balance))
    return facts


def _set_amount(facts, given):
    facts["amount"] = values.whole(given)
    if facts["amount"] is None:
        raise Refused("invalid_amount", "amount is not a number")
    if facts["amount"] < SMALLEST:
        message = f"amount must be greater than or equal to {SMALLEST}"
        raise Refused("invalid_amount", message)


def change_transfer(facts, params):
    """Change a transfer that was not sent."""
    unsent(facts)
    if "amount" in params:
        _set_amount(facts, params["amount"])
    if "metadata" in params:
        facts["metadata"] = values.metadata(params)


def unsent(facts):
    """Refuse to touch a transfer that is on its way, or failed."""
    if facts["sent"]:
        raise Refused("bad_request", "transfer was already sent")
    _unsettled(facts)


def _unsettled(facts):
    """Refuse to end a transfer twice."""
    if facts["paid"]:
        raise Refused("bad_request", "transfer was already paid")
    if facts.get("failure_code"):
        raise Refused("bad_request", "transfer has failed")


def mark_as_sent(facts):
    """Send a transfer, as test keys may."""
    unsent(facts)
    facts.update(sent=True, sent_at=books().now())
    return keeping.save("transfer.send", facts, draw_transfer)


def mark_as_paid(facts):
    """Let a transfer arrive, as test keys may."""
    _unsettled(facts)
    facts.update(sent=True, paid=True, paid_at=books().now())
    facts.setdefault("sent_at", facts["paid_at"])
    return keeping.save("transfer.pay", facts, draw_transfer)


def fail(facts, failure_code):
    """Let a transfer fail, as a bank may while the money is on its way; nothing is paid then."""
    _unsettled(facts)
    code = failure_code or "transfer_send_failure"
    facts.update(failure_code=code, failure_message=code.replace("_", " "))
    return keeping.save("transfer.fail", facts, draw_transfer)


def draw_transfer(facts):
    """Draw a transfer with the bank account that it goes to."""
    bank = {**_OWN_BANK, "created_at": books().settings()["opened_at"]}
    if facts["recipient"]:
        bank = books().find("recipient", facts["recipient"])["bank_account"]
    return objects.drawn(
        "transfer",
        facts,
        location=wire.path_of(f"/transfers/{facts['id']}"),
        sendable=not (facts["sent"] or facts.get("failure_code")),
        fee=FEE,
        # That the fee bears no VAT of its own is our inference.
        fee_vat=0,
        total_fee=FEE,
        net=facts["amount"] - FEE,
        bank_account=objects.drawn("bank_account", bank),
        transactions=[],
    )


def pay_out(wanted, schedule):
    """Make the transfer that a schedule asks for."""
    share = wanted["percentage_of_balance"]
    balance = books().counts().get("balance", 0)
    amount = wanted["amount"] or balance * share // 100
    facts = transfer({"amount": amount, "recipient": wanted["recipient"]})
    facts["schedule"] = schedule
    return keeping.make("transfer", "trsf", facts, draw_transfer)
