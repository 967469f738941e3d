"""F8: importing payment, and paying by it, changes nothing of the host's own."""

import base64
import json
import re
import threading
import time
import uuid
from contextlib import contextmanager
from datetime import timedelta

import omise
import pytest
from flask import request, template_rendered
from hosts import ROOT, Bare, OwnTables
from rig import Omise, Quiet, webhooks_rest
from test_omissions import Host
from test_signature import SECRET, signed
from werkzeug.serving import make_server

import payment
import sandbox

PROGRAM = """
import logging, sys
{before}
root = logging.root
was = root.handlers[:], root.level, root.filters[:], logging.getLoggerClass()
import payment, payment.checkout, webhook.webhook
assert was == (root.handlers, root.level, root.filters, logging.getLoggerClass())
for name in ("payment", "webhook", "omise", "omise.request"):
    assert logging.getLogger(name).level == logging.NOTSET, name
{after}
print("nothing has changed")
"""
LOGGING = "logging.basicConfig(level=logging.ERROR, stream=sys.stdout)"
LOOK = """
import omise
{name} = omise.Request, omise.api_main, omise.api_secret, omise._get_class_for("charge"), *[
    dict(vars(each)) for each in (omise.Request, omise.Charge, omise.Customer, omise.Source)
]
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        (LOGGING, ""),
        # What the host says of its logging after it has imported payment counts, too.
        ("", f"{LOGGING}; assert root.level == logging.ERROR"),
        (LOOK.format(name="own"), LOOK.format(name="now") + "assert own == now"),
    ],
    ids=["nothing said", "logging said before", "logging said after", "the SDK"],
)
def test_importing_payment_changes_nothing_of_the_host(tmp_path, before, after):
    """F8: neither the SDK's classes and settings, nor who logs what."""
    host = Bare(tmp_path)
    program = PROGRAM.format(before=before, after=after)
    assert host.python("-c", program).stdout == "nothing has changed\n"


def test_the_host_s_own_tables_know_nothing_of_payment_s(tmp_path):
    """F8: neither do its migrations and create_all()."""
    host = OwnTables(tmp_path)
    assert host.command("upgrade").returncode == 0
    program = (
        "from bookshop import create_app, db; from sqlalchemy import inspect; "
        "app = create_app(); app.app_context().push(); "
        "print(sorted(db.metadata.tables), *sorted(inspect(db.engine).get_table_names()))"
    )
    said = host.python("-c", program).stdout
    assert said.startswith("['letter', 'orders'] letter orders payment_attempts ")
    own = {one for one in said.split()[2:] if "payment_" not in one}
    assert own == {"letter", "orders"}


MIGRATIONS = """
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from bookshop import create_app, db, include_name

with create_app().app_context(), db.engine.connect() as connection:
    for options in ({}, {"include_name": include_name}):
        context = MigrationContext.configure(connection, opts=options)
        print(len(compare_metadata(context, db.metadata)))
"""


def test_migrations_of_the_host_s_own_can_be_told_to_leave_payment_s_tables(tmp_path):
    host = OwnTables(tmp_path)
    assert host.command("upgrade").returncode == 0
    # Alembic says first which indexes it cannot compare.
    proposed, told = host.python("-c", MIGRATIONS).stdout.split()[-2:]
    assert int(proposed) > 7
    assert int(told) == 0


def test_a_copy_of_own_tables_that_is_not_upgraded_says_so(tmp_path):
    """F8: at the start, for the server; its commands find their own way."""
    host = OwnTables(tmp_path)
    ended = host.python("-m", "flask", "run")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stdout
    assert "run `flask payment upgrade` once" in ended.stdout
    assert "run `flask payment upgrade` once" in host.command("list").stdout
    assert host.command("upgrade").returncode == 0
    assert host.command("list").returncode == 0


class Door:
    """Let any key in to a sandbox, and write down which came."""

    def __init__(self, app):
        self._app, self.came = app, []

    def __call__(self, environ, start):
        kind, _, given = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if kind == "Basic":
            key = base64.b64decode(given).decode().partition(":")[0]
            self.came.append((environ["REQUEST_METHOD"], key))
            known = sandbox.SECRET_KEY if key.startswith("skey") else sandbox.PUBLIC_KEY
            fits = base64.b64encode(f"{known}:".encode()).decode()
            environ["HTTP_AUTHORIZATION"] = f"Basic {fits}"
        return self._app(environ, start)

    def heard(self):
        """Give the keys that came since this was asked last."""
        came, self.came = self.came, []
        return {key for _, key in came}


