"""The sandbox's omise.js in demanding pages: strict policies, late loading, embedded forms."""

import json

import pytest

from sandbox import PUBLIC_KEY

pytest_plugins = ("sandbox_rig", "sandbox_face_rig")

CARD = {
    "name": "Somsri Jaidee",
    "number": "4242424242424242",
    "expiration_month": 12,
    "expiration_year": 2035,
    "security_code": "123",
}
FORM = (
    '<form method="post" action="/paid"><script src="{omise}" data-key="{key}"'
    ' data-amount="2000" data-currency="THB"></script></form>'
)
# What FACTS are known of the genuine script, in as few lines as that takes: the frame, the fields,
# the button and the messages.
GENUINE = """
const script = document.querySelector('script[data-key][data-amount]');
const form = script.closest('form');
const frame = document.createElement('iframe');
frame.id = 'omise-checkout-iframe-app';
frame.src = 'https://cdn.omise.co/pay.html';
frame.style.cssText = 'display:none;position:fixed;left:0;top:0;width:100%;height:100%';
document.body.append(frame);
for (const name of ['omiseToken', 'omiseSource']) {
  form.append(Object.assign(document.createElement('input'), { type: 'hidden', name }));
}
const button = document.createElement('button');
button.className = 'omise-checkout-button';
script.after(button);
button.addEventListener('click', (event) => {
  event.preventDefault();
  frame.style.display = 'block';
  const { key, amount, currency, otherPaymentMethods } = script.dataset;
  const config = { key, amount, currency, otherPaymentMethods, locale: 'en', submitLabel: 'Pay' };
  const message = { type: 'SHOW_IFRAME_APP_FORM', data: { config } };
  frame.contentWindow.postMessage(JSON.stringify(message), 'https://cdn.omise.co');
});
window.addEventListener('message', (event) => {
  const { type, data } = JSON.parse(event.data);
  if (type === 'CLOSE_IFRAME') frame.style.display = 'none';
  if (type !== 'CLOSE_AND_SEND_TOKEN') return;
  form.elements[data.startsWith('src_') ? 'omiseSource' : 'omiseToken'].value = data;
  form.submit();
});
"""


# What easyXDM does in the page that frames a maker of tokens, by its source (2.4).
EASY_XDM = """([home, origin, method, params]) => new Promise((resolve) => {
  const channel = 'default' + document.querySelectorAll('iframe').length;
  const frame = document.createElement('iframe');
  const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  addEventListener('message', ({ data }) => {
    if (data === channel + '-ready') {
      frame.contentWindow.postMessage(channel + ' ' + call, home);
    } else if (data.startsWith(channel + ' ')) {
      resolve(JSON.parse(data.slice(channel.length + 1)));
    }
  });
  const asked = new URLSearchParams({ xdm_e: origin, xdm_c: channel, xdm_p: 1 });
  frame.src = `${home}provider?${asked}`;
  document.body.append(frame);
})"""


def under_policy(merchant, body, **directives):
    """Show a page whose policy allows next to nothing but what is named."""
    sandbox = merchant.rig.url.rstrip("/")
    policy = {"default-src": "'none'", "script-src": sandbox, "frame-src": sandbox}
    policy |= {"form-action": "'self'", **directives}
    written = "; ".join(f"{name} {value}" for name, value in policy.items())
    merchant.headers = {"Content-Security-Policy": written}
    merchant.html = f"<!doctype html><title>Strict</title><body>{body}"
    merchant.page.goto(merchant.url)


def embeds(merchant, body='<div id="here"></div>', **config):
    """Put an embedded form into the page and keep what it calls back with."""
    merchant.scripts(body)
    config = {"publicKey": PUBLIC_KEY, "element": "#here", "currency": "THB", **config}
    merchant.page.evaluate(
        """([config]) => { window.told = []; OmiseCard.configure(config);
             OmiseCard.open({ onCreateTokenSuccess: (payload) => told.push(payload),
               onError: (error) => told.push(error) }); }""",
        [config],
    )
    merchant.form = merchant.page.frame_locator("#omise-embedded-iframe")
    merchant.form.locator("form").wait_for()


def asks(merchant, billing=None):
    """Ask the embedded form for its token, as the shop's own button would."""
    merchant.page.evaluate(f"OmiseCard.requestCardToken({json.dumps(billing)})")
    return merchant.eventually("told.length && told")[-1]


def token_through_the_frame(merchant):
    # One promise: Playwright's waiting would need eval, which a strict page forbids it.
    return merchant.page.evaluate(
        """([key, card]) => new Promise((resolve) => { Omise.setPublicKey(key);
             Omise.createToken('card', card, (...given) => resolve(given)); })""",
        [PUBLIC_KEY, CARD],
    )


