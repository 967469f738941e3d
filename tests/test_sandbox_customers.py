"""Customers and the cards that they keep."""

import pytest
from sandbox_shapes import keys

from sandbox import PUBLIC_KEY as PUBLIC

pytest_plugins = ("sandbox_rig",)

# Copied from the recorded customer.
CUSTOMER = keys(
    "object id livemode location deleted metadata cards default_card"
    " linked_accounts description email created_at"
)


def test_customer_with_a_card_has_the_recorded_shape(rig):
    customer = rig.post(
        "customers",
        email="a@example.com",
        description="A",
        card=rig.token(),
        metadata={"a": 1},
    )
    assert list(customer) == CUSTOMER
    card = customer["cards"]["data"][0]
    assert customer["default_card"] == card["id"]
    assert card["location"] == f"/customers/{customer['id']}/cards/{card['id']}"
    assert customer["cards"]["location"] == f"/customers/{customer['id']}/cards"
    assert customer["metadata"] == {"a": 1}


def test_customer_uses_the_token_up(rig):
    token = rig.token()
    rig.post("customers", card=token)
    assert rig.get(f"tokens/{token}", PUBLIC)["used"] is True
    assert rig.post("customers", card=token)["code"] == "used_token"
    assert rig.get("customers")["total"] == 1


def test_sdk_walks_through_the_life_of_a_customer(sdk, rig):
    customer = sdk.Customer.create(email="a@example.com")
    assert (customer.default_card, len(customer.cards)) == (None, 0)
    customer.update(card=rig.token(), description="first card")
    first = customer.default_card
    customer.update(card=rig.token("5555555555554444"))
    assert (len(customer.cards), customer.default_card) == (2, first)
    second = customer.cards[1]
    customer.update(default_card=second.id)
    assert customer.default_card == second.id
    second.update(name="New Name", expiration_year=2040)
    assert (second.reload().name, second.expiration_year) == ("New Name", 2040)
    second.destroy()
    assert second.destroyed
    assert customer.reload().default_card is None
    assert [card.id for card in customer.cards] == [first]
    customer.destroy()
    assert customer.destroyed
    assert customer._attributes["cards"]["data"] == []
    with pytest.raises(sdk.errors.NotFoundError):
        sdk.Customer.retrieve(customer.id)


def test_sdk_lists_customers_page_by_page(sdk):
    made = [sdk.Customer.create(email=f"{n}@example.com").id for n in range(3)]
    listed = sdk.Customer.list()
    assert len(listed) == 3
    assert [customer.id for customer in listed] == made


def test_card_added_after_the_default_was_deleted_becomes_the_default(rig):
    customer = rig.post("customers", card=rig.token())
    path = f"customers/{customer['id']}"
    deleted = rig.call("DELETE", f"{path}/cards/{customer['default_card']}").json()
    assert (deleted["object"], deleted["deleted"]) == ("card", True)
    gone = customer["default_card"]
    assert rig.call("GET", f"{path}/cards/{gone}").status_code == 404
    assert rig.charge(customer=customer["id"], card=gone)["code"] == "not_found"
    added = rig.call("PATCH", path, json={"card": rig.token()}).json()
    assert added["default_card"] == added["cards"]["data"][0]["id"]


def test_charge_takes_the_default_card_or_the_one_named(rig):
    customer = rig.post("customers", card=rig.token())
    path = f"customers/{customer['id']}"
    more = rig.call("PATCH", path, json={"card": rig.token("5555555555554444")}).json()
    other = more["cards"]["data"][1]["id"]
    by_default = rig.charge(customer=customer["id"])
    named = rig.charge(customer=customer["id"], card=other)
    assert by_default["card"]["id"] == customer["default_card"]
    assert (named["card"]["id"], named["customer"]) == (other, customer["id"])
    assert named["card"]["location"] == f"/{path}/cards/{other}"
    assert rig.charge(customer=customer["id"])["status"] == "successful"


def test_nobody_is_charged_with_a_card_of_somebody_else(rig):
    one, two = (rig.post("customers", card=rig.token()) for _ in range(2))
    error = rig.charge(customer=one["id"], card=two["default_card"])
    assert error["message"] == f"card {two['default_card']} was not found"
    error = rig.charge(card=two["default_card"])
    assert error["message"] == f"token {two['default_card']} was not found"
    path = f"customers/{one['id']}/cards/{two['default_card']}"
    assert rig.call("DELETE", path).status_code == 404


def test_customer_who_is_missing_deleted_or_without_card_is_not_charged(rig):
    missing = rig.charge(customer="cust_test_missing")
    assert missing["message"] == "customer cust_test_missing was not found"
    customer = rig.post("customers")
    assert rig.charge(customer=customer["id"])["code"] == "missing_card"
    rig.call("DELETE", f"customers/{customer['id']}")
    assert rig.charge(customer=customer["id"])["code"] == "not_found"


def test_kept_card_is_not_changed_into_nonsense(rig):
    customer = rig.post("customers", card=rig.token())
    path = f"customers/{customer['id']}/cards/{customer['default_card']}"
    error = rig.call("PATCH", path, json={"expiration_month": 13}).json()
    assert error["code"] == "invalid_card"
    assert rig.get(path)["expiration_month"] == 12


def test_customers_and_cards_tell_of_their_moves(rig):
    customer = rig.post("customers")
    path = f"customers/{customer['id']}"
    rig.call("PATCH", path, json={"description": "x"})
    card = rig.call("PATCH", path, json={"card": rig.token()}).json()["default_card"]
    rig.call("PATCH", f"{path}/cards/{card}", json={"name": "B"})
    rig.call("DELETE", f"{path}/cards/{card}")
    rig.call("DELETE", path)
    assert [event["key"] for event in rig.get("events")["data"]] == [
        "customer.create",
        "customer.update",
        "customer.update.card",
        "card.update",
        "card.destroy",
        "customer.destroy",
    ]


def test_expand_puts_the_customer_into_the_charge(rig):
    customer = rig.post("customers", card=rig.token())
    charge = rig.charge(customer=customer["id"], expand="true")
    assert charge["customer"]["object"] == "customer"
    assert charge["transaction"]["object"] == "transaction"
    listed = rig.get("charges?expand=true")
    assert listed["data"][0]["customer"]["id"] == customer["id"]
