"""The sandbox's dashboard: what it shows, what it lets people do, and when it does not."""

import re
import time

import pytest

pytest_plugins = ("sandbox_rig",)


def desk(rig, path="", expected=200, **query):
    shown = rig.call("GET", f"dashboard/{path}", params=query)
    assert shown.status_code == expected
    assert "Sandbox" in shown.text
    return shown.text


def detail(rig, charge):
    return desk(rig, f"charges/{charge['id']}")


def shows(rig, charge, text):
    """Look again until the detail page shows it: deliveries leave after the response."""
    deadline = time.monotonic() + 10
    while text not in (html := detail(rig, charge)):
        assert time.monotonic() < deadline, html
        time.sleep(0.02)
    return html


def presses(rig, charge, move, headers=None, **form):
    return rig.call(
        "POST", f"dashboard/charges/{charge['id']}/{move}", headers=headers, data=form
    )


def buttons(html):
    return {
        button.strip() for button in re.findall(r"<button[^>]*>([^<]+)</button>", html)
    }


def listed(html):
    return re.findall(r">(chrg_test_\w+)</a>", html)


def now(rig, charge):
    return rig.get(f"charges/{charge['id']}")


def test_empty_books_say_what_to_do(rig):
    assert "There are no charges yet" in desk(rig)


def test_list_shows_newest_first_with_status_method_order_and_amount(rig):
    first = rig.charge(metadata={"order_id": "order-one"})
    second = rig.promptpay(amount=123450, description="Order two")
    html = desk(rig)
    assert listed(html) == [second["id"], first["id"]]
    for shown in (
        "successful",
        "order-one",
        "4242",
        "Order two",
        "PromptPay",
        "THB 1,234.50",
    ):
        assert shown in html


def test_list_narrows_by_status_and_by_word(rig):
    paid, waiting = rig.charge(description="Celadon cup"), rig.promptpay(
        description="Rattan tray"
    )
    assert listed(desk(rig, status="pending")) == [waiting["id"]]
    assert listed(desk(rig, query="Celadon")) == [paid["id"]]
    assert listed(desk(rig, query=waiting["id"])) == [waiting["id"]]
    assert listed(desk(rig, status="nonsense")) == [waiting["id"], paid["id"]]
    assert "No charge fits that" in desk(rig, query="Teapot")


def test_list_is_cut_into_pages_that_keep_the_search(rig):
    for _ in range(21):
        rig.promptpay(description="Many")
    html = desk(rig, query="Many", status="pending")
    assert len(listed(html)) == 20
    older = re.search(r'rel="next" href="/([^"]+)"', html)[1].replace("&amp;", "&")
    rest = rig.call("GET", older).text
    assert len(listed(rest)) == 1
    assert "Page 2 of 2" in rest


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 40])
def test_odd_page_numbers_do_no_harm(rig, number):
    desk(rig, page=number)


def test_detail_shows_facts_money_and_the_code_to_scan(rig):
    charge = rig.promptpay(amount=123450, metadata={"order_id": "17"})
    html = detail(rig, charge)
    for shown in (charge["id"], "order_id", "THB 45.06", "THB 3.15", "THB 1,186.29"):
        assert shown in html
    image = re.search(r'<img class="code" src="/([^"]+)"', html)[1]
    assert rig.call("GET", image).headers["Content-Type"].startswith("image/")


def test_only_legal_actions_are_offered(rig):
    always = {"Deliver again"}
    source = {"Mark as successful", "Mark as failed", "Expire"} | always
    held = rig.charge(capture=False)
    rig.set(three_d_secure=True)
    asked = rig.charge(return_uri="http://shop.test/")
    rig.set(three_d_secure=False)
    assert buttons(detail(rig, rig.promptpay())) == source
    assert buttons(detail(rig, asked)) == source - {"Expire"}
    assert buttons(detail(rig, held)) == {"Capture", "Reverse"} | always
    assert buttons(detail(rig, rig.charge())) == {"Refund"} | always
    assert (
        buttons(detail(rig, rig.charge(card=rig.token("4111111111140011")))) == always
    )


