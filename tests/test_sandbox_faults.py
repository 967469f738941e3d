"""The sandbox misbehaves when told to, where a true network or a true Omise would."""

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import requests
from rig import Omise, eventually

import sandbox
from sandbox.books.account import Books
from sandbox.faults import plan, sending, terms

CREATE = {"method": "POST", "path": "/charges"}
KEY = b64encode(f"{sandbox.SECRET_KEY}:".encode()).decode()


@pytest.fixture(scope="module")
def running():
    """Run one sandbox for this module, as anyone's tests would."""
    with sandbox.running() as omise:
        yield omise


@pytest.fixture
def omise(running):
    """Reach a sandbox with empty books and without faults."""
    omise = Omise(running.url)
    omise.reset()
    return omise


def ask(omise, method, path, **more):
    """Send one request on a line of its own and give the answer."""
    key = (sandbox.SECRET_KEY, "")
    with requests.Session() as session:
        session.trust_env = False
        url = omise.base + path
        return session.request(method, url, auth=key, timeout=60, **more)


def pay(omise, order_id="order-1", amount=10000):
    """Charge a PromptPay source."""
    metadata = {"order_id": order_id}
    source = {"type": "promptpay"}
    asked = {"amount": amount, "currency": "THB", "source": source}
    return ask(omise, "POST", "charges", json=asked | {"metadata": metadata})


def line_to(omise):
    """Open a bare line to the sandbox."""
    address = urlsplit(omise.base)
    return socket.create_connection((address.hostname, address.port), timeout=60)


def head(omise, method, path, length):
    """Write the head of a request; its body is to be sent apart."""
    mount = urlsplit(omise.base).path
    lines = [f"{method} {mount}{path} HTTP/1.1", "Host: localhost"]
    lines += [f"Authorization: Basic {KEY}", "Content-Type: application/json"]
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


def heard(omise, method="POST", path="charges", body=None):
    """Send a request by hand, its body apart, and give all bytes until the line ends."""
    source = {"type": "promptpay"}
    body = body or json.dumps({"amount": 10000, "currency": "THB", "source": source})
    with line_to(omise) as line:
        line.sendall(head(omise, method, path, len(body)))
        time.sleep(0.05)  # the body comes in a packet of its own
        line.sendall(body.encode())
        said = b""
        while more := line.recv(65536):
            said += more
        return said


def charged(omise):
    return omise.books()["charges"]


def test_a_reset_before_is_a_reset_and_nothing_was_charged(omise):
    rule = omise.breaks("reset_before", **CREATE)
    with line_to(omise) as line:
        # Only the head: it does not wait for the body.
        line.sendall(head(omise, "POST", "charges", 100))
        with pytest.raises(ConnectionResetError):
            line.recv(1)
    assert charged(omise) == 0
    assert omise.fault(rule)["met"] == 1
    assert "POST /charges" not in omise.books()["counts"]


def test_a_reset_after_is_a_reset_and_the_charge_stands(omise):
    rule = omise.breaks("reset_after", **CREATE)
    with pytest.raises(ConnectionResetError):
        heard(omise)
    assert charged(omise) == 1
    assert omise.fault(rule)["state"] == "done"
    assert omise.books()["counts"]["POST /charges"] == 1


@pytest.mark.parametrize(("moment", "charges"), [("before", 0), ("after", 1)])
def test_a_close_ends_the_line_without_a_word_and_without_a_reset(
    omise, moment, charges
):
    omise.breaks(f"close_{moment}", **CREATE)
    assert heard(omise) == b""
    assert charged(omise) == charges


@pytest.mark.parametrize(("moment", "charges"), [("before", 0), ("after", 1)])
def test_a_hang_is_silence_and_then_the_end(omise, moment, charges):
    omise.breaks(f"hang_{moment}", **CREATE, seconds=0.4)
    began = time.monotonic()
    assert heard(omise) == b""
    assert 0.4 <= time.monotonic() - began < 5
    assert charged(omise) == charges


