"""Lay every page and state of the shop side by side, to be looked at before a change is done.

    pipenv run python docs/contact_sheet.py [FOLDER]

Draws each page at 390 and 1280 px, in English, Thai and Japanese, light and dark, and writes one
sheet for each width and scheme into FOLDER (default: contact-sheet in the system's folder for
temporary files). With --axe FILE, which names axe.min.js of the package axe-core, each page is
also held against its rules, in every language and scheme; prints what it finds, and exits 1 then.
"""

import os
import re
import shutil
import sys
import tempfile
from base64 import b64encode
from contextlib import ExitStack
from html import escape
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]
# Whatever keys a .env holds: this is about a sandbox.
os.environ["PYTHON_DOTENV_DISABLED"] = "1"
if not (shutil.which("chromium-headless-shell") or shutil.which("chromium")):
    sys.exit("There is no chromium-headless-shell or chromium on the PATH.")

import click  # noqa: E402
from browser import chromium  # noqa: E402  found in tests/
from progress import end_well, progress  # noqa: E402
from rig import Shop  # noqa: E402
from shopper import Shopper  # noqa: E402
from sqlalchemy import update  # noqa: E402

from payment.orders.models import Attempt  # noqa: E402

DECLINED = "4111111111140011"
LOCALES = {"en": "en-GB", "th": "th-TH", "ja": "ja-JP"}
WIDTHS = {390: 844, 1280: 900}
SCHEMES = ("light", "dark")
LOST = {"fault": "close_after", "method": "POST", "path": "/charges"}
SHEET = """<!doctype html><meta charset="utf-8"><body style="margin: 16px; font: 14px sans-serif;
display: grid; grid-template-columns: repeat({columns}, 390px); gap: 16px; align-items: start">
{figures}</body>"""
FIGURE = """<figure style="margin: 0"><figcaption>{name}</figcaption>
<img style="width: 390px; border: 1px solid #999" src="data:image/png;base64,{picture}"></figure>"""


class Sights:
    """Bring about all that is to be seen, and remember where: (name, path, cookies)."""

    def __init__(self, shop):
        self.shop, self.seen = shop, []

    def someone(self):
        """Send in somebody who was never here, with a cup in the basket."""
        shopper = Shopper(self.shop)
        shopper.adds()
        return shopper

    def keeps(self, name, shopper, path=None):
        """Remember what this shopper sees now, or at a path."""
        path = path or re.sub(r"^https?://[^/]+", "", shopper.page.url)
        self.seen.append((name, path, shopper.http.cookies.get_dict()))

    def shelves(self):
        """Show what is there before anything is paid."""
        with Shopper(self.shop) as shopper:
            for name, path in (
                ("shelf", "/"),
                ("product", "/products/celadon-cup"),
                ("empty basket", "/cart"),
                ("no such page", "/nowhere"),
                ("no such order", "/orders/00000000-0000-4000-8000-000000000000"),
                ("no orders yet", "/orders"),
                ("dashboard", "/sandbox/dashboard/"),
                ("dashboard: settings", "/sandbox/dashboard/settings"),
            ):
                self.keeps(name, shopper, path)
        with self.someone() as shopper:
            for sku in ("cloud-oolong", "rain-ink"):
                shopper.adds(sku, 2)
            for name, path in (("basket", "/cart"), ("checkout", "/checkout")):
                self.keeps(name, shopper, path)

    def by_card(self):
        """Pay by card, and let that end in each way; no webhook settles what was lost."""
        self.shop.omise.control("settings", webhook_uri=None)
        with self.someone() as shopper:
            shopper.pays()
            self.keeps("paid", shopper)
            self.keeps("your orders", shopper, "/orders")
        with self.someone() as shopper:
            shopper.pays()
            self.refunds(shopper.order_id, "100.00")
            self.keeps("refunded in part", shopper)
        with self.someone() as shopper:
            shopper.pays()
            self.refunds(shopper.order_id)
            self.keeps("refunded", shopper)
        with self.someone() as shopper:
            shopper.pays(DECLINED)
            self.keeps("declined", shopper)
        with self.someone() as shopper:
            shopper.pays(remember="yes", email="somchai@example.com")
            shopper.adds("rain-ink")
            self.keeps("checkout with a saved card", shopper, "/checkout")
        for name, status in (("being confirmed", None), ("not found", "not_found")):
            with self.someone() as shopper:
                form = shopper.opens_checkout()
                rule = self.shop.omise.breaks(**LOST, about=form["order"])
                shopper.pays_here()
                self.shop.omise.releases(rule)
                if status:
                    self.sets(shopper.order_id, status=status)
                self.keeps(name, shopper, f"/orders/{shopper.order_id}")
        self.by_bank()

    def by_bank(self):
        """Ask the bank by 3-D Secure."""
        self.shop.omise.control("settings", three_d_secure=True)
        with self.someone() as shopper:
            shopper.pays(follow=False)
            order_id = re.search("/orders/([^/]+)", shopper.page.headers["Location"])[1]
            self.keeps("on to the bank", shopper, f"/orders/{order_id}/authorize")
            self.keeps("back from the bank too early", shopper, f"/orders/{order_id}")
            charge = self.shop.omise.latest()
            bank = re.sub(r"^https?://[^/]+", "", charge["authorize_uri"])
            self.keeps("the bank’s page", shopper, bank)
        self.shop.omise.control("settings", three_d_secure=False)

    def by_code(self):
        """Pay by a code, a wallet, and let time run out."""
        with self.someone() as shopper:
            shopper.chooses("promptpay") if shopper.opens_checkout() else None
            self.keeps("a code to scan", shopper)
            shopper.adds("rain-ink")
            self.keeps("basket beside an order that waits", shopper, "/cart")
            self.keeps("checkout beside an order that waits", shopper, "/checkout")
        with self.someone() as shopper:
            shopper.pays_by("promptpay")
            charge = self.shop.omise.latest()["id"]
            self.shop.omise.control(f"charges/{charge}/expire")
            self.keeps("the time ran out", shopper, f"/orders/{shopper.order_id}")
        with self.someone() as shopper:
            shopper.opens_checkout()
            shopper.chooses("truemoney", follow=False, phone_number="0812345678")
            order_id = self.order_of(shopper)
            self.keeps("waiting for a wallet", shopper, f"/orders/{order_id}")

    def order_of(self, shopper):
        """Read the order that a form was for."""
        return shopper.form["order"]

    def refunds(self, order_id, *amount):
        """Give money back as an operator does."""
        command = ["payment", "refund", order_id, *amount, "--yes"]
        done = self.shop.app.test_cli_runner().invoke(args=command)
        assert done.exit_code == 0, done.output

    def sets(self, order_id, **values):
        """Write into the book what would take hours to come about."""
        with self.shop.engine.begin() as connection:
            chosen = update(Attempt).where(Attempt.order_id == order_id)
            connection.execute(chosen.values(**values))


