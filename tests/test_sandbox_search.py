"""Search, as the SDK asks for it and as recordings and openapi.yml shape it."""

import pytest
from sandbox_shapes import keys

pytest_plugins = ("sandbox_rig",)

SEARCH = keys(
    "object export data page per_page total total_pages filters location order query scope"
    " aggregate_level"
)
RETURN = "https://shop.test/orders/1/complete"


def found(rig, scope="charge", **asked):
    """Search and answer the ids that were found."""
    answer = rig.call("GET", "search", json={"scope": scope, **asked}).json()
    return [each["id"] for each in answer["data"]]


def test_sdk_finds_a_charge_by_the_order_in_its_metadata(sdk, rig):
    rig.promptpay(metadata={"order_id": "another"})
    mine = rig.promptpay(metadata={"cart": {"lines": ["tea-77"]}})
    search = sdk.Search.execute("charge", query="TEA-77")
    assert [charge.id for charge in search] == [mine["id"]]
    assert (search.scope, search.query, search.total) == ("charge", "TEA-77", 1)
    assert isinstance(search[0], sdk.Charge)


def test_search_is_wrapped_in_the_known_fields(rig):
    made = rig.promptpay(description="Green tea")
    answer = rig.get("search?scope=charge&query=green&filters[status]=pending")
    assert list(answer) == SEARCH
    (charge,) = answer.pop("data")
    assert (charge["id"], list(charge)) == (made["id"], list(made))
    assert answer == {
        "object": "search",
        "export": None,
        "page": 1,
        "per_page": 30,
        "total": 1,
        "total_pages": 1,
        "filters": {"status": "pending"},
        "location": "/search",
        "order": "chronological",
        "query": "green",
        "scope": "charge",
        "aggregate_level": None,
    }


def test_search_of_the_older_version_has_the_fields_of_its_time(rig):
    rig.promptpay()
    old = rig.get("search?scope=charge", headers={"Omise-Version": "2017-11-02"})
    assert list(old) == keys(
        "object order scope query filters page per_page location total_pages total data"
    )
    assert old["data"][0]["currency"] == "thb"


def test_pages_are_cut_in_either_order(rig):
    made = [rig.promptpay()["id"] for _ in range(3)]
    assert found(rig) == made
    assert found(rig, per_page=2, page=2) == made[2:]
    assert found(rig, order="reverse_chronological", per_page=2) == made[:0:-1]
    assert found(rig, page=4) == []
    answer = rig.get("search/?scope=charge&per_page=2")
    assert (answer["total"], answer["total_pages"], answer["per_page"]) == (3, 2, 2)
    assert rig.get("search?scope=charge&per_page=5000")["per_page"] == 100


def test_every_word_must_be_there_but_nothing_else_of_the_books_is_searched(rig):
    charge = rig.charge(description="Ölong tea, 100%")
    assert found(rig, query="tea ölong") == [charge["id"]]
    assert found(rig, query="100% 4242") == [charge["id"]]
    assert found(rig, query=charge["id"]) == [charge["id"]]
    assert found(rig, query="tea coffee") == found(rig, query="a_b") == []
    assert found(rig, query="pending") == found(rig, query="fee_rate") == []


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"amount": "1000"}, "card"),
        ({"amount": "999.99..1000.01"}, "card"),
        ({"amount": "..50"}, "qr"),
        ({"amount": "50.."}, "qr card refunded"),
        ({"status": "successful", "refunded": "no"}, "card"),
        ({"refund_amount": "100..200"}, "refunded"),
        ({"captured": "true"}, "card refunded"),
        ({"captured": "no"}, "qr"),
        ({"source_type": "promptpay"}, "qr"),
        ({"source_of_fund": "offline"}, "qr"),
        ({"source_of_fund": "card"}, "card refunded"),
        ({"card_last_digits": "4242", "currency": "thb"}, "card refunded"),
        ({"created": "2020-01-01"}, ""),
        ({"created": "2020-01-01..2090-01-01"}, "qr card refunded"),
        ({"disputed": "yes"}, ""),
    ],
)
def test_charges_are_filtered(rig, wanted, names):
    ids = {
        "qr": rig.promptpay(amount=5000)["id"],
        "card": rig.charge(100000)["id"],
        "refunded": rig.charge(30000)["id"],
    }
    rig.post(f"charges/{ids['refunded']}/refunds", amount=10000)
    assert found(rig, filters=wanted) == [ids[name] for name in names.split()]


def test_a_day_is_a_whole_day_in_a_filter(rig):
    charge = rig.promptpay()
    day = charge["created_at"][:10]
    assert found(rig, filters={"created": day}) == [charge["id"]]
    assert found(rig, filters={"created": charge["created_at"]}) == [charge["id"]]
    assert found(rig, filters={"created": f"{day}T00:00:00Z..{day}"}) == [charge["id"]]


