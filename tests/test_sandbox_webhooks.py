"""Events are written down and delivered as signed webhooks, after the response."""

import json
import socket
import struct
from urllib.parse import urlsplit

import pytest
from sandbox_shapes import keys

from sandbox import WEBHOOK_SECRET
from sandbox.books import rows
from sandbox.draw.pretty import pretty
from sandbox.kinds import charge as charges
from sandbox.webhooks import sending, signing

pytest_plugins = ("sandbox_rig",)

# Copied from the recorded event.
EVENT = keys("object id livemode location webhook_deliveries data key created_at")
DELIVERY = ["object", "id", "uri", "status", "key", "error", "payload", "created_at"]


def only_event(rig, charge):
    """Fetch the single event of a charge."""
    (event,) = rig.get(f"charges/{charge['id']}/events")["data"]
    return event


def test_signature_matches_the_published_vector():
    signature = signing.signature("c2FuZGJveC1zZWNyZXQ=", "1735689600", b'{"a":1}')
    assert (
        signature == "cf9181b0e59a0d4945ce66b18eb01e281cc18eaa6bd287ef473585ea27353207"
    )


def test_event_has_the_recorded_shape(rig):
    event = only_event(rig, rig.charge())
    assert list(event) == EVENT
    assert event["key"] == "charge.create"
    assert event["location"] == f"/events/{event['id']}"
    assert event["data"]["status"] == "successful"
    assert rig.get(f"events/{event['id']}") == event


def test_webhook_is_pretty_signed_and_written_down(rig, receiver):
    charge = rig.charge(description="ชา")
    rig.delivered()
    ((path, headers, body),) = receiver.arrived
    assert path == "/webhook"
    stamp = headers["Omise-Signature-Timestamp"]
    assert headers["Omise-Signature"] == signing.signature(WEBHOOK_SECRET, stamp, body)
    sent = json.loads(body)
    assert sent["data"]["id"] == charge["id"]
    assert sent["webhook_deliveries"] == []
    assert body.decode() == pretty(sent)
    event = only_event(rig, charge)
    (delivery,) = event["webhook_deliveries"]
    assert list(delivery) == DELIVERY
    assert (delivery["uri"], delivery["status"]) == (receiver.url, 200)
    assert (delivery["key"], delivery["error"]) == ("charge.create", None)
    assert delivery["payload"].encode() == body
    assert delivery["created_at"].endswith(" UTC")


def test_webhook_leaves_after_the_response(rig, receiver):
    receiver.gate.clear()
    charge = rig.charge()
    assert charge["status"] == "successful"
    receiver.gate.set()
    rig.delivered()
    assert len(receiver.arrived) == 1


def test_response_is_closed_before_the_postman_sets_off(rig, receiver):
    client = rig.app.test_client()
    charge = rig.promptpay()
    rig.delivered()
    response = client.post(f"/control/charges/{charge['id']}/pay", buffered=False)
    assert not rig.app.extensions["sandbox_postman"].rest(at_most=0.1)
    assert len(receiver.arrived) == 1
    response.close()
    rig.delivered()
    assert len(receiver.arrived) == 2


def test_caller_who_hangs_up_does_not_keep_the_webhook_from_leaving(rig, receiver):
    charges = [rig.promptpay() for _ in range(5)]
    rig.delivered()
    for charge in charges:
        line = socket.create_connection(("127.0.0.1", urlsplit(rig.url).port))
        path = f"/control/charges/{charge['id']}/pay"
        line.sendall(f"POST {path} HTTP/1.0\r\nContent-Length: 0\r\n\r\n".encode())
        line.recv(1)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.close()
    rig.delivered()
    assert len(receiver.arrived) == 10


def test_during_a_rotation_both_secrets_sign(rig, receiver):
    rig.set(webhook_previous_secret="b2xk")
    rig.charge()
    rig.delivered()
    ((_, headers, body),) = receiver.arrived
    stamp = headers["Omise-Signature-Timestamp"]
    expected = [
        signing.signature(secret, stamp, body) for secret in (WEBHOOK_SECRET, "b2xk")
    ]
    assert headers["Omise-Signature"].split(",") == expected


def test_secret_that_could_not_sign_is_refused(rig):
    answer = rig.call(
        "POST", "control/settings", json={"webhook_secret": "not base64!"}
    )
    assert answer.status_code == 400
    assert rig.get("control/settings")["webhook_secret"] == WEBHOOK_SECRET


