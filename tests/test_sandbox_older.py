"""Version 2017-11-02: the same objects in their older, shorter form."""

from sandbox_shapes import keys

pytest_plugins = ("sandbox_rig",)

OLD = {"Omise-Version": "2017-11-02"}
# Copied from charges, cards and sources recorded in 2017.
CHARGE = keys(
    "object id livemode location amount currency description metadata"
    " status capture authorized reversed paid transaction refunded refunds"
    " return_uri reference authorize_uri failure_code failure_message card"
    " customer ip dispute created source"
)
CARD = keys(
    "object id livemode country city postal_code financing bank last_digits"
    " brand expiration_month expiration_year fingerprint name"
    " security_code_check created"
)
LIST = ["object", "from", "to", "offset", "limit", "total", "order", "location", "data"]


def test_card_charge_has_the_recorded_shape(rig):
    sent = {"amount": 50000, "currency": "thb", "card": rig.token()}
    answer = rig.call("POST", "charges", headers=OLD, json=sent)
    assert answer.headers["Omise-Version"] == "2017-11-02"
    charge = answer.json()
    assert list(charge) == CHARGE
    assert list(charge["card"]) == CARD
    assert list(charge["refunds"]) == LIST
    assert (charge["currency"], charge["refunded"]) == ("thb", 0)
    assert charge["refunds"]["order"] is None
    assert rig.get("charges", headers=OLD)["order"] == "chronological"
    assert charge["reference"] is charge["authorize_uri"] is None


def test_redirect_charge_has_the_recorded_shape_and_reference(rig):
    rig.set(retired_methods=True)
    source = {"type": "internet_banking_bbl"}
    made = rig.charge(source=source, return_uri="https://shop.test/")
    charge = rig.get(f"charges/{made['id']}", headers=OLD)
    assert list(charge) == CHARGE
    assert list(charge["source"]) == keys("object id type flow amount currency")
    assert charge["reference"].startswith("ofsp_test_")
    assert charge["reference"] in charge["authorize_uri"]


def test_qr_and_references_are_still_shown(rig):
    made = rig.promptpay()
    source = rig.get(f"charges/{made['id']}", headers=OLD)["source"]
    assert source["scannable_code"]["image"]["download_uri"].startswith("http")
    rig.set(retired_methods=True)
    bill = rig.charge(source={"type": "bill_payment_tesco_lotus"})
    assert rig.get(f"charges/{bill['id']}", headers=OLD)["source"]["references"]


def test_metadata_keeps_its_own_names(rig):
    own = {
        "created_at": "x",
        "currency": "THB",
        "object": "charge",
        "deleted": True,
        "a": [{}],
    }
    made = rig.charge(metadata=own)
    assert rig.get(f"charges/{made['id']}", headers=OLD)["metadata"] == own


def test_lists_refunds_balance_and_account_are_old_too(rig):
    charge = rig.charge()
    refund = rig.post(f"charges/{charge['id']}/refunds", headers=OLD, amount=100)
    assert list(refund) == (
        keys("object id location amount voided currency charge transaction created")
    )
    listed = rig.get("charges", headers=OLD)
    assert list(listed) == LIST
    assert listed["data"][0]["refunded"] == 100
    assert listed["data"][0]["refunds"]["data"][0]["created"]
    assert list(rig.get("balance", headers=OLD)) == (
        keys("object livemode location currency total available reserve_amount")
    )
    account = rig.get("account", headers=OLD)
    assert (account["currency"], "created" in account) == ("thb", True)


def test_deleted_objects_are_stripped(rig):
    customer = rig.post("customers", headers=OLD, card=rig.token())
    path = f"customers/{customer['id']}"
    assert "deleted" not in customer
    assert customer["cards"]["data"][0]["location"].startswith(f"/{path}/cards/")
    for target in (f"{path}/cards/{customer['default_card']}", path):
        deleted = rig.call("DELETE", target, headers=OLD).json()
        assert list(deleted) == ["object", "id", "livemode", "deleted"]


def test_events_written_before_keep_their_form_under_an_old_header(rig):
    made = rig.charge()
    listed = rig.get(f"charges/{made['id']}/events", headers=OLD)
    assert list(listed) == LIST
    assert "webhook_deliveries" in listed["data"][0]
    assert listed["data"][0]["data"] == made


def test_account_default_is_used_without_a_header(rig, sdk):
    rig.set(api_version="2017-11-02")
    made = rig.charge()
    assert list(made) == CHARGE
    sdk.api_version = None
    assert sdk.Charge.retrieve(made["id"]).currency == "thb"
