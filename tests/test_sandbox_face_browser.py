"""The sandbox's pay form in a real browser: cards, other ways to pay, and what goes wrong."""

import json

from sandbox import PUBLIC_KEY

pytest_plugins = ("sandbox_rig", "sandbox_face_rig")

NUMBER = "4242424242424242"
OTHERS = "promptpay, truemoney, mobile_banking(bay, bbl), installment, no_such_thing"


def test_card_becomes_a_token_and_the_form_is_posted_without_a_submit_event(merchant):
    merchant.sells()
    merchant.page.evaluate(
        "document.forms[0].addEventListener('submit', () => alert('heard'))"
    )
    merchant.page.on(
        "dialog", lambda dialog: merchant.complaints.append(dialog.message)
    )
    merchant.types_card()
    assert merchant.value("cardNumber") == "4242 4242 4242 4242"
    assert merchant.value("expiryDate") == "12/35"
    merchant.pays()
    posted = merchant.got()
    assert posted == {
        "csrf": "7",
        "omiseToken": posted["omiseToken"],
        "omiseSource": "",
    }
    card = merchant.rig.get(f"tokens/{posted['omiseToken']}", PUBLIC_KEY)["card"]
    assert (card["name"], card["last_digits"]) == ("Somsri Jaidee", "4242")
    assert (card["expiration_month"], card["expiration_year"]) == (12, 2035)
    assert merchant.complaints == []


def test_card_number_travels_in_no_request_but_the_one_for_the_token(merchant):
    merchant.sells(submit_auto="no")
    merchant.types_card()
    merchant.pays()
    merchant.closed()
    spilling = [
        url for url, body in merchant.requests if NUMBER in url + body.replace(" ", "")
    ]
    assert spilling == [merchant.rig.url + "tokens"]
    heard = merchant.page.evaluate("heard")
    assert [json.loads(message)["type"] for message in heard] == [
        "CLOSE_AND_SEND_TOKEN"
    ]
    assert "4242" not in json.dumps(heard).replace(json.loads(heard[0])["data"], "")


def test_clicking_a_method_that_asks_nothing_makes_a_source_at_once(merchant):
    merchant.sells(other_payment_methods=OTHERS)
    shown = merchant.form.locator(".others .method").evaluate_all(
        "nodes => nodes.map((node) => node.dataset.method)"
    )
    assert shown == ["promptpay", "truemoney", "mobile_banking", "installment"]
    assert merchant.form.get_by_text("Other Methods").is_visible()
    merchant.form.locator("[data-method=promptpay]").click()
    posted = merchant.got()
    assert posted["omiseToken"] == ""
    source = merchant.rig.get(f"sources/{posted['omiseSource']}")
    assert (source["type"], source["amount"], source["currency"]) == (
        "promptpay",
        123450,
        "THB",
    )


def test_method_that_needs_a_phone_number_asks_for_it(merchant):
    merchant.sells(other_payment_methods=OTHERS)
    merchant.form.locator("[data-method=truemoney]").click()
    merchant.pays()
    assert merchant.complaint() == "Please fill in: Phone number."
    merchant.form.locator("[name=phone_number]").fill("0812345678")
    merchant.pays()
    source = merchant.rig.get(f"sources/{merchant.got()['omiseSource']}")
    assert (source["type"], source["phone_number"]) == ("truemoney", "0812345678")


def test_group_opens_a_list_limited_by_its_brackets_and_back_keeps_what_was_typed(
    merchant,
):
    merchant.sells(other_payment_methods=OTHERS)
    merchant.form.locator("[name=nameOnCard]").fill("Kept")
    merchant.form.locator("[data-method=mobile_banking]").click()
    members = merchant.form.locator("[data-view=mobile_banking] .method")
    assert members.all_inner_texts() == ["Krungsri", "Bangkok Bank"]
    merchant.form.get_by_role("button", name="Back").click()
    assert merchant.value("nameOnCard") == "Kept"
    merchant.form.locator("[data-method=mobile_banking]").click()
    merchant.form.locator("[data-method=mobile_banking_bbl]").click()
    source = merchant.rig.get(f"sources/{merchant.got()['omiseSource']}")
    assert source["type"] == "mobile_banking_bbl"


def test_instalments_ask_for_a_bank_and_then_for_months_it_offers(merchant):
    merchant.sells(amount=200000, other_payment_methods="installment(scb, kbank)")
    merchant.form.locator("[data-method=installment]").click()
    merchant.form.locator("[data-method=installment_scb]").click()
    months = merchant.form.locator("[name=installment_term] option")
    assert months.evaluate_all("nodes => nodes.map((node) => node.value)") == ["3", "4"]
    merchant.form.locator("[name=installment_term]").select_option("4")
    merchant.pays()
    source = merchant.rig.get(f"sources/{merchant.got()['omiseSource']}")
    assert (source["type"], source["installment_term"]) == ("installment_scb", 4)


def test_default_method_opens_at_once_and_speaks_japanese(merchant):
    merchant.rig.set(country="JP")
    merchant.sells(
        amount=3500,
        currency="JPY",
        locale="ja",
        default_payment_method="convenience_store",
        other_payment_methods="credit_card, paypay",
    )
    assert (
        "\u652f\u6255\u3046 \uffe53,500"
        in merchant.form.locator("[type=submit]").inner_text()
    )
    filled = {"name": "Taro", "email": "taro@example.jp", "phone_number": "09012345678"}
    for field, text in filled.items():
        merchant.form.locator(f"[name={field}]").fill(text)
    merchant.pays()
    source = merchant.rig.get(f"sources/{merchant.got()['omiseSource']}")
    assert source["type"] == "econtext"
    assert {name: source[name] for name in filled} == filled


