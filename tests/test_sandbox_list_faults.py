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


@VERSIONS
def test_a_page_may_be_shorter_than_asked_for(rig, breaks, asked, version):
    made = [rig.promptpay()["id"] for _ in range(5)]
    breaks("short_page", path="/charges", rows=2, times=0)
    first = asked(version, "charges?limit=4")
    assert (ids(first), first["limit"], first["total"]) == (made[:2], 4, 5)
    # Whoever steps by the limit misses some, whoever steps by what came misses none.
    assert ids(asked(version, "charges?limit=4&offset=4")) == made[4:]
    assert ids(asked(version, "charges?limit=4&offset=2")) == made[2:4]
    rig.call("DELETE", "control/faults")
    breaks("short_page", rows=0)
    empty = asked(version, "charges")
    assert (empty["data"], empty["total"]) == ([], 5)


@VERSIONS
@pytest.mark.parametrize(
    ("how", "total"), [("low", 2), ("text", "5"), ("null", None), ("missing", "gone")]
)
def test_a_total_may_be_wrong(rig, breaks, asked, version, how, total):
    for _ in range(5):
        rig.promptpay()
    breaks("wrong_total", path="/charges", total=how)
    listed = asked(version, "charges?limit=2")
    assert listed.get("total", "gone") == total
    assert len(listed["data"]) == 2


def test_a_low_total_is_below_the_true_one_even_on_the_last_page(rig, breaks, asked):
    for _ in range(3):
        rig.promptpay()
    breaks("wrong_total", times=0)
    assert asked("2019-05-29", "charges")["total"] == 2
    assert asked("2019-05-29", "charges?offset=2")["total"] == 2
    rig.post("control/reset")
    breaks("wrong_total", times=0)
    assert asked("2019-05-29", "charges")["total"] == 0
    assert "total" not in asked("2019-05-29", "account")


@VERSIONS
@pytest.mark.parametrize(
    "metadata", [None, "text", 7, 1.5, True, [], [{"order_id": "1"}], {"order_id": []}]
)
def test_a_row_may_carry_what_nobody_set(rig, breaks, asked, version, metadata):
    made = [rig.promptpay(metadata={"order_id": "1"})["id"] for _ in range(3)]
    breaks("poisoned_row", path="/charges", metadata=metadata, row=1)
    listed = asked(version, "charges")
    assert ids(listed) == made
    assert [one["metadata"] for one in listed["data"]] == [
        *({"order_id": "1"}, metadata, {"order_id": "1"}),
    ]
    assert asked(version, f"charges/{made[1]}")["metadata"] == {"order_id": "1"}


def test_no_row_is_poisoned_where_there_is_none(rig, breaks, asked):
    breaks("poisoned_row", row=5, times=0)
    assert asked("2019-05-29", "charges")["data"] == []
    assert asked("2019-05-29", "balance")["object"] == "balance"


@VERSIONS
def test_a_refund_may_be_made_and_not_be_read(rig, breaks, version):
    spoken = {"headers": {"Omise-Version": version}}
    charge, other = rig.charge()["id"], rig.charge()["id"]
    path = f"charges/{charge}/refunds"
    breaks("unreadable", method="POST", path="/charges/.*/refunds", reads=3)
    made = rig.call("POST", path, json={"amount": 100}, **spoken).json()
    assert (made["object"], made["amount"]) == ("refund", 100)
    for asked in (path, f"charges/{charge}", f"{path}/{made['id']}"):
        refused = rig.call("GET", asked, **spoken)
        assert refused.status_code == 403
        assert refused.json()["code"] == "not_authorized"
        assert rig.call("GET", f"charges/{other}", **spoken).ok
    assert rig.call("GET", f"{path}/{made['id']}", **spoken).ok
    assert rig.get("refunds")["total"] == 1


@VERSIONS
def test_a_refused_refund_stays_readable(rig, breaks, version):
    charge = rig.charge()["id"]
    breaks("unreadable", method="POST")
    spoken = {"headers": {"Omise-Version": version}, "json": {"amount": 10**9}}
    assert rig.call("POST", f"charges/{charge}/refunds", **spoken).status_code == 400
    assert rig.get(f"charges/{charge}")["id"] == charge


def test_how_reads_are_refused_can_be_said(sdk, rig, breaks):
    """The official client reads the charge again by itself after a refund."""
    charge = sdk.Charge.retrieve(rig.charge()["id"])
    said = {"status": 404, "code": "not_found"}
    breaks("unreadable", method="POST", path=".*/refunds", **said)
    with pytest.raises(sdk.errors.NotFoundError):
        charge.refund(amount=100)
    assert sdk.Charge.retrieve(charge.id).refunded_amount == 100


@pytest.mark.parametrize(
    ("fault", "wrong"),
    [
        ("short_page", {"rows": 101}),
        ("wrong_total", {"total": "high"}),
        ("poisoned_row", {"row": -1}),
        ("unreadable", {"reads": "x"}),
        ("unreadable", {"body": "object"}),
        ("interim", {"statuses": [101]}),
        ("interim", {"statuses": [200]}),
        ("interim", {"statuses": []}),
        ("interim", {"statuses": 103}),
        ("swapped", {"of": ""}),
        ("lag", {"rows": 1}),
    ],
)
def test_a_rule_that_means_nothing_is_refused(rig, fault, wrong):
    refused = rig.call("POST", "control/faults", json={"fault": fault, **wrong})
    assert refused.status_code == 400
    assert rig.get("control/faults")["data"] == []
