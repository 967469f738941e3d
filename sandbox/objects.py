"""Draw what clients see, in the recorded field order of version 2019-05-29.

The books keep facts: times as seconds, and nothing that can be worked out. Here facts are laid out;
how a charge stands is worked out in ``sandbox/standing.py``.
"""

from . import codes, shapes, standing, wire
from .rules import methods, values
from .state import books

CARD_ADDRESS = (
    *("street1", "street2", "city", "state"),
    *("phone_number", "postal_code", "country"),
)
FIELDS = {
    "card": (
        "object id livemode location deleted street1 street2 city state phone_number postal_code"
        " country financing bank brand fingerprint first_digits last_digits name"
        " expiration_month expiration_year security_code_check tokenization_method created_at"
    ),
    "token": "object id livemode location used charge_status card created_at",
    "customer": (
        "object id livemode location deleted metadata cards default_card linked_accounts"
        " description email created_at"
    ),
    "source": (
        "object id livemode location amount barcode bank created_at currency email flow"
        " installment_term ip absorption_type name mobile_number phone_number platform_type"
        " scannable_code qr_settings billing shipping items references provider_references"
        " store_id store_name terminal_id type zero_interest_installments charge_status"
        " receipt_amount discounts promotion_code supplier_id"
    ),
    "charge": (
        "object id location amount authorization_type authorized_amount captured_amount"
        " acquirer_reference_number net fee fee_vat interest interest_vat funding_amount"
        " refunded_amount transaction_fees platform_fee currency funding_currency ip refunds link"
        " description metadata missing_3ds_fields card source schedule linked_account customer"
        " dispute transaction failure_code failure_message merchant_advice merchant_advice_code"
        " status authorize_uri return_uri created_at paid_at authorized_at expires_at expired_at"
        " reversed_at multi_capture zero_interest_installments branch terminal device authorized"
        " capturable capture disputable livemode refundable partially_refundable reversed"
        " reversible voided paid expired can_perform_void approval_code"
    ),
    "refund": (
        "object id location livemode voided currency amount metadata charge capture terminal"
        " transaction status funding_amount funding_currency created_at"
        " acquirer_reference_number approval_code"
    ),
    "transaction": (
        "object id livemode currency amount location direction key origin transferable_at"
        " created_at"
    ),
    "document": (
        "object livemode id deleted filename location kind download_uri created_at"
    ),
    "webhook_delivery": "object id uri status key error payload created_at",
    **shapes.FIELDS,
}


def drawn(kind, facts, /, without=(), **more):
    """Lay out facts as a kind of object; what nobody knows is null."""
    known = {**facts, "livemode": False, **more, "object": kind}
    shown = {}
    for name in FIELDS[kind].split():
        value = known.get(name)
        is_time = name.endswith("_at") and isinstance(value, int)
        if name not in without:
            shown[name] = values.stamp(value) if is_time else value
    return shown


def list_of(location, data, total=None, *, cut=None):
    """Wrap objects in a list; `cut` holds limit, offset, order, from and to."""
    cut = cut or {}
    return {
        "object": "list",
        "data": data,
        "limit": cut.get("limit", 20),
        "offset": cut.get("offset", 0),
        "total": len(data) if total is None else total,
        "location": wire.path_of(location),
        "order": cut.get("order", "chronological"),
        "from": values.stamp(cut.get("from", 0)),
        "to": values.stamp(cut.get("to") or books().now()),
    }


def card(facts):
    """Draw a card; it has a location only while a customer keeps it."""
    kept = f"/customers/{facts['customer']}/cards/{facts['id']}"
    location = wire.path_of(kept) if facts["customer"] else None
    return drawn("card", facts, location=location)


def token(facts):
    """Draw a token; its location is absolute, as on the vault."""
    charged = _charge_of(facts)
    return drawn(
        "token",
        facts,
        location=f"{wire.base_url()}tokens/{facts['id']}",
        charge_status=charged["status"] if charged else "unknown",
        card=card(facts["card"]),
    )


