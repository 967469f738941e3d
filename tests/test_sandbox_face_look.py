"""The sandbox's pages in a light and in a dark room: read easily in both."""

import pytest

from sandbox import PUBLIC_KEY

pytest_plugins = ("sandbox_rig", "sandbox_face_rig")

RETURN = "https://shop.test/"
# Gives what is hard to read: [text, contrast], by WCAG's formula, against what is painted behind.
FAINT = """() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => channels(colour).slice(0, 3)
    .map((each) => each / 255)
    .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
    .reduce((sum, each, index) => sum + each * [0.2126, 0.7152, 0.0722][index], 0);
  const painted = (node) => {
    const colour = node ? getComputedStyle(node).backgroundColor : 'rgb(255, 255, 255)';
    return channels(colour)[3] === 0 ? painted(node.parentElement) : colour;
  };
  const contrast = (node) => {
    const both = [light(getComputedStyle(node).color), light(painted(node))];
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  };
  const says = (node) => [...node.childNodes]
    .some((each) => each.nodeType === 3 && each.data.trim());
  return [...document.querySelectorAll('body *')]
    .filter((node) => says(node) && node.getClientRects().length)
    .map((node) => [node.textContent.trim().slice(0, 40), contrast(node)])
    .filter(([, found]) => found < 4.5);
}"""
GROUND = "getComputedStyle(document.documentElement).backgroundColor"


@pytest.fixture(params=["light", "dark"])
def room(request, merchant):
    """Give a merchant whose shopper likes it light or dark."""
    merchant.page.emulate_media(color_scheme=request.param)
    merchant.is_dark = request.param == "dark"
    return merchant


def pages_of(rig):
    """Give the address of each kind of page, with what it shows."""
    rig.call("POST", "control/faults", json={"fault": "hold_before", "path": "/x"})
    paid, poor = rig.charge()["id"], rig.charge(card=rig.token("4111111111140011"))
    rig.post(f"charges/{paid}/refunds", amount=2000)
    rig.post(f"charges/{rig.charge()['id']}/disputes")
    qr = rig.promptpay(return_uri=RETURN, metadata={"order_id": "7", "a": {"b": [1]}})
    wallet = rig.charge(source={"type": "truemoney_jumpapp"}, return_uri=RETURN)
    rig.set(three_d_secure=True)
    card = rig.token("4111111111140003")
    bank = rig.charge(card=card, return_uri=RETURN)
    charges = [paid, poor["id"], qr["id"], bank["id"]]
    desk = ["", "events", "faults", "settings", *(f"charges/{one}" for one in charges)]
    return [
        *(f"{rig.url}dashboard/{page}" for page in desk),
        f"{rig.url}dashboard/charges/chrg_test_none",
        *(charge["authorize_uri"] for charge in (qr, wallet, bank)),
    ]


def test_every_page_can_be_read_in_a_light_and_in_a_dark_room(room):
    for address in pages_of(room.rig):
        room.page.goto(address)
        ground = [int(each) for each in room.page.evaluate(GROUND)[4:-1].split(",")]
        assert (max(ground) < 64) is room.is_dark, address
        assert room.page.evaluate(FAINT) == [], address


def test_pay_form_can_be_read_in_both_and_lets_the_page_behind_it_show(room):
    fields = {"amount": 5000, "currency": "THB", "title": "Tea", "description": "x"}
    link = room.rig.post("links", **fields)
    room.page.goto(link["payment_uri"])
    frame = room.page.locator("#omise-checkout-iframe-app")
    room.page.click(".omise-checkout-button")
    room.opened()
    room.pays()
    assert room.complaint()
    inside = frame.element_handle().content_frame()
    assert inside.evaluate(FAINT) == []
    # A frame whose document has another scheme than itself is painted over.
    scheme = "getComputedStyle({}).colorScheme"
    assert inside.evaluate(scheme.format("document.documentElement")) == "normal"
    assert frame.evaluate(f"(node) => {scheme.format('node')}") == "light"
    paper = "getComputedStyle(document.querySelector('.dialog')).backgroundColor"
    assert (inside.evaluate(paper) == "rgb(255, 255, 255)") is not room.is_dark


def test_form_in_the_shop_s_page_looks_as_the_shop_says_in_both(room):
    room.scripts('<div id="here"></div>')
    config = f"publicKey: '{PUBLIC_KEY}', element: '#here', customCardForm: true"
    room.page.evaluate(f"OmiseCard.configure({{ {config} }}); OmiseCard.open()")
    room.form = room.page.frame_locator("#omise-embedded-iframe")
    box = room.form.locator("[name=cardNumber]")
    paper = "(node) => getComputedStyle(node).backgroundColor"
    assert box.evaluate(paper) == "rgb(255, 255, 255)"
