"""Drive the sandbox's omise.js in a real browser, on a merchant page of another origin."""

import threading

import pytest
from flask import Flask, request
from werkzeug.serving import make_server

from sandbox import PUBLIC_KEY

NUMBER = "4242424242424242"
FIELDS = ("cardNumber", "nameOnCard", "expiryDate", "securityCode")
TYPED = (NUMBER, "Somsri Jaidee", "1235", "123")
PAGE = """<!doctype html><title>Merchant</title><body><p>A cart</p><script>
window.heard = []; window.addEventListener("message", (event) => heard.push(event.data));
</script>"""
FORM = """<form method="post" action="/paid"><input name="csrf" value="7">
<script src="{omise}" data-key="{key}" {attributes}></script></form>"""


@pytest.fixture(scope="module")
def chromium():
    """Start one headless Chromium for a module's tests."""
    # Not above: where there is no browser this import skips, and only tests that want one may be.
    import browser

    with browser.chromium() as started:
        yield started


class Merchant:
    """Sell something on a page of another origin, and look over the shopper's shoulder."""

    def __init__(self, rig, page, url):
        self.rig, self.page, self.url = rig, page, url
        self.html, self.headers, self.scripts_of_its_own = "", {}, {}
        self.posted, self.requests, self.complaints = [], [], []
        page.on("request", self._sees)
        page.on("console", lambda said: self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.form = page.frame_locator("#omise-checkout-iframe-app")

    def _sees(self, sent):
        self.requests.append((sent.url, sent.post_data or ""))

    def greets(self):
        """Answer with the page that is shown now, under the policy that is set now."""
        return self.html, self.headers

    def serves(self, path, script):
        """Have a script of the merchant's own."""
        self.scripts_of_its_own[path] = script

    def lends(self, name):
        """Answer with such a script."""
        return self.scripts_of_its_own[f"/{name}.js"], {
            "Content-Type": "text/javascript"
        }

    def takes(self):
        """Take the posted form."""
        self.posted.append(request.form.to_dict())
        return "Thank you"

    def sells(self, before="", **attributes):
        """Show a form with the script in it, and open the pay form."""
        self.offers(before, **attributes)
        self.page.click(".omise-checkout-button")
        self.opened()

    def offers(self, before="", **attributes):
        """Show a form with the script in it."""
        attributes = {"amount": 123450, "currency": "THB", **attributes}
        written = " ".join(
            f'data-{name.replace("_", "-")}="{value}"'
            for name, value in attributes.items()
        )
        self.shows(
            before + FORM.format(omise=self.omise, key=PUBLIC_KEY, attributes=written)
        )

    def scripts(self, body=""):
        """Show a page that loads the script with no attributes."""
        self.shows(f'{body}<script src="{self.omise}"></script>')

    @property
    def omise(self):
        """Tell where the script is."""
        return self.rig.url + "omise.js"

    def shows(self, body):
        """Show a page of the merchant's."""
        self.html = PAGE + body
        self.page.goto(self.url)

    def opened(self):
        """Wait for the pay form."""
        self.form.locator(".OmiseCheckoutForm_container.open").wait_for()

    def closed(self):
        """Wait until the pay form is gone."""
        self.page.locator("#omise-checkout-iframe-app").wait_for(state="hidden")

    def types_card(self, number=NUMBER):
        """Type a card, key by key."""
        for field, text in zip(FIELDS, (number, *TYPED[1:]), strict=True):
            self.form.locator(f"input[name={field}]").press_sequentially(text)

    def pays(self):
        """Press the pay form's button."""
        self.form.locator(".OmiseCheckoutForm_checkoutButton button:visible").click()

    def value(self, field):
        """Read what a field of the pay form holds."""
        return self.form.locator(f"[name={field}]").input_value()

    def got(self):
        """Wait for the form that was posted."""
        self.page.wait_for_url("**/paid")
        return self.posted[-1]

    def complaint(self):
        """Wait for the pay form to complain."""
        return self.form.locator(".problem:not(:empty)").text_content()

    def eventually(self, expression):
        """Wait until the page says something truthy, and answer that."""
        return self.page.wait_for_function(expression, timeout=30000).json_value()


@pytest.fixture
def merchant(rig, chromium):
    """Serve a merchant on a port of its own, and give it a shopper with a fresh browser."""
    app = Flask("merchant")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    one = Merchant(rig, context.new_page(), f"http://127.0.0.1:{server.port}/")
    app.add_url_rule("/", "home", one.greets)
    app.add_url_rule("/<name>.js", "script", one.lends)
    app.add_url_rule("/favicon.ico", "icon", lambda: "")
    app.add_url_rule("/paid", "paid", one.takes, methods=["POST"])
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    yield one
    context.close()
    server.shutdown()
    thread.join()
    server.server_close()
