"""A shopper's window at a host: its own shelf, then payment's pages."""

import re
from contextlib import suppress

from browser import Waited, Window, expect


class Visit(Window):
    """Shop at a host, by what every host has."""

    def picks(self):
        """Put the host's one thing into the cart, and open the checkout."""
        page, host = self.page, self.shop
        page.goto(host.home)
        if page.get_by_label("Name").is_visible():
            page.get_by_label("Name").fill("Mali")
            page.get_by_role("button", name="Log in").click()
        page.get_by_role("button", name=host.picks).click()
        page.get_by_role("link", name="Checkout").click()
        expect(page.get_by_role("heading", name="Checkout")).to_be_visible()

    def shown(self):
        """Read the total that the page shows, in the smallest unit."""
        total = self.page.locator(".payment-summary tfoot tr").last.locator("td")
        return int(re.sub(r"\D", "", total.inner_text()))

    def goes_on(self):
        """Leave for the bank, which is at another address here."""
        # The page moves on by itself after three seconds, at times from under the click.
        with suppress(Waited):
            self.page.get_by_role("link", name="Go on and pay").click(timeout=2500)
        self.page.wait_for_url(f"{self.shop.omise.base}payments/**")
