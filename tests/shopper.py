"""A shopper without a browser: follows the shop's own forms over HTTP."""

import re
from html import unescape

import requests


class Shopper:
    """Keep one shopper's cookies and the page they look at."""

    def __init__(self, shop):
        self.shop, self.http, self.page = shop, requests.Session(), None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.close()

    def get(self, path, **more):
        """Look at a page of the shop."""
        self.page = self.http.get(self._url(path), timeout=30, **more)
        return self.page

    def post(self, path, data, **more):
        """Post a form of the shop."""
        self.page = self.http.post(self._url(path), data=data, timeout=30, **more)
        return self.page

    def _url(self, path):
        return path if path.startswith("http") else f"{self.shop.url}{path}"

    def hidden(self, html=None):
        """Read the hidden fields of the last page's forms, of the first that has each."""
        fields = re.findall(
            r'<input type="hidden" name="([^"]+)" value="([^"]*)"',
            html or self.page.text,
        )
        return {name: unescape(value) for name, value in reversed(fields)}

    def adds(self, sku="celadon-cup", quantity=1):
        """Put something in the cart."""
        form = self.hidden(self.get("/").text)
        token = form["csrf_token"]
        return self.post(
            "/add", {"csrf_token": token, "sku": sku, "quantity": quantity}
        )

    def opens_checkout(self):
        """Open the checkout and keep its form."""
        page = self.get("/checkout")
        assert page.status_code == 200, page.text
        self.form = self.hidden()
        return self.form

    def total(self):
        """Read the amount that Omise.js is told, in the smallest unit."""
        return int(re.search(r'data-amount="(\d+)"', self.page.text)[1])

    def charges(self, form=None, follow=True, **paying):
        """Post the order form as Omise.js does."""
        return self.post(
            "/charge", {**(form or self.form), **paying}, allow_redirects=follow
        )

    def pays(self, card="4242424242424242", **more):
        """Pay what is in the cart by card, from the checkout to the page it ends on."""
        self.opens_checkout()
        return self.pays_here(card, **more)

    def pays_here(self, card="4242424242424242", **more):
        """Pay by card with the form on the page, be it the checkout's or an order's own."""
        form = self.hidden()
        form.pop("omiseCustomer", None)
        return self.charges(form, omiseToken=self.shop.omise.token(card), **more)

    def opens_order(self, order_id, more=""):
        """Look at an order's page, or at what lies below it."""
        return self.get(f"/orders/{order_id}{more}")

    def pays_by(self, type, follow=True, **more):
        """Pay what is in the cart by another method."""
        form = self.opens_checkout()
        form.pop("omiseCustomer", None)
        currency = re.search(r'data-currency="(\w+)"', self.page.text)[1]
        source = self.shop.omise.source(type, self.total(), currency, **more)
        return self.charges(form, follow, omiseSource=source)

    def chooses(self, way, follow=True, **details):
        """Press a row of the list on the page, be it the checkout's or an order's own."""
        form = {**self.hidden(), "method": way, **details}
        form.pop("omiseCustomer", None)
        return self.charges(form, follow)

    @property
    def order_id(self):
        """Read the order's id from where the shopper is."""
        return re.search(r"/orders/([0-9a-f-]{36})", self.page.url)[1]

    @property
    def state(self):
        """Read which state the order's page shows."""
        return re.search(r'data-order-state="(\w+)"', self.page.text)[1]

    def answers_bank(self, action):
        """Go to the bank's page that the shop points at, and answer there."""
        page = self.get(f"/orders/{self.order_id}/authorize")
        uri = unescape(
            re.search(r'href="([^"]+)" rel="noreferrer" data-leave', page.text)[1]
        )
        page = self.get(uri)
        step = uri.split("?")[0].rsplit("/", 1)[0]
        return self.post(f"{step}/{action}", {})
