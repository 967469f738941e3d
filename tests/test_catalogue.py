"""The catalogue: everything on the shelf can be paid for, in every currency of the shop."""

import ast
from pathlib import Path
from xml.etree import ElementTree

import pytest

import store
from store.catalogue import product, products

STORE = Path(store.__file__).parent
# Omise's smallest charge and, for yen, what a konbini till still takes.
LEAST = {"THB": 20_00, "JPY": 100, "SGD": 1_00, "MYR": 1_00}
KONBINI_MOST = 49_999

everything = pytest.mark.parametrize("item", products(), ids=lambda item: item.sku)


def floats_in(source):
    """Name what could put a float into money: literals, float(), round() and true division."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            found.append(f"{node.value}")
        if isinstance(node, ast.Name) and node.id in {"float", "round"}:
            found.append(node.id)
        if isinstance(node, ast.Div):
            found.append("/")
    return found


def imports_of(source):
    """Name the top packages that a module imports."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


@everything
def test_price_is_a_whole_number_above_the_least_charge_in_every_currency(item):
    assert item.prices.keys() == LEAST.keys()
    for currency, price in item.prices.items():
        assert type(price) is int
        assert price >= LEAST[currency]


def test_one_of_everything_can_be_paid_for_at_a_konbini():
    assert sum(item.prices["JPY"] for item in products()) <= KONBINI_MOST


def test_shelf_has_at_least_eight_different_things():
    skus = [item.sku for item in products()]
    assert len(set(skus)) == len(skus) >= 8
    assert len({item.name for item in products()}) == len(skus)


@everything
def test_product_is_found_by_its_sku(item):
    assert product(item.sku) is item


@pytest.mark.parametrize("sku", ["", "gold-bar", "CLOUD-OOLONG", "cloud-oolong ", None])
def test_nothing_is_found_by_another_sku(sku):
    assert product(sku) is None


@everything
def test_product_cannot_be_repriced(item):
    with pytest.raises(AttributeError):
        item.prices = {}


@everything
def test_picture_is_a_small_drawing_that_loads_nothing_else(item):
    drawing = STORE / "assets" / item.picture
    assert drawing.stat().st_size <= 6_000
    tags = {node.tag.split("}")[1] for node in ElementTree.parse(drawing).iter()}
    assert not tags & {"text", "image", "script", "style", "use", "foreignObject"}
    assert "href" not in drawing.read_text()
    assert item.alt


@pytest.mark.parametrize(
    "module", sorted(STORE.glob("*.py")), ids=lambda path: path.name
)
def test_no_float_touches_money(module):
    """A12."""
    assert floats_in(module.read_text()) == []


@pytest.mark.parametrize(
    "source", ["a = 0.5", "float('1')", "total / 100", "round(total)"]
)
def test_a_float_would_be_noticed(source):
    assert floats_in(source)


@pytest.mark.parametrize(
    "module", sorted(STORE.glob("*.py")), ids=lambda path: path.name
)
def test_shop_knows_nothing_of_how_an_order_is_paid(module):
    ours = {"payment", "webhook", "sandbox", "app", "config", "security", "omise"}
    assert not imports_of(module.read_text()) & ours


@pytest.mark.parametrize(
    "source", ["import omise", "from payment.orders.models import Order"]
)
def test_a_forbidden_import_would_be_noticed(source):
    assert imports_of(source) & {"omise", "payment"}
