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
    deadline = time.monotonic() + 60
    while text not in (html := detail(rig, charge)):
        assert time.monotonic() < deadline, html
        time.sleep(0.02)
    return html


def presses(rig, charge, move, headers=None, **form):
    return rig.submit(
        f"dashboard/charges/{charge['id']}/{move}", headers=headers, data=form
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
    rig.promptpay(description="Another")
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


def test_metadata_is_drawn_as_a_table_whatever_is_in_it(rig):
    metadata = {
        "order_id": "17",
        "gift": True,
        "note": None,
        "nothing": 0,
        "basket": [{"sku": "cup"}, "tray"],
        "shipping": {"city": "Bangkok & more"},
    }
    html = detail(rig, rig.charge(metadata=metadata))
    drawn = html.partition('<div class="metadata">')[2].partition("</div>")[0]
    cells = re.findall(r"<(?:th[^>]*|td|li)>(?:<code>)?([^<]+)<", drawn)
    assert " ".join(cells) == (
        "order_id 17 gift true note null nothing 0 basket sku cup tray"
        " shipping city Bangkok &amp; more"
    )
    assert "{&#39;" not in html


def test_order_id_that_is_no_text_is_listed_as_json(rig):
    rig.charge(metadata={"order_id": {"number": 17}})
    assert '{"number": 17}' in desk(rig)


def test_deeply_nested_metadata_ends_as_json(rig):
    deep = {"end": "here"}
    for _ in range(30):
        deep = {"in": deep}
    html = detail(rig, rig.charge(metadata={"deep": deep}))
    drawn = html.partition('<div class="metadata">')[2].partition("</div>")[0]
    assert "here" in drawn
    assert drawn.count("<table") == 5


def test_event_shows_what_it_says(rig):
    html = detail(rig, rig.charge(description="Celadon & clay"))
    said = html.partition("<pre")[2].partition("</pre>")[0]
    assert "&#34;object&#34;: &#34;charge&#34;" in said
    assert "Celadon &amp; clay" in said


def test_every_page_tells_when_it_was_drawn_by_the_sandbox_s_clock(rig):
    rig.set(clock_offset=0)
    for path in ("", "settings", "faults", f"charges/{rig.charge()['id']}"):
        drawn = re.search(r"Drawn at <time>([\d:]{8}) UTC</time>", desk(rig, path))[1]
        moments = [time.gmtime(time.time() - ago) for ago in range(5)]
        assert drawn in [time.strftime("%H:%M:%S", moment) for moment in moments]


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
    assert buttons(detail(rig, rig.charge())) == {"Refund", "Dispute"} | always
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


def test_only_a_pre_authorised_charge_is_captured_in_part(rig):
    fields = {"capture": False, "authorization_type": "pre_auth"}
    charge = rig.charge(200000, **fields)
    assert "readonly" not in detail(rig, charge)
    presses(rig, charge, "capture", amount="1,500.00")
    assert now(rig, charge)["captured_amount"] == 150000
    whole = rig.charge(200000, capture=False)
    assert "readonly" in detail(rig, whole)
    refused = presses(rig, whole, "capture", amount="1,500.00")
    assert (refused.status_code, now(rig, whole)["status"]) == (400, "pending")
    presses(rig, whole, "capture", amount="2,000.00")
    assert now(rig, whole)["paid"]


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
        missing = rig.submit(f"dashboard/charges/{path}")
        assert (missing.status_code, "nothing here" in missing.text) == (404, True)


def test_timeline_shows_deliveries_and_sends_an_event_again(rig, receiver):
    receiver.answer = 500
    charge = rig.charge()
    html = shows(rig, charge, ">500<")
    assert "charge.create" in html
    assert receiver.url in html
    receiver.answer = 200
    again = re.search(r'action="/(dashboard/charges/\w+/events/\w+/deliver)"', html)[1]
    assert rig.submit(again).status_code == 303
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


def test_faults_are_listed_with_how_often_they_struck_and_cleared(rig):
    assert "The sandbox behaves" in desk(rig, "faults")
    rule = {"fault": "webhook", "key": "charge.<b>", "drop": True, "times": 2}
    kept = rig.call("POST", "control/faults", json=rule).json()
    html = desk(rig, "faults")
    for shown in (kept["id"], "charge.&lt;b&gt;", "0 times of 2", "armed"):
        assert shown in html
    assert '<span class="pill failed">1</span>' in desk(rig)
    foreign = {"Sec-Fetch-Site": "cross-site"}
    clear = "dashboard/faults/clear"
    assert rig.submit(clear, headers=foreign).status_code == 403
    assert rig.submit(clear).status_code == 303
    assert rig.call("GET", "control/faults").json()["data"] == []
    assert "The sandbox behaves" in desk(rig, "faults")


def test_rule_that_holds_a_request_lets_it_go_by_hand(rig):
    """The release is what is shown; that a request then goes on is the fault plan's to show."""
    rule = {"fault": "hold_before", "path": "/charges", "seconds": 30}
    kept = rig.call("POST", "control/faults", json=rule).json()
    released = rig.submit(f"dashboard/faults/{kept['id']}/release")
    assert released.status_code == 303
    assert rig.get(f"control/faults/{kept['id']}")["state"] == "done"
    missing = rig.submit("dashboard/faults/falt_test_none/release")
    assert (missing.status_code, "nothing here" in missing.text) == (404, True)


@pytest.mark.parametrize(("verdict", "left"), [("won", {"Refund"}), ("lost", set())])
def test_charge_is_disputed_and_the_dispute_decided_by_hand(rig, verdict, left):
    charge = rig.charge(200000)
    presses(rig, charge, "dispute", reason_code="not_recorded")
    assert ">disputed</span>" in desk(rig)
    disputed = now(rig, charge)["dispute"]
    assert (disputed["status"], disputed["reason_code"]) == ("open", "not_recorded")
    html = detail(rig, charge)
    assert disputed["id"] in html
    deciding = {"Let the shop win", "Let the payer win", "Deliver again"}
    assert buttons(html) == deciding
    presses(rig, charge, "decide", status=verdict)
    assert now(rig, charge)["dispute"]["status"] == verdict
    html = detail(rig, charge)
    assert f"dispute {verdict}" in html
    assert buttons(html) == left | {"Deliver again"}


def test_dispute_that_cannot_be_is_refused_in_words(rig):
    charge = rig.promptpay()
    assert presses(rig, charge, "dispute").status_code == 400
    refused = presses(rig, charge, "decide", status="won")
    assert (refused.status_code, "Charge is not disputed." in refused.text) == (
        400,
        True,
    )


def test_all_events_are_listed_newest_first_whatever_they_are_about(rig):
    charge = rig.charge()
    customer = rig.post("customers", email="a@example.com")
    html = desk(rig, "events")
    assert re.findall(r"<strong>([a-z.]+)</strong>", html) == [
        "customer.create",
        "charge.create",
    ]
    assert charge["id"] in html
    assert customer["id"] in html
    again = re.search(r'action="/(dashboard/events/\w+/deliver)"', html)[1]
    assert "/dashboard/events#evnt" in rig.submit(again).headers["Location"]
    for _ in range(20):
        rig.promptpay()
    html = desk(rig, "events")
    assert "Page 1 of 2" in html
    assert "customer.create" in desk(rig, "events", page=2)
