"""The sandbox's omise.js towards the page that loads it: fields, callbacks, keyboard, messages."""

import json

import pytest

from sandbox import PUBLIC_KEY

pytest_plugins = ("sandbox_rig", "sandbox_face_rig")

TYPED = ("4242424242424242", "Somsri Jaidee", "1235", "123")
BUTTONS = (
    '<form method="post" action="/paid"><button id="one">One</button></form>'
    '<form method="post" action="/paid" id="other"></form><button id="two">Two</button>'
)
CARD = {
    "name": "Somsri Jaidee",
    "number": "4242424242424242",
    "expiration_month": 12,
    "expiration_year": 2035,
    "security_code": "123",
}


def calls(merchant, function, *arguments):
    """Call a function of Omise's with a callback, and answer (status, response)."""
    listed = ", ".join(json.dumps(argument) for argument in arguments)
    merchant.page.evaluate(
        f"window.answer = null; Omise.setPublicKey('{PUBLIC_KEY}');"
        f"Omise.{function}({listed}, (...given) => {{ answer = given; }})"
    )
    return merchant.eventually("answer")


def test_script_prepares_frame_hidden_fields_and_button(merchant):
    merchant.offers(button_label="<b>Pay</b> now")
    frame = merchant.page.locator("#omise-checkout-iframe-app")
    assert frame.get_attribute("src") == merchant.rig.url + "pay.html"
    assert frame.get_attribute("style").startswith("display: none;")
    fields = "nodes => nodes.map((node) => [node.name, node.type, node.value])"
    made = merchant.page.locator("form input[type=hidden]").evaluate_all(fields)
    assert made == [["omiseToken", "hidden", ""], ["omiseSource", "hidden", ""]]
    after = "document.querySelector('script[data-key]').nextSibling"
    assert merchant.page.evaluate(f"{after}.className") == "omise-checkout-button"
    assert merchant.page.evaluate(f"{after}.innerHTML") == "<b>Pay</b> now"


def test_button_reads_the_attributes_again_at_each_click(merchant):
    merchant.offers(amount=2000)
    merchant.page.evaluate(
        "document.querySelector('script[data-key]').dataset.amount = '9900'"
    )
    merchant.page.click(".omise-checkout-button")
    merchant.opened()
    assert "99.00" in merchant.form.locator("[type=submit]").inner_text()


def test_whole_payment_by_keyboard_alone(merchant):
    merchant.offers()
    keyboard = merchant.page.keyboard
    merchant.page.focus(".omise-checkout-button")
    keyboard.press("Enter")
    merchant.opened()
    merchant.form.locator("[name=cardNumber]:focus").wait_for()
    for text in TYPED[:-1]:
        keyboard.type(text)
        keyboard.press("Tab")
    keyboard.type(TYPED[-1])
    keyboard.press("Enter")
    assert merchant.got()["omiseToken"].startswith("tokn_test_")


@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
def test_focus_stays_inside_the_pay_form(merchant, key):
    merchant.sells(other_payment_methods="promptpay")
    inside = "[role=dialog] :focus"
    seen = set()
    for _ in range(14):
        merchant.page.keyboard.press(key)
        focused = merchant.form.locator(inside)
        focused.wait_for()
        seen.add(
            focused.evaluate("node => node.name || node.className || node.tagName")
        )
    assert {"cardNumber", "close", "method", "SUMMARY"} <= seen


def test_escape_closes_and_gives_the_focus_back(merchant):
    merchant.sells()
    merchant.types_card()
    merchant.page.keyboard.press("Escape")
    merchant.closed()
    assert (
        merchant.page.evaluate("document.activeElement.className")
        == "omise-checkout-button"
    )
    assert [json.loads(text) for text in merchant.page.evaluate("heard")] == [
        {"type": "CLOSE_IFRAME", "data": None}
    ]
    assert merchant.posted == []
    merchant.page.click(".omise-checkout-button")
    merchant.opened()
    assert merchant.value("cardNumber") == ""