@contextmanager
def serving(app):
    """Serve an app for the length of a `with` block; gives its address."""
    server = make_server("localhost", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def door(tmp_path):
    """Run a sandbox behind a door."""
    app = sandbox.create_app(database=str(tmp_path / "omise.sqlite3"))
    door = Door(app.wsgi_app)
    app.wsgi_app = door
    with serving(app) as door.url:
        yield door
    app.extensions["sandbox_postman"].stop()
    app.extensions["sandbox"].close()


def test_a_list_that_is_kept_has_the_addresses_of_the_request(opens):
    """F7: whatever a host says of addresses, such as whose branch of its shop is looked at."""
    app = opens("shop")

    @app.url_defaults
    def branch(endpoint, values):
        values.setdefault("branch", request.args.get("branch", "none"))

    client = app.test_client()
    client.get("/checkout")
    for name in ("north", "south", "north"):
        page = client.get(f"/checkout?branch={name}").text
        assert set(re.findall(r'action="/charge\?branch=(\w+)"', page)) == {name}
        assert set(re.findall(r"marks\.svg\?\S*branch=(\w+)", page)) == {name}


@pytest.fixture
def opens(tmp_path, door):
    """Open apps with keys of their own, all in this process."""
    apps = []

    def open_one(name):
        (tmp_path / name).mkdir()
        apps.append(
            Host(tmp_path / name).starts(
                OMISE_API_BASE=door.url,
                OMISE_SECRET_KEY=f"skey_test_{name}",
                OMISE_PUBLIC_KEY=f"pkey_test_{name}",
                OMISE_WEBHOOK_SECRET=SECRET,
            )
        )
        return apps[-1]

    yield open_one
    webhooks_rest()
    for app in apps:
        payment.close(app)


def pays(app, door):
    """Pay by card at an app; gives the id of the charge."""
    client, token = app.test_client(), Omise(door.url).token()
    door.heard()
    answer = client.post("/charge", data=form_at(client) | {"omiseToken": token})
    assert 'data-order-state="paid"' in client.get(answer.location).text
    return Omise(door.url).latest()["id"]


def form_at(client):
    """Give the fields that the form at /checkout sends by itself."""
    page = client.get("/checkout").text
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))


def hears(app, charge_id):
    """Deliver a signed event about a charge to an app, and wait until it is settled."""
    event = {
        "id": f"evnt_test_{uuid.uuid4().hex[:19]}",
        "key": "charge.complete",
        "data": {"object": "charge", "id": charge_id},
    }
    body, stamp = json.dumps(event).encode(), str(int(time.time()))
    headers = {
        "Omise-Signature": signed(body, stamp),
        "Omise-Signature-Timestamp": stamp,
    }
    answer = app.test_client().post("/webhook", data=body, headers=headers)
    assert answer.status_code == 200
    webhooks_rest()


def test_a_call_of_the_host_s_own_goes_out_with_its_own_key(opens, door, monkeypatch):
    """F8: before payment has spoken to Omise, and after."""
    app = opens("shop")
    charge_id = pays(app, door)
    monkeypatch.setattr(omise, "api_secret", "skey_test_theirs")
    monkeypatch.setattr(omise, "api_main", door.url)
    door.heard()
    assert omise.Charge.retrieve(charge_id).id == charge_id
    assert door.heard() == {"skey_test_theirs"}
    pays(app, door)
    door.heard()
    with app.app_context():
        assert omise.Charge.retrieve(charge_id).id == charge_id
    assert door.heard() == {"skey_test_theirs"}


def test_two_apps_in_one_process_keep_their_own_keys(opens, door):
    """F8: whoever asks last, and in the threads of webhooks, which they share."""
    apps = {name: opens(name) for name in ("tea", "ink")}
    for name in ("tea", "ink", "tea"):
        charge_id = pays(apps[name], door)
        assert f"skey_test_{name}" in door.heard()
        for other, app in apps.items():
            hears(app, charge_id)
            # By the public key it asks, now and then, what the account can do.
            heard = door.heard() - {f"pkey_test_{other}"}
            assert heard == {f"skey_test_{other}"}


def test_two_apps_in_one_process_keep_their_own_books(opens, door):
    apps = {name: opens(name) for name in ("tea", "ink")}
    pays(apps["tea"], door)
    listed = {
        name: app.test_cli_runner().invoke(args=["payment", "list"]).stdout
        for name, app in apps.items()
    }
    assert "250.00 THB  paid" in listed["tea"]
    assert listed["ink"] == ""


def test_the_names_that_payment_s_pages_take_are_told(opens, door):
    """What a layout of the host's would see there in place of its own."""
    app, taken = opens("shop"), set()

    def note(app, template, context):
        if template.name.startswith("payment/"):
            taken.update(context)

    client = app.test_client()
    with template_rendered.connected_to(note, app):
        pays(app, door)
        for page in ("/checkout", "/orders"):
            client.get(page)
        app.config["WTF_CSRF_ENABLED"] = True
        assert client.post("/charge").status_code == 400
        app.config["WTF_CSRF_ENABLED"] = False
        # Over budget at once, for the page that asks to wait.
        app.config["PAYMENT_BUDGETS"] = {"all": ((0, timedelta(minutes=10)),)}
        form = form_at(client) | {"omiseToken": "tokn_test_no"}
        assert client.post("/charge", data=form).status_code == 429
    given_to_all = {"g", "request", "session"}
    readme = (ROOT / "payment" / "README.md").read_text()
    told = re.search(r"would show payment's: (.*?)\.\n", readme, re.S)[1]
    assert set(re.findall(r"`(\w+)`", told)) == taken - given_to_all


def test_a_card_number_in_a_form_of_payment_s_own_calls_an_operator(opens):
    """E9: in any host, whatever it does with forms of its own."""
    app, heard = opens("shop"), []

    def hear(sender, order, why):
        heard.append((order, why))

    payment.attention_needed.connect(hear, sender=app)
    app.test_client().post("/charge", data={"number": "4242 4242 4242 4242"})
    assert [
        (order, "a card number came to /charge," in why) for order, why in heard
    ] == [(None, True)]
    assert "4242" not in heard[0][1]


def test_a_receiver_of_one_app_hears_nothing_of_another(opens, door):
    heard = []

    def made_inside_a_factory(app):
        def hear(sender, order, why):
            heard.append((sender.config["OMISE_SECRET_KEY"], order.amount))

        payment.order_paid.connect(hear, sender=app)

    apps = {name: opens(name) for name in ("tea", "ink")}
    made_inside_a_factory(apps["tea"])
    for app in apps.values():
        pays(app, door)
    assert heard == [("skey_test_tea", 25000)]
