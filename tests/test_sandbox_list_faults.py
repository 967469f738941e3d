"""Lists and searches of the sandbox mislead when told to, in both versions of the API."""

import pytest

pytest_plugins = ("sandbox_rig",)

DAY = 24 * 60 * 60
VERSIONS = pytest.mark.parametrize("version", ["2019-05-29", "2017-11-02"])


@pytest.fixture
def breaks(rig):
    """Set rules of the fault plan, and forget them when the test ends."""

    def set_rule(fault, **rule):
        answer = rig.call("POST", "control/faults", json={"fault": fault, **rule})
        assert answer.ok, answer.text
        return answer.json()["id"]

    yield set_rule
    rig.call("DELETE", "control/faults")


@pytest.fixture
def asked(rig):
    """Ask in a version."""

    def ask(version, path):
        answer = rig.call("GET", path, headers={"Omise-Version": version})
        assert answer.ok, answer.text
        return answer.json()

    return ask


def ids(listed):
    return [one["id"] for one in listed["data"]]


@VERSIONS
@pytest.mark.parametrize("seconds", [11 * 60, 2 * DAY, 30 * DAY])
def test_a_list_may_not_know_of_what_is_young(rig, breaks, asked, version, seconds):
    old = [rig.promptpay()["id"] for _ in range(3)]
    rig.set(clock_offset=seconds + 5)
    young = rig.promptpay()["id"]
    breaks("lag", method="GET", path="/charges", seconds=seconds, times=0)
    listed = asked(version, "charges")
    assert (ids(listed), listed["total"]) == (old, 3)
    # Its pages are whole, and its total tells of no more than it knows.
    newest = asked(version, "charges?limit=2&order=reverse_chronological")
    assert (ids(newest), newest["total"]) == ([old[2], old[1]], 3)
    window = asked(version, "charges?from=2020-01-01&to=2090-01-01")
    assert (ids(window), window["to"]) == (old, "2090-01-01T00:00:00Z")
    # A charge is there for whoever knows its id.
    assert asked(version, f"charges/{young}")["id"] == young
    assert asked(version, "events?limit=100")["total"] >= 4
    rig.set(clock_offset=2 * seconds + 10)
    assert asked(version, "charges")["total"] == 4


def test_a_list_lags_by_a_month_at_most(rig):
    asked = {"fault": "lag", "seconds": 31 * DAY}
    refused = rig.call("POST", "control/faults", json=asked)
    assert "at most 2592000 seconds" in refused.json()["message"]


@VERSIONS
def test_a_list_that_knows_of_nothing_is_empty(rig, breaks, asked, version):
    rig.promptpay()
    breaks("lag", seconds=30 * DAY, times=0)
    listed = asked(version, "charges")
    assert (listed["data"], listed["total"]) == ([], 0)


@VERSIONS
@pytest.mark.parametrize("scope", ["charge", "refund", "customer"])
def test_search_may_not_know_of_what_is_young(rig, breaks, asked, version, scope):
    def make():
        charge = rig.charge(metadata={"order_id": "order-7"})
        refund = rig.post(f"charges/{charge['id']}/refunds", amount=100)
        customer = rig.post("customers", description="order-7")
        return {"charge": charge, "refund": refund, "customer": customer}[scope]["id"]

    old = make()
    rig.set(clock_offset=2 * DAY)
    young = make()
    breaks("lag", path=".*search", seconds=DAY, times=2)
    for path in (f"search?scope={scope}", f"{scope}s/search"):
        found = asked(version, path)
        assert (ids(found), found["total"], found["total_pages"]) == ([old], 1, 1)
    assert ids(asked(version, f"search?scope={scope}")) == [old, young]