def test_close_button_closes(merchant):
    merchant.sells()
    merchant.form.get_by_role("button", name="Close").click()
    merchant.closed()


def test_without_submit_auto_the_id_waits_in_its_field(merchant):
    merchant.sells(submit_auto="no")
    merchant.types_card()
    merchant.pays()
    merchant.closed()
    token = merchant.page.locator("[name=omiseToken]").input_value()
    assert token.startswith("tokn_test_")
    assert merchant.posted == []


def test_opened_by_hand_it_calls_back_with_the_id_and_when_closed(merchant):
    merchant.scripts()
    merchant.page.evaluate(f"""window.told = [];
        OmiseCard.configure({{ publicKey: '{PUBLIC_KEY}', frameLabel: 'By hand' }});
        OmiseCard.open({{ amount: 5000, currency: 'THB',
          onCreateTokenSuccess: (id) => told.push(id),
          onFormClosed: () => told.push('closed') }})""")
    merchant.opened()
    assert merchant.form.locator("#frameLabel").inner_text() == "By hand"
    merchant.types_card()
    merchant.pays()
    merchant.closed()
    (identifier,) = merchant.eventually("told.length && told")
    assert identifier.startswith("tokn_test_")


def test_form_that_is_closed_by_the_shopper_says_so(merchant):
    merchant.scripts()
    merchant.page.evaluate(f"""window.told = [];
        OmiseCard.configure({{ key: '{PUBLIC_KEY}', amount: 5000 }});
        OmiseCard.open({{ onFormClosed: () => told.push('closed') }})""")
    merchant.opened()
    merchant.page.keyboard.press("Escape")
    merchant.closed()
    assert merchant.eventually("told.length && told") == ["closed"]


def test_closing_by_hand_tells_so_and_no_id(merchant):
    merchant.scripts()
    merchant.page.evaluate(f"""window.told = [];
        OmiseCard.configure({{ key: '{PUBLIC_KEY}', amount: 5000 }});
        OmiseCard.open({{
          onCreateTokenSuccess: (id) => told.push(id),
          onFormClosed: () => told.push('closed') }})""")
    merchant.opened()
    assert merchant.page.evaluate("OmiseCard.close()") is True
    merchant.closed()
    assert merchant.eventually("told.length && told") == ["closed"]


def test_configured_buttons_open_for_their_own_forms(merchant):
    merchant.scripts(BUTTONS)
    merchant.page.evaluate(
        f"""OmiseCard.configure({{ key: '{PUBLIC_KEY}', currency: 'THB' }});
        OmiseCard.configureButton('#one', {{ amount: 2000, otherPaymentMethods: 'promptpay' }});
        OmiseCard.configureButton('#two', {{ amount: 3000, submitFormTarget: '#other' }});
        OmiseCard.attach()"""
    )
    merchant.page.click("#two")
    merchant.opened()
    assert "30.00" in merchant.form.locator("[type=submit]").inner_text()
    merchant.page.keyboard.press("Escape")
    merchant.closed()
    merchant.page.click("#one")
    merchant.opened()
    merchant.form.locator("[data-method=promptpay]").click()
    assert merchant.got()["omiseSource"].startswith("src_test_")


def test_form_opens_only_between_configure_or_attach_and_destroy(merchant):
    merchant.scripts('<form><button id="one">One</button></form>')
    frames = merchant.page.locator("#omise-checkout-iframe-app")

    def opens():
        given = f"{{ key: '{PUBLIC_KEY}', amount: 2000 }}"
        return merchant.page.evaluate(f"OmiseCard.open({given})")

    assert merchant.page.evaluate("OmiseCard.close()") is False
    assert (opens(), frames.count()) == (False, 0)
    for begin in ("configure({})", "configureButton('#one'), OmiseCard.attach()"):
        merchant.page.evaluate(f"OmiseCard.{begin}")
        assert frames.count() == 1
        assert opens() is True
        merchant.opened()
        merchant.page.evaluate("OmiseCard.destroy()")
        assert (opens(), frames.count()) == (False, 0)


