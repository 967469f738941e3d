"""What the `flask payment ...` commands share: the group, its head line, questions and refusals."""

import functools
import getpass
import logging
import os
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import click
from flask import current_app
from flask.cli import AppGroup

from ..gateway.errors import GatewayError
from ..orders import ledger, migrations, queries, search
from ..orders.models import Attempt, Order
from ..orders.transaction import OrdersUnavailable
from ..settings import is_live


@click.group("payment", cls=AppGroup)
@click.option("-v", "--verbose", is_flag=True, help="Show every line of the log.")
@click.pass_context
def payment(context: click.Context, verbose: bool) -> None:
    """Look after orders and their charges.

    At a terminal, the log shows warnings and errors alone; elsewhere, as of a service, all of it.
    """
    if verbose or not is_read_by_a_person():
        return
    log = logging.getLogger(__name__.rpartition(".operations")[0])
    context.call_on_close(functools.partial(log.setLevel, log.level))
    log.setLevel(logging.WARNING)


as_json_lines = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="For programs: one JSON object on each line.",
)
BOOK_IS_AWAY = (
    "The order book cannot be reached. What Omise was asked to do before may have been done: do "
    "not ask for it again, but run `flask payment sweep` once the book is back, and look."
)
# So much of an order's id must be said where something is done to it.
_LONG_ENOUGH = 8
# How a shell says that SIGPIPE has ended a command.
_BY_SIGPIPE = 141
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
# What a terminal would take for an order to itself; texts of shoppers and of Omise may hold it.
_UNPRINTABLE = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f]")


def command(name: str, needs_book: bool = True) -> Callable:
    """Make a command that says which Omise and which book it speaks to, and how it ended."""

    def decorate(function: Callable) -> Callable:
        @payment.command(name)
        @functools.wraps(function)
        def told(*args: Any, **kwargs: Any) -> Any:
            here = current_app.extensions["payment"]
            click.echo(f"Omise: {omise()}. Order book: {here.book.name()}", err=True)
            try:
                if needs_book:
                    migrations.check(here.book)
                result = function(*args, **kwargs)
                sys.stdout.flush()
                return result
            except BrokenPipeError:
                _end_as_a_pipe_does()
            except OrdersUnavailable as error:
                raise click.ClickException(BOOK_IS_AWAY) from error
            except GatewayError as error:
                raise click.ClickException(
                    f"Omise could not be asked: {in_words(error)}."
                ) from error

        return told

    return decorate


def _end_as_a_pipe_does() -> NoReturn:
    """End quietly where nobody reads on (`... | head`), with the code of SIGPIPE."""
    # What is left to be written at the exit goes nowhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(_BY_SIGPIPE)


def omise() -> str:
    """Name the Omise that is spoken to."""
    config = current_app.config
    keys = "live keys" if is_live(config) else "test keys"
    return f"{config['PAYMENT_OMISE_NAME'] or keys} at {config['OMISE_API_BASE']}"


def say(line: str) -> None:
    """Write a line, without what a terminal would obey."""
    click.echo(_UNPRINTABLE.sub("?", line))


def operator() -> str:
    """Name who is at the terminal, as entries and flags keep it."""
    try:
        return ledger.OPERATOR + getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as containers have
        return ledger.OPERATOR + "unknown"


def in_words(error: GatewayError) -> str:
    """Say why Omise gave no usable answer, and what helps, where that is known."""
    if error.code == "authentication_failure":
        return "it refuses OMISE_SECRET_KEY (authentication_failure)"
    if error.code == "not_found":
        return "there is no such charge in the account of these keys (not_found)"
    if error.retry_after is not None:
        return f"it asks to be left alone for {error.retry_after} s"
    return str(error)


def confirm(yes: bool, question: str) -> None:
    """Ask whoever is at the terminal before something is done. Refuses where nobody is."""
    if yes:
        return
    if not is_somebody_there():
        raise click.ClickException(
            f"{question} Nobody is at a terminal to answer, and nothing was done: say --yes."
        )
    click.confirm(question, abort=True, err=True)


def is_read_by_a_person() -> bool:
    """Tell whether what is logged comes to a terminal."""
    return sys.stderr.isatty()


def is_somebody_there() -> bool:
    """Tell whether a person can answer."""
    return sys.stdin.isatty()


def order_of(text: str) -> Order:
    """Find the one order that an operator means, by its id, the first characters of it, a link to
    it, or the id of its charge."""
    try:
        found = [] if "@" in text else search.find(text, 10)
    except ValueError:
        found = []
    if len(found) > 1:
        some = ", ".join(order.id for order in found[:3])
        raise click.ClickException(
            f"{len(found)} orders or more begin with {text}, such as {some}: say more of it."
        )
    if not found:
        raise click.ClickException(
            f"There is no order {text}. `flask payment find` looks for charges and e-mail "
            "addresses, too."
        )
    if search.is_prefix(text.lower()) and len(text) < _LONG_ENOUGH:
        raise click.ClickException(
            f"{text} is short for {found[0].id}: say {_LONG_ENOUGH} characters or more."
        )
    return found[0]


def fresh(order: Order) -> Order:
    """Read an order again."""
    return queries.find_order(order.id) or order


def refuse_other_keys(attempt: Attempt) -> None:
    """Refuse to ask about a charge that was made with keys of the other kind."""
    if attempt.livemode != is_live(current_app.config):
        made, ours = ("live", "test") if attempt.livemode else ("test", "live")
        raise click.ClickException(
            f"This order was charged with {made} keys, and OMISE_SECRET_KEY is a {ours} key: "
            "nothing was asked. Use the keys that it was charged with."
        )


class Moment(click.ParamType):
    """A moment as an operator writes it: 2026-11-24, 2026-11-24T15:30 (UTC), or 7d ago."""

    name = "when"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Give it as UTC without a zone, as the order book has it, or how long ago that is."""
        if isinstance(value, datetime | timedelta):
            return value
        ago = re.fullmatch(r"([0-9]{1,5})([dhm])", value)
        if ago:
            return timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value!r} is no moment such as 2026-11-24, 2026-11-24T15:30 (UTC) or 7d ago.",
                param,
                ctx,
            )
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def when(moment: datetime | timedelta | None) -> datetime | None:
    """Tell which moment was meant; so long ago is by the database's clock."""
    return queries.clock() - moment if isinstance(moment, timedelta) else moment
