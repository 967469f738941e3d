"""The sandbox's money adds up, whatever is done in whatever order."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_shapes import keys

pytest_plugins = ("sandbox_rig",)

BALANCE = keys(
    "object livemode location currency total transferable reserve on_hold created_at"
)
TRANSACTION = keys(
    "object id livemode currency amount location direction key origin transferable_at"
    " created_at"
)
OPENED = {
    "charge": {},
    "authorise": {"capture": False},
    "pre_auth": {"capture": False, "authorization_type": "pre_auth"},
    "qr": {"source": {"type": "promptpay"}},
}
# What may be done to a charge: verb, path below it, and what is sent with the amount.
MOVES = {
    "capture": ("POST", "charges/{charge}/capture", {}),
    "capture_part": ("POST", "charges/{charge}/capture", {"capture_amount": None}),
    "reverse": ("POST", "charges/{charge}/reverse", {}),
    "pay": ("POST", "charges/{charge}/mark_as_paid", {}),
    "refund": ("POST", "charges/{charge}/refunds", {"amount": None}),
    "void": ("POST", "charges/{charge}/refunds", {"amount": None, "void": True}),
    "dispute": ("POST", "charges/{charge}/disputes", {}),
    "accept": ("PATCH", "disputes/{dispute}/accept", {}),
    "win": ("PATCH", "disputes/{dispute}/close", {"status": "won"}),
    "lose": ("PATCH", "disputes/{dispute}/close", {"status": "lost"}),
    "transfer": ("POST", "transfers", {"amount": None}),
}
STEPS = st.one_of(
    st.tuples(
        st.sampled_from(sorted(OPENED)),
        st.sampled_from(["THB", "USD", "JPY"]),
        st.integers(2000, 9000),
    ),
    # Twice as many moves as charges; a share is a percentage of the charge.
    *[
        st.tuples(
            st.sampled_from(sorted(MOVES)),
            st.integers(0, 3),
            st.sampled_from([1, 33, 50, 67, 100, 101]),
        )
    ]
    * 2,
)


def opened(rig, name, currency, amount):
    """Open a charge and answer its id."""
    currency = "THB" if name == "qr" else currency
    return rig.charge(amount, currency, **OPENED[name])["id"]


def moved(rig, name, charge_id, share):
    """Try a move; a refusal is as good an answer as any."""
    method, path, sent = MOVES[name]
    charge = rig.get(f"charges/{charge_id}")
    dispute = (charge["dispute"] or {"id": "dspt_test_none"})["id"]
    amount = charge["amount"] * share // 100
    sent = {each: amount if value is None else value for each, value in sent.items()}
    path = path.format(charge=charge_id, dispute=dispute)
    answer = rig.call(method, path, json=sent)
    assert answer.status_code in (200, 400, 404), answer.text


def worth(charge):
    """Work out what a charge should have left on the balance, from the charge alone."""
    if not charge["paid"] or charge["voided"]:
        return 0
    returned = sum(each["funding_amount"] for each in charge["refunds"]["data"])
    taken = charge["dispute"] and charge["dispute"]["status"] != "won"
    return (
        charge["net"] - returned - (charge["dispute"]["funding_amount"] if taken else 0)
    )


def check(rig):
    """Hold every charge, transaction and the balance against each other."""
    charges = rig.get("charges?limit=100")["data"]
    for charge in charges:
        assert (
            charge["net"] + charge["fee"] + charge["fee_vat"]
            == charge["funding_amount"]
        )
        refunds = charge["refunds"]["data"]
        assert sum(each["amount"] for each in refunds) == charge["refunded_amount"]
        returned = sum(each["funding_amount"] for each in refunds)
        assert returned <= charge["funding_amount"]
        captured = charge.get("captured_amount", 0) if charge["paid"] else 0
        assert charge["refunded_amount"] <= captured
        if charge["refunded_amount"] and charge["refunded_amount"] == captured:
            assert returned == charge["funding_amount"]
    lines = rig.get("transactions?limit=100")["data"]
    signs = {"credit": 1, "debit": -1}
    total = sum(signs[each["direction"]] * each["amount"] for each in lines)
    transfers = rig.get("transfers?limit=100")["data"]
    left = sum(each["amount"] for each in transfers if not each["failure_code"])
    balance = rig.get("balance")
    assert balance["total"] == balance["transferable"] == total
    assert total == sum(worth(charge) for charge in charges) - left
    assert total == (rig.get("control/books")["balance"] or 0)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEPS, min_size=2, max_size=14))
def test_balance_is_the_sum_of_what_happened(rig, steps):
    rig.delivered()
    rig.post("control/reset")
    made = []
    for name, second, third in steps:
        if name in OPENED:
            made.append(opened(rig, name, second, third))
        elif made:
            moved(rig, name, made[second % len(made)], third)
    check(rig)


def test_whole_life_of_a_disputed_charge_is_on_the_balance(sdk, rig):
    charge = sdk.Charge.create(amount=100000, currency="thb", card=rig.token())
    charge.refund(amount=40000)
    dispute = rig.post(f"charges/{charge.id}/disputes")
    rig.call("PATCH", f"disputes/{dispute['id']}/close", json={"status": "won"})
    charge.refund(amount=60000)
    lines = [(each.key, each.direction, each.amount) for each in sdk.Transaction.list()]
    assert lines == [
        ("charge.captured.net", "credit", 96094),
        ("refund.created.debit", "debit", 40000),
        ("dispute.started.debit", "debit", 60000),
        ("dispute.won.credit", "credit", 60000),
        ("refund.created.debit", "debit", 60000),
    ]
    balance = sdk.Balance.retrieve()
    assert (balance.total, balance.currency) == (96094 - 100000, "THB")
    check(rig)


def test_balance_and_transaction_are_drawn_as_recorded(sdk, rig):
    charge = rig.charge(31000)
    assert list(rig.get("balance")) == BALANCE
    line = sdk.Transaction.retrieve(charge["transaction"])
    assert list(line._attributes) == TRANSACTION
    assert (line.amount, line.origin) == (29789, charge["id"])
    older = rig.get(line.location[1:], headers={"Omise-Version": "2017-11-02"})
    assert list(older) == keys(
        "object id type source amount currency location transferable created"
    )
    assert (older["type"], older["source"]) == ("credit", charge["id"])
    assert older["transferable"] == older["created"]
    old = rig.get("balance", headers={"Omise-Version": "2017-11-02"})
    assert (old["available"], old["reserve_amount"]) == (29789, 0)


def test_void_returns_the_fee_and_a_refund_does_not(rig):
    for void, left in ((True, 0), (False, 96094 - 100000)):
        rig.post("control/reset")
        charge = rig.charge(100000)
        rig.post(f"charges/{charge['id']}/refunds", amount=100000, void=void)
        assert rig.get("balance")["total"] == left
        check(rig)