def test_strict_policy_of_the_page_is_enough_for_the_pop_up(merchant):
    """The style attribute is the genuine script's own demand, and stays one here."""
    body = FORM.format(omise=merchant.omise, key=PUBLIC_KEY)
    under_policy(merchant, body, **{"style-src-attr": "'unsafe-inline'"})
    merchant.page.click(".omise-checkout-button")
    merchant.opened()
    merchant.types_card()
    merchant.pays()
    assert merchant.got()["omiseToken"].startswith("tokn_test_")
    assert merchant.complaints == []


def test_without_leave_for_style_attributes_the_browser_complains_of_nothing_else(
    merchant,
):
    under_policy(merchant, FORM.format(omise=merchant.omise, key=PUBLIC_KEY))
    merchant.page.locator(".omise-checkout-button").wait_for()
    assert merchant.complaints
    assert all("inline style" in said for said in merchant.complaints)


def test_token_is_made_by_a_hidden_frame_so_that_the_page_may_connect_to_nobody(
    merchant,
):
    under_policy(merchant, f'<script src="{merchant.omise}"></script>')
    asked = []
    merchant.page.on(
        "request",
        lambda sent: (
            asked.append(sent.frame.url) if sent.url.endswith("/tokens") else None
        ),
    )
    status, token = token_through_the_frame(merchant)
    assert (status, token["card"]["last_digits"]) == (200, "4242")
    assert asked == [merchant.rig.url + "provider"]
    assert token_through_the_frame(merchant)[0] == 200
    assert merchant.page.locator("iframe").count() == 1
    assert merchant.complaints == []


def test_wallet_tokens_are_made_too(merchant):
    merchant.scripts()
    merchant.page.evaluate(f"""window.answer = null; Omise.setPublicKey('{PUBLIC_KEY}');
        Omise.createToken('tokenization', {{ method: 'googlepay', data: '{{}}' }},
          (...given) => {{ answer = given; }})""")
    status, token = merchant.eventually("answer")
    assert (status, token["card"]["tokenization_method"]) == (200, "googlepay")


def test_script_may_come_late(merchant):
    merchant.shows(
        '<form method="post" action="/paid"><button id="b">Pay</button></form>'
    )
    merchant.page.add_script_tag(url=merchant.omise)
    merchant.page.evaluate(
        f"""OmiseCard.configureButton('#b',
        {{ key: '{PUBLIC_KEY}', amount: 2000, currency: 'THB' }}); OmiseCard.attach()"""
    )
    merchant.page.click("#b")
    merchant.opened()


def test_script_may_stand_in_the_head_and_be_used_at_once(merchant):
    merchant.html = f"""<!doctype html><head><script src="{merchant.omise}"></script>
        <script>OmiseCard.configure({{ key: '{PUBLIC_KEY}', amount: 2000 }}); OmiseCard.open()
        </script></head>"""
    merchant.page.goto(merchant.url)
    merchant.opened()
    assert merchant.complaints == []


def test_script_outside_a_form_says_why_there_is_no_button(merchant):
    merchant.shows(
        f'<script src="{merchant.omise}" data-key="k" data-amount="1"></script>'
    )
    assert merchant.page.locator(".omise-checkout-button").count() == 0
    assert "stands in no form" in merchant.complaints[0]


@pytest.mark.parametrize("remembered", [True, False])
def test_embedded_card_form_hands_over_token_and_wish(merchant, remembered):
    embeds(merchant, customCardForm=True, locale="th")
    merchant.types_card()
    if remembered:
        merchant.form.locator("[name=remember]").check()
    payload = asks(merchant, {"city": "Bangkok", "email": "somsri@example.com"})
    assert payload == {"token": payload["token"], "remember": remembered}
    card = merchant.rig.get(f"tokens/{payload['token']}", PUBLIC_KEY)["card"]
    assert (card["last_digits"], card["city"]) == ("4242", "Bangkok")
    assert merchant.complaints == []


def test_embedded_card_form_says_what_is_wrong_there_and_to_the_page(merchant):
    embeds(merchant, customCardForm=True)
    assert asks(merchant)["message"] == "Enter the card number."
    merchant.types_card(number="4242424242424241")
    merchant.page.evaluate("told.length = 0")
    refused = asks(merchant)
    assert (refused["code"], refused["message"]) == (
        "invalid_card",
        "number is invalid",
    )
    assert merchant.complaint() == "Number is invalid."


