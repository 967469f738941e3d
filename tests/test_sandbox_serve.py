"""The sandbox runs by itself, and stops listening for a while when told to."""

import os
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest
import requests
from rig import Omise, eventually, free_port

import sandbox

PROMPTPAY = {"amount": 10000, "currency": "THB", "source": {"type": "promptpay"}}


def balance(url):
    """Ask for the balance on a line of its own."""
    return requests.get(f"{url}balance", auth=(sandbox.SECRET_KEY, ""), timeout=60)


def refused(url):
    """Tell whether nobody listens."""
    try:
        balance(url)
    except requests.ConnectionError as problem:
        return "Connection refused" in str(problem)
    return False


@pytest.mark.parametrize(("country", "currency"), [("TH", "THB"), ("JP", "JPY")])
def test_a_block_has_a_sandbox_of_its_own(country, currency):
    with sandbox.running(country=country) as omise:
        assert omise.url.endswith("/")
        answer = requests.get(
            f"{omise.url}balance", auth=(omise.secret_key, ""), timeout=60
        )
        assert answer.json()["currency"] == currency
        assert omise.public_key == sandbox.PUBLIC_KEY
        assert omise.webhook_secret == sandbox.WEBHOOK_SECRET
    assert refused(omise.url)


def test_a_block_may_choose_its_port_and_keep_its_books(tmp_path):
    port, books = free_port(), tmp_path / "books.sqlite3"
    for before in (0, 1):
        with sandbox.running(database=books, port=port) as omise:
            assert omise.url == f"http://127.0.0.1:{port}/"
            assert Omise(omise.url).books()["charges"] == before
            key = (omise.secret_key, "")
            requests.post(f"{omise.url}charges", json=PROMPTPAY, auth=key, timeout=60)


def test_a_block_may_serve_another_script_with_itself_behind_it(tmp_path):
    """Only Omise's own hosts are led here, whether as an origin or with a path."""
    script = tmp_path / "genuine.js"
    script.write_text(
        "a = 'https://cdn.omise.co'; b = `https://vault.omise.co/provider`;"
        " c = 'https://api.omise.co.evil/'; d = 'https://docs.omise.co/'"
    )
    with sandbox.running(omise_js=str(script)) as omise:
        home = omise.url.rstrip("/")
        served = requests.get(omise.url + "omise.js", timeout=60)
    assert served.headers["Content-Type"].startswith("text/javascript")
    assert served.text == (
        f"a = '{home}'; b = `{home}/provider`;"
        " c = 'https://api.omise.co.evil/'; d = 'https://docs.omise.co/'"
    )
    with (
        pytest.raises(ValueError, match="no script for the browser"),
        sandbox.running(omise_js=str(tmp_path / "none.js")),
    ):
        pass


def test_a_refusing_sandbox_closes_at_once_and_opens_on_the_same_port():
    with sandbox.running() as omise:
        rule = Omise(omise.url).breaks("refuse", seconds=0.5)
        began = time.monotonic()
        assert refused(omise.url)
        eventually(lambda: not refused(omise.url))
        assert 0.3 < time.monotonic() - began < 5
        shown = Omise(omise.url).fault(rule)
        assert (shown["met"], shown["state"]) == (1, "done")
        # And a second time.
        Omise(omise.url).breaks("refuse", seconds=0.2)
        assert refused(omise.url)
        eventually(lambda: not refused(omise.url))


def test_a_line_that_was_open_before_does_not_slip_past_a_refusal():
    with sandbox.running() as omise:
        port = urlsplit(omise.url).port
        with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
            line.sendall(b"GET /omise.js HTTP/1.1\r\n")  # taken up, and not yet whole
            Omise(omise.url).breaks("refuse", seconds=5)
            line.sendall(b"Host: localhost\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                line.recv(1)


def test_a_block_may_end_while_its_sandbox_refuses():
    began = time.monotonic()
    with sandbox.running() as omise:
        Omise(omise.url).breaks("refuse", seconds=60)
    assert time.monotonic() - began < 5
    assert refused(omise.url)


def test_the_command_runs_a_sandbox_until_it_is_interrupted(tmp_path):
    port, books = free_port(), tmp_path / "books.sqlite3"
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--country", "SG"]
    command += ["--db", str(books), "--webhook", "http://127.0.0.1:9/webhook"]
    command += ["--retired", "--name", "omise.internal"]
    # Python's own child of an ignored SIGINT would ignore it too.
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        try:
            url = f"http://localhost:{port}/"
            eventually(lambda: not refused(url))
            assert balance(url).json()["currency"] == "SGD"
            settings = requests.get(f"{url}control/settings", timeout=60).json()
            assert settings["webhook_uri"] == "http://127.0.0.1:9/webhook"
            assert settings["retired_methods"] is True
            named = requests.get(url, headers={"Host": "omise.internal"}, timeout=60)
            assert named.status_code == 200
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    assert f"{url}dashboard/" in said
    assert sandbox.SECRET_KEY in said
    assert "its books are kept" in said
    assert books.exists()


def test_the_command_refuses_a_webhook_that_is_no_address(tmp_path):
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--webhook", "here"]
    command += ["--db", str(tmp_path / "books.sqlite3")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stderr) == (1, "Error: webhook_uri is invalid\n")


@pytest.mark.parametrize("wrong", [["--country", "XX"], ["--port", "99999"]])
def test_the_command_refuses_what_means_nothing(wrong):
    command = [sys.executable, "-m", "sandbox", *wrong]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 2
    assert wrong[0] in ended.stderr