def test_configuring_gives_back_what_holds_now(merchant):
    merchant.scripts('<form><button id="one">One</button></form>')
    kept = merchant.page.evaluate(
        "OmiseCard.configure({ publicKey: 'k', otherPaymentMethods: 'a, b' })"
    )
    assert (kept["key"], kept["otherPaymentMethods"]) == ("k", ["a", "b"])
    assert (kept["currency"], "publicKey" in kept) == ("THB", False)
    assert kept == merchant.page.evaluate("OmiseCard.getDefaultConfig()")
    one = merchant.page.evaluate("OmiseCard.configureButton('#one', { amount: 5 })")
    assert one == {"buttonId": "#one", "configuration": {**kept, "amount": 5}}
    assert merchant.page.inner_text("#one") == "Pay with Omise"
    merchant.page.evaluate("OmiseCard.configureButton('#one', { buttonLabel: 'Buy' })")
    assert merchant.page.inner_text("#one") == "Buy"


def test_list_in_text_becomes_a_list(merchant):
    merchant.scripts()
    text = "a, b , internet_banking(scb, ktb),, c"
    prepared = merchant.page.evaluate(
        f"OmiseCard.prepareConfig({{ otherPaymentMethods: '{text}', logo: 'x' }})"
    )
    assert prepared == {
        "otherPaymentMethods": ["a", "b", "internet_banking(scb, ktb)", "c"],
        "image": "x",
    }


def test_what_the_genuine_script_has_besides_is_there(merchant):
    merchant.offers()
    merchant.page.evaluate("""OmiseCard.createParentFrameHandler();
        OmiseCard.setTokenAtOmiseTokenField('tokn_test_1');
        OmiseCard.setTokenAtOmiseTokenField('src_test_1')""")
    for name, value in (("omiseToken", "tokn_test_1"), ("omiseSource", "src_test_1")):
        assert merchant.page.locator(f"[name={name}]").input_value() == value


def test_button_that_is_not_there_is_a_mistake_that_is_told(merchant):
    merchant.scripts()
    caught = merchant.page.evaluate(
        """() => { OmiseCard.configureButton('#missing', { amount: 2000 });
        try { OmiseCard.attach(); } catch (error) { return error.message; } }"""
    )
    assert "nothing on the page is #missing" in caught


def test_button_without_a_form_is_a_mistake_that_is_told(merchant):
    merchant.scripts('<button id="stray">Pay</button>')
    caught = merchant.page.evaluate(
        """() => { OmiseCard.configureButton('#stray', { amount: 2000 });
        try { OmiseCard.attach(); } catch (error) { return error.message; } }"""
    )
    assert "no form around #stray" in caught


def test_destroy_leaves_nothing_behind(merchant):
    merchant.offers()
    merchant.page.evaluate("OmiseCard.destroy()")
    left = "#omise-checkout-iframe-app, .omise-checkout-button, [name=omiseToken]"
    assert merchant.page.locator(left).count() == 0


def test_defaults_are_those_of_the_genuine_script(merchant):
    merchant.scripts()
    defaults = merchant.page.evaluate("OmiseCard.getDefaultConfig()")
    expected = {
        "currency": "THB",
        "frameLabel": "Omise",
        "frameDescription": "Secured by Omise",
        "buttonLabel": "Pay with Omise",
        "submitLabel": "Pay",
        "location": "no",
        "defaultPaymentMethod": "credit_card",
        "otherPaymentMethods": [],
        "submitAuto": "yes",
        "cardBrands": "visa mastercard",
        "locale": "en",
        "hideAmount": "false",
        "style": {},
    }
    assert expected.items() <= defaults.items()


