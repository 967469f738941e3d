"""The page behind a payment link: what it shows, what it charges, and how often."""

import re

import pytest

from sandbox.rules import countries, methods

pytest_plugins = ("sandbox_rig", "sandbox_face_rig")

LINK = {
    "amount": 50000,
    "currency": "thb",
    "title": "Tea <set>",
    "description": "Green",
}
DECLINED = "4111111111140011"


def made(rig, **fields):
    """Make a link, and tell where its page is."""
    link = rig.post("links", **{**LINK, **fields})
    return link, link["payment_uri"].removeprefix(rig.url)


def pays(rig, page, token="", source=""):
    """Post what the pay form brings; gives where the payer goes next."""
    posted = {"omiseToken": token, "omiseSource": source}
    answer = rig.call("POST", page, data=posted)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].removeprefix(rig.url)


def charges_of(rig, link):
    return rig.get(f"links/{link['id']}/charges")["data"]


def shown(rig, path):
    """Read a page as text."""
    answer = rig.call("GET", path)
    assert answer.status_code == 200, (answer.status_code, answer.text)
    return answer.text


def test_page_shows_what_is_asked_for_and_offers_the_pay_form(rig):
    link, page = made(rig)
    html = shown(rig, page)
    assert "Tea &lt;set&gt;" in html
    assert "Green" in html
    assert "THB 500.00" in html
    script = re.search(r"<script(.*?)>", html, re.DOTALL)[1]
    assert 'data-amount="50000"' in script
    assert 'data-currency="THB"' in script
    assert "promptpay" in script
    assert link["charges"]["data"] == []


def test_a_card_pays_the_link_and_the_link_tells_of_it(rig, sdk):
    link, page = made(rig)
    thanks = pays(rig, page, token=rig.token())
    assert "Thank you" in shown(rig, thanks)
    (charge,) = charges_of(rig, link)
    assert (charge["link"], charge["amount"]) == (link["id"], 50000)
    assert (charge["status"], charge["description"]) == ("successful", "Green")
    now = sdk.Link.retrieve(link["id"])
    assert (now.used, now.used_at) == (True, charge["paid_at"])
    assert [each.id for each in now.charges] == [charge["id"]]
    found = rig.get("search?scope=link&filters[used]=true")["data"]
    assert [each["id"] for each in found] == [link["id"]]
    whole = rig.get(f"charges/{charge['id']}?expand=true")["link"]
    assert (whole["object"], whole["used"]) == ("link", True)
    assert link["id"] in shown(rig, f"dashboard/charges/{charge['id']}")


def test_a_link_for_one_payment_refuses_a_second(rig):
    link, page = made(rig)
    thanks, second = pays(rig, page, token=rig.token()), rig.token()
    assert pays(rig, page, token=second) == thanks
    assert rig.call("GET", page).headers["Location"] == rig.url + thanks
    assert len(charges_of(rig, link)) == 1
    assert rig.charge(card=second)["paid"]


def test_a_link_for_many_payments_takes_them_all(rig):
    link, page = made(rig, multiple=True)
    first, second = (pays(rig, page, token=rig.token()) for _ in range(2))
    assert first != second
    charges = charges_of(rig, link)
    assert len(charges) == 2
    now = rig.get(f"links/{link['id']}")
    assert (now["used_at"], now["charges"]["total"]) == (charges[0]["paid_at"], 2)
    assert "omise.js" in shown(rig, page)


def test_a_declined_card_says_so_and_leaves_the_link_open(rig):
    link, page = made(rig)
    back = pays(rig, page, token=rig.token(DECLINED))
    assert "insufficient funds" in shown(rig, back)
    assert rig.get(f"links/{link['id']}")["used"] is False
    assert "Thank you" in shown(rig, pays(rig, page, token=rig.token()))


