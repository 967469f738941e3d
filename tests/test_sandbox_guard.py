"""E19: no foreign page, name or machine reaches the sandbox of a developer; clients still do."""

import re

import pytest
from flask import Flask

import sandbox
from sandbox import PUBLIC_KEY

pytest_plugins = ("sandbox_rig", "sandbox_face_rig")

LOCAL = ["localhost", "127.0.0.1:5001", "[::1]:5001", "shop.localhost", "api.omise.co"]
FOREIGN = [
    "evil.test",
    "evil.test:5001",
    "localhost.evil.test",
    "10.0.0.9",
    "omise.co",
    "x@localhost",
]
PATHS = [
    ("GET", "control/settings"),
    ("POST", "control/reset"),
    ("GET", "dashboard/"),
    ("GET", "omise.js"),
    ("GET", "static/icon.svg"),
    ("GET", "charges"),
    ("POST", "tokens"),
]
# What browsers say of a page on another port of this machine, and of one elsewhere.
OTHER_PAGES = [
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "https://evil.test"},
    {"Origin": "null"},
]
STEERING = [
    ("POST", "control/charges/{charge}/pay"),
    ("POST", "control/settings"),
    ("GET", "control/settings"),
    ("POST", "control/faults"),
    ("DELETE", "control/faults"),
    ("POST", "control/reset"),
    ("POST", "dashboard/settings"),
    ("POST", "dashboard/charges/{charge}/pay"),
    # The secret key is known to everybody.
    ("POST", "charges/{charge}/mark_as_paid"),
    ("PATCH", "account"),
]
# A form that posts by itself, as a page of somebody else would have it.
POSTS = """<form method="post" action="{url}" enctype="text/plain" target="out">
<input name='{name}' value='{value}'></form><iframe name="out"></iframe>
<script>document.forms[0].submit()</script>"""


def client_of(tmp_path, **given):
    """Give a client of a sandbox of its own."""
    app = sandbox.create_app(database=tmp_path / "books.sqlite3", **given)
    return app.test_client()


def charge_of(rig):
    """Give a charge that waits, and how to see whether it still does."""
    charge = rig.promptpay()["id"]
    return charge, lambda: rig.get(f"charges/{charge}")["status"] == "pending"


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_foreign_name_is_refused_everywhere(rig, host, method, path):
    refused = rig.call(method, path, headers={"Host": host})
    assert refused.status_code == 400
    assert refused.json()["message"] == f"this sandbox is not known by the name {host}"


@pytest.mark.parametrize("host", LOCAL)
@pytest.mark.parametrize("path", ["control/settings", "dashboard/", "charges"])
def test_names_of_this_machine_and_of_omise_are_served(rig, host, path):
    assert rig.call("GET", path, headers={"Host": host}).status_code == 200


def test_other_names_may_be_given(tmp_path):
    client = client_of(tmp_path, hosts=["omise.internal"])
    for host, status in (("omise.internal:80", 200), ("evil.test", 400)):
        answer = client.get("/omise.js", headers={"Host": host})
        assert answer.status_code == status


def test_mounted_sandbox_goes_by_the_names_of_its_shop(tmp_path):
    app = Flask("shop", instance_path=str(tmp_path))
    app.config.update(
        STORE_CURRENCY="THB",
        SERVER_NAME="192.0.2.7:5000",
        TRUSTED_HOSTS=["192.0.2.7", "localhost"],
    )
    sandbox.mount(app)
    for host, status in (("192.0.2.7:5000", 200), ("evil.test", 400)):
        sent = {"Host": host}
        answer = app.test_client().get("/sandbox/control/settings", headers=sent)
        assert answer.status_code == status


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.9", "2001:db8::1"])
@pytest.mark.parametrize(
    "path", ["control/books", "dashboard/", "omise.js", "capability"]
)
def test_other_machines_are_served_by_an_exposed_sandbox_alone(tmp_path, address, path):
    for exposed in (False, True):
        client = client_of(tmp_path, exposed=exposed)
        key = (PUBLIC_KEY, "")
        sent = {"environ_base": {"REMOTE_ADDR": address}}
        answer = client.get(f"/{path}", auth=key, **sent)
        assert (answer.status_code == 200) is exposed, answer.text


@pytest.mark.parametrize(
    "name",
    [
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Port",
        "X-Real-IP",
        "Via",
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [*PATHS, ("POST", "control/charges/chrg_test_1/pay")]
)
def test_what_a_proxy_hands_on_is_served_by_an_exposed_sandbox_alone(
    tmp_path, name, method, path
):
    """A tunnel or a proxy on this machine would have the whole world come from here."""
    for exposed in (False, True):
        client = client_of(tmp_path, exposed=exposed)
        said = {name: "127.0.0.1"}
        answer = client.open(f"/{path}", method=method, headers=said)
        assert (answer.status_code != 403) is exposed, answer.text
        assert ("a proxy has handed this on" in answer.text) is not exposed


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"]
)
def test_every_loopback_address_is_this_machine(tmp_path, address):
    sent = {"environ_base": {"REMOTE_ADDR": address}}
    assert client_of(tmp_path).get("/control/books", **sent).status_code == 200


