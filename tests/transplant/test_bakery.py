"""F7: inside a package, mounted under a prefix, with delivery in its total."""

import re

from hosts import Bakery
from journeys import Journeys, expect


class TestBakery(Journeys):
    kind = Bakery

    def orders(self, host):
        return "/bakery/till/orders/"

    def test_every_address_stays_under_the_prefix(self, window, host, asks_bank):
        window.pays()
        window.goes_on()
        window.answers("Approve")
        window.sees("paid")
        window.page.get_by_role("link", name="Back to the shop").click()
        expect(window.page.get_by_role("heading", name="Baked today")).to_be_visible()
        at_home = [one.url for one in window.sent if one.url.startswith(host.url)]
        assert len(at_home) > 10
        for address in at_home:
            assert address.startswith(f"{host.url}/bakery/")
        back = host.omise.latest()["return_uri"]
        assert re.fullmatch(rf"{host.url}/bakery/till/orders/[\w-]+/complete", back)

    def test_delivery_is_shown_and_charged(self, window, host):
        """A29: the total is more than the lines add up to."""
        expect(window.page.get_by_text("Delivery, tax and other")).to_be_visible()
        rest = window.page.locator(".payment-summary tfoot tr").first.locator("td")
        assert re.sub(r"\D", "", rest.inner_text()) == "4500"
        window.pays()
        window.sees("paid")
        expect(window.page.get_by_text("Delivery, tax and other")).to_be_visible()
        charged = host.omise.charged(window.order_id)
        assert charged == {"successful": (1, 22500)}
