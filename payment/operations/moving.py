"""The commands that move money, or end the chance that it moves: capture, reverse, refund, expire.

Each asks first, says what came of it, and does nothing when it is said again.
"""

from collections.abc import Callable
from typing import Any

import click

from .. import money
from ..gateway.errors import GatewayError
from ..orders.models import Attempt, Order
from . import captures, refunds
from .telling import is_held, stands
from .terminal import command, confirm, in_words, operator, order_of, refuse_other_keys

_reason = click.option("--reason", help="Why; kept in the order's history.")
_yes = click.option("--yes", is_flag=True, help="Do not ask.")
_order = click.argument("order_id", metavar="ORDER")
_amount = click.argument("amount", required=False)
_attempt = click.option(
    "--attempt", "number", type=int, help="Which attempt, where several could be meant."
)


def _part(help: str) -> Callable:
    return click.option("--amount", "part", metavar="AMOUNT", help=help)


@command("capture")
@_order
@_amount
@_part("Take so much, such as 120.50; the rest is released.")
@_attempt
@_reason
@_yes
def capture(
    order_id: str,
    amount: str | None,
    part: str | None,
    number: int | None,
    reason: str | None,
    yes: bool,
) -> None:
    """Take what a card has authorised, or a part of it.

    AMOUNT is written such as 120.50; the rest is released.
    """
    order = order_of(order_id)
    units = _units(amount, part, order)
    attempt = _one(order, is_held, number)
    if attempt is None:
        _say_what_was_captured(order, number, units)
        return
    refuse_other_keys(attempt)
    wanted = attempt.amount if units is None else units
    confirm(
        yes,
        f"Capture {_plain(wanted, order)} of {_plain(attempt.amount, order)} authorised by "
        f"{attempt.charge_id}?",
    )
    now = _moved(lambda: captures.capture(attempt, operator(), reason, units))
    click.echo(f"Captured {_plain(now.taken, order)}.")
    if now.taken != wanted:
        raise click.ClickException(
            f"That is not {_plain(wanted, order)}: it was captured before, or by somebody else."
        )


def _say_what_was_captured(order: Order, number: int | None, units: int | None) -> None:
    paid = _one(order, lambda one: one.status == "successful", number)
    if paid is None:
        raise click.ClickException(
            f"This order has no authorised charge{_its_state(order)}."
        )
    was = _plain(paid.taken, order)
    if paid.taken != (paid.amount if units is None else units):
        raise click.ClickException(f"It was captured before: {was}. Nothing was done.")
    click.echo(f"It was captured before: {was}.")


@command("reverse")
@_order
@_attempt
@_reason
@_yes
def reverse(order_id: str, number: int | None, reason: str | None, yes: bool) -> None:
    """Release what a card has authorised."""
    order = order_of(order_id)
    attempt = _one(order, is_held, number)
    if attempt is None:
        if _one(order, lambda one: one.status == "reversed", number):
            click.echo("It was released before.")
            return
        raise click.ClickException(
            f"This order has no authorised charge{_its_state(order)}."
        )
    refuse_other_keys(attempt)
    amount = _plain(attempt.amount, order)
    confirm(yes, f"Release {amount} of {attempt.charge_id}?")
    _moved(lambda: captures.reverse(attempt, operator(), reason))
    click.echo(f"Released {amount}.")


@command("expire")
@_order
@_attempt
@_reason
@_yes
def expire(order_id: str, number: int | None, reason: str | None, yes: bool) -> None:
    """Close a code or page that nobody has paid by yet.

    It cannot be paid any more; the order can, in another way.
    """
    order = order_of(order_id)
    attempt = _one(order, _waits, number)
    if attempt is None:
        if _one(order, lambda one: one.status == "expired", number):
            click.echo("It was closed before.")
            return
        raise click.ClickException(
            f"This order has no charge that waits for its shopper{_its_state(order)}."
            f"{_instead(order)}"
        )
    refuse_other_keys(attempt)
    amount = _plain(attempt.amount, order)
    confirm(yes, f"Close {attempt.charge_id}, by which {amount} can still be paid?")
    _moved(lambda: captures.expire(attempt, operator(), reason))
    click.echo(f"Closed {attempt.charge_id}: it cannot be paid any more.")


