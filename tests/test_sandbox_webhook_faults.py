"""Webhooks that are lost, early, late, many, reversed, old, badly signed or lying."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from rig import eventually

from sandbox import WEBHOOK_SECRET
from webhook.signature import TOLERANCE, SignatureRefused, verify

pytest_plugins = ("sandbox_rig",)


def breaks(rig, fault="webhook", **rule):
    """Set a rule of the fault plan; gives its id."""
    asked = {"fault": fault, **rule}
    return rig.call("POST", "control/faults", json=asked).json()["id"]


def bodies(receiver):
    """Give what arrived, as JSON."""
    return [json.loads(body) for _, _, body in receiver.arrived]


def believe(arrived, secret=WEBHOOK_SECRET, now=None):
    """Check one delivery as the shop does; raises SignatureRefused."""
    _, headers, body = arrived
    stamp, signed = headers["Omise-Signature-Timestamp"], headers["Omise-Signature"]
    verify(body, stamp, signed, [secret], now or time.time())


def test_a_dropped_event_is_written_down_and_never_comes(rig, receiver):
    rule = breaks(rig, drop=True)
    lost = rig.charge()
    told = rig.charge()
    rig.delivered()
    assert [body["data"]["id"] for body in bodies(receiver)] == [told["id"]]
    assert rig.events(lost) == ["charge.create"]
    assert rig.get(f"control/faults/{rule}")["state"] == "done"


def test_an_early_event_was_answered_before_the_charge_is(rig, receiver):
    breaks(rig, early=True)
    receiver.gate.clear()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(rig.charge)
        eventually(lambda: receiver.arrived)
        assert not answer.done()
        receiver.gate.set()
        assert answer.result(60)["id"] == bodies(receiver)[0]["data"]["id"]
    believe(receiver.arrived[0])
    rig.delivered()
    assert len(receiver.arrived) == 1


def test_without_a_fault_the_charge_is_answered_first(rig, receiver):
    receiver.gate.clear()
    charge = rig.charge()
    receiver.gate.set()
    rig.delivered()
    assert bodies(receiver)[0]["data"]["id"] == charge["id"]


def test_an_event_comes_while_the_reply_is_held(rig, receiver):
    rule = breaks(rig, "hold_after", path="/charges")
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(rig.charge)
        eventually(lambda: receiver.arrived)
        assert not answer.done()
        rig.post(f"control/faults/{rule}/release")
        assert answer.result(60)["id"] == bodies(receiver)[0]["data"]["id"]


@pytest.mark.parametrize("fault", ["reset_after", "close_after", "half_body"])
def test_the_events_of_a_lost_answer_come_all_the_same(rig, receiver, fault):
    breaks(rig, fault, path="/charges")
    token = rig.token()
    with pytest.raises(requests.RequestException):
        rig.charge(card=token)
    eventually(lambda: receiver.arrived)
    assert bodies(receiver)[0]["key"] == "charge.create"


def test_an_event_comes_so_often(rig, receiver):
    breaks(rig, copies=3)
    rig.charge()
    rig.delivered()
    assert len(receiver.arrived) == 3
    assert len({body["id"] for body in bodies(receiver)}) == 1


def test_a_delayed_event_comes_later_than_those_after_it(rig, receiver):
    breaks(rig, delay=0.5)
    began = time.monotonic()
    late, soon = rig.charge(), rig.charge()
    rig.delivered()
    assert time.monotonic() - began >= 0.5
    assert [body["data"]["id"] for body in bodies(receiver)] == [soon["id"], late["id"]]


def test_events_are_held_back_until_enough_wait_and_then_come_newest_first(
    rig, receiver
):
    rule = breaks(rig, hold_back=3)
    first, second = rig.charge(), rig.charge()
    rig.delivered()
    assert receiver.arrived == []
    third, fourth = rig.charge(), rig.charge()
    rig.delivered()
    came = [body["data"]["id"] for body in bodies(receiver)]
    assert came == [each["id"] for each in (third, second, first, fourth)]
    assert rig.get(f"control/faults/{rule}")["met"] == 3


@pytest.mark.parametrize("way", ["release", "clear"])
def test_events_that_are_held_back_leave_when_they_are_let_go(rig, receiver, way):
    rule = breaks(rig, hold_back=5)
    first, second = rig.charge(), rig.charge()
    rig.delivered()
    if way == "release":
        rig.post(f"control/faults/{rule}/release")
    else:
        rig.call("DELETE", "control/faults")
    rig.delivered()
    came = [body["data"]["id"] for body in bodies(receiver)]
    assert came == [second["id"], first["id"]]


def test_events_that_are_held_back_are_forgotten_with_the_books(rig, receiver, caplog):
    breaks(rig, hold_back=5)
    rig.charge()
    rig.delivered()  # its letter is kept back by now, not on its way there
    rig.post("control/reset")
    rig.call("DELETE", "control/faults")
    rig.delivered()
    assert receiver.arrived == []
    assert "was not delivered" not in caplog.text


def test_an_old_event_is_truly_signed_for_its_time(rig, receiver):
    breaks(rig, age=TOLERANCE + 100)
    rig.charge()
    rig.delivered()
    with pytest.raises(SignatureRefused, match="too far"):
        believe(receiver.arrived[0])
    believe(receiver.arrived[0], now=time.time() - TOLERANCE - 100)


def test_an_event_is_signed_with_a_foreign_secret(rig, receiver):
    foreign = "c29tZWJvZHktZWxzZQ=="
    breaks(rig, secret=foreign)
    rig.charge()
    rig.delivered()
    with pytest.raises(SignatureRefused, match="no signature matches"):
        believe(receiver.arrived[0])
    believe(receiver.arrived[0], secret=foreign)


def test_an_event_lies_and_is_truly_signed(rig, receiver):
    breaks(rig, set={"data.paid": True, "data.metadata.order_id": "another"})
    charge = rig.promptpay()
    rig.delivered()
    believe(receiver.arrived[0])
    (told,) = bodies(receiver)
    assert told["data"]["paid"] is True
    assert told["data"]["metadata"] == {"order_id": "another"}
    assert rig.get(f"charges/{charge['id']}")["paid"] is False
    assert rig.get(f"events/{told['id']}")["data"]["paid"] is False


def test_an_event_comes_in_an_older_version(rig, receiver):
    breaks(rig, api_version="2017-11-02")
    charge = rig.charge()
    rig.charge()
    rig.delivered()
    believe(receiver.arrived[0])
    old, new = bodies(receiver)
    assert old["data"]["id"] == charge["id"]
    assert old["data"].keys() != new["data"].keys()


def test_a_rule_is_about_a_key(rig, receiver):
    breaks(rig, drop=True, key="charge.complete", times=0)
    charge = rig.promptpay()
    rig.post(f"control/charges/{charge['id']}/pay")
    rig.delivered()
    assert [body["key"] for body in bodies(receiver)] == ["charge.create"]


def test_a_rule_is_about_an_order_and_its_refunds(rig, receiver):
    breaks(rig, drop=True, about="ชา-1", times=0)
    ours = rig.charge(metadata={"order_id": "ชา-1"})
    rig.post(f"charges/{ours['id']}/refunds", amount=5000)
    other = rig.charge(metadata={"order_id": "ชา-2"})
    rig.delivered()
    assert len(rig.events(ours)) == 2
    assert [body["data"]["id"] for body in bodies(receiver)] == [other["id"]]


def test_a_rule_lets_some_events_pass(rig, receiver):
    rule = breaks(rig, drop=True, skip=1, times=1)
    first, second, third = (rig.charge()["id"] for _ in range(3))
    rig.delivered()
    assert [body["data"]["id"] for body in bodies(receiver)] == [first, third]
    assert rig.get(f"control/faults/{rule}")["met"] == 1


def test_events_made_at_once_each_come_once(rig, receiver):
    start = threading.Barrier(12)

    def one(_):
        start.wait(60)
        return rig.promptpay()["id"]

    with ThreadPoolExecutor(12) as pool:
        made = list(pool.map(one, range(12)))
    rig.delivered()
    assert sorted(body["data"]["id"] for body in bodies(receiver)) == sorted(made)