def test_a_payment_under_way_is_gone_on_with_until_it_ends(rig):
    link, page = made(rig)
    rig.set(three_d_secure=True)
    bank = pays(rig, page, token=rig.token())
    assert pays(rig, page, token=rig.token()) == bank
    assert rig.call("GET", page).headers["Location"] == rig.url + bank
    assert rig.get(f"links/{link['id']}")["used"] is False
    cancelled = rig.call("POST", re.sub("authorize.*", "cancel", bank))
    back = cancelled.headers["Location"].removeprefix(rig.url)
    assert "This was not paid" in shown(rig, back)
    bank = pays(rig, page, token=rig.token())
    approved = rig.call("POST", re.sub("authorize.*", "approve", bank))
    assert "Thank you" in shown(rig, approved.headers["Location"].removeprefix(rig.url))
    assert rig.get(f"links/{link['id']}")["used"] is True
    assert len(charges_of(rig, link)) == 2


def test_a_code_to_scan_that_ran_out_leaves_the_link_open(rig):
    link, page = made(rig)
    source = rig.post("sources", amount=50000, currency="THB", type="promptpay")
    phone = pays(rig, page, source=source["id"])
    assert "THB 500.00" in shown(rig, phone)
    rig.set(clock_offset=2 * methods.DAY)
    assert "omise.js" in shown(rig, page)
    assert charges_of(rig, link)[0]["status"] == "expired"


def test_what_cannot_be_charged_is_said_in_the_page(rig):
    link, page = made(rig)
    used = rig.token()
    rig.charge(card=used)
    for token, words in (
        ("", "request contains no card parameters"),
        (used, "token was already used"),
        ("tokn_test_x", "token tokn_test_x was not found"),
    ):
        answer = rig.call("POST", page, data={"omiseToken": token})
        assert answer.status_code in (400, 404)
        assert words in answer.text
    dear = rig.post("sources", amount=60000, currency="THB", type="promptpay")
    refused = rig.call("POST", page, data={"omiseSource": dear["id"]})
    assert "must match those of the source" in refused.text
    assert charges_of(rig, link) == []


@pytest.mark.parametrize("address", ["links/pay/00000000", "links/pay/0/x"])
def test_an_address_of_no_link_is_a_page_that_says_so(rig, address):
    answer = rig.call("GET", address)
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


def test_a_deleted_link_takes_no_payment_but_tells_of_the_past_one(rig):
    link, page = made(rig, multiple=True)
    thanks = pays(rig, page, token=rig.token())
    rig.call("DELETE", f"links/{link['id']}")
    assert rig.call("GET", page).status_code == 404
    posted = rig.call("POST", page, data={"omiseToken": rig.token()})
    assert posted.status_code == 404
    assert "Thank you" in shown(rig, thanks)
    assert rig.call("GET", f"{page}/0000").status_code == 404


def test_faults_strike_the_api_and_not_the_page(rig):
    link, page = made(rig)
    rig.post("control/faults", fault="answer_before", times=0)
    assert "Tea" in shown(rig, page)
    assert rig.call("GET", f"links/{link['id']}").status_code == 500


def test_a_link_in_foreign_money_is_paid_by_card_alone(rig):
    _, page = made(rig, currency="usd")
    assert 'data-other-payment-methods=""' in shown(rig, page)


@pytest.mark.parametrize("country", ["TH", "JP", "SG", "MY"])
def test_pay_form_offers_what_the_account_and_the_amount_allow(rig, country):
    rig.set(country=country)
    money = {"currency": countries.COUNTRIES[country].currency, "amount": 60000}
    _, page = made(rig, **money)
    offered = re.search(r'other-payment-methods="(.*?)"', shown(rig, page))[1]
    ways = offered.split(", ")
    assert len(set(ways)) == len(ways)
    assert ("promptpay" in ways) is (country == "TH")
    # 49,999 yen at most.
    assert "econtext" not in ways
    assert not {"barcode_alipay", "alipayplus_upm", "installment_bay"} & set(ways)


def test_a_browser_pays_a_link_by_card(merchant):
    link, _ = made(merchant.rig)
    merchant.page.goto(link["payment_uri"])
    merchant.page.click(".omise-checkout-button")
    merchant.opened()
    merchant.types_card()
    merchant.pays()
    merchant.page.get_by_role("heading", name="Thank you").wait_for()
    assert merchant.rig.get(f"links/{link['id']}")["used"] is True
    assert merchant.complaints == []