def _waits(attempt: Attempt) -> bool:
    return attempt.status == "pending" and not attempt.authorized


def _its_state(order: Order) -> str:
    """Say, for the end of a sentence, what an order has instead."""
    said = [f"attempt {one.number} is {stands(one)}" for one in order.attempts]
    return f": {', '.join(said)}" if said else ""


def _instead(order: Order) -> str:
    """Say what can be done about what an order's attempts hold."""
    if not any(is_held(one) for one in order.attempts):
        return ""
    return (
        f" `flask payment reverse {order.id}` releases what is authorised, and `flask payment "
        f"capture {order.id}` takes it."
    )


def _one(
    order: Order, fits: Callable[[Attempt], bool], number: int | None
) -> Attempt | None:
    """Choose the attempt that is meant; None if none fits. Refuses where it might be another."""
    found = [one for one in order.attempts if fits(one)]
    if number is not None:
        found = [one for one in found if one.number == number]
    if len(found) > 1:
        numbers = " and ".join(str(one.number) for one in found)
        raise click.ClickException(
            f"It could be one of attempts {numbers}: name one by --attempt."
        )
    return found[0] if found else None


def _moved(act: Callable[[], Attempt]) -> Attempt:
    try:
        return act()
    except captures.MoveRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    except GatewayError as error:
        raise click.ClickException(
            f"Omise could not be asked what came of it: {in_words(error)}. Run `flask payment "
            "sync` until it can, then look again."
        ) from error


@command("refund")
@_order
@_amount
@_part("Give so much back, such as 120.50; if not said, everything that is left.")
@_attempt
@_reason
@click.option(
    "--again",
    is_flag=True,
    help="Once more, although the same amount was just given back, or one that was not found is "
    "not on the dashboard either.",
)
@_yes
def refund(
    order_id: str,
    amount: str | None,
    part: str | None,
    number: int | None,
    reason: str | None,
    again: bool,
    yes: bool,
) -> None:
    """Give money back: everything that is left, or a part.

    AMOUNT is written such as 120.50.
    """
    order = order_of(order_id)
    units = _units(amount, part, order)
    attempt = _one(order, lambda one: one.status == "successful", number)
    if attempt is None:
        raise click.ClickException(
            f"There is no paid attempt to refund{_its_state(order)}.{_instead(order)}"
        )
    refuse_other_keys(attempt)
    what = _plain(units, order) if units else "everything that is left"
    before = _plain(attempt.refunded_amount, order)
    confirm(
        yes,
        f"Refund {what} of {_plain(attempt.taken, order)} that {attempt.charge_id} took "
        f"(so far {before})?",
    )
    try:
        given = refunds.give_back(attempt.id, units, operator(), reason, again)
    except refunds.NothingIsLeft as done:
        click.echo(str(done))
        return
    except refunds.RefundRefused as error:
        raise click.ClickException(f"{error} Nothing was refunded.") from error
    except GatewayError as error:  # the charge could not be read first
        raise click.ClickException(
            f"Omise could not be asked: {in_words(error)}. No refund was sent, so no money has "
            "moved."
        ) from error
    _tell_refund(given, order)


def _tell_refund(given: Any, order: Order) -> None:
    amount = _plain(given.amount, order)
    if given.status == "done":
        click.echo(f"Refunded {amount}.")
    elif given.status == "failed":
        raise click.ClickException(
            f"Omise refused ({given.failure_code}); nothing was refunded. What was not paid by "
            "card may have to be paid back by hand, by bank transfer."
        )
    else:
        raise click.ClickException(
            f"Whether {amount} went back is not known yet: do not refund again. `flask payment "
            f"sync {order.id}` asks."
        )


def _units(amount: str | None, part: str | None, order: Order) -> int | None:
    """Read an amount that was given as a word or an option; None if neither was."""
    if amount is not None and part is not None:
        raise click.UsageError("Say the amount once.")
    text = part if amount is None else amount
    if text is None:
        return None
    try:
        units = money.parse(text, order.currency)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if units == 0:
        raise click.ClickException("The amount must be more than nothing.")
    return units


def _plain(amount: int, order: Order) -> str:
    return money.plain(amount, order.currency)