def test_create_token_answers_status_and_token_or_error(merchant):
    merchant.scripts()
    status, token = calls(merchant, "createToken", "card", CARD)
    assert (status, token["object"], token["card"]["last_digits"]) == (
        200,
        "token",
        "4242",
    )
    status, error = calls(merchant, "createToken", "card", {**CARD, "number": "4242"})
    assert (status, error["code"]) == (400, "invalid_card")


def test_create_source_answers_status_and_source_or_error(merchant):
    merchant.scripts()
    wanted = {"amount": 2000, "currency": "THB"}
    status, source = calls(merchant, "createSource", "promptpay", wanted)
    assert (status, source["object"], source["type"]) == (200, "source", "promptpay")
    status, error = calls(merchant, "createSource", "no_such_type", wanted)
    assert (status, error["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("createToken", ("rpc_error", "code message object")),
        ("createSource", ("create_source_error", "code error")),
    ],
)
def test_lost_connection_answers_status_nought(merchant, function, told):
    merchant.scripts()
    merchant.page.route("**/tokens", lambda route: route.abort())
    merchant.page.route("**/sources/", lambda route: route.abort())
    status, error = calls(merchant, function, "card", {})
    assert (status, error["code"], " ".join(sorted(error))) == (0, *told)


def test_foreign_messages_do_no_harm(merchant):
    merchant.sells()
    merchant.page.evaluate(
        "['no json', '[]', 'null', 7, { type: 'CLOSE_IFRAME' }].forEach((odd) => postMessage(odd))"
    )
    merchant.types_card()
    merchant.pays()
    assert merchant.got()["omiseToken"].startswith("tokn_test_")
    assert merchant.complaints == []


def test_every_attribute_is_heeded_by_its_name_or_its_alias(merchant):
    merchant.sells(
        logo=merchant.rig.url + "static/icon.svg?own",
        frame_label="Clay",
        frame_description="From the kiln",
        button_label="Buy",
        submit_label="Give",
        hide_amount="true",
        location_field="yes",
        card_brands="jcb amex",
        auto_card_number_format="no",
        expiry_date_style="basic",
    )
    form = merchant.form
    assert merchant.page.inner_text(".omise-checkout-button") == "Buy"
    assert form.locator(".logo").get_attribute("src").endswith("?own")
    assert form.locator(".logo").is_visible()
    assert form.locator("#frameLabel").inner_text() == "Clay"
    assert form.locator("#frameDescription").inner_text() == "From the kiln"
    assert form.locator("[type=submit]").inner_text() == "Give"
    assert form.locator(".accepted").inner_text() == "Accepted: JCB, Amex"
    assert form.locator("[name=city]").is_visible()
    merchant.types_card()
    assert merchant.value("cardNumber") == TYPED[0]
    assert merchant.value("expiryDate") == TYPED[2]
    merchant.pays()
    assert merchant.got()["omiseToken"].startswith("tokn_test_")


def test_plain_attributes_leave_the_defaults(merchant):
    merchant.sells()
    form = merchant.form
    assert merchant.page.inner_text(".omise-checkout-button") == "Pay with Omise"
    assert form.locator("#frameLabel").inner_text() == "Omise"
    assert form.locator("#frameDescription").inner_text() == "Secured by Omise"
    assert form.locator(".accepted").inner_text() == "Accepted: Visa, Mastercard"
    assert form.locator("[name=city]").count() == 0
    assert form.locator(".logo").is_visible()


def test_key_of_another_account_is_told_in_the_form(merchant):
    merchant.scripts()
    merchant.page.evaluate(
        "OmiseCard.configure({ key: 'pkey_5live000', amount: 2000, locale: 'th' });"
        "OmiseCard.open()"
    )
    merchant.opened()
    merchant.types_card()
    merchant.pays()
    assert "\u0e04\u0e35\u0e22\u0e4c" in merchant.complaint()
