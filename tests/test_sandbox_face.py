"""What a shopper meets in the sandbox: script, pay form, bank, wallet, phone and counter."""

import re
import time
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

import sandbox
from sandbox.pages import payer
from sandbox.pages.page import moment, money

pytest_plugins = ("sandbox_rig",)

FACE = Path(sandbox.__file__).parent
BACK = "http://shop.test/orders/17/complete?kept=as+is"
VALIDATION_FAILS = "4111111111140003"


def path_of(rig, charge):
    return charge["authorize_uri"].removeprefix(rig.url)


def page(rig, charge):
    shown = rig.call("GET", path_of(rig, charge))
    assert shown.status_code == 200, shown.text
    return shown.text


def answers(rig, charge, action):
    return rig.call("POST", re.sub("authorize.*", action, path_of(rig, charge)))


def asked_by_the_bank(rig, number="4242424242424242", **fields):
    rig.set(three_d_secure=True)
    return rig.charge(card=rig.token(number), return_uri=BACK, **fields)


def wallet(rig, **fields):
    source = {"type": "truemoney", "phone_number": "0812345678"}
    return rig.charge(source=source, return_uri=BACK, **fields)


def now(rig, charge):
    return rig.get(f"charges/{charge['id']}")


def test_script_is_served_where_shops_look_for_it(rig):
    served = rig.call("GET", "omise.js")
    assert served.status_code == 200
    assert "javascript" in served.headers["Content-Type"]
    assert "OmiseCard" in served.text


def test_pay_form_may_load_and_call_nothing_but_its_own_sandbox(rig):
    served = rig.call("GET", "pay.html")
    policy = served.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self';" in policy
    assert "img-src 'self' data: http://localhost:*" in policy  # a shop's own logo
    assert "unsafe" not in policy


def test_pay_form_may_be_framed_by_shops_on_this_machine_only(rig):
    served = rig.call("GET", "pay.html")
    ancestors = (
        served.headers["Content-Security-Policy"]
        .partition("frame-ancestors ")[2]
        .split()
    )
    assert "http://localhost:*" in ancestors
    assert all(re.search(r"'self'|localhost|127\.0\.0\.1", host) for host in ancestors)
    assert "X-Frame-Options" not in served.headers


def test_no_page_has_inline_script_or_style():
    for template in FACE.glob("templates/**/*.html"):
        text = template.read_text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text), template
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), template


def test_everything_linked_carries_the_prefix_of_the_mount(tmp_path):
    app = sandbox.create_app(database=tmp_path / "books.sqlite3")
    client = Client(DispatcherMiddleware(Flask("shop"), {"/below/here": app}))
    for path in ("pay.html", "dashboard/", "dashboard/settings"):
        html = client.get(f"/below/here/{path}").text
        links = re.findall(r'(?:href|src|action)="([^"]+)"', html)
        assert links
        assert all(link.startswith("/below/here/") for link in links)


def test_approving_at_the_bank_pays_and_returns_to_the_unchanged_address(rig):
    charge = asked_by_the_bank(rig)
    answer = answers(rig, charge, "approve")
    assert (answer.status_code, answer.headers["Location"]) == (303, BACK)
    assert now(rig, charge)["paid"]


@pytest.mark.parametrize("number", ["4111111111140003", "4111111111140011"])
def test_approving_a_failing_test_card_fails_and_the_page_says_so_first(rig, number):
    charge = asked_by_the_bank(rig, number)
    assert "fails even if you approve" in page(rig, charge)
    answers(rig, charge, "approve")
    assert now(rig, charge)["status"] == "failed"


@pytest.mark.parametrize(
    ("action", "code"),
    [("decline", "payment_rejected"), ("cancel", "payment_cancelled")],
)
def test_saying_no_fails_with_its_own_code_and_returns_to_the_same_address(
    rig, action, code
):
    for charge in (asked_by_the_bank(rig), wallet(rig)):
        assert answers(rig, charge, action).headers["Location"] == BACK
        assert now(rig, charge)["failure_code"] == code


def test_bank_page_shows_shop_amount_and_masked_card_and_a_way_out(rig):
    html = page(rig, asked_by_the_bank(rig, amount=1234550, description="Order 17"))
    for shown in (
        "Sandbox",
        "shop.test",
        "THB 12,345.50",
        "Order 17",
        "4242",
        f'href="{BACK}"',
    ):
        assert shown in html
    assert "424242" not in html


def test_walking_away_leaves_the_charge_pending(rig):
    charge = asked_by_the_bank(rig)
    page(rig, charge)
    assert now(rig, charge)["status"] == "pending"


def test_every_payer_s_page_says_that_it_is_a_sandbox_and_offers_its_answers(rig):
    yes = {"bank": "Approve", "wallet": "Pay", "phone": "Confirm"}
    shown = {
        "bank": asked_by_the_bank(rig),
        "wallet": wallet(rig),
        "phone": rig.promptpay(return_uri=BACK),
    }
    for name, charge in shown.items():
        html = page(rig, charge)
        assert "<strong>Sandbox</strong>" in html, name
        offered = re.findall(r"<button[^>]*>([^<]+)</button>", html)
        assert {yes[name], "Cancel", "Go back now"} <= set(offered), name
        assert {"Decline", "Let it be refused"} & set(offered), name
        assert "Walk away" in html, name


