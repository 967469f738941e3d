"""The `flask payment ...` commands, by which an operator looks after orders from a terminal."""

import getpass
import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from .. import money
from ..gateway.errors import GatewayError
from ..orders import entries, ledger, migrations, queries
from ..orders.models import Attempt, Order
from ..orders.purge import forget_people
from ..orders.transaction import OrdersUnavailable
from ..settings import is_live
from . import captures, refunds
from .reconcile import look, reconcile
from .sweep import News, Round

payment = AppGroup("payment", help="Look after orders and their charges.")
_UNAVAILABLE = "The order book cannot be reached; nothing was asked."


def command(name: str, needs_book: bool = True) -> Callable:
    """Make a command that says which Omise and which book it speaks to, and how it ended."""

    def decorate(function: Callable) -> Callable:
        @payment.command(name)
        @wraps(function)
        def told(*args: Any, **kwargs: Any) -> Any:
            here = current_app.extensions["payment"]
            click.echo(f"Omise: {_omise()}. Order book: {here.book.name()}", err=True)
            if needs_book:
                migrations.check(here.book)
            try:
                return function(*args, **kwargs)
            except OrdersUnavailable as error:
                raise click.ClickException(_UNAVAILABLE) from error
            except GatewayError as error:
                raise click.ClickException(
                    f"Omise could not be asked: {error}. Nothing is known to have moved; "
                    "look again by `flask payment show`."
                ) from error

        return told

    return decorate


def _omise() -> str:
    config = current_app.config
    keys = "live keys" if is_live(config) else "test keys"
    return f"{config['PAYMENT_OMISE_NAME'] or keys} at {config['OMISE_API_BASE']}"


def _operator() -> str:
    """Name who is at the terminal, as entries and flags keep it."""
    try:
        return ledger.OPERATOR + getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as containers have
        return ledger.OPERATOR + "unknown"


@command("upgrade", needs_book=False)
def upgrade() -> None:
    """Bring the order book to the shape that this release writes."""
    before = migrations.upgrade(current_app.extensions["payment"].book)
    click.echo(f"The order book is up to date (it was {before or 'empty'} before).")


@command("sweep")
@click.option(
    "--every",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="Go on, every so many seconds, asking less often about what is old.",
)
def sweep(every: float | None) -> None:
    """Ask Omise about every attempt and refund that is still open, and record what it says.

    Without --every it ends with code 1 if anything could not be asked.
    """
    if not every:
        _sweep_once(None)
        return
    news = News()
    while True:
        rest = 0
        try:
            rest = _sweep_once(news)
        except OrdersUnavailable:
            click.echo(_UNAVAILABLE, err=True)
        except click.ClickException as error:
            error.show()
        time.sleep(max(every, rest))


def _sweep_once(news: News | None) -> int:
    one = Round(lambda line: click.echo(line, err=True), news)
    one.run()
    click.echo(
        f"asked about {one.asked}, still open {queries.count_open()}, errors {one.errors}"
    )
    if one.rest:
        click.echo(f"Omise asks for {one.rest} s of rest.", err=True)
    if one.refused:
        raise click.ClickException(
            "Omise refuses OMISE_SECRET_KEY (authentication_failure): nothing can be recorded "
            "until it is right."
        )
    if one.errors and news is None:
        raise click.ClickException("Not everything could be asked; run it again.")
    return one.rest


@command("list")
@click.option(
    "--attention", is_flag=True, help="Only those that a person must look at."
)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
def list_(attention: bool, limit: int) -> None:
    """List the newest orders."""
    for order in queries.list_orders(limit, attention):
        total = money.plain(order.amount, order.currency)
        click.echo(
            f"{order.created_at:%Y-%m-%d %H:%M}  {order.id}  {total:>14}  {_standing(order)}"
        )
        for flag in order.flags:
            click.echo(f"    ! {flag.why}")


def _standing(order: Order) -> str:
    attempt = order.latest
    if attempt is None:
        return "empty"
    if order.paid_at:
        taken = attempt.captured_amount or attempt.amount
        if attempt.refunded_amount >= taken:
            return "refunded"
        return "partly refunded" if attempt.refunded_amount else "paid"
    if attempt.status == "pending" and attempt.authorized:
        return "authorised"
    return attempt.status


