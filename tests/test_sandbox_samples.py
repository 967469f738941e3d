"""Each recorded answer of Omise again, from the sandbox: the same fields, order and kinds.

``shapes/`` keeps what the recordings looked like. Where one differs from the sandbox on purpose,
ELSEWHERE says why; a difference that has gone makes its line there wrong.
"""

import pytest
from sandbox_shapes import recorded, shape

pytest_plugins = ("sandbox_rig",)

OLD = {"Omise-Version": "2017-11-02"}
RETURN = {"return_uri": "https://shop.test/orders/1/complete"}
ORDER = {"description": "Order 1001", "metadata": {"order_id": "1001"}}
PLACE = {"city": "Bangkok", "postal_code": "10320"}
ALIPAY = {"type": "alipay_cn", "platform_type": "IOS"}


def kept_card(rig, **fields):
    """Authorise a customer's card, as the recordings of captures did."""
    customer = rig.post("customers", card=rig.token(**PLACE))
    fields |= {"capture": False, "ip": "192.0.2.1", "description": "Kept"}
    return rig.charge(customer=customer["id"], **fields)


def moved(rig, charge, path, **fields):
    """Move a charge and read it again."""
    rig.post(f"{path.format(charge['id'])}", **fields)
    return rig.get(f"charges/{charge['id']}")


def paid(rig):
    return rig.charge(101645, card=rig.token(country="th"), **ORDER, **RETURN)


def waits_for_3ds(rig):
    rig.set(three_d_secure=True)
    return rig.charge(5000, **RETURN)


def declined(rig):
    card = rig.token("4111111111140011", country="th")
    charge = rig.charge(80245, card=card, **ORDER, **RETURN)
    rig.set(clock_offset=8 * 24 * 60 * 60)
    return rig.get(f"charges/{charge['id']}")


def promptpay(rig):
    return rig.promptpay(amount=20000, description="Order 1002", **RETURN)


def bill(rig):
    rig.set(retired_methods=True)
    return rig.charge(400000, source={"type": "bill_payment_tesco_lotus"})


def expired(rig):
    source = rig.post(
        "sources", amount=100000, currency="THB", ip="192.0.2.1", **ALIPAY
    )
    said = {"ip": "127.0.0.1", "description": "Order-expire"}
    charge = rig.charge(source=source["id"], **said, **RETURN)
    return moved(rig, charge, "charges/{}/expire")


def captured_in_part(rig):
    charge = kept_card(rig, authorization_type="pre_auth")
    return moved(rig, charge, "charges/{}/capture", capture_amount=50000)


def reversed_(rig):
    return moved(rig, kept_card(rig), "charges/{}/reverse")


def refund(rig):
    return rig.post(f"charges/{rig.charge()['id']}/refunds", amount=10000)


def refunded_in_part(rig):
    return moved(rig, paid(rig), "charges/{}/refunds", amount=10000)


def wechat(rig):
    source = {"type": "wechat_pay", "ip": "192.0.2.1"}
    charge = rig.charge(67405, source=source, **ORDER, **RETURN)
    moved(rig, charge, "control/charges/{}/pay")
    rig.set(clock_offset=8 * 24 * 60 * 60)
    return rig.get(f"charges/{charge['id']}")


def instalment(rig):
    card = rig.token(country="th")
    source = {"type": "installment_wlb_first_choice", "installment_term": 10}
    source["ip"] = "192.0.2.1"
    charge = rig.charge(300049, card=card, source=source, **RETURN)
    rig.set(clock_offset=8 * 24 * 60 * 60)
    return rig.get(f"charges/{charge['id']}")


def token(rig):
    return rig.get(f"tokens/{rig.token(**PLACE)}", key="pkey_test_5sandbox00000000000")


def source(rig):
    return rig.post("sources", amount=100000, currency="THB", ip="192.0.2.1", **ALIPAY)


def customer(rig):
    said = {"email": "somchai@example.com", "description": "Somchai"}
    return rig.post("customers", card=rig.token(**PLACE), **said)


def event(rig, receiver):
    receiver.answer = 404
    home = {"street1": "1 Road", "country": "th", "phone_number": "0812345678"}
    card = rig.token(**PLACE, **home)
    charge = rig.charge(12345, card=card, ip="192.0.2.1", **RETURN)
    rig.delivered()
    return rig.get(f"charges/{charge['id']}/events")["data"][0]


def dispute(rig):
    return rig.post(f"charges/{rig.charge()['id']}/disputes")


def transaction(rig):
    return rig.get(f"transactions/{rig.charge(31000)['transaction']}")


