"""Reading is not writing: what the sandbox shows does not change what it knows."""

import pytest
from sandbox_surface import LINK, RETURN, Surface

from sandbox import PUBLIC_KEY, SECRET_KEY

pytest_plugins = ("sandbox_rig",)

DAY = 24 * 60 * 60


def kept(rig):
    return rig.books.query("SELECT * FROM objects ORDER BY seq")


@pytest.fixture
def overdue(rig):
    """Leave a card that its bank was never asked about, and a code that nobody scanned."""
    token = rig.token()
    rig.set(three_d_secure=True)
    asked = rig.charge(card=token, return_uri=RETURN)
    shown = rig.promptpay()
    rig.set(clock_offset=30 * DAY)
    return {
        f"tokens/{token}": asked,
        f"sources/{shown['source']['id']}": shown,
    }


def test_token_and_source_tell_that_time_is_up_and_write_nothing(rig, overdue):
    before = kept(rig)
    for path in overdue:
        assert rig.get(path, PUBLIC_KEY)["charge_status"] == "expired"
    assert kept(rig) == before


def test_charge_expires_when_it_is_read_itself(rig, overdue):
    for charge in overdue.values():
        assert rig.get(f"charges/{charge['id']}")["status"] == "expired"
        assert rig.events(charge) == ["charge.create", "charge.expire"]


def test_charges_expire_before_they_are_read_inside_a_link(rig):
    link = rig.post("links", **LINK)
    code = link["payment_uri"].rpartition("/")[2]
    source = rig.post("sources", amount=20000, currency="THB", type="promptpay")
    for path in (f"links/{link['id']}", "links", f"links/{link['id']}/charges"):
        rig.set(clock_offset=0)
        rig.call("POST", f"links/pay/{code}", data={"omiseSource": source["id"]})
        rig.set(clock_offset=30 * DAY)
        shown = rig.get(path)
        charges = shown["data"] if "data" in shown else shown["charges"]["data"]
        if path == "links":
            charges = charges[0]["charges"]["data"]
        assert charges[-1]["status"] == "expired", path
        source = rig.post("sources", amount=20000, currency="THB", type="promptpay")


def test_charges_expire_before_they_stand_for_their_ids(rig):
    """No object names an overdue charge by its id alone today, so one is made to."""
    waiting, paid = rig.promptpay(), rig.charge()
    refund = rig.post(f"charges/{paid['id']}/refunds", amount=100)["id"]
    facts = rig.books.find("refund", refund)
    rig.books.save({**facts, "charge": waiting["id"]}, status="active")
    rig.set(clock_offset=DAY)
    shown = rig.get(f"charges/{paid['id']}/refunds?expand=true")["data"][0]
    assert shown["charge"]["status"] == "expired"


def test_every_overdue_charge_expires_before_a_list_is_read(rig):
    charge = rig.promptpay()
    facts = rig.books.find("charge", charge["id"])
    with rig.books.change():
        for number in range(1, 1202):
            more = {"id": f"chrg_test_{number:019}", "payment": f"pay2_test_{number}"}
            rig.books.add(
                "charge", {**facts, **more}, status="pending", due=facts["expires_at"]
            )
    rig.set(clock_offset=2 * DAY)
    assert rig.get("charges?limit=1")["total"] == 1202
    by_status = rig.get("control/books")["by_status"]
    assert {name: each["count"] for name, each in by_status.items()} == {
        "expired": 1202
    }


def test_no_look_at_anything_changes_what_is_kept(rig):
    for make in Surface(rig).make.values():
        make()
    waiting = rig.promptpay()
    # Receipts are issued when someone asks, which is a step of its own.
    assert rig.get("receipts")["total"]
    rig.delivered()
    before, looks = kept(rig), 0
    for kind, identifier in rig.books.query("SELECT kind, id FROM objects"):
        key = PUBLIC_KEY if kind == "token" else SECRET_KEY
        for path in (f"{kind}s", f"{kind}s/{identifier}", f"search?scope={kind}"):
            for version in ("2017-11-02", "2019-05-29"):
                sent = {"headers": {"Omise-Version": version}, "json": {"expand": True}}
                looks += rig.call("GET", path, key, **sent).status_code == 200
    pages = ("dashboard/", "dashboard/events", f"dashboard/charges/{waiting['id']}")
    for path in ("account", "balance", "capability", *pages):
        looks += rig.call("GET", path).status_code == 200
    assert looks > 200
    assert kept(rig) == before


def test_head_is_answered_wherever_get_is(rig):
    charge = rig.charge()
    for path in ("charges", f"charges/{charge['id']}", "links", "balance"):
        assert rig.call("HEAD", path).status_code == 200
