"""Reading is not writing: what the sandbox shows does not change what it knows."""

import pytest
from sandbox_surface import RETURN, Surface

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
