"""The `flask payment ...` commands, by which an operator looks after orders from a terminal."""

import time

import click
from flask.cli import AppGroup

from payment import book, gateway, ledger, money, refunds
from payment.gateway import GatewayError
from payment.settling import settle
from payment.sweep import Round

payment = AppGroup("payment", help="Look after orders and their charges.")


@payment.command("sweep")
@click.option(
    "--every",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="Go on, every so many seconds, asking less often about what is old.",
)
def sweep(every):
    """Ask Omise about every attempt and refund that is still open, and record what it says."""
    while True:
        rest = 0
        try:
            rest = _sweep_once(patiently=bool(every))
        except book.LedgerDown as error:
            if not every:
                raise click.ClickException(_LEDGER_DOWN) from error
            click.echo(_LEDGER_DOWN, err=True)
        if not every:
            return
        time.sleep(max(every, rest))


_LEDGER_DOWN = "The order book cannot be reached; nothing was asked."


def _sweep_once(patiently):
    one = Round(lambda line: click.echo(line, err=True), patiently)
    one.run()
    left = len(book.unsettled()) + len(book.open_refunds())
    click.echo(f"asked about {one.asked}, still open {left}, errors {one.errors}")
    if one.rest:
        click.echo(f"Omise asks for {one.rest} s of rest.", err=True)
    return one.rest


@payment.command("list")
@click.option(
    "--attention", is_flag=True, help="Only those that a person must look at."
)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
def list_(attention, limit):
    """List the newest orders."""
    for order in book.list_orders(limit, attention):
        attempt = order.latest
        state = "paid" if order.paid_at else attempt.state if attempt else "empty"
        total = money.plain(order.amount, order.currency)
        click.echo(
            f"{order.created_at:%Y-%m-%d %H:%M}  {order.id}  {total:>14}  {state}"
        )
        if order.needs_attention:
            click.echo(f"    ! {order.needs_attention}")


@payment.command("show")
@click.argument("order_id")
def show(order_id):
    """Show an order with every attempt to pay it."""
    order = _order(order_id)
    click.echo(f"order {order.id} of {order.created_at:%Y-%m-%d %H:%M:%S} UTC")
    for line in order.lines:
        amount = money.plain(line["amount"], order.currency)
        click.echo(f"  {line['quantity']} x {line['name']}  {amount}")
    click.echo(f"  total {money.plain(order.amount, order.currency)}")
    if order.needs_attention:
        click.echo(f"! needs attention: {order.needs_attention}")
    for attempt in order.attempts:
        _show_attempt(attempt, order.paid_by == attempt.id)


def _show_attempt(attempt, paid):
    said = [attempt.state, attempt.method, attempt.charge_id, attempt.failure_code]
    said.append("paid the order" if paid else None)
    said.append("authorised" if attempt.authorized else None)
    said.append("set aside" if attempt.set_aside else None)
    click.echo(f"attempt {attempt.number}: " + ", ".join(one for one in said if one))
    if attempt.refunded_amount:
        amount = money.plain(attempt.refunded_amount, attempt.currency)
        click.echo(f"  refunded {amount}")
    for refund in attempt.refunds:
        amount = money.plain(refund.amount, attempt.currency)
        click.echo(
            f"  refund {refund.id}: {amount} {refund.state} {refund.failure_code or ''}"
        )


@payment.command("capture")
@click.argument("order_id")
def capture(order_id):
    """Take the money that an order's charge has authorised."""
    _move(order_id, gateway.capture_charge)


@payment.command("reverse")
@click.argument("order_id")
def reverse(order_id):
    """Release the money that an order's charge has authorised."""
    _move(order_id, gateway.reverse_charge)


def _move(order_id, act):
    """Do something to the authorised charge; whatever comes back, the charge is then read."""
    attempt = _order(order_id).latest
    if not attempt or attempt.state != "pending" or not attempt.authorized:
        raise click.ClickException("This order has no authorised charge.")
    try:
        act(attempt.charge_id)
    except GatewayError as error:
        click.echo(f"Omise answered: {error}", err=True)
    click.echo(f"The charge is {_read_again(attempt)} now.")


def _read_again(attempt):
    try:
        return settle(attempt, attempt.charge_id, sure=False).state
    except GatewayError as error:
        raise click.ClickException(
            f"{error}; run the sweep, then look again."
        ) from error


@payment.command("refund")
@click.argument("order_id")
@click.argument("amount", required=False)
@click.option(
    "--attempt", "number", type=int, help="Which attempt, where several were paid."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def refund(order_id, amount, number, yes):
    """Give back AMOUNT, such as 120.50, or without it everything that is left."""
    order = _order(order_id)
    attempt = _paid_attempt(order, number)
    try:
        units = money.parse(amount, order.currency) if amount else None
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    before = money.plain(attempt.refunded_amount, order.currency)
    if not yes:
        what = (
            money.plain(units, order.currency) if units else "everything that is left"
        )
        click.confirm(
            f"Refund {what} of {attempt.charge_id} (so far {before})?", abort=True
        )
    try:
        given = refunds.give_back(attempt.id, units)
    except (refunds.RefundRefused, GatewayError) as error:
        raise click.ClickException(f"{error} Nothing was refunded.") from error
    _tell_refund(given, order.currency)


def _tell_refund(given, currency):
    amount = money.plain(given.amount, currency)
    if given.state == "done":
        click.echo(f"Refunded {amount}.")
    elif given.state == "failed":
        raise click.ClickException(
            f"Omise refused ({given.failure_code}); nothing was refunded. What was not paid by "
            "card may have to be paid back by hand, by bank transfer."
        )
    else:
        click.echo(
            f"Whether {amount} went back is not known yet: do not refund again, sweep."
        )


def _paid_attempt(order, number):
    paid = [one for one in order.attempts if one.state == "successful"]
    if number:
        paid = [one for one in paid if one.number == number]
    if not paid:
        raise click.ClickException("There is no paid attempt to refund.")
    if len(paid) > 1:
        raise click.ClickException("Several attempts were paid: name one by --attempt.")
    return paid[0]


@payment.command("clear")
@click.argument("order_id")
def clear(order_id):
    """Take the mark off an order that needed attention, once you have looked after it."""
    ledger.clear_attention(_order(order_id).id)
    click.echo("Cleared.")


def _order(order_id):
    order = book.find_order(order_id)
    if order is None:
        raise click.ClickException(f"There is no order {order_id}.")
    return order
