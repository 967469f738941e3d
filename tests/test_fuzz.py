"""A few hundred of the odd requests that `tests/fuzz.py` draws by the thousand."""

from random import Random

import pytest
from fuzz import Fuzz, sandbox_routes, shop_to_fuzz

REQUESTS = 500
# Flask leaves what was uploaded to the garbage collector; a server's worker does so, too.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture
def fuzz(tmp_path):
    with shop_to_fuzz(tmp_path) as shop:
        yield Fuzz(shop, "suite")


def test_nothing_that_is_asked_is_an_error_or_hangs(fuzz):
    """E13, E17: shop and sandbox answer whatever comes, with a page or a refusal."""
    assert fuzz.run(REQUESTS) == []
    assert sum(fuzz.statuses.values()) == REQUESTS
    assert {200, 303, 400, 401, 404} <= fuzz.statuses.keys()


def test_an_error_is_found_and_told_with_what_was_asked(fuzz):
    """Negative control: a view that breaks does not go unnoticed."""

    def broken():
        raise RuntimeError("out of tea")

    views = fuzz.shop.app.view_functions
    views["store.cart"] = broken
    fuzz.routes = [route for route in fuzz.routes if route[1] == "/cart"]
    assert "500" in fuzz.run(3)[0]
    assert "'path': '/cart'" in fuzz.findings[0]


def test_the_same_seed_asks_the_same(fuzz):
    """So that what was found can be looked at: but for ids, which are new each time."""
    asked = [fuzz._request(Random(f"suite:{number}")) for number in range(50)]
    assert asked == [fuzz._request(Random(f"suite:{n}")) for n in range(50)]


def test_every_route_may_be_drawn_but_those_that_break_things(fuzz):
    drawn = {rule for _, rule, _ in fuzz.routes}
    assert {"/charge", "/webhook", "/reports", "/sandbox/charges"} <= drawn
    left = {f"/sandbox{rule}" for rule, _ in sandbox_routes()} - drawn
    assert all("fault" in one or "settings" in one or "reset" in one for one in left)
