"""Parts of the shop's pages that are kept: what they depend on, and that they are nobody's."""

import re
from dataclasses import replace

import pytest
from jinja2 import meta
from test_store import CUP, TEA, TEMPLATES, Shopper, open_shop

from store import cart, catalogue, languages
from store.catalogue import product
from store.kept import _MOST

# What a kept part may name besides the values that it is given: words, addresses and prices.
OF_NOBODY = {"_", "gettext", "ngettext", "url_for", "Price", "currency", "loop"}
CALL = re.compile(r'\bkept\("([\w./]+)"((?:, \w+=[\w.]+)*)\)')
PAGES = ("/", "/cart")


@pytest.fixture
def visitor():
    return Shopper()


def drawn(visitor):
    """Tell how often kept parts were drawn."""
    return visitor.browser.application.extensions["kept"].cache_info().misses


def parts():
    """Give each part that a template keeps, with the names of the values that it is given."""
    for template in TEMPLATES:
        for name, values in CALL.findall(template.read_text()):
            yield name, set(re.findall(r"(\w+)=", values))


def test_parts_are_kept():
    assert sorted(name for name, _ in parts()) == [
        "store/line.html",
        "store/shelf.html",
    ]


@pytest.mark.parametrize(("name", "values"), list(parts()))
def test_a_part_names_nothing_of_a_shopper_s(name, values):
    """No token, no session, no basket: only what all shoppers may see."""
    jinja = open_shop().jinja_env
    tree = jinja.parse(jinja.loader.get_source(jinja, name)[0])
    assert meta.find_undeclared_variables(tree) <= OF_NOBODY | values
    assert not list(meta.find_referenced_templates(tree))


def without_tokens(page):
    return re.sub('name="csrf_token" value="[^"]+"', "", page)


@pytest.mark.parametrize("path", PAGES)
def test_a_part_is_drawn_once_for_all(path, visitor):
    other = Shopper(visitor.browser.application)
    for one in (visitor, other):
        one.starts_with(cloud_oolong=2)
    page = visitor.sees(path)
    before = drawn(visitor)
    assert without_tokens(other.sees(path)) == without_tokens(page)
    assert drawn(visitor) == before


@pytest.mark.parametrize("path", PAGES)
def test_each_language_has_its_own(path, visitor):
    """Whichever was asked for before."""
    visitor.starts_with(cloud_oolong=2)
    names = {"en": "Cloud oolong", "th": "ชาอู่หลงเมฆหมอก", "ja": "雲上の烏龍茶"}
    for language in [*languages.LANGUAGES, *languages.LANGUAGES]:
        visitor.does("/language", language=language)
        page = visitor.sees(path)
        assert [one for one, name in names.items() if name in page] == [language]


@pytest.mark.parametrize("path", PAGES)
def test_each_currency_has_its_own(path, visitor):
    visitor.starts_with(cloud_oolong=2)
    config = visitor.browser.application.config
    for currency, price in (("THB", "320.00"), ("JPY", "1,400"), ("THB", "320.00")):
        config["STORE_CURRENCY"] = currency
        page = visitor.sees(path)
        assert price in page
        assert ("THB" in page) == (currency == "THB")


@pytest.mark.parametrize("path", PAGES)
def test_another_locale_writes_prices_its_own_way(path, visitor):
    visitor.starts_with(cloud_oolong=2)
    config = visitor.browser.application.config
    for locale, price in (("en", "320.00"), ("de", "320,00"), ("en", "320.00")):
        config["STORE_LOCALE"] = locale
        assert price in visitor.sees(path)


@pytest.mark.parametrize("path", PAGES)
def test_below_another_path_addresses_are_others(path, visitor):
    visitor.starts_with(cloud_oolong=2)
    for root in ("", "/below", ""):
        page = visitor.browser.get(path, environ_overrides={"SCRIPT_NAME": root}).text
        assert f'href="{root}/products/{TEA}"' in page


def test_a_catalogue_that_changes_is_seen_at_once(visitor, monkeypatch):
    visitor.starts_with(celadon_cup=1)
    assert "THB\N{NO-BREAK SPACE}490.00" in visitor.sees("/")
    assert "THB\N{NO-BREAK SPACE}490.00" in visitor.sees("/cart")
    dearer = replace(product(CUP), prices={"THB": 510_00})
    monkeypatch.setitem(catalogue._BY_SKU, CUP, dearer)
    for path in PAGES:
        page = visitor.sees(path)
        assert "THB\N{NO-BREAK SPACE}510.00" in page
        assert "THB\N{NO-BREAK SPACE}490.00" not in page


def test_what_is_kept_is_bounded_and_does_not_grow_with_shoppers(visitor):
    app = visitor.browser.application
    kept = app.extensions["kept"]
    for _ in range(20):
        one = Shopper(app)
        one.starts_with(cloud_oolong=2, celadon_cup=3)
        for path in PAGES:
            one.sees(path)
    assert kept.cache_info().currsize == 3
    assert kept.cache_info().maxsize == _MOST


def test_whoever_works_on_the_templates_sees_them_as_they_are(visitor):
    visitor.browser.application.jinja_env.auto_reload = True
    visitor.sees("/")
    assert drawn(visitor) == 0


def test_a_kept_shelf_writes_no_price_again(visitor, monkeypatch):
    visitor.sees("/")
    written = []
    monkeypatch.setattr(cart, "_written", lambda *of: written.append(of))
    visitor.sees("/")
    assert written == []


def test_with_tokens_pages_of_two_shoppers_share_none(monkeypatch):
    app = open_shop(WTF_CSRF_ENABLED=True)
    tokens = []
    for one in (Shopper(app), Shopper(app)):
        page = one.sees("/")
        found = set(re.findall('name="csrf_token" value="([^"]+)"', page))
        assert len(found) == 1
        tokens += found
    assert tokens[0] != tokens[1]
