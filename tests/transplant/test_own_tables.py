"""F7, F8: an app that was there before keeps its tables, its session, its login and its rules."""

import json

from hosts import OwnTables
from journeys import Journeys
from rig import eventually


class TestOwnTables(Journeys):
    kind = OwnTables

    def member(self, window):
        window.page.goto("/member")
        return json.loads(window.page.locator("body").inner_text())

    def test_the_session_of_the_host_survives_a_purchase_and_the_deleted_card(
        self, window, host
    ):
        before = self.member(window)
        assert before["cart"]["books"] == [["dune", 1]]
        window.page.goto("/checkout")
        window.page.get_by_label("E-mail").fill("mali@example.com")
        window.page.get_by_label("Save my card").check()
        window.pays()
        window.sees("paid")
        window.picks()
        window.page.get_by_role("button", name="Delete this card").click()
        after = self.member(window)
        assert after == before
        assert after["customer"] == {"number": 7, "name": "Mali"}
        assert after["cart"]["wish"] == "Persuasion"

    def test_a_receiver_made_inside_the_factory_writes_into_the_host_s_own_table(
        self, window, host
    ):
        """A28: also where nobody but a webhook tells of the payment."""
        window.pays_by("PromptPay")
        window.sees("waiting")
        order_id = window.order_id
        window.page.goto("about:blank")
        host.omise.control(f"charges/{host.omise.latest()['id']}/pay")

        def parcel():
            answer = window.context.request.get(f"{host.url}/parcels").json()
            return answer.get(order_id)

        assert eventually(parcel) == ["Dune", 42000]

        def letter():
            answer = window.context.request.get(f"{host.url}/letters").json()
            return answer.get(order_id)

        to, text = eventually(letter)
        assert to == "mali@bookshop.example"
        price = "THB\N{NO-BREAK SPACE}420.00"
        assert text.startswith(f"1 x Dune: {price}\n{price} by PromptPay, ")
        assert text.endswith(f"\n{host.url}/orders/{order_id}")
        shown = host.command("show", order_id).stdout
        assert "by webhook" in shown

    def test_what_the_layout_has_in_its_head_stays_there(self, window, host):
        edge = "getComputedStyle(document.body).borderTopWidth"
        assert window.page.evaluate(edge) == "7px"
        window.pays_by("PromptPay")
        window.sees("waiting")
        assert window.page.evaluate(edge) == "7px"

    def test_a_form_of_the_host_s_own_still_needs_its_token(self, window, host):
        forged = window.context.request.post(f"{host.url}/take/dune")
        assert forged.status == 400