def test_amounts_without_decimals_are_their_own_main_units(rig):
    rig.set(country="JP")
    charge = rig.charge(1000, "JPY")
    assert found(rig, filters={"amount": "1000"}) == [charge["id"]]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"scope": "galaxy"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": ["charge"]}, "invalid_scope"),
        ({"page": 0}, "invalid_page"),
        ({"page": "x"}, "invalid_page"),
        ({"per_page": -1}, "invalid_page"),
        ({"filters": "x"}, "invalid_filters"),
        ({"filters": {"colour": "red"}}, "invalid_filters"),
        ({"filters": {"amount": "much"}}, "invalid_filters"),
        ({"filters": {"amount": "nan"}}, "invalid_filters"),
        ({"filters": {"amount": ".."}}, "invalid_filters"),
        ({"filters": {"captured": "perhaps"}}, "invalid_filters"),
        ({"filters": {"created": "yesterday"}}, "invalid_filters"),
    ],
)
def test_what_cannot_be_searched_is_refused(rig, asked, code):
    answer = rig.call("GET", "search", json={"scope": "charge", **asked})
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_sdk_searches_every_scope(sdk, rig):
    card = rig.token()
    customer = rig.post("customers", email="ann@example.com", card=card)
    charge = rig.charge(50000)
    refund = rig.post(f"charges/{charge['id']}/refunds", amount=20000)
    dispute = rig.post(f"charges/{charge['id']}/disputes")
    recipient = sdk.Recipient.create(
        name="Somchai",
        type="individual",
        email="s@example.com",
        bank_account={"brand": "bbl", "number": "1234567890", "name": "SOMCHAI"},
    )
    link = sdk.Link.create(amount=5000, currency="thb", title="Tea", description="x")
    rig.charge(20000)
    transfer = sdk.Transfer.create(amount=10000, recipient=recipient.id)
    schedule = sdk.Schedule.create(
        every=1,
        period="day",
        end_date="2090-01-01",
        charge={"customer": customer["id"], "amount": 5000},
    )
    for scope, query, filters, wanted in (
        ("customer", "ann@example.com", {"created": "2020-01-01.."}, customer["id"]),
        ("charge", charge["id"], {"disputed": "true"}, charge["id"]),
        ("refund", charge["id"], {"card_last_digits": "4242"}, refund["id"]),
        ("dispute", dispute["id"], {"card_last_digits": "4242"}, dispute["id"]),
        ("recipient", "7890", {"type": "individual"}, recipient.id),
        ("link", "tea", {"used": "false", "amount": "50"}, link.id),
        ("transfer", recipient.id, {"sent": "false", "fee": "28.04"}, transfer.id),
        ("charge_schedule", customer["id"], {"active": "true"}, schedule.id),
        ("transaction", charge["id"], {}, charge["transaction"]),
        ("event", "recipient.create", {}, rig.get("events?limit=99")["data"][4]["id"]),
    ):
        search = sdk.Search.execute(scope, query=query, filters=filters)
        assert (search.scope, [each.id for each in search]) == (scope, [wanted])
    for scope in ("audit", "linked_account", "log_entry", "receipt", "sub_merchant"):
        assert sdk.Search.execute(scope).total == 0
    assert sdk.Search.execute("transfer_schedule").total == 0


def test_deleted_things_are_found_only_when_asked_for(rig):
    customer = rig.post("customers", description="gone")
    rig.call("DELETE", f"customers/{customer['id']}")
    assert found(rig, "customer", query="gone") == []
    bank = {"brand": "bbl", "number": "123", "name": "S"}
    made = rig.post("recipients", name="gone", type="individual", bank_account=bank)
    rig.call("DELETE", f"recipients/{made['id']}")
    assert found(rig, "recipient", query="gone") == []
    assert found(rig, "recipient", filters={"deleted": "true"}) == [made["id"]]


@pytest.mark.parametrize(
    "path",
    [
        *("charges", "customers", "disputes", "links", "recipients", "refunds"),
        *("transfers", "charges/schedules", "transfers/schedules", "audits"),
        *("linked_accounts", "sub_merchants", "receipts", "receipts/receipts"),
    ],
)
def test_every_short_form_of_openapi_is_answered(rig, path):
    answer = rig.get(f"{path}/search?page=1")
    assert answer["object"] == "search"
    assert answer["scope"].split("_")[0] in path


def test_whole_objects_replace_ids_when_asked_to_expand(rig):
    customer = rig.post("customers", card=rig.token())
    rig.charge(customer=customer["id"])
    answer = rig.get("search?scope=charge&expand=true")
    assert answer["data"][0]["customer"]["object"] == "customer"
    assert answer["data"][0]["transaction"]["object"] == "transaction"


def test_search_needs_the_secret_key(rig):
    assert rig.call("GET", "search?scope=charge", key="pkey_test_x").status_code == 401
