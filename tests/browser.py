"""A shopper with a real browser: Chromium, which also tells of everything that went wrong in it.

Without a browser the tests that import this are skipped, except where CI=true says one must be.
"""

import importlib.util
import os
import re
import shutil
from contextlib import contextmanager, suppress
from urllib.parse import unquote_plus, urlsplit

import pytest

# Debian's build of it without windows draws the same pages with less than half of the work.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
if os.environ.get("CI") != "true":
    if not importlib.util.find_spec("playwright"):
        pytest.skip("Playwright is not installed", allow_module_level=True)
    if not CHROMIUM:
        pytest.skip("there is no chromium on the PATH", allow_module_level=True)

from playwright.sync_api import TimeoutError as Waited  # noqa: E402
from playwright.sync_api import expect, sync_playwright  # noqa: E402

# However busy the machine is: what does happen is not waited for longer.
expect.set_options(timeout=30_000)

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Werkzeug's development server leaves a picture's file to the garbage collector when the
# browser hangs up on it, as one does whose shopper moves on before the shelf is drawn.
HANGS_UP = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
)
GOOD, POOR = "4242424242424242", "4111111111140011"
NAME = "Somchai Prasert"
# What is typed about a card, in the order in which the keyboard meets the fields.
TYPED = {
    "#cardNumber": GOOD,
    "#nameOnCard": NAME,
    "#expiryDate": "1235",
    "#securityCode": "123",
}


@contextmanager
def chromium(path=CHROMIUM, **more):
    """Run one browser, for as many windows as the tests of a module open."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, headless=True, args=ARGUMENTS, **more
        )
        yield browser
        browser.close()


class Window:
    """Shop in a browser profile of its own, and keep what it sent and complained of.

    `complaints` holds console errors and warnings (a breach of the content security policy is
    one), scripts that raised, requests that failed and answers of 400 and up.
    """

    def __init__(self, browser, shop, **look):
        self.shop, self.complaints, self.sent = shop, [], []
        self.context = browser.new_context(base_url=shop.url, **look)
        self.context.set_default_timeout(30_000)
        self.context.on("console", self._hear)
        self.context.on("weberror", lambda error: self._note("raised", error.error))
        self.context.on("request", lambda request: self.sent.append(request))
        self.context.on("requestfailed", self._miss)
        self.context.on("response", self._look_at)
        self.page = self.context.new_page()

    def _note(self, kind, what):
        self.complaints.append(f"{kind}: {what}")

    def _hear(self, message):
        if message.type in ("error", "warning"):
            self._note(message.type, message.text)

    def _miss(self, request):
        # Chromium calls off what a page was still loading when its shopper moves on.
        if request.failure != "net::ERR_ABORTED":
            self._note(request.failure, request.url)

    def _look_at(self, response):
        if response.status >= 400:
            self._note(response.status, response.url)

    def close(self):
        """Close the window and say whether everything in it went well."""
        self.context.close()
        assert not self.complaints, "\n".join(self.complaints)

    def hears(self, words):
        """Let the browser say what it has to say, and look for words in its complaints."""
        self.page.evaluate("0")
        return any(words in one for one in self.complaints)

    def beside(self):
        """Open a second tab, with the same cookies."""
        return self.context.new_page()

    def adds(self, name="Celadon cup"):
        """Put something in the basket, from the shelf."""
        self.page.goto("/")
        product = self.page.get_by_role("listitem").filter(has_text=name)
        product.get_by_role("button", name="Add to basket").click()
        expect(self.page.get_by_text(f"{name} is in your basket")).to_be_visible()

    def opens_checkout(self):
        """Go from the shelf to the basket and on to the checkout."""
        self.page.get_by_role("link", name="See the basket").click()
        self.page.get_by_role("button", name="Checkout").click()
        expect(self.page.get_by_role("heading", name="Checkout")).to_be_visible()

    def opens_form(self, page=None):
        """Press the pay button of the checkout and give the form that pops up."""
        page = page or self.page
        page.locator(".omise-checkout-button").click()
        form = page.frame_locator("#omise-checkout-iframe-app")
        expect(form.get_by_role("dialog")).to_be_visible()
        return form

    def pays(self, card=GOOD, name=NAME):
        """Type a card into the form that pops up, and pay."""
        form = self.opens_form()
        typed = TYPED | {"#cardNumber": card, "#nameOnCard": name}
        for field, text in typed.items():
            form.locator(field).fill(text)
        form.locator("[type=submit]").click()

    def pays_by(self, way, page=None, **details):
        """Choose another way to pay in the form that pops up, and fill in what it asks for."""
        form = self.opens_form(page)
        form.get_by_role("button", name=way).click()
        for name, value in details.items():
            form.locator(f"[name={name}]").fill(value)
        if details:
            form.locator("[type=submit]:visible").click()

    def chooses(self, way, group=None, **details):
        """Press a row of the page's own list, and fill in what it asks for."""
        if group:
            self.page.locator("summary").filter(has_text=group).first.click()
        row = self.page.locator(f"#{way}")
        if details:
            row.locator("summary").click()
        for name, value in details.items():
            field = row.locator(f"[name={name}]")
            if field.evaluate("one => one.localName") == "select":
                field.select_option(value)
            else:
                field.fill(value)
        row.get_by_role("button").click()

    def goes_on(self):
        """Leave the shop for the bank, the wallet or the counter."""
        # The page moves on by itself after three seconds, at times from under the click.
        with suppress(Waited):
            self.page.get_by_role("link", name="Go on and pay").click(timeout=2500)
        self.page.wait_for_url(re.compile("/sandbox/(payments|offsites)/"))

    def answers(self, answer):
        """Press a button of the bank or wallet, and come back to the shop."""
        self.page.get_by_role("button", name=answer, exact=True).click()
        self.page.wait_for_url("**/orders/**")

    def sees(self, state, page=None):
        """Wait until the order's page shows a state, with nothing running off its side."""
        page = page or self.page
        section = page.locator("[data-order-state]")
        expect(section).to_have_attribute("data-order-state", state)
        wide, room = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= room

    def tabs_to(self, words):
        """Move the keyboard's focus on until it stands on something that says so."""
        for _ in range(60):
            self.page.keyboard.press("Tab")
            focus = self.page.locator(":focus")
            if focus.count() and words in focus.inner_text():
                return
        raise AssertionError(f"the keyboard never reached {words}")

    @property
    def order_id(self):
        """Read the order's id from where the shopper is."""
        return re.search(r"/orders/([0-9a-f-]{36})", self.page.url)[1]

    def posts(self, path):
        """List what was posted to a path, as the browser sent it."""
        return [
            request.post_data or ""
            for request in self.sent
            if request.method == "POST" and urlsplit(request.url).path == path
        ]

    def told(self, words):
        """List the paths of requests that carried these words, however they were written."""
        plain = re.compile(r"[\s\-+.]")
        wanted = plain.sub("", words).lower()
        return {
            urlsplit(one.url).path
            for one in self.sent
            if wanted
            in plain.sub("", unquote_plus(f"{one.url} {one.post_data or ''}")).lower()
        }

    def scripts(self):
        """List the paths of the scripts that were loaded, on all pages so far."""
        return {
            urlsplit(one.url).path for one in self.sent if one.resource_type == "script"
        }