@pytest.mark.parametrize(
    ("move", "form", "status", "code"),
    [
        ("pay", {}, "successful", None),
        ("fail", {}, "failed", "failed_processing"),
        (
            "fail",
            {"failure_code": "insufficient_balance"},
            "failed",
            "insufficient_balance",
        ),
        ("fail", {"failure_code": "made up"}, "failed", "failed_processing"),
        ("expire", {}, "expired", None),
    ],
)
def test_waiting_charge_is_settled_by_hand(rig, move, form, status, code):
    charge = rig.promptpay()
    answer = presses(rig, charge, move, **form)
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith(charge["id"])
    settled = now(rig, charge)
    assert (settled["status"], settled["failure_code"]) == (status, code)


@pytest.mark.parametrize(
    ("move", "status"), [("capture", "successful"), ("reverse", "reversed")]
)
def test_authorised_charge_is_captured_or_reversed_by_hand(rig, move, status):
    charge = rig.charge(capture=False)
    presses(rig, charge, move)
    assert now(rig, charge)["status"] == status


@pytest.mark.parametrize(
    ("typed", "amount"), [("1,000.50", 100050), ("7", 700), ("0.5", 50)]
)
def test_refund_reads_the_amount_as_people_type_it(rig, typed, amount):
    charge = rig.charge(200000)
    presses(rig, charge, "refund", amount=typed)
    assert now(rig, charge)["refunded_amount"] == amount
    assert "partly refunded" in detail(rig, charge)


def test_void_returns_everything_and_is_shown(rig):
    charge = rig.charge(200000)
    presses(rig, charge, "refund", amount="2,000.00", void="on")
    assert now(rig, charge)["voided"]
    assert "voided" in detail(rig, charge)


@pytest.mark.parametrize("typed", ["", "abc", "1.234", "-5", "99999", "\u0661"])
def test_refund_that_makes_no_sense_is_refused_in_words_and_changes_nothing(rig, typed):
    charge = rig.charge(200000)
    refused = presses(rig, charge, "refund", amount=typed)
    assert refused.status_code == 400
    assert "That was not possible." in refused.text
    assert now(rig, charge)["refunded_amount"] == 0


def test_illegal_move_is_refused_on_the_charge_s_own_page(rig):
    charge = rig.charge()
    refused = presses(rig, charge, "pay")
    assert refused.status_code == 400
    assert "Charge is not pending." in refused.text


def test_unknown_charge_or_event_is_a_page_not_json(rig):
    charge = rig.charge()
    assert "There is nothing here" in desk(rig, "charges/chrg_test_none", 404)
    for path in ("chrg_test_none/pay", f"{charge['id']}/events/evnt_test_none/deliver"):
        missing = rig.call("POST", f"dashboard/charges/{path}")
        assert (missing.status_code, "nothing here" in missing.text) == (404, True)


def test_timeline_shows_deliveries_and_sends_an_event_again(rig, receiver):
    receiver.answer = 500
    charge = rig.charge()
    html = shows(rig, charge, ">500<")
    assert "charge.create" in html
    assert receiver.url in html
    receiver.answer = 200
    again = re.search(r'action="/(dashboard/charges/\w+/events/\w+/deliver)"', html)[1]
    assert rig.call("POST", again).status_code == 303
    shows(rig, charge, ">200<")
    assert len(receiver.arrived) == 2
    assert receiver.arrived[0][2] == receiver.arrived[1][2]


def test_delivery_that_reached_nobody_says_why(rig):
    rig.set(webhook_uri="http://127.0.0.1:1/webhook")
    assert "ConnectionError" in shows(rig, rig.charge(), "no answer")


def test_another_website_cannot_press_a_button_through_a_browser(rig):
    charge = rig.promptpay()
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert presses(rig, charge, "pay", headers=foreign).status_code == 403
    assert now(rig, charge)["status"] == "pending"
    assert (
        presses(
            rig, charge, "pay", headers={"Sec-Fetch-Site": "same-origin"}
        ).status_code
        == 303
    )
