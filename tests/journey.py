"""Give windows of a real browser to the tests that shop in one."""

import pytest
from browser import DESKTOP, Window, chromium


@pytest.fixture(scope="module")
def browser():
    """Run one browser for the journeys of a module."""
    with chromium() as running:
        yield running


@pytest.fixture
def look():
    """Say what the window looks like, unless a test says otherwise."""
    return DESKTOP


@pytest.fixture
def opened(browser):
    """Open windows, as many as a test wants, and check each when it closes."""
    windows = []

    def open_window(shop, **look):
        windows.append(Window(browser, shop, **look))
        return windows[-1]

    yield open_window
    for window in windows:
        window.close()


@pytest.fixture
def window(shop, opened, look):
    """Give a shopper's window, with a celadon cup in the basket and the checkout open."""
    one = opened(shop, **look)
    one.adds()
    one.opens_checkout()
    return one


@pytest.fixture
def asks_bank(shop):
    """Let every card ask at the bank's page first."""
    shop.omise.control("settings", three_d_secure=True)


@pytest.fixture
def regular(window):
    """Give a shopper who saved a card with a first purchase, and stands at a second."""
    window.page.get_by_label("E-mail").fill("somchai@example.com")
    window.page.get_by_label("Save my card").check()
    window.pays()
    window.sees("paid")
    window.page.get_by_role("link", name="Back to the shop").click()
    window.adds("Cloud oolong")
    window.opens_checkout()
    return window