def test_embedded_form_looks_as_the_shop_asks_and_is_as_high_as_it_needs(merchant):
    look = {"fontSize": "20px", "input": {"borderRadius": "0px", "height": "60px"}}
    config = {"customCardFormHideRememberCard": True, "style": look}
    embeds(merchant, customCardForm=True, customCardFormTheme="dark", **config)
    box = merchant.form.locator("[name=cardNumber]")
    seen = box.evaluate(
        "node => [getComputedStyle(node).borderRadius, node.offsetHeight]"
    )
    assert seen == ["0px", 60]
    assert merchant.form.locator("[name=remember]").count() == 0
    merchant.eventually(
        "document.querySelector('#omise-embedded-iframe').offsetHeight > 450"
    )
    frame = merchant.page.frames[-1]
    assert frame.evaluate(
        "document.documentElement.scrollHeight <= innerHeight + 1"
    ), "the form scrolls inside its frame"
    assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_nobody_but_the_embedded_form_itself_can_hand_over_a_token(merchant):
    embeds(merchant, customCardForm=True)
    merchant.page.evaluate(
        """postMessage('no json', '*');
        postMessage(JSON.stringify({ type: 'EMBEDDED_FORM_MADE', data: { token: 'x' } }), '*')"""
    )
    merchant.types_card()
    assert asks(merchant)["token"].startswith("tokn_test_")
    assert merchant.eventually("told.length") == 1
    assert merchant.complaints == []


def test_white_label_instalments_give_a_card_and_a_source_for_one_charge(merchant):
    embeds(merchant, customInstallmentForm=True, amount=600000)
    merchant.form.locator("[name=wlb]").select_option("installment_wlb_kbank")
    months = merchant.form.locator("[name=installment_term] option")
    assert months.evaluate_all("nodes => nodes.map((node) => node.value)") == [
        "3",
        "6",
        "10",
    ]
    merchant.form.locator("[name=installment_term]").select_option("6")
    merchant.types_card()
    payload = asks(merchant)
    charge = merchant.rig.charge(
        600000,
        card=payload["token"],
        source=payload["source"],
        return_uri="http://shop.test/",
    )
    assert charge["source"]["type"] == "installment_wlb_kbank"
    assert (charge["source"]["installment_term"], charge["status"]) == (6, "pending")


def test_misuse_of_the_embedded_form_is_told(merchant):
    merchant.scripts()
    merchant.page.evaluate("OmiseCard.configure({})")
    for call, said in (
        ("OmiseCard.requestCardToken()", "open the embedded form first"),
        ("OmiseCard.open({ customCardForm: true })", "no element to stand in"),
        ("OmiseCard.open({ customCardForm: true, element: '#x' })", "no element"),
    ):
        caught = merchant.page.evaluate(
            f"() => {{ try {{ {call}; }} catch (error) {{ return error.message; }} }}"
        )
        assert said in caught


def test_script_built_as_the_genuine_one_is_uses_the_sandbox_s_form(merchant):
    """It is served as /omise.js with its hosts led here; /pay.html speaks its messages."""
    merchant.serves("/genuine.js", GENUINE)
    merchant.rig.set(omise_js=merchant.url + "genuine.js")
    try:
        merchant.sells(other_payment_methods="promptpay")
        assert merchant.page.evaluate("typeof OmiseCard") == "undefined"
        merchant.form.locator("[data-method=promptpay]").click()
        assert merchant.got()["omiseSource"].startswith("src_test_")
    finally:
        merchant.rig.set(omise_js="own")


def test_maker_of_tokens_answers_easy_xdm(merchant):
    """As the genuine script asks; a refused card is an answer with its status, too."""
    merchant.scripts()
    home, origin = merchant.rig.url, merchant.url.rstrip("/")
    asked = [home, origin, "createToken", [PUBLIC_KEY, {"card": CARD}]]
    made = merchant.page.evaluate(EASY_XDM, asked)
    assert (made["id"], made["result"]["status"]) == (1, 200)
    assert made["result"]["data"]["card"]["last_digits"] == "4242"
    asked[3] = [PUBLIC_KEY, {"card": CARD | {"number": "1"}}]
    refused = merchant.page.evaluate(EASY_XDM, asked)["result"]
    assert (refused["status"], refused["data"]["code"]) == (400, "invalid_card")
    asked[2] = "removeToken"
    assert merchant.page.evaluate(EASY_XDM, asked)["error"]["code"] == -32601


def test_dashboard_shows_what_is_new_but_not_under_the_hands_of_whoever_types(merchant):
    merchant.page.goto(merchant.rig.url + "dashboard/")
    first = merchant.rig.promptpay()
    merchant.page.get_by_role("link", name=first["id"]).wait_for()
    merchant.page.fill("[name=query]", "half a wo")
    second = merchant.rig.promptpay()
    merchant.page.get_by_text("stands still while you use it").wait_for()
    assert merchant.page.get_by_role("link", name=second["id"]).count() == 0
    assert merchant.page.input_value("[name=query]") == "half a wo"
    assert merchant.complaints == []
