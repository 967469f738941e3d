"""What a shopper does in every host: the same journeys, by clicking, judged by Omise's books.

Each window also asserts that its console stayed clean, under whatever policy the host sends.
"""

import re

from browser import POOR, expect
from hosts import FOLDERS, ROOT
from rig import eventually


class Journeys:
    """The journeys; a subclass names its host as `kind`."""

    kind = None

    def test_what_runs_is_the_copy_and_nothing_of_this_repository(self, host):
        """F7: byte for byte."""
        inside = f"{host.package}." if host.package else ""
        program = (
            "import sys; from importlib import import_module; "
            f"print(*(import_module({inside!r} + one).__file__ for one in {FOLDERS}), *sys.path)"
        )
        said = host.python("-c", program).stdout
        for folder in FOLDERS:
            assert str(host.folder / host.package / folder / "__init__.py") in said
        assert str(ROOT) not in re.sub(r"\S*/site-packages", "", said)
        for folder in FOLDERS:
            for original in (ROOT / folder).rglob("*.*"):
                if "__pycache__" not in original.parts:
                    copied = host.folder / host.package / original.relative_to(ROOT)
                    assert copied.read_bytes() == original.read_bytes()

    def test_card(self, window, host):
        """A29: what is charged is what the page showed."""
        assert window.shown() == host.amount
        window.pays()
        window.sees("paid")
        assert window.shown() == host.amount
        charged = host.omise.charged(window.order_id)
        assert charged == {"successful": (1, host.amount)}

    def test_3d_secure_and_back(self, window, host, asks_bank):
        window.pays()
        window.goes_on()
        window.answers("Approve")
        window.sees("paid")
        charged = host.omise.charged(window.order_id)
        assert charged == {"successful": (1, host.amount)}
        assert host.omise.latest()["return_uri"].startswith(f"{host.url}{host.home}")

    def test_promptpay(self, window, host):
        """D7 in part: the code is really drawn, and the page moves on once it is paid."""
        window.pays_by("PromptPay")
        window.sees("waiting")
        code = window.page.get_by_role("img", name="The code to scan")
        expect(code).to_be_visible()
        drawn = code.evaluate("image => image.decode().then(() => image.naturalWidth)")
        assert drawn > 0
        host.omise.control(f"charges/{host.omise.latest()['id']}/pay")
        window.sees("paid")
        charged = host.omise.charged(window.order_id)
        assert charged == {"successful": (1, host.amount)}

    def test_a_webhook_settles_the_order_of_a_shopper_who_never_returns(
        self, window, host, asks_bank
    ):
        """B5: signed by Omise, taken past the host's CSRFProtect, and believed for nothing."""
        window.pays()
        window.goes_on()
        order_id = host.omise.latest()["metadata"]["order_id"]
        window.page.goto("about:blank")
        host.omise.control(f"charges/{host.omise.latest()['id']}/pay")
        told = "status pending -> successful by webhook"
        eventually(lambda: told in host.command("show", order_id).stdout, 60)
        window.page.goto(f"{self.orders(host)}{order_id}")
        window.sees("paid")

    def orders(self, host):
        """Say where orders have their pages."""
        return f"{host.home}orders/"

    def test_a_saved_card_pays_again_and_is_deleted(self, window, host):
        window.page.get_by_label("E-mail").fill("somchai@example.com")
        window.page.get_by_label("Save my card").check()
        window.pays()
        window.sees("paid")
        window.page.get_by_role("link", name="Back to the shop").click()
        window.picks()
        window.page.get_by_role("button", name="with Visa •••• 4242").click()
        window.sees("paid")
        charged = host.omise.charged(window.order_id)
        assert charged == {"successful": (1, host.amount)}
        window.picks()
        window.page.get_by_role("button", name="Delete this card").click()
        expect(window.page.get_by_text("Your saved card was deleted")).to_be_visible()
        expect(window.page.get_by_text("with Visa •••• 4242")).to_be_hidden()

    def test_declined_then_paid_from_the_order_s_page(self, window, host):
        """A21: no cart is needed, and another browser will do."""
        window.pays(POOR)
        window.sees("failed")
        declined = window.order_id
        window.page.goto(f"{self.orders(host)}{declined}")
        window.page.get_by_role("link", name="Try again").click()
        assert window.shown() == host.amount
        window.pays()
        window.sees("paid")
        assert window.order_id == declined
        assert host.omise.charged(declined) == {
            "failed": (1, host.amount),
            "successful": (1, host.amount),
        }

    def test_no_form_of_payments_can_be_forged(self, window, host):
        """D9: with the host's CSRFProtect or without one."""
        foreign = window.context.request.post(
            f"{host.url}{self.orders(host).replace('orders/', 'charge')}",
            form={"csrf_token": "foreign", "omiseToken": host.omise.token()},
        )
        assert foreign.status == 400
        assert host.omise.books()["charges"] == 0