def _charge_of(facts):
    """Fetch the charge made from a token or source, as it is now."""
    from .life import current

    return current(facts["charge"]) if facts["charge"] else None


def customer(facts):
    """Draw a customer with the cards kept for it."""
    cards, total = books().page("card", parent=facts["id"], status="active")
    location = f"/customers/{facts['id']}"
    return drawn(
        "customer",
        facts,
        location=wire.path_of(location),
        cards=list_of(f"{location}/cards", [card(each) for each in cards], total),
        linked_accounts=list_of(f"{location}/linked_accounts", []),
    )


def source(facts, charged=None):
    """Draw a source; codes to scan and references exist only once it has been charged."""
    charged = charged or _charge_of(facts)
    asked = facts["asked"]
    # Recorded on PromptPay only, and absent from the answers for other types.
    newest = facts["type"] == "promptpay" or "supplier_id" in asked
    return drawn(
        "source",
        {**asked, **facts},
        without=() if newest else ("supplier_id",),
        location=wire.path_of(f"/sources/{facts['id']}"),
        flow=methods.METHODS[facts["type"]].flow,
        mobile_number=asked["phone_number"],
        scannable_code=codes.scannable_code(charged),
        references=codes.references(charged),
        provider_references=codes.provider_references(charged),
        charge_status=charged["status"] if charged else "unknown",
        discounts=[],
    )


def charge(facts):
    """Draw a charge with its means, its refunds and how it stands."""
    location = f"/charges/{facts['id']}"
    refunded = facts["refunded_amount"] > 0
    refunds = books().below(facts["id"], "refund") if refunded else []
    means = {"card": None, "source": None}
    if facts["card"]:
        means["card"] = card(facts["card"])
    if facts["source"]:
        means["source"] = source(books().find("source", facts["source"]), facts)
    return drawn(
        "charge",
        facts,
        without=standing.left_out(facts),
        location=wire.path_of(location),
        refunds=list_of(f"{location}/refunds", [refund(each) for each in refunds]),
        authorize_uri=_authorize_uri(facts),
        dispute=_dispute_of(facts),
        **means,
        **standing.money(facts),
        **standing.flags(facts),
    )


def _dispute_of(facts):
    """Draw the dispute about a charge, whole as openapi.yml says."""
    from .disputes import draw

    disputed = facts.get("dispute")
    return draw(books().find("dispute", disputed)) if disputed else None


def _authorize_uri(facts):
    """Address the authorise page, when the charge has one; only a waiting bank's has no tail."""
    payment = facts["payment"]
    if not facts["has_page"]:
        return None
    if payment.startswith("ofsp_"):
        return f"{wire.base_url()}offsites/{payment}/pay?acs=false"
    asks = payment.startswith("paym_") and facts["status"] == "pending"
    tail = "" if asks else "?acs=false"
    return f"{wire.base_url()}payments/{payment}/authorize{tail}"


def refund(facts):
    """Draw a refund, which Omise closes as soon as it is made."""
    location = f"/charges/{facts['charge']}/refunds/{facts['id']}"
    return drawn("refund", facts, location=wire.path_of(location), status="closed")


def transaction(facts):
    """Draw one line of the balance."""
    return drawn(
        "transaction",
        facts,
        location=wire.path_of(f"/transactions/{facts['id']}"),
        transferable_at=facts["created_at"],
    )


def event(facts):
    """Draw an event as it was then, with the deliveries tried since."""
    shown = dict(facts["shown"])
    if "webhook_deliveries" in shown:
        payload = wire.pretty(facts["shown"])
        shown["webhook_deliveries"] = [
            drawn("webhook_delivery", each, payload=payload, created_at=_odd_time(each))
            for each in books().below(facts["id"], "delivery")
        ]
    return shown


def _odd_time(facts):
    """Write a delivery's time in the odd form recorded: with a space, and UTC in words."""
    return values.stamp(facts["created_at"]).replace("T", " ").replace("Z", " UTC")