@command("show")
@click.argument("order_id")
def show(order_id: str) -> None:
    """Show an order with every attempt to pay it, and all that happened to it."""
    order = _order(order_id)
    click.echo(f"order {order.id} of {order.created_at:%Y-%m-%d %H:%M:%S} UTC")
    for line in order.lines:
        amount = money.plain(line["amount"], order.currency)
        click.echo(f"  {line['quantity']} x {line['name']}  {amount}")
    click.echo(f"  total {money.plain(order.amount, order.currency)}")
    for flag in order.flags:
        click.echo(f"! needs attention: {flag.why}")
    for attempt in order.attempts:
        _show_attempt(attempt, order.paid_by == attempt.id)
    click.echo("history (UTC):")
    for entry in entries.history(order.id):
        click.echo(f"  {entry.at:%Y-%m-%d %H:%M:%S}  {_told(entry)}")


def _told(entry: Any) -> str:
    moved = " -> ".join(part for part in (entry.was, entry.became) if part)
    said = [entry.what, moved, f"by {entry.by}", f"({entry.why})" if entry.why else ""]
    return " ".join(part for part in said if part)


def _show_attempt(attempt: Attempt, paid: bool) -> None:
    said = [attempt.status, attempt.method, attempt.charge_id, attempt.failure_code]
    said.append("paid the order" if paid else None)
    waits = attempt.status == "pending" and attempt.authorized
    said.append("authorised" if waits else None)
    said.append("superseded" if attempt.superseded else None)
    if attempt.doubtful_id:
        said.append(f"answered by {attempt.doubtful_id}, which does not name it")
    if attempt.dispute:
        said.append(f"disputed: {attempt.dispute}")
    click.echo(f"attempt {attempt.number}: " + ", ".join(one for one in said if one))
    if attempt.captured_amount:
        amount = money.plain(attempt.captured_amount, attempt.currency)
        click.echo(f"  captured {amount}")
    if attempt.refunded_amount:
        amount = money.plain(attempt.refunded_amount, attempt.currency)
        click.echo(f"  refunded {amount}")
    for refund in attempt.refunds:
        amount = money.plain(refund.amount, attempt.currency)
        click.echo(
            f"  refund {refund.id}: {amount} {refund.status} {refund.failure_code or ''}".rstrip()
        )


