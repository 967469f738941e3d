"""F7: a bare app of one file takes payments with nothing but the two folders copied in."""

import pytest
from hosts import Bare
from journeys import Journeys, expect

HUES = "element => getComputedStyle(element).color.match(/[0-9]+/g).map(Number)"


class TestBare(Journeys):
    kind = Bare

    def test_the_cart_is_empty_once_its_order_is_paid(self, window, host):
        window.pays()
        window.sees("paid")
        window.page.goto("/")
        expect(window.page.get_by_role("link", name="Checkout")).to_be_hidden()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_words_can_be_read_on_a_page_that_is_always_white(self, opened, scheme):
        """A layout that says nothing of dark colours stays white, and so must payment's."""
        window = opened(color_scheme=scheme)
        window.picks()
        for words in ("h1", ".payment-summary caption", ".payment-fine"):
            hues = window.page.locator(words).first.evaluate(HUES)
            assert max(hues) < 150
