"""Serve a host for the journeys of a class, and open windows on it.

What needs a browser is imported where it is used: without one, only the journeys are skipped.
"""

import pytest

pytest.register_assert_rewrite("journeys", "hosts", "visit")


@pytest.fixture(scope="class")
def browser():
    """Run one browser for the journeys through a host."""
    from browser import chromium

    with chromium() as running:
        yield running


@pytest.fixture(scope="class")
def served(request, tmp_path_factory):
    """Serve the host, with an Omise beside it."""
    with request.cls.kind(tmp_path_factory.mktemp(request.cls.kind.name)) as host:
        yield host


@pytest.fixture
def host(served):
    """Give the host with Omise's books and switches as new."""
    served.omise.reset()
    return served


@pytest.fixture
def opened(browser, host):
    """Open a shopper's window, with whatever look is asked for."""
    from browser import DESKTOP
    from visit import Visit

    opened = []

    def open_window(**look):
        opened.append(Visit(browser, host, **(DESKTOP | look)))
        return opened[-1]

    yield open_window
    for window in opened:
        window.close()


@pytest.fixture
def window(opened):
    """Give a shopper with something in the cart, at the checkout."""
    one = opened()
    one.picks()
    return one


@pytest.fixture
def asks_bank(host):
    """Let every card ask at the bank's page first."""
    host.omise.control("settings", three_d_secure=True)