@pytest.mark.parametrize(("moment", "charges"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("way", ["releases", "heals", "reset"])
def test_a_hold_keeps_the_reply_until_it_is_let_go(omise, moment, charges, way):
    rule = omise.breaks(f"hold_{moment}", **CREATE)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(pay, omise)
        eventually(lambda: omise.fault(rule)["state"] == "held")
        assert charged(omise) == charges
        assert not answer.done()
        getattr(omise, way)(*[rule] if way == "releases" else [])
        assert answer.result(60).json()["object"] == "charge"
    if way == "releases":
        assert omise.fault(rule)["state"] == "done"
        assert charged(omise) == 1
        assert pay(omise).status_code == 200


def test_a_hold_lasts_for_its_seconds_at_most(omise):
    omise.breaks("hold_before", **CREATE, seconds=0.4)
    began = time.monotonic()
    assert pay(omise).status_code == 200
    assert 0.4 <= time.monotonic() - began < 5


def test_a_held_request_outlives_a_client_that_was_killed(omise):
    rule = omise.breaks("hold_before", **CREATE)
    code = (
        "import requests, sys; requests.post(sys.argv[1] + 'charges', auth=(sys.argv[2], ''),"
        " json={'amount': 10000, 'currency': 'THB', 'source': {'type': 'promptpay'}})"
    )
    command = [sys.executable, "-c", code, omise.base, sandbox.SECRET_KEY]
    client = subprocess.Popen(command)
    eventually(lambda: omise.fault(rule)["state"] == "held")
    client.send_signal(signal.SIGKILL)
    client.wait(60)
    assert omise.fault(rule)["state"] == "held"
    assert charged(omise) == 0
    omise.releases(rule)
    eventually(lambda: charged(omise) == 1)
    eventually(lambda: omise.fault(rule)["state"] == "done")


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_drip_is_the_true_answer_a_few_bytes_at_a_time(omise, part, monkeypatch):
    slept, taken = [], threading.Semaphore(0)

    def sleep(seconds):
        # As long as the caller needs for what was sent so far, however busy the machine is.
        slept.append(seconds)
        taken.acquire(timeout=60)

    monkeypatch.setattr(sending, "time", SimpleNamespace(sleep=sleep))
    omise.breaks("drip", **CREATE, seconds=30, part=part)
    body = '{"amount":10000,"currency":"THB","source":{"type":"promptpay"}}'
    pieces = []
    with line_to(omise) as line:
        line.sendall(head(omise, "POST", "charges", len(body)) + body.encode())
        if part == "headers":
            taken.release()
        while piece := line.recv(65536):
            pieces.append(piece)
            taken.release()
    first, _, answer = b"".join(pieces).partition(b"\r\n\r\n")
    assert json.loads(answer)["object"] == "charge"
    assert len(pieces) > 10
    assert 29 < sum(slept) < 33
    assert (b"\r\n\r\n" in pieces[0]) == (part == "body")
    assert f"Content-Length: {len(answer)}".encode() in first


@pytest.mark.parametrize(("fault", "share"), [("half_body", 0.5), ("wrong_length", 1)])
def test_a_body_is_shorter_than_it_says(omise, fault, share):
    omise.breaks(fault, **CREATE)
    first, _, body = heard(omise).partition(b"\r\n\r\n")
    (said,) = [
        int(line.split(b":")[1])
        for line in first.split(b"\r\n")
        if line.startswith(b"Content-Length:")
    ]
    if fault == "half_body":
        assert len(body) == said // 2
    else:
        assert json.loads(body)["object"] == "charge"
        assert said > len(body)
    assert charged(omise) == 1


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    ("body", "starts"),
    [
        ("html", "<!DOCTYPE html>"),
        ("empty", ""),
        ("list", "[]"),
        ("null", "null"),
        ("text", "upstream"),
    ],
)
def test_an_answer_is_something_else(omise, moment, body, starts):
    omise.breaks(f"answer_{moment}", **CREATE, status=502, body=body)
    answer = pay(omise)
    assert answer.status_code == 502
    assert answer.text.startswith(starts)
    assert bool(answer.text) == bool(starts)
    assert charged(omise) == (moment == "after")


def test_an_answer_is_an_error_with_a_code_and_a_time_to_come_back(omise):
    said = {"status": 429, "code": "rate_limit", "retry_after": 7}
    omise.breaks("answer_before", **CREATE, **said)
    answer = pay(omise)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "7"
    assert answer.json()["object"] == "error"
    assert answer.json()["code"] == "rate_limit"
    omise.breaks("answer_after", **CREATE, body="no_code")
    answer = pay(omise)
    assert answer.status_code == 500
    assert answer.json()["object"] == "error"
    assert "code" not in answer.json()


def test_the_true_answer_comes_under_another_status(omise):
    omise.breaks("answer_after", **CREATE, status=503, body="object")
    answer = pay(omise)
    assert answer.status_code == 503
    assert answer.json()["status"] == "pending"


def test_fields_of_an_answer_are_changed_and_the_books_are_not(omise):
    lies = {"amount": 1, "metadata.order_id": "another", "card.brand": "Visa"}
    omise.breaks("change", **CREATE, set=lies)
    told = pay(omise).json()
    assert told["amount"] == 1
    assert told["metadata"] == {"order_id": "another"}
    assert told["card"] == {"brand": "Visa"}
    true = ask(omise, "GET", f"charges/{told['id']}").json()
    assert (true["amount"], true["metadata"]["order_id"]) == (10000, "order-1")


def test_an_answer_that_is_no_json_is_not_changed(omise):
    code = pay(omise).json()["source"]["scannable_code"]["image"]["download_uri"]
    omise.breaks("change", set={"amount": 1})
    assert "svg" in requests.get(code, timeout=60).headers["Content-Type"]


def test_a_stale_charge_is_as_it_was_created(omise):
    charge = pay(omise).json()
    omise.control(f"charges/{charge['id']}/pay")
    rule = omise.breaks("stale", method="GET", path="/charges/.*")
    path = f"charges/{charge['id']}"
    assert ask(omise, "GET", path).json()["status"] == "pending"
    assert ask(omise, "GET", path).json()["status"] == "successful"
    assert omise.fault(rule)["state"] == "done"


@pytest.mark.parametrize("version", ["2019-05-29", "2017-11-02"])
def test_a_lagging_list_leaves_out_young_charges_alone(omise, version):
    old = pay(omise).json()["id"]
    omise.control("settings", clock_offset=100)
    pay(omise)
    omise.breaks("lag", method="GET", path="/charges", seconds=50)
    spoken = {"headers": {"Omise-Version": version}}
    listed = ask(omise, "GET", "charges", **spoken).json()
    assert [one["id"] for one in listed["data"]] == [old]
    assert listed["total"] == 1
    assert len(omise.charges()) == 2
    omise.breaks("lag", seconds=50)
    assert ask(omise, "GET", "events").json()["total"] == 2
    omise.control("settings", clock_offset=0)


def broken(answer):
    return answer.status_code == 500


def test_a_rule_is_about_a_method_and_a_whole_path(omise):
    omise.breaks("answer_before", method="get", path=r"/charges/chrg_test_\w+", times=0)
    charge = pay(omise).json()["id"]
    assert broken(ask(omise, "GET", f"charges/{charge}"))
    assert not broken(ask(omise, "PATCH", f"charges/{charge}"))
    assert not broken(ask(omise, "GET", f"charges/{charge}/refunds"))
    assert not broken(ask(omise, "GET", "charges"))


def test_a_rule_is_about_an_order_from_its_create_to_its_refunds(omise):
    other = pay(omise, "order-2").json()["id"]
    rule = omise.breaks("change", about="order-1", times=0, set={"struck": True})
    charge = pay(omise, "order-1").json()
    assert charge["struck"]
    path = f"charges/{charge['id']}"
    assert ask(omise, "GET", path).json()["struck"]
    assert ask(omise, "GET", f"{path}/events").json()["struck"]
    (event,) = ask(omise, "GET", f"{path}/events").json()["data"]
    assert ask(omise, "GET", f"events/{event['id']}").json()["struck"]
    assert ask(omise, "GET", "charges?any=order%2D1").json()["struck"]
    assert "struck" not in ask(omise, "GET", f"charges/{other}").json()
    assert "struck" not in pay(omise, "order-3").json()
    assert omise.fault(rule)["met"] == 6


def test_every_fault_and_all_that_may_be_said_of_one_is_in_the_readme():
    readme = (Path(sandbox.__file__).parent / "README.md").read_text()
    said = {name for names in terms.REQUESTS.values() for name in names}
    for name in {*terms.REQUESTS, *said, "refuse", "webhook"}:
        assert f"`{name}`" in readme, name


def test_every_rule_in_the_readme_is_one():
    readme = (Path(sandbox.__file__).parent / "README.md").read_text()
    rules = [json.loads(rule) for rule in re.findall(r'`(\{"fault": .*?\})`', readme)]
    shown = {rule["fault"] for rule in rules}
    assert {*terms.ON_KEPT_LINES, "lag", "short_page", "unreadable"} <= shown
    for rule in rules:
        assert terms.read(dict(rule)).items() >= rule.items()


def test_what_happened_to_a_charge_is_about_it_even_if_it_does_not_say_so(omise):
    path = f"charges/{pay(omise).json()['id']}"
    (event,) = ask(omise, "GET", f"{path}/events").json()["data"]
    ask(omise, "PATCH", path, json={"metadata": {"order_id": "order-9"}})
    omise.breaks("change", about="order-9", set={"struck": True})
    assert ask(omise, "GET", f"events/{event['id']}").json()["struck"]


def test_a_text_is_found_however_it_is_spelt(omise):
    omise.breaks("change", about="ชา เย็น", times=0, set={"struck": True})
    charge = pay(omise, "ชา เย็น").json()
    assert charge["struck"]
    assert ask(omise, "GET", f"charges/{charge['id']}").json()["struck"]
    fields = {"amount": 10000, "currency": "THB", "source[type]": "promptpay"}
    fields["metadata[order_id]"] = "ชา เย็น"
    assert ask(omise, "POST", "charges", data=fields).json()["struck"]


def test_a_body_in_chunks_still_arrives_when_a_rule_looked_into_it(omise):
    rule = omise.breaks("answer_before", about="somebody else")
    body = b'{"amount":10000,"currency":"THB","source":{"type":"promptpay"}}'
    json_type = {"Content-Type": "application/json"}
    answer = ask(omise, "POST", "charges", data=iter([body]), headers=json_type)
    assert answer.json()["amount"] == 10000
    assert omise.fault(rule)["met"] == 0


def test_a_rule_lets_some_pass_and_strikes_so_often(omise):
    rule = omise.breaks("answer_before", **CREATE, skip=2, times=2)
    struck = [broken(pay(omise)) for _ in range(6)]
    assert struck == [False, False, True, True, False, False]
    shown = omise.fault(rule)
    assert (shown["met"], shown["state"]) == (2, "done")


def test_a_rule_without_end_strikes_until_it_is_cleared(omise):
    rule = omise.breaks("answer_before", **CREATE, times=0)
    assert all(broken(pay(omise)) for _ in range(5))
    assert omise.fault(rule)["state"] == "armed"
    omise.heals()
    assert not broken(pay(omise))
    assert requests.get(f"{omise.base}control/faults/{rule}", timeout=60).ok is False


def at_once(number, act):
    """Do something so many times at the same moment."""
    start = threading.Barrier(number)

    def one(_):
        start.wait(60)
        return act()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


def test_twenty_at_once_are_struck_exactly_five_times(omise):
    rule = omise.breaks("answer_before", **CREATE, times=5)
    assert sum(map(broken, at_once(20, lambda: pay(omise)))) == 5
    assert omise.fault(rule)["met"] == 5
    assert charged(omise) == 15


def test_requests_that_all_wait_for_their_bodies_are_struck_once_in_all(omise):
    rule = omise.breaks("answer_before", about="order-1")
    body = b'{"amount":10000,"metadata":{"order_id":"order-1"}}'
    lines = [line_to(omise) for _ in range(5)]
    for line in lines:
        line.sendall(head(omise, "POST", "charges", len(body)))
    time.sleep(0.3)  # each of them looks for a rule and needs its body for that
    # Meanwhile the books are open to others.
    began = time.monotonic()
    assert pay(omise, "order-2").status_code == 200
    assert time.monotonic() - began < 2
    for line in lines:
        line.sendall(body)
    said = [line.recv(15) for line in lines]
    for line in lines:
        line.close()
    assert said.count(b"HTTP/1.1 500 IN") == 1
    assert omise.fault(rule)["met"] == 1


def test_no_rule_of_many_is_taken_twice(tmp_path):
    with sandbox.running(database=tmp_path / "books.sqlite3") as running:
        books = Books(tmp_path / "books.sqlite3")
        rules = [Omise(running.url).breaks("webhook", drop=True) for _ in range(60)]

        def take_all():
            event = {"id": "evnt_test_1", "key": "charge.create"}
            return list(iter(lambda: plan.take_for_event(books, event), None))

        taken = [rule["id"] for some in at_once(8, take_all) for rule in some]
        books.close()
    assert sorted(taken) == sorted(rules)


def test_two_processes_on_one_file_share_the_plan(tmp_path):
    books = tmp_path / "books.sqlite3"
    with sandbox.running(database=books) as one, sandbox.running(database=books) as two:
        one, two = Omise(one.url), Omise(two.url)
        rule = one.breaks("answer_before", times=1)
        assert broken(pay(two))
        assert not broken(pay(one))
        assert two.fault(rule)["state"] == "done"


@pytest.mark.parametrize(
    "path",
    [
        "dashboard/",
        "control/books",
        "control/settings",
        "static/sandbox.css",
        "omise.js",
    ],
)
def test_a_rule_never_strikes_what_omise_does_not_have(omise, path):
    rule = omise.breaks("answer_before", times=0)
    assert ask(omise, "GET", path).status_code == 200
    # Nor does it where the method is wrong, or nothing is there.
    ask(omise, "DELETE", "control/books")
    ask(omise, "GET", "control/nonsense")
    assert omise.fault(rule)["met"] == 0
    assert broken(ask(omise, "GET", "nonsense"))


NONSENSE = [
    ({}, "there is no fault"),
    ({"fault": "explode"}, "there are reset_before, "),
    ({"fault": ["reset_before"]}, "there are reset_before, "),
    ({"fault": "reset_before", "seconds": 3}, "it knows about, method"),
    ({"fault": "hold_after", "seconds": "soon"}, "at most 600 seconds"),
    ({"fault": "hold_after", "seconds": 601}, "at most 600 seconds"),
    ({"fault": "hold_after", "seconds": -1}, "at most 600 seconds"),
    ({"fault": "hang_before", "seconds": 0}, "more than 0"),
    ({"fault": "refuse", "seconds": 0}, "more than 0"),
    ({"fault": "refuse", "times": 2}, "it knows seconds"),
    ({"fault": "drip", "part": "foot"}, "one of headers, body"),
    ({"fault": "drip", "times": -1}, "a whole number from 0"),
    ({"fault": "drip", "times": True}, "a whole number from 0"),
    ({"fault": "drip", "skip": 1.5}, "a whole number from 0"),
    ({"fault": "drip", "path": "/charges("}, "a regular expression"),
    ({"fault": "drip", "path": 7}, "a regular expression"),
    ({"fault": "drip", "method": 7}, "a method of HTTP"),
    ({"fault": "drip", "about": ""}, "a text"),
    ({"fault": "drip", "about": None}, "a text"),
    ({"fault": "answer_after", "status": 99}, "from 200 to 599"),
    ({"fault": "answer_after", "body": "song"}, "one of error, no_code"),
    ({"fault": "answer_before", "body": "object"}, "no object to answer with"),
    ({"fault": "change"}, "change needs set"),
    ({"fault": "change", "set": {}}, "by dotted name"),
    ({"fault": "change", "set": ["amount"]}, "by dotted name"),
    ({"fault": "webhook"}, "webhook needs one of"),
    ({"fault": "webhook", "about": "order-1"}, "webhook needs one of"),
    ({"fault": "webhook", "drop": True, "path": "/charges"}, "webhook knows no path"),
    ({"fault": "webhook", "drop": "perhaps"}, "must be true"),
    ({"fault": "webhook", "copies": 0}, "from 1 to 100"),
    ({"fault": "webhook", "hold_back": 0}, "from 1 to"),
    ({"fault": "webhook", "age": -5}, "from 0"),
    ({"fault": "webhook", "secret": "no base64!"}, "must be base64"),
    ({"fault": "webhook", "api_version": "1999-01-01"}, "one of 2017-11-02"),
]


@pytest.mark.parametrize(("rule", "sentence"), NONSENSE)
def test_what_means_nothing_is_refused_with_what_is_possible(omise, rule, sentence):
    answer = requests.post(f"{omise.base}control/faults", json=rule, timeout=60)
    assert answer.status_code == 400
    assert answer.json()["object"] == "error"
    assert sentence in answer.json()["message"]
    listed = requests.get(f"{omise.base}control/faults", timeout=60).json()
    assert listed["data"] == []


def test_rules_are_listed_and_shown_and_reset_clears_them(omise):
    first = omise.breaks("drip", times="2")
    second = omise.breaks("webhook", drop="true")
    listed = requests.get(f"{omise.base}control/faults", timeout=60).json()["data"]
    assert [(rule["id"], rule["state"]) for rule in listed] == [
        (first, "armed"),
        (second, "armed"),
    ]
    assert omise.fault(first)["times"] == 2
    assert omise.fault(first)["met"] == 0
    omise.reset()
    assert omise.fault(first)["code"] == "not_found"
    release = requests.post(f"{omise.base}control/faults/{first}/release", timeout=60)
    assert release.status_code == 404


@pytest.mark.parametrize(
    ("fault", "charges"), [("reset_before", 0), ("reset_after", 1)]
)
def test_a_mounted_sandbox_resets_lines_too(shop, fault, charges):
    rule = shop.omise.breaks(fault, **CREATE)
    with pytest.raises(ConnectionResetError):
        heard(shop.omise)
    assert shop.omise.fault(rule)["state"] == "done"
    assert charged(shop.omise) == charges
    assert pay(shop.omise).json()["object"] == "charge"


@pytest.mark.parametrize("fault", ["close_after", "half_body", "hang_after"])
def test_a_mounted_sandbox_cuts_lines_too(shop, fault):
    seconds = {"seconds": 0.2} if fault == "hang_after" else {}
    shop.omise.breaks(fault, **CREATE, **seconds)
    assert heard(shop.omise).startswith(
        b"HTTP/1.1 200" if fault == "half_body" else b""
    )
    assert charged(shop.omise) == 1


def test_a_mounted_sandbox_cannot_refuse_and_says_so(shop):
    asked = f"{shop.omise.base}control/faults"
    answer = requests.post(asked, json={"fault": "refuse", "seconds": 1}, timeout=60)
    assert answer.status_code == 400
    assert "runs by itself" in answer.json()["message"]
    assert requests.get(asked, timeout=60).json()["data"] == []
