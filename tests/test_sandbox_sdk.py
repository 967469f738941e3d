"""Everything that omise-python can ask, asked of the sandbox."""

import inspect

import omise
import pytest
from sandbox_surface import LINK, PICTURE, RECIPIENT, Surface

pytest_plugins = ("sandbox_rig",)


class Asked:
    """Name each method of the SDK's classes that was called."""

    def __init__(self, monkeypatch):
        self.names = set()
        for kind, method in public_methods():
            called = inspect.getattr_static(kind, method)
            plain = getattr(called, "__func__", called)
            noted = self._noted(f"{kind.__name__}.{method}", plain)
            as_was = classmethod if isinstance(called, classmethod) else lambda it: it
            monkeypatch.setattr(kind, method, as_was(noted))

    def _noted(self, name, method):
        def noting(*args, **kwargs):
            self.names.add(name)
            return method(*args, **kwargs)

        return noting


def public_methods():
    """List (class, method) of everything that asks the API."""
    return [
        (kind, name)
        for kind in vars(omise).values()
        if inspect.isclass(kind) and issubclass(kind, omise.Base)
        for name, member in vars(kind).items()
        if not name.startswith("_")
        and isinstance(member, classmethod | type(public_methods))
    ]


def first(listed):
    """Take one from what the SDK lists, page by page."""
    return next(iter(listed))


def again(cls, one):
    """Retrieve what was made, and reload it where the SDK can."""
    found = cls.retrieve(one.id)
    assert found.id == one.id
    if hasattr(cls, "reload"):
        found.reload()
    return found


def of_the_account(sdk, _surface):
    sdk.Account.retrieve().reload()
    assert (
        sdk.Account.retrieve().update(zero_interest_installments=False).country == "TH"
    )
    assert sdk.Balance.retrieve().reload().total == 0
    assert sdk.Capability.retrieve().reload().country == "TH"
    assert list(sdk.Chain.list()) == []
    assert sdk.Forex.retrieve("usd").base == "USD"


def of_charges(sdk, surface):
    token = sdk.Token.create(**surface.bodies["POST /tokens"]["card"])
    charge = sdk.Charge.create(
        amount=100000, currency="thb", card=again(sdk.Token, token).id
    )
    again(sdk.Charge, charge).update(description="Cup")
    assert first(sdk.Charge.list()).description == "Cup"
    refund = charge.refund(amount=1000)
    assert refund.reload().amount == 1000
    assert first(sdk.Refund.list()).id == refund.id == first(charge.list_refunds()).id
    assert charge.refunds.retrieve(refund.id).id == refund.id
    event = first(charge.list_events())
    assert again(sdk.Event, event).key == first(sdk.Event.list()).key == "charge.create"
    again(sdk.Transaction, first(sdk.Transaction.list()))
    assert sdk.Search.execute("charge", query=charge.id)[0].id == charge.id


def of_moves(sdk, surface):
    for move, key in (
        ("capture", "paid"),
        ("reverse", "reversed"),
        ("expire", "expired"),
    ):
        made = surface.states[f"/charges/{{id}}/{move}"]()
        charge = sdk.Charge.retrieve(made["id"])
        getattr(charge, move)()
        assert getattr(charge, key) is True
    source = sdk.Source.create(type="promptpay", amount=20000, currency="thb")
    assert sdk.Source.retrieve(source.id).flow == "offline"


def of_customers(sdk, surface):
    token = sdk.Token.create(**surface.bodies["POST /tokens"]["card"])
    customer = sdk.Customer.create(email="somchai@example.com", card=token.id)
    again(sdk.Customer, customer).update(description="Somchai")
    assert first(sdk.Customer.list()).description == "Somchai"
    card = first(customer.list_cards())
    assert sdk.Card.retrieve(customer.id, card.id).reload().update(name="S").name == "S"
    assert [*customer.list_schedules(), *customer.schedule()] == []
    assert card.destroy().destroyed
    assert customer.destroy().destroyed


def of_disputes(sdk, surface):
    made = surface.make["disputes"]()
    dispute = again(sdk.Dispute, sdk.Dispute.retrieve(made["id"]))
    document = dispute.upload_document({"file": PICTURE})
    assert first(dispute.list_documents()).id == document.id
    kept = sdk.Document.retrieve(dispute.id, document.id).reload()
    assert kept.destroy().destroyed
    assert first(sdk.Dispute.list_open_disputes()).id == dispute.id
    dispute.update(message="Here it is")
    assert first(sdk.Dispute.list_pending_disputes()).id == dispute.id
    assert dispute.accept().status == "lost"
    assert first(sdk.Dispute.list_closed_disputes()).id == first(sdk.Dispute.list()).id


def of_payouts(sdk, surface):
    recipient = sdk.Recipient.create(**RECIPIENT)
    again(sdk.Recipient, recipient).update(email="s@example.com")
    surface.rig.charge()
    transfer = sdk.Transfer.create(amount=5000, recipient=recipient.id)
    again(sdk.Transfer, transfer).update(amount=6000)
    assert first(sdk.Transfer.list()).amount == 6000
    assert transfer.destroy().destroyed
    own, added = sdk.Recipient.list()
    assert (own.default, added.destroy().destroyed) == (True, True)


def of_links_and_schedules(sdk, surface):
    link = again(sdk.Link, sdk.Link.create(**LINK))
    assert first(sdk.Link.list()).destroy().id == link.id
    body = surface.bodies["POST /schedules"]()
    schedule = again(sdk.Schedule, sdk.Schedule.create(**body))
    surface.rig.post(f"control/schedules/{schedule.id}/run")
    done = sdk.Occurrence.retrieve(first(schedule.occurrence()).id)
    assert done.status == "successful"
    assert first(sdk.Charge.list_schedules()).id == first(sdk.Schedule.list()).id
    assert schedule.destroy().destroyed


def of_receipts(sdk, surface):
    surface.make["receipts"]()
    assert sdk.Receipt.retrieve(first(sdk.Receipt.list()).id).currency == "THB"


WALKS = (
    of_the_account,
    of_charges,
    of_moves,
    of_customers,
    of_disputes,
    of_payouts,
    of_links_and_schedules,
    of_receipts,
)
# Only a platform has chains, so that there is none to look at.
NOT_ASKED = {"Chain.retrieve", "Chain.reload", "Chain.revoke"}


def test_every_method_of_the_sdk_works(sdk, rig, monkeypatch):
    asked, surface = Asked(monkeypatch), Surface(rig)
    for walk in WALKS:
        walk(sdk, surface)
    every = {f"{kind.__name__}.{method}" for kind, method in public_methods()}
    assert every - asked.names == NOT_ASKED


def test_a_chain_is_not_found(sdk):
    with pytest.raises(sdk.errors.NotFoundError, match="chain chai_test_5none"):
        sdk.Chain.retrieve("chai_test_5none")