def test_redirects_are_not_followed_and_answers_are_written_down(rig, receiver):
    receiver.answer = 302
    charge = rig.charge()
    rig.delivered()
    assert len(receiver.arrived) == 1
    assert only_event(rig, charge)["webhook_deliveries"][0]["status"] == 302


def test_unreachable_endpoint_is_written_down_as_an_error(rig):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        rig.set(webhook_uri=f"http://127.0.0.1:{unused.getsockname()[1]}/")
        charge = rig.charge()
        rig.delivered()
    (delivery,) = only_event(rig, charge)["webhook_deliveries"]
    assert (delivery["status"], delivery["error"]) == (None, "ConnectionError")


def test_silent_endpoint_is_given_up_on(rig, receiver, monkeypatch):
    monkeypatch.setattr(sending, "PATIENCE", 0.2)
    receiver.gate.clear()
    charge = rig.charge()
    rig.delivered()
    receiver.gate.set()
    assert only_event(rig, charge)["webhook_deliveries"][0]["error"] == "ReadTimeout"


@pytest.mark.parametrize(
    "uri", ["nonsense", "http://[", "ftp://127.0.0.1/", f"http://{64 * 'a'}.test/"]
)
def test_nonsense_endpoint_does_not_stop_the_postman(rig, receiver, uri):
    rig.charge(webhook_endpoints=[uri])
    rig.delivered()
    rig.charge()
    rig.delivered()
    assert len(receiver.arrived) == 1


def test_charge_s_own_endpoints_hear_instead_of_the_account_s(rig, receiver):
    own = [receiver.url + "/one", receiver.url + "/two"]
    rig.charge(webhook_endpoints=own)
    rig.delivered()
    assert [path for path, _, _ in receiver.arrived] == ["/webhook/one", "/webhook/two"]
    assert rig.charge(webhook_endpoints=[*own, "x"])["code"] == "bad_request"


def test_event_is_delivered_again_on_demand(rig, receiver):
    event = only_event(rig, rig.charge())
    rig.post(f"control/events/{event['id']}/deliver")
    rig.delivered()
    first, second = receiver.arrived
    assert first[2] == second[2]
    assert len(rig.get(f"events/{event['id']}")["webhook_deliveries"]) == 2
    assert rig.post("control/events/evnt_test_x/deliver")["code"] == "not_found"


def test_event_shows_the_charge_as_it_was_then(rig):
    charge = rig.promptpay()
    rig.post(f"control/charges/{charge['id']}/pay")
    created, completed = rig.get(f"charges/{charge['id']}/events")["data"]
    assert created["data"]["status"] == "pending"
    assert completed["data"]["status"] == "successful"


def test_events_keep_the_account_s_version_whatever_the_header_says(rig, receiver):
    rig.set(api_version="2017-11-02")
    charge = rig.call(
        "POST",
        "charges",
        json={"amount": 20000, "currency": "thb", "source": {"type": "promptpay"}},
        headers={"Omise-Version": "2019-05-29"},
    ).json()
    assert charge["currency"] == "THB"
    rig.delivered()
    sent = json.loads(receiver.arrived[0][2])
    assert list(sent) == keys("object id livemode location key created data")
    assert (sent["data"]["currency"], sent["data"]["refunded"]) == ("thb", 0)
    rig.set(api_version="2019-05-29")
    assert only_event(rig, charge)["data"]["currency"] == "thb"


def test_refused_move_emits_nothing(rig, receiver):
    charge = rig.charge()
    rig.post(f"charges/{charge['id']}/refunds", amount=100001)
    rig.delivered()
    assert len(receiver.arrived) == 1


def test_move_outside_a_request_is_delivered_once_it_is_kept(rig, receiver):
    charge = rig.promptpay()
    rig.delivered()
    with rig.app.app_context(), rig.books.change():
        charges.pay(charge["id"])
        rig.delivered()
        assert len(receiver.arrived) == 1
    rig.delivered()
    assert len(receiver.arrived) == 2


def test_what_is_rolled_back_is_neither_kept_nor_delivered(tmp_path):
    books, done = rows.Rows(tmp_path / "books.sqlite3"), []

    def change(fails):
        with books.change():
            books.add("thing", {"id": "a", "created_at": 0})
            books.after_commit(lambda: done.append("told"))
            assert done == []
            if fails:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        change(fails=True)
    assert (books.counts(), done) == ({}, [])
    change(fails=False)
    assert (books.counts(), done) == ({"thing.create": 1}, ["told"])
    books.close()