def test_default_method_that_asks_nothing_still_waits_for_the_shopper(merchant):
    merchant.sells(
        default_payment_method="promptpay", other_payment_methods="credit_card"
    )
    merchant.page.wait_for_timeout(300)
    assert not any("/sources" in url for url, _ in merchant.requests)
    merchant.pays()
    assert merchant.got()["omiseSource"].startswith("src_test_")


def test_thai_is_spoken_when_asked_for(merchant):
    merchant.sells(locale="th")
    label = merchant.form.locator("label[for=cardNumber]").inner_text()
    assert label == "\u0e2b\u0e21\u0e32\u0e22\u0e40\u0e25\u0e02\u0e1a\u0e31\u0e15\u0e23"
    assert "1,234.50" in merchant.form.locator("[type=submit]").inner_text()


def test_refusal_is_shown_at_its_field_and_everything_typed_is_kept(merchant):
    merchant.sells()
    merchant.types_card(number="4242424242424241")
    merchant.pays()
    assert merchant.complaint() == "Number is invalid."
    kept = [merchant.value(name) for name in ("cardNumber", "nameOnCard", "expiryDate")]
    assert kept == ["4242 4242 4242 4241", "Somsri Jaidee", "12/35"]
    number = merchant.form.locator("[name=cardNumber]")
    assert number.get_attribute("aria-invalid") == "true"
    number.fill(NUMBER)
    merchant.pays()
    assert merchant.got()["omiseToken"].startswith("tokn_test_")


def test_empty_form_says_what_is_missing_and_asks_nobody(merchant):
    merchant.sells()
    merchant.pays()
    assert merchant.complaint() == "Enter the card number."
    assert not any(url.endswith("/tokens") for url, _ in merchant.requests)


def test_test_card_is_filled_in_by_a_click(merchant):
    merchant.sells()
    merchant.form.locator("summary").click()
    merchant.form.locator("[data-number='4111111111140011']").click()
    merchant.pays()
    token = merchant.rig.get(f"tokens/{merchant.got()['omiseToken']}", PUBLIC_KEY)
    assert token["card"]["last_digits"] == "0011"


def test_location_is_asked_for_and_sent_when_the_shop_wants_it(merchant):
    merchant.sells(location="yes")
    merchant.types_card()
    merchant.form.locator("[name=city]").fill("Bangkok")
    merchant.form.locator("[name=postalCode]").fill("10320")
    merchant.form.locator("[name=country]").select_option("th")
    merchant.pays()
    card = merchant.rig.get(f"tokens/{merchant.got()['omiseToken']}", PUBLIC_KEY)[
        "card"
    ]
    assert (card["city"], card["postal_code"], card["country"]) == (
        "Bangkok",
        "10320",
        "th",
    )


def test_answer_at_the_bank_leads_a_real_browser_back_to_the_shop(merchant):
    merchant.rig.set(three_d_secure=True)
    merchant.html = "Welcome back"
    charge = merchant.rig.charge(return_uri=merchant.url)
    merchant.page.goto(charge["authorize_uri"])
    merchant.page.get_by_role("button", name="Approve").click()
    merchant.page.wait_for_url(merchant.url)
    assert merchant.rig.get(f"charges/{charge['id']}")["paid"]
    assert merchant.complaints == []


def test_dashboard_buttons_work_in_a_real_browser(merchant):
    charge = merchant.rig.promptpay()
    merchant.page.goto(merchant.rig.url + "dashboard/")
    merchant.page.get_by_role("link", name=charge["id"]).click()
    merchant.page.get_by_role("button", name="Mark as successful").click()
    merchant.page.locator(".headline .pill.successful").wait_for()
    assert merchant.complaints == []


def test_pages_fit_a_phone_and_their_buttons_fit_a_thumb(merchant):
    charge = merchant.rig.promptpay(
        return_uri=merchant.url, metadata={"order_id": "x" * 60}
    )
    merchant.rig.charge(description="A long description " * 6)
    merchant.rig.call("POST", "control/faults", json={"fault": "stale"})
    paths = ["", f"charges/{charge['id']}", "settings", "faults", "events"]
    paths = [f"dashboard/{path}" for path in paths]
    urls = [merchant.rig.url + path for path in paths] + [charge["authorize_uri"]]
    for url in urls:
        merchant.page.goto(url)
        assert (
            merchant.page.evaluate("document.documentElement.scrollWidth") <= 390
        ), url
        assert small_targets(merchant.page) == [], url


def test_pay_form_fits_a_phone_and_its_buttons_fit_a_thumb(merchant):
    merchant.sells(other_payment_methods=OTHERS, frame_label="A long name " * 9)
    merchant.form.locator("summary").click()
    frame = merchant.page.frames[-1]
    assert frame.evaluate("document.documentElement.scrollWidth") <= 390
    assert small_targets(frame) == []


def small_targets(page):
    """List what can be pressed but is less than 44 px high."""
    return page.locator(
        "button, a, summary, select, input:not([type=checkbox])"
    ).evaluate_all(
        """nodes => nodes.filter((node) => node.offsetHeight && node.offsetHeight < 44)
          .map((node) => node.outerHTML)"""
    )
