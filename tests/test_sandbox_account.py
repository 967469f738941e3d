"""The account, what it is capable of, and where it is mounted."""

import pytest
from sandbox_shapes import keys
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

import sandbox
from sandbox import PUBLIC_KEY
from sandbox.http import addresses

pytest_plugins = ("sandbox_rig",)


def test_account_has_the_recorded_shape(sdk):
    account = sdk.Account.retrieve()
    assert list(account._attributes) == keys(
        "object id team livemode location country currency email created_at"
        " supported_currencies api_version auto_activate_recipients"
        " chain_enabled zero_interest_installments chain_return_uri webhook_uri"
        " metadata_export_keys chaining_allowed last_updated_api_version"
        " transfer_config"
    )
    assert account._attributes["supported_currencies"][:2] == ["THB", "JPY"]
    account.update(webhook_uri="https://shop.test/webhook")
    assert account.reload().webhook_uri == "https://shop.test/webhook"


def test_capability_has_the_recorded_shape(sdk):
    capability = sdk.Capability.retrieve()
    assert list(capability._attributes) == keys(
        "object location banks limits payment_methods country"
        " tokenization_methods zero_interest_installments"
    )
    assert capability._attributes["limits"] == {
        "charge_amount": {"max": 15_000_000, "min": 2000},
        "transfer_amount": {"max": 100_000_000_000, "min": 3000},
        "installment_amount": {"min": 200000},
    }
    methods = {each["name"]: each for each in capability._attributes["payment_methods"]}
    assert list(methods["card"]) == keys(
        "object name currencies card_brands installment_terms"
        " loan_installment_terms banks provider"
    )
    assert methods["card"]["card_brands"][:2] == ["JCB", "Visa"]
    assert methods["installment_wlb_kbank"]["installment_terms"] == [3, 6, 10]
    assert methods["promptpay"]["currencies"] == ["THB"]


@pytest.mark.parametrize(
    ("country", "has", "lacks"),
    [
        ("TH", "promptpay", "paynow"),
        ("JP", "econtext", "promptpay"),
        ("SG", "paynow", "fpx"),
        ("MY", "fpx", "promptpay"),
    ],
)
def test_capability_is_that_of_the_country(rig, country, has, lacks):
    rig.set(country=country)
    methods = [
        each["name"] for each in rig.get("capability", PUBLIC_KEY)["payment_methods"]
    ]
    assert has in methods
    assert lacks not in methods
    assert methods[0] == "card"


@pytest.mark.parametrize("wrong", ["javascript:alert(1)", "/webhook", "ftp://a.test/"])
def test_webhooks_go_to_addresses_of_the_web_alone(rig, wrong, tmp_path):
    fine = "https://shop.test/webhook"
    assert rig.call("PATCH", "account", json={"webhook_uri": fine}).ok
    for method, path in (("PATCH", "account"), ("POST", "control/settings")):
        refused = rig.call(method, path, json={"webhook_uri": wrong})
        assert refused.status_code == 400
        assert refused.json()["message"] == "webhook_uri is invalid"
    assert rig.get("account")["webhook_uri"] == fine
    assert rig.call("PATCH", "account", json={"webhook_uri": ""}).ok
    assert rig.get("account")["webhook_uri"] is None


def test_mounted_sandbox_prefixes_every_location_and_address(tmp_path):
    app = sandbox.create_app(database=tmp_path / "deep" / "s.sqlite3")
    client = Client(DispatcherMiddleware(app, {"/sandbox": app}))
    auth = (sandbox.SECRET_KEY, "")
    sent = {"amount": 20000, "currency": "thb", "source": {"type": "promptpay"}}
    charge = client.post("/sandbox/charges", auth=auth, json=sent).json
    assert charge["location"] == f"/sandbox/charges/{charge['id']}"
    assert charge["refunds"]["location"].startswith("/sandbox/charges/")
    image = charge["source"]["scannable_code"]["image"]
    assert image["location"].startswith("/sandbox/charges/")
    assert image["download_uri"].startswith("http://localhost/sandbox/charges/")
    assert (
        client.get("/sandbox/events", auth=auth).json["location"] == "/sandbox/events"
    )
    app.extensions["sandbox"].close()


def test_given_base_url_rules_every_address(tmp_path):
    app = sandbox.create_app(
        database=tmp_path / "s.sqlite3", base_url="http://localhost:5000/sandbox/"
    )
    with app.app_context():
        assert addresses.path_of("/charges") == "/sandbox/charges"
        assert addresses.base_url() == "http://localhost:5000/sandbox/"
    app.extensions["sandbox"].close()


def test_unknown_country_is_refused_at_the_start(tmp_path):
    with pytest.raises(ValueError, match="no country 'XX'"):
        sandbox.create_app(database=tmp_path / "s.sqlite3", country="XX")


def test_database_may_come_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SANDBOX_DATABASE", str(tmp_path / "from-env.sqlite3"))
    sandbox.create_app().extensions["sandbox"].close()
    assert (tmp_path / "from-env.sqlite3").exists()


def test_keys_have_nineteen_digits_and_are_test_keys():
    for key, prefix in ((PUBLIC_KEY, "pkey_test_"), (sandbox.SECRET_KEY, "skey_test_")):
        assert key.startswith(prefix)
        assert len(key) == len(prefix) + 19