@command("capture")
@click.argument("order_id")
@click.argument("amount", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
def capture(order_id: str, amount: str | None, yes: bool) -> None:
    """Take the money that an order's charge has authorised, or AMOUNT of it, such as 120.50."""
    order = _order(order_id)
    attempt = order.latest
    if attempt and attempt.status == "successful":
        click.echo("It was captured before.")
        return
    attempt = _authorised(attempt)
    units = _amount(amount, order)
    _confirm(
        yes,
        f"Capture {money.plain(units or attempt.amount, order.currency)} of {attempt.charge_id}?",
    )
    _move(lambda: captures.capture(attempt, _operator(), units))


@command("reverse")
@click.argument("order_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
def reverse(order_id: str, yes: bool) -> None:
    """Release the money that an order's charge has authorised."""
    attempt = _order(order_id).latest
    if attempt and attempt.status == "reversed":
        click.echo("It was reversed before.")
        return
    attempt = _authorised(attempt)
    _confirm(
        yes,
        f"Release {money.plain(attempt.amount, attempt.currency)} of {attempt.charge_id}?",
    )
    _move(lambda: captures.reverse(attempt, _operator()))


def _authorised(attempt: Attempt | None) -> Attempt:
    if not attempt or attempt.status != "pending" or not attempt.authorized:
        raise click.ClickException("This order has no authorised charge.")
    return attempt


def _move(act: Callable[[], Attempt]) -> None:
    try:
        click.echo(f"The charge is {act().status} now.")
    except captures.MoveRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    except GatewayError as error:
        raise click.ClickException(
            f"Omise could not be asked what came of it: {error}. Run `flask payment sync` until it "
            "can, then look again."
        ) from error


@command("refund")
@click.argument("order_id")
@click.argument("amount", required=False)
@click.option(
    "--attempt", "number", type=int, help="Which attempt, where several were paid."
)
@click.option("--reason", help="Why; kept in the order's history.")
@click.option(
    "--again",
    is_flag=True,
    help="An earlier one that was not found is not on the dashboard either.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def refund(
    order_id: str,
    amount: str | None,
    number: int | None,
    reason: str | None,
    again: bool,
    yes: bool,
) -> None:
    """Give back AMOUNT, such as 120.50, or without it everything that is left."""
    order = _order(order_id)
    attempt = _paid_attempt(order, number)
    units = _amount(amount, order)
    before = money.plain(attempt.refunded_amount, order.currency)
    what = money.plain(units, order.currency) if units else "everything that is left"
    _confirm(yes, f"Refund {what} of {attempt.charge_id} (so far {before})?")
    try:
        given = refunds.give_back(attempt.id, units, _operator(), reason, again)
    except refunds.RefundRefused as error:
        raise click.ClickException(f"{error} Nothing was refunded.") from error
    _tell_refund(given, order.currency)


def _amount(text: str | None, order: Order) -> int | None:
    if text is None:
        return None
    try:
        units = money.parse(text, order.currency)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if units == 0:
        raise click.ClickException("The amount must be more than nothing.")
    return units


def _confirm(yes: bool, question: str) -> None:
    if not yes:
        click.confirm(question, abort=True, err=True)


def _tell_refund(given: Any, currency: str) -> None:
    amount = money.plain(given.amount, currency)
    if given.status == "done":
        click.echo(f"Refunded {amount}.")
    elif given.status == "failed":
        raise click.ClickException(
            f"Omise refused ({given.failure_code}); nothing was refunded. What was not paid by "
            "card may have to be paid back by hand, by bank transfer."
        )
    else:
        raise click.ClickException(
            f"Whether {amount} went back is not known yet: do not refund again, sweep."
        )


def _paid_attempt(order: Order, number: int | None) -> Attempt:
    paid = [one for one in order.attempts if one.status == "successful"]
    if number:
        paid = [one for one in paid if one.number == number]
    if not paid:
        raise click.ClickException("There is no paid attempt to refund.")
    if len(paid) > 1:
        raise click.ClickException("Several attempts were paid: name one by --attempt.")
    return paid[0]


@command("sync")
@click.argument("order_id")
def sync(order_id: str) -> None:
    """Ask Omise about every attempt of an order, also those that have ended."""
    for attempt in _order(order_id).attempts:
        reconcile(attempt, _operator(), look([attempt], most_pages=50))
    order = _order(order_id)
    click.echo(f"The order is {_standing(order)}.")


@command("close")
@click.argument("order_id")
@click.option("--reason", required=True, help="Why; kept in the order's history.")
def close(order_id: str, reason: str) -> None:
    """End the attempts of an order that are still open, so that it can be paid again.

    Money that moves all the same is recorded when it shows.
    """
    order = _order(order_id)
    standing = [
        one for one in order.attempts if ledger.blocks(one) or one.status == "not_found"
    ]
    ended = [one for one in standing if ledger.close(one, _operator(), reason)]
    if not ended:
        raise click.ClickException("This order has no open attempt.")
    click.echo(f"Closed {len(ended)}.")


@command("clear")
@click.argument("order_id")
@click.option("--reason", help="What was done; kept in the order's history.")
def clear(order_id: str, reason: str | None) -> None:
    """Lower the flags of an order that needed attention, once you have looked after it."""
    count = ledger.unflag(_order(order_id).id, _operator(), reason)
    if not count:
        raise click.ClickException("This order needs no attention: it has no flags.")
    click.echo(f"Cleared {count}.")


@command("purge")
@click.option(
    "--older-than",
    type=click.IntRange(min=30),
    required=True,
    metavar="DAYS",
    help="At least 30: refunds and disputes of what is younger are looked for.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(older_than: int, yes: bool) -> None:
    """Forget for good who made old orders; amounts, charges and history stay.

    Orders that are still open are left. Their e-mail addresses at Omise are not touched.
    """
    _confirm(yes, f"Forget who made the orders older than {older_than} days?")
    count = forget_people(timedelta(days=older_than))
    click.echo(f"Forgot who made {count} orders.")


def _order(order_id: str) -> Order:
    order = queries.find_order(order_id)
    if order is None:
        raise click.ClickException(f"There is no order {order_id}.")
    return order
