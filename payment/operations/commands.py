"""The `flask payment ...` commands, by which an operator looks after orders from a terminal.

Those that only look are in listing.py, those that move money in moving.py; here is the rest.
"""

import json
import time
from datetime import timedelta

import click
from flask import current_app

from ..gateway.errors import GatewayError
from ..orders import ledger, migrations, queries
from ..orders.models import Attempt
from ..orders.purge import forget_people
from ..orders.transaction import OrdersUnavailable
from . import captures, listing, moving, refunds, telling
from .doctor import FAIL, look_over
from .reconcile import look, reconcile
from .sweep import News, Round
from .terminal import (
    BOOK_IS_AWAY,
    as_json_lines,
    command,
    confirm,
    fresh,
    in_words,
    operator,
    order_of,
    payment,
    refuse_other_keys,
    say,
)

# All of them are here for whoever imports this.
__all__ = ["listing", "moving", "payment"]


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
    """Ask Omise about all that is open, and record it.

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
            click.echo(BOOK_IS_AWAY, err=True)
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


@command("doctor", needs_book=False)
@as_json_lines
def doctor(as_json: bool) -> None:
    """Look the shop over, and say what must be mended.

    That is keys, the way to Omise and back, clocks, the order book, the sweep. Each line says what
    to do where something is wrong. Ends with code 1 if anything must be mended.
    """
    failed = False
    for finding in look_over():
        failed = failed or finding.level == FAIL
        if as_json:
            click.echo(json.dumps(vars(finding)))
            continue
        say(f"{finding.level:4}  {finding.subject}: {finding.said}")
        if finding.advice:
            say(f"      {finding.advice}")
    if failed:
        raise click.ClickException("Something must be mended.")


@command("sync")
@click.argument("order_id", metavar="ORDER")
def sync(order_id: str) -> None:
    """Ask Omise about one order, and record what it says.

    About every attempt of it, also those that have ended, and every refund.
    """
    order, unasked = order_of(order_id), 0
    for attempt in order.attempts:
        refuse_other_keys(attempt)
        try:
            reconcile(attempt, operator(), look([attempt], most_pages=50))
            refunds.look_again(attempt, operator())
        except GatewayError as error:
            unasked += 1
            about = f"Omise could not be asked about attempt {attempt.number}"
            click.echo(f"{about}: {in_words(error)}.", err=True)
    if unasked:
        raise click.ClickException("Not everything could be asked; run it again.")
    order = fresh(order)
    say(f"The order is {telling.standing(order)}.")
    for flag in order.flags:
        say(f"! needs attention: {flag.why}")


@command("close")
@click.argument("order_id", metavar="ORDER")
@click.option("--reason", required=True, help="Why; kept in the order's history.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def close(order_id: str, reason: str, yes: bool) -> None:
    """End what stays open, so that an order can be paid again.

    What waits for its shopper is closed at Omise first. Where that cannot be, it asks: money that
    moves all the same is recorded when it shows.
    """
    if not reason.strip():
        raise click.ClickException("Say by --reason why; it is kept in the history.")
    order = order_of(order_id)
    standing = [
        one for one in order.attempts if ledger.blocks(one) or one.status == "not_found"
    ]
    ended = [
        one
        for one in standing
        if _is_closed_at_omise(one, reason, yes)
        or ledger.close(one, operator(), reason)
    ]
    if ended:
        click.echo(f"Closed {len(ended)}.")
        return
    if any(one.status == "closed" for one in order.attempts):
        click.echo("It was closed before.")
        return
    raise click.ClickException("This order has no open attempt.")


def _is_closed_at_omise(attempt: Attempt, reason: str, yes: bool) -> bool:
    """Close at Omise what could still be paid; asks whether to go on where Omise does not."""
    if attempt.status != "pending" or not attempt.charge_id:
        return False
    refuse_other_keys(attempt)
    if attempt.authorized:
        confirm(yes, f"{attempt.charge_id} holds money: leave it held, and close it?")
        return False
    try:
        return captures.expire(attempt, operator(), reason).status == "expired"
    except captures.MoveRefused as refusal:
        why = str(refusal)
    except GatewayError as error:
        why = in_words(error)
    confirm(
        yes,
        f"{attempt.charge_id} can still be paid, and the shopper would pay twice: {why} "
        "Close it all the same?",
    )
    return False


@command("clear")
@click.argument("order_id", metavar="ORDER")
@click.option("--reason", help="What was done; kept in the order's history.")
def clear(order_id: str, reason: str | None) -> None:
    """Lower an order's flags, once you have looked after it."""
    order = order_of(order_id)
    count = ledger.unflag(order.id, operator(), reason)
    if count:
        click.echo(f"Cleared {count}.")
    elif not order.flags:
        raise click.ClickException("This order needs no attention: it has no flags.")
    if fresh(order).flags:
        raise click.ClickException(
            "A dispute over it is open, so its flag stays until that has ended: answer on the "
            f"dashboard. `flask payment sync {order.id}` asks how it stands."
        )


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
    confirm(yes, f"Forget who made the orders older than {older_than} days?")
    count = forget_people(timedelta(days=older_than))
    click.echo(f"Forgot who made {count} orders.")