def bank_page_of_2017(rig):
    rig.set(retired_methods=True)
    fields = {"amount": 100000, "currency": "thb", **RETURN}
    fields["source"] = {"type": "internet_banking_bbl"}
    return rig.post("charges", headers=OLD, **fields)


def card_of_2017(rig):
    fields = {"amount": 50000, "currency": "thb"}
    card = rig.token(**PLACE, country="us")
    return rig.post("charges", headers=OLD, card=card, **fields)


def used_token(rig):
    card = rig.token()
    rig.charge(card=card)
    return rig.charge(card=card)


SCENES = {
    "01": paid,
    "02": waits_for_3ds,
    "03": declined,
    "04": promptpay,
    "05": bill,
    "06": kept_card,
    "07": expired,
    "08": captured_in_part,
    "09": reversed_,
    "10": refund,
    "11": refunded_in_part,
    "12": wechat,
    "13": instalment,
    "20": token,
    "21": source,
    "22": customer,
    "24": dispute,
    "25": transaction,
    "26": lambda rig: rig.get("account"),
    "27": lambda rig: rig.get("capability"),
    "28": lambda rig: rig.get("balance"),
    "30": bank_page_of_2017,
    "31": card_of_2017,
    "32": used_token,
}
_SINCE_2025 = "merchant_advice merchant_advice_code"
ELSEWHERE = {
    "04": {
        "recorded with a live key": (
            "livemode source.livemode source.scannable_code.image.livemode"
        ),
        "an account whose platform takes a fee": (
            "platform_fee.fixed platform_fee.amount platform_fee.percentage"
        ),
        "came in 2025, between this recording and the others": _SINCE_2025,
    },
    "05": {
        "recorded in 2020, in another order and before these fields came": (
            "acquirer_reference_number approval_code authorized_at branch can_perform_void"
            " device linked_account multi_capture partially_refundable terminal"
            " transaction_fees transaction_fees.fee_flat transaction_fees.fee_rate"
            " transaction_fees.vat_rate source.absorption_type source.bank source.billing"
            " source.charge_status source.discounts source.ip source.items"
            " source.platform_type source.promotion_code source.provider_references"
            f" source.qr_settings source.receipt_amount source.shipping {_SINCE_2025}"
        ),
    },
    "11": {
        "constructed: nobody recorded whether a charge refunded in part can be voided": (
            "can_perform_void"
        ),
    },
    "13": {
        "a loan card that no test number stands for": (
            "card.expiration_month card.expiration_year"
        ),
    },
    "23": {
        "the documentation's example, older than these fields": (
            "data.acquirer_reference_number data.approval_code data.authorized_at"
            " data.can_perform_void data.linked_account data.merchant_advice"
            " data.merchant_advice_code data.multi_capture data.partially_refundable"
        ),
        "an account that pays its customers' interest": "data.zero_interest_installments",
        "recorded later with ?acs=false (01)": "data.authorize_uri",
    },
}


# Recorded before the order of today.
REORDERED = ("05",)


def differences(number, answer):
    """Name the fields that the recording or the answer alone has, or that differ in kind."""
    theirs, ours = dict(recorded(number)), dict(shape(answer))
    return {path for path in theirs | ours if theirs.get(path) != ours.get(path)}


def in_common(lines, others):
    """Name the fields that both have, in the order of the first."""
    known = dict(others)
    return [path for path, _ in lines if path in known]


def looks_recorded(number, answer):
    """Compare fields, kinds and order with a recording."""
    lines, told = shape(answer), recorded(number)
    elsewhere = ELSEWHERE.get(number, {}).values()
    assert differences(number, answer) == set(" ".join(elsewhere).split())
    same_order = in_common(lines, told) == in_common(told, lines)
    assert same_order is (number not in REORDERED)


@pytest.mark.parametrize("number", SCENES)
def test_answer_looks_like_the_recorded_one(rig, number):
    looks_recorded(number, SCENES[number](rig))


def test_event_looks_like_the_recorded_one(rig, receiver):
    looks_recorded("23", event(rig, receiver))


@pytest.mark.parametrize(
    ("amount", "fee", "vat", "net"),
    [
        (101645, 3710, 260, 97675),
        (100000, 3650, 256, 96094),
        (31000, 1132, 79, 29789),
        (20000, 730, 51, 19219),
        (400000, 14600, 1022, 384378),
        (12345, 451, 32, 11862),
        (300049, 10952, 767, 288330),
    ],
)
def test_fees_are_those_of_the_recordings(rig, amount, fee, vat, net):
    charge = rig.charge(amount)
    assert (charge["fee"], charge["fee_vat"], charge["net"]) == (fee, vat, net)