def sights_of(shop, country):
    """Bring about what is to be seen in a shop of one country."""
    sights = Sights(shop)
    if country == "TH":
        sights.shelves()
        sights.by_card()
        sights.by_code()
    else:
        with sights.someone() as shopper:
            sights.keeps("checkout in yen", shopper, "/checkout")
            who = {"email": "hanako@example.jp", "phone_number": "0312345678"}
            shopper.pays_by("econtext", name="Yamada", **who)
            sights.keeps("a slip for the convenience store", shopper)
    return sights.seen


def look(browser, shop, seen, width, scheme, language, axe):
    """Draw what was seen; gives pictures by name, and what axe says against the pages."""
    pictures, said = {}, []
    for name, path, cookies in seen:
        context = browser.new_context(
            base_url=shop.url,
            viewport={"width": width, "height": WIDTHS[width]},
            color_scheme=scheme,
            locale=LOCALES[language],
            reduced_motion="reduce",
        )
        context.add_cookies(
            [
                {"name": key, "value": one, "url": shop.url}
                for key, one in cookies.items()
            ]
        )
        page = context.new_page()
        page.goto(path)
        if axe:
            said += [
                f"{name}, {language}, {width}, {scheme}: {one}"
                for one in judge(page, axe)
            ]
        pictures[name] = page.screenshot(full_page=True)
        context.close()
    return pictures, said


def judge(page, axe):
    """Hold a page against axe's rules."""
    page.evaluate(axe)
    found = page.evaluate("axe.run(document).then(said => said.violations)")
    return [
        f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:120]}"
        for one in found
    ]


def join(browser, pictures, columns):
    """Lay pictures side by side on one sheet."""
    figures = "".join(
        FIGURE.format(name=escape(name), picture=b64encode(one).decode())
        for name, one in pictures
    )
    page = browser.new_page(viewport={"width": columns * 406 + 16, "height": 800})
    page.set_content(SHEET.format(columns=columns, figures=figures), wait_until="load")
    made = page.screenshot(full_page=True)
    page.close()
    return made


@click.command()
@click.argument(
    "folder", type=click.Path(file_okay=False, path_type=Path), required=False
)
@click.option("--axe", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--width", type=click.Choice([str(one) for one in WIDTHS]), multiple=True)
@click.option("--scheme", type=click.Choice(SCHEMES), multiple=True)
@click.option("--language", type=click.Choice(list(LOCALES)), multiple=True)
def main(folder, axe, width, scheme, language):
    """Draw every page and state in each width, scheme and language, or in the chosen ones."""
    end_well()
    folder = folder or Path(tempfile.gettempdir()) / "contact-sheet"
    folder.mkdir(parents=True, exist_ok=True)
    rules, findings = axe and axe.read_text(encoding="utf-8"), []
    widths = [int(one) for one in width] or list(WIDTHS)
    languages = list(language) or list(LOCALES)
    schemes = scheme or SCHEMES
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        browser = stack.enter_context(chromium())
        shops = []
        for country, currency in (("TH", "THB"), ("JP", "JPY")):
            shop = stack.enter_context(Shop(place / country, STORE_CURRENCY=currency))
            shop.omise.reset()
            shops.append((shop, sights_of(shop, country)))
        all_of_them = len(widths) * len(schemes) * len(languages)
        step = stack.enter_context(progress("Looks", all_of_them))
        for one in widths:
            for light in schemes:
                drawn = {}
                for spoken in languages:
                    for shop, seen in shops:
                        pictures, said = look(
                            browser, shop, seen, one, light, spoken, rules
                        )
                        findings += said
                        for name, picture in pictures.items():
                            drawn.setdefault(name, []).append(
                                (f"{name} · {spoken}", picture)
                            )
                    step()
                sheet = [each for group in drawn.values() for each in group]
                file = folder / f"{one}-{light}.png"
                file.write_bytes(join(browser, sheet, 6))
                click.echo(file)
    for finding in findings:
        click.echo(finding)
    if axe:
        click.echo(f"axe: {len(findings)} findings")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
