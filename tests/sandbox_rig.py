"""Drive a real sandbox over HTTP: a server, the official SDK, and a webhook receiver."""

import base64
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import omise
import pytest
import requests
from omise.request import Request
from werkzeug.serving import make_server

import sandbox

PUBLIC, SECRET = sandbox.PUBLIC_KEY, sandbox.SECRET_KEY
WORKS = "4242424242424242"
SETTINGS = {
    "three_d_secure": False,
    "webhook_uri": None,
    "webhook_secret": sandbox.WEBHOOK_SECRET,
    "webhook_previous_secret": None,
    "zero_interest_installments": False,
    "retired_methods": False,
    "clock_offset": 0,
    "api_version": "2019-05-29",
    "country": "TH",
    "omise_js": "own",
}


class Rig:
    """Speak to one sandbox as a merchant, a browser and a developer would."""

    def __init__(self, app, url):
        self.app, self.url = app, url
        self.books = app.extensions["sandbox"]

    def call(self, method, path, key=SECRET, headers=None, **sent):
        """Send one request with Basic credentials and answer the raw response."""
        credentials = base64.b64encode(f"{key}:".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}", **(headers or {})}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method,
                self.url + path,
                headers=headers,
                timeout=120,
                allow_redirects=False,
                **sent,
            )

    def post(self, path, key=SECRET, headers=None, **fields):
        """Post JSON and answer what came back as a dict."""
        return self.call("POST", path, key, headers, json=fields).json()

    def get(self, path, key=SECRET, headers=None):
        """Fetch an object as a dict."""
        return self.call("GET", path, key, headers).json()

    def submit(self, path, headers=None, data=None):
        """Send a form of the dashboard with the token that its pages carry."""
        page = self.call("GET", "dashboard/settings").text
        token = re.search(r'name="form_token" value="(\w+)"', page)[1]
        sent = {"form_token": token, **(data or {})}
        return self.call("POST", path, headers=headers, data=sent)

    def set(self, **settings):
        """Change settings of the sandbox."""
        self.post("control/settings", **settings)

    def token(self, number=WORKS, **changed):
        """Make a card token and answer its id."""
        card = {
            "name": "Somchai Prasert",
            "number": number,
            "expiration_month": 12,
            "expiration_year": 2035,
            "security_code": "123",
            **changed,
        }
        return self.post("tokens", PUBLIC, card=card)["id"]

    def charge(self, amount=100000, currency="THB", **fields):
        """Charge a fresh token, or what the fields name."""
        if not fields.keys() & {"card", "source", "customer"}:
            fields["card"] = self.token()
        return self.post("charges", amount=amount, currency=currency, **fields)

    def promptpay(self, **fields):
        """Charge PromptPay."""
        return self.charge(source={"type": "promptpay"}, **fields)

    def events(self, charge):
        """List the keys of a charge's events."""
        listed = self.get(f"charges/{charge['id']}/events")
        return [event["key"] for event in listed["data"]]

    def delivered(self):
        """Wait until every webhook so far was tried."""
        assert self.app.extensions["sandbox_postman"].rest()


class _Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.arrived.append((self.path, dict(self.headers), body))
        self.server.gate.wait(60)
        self.send_response(self.server.answer)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        """Keep quiet."""


def _running(server, run):
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory):
    """Serve a sandbox for all tests of it."""
    path = tmp_path_factory.mktemp("sandbox") / "sandbox.sqlite3"
    app = sandbox.create_app(database=path)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    for _ in _running(server, lambda: server.serve_forever(poll_interval=0.01)):
        yield Rig(app, f"http://127.0.0.1:{server.port}/")
    app.extensions["sandbox_postman"].stop()
    app.extensions["sandbox"].close()


@pytest.fixture
def rig(running_sandbox):
    """Give a test the sandbox with empty books and plain settings."""
    running_sandbox.delivered()
    running_sandbox.post("control/reset")
    running_sandbox.set(**SETTINGS)
    return running_sandbox


@pytest.fixture
def sdk(rig, monkeypatch):
    """Point the official SDK at the sandbox."""
    monkeypatch.setattr(omise, "Request", Request)
    monkeypatch.setattr(omise, "api_main", rig.url)
    monkeypatch.setattr(omise, "api_vault", rig.url)
    monkeypatch.setattr(omise, "api_public", PUBLIC)
    monkeypatch.setattr(omise, "api_secret", SECRET)
    monkeypatch.setattr(omise, "api_version", "2019-05-29")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return omise


@pytest.fixture
def receiver(rig):
    """Listen for webhooks; `arrived` holds (path, headers, body)."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    server.arrived, server.answer = [], 200
    server.gate = threading.Event()
    server.gate.set()
    server.url = f"http://127.0.0.1:{server.server_port}/webhook"
    rig.set(webhook_uri=server.url)
    yield from _running(server, lambda: server.serve_forever(poll_interval=0.01))
