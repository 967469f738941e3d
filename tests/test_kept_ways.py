"""The list of ways to pay is drawn once for all who pay as much, and holds nothing of theirs."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from jinja2 import meta
from shopper import Shopper

from payment import kept

PARTS = ("payment/list.html", "payment/plans.html")
OF_NOBODY = {"money", "say", "total", "currency", "fields", "rows", "plans", "url_for"}
# None, empty or a mark where a part is kept; else it is drawn for one shopper alone.
LEFT_OUT = {"refusal", "typed", "email", "inputs"}
FOLDER = Path(kept.__file__).parent / "templates"


@pytest.fixture
def keeping(shop):
    """Give what a shop keeps, which has kept nothing yet."""
    shop.capability()
    keeps = shop.app.extensions["payment"].kept
    for each in (keeps.offered, keeps.drawn):
        each.cache_clear()
    return keeps


def looks(shop):
    """Give the checkout of another shopper with the same thing in the basket."""
    with Shopper(shop) as one:
        one.adds("cloud-oolong")
        one.opens_checkout()
        return one.page.text


def form_of(page):
    """Give the fields that each form of a checkout has; all forms have the same."""
    names = ("csrf_token", "order", "cart", "form")
    found = [set(re.findall(f'name="{name}" value="([^"]+)"', page)) for name in names]
    assert all(len(values) == 1 for values in found), found
    return [values.pop() for values in found]


def without(page):
    for value in form_of(page):
        page = page.replace(value, "")
    return page


@pytest.mark.parametrize("name", [*PARTS, "payment/ways.html"])
def test_a_kept_part_names_nothing_of_a_shopper_s(shop, name):
    jinja = shop.app.jinja_env
    tree = jinja.parse((FOLDER / name).read_text())
    assert meta.find_undeclared_variables(tree) <= OF_NOBODY | LEFT_OUT
    assert set(meta.find_referenced_templates(tree)) <= {"payment/ways.html"}


def test_two_shoppers_see_one_list_and_each_has_a_form_of_their_own(shop, keeping):
    first, second = looks(shop), looks(shop)
    assert keeping.drawn.cache_info().currsize == keeping.drawn.cache_info().misses == 1
    assert without(first) == without(second)
    for one, other in zip(form_of(first)[:2], form_of(second)[:2], strict=True):
        assert one != other
    assert form_of(first)[3] != form_of(second)[3]
    assert first.count('name="form"') == first.count('name="method"') + 1


def test_what_is_kept_holds_no_token_and_no_id(shop, keeping):
    page = looks(shop)
    capability = shop.capability()
    with shop.app.test_request_context("/checkout"):
        part = keeping.part("payment/list.html", "|", 32000, "THB", capability)
    assert part.count("|") == page.count('name="method"')
    assert 'type="hidden"' not in part
    for value in form_of(page):
        assert value not in part


def test_amounts_currencies_accounts_and_languages_have_lists_of_their_own(
    shop, keeping
):
    """Whichever was asked for before."""
    known = shop.capability()
    fewer = replace(known, means={"promptpay": known.means["promptpay"]})
    usual = {"amount": 320_00, "currency": "THB", "capability": known}
    others = {"amount": 3_200_00, "currency": "SGD", "capability": fewer}
    locales = ("en", "th", "ja")

    def parts(**asked):
        for locale in locales:
            spoken = {"Accept-Language": locale}
            with shop.app.test_request_context("/checkout", headers=spoken):
                yield str(keeping.part("payment/list.html", "|", **{**usual, **asked}))

    first = list(parts())
    assert len(set(first)) == len(locales)
    for name, other in others.items():
        others_parts = list(parts(**{name: other}))
        assert not set(others_parts) & set(first), name
        assert list(parts()) == first
    for part, name in zip(
        parts(capability=fewer), ("PromptPay", "พร้อมเพย์", "PromptPay"), strict=True
    ):
        assert name in part
        assert "TrueMoney" not in part


def test_another_answer_of_omise_s_is_seen_at_once(shop, keeping):
    account, known = shop.app.extensions["payment"].account, shop.capability()
    assert "TrueMoney" in looks(shop)
    account.keep(replace(known, means={"card": known.means["card"]}))
    try:
        assert "TrueMoney" not in looks(shop)
    finally:
        account.keep(known)
    assert "TrueMoney" in looks(shop)


@pytest.mark.parametrize("root", ["", "/below"])
def test_below_another_path_forms_go_elsewhere(shop, keeping, root):
    for other in ("", "/below", root):
        there = {"SCRIPT_NAME": other}
        with shop.app.test_request_context("/checkout", environ_overrides=there):
            of = ("", 32000, "THB", shop.capability())
            part = keeping.part("payment/list.html", *of)
    assert f'action="{root}/charge"' in part


def test_what_a_host_knows_of_its_shopper_is_in_no_kept_list(
    shop, keeping, monkeypatch
):
    """An address that the cart brings stands in a field: such a list is drawn for them alone."""
    monkeypatch.setattr(
        shop.app.extensions["payment"].cart,
        "email",
        "somchai@example.com",
        raising=False,
    )
    assert "somchai@example.com" in looks(shop)
    assert keeping.drawn.cache_info().currsize == 0


def test_what_is_kept_is_bounded(shop, keeping):
    with shop.app.test_request_context("/checkout"):
        for amount in range(10_000, 10_000 + 2 * kept._MOST + 10):
            keeping.drawn("payment/plans.html", amount, "THB", None, "en", ("", ""))
            keeping.offered(amount, "THB", None)
    assert keeping.drawn.cache_info().currsize == 2 * kept._MOST
    assert keeping.offered.cache_info().currsize == kept._MOST


def test_whoever_works_on_the_templates_sees_them_as_they_are(
    shop, keeping, monkeypatch
):
    monkeypatch.setattr(shop.app.jinja_env, "auto_reload", True)
    looks(shop)
    assert keeping.drawn.cache_info().misses == 0