@pytest.mark.parametrize(
    ("action", "status"), [("approve", "successful"), ("decline", "failed")]
)
def test_slow_bank_sends_the_shopper_back_first_and_answers_afterwards(
    rig, action, status
):
    charge = asked_by_the_bank(rig)
    later = re.sub("authorize.*", "later", path_of(rig, charge))
    answer = rig.call("POST", later, data={"seconds": 1, "action": action})
    assert (answer.status_code, answer.headers["Location"]) == (303, BACK)
    assert now(rig, charge)["status"] == "pending"
    deadline = time.monotonic() + 60
    while now(rig, charge)["status"] == "pending" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert now(rig, charge)["status"] == status
    told = rig.get(f"charges/{charge['id']}/events")["data"][-1]
    assert told["key"] == "charge.complete"
    # Nobody asked just now, and still the event knows where the sandbox lives.
    assert told["data"]["authorize_uri"].startswith(rig.url)


def test_charge_that_was_answered_meanwhile_is_left_alone_by_the_slow_bank(rig):
    charge = wallet(rig)
    later = re.sub("authorize.*", "later", path_of(rig, charge))
    rig.call("POST", later, data={"seconds": "soon", "action": "x"})
    answers(rig, charge, "cancel")
    assert now(rig, charge)["failure_code"] == "payment_cancelled"


def test_own_script_gives_way_to_the_one_that_is_set(rig):
    """An address that nobody answers is told, and not mistaken for a script."""
    nowhere = "http://127.0.0.1:9/omise.js"
    rig.set(omise_js=nowhere)
    try:
        missed = rig.call("GET", "omise.js")
        assert missed.status_code == 502
        assert nowhere in missed.text
    finally:
        rig.set(omise_js="own")
    assert rig.call("GET", "omise.js").status_code == 200
    refused = rig.post("control/settings", omise_js="javascript:alert(1)")
    assert refused["code"] == "bad_request"


def test_second_answer_changes_nothing_and_still_returns(rig):
    charge = asked_by_the_bank(rig)
    answers(rig, charge, "approve")
    assert answers(rig, charge, "decline").headers["Location"] == BACK
    assert now(rig, charge)["status"] == "successful"


def test_approved_but_uncaptured_charge_has_nothing_left_to_answer(rig):
    charge = asked_by_the_bank(rig, capture=False)
    answers(rig, charge, "approve")
    held = now(rig, charge)
    assert (held["status"], held["capturable"]) == ("pending", True)
    assert rig.call("GET", path_of(rig, charge)).headers["Location"] == BACK


def test_card_charge_without_3d_secure_bounces_straight_back(rig):
    charge = rig.charge(return_uri=BACK)
    bounced = rig.call("GET", path_of(rig, charge))
    assert (bounced.status_code, bounced.headers["Location"]) == (303, BACK)


def test_wallet_page_of_a_settled_charge_says_so_and_links_back(rig):
    charge = wallet(rig)
    answers(rig, charge, "approve")
    html = page(rig, charge)
    assert "This is paid" in html
    assert f'href="{BACK}"' in html
    assert "<form" not in html


def test_phone_shows_the_code_and_pays_it(rig):
    charge = rig.promptpay(return_uri=BACK)
    html = page(rig, charge)
    image = re.search(r'<img class="code" src="/([^"]+)"', html)[1]
    assert rig.call("GET", image).headers["Content-Type"].startswith("image/")
    answers(rig, charge, "approve")
    assert now(rig, charge)["paid"]


def test_counter_shows_number_and_expiry_and_takes_the_money_without_return_uri(rig):
    rig.set(country="JP")
    source = {
        "type": "econtext",
        "name": "Taro",
        "email": "t@x.jp",
        "phone_number": "09012345678",
    }
    charge = rig.charge(3500, "JPY", source=source)
    html = page(rig, charge)
    assert charge["source"]["references"]["payment_code"] in html
    assert moment(charge["expires_at"]) in html
    assert "JPY 3,500" in html
    assert answers(rig, charge, "approve").headers["Location"].endswith("/authorize")
    assert "This is paid" in page(rig, charge)


def test_what_a_shop_wrote_is_escaped(rig):
    evil = "<script>alert(1)</script>\"'"
    charge = asked_by_the_bank(
        rig, description=evil, metadata={"order_id": evil, evil: evil}
    )
    for path in (
        path_of(rig, charge),
        "dashboard/",
        f"dashboard/charges/{charge['id']}",
    ):
        html = rig.call("GET", path).text
        assert "&lt;script&gt;" in html
        assert "<script>" not in html


@pytest.mark.parametrize(
    "uri",
    ["javascript:alert(1)", "data:text/html,x", "//shop.test/", "/here", "", None]
    + [
        "http://",
        "https://shop.test/\r\nX-Evil: 1",
        "http://shop\\.test",
        "ftp://shop.test/",
    ],
)
def test_only_a_plain_web_address_is_followed(uri):
    assert payer.followable(uri) is None


def test_payers_pages_do_not_restrict_where_their_forms_lead(rig):
    served = rig.call("GET", path_of(rig, wallet(rig)))
    assert "form-action" not in served.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in served.headers["Content-Security-Policy"]


def test_unknown_payment_is_a_page_not_json(rig):
    for call in (("GET", "authorize"), ("POST", "approve")):
        missing = rig.call(call[0], f"payments/paym_test_none/{call[1]}")
        assert missing.status_code == 404
        assert "There is nothing here" in missing.text


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (5, "THB", "THB 0.05"),
        (-4506, "THB", "-THB 45.06"),
        (123456789, "SGD", "SGD 1,234,567.89"),
        (3500, "JPY", "JPY 3,500"),
    ],
)
def test_money_is_written_with_the_decimals_of_its_currency(amount, currency, written):
    assert money(amount, currency) == written
