"""The commands that only look: list, find, show and export."""

import csv
import functools
import json
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import click

from .. import methods
from ..orders import entries, queries, search
from ..orders.models import Order
from ..orders.search import Wanted
from . import telling
from .terminal import Moment, as_json_lines, command, order_of, say, when


class Standing(click.Choice):
    """How an order stands, spelt as one likes."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Give it as search.STANDINGS has it."""
        plain = str(value).strip().lower().replace("-", "_").replace(" ", "_")
        plain = "authorised" if plain == "authorized" else plain
        return super().convert(plain, param, ctx)


def _filters(function: Callable) -> Callable:
    """Let a command be told which orders it is about; it gets them as Wanted."""

    @functools.wraps(function)
    def chosen(
        standing: str | None,
        method: str | None,
        since: datetime | timedelta | None,
        until: datetime | timedelta | None,
        attention: bool,
        email: str | None,
        **rest: Any,
    ) -> Any:
        _refuse_unknown(method)
        wanted = Wanted(standing, method, when(since), when(until), attention, email)
        return function(wanted=wanted, **rest)

    for option in (
        click.option("--email", metavar="ADDRESS", help="Only those of this shopper."),
        click.option(
            "--attention", is_flag=True, help="Only those that a person must look at."
        ),
        click.option("--until", type=Moment(), help="Only those before this moment."),
        click.option(
            "--since",
            type=Moment(),
            help="Only those since 2026-11-24, 2026-11-24T15:30 (UTC) or 7d, 12h, 30m ago.",
        ),
        click.option(
            "--method", metavar="NAME", help="Only those by card, promptpay and so on."
        ),
        click.option(
            "--status",
            "standing",
            type=Standing(list(search.STANDINGS)),
            help="Only those that stand so.",
        ),
    ):
        chosen = option(chosen)
    return chosen


def _refuse_unknown(method: str | None) -> None:
    """Refuse a way that neither the table of ways has nor any order in the book."""
    known = sorted({way.type for way in methods.METHODS})
    if method in (None, *known) or search.orders(Wanted(method=method), 1):
        return
    raise click.BadParameter(
        f"{method!r} is none of {', '.join(known)}.", param_hint="'--method'"
    )


@command("list")
@_filters
@click.option(
    "--capture",
    is_flag=True,
    help="What is authorised and must be captured, the first to lapse first.",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@as_json_lines
def list_(wanted: Wanted, capture: bool, limit: int, as_json: bool) -> None:
    """List the newest orders, and how they stand."""
    if not capture:
        _tell(search.orders(wanted, limit), as_json)
        return
    if wanted != Wanted():
        raise click.UsageError("--capture goes with --limit and --json alone.")
    now, held = queries.clock(), search.held(limit)
    if not held:
        _say_that_nothing("is authorised, so nothing must be captured")
    for attempt in held:
        if as_json:
            _print_json(telling.held_as_dict(attempt))
        else:
            say(telling.held_line(attempt, now))


def _say_that_nothing(so: str) -> None:
    """Say why nothing is listed; for people, so that a program reads an empty list."""
    click.echo(f"Nothing {so}.", err=True)


def _tell(orders: list[Order], as_json: bool) -> None:
    if not orders:
        _say_that_nothing("matches")
    for order in orders:
        if as_json:
            _print_json(telling.as_dict(order))
            continue
        say(telling.line(order))
        for flag in order.flags:
            say(f"    ! {flag.why}")


def _print_json(told: dict[str, Any]) -> None:
    click.echo(json.dumps(told))


@command("find")
@click.argument("what", metavar="CHARGE|EMAIL|PREFIX")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@as_json_lines
def find(what: str, limit: int, as_json: bool) -> None:
    """Find orders by charge, e-mail or part of their id.

    By the id of a charge or refund, an e-mail address, the first characters of an order's id, or a
    link to its page. Ends with code 1 if there are none.
    """
    try:
        found = search.find(what, limit)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if not found:
        raise click.ClickException(f"Nothing is known of {what}.")
    _tell(found, as_json)


@command("show")
@click.argument("order_id", metavar="ORDER")
@as_json_lines
def show(order_id: str, as_json: bool) -> None:
    """Show one order, and all that happened to it."""
    order = order_of(order_id)
    charges = [one.charge_id for one in order.attempts if one.charge_id]
    known = (order, entries.history(order.id), search.deliveries(charges))
    if as_json:
        _print_json(telling.account_as_dict(*known))
        return
    for line in telling.account(*known):
        say(line)


@command("export")
@_filters
@click.option("--csv", "form", flag_value="csv", help="As a table for a spreadsheet.")
@click.option(
    "--json", "form", flag_value="json", help="As one JSON object on each line."
)
def export(wanted: Wanted, form: str | None) -> None:
    """Write all orders as CSV or JSON, the newest first.

    Amounts in a table are in the currency, not in its smallest unit; times are UTC.
    """
    if form is None:
        raise click.UsageError("Say --csv or --json.")
    if form == "json":
        for order in search.every_order(wanted):
            _print_json(telling.as_dict(order))
        return
    table = csv.writer(sys.stdout)
    table.writerow(telling.COLUMNS)
    for order in search.every_order(wanted):
        table.writerow(telling.row(order))