@pytest.mark.parametrize("said", OTHER_PAGES, ids=str)
@pytest.mark.parametrize(("method", "path"), STEERING)
def test_page_of_another_origin_can_steer_nothing(rig, said, method, path):
    charge, waits = charge_of(rig)
    before = rig.get("control/settings")
    body = {"webhook_uri": "http://evil.test/", "omise_js": "http://evil.test/x.js"}
    answer = rig.call(method, path.format(charge=charge), headers=said, json=body)
    assert answer.status_code == 403
    assert "another origin" in answer.json()["message"]
    assert waits()
    assert rig.get("control/settings") == before


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "{own}"},
    ],
    ids=str,
)
def test_own_pages_and_programs_steer(rig, said):
    said = {name: each.format(own=rig.url.rstrip("/")) for name, each in said.items()}
    charge, waits = charge_of(rig)
    assert rig.submit("dashboard/settings", headers=said).status_code == 303
    paid = rig.call("POST", f"control/charges/{charge}/pay", headers=said)
    assert (paid.status_code, waits()) == (200, False)


@pytest.mark.parametrize("said", OTHER_PAGES, ids=str)
def test_shops_on_other_origins_use_what_omise_js_uses(rig, said):
    source = {"type": "promptpay", "amount": 20000, "currency": "THB"}
    for path, sent in (("sources/", source), ("tokens", {})):
        made = rig.call("POST", path, key=PUBLIC_KEY, headers=said, json=sent)
        assert made.headers["Access-Control-Allow-Origin"] == "*"
        assert made.status_code == (200 if path == "sources/" else 400)
    for path in ("omise.js", "pay.html", "provider", "static/pay.js", "capability"):
        assert rig.call("GET", path, headers=said).status_code == 200


def test_form_of_the_dashboard_needs_its_token(rig):
    charge, waits = charge_of(rig)
    for token in (
        {},
        {"form_token": ""},
        {"form_token": "a" * 64},
        {"form_token": "é"},
    ):
        for path in ("settings", f"charges/{charge}/pay", "settings/secret/begin"):
            refused = rig.call("POST", f"dashboard/{path}", data=token)
            assert refused.status_code == 403
            assert "Open the page again" in refused.text
    assert waits()
    assert rig.get("control/settings")["webhook_previous_secret"] is None
    assert rig.submit(f"dashboard/charges/{charge}/pay").status_code == 303
    assert not waits()


def test_every_form_of_the_dashboard_carries_the_token(rig):
    rig.post("control/settings", webhook_previous_secret="b2xk")
    rule = {"fault": "hold_before", "path": "/nothing", "seconds": 1}
    rig.call("POST", "control/faults", json=rule)
    made = [rig.charge()["id"], rig.promptpay()["id"], rig.charge(capture=False)["id"]]
    pages = ["events", "faults", "settings", *(f"charges/{each}" for each in made)]
    for page in pages:
        html = rig.call("GET", f"dashboard/{page}").text
        forms = re.findall(r'<form[^>]*method="post".*?</form>', html, re.DOTALL)
        assert forms, page
        assert all('name="form_token"' in form for form in forms), page


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("control/charges/{charge}/pay", "a", "b"),
        ("control/settings", '{"omise_js":"http://evil.test/x.js","x":"', '"}'),
        ("dashboard/settings", "webhook_uri", "http://evil.test/"),
        ("dashboard/charges/{charge}/pay", "a", "b"),
    ],
)
def test_page_on_another_port_steers_nothing_through_a_browser(
    merchant, path, name, value
):
    charge, waits = charge_of(merchant.rig)
    before = merchant.rig.get("control/settings")
    url = merchant.rig.url + path.format(charge=charge)
    with merchant.page.expect_response(url) as posted:
        merchant.shows(POSTS.format(url=url, name=name, value=value))
    assert (posted.value.request.method, posted.value.status) == ("POST", 403)
    sent = "fetch(url, { method: 'POST', mode: 'no-cors', body: 'a=b' }).then(() => 1)"
    merchant.page.evaluate(f"(url) => {sent}", url)
    assert waits()
    assert merchant.rig.get("control/settings") == before


def test_page_on_another_port_reads_no_settings_through_a_browser(merchant):
    merchant.shows("")
    read = "(url) => fetch(url).then((answer) => answer.text()).catch(() => 'nothing')"
    for path in ("control/settings", "dashboard/settings"):
        assert merchant.page.evaluate(read, merchant.rig.url + path) == "nothing"
