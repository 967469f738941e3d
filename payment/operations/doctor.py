"""Look a shop over: its keys, the way to Omise and back, the clocks, the order book, the sweep.

Each look ends in a sentence, whatever goes wrong, and says what to do where something is.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from flask import current_app

from ..cart import basket
from ..gateway import deadline, verbs
from ..gateway.charge import moment_of
from ..gateway.errors import GatewayError
from ..orders import migrations, queries, search
from ..orders.budgets import BUDGETS
from ..orders.models import Attempt
from ..orders.transaction import OrdersUnavailable
from ..settings import API_VERSIONS, OMISE, SettingError, is_live
from .reconcile import SKEW
from .terminal import in_words

OK, WARN, FAIL = "ok", "warn", "fail"
# Seconds for all that Omise is asked.
_FOR_OMISE = 15
# Signed webhooks are refused beyond five minutes (webhook/signature.py).
_DRIFT, _LARGE_DRIFT = timedelta(seconds=30), timedelta(minutes=5)
# A delivery comes within moments; a sweep that runs has asked about all that is open.
_SOON, _SWEPT = timedelta(minutes=10), timedelta(minutes=20)
# Of so many tries so many visitors, and they do not share one address.
_MANY_TRIES, _MANY_VISITORS = 100, 10
_KEYS_ADVICE = "Take both keys from the dashboard again (Settings > Keys)."


@dataclass(frozen=True)
class Finding:
    """Hold what a look came to: `level` is ok, warn or fail; `advice` says what to do."""

    subject: str
    level: str
    said: str
    advice: str = ""


def look_over() -> Iterator[Finding]:
    """Look at everything, one after the other; first what needs no network."""
    yield _keys()
    yield _webhook_secret()
    yield _budgets()
    book = _book()
    yield book
    with deadline.within(_FOR_OMISE):
        yield from _omise(book.level == OK)
    if book.level == OK:
        yield _try("addresses", _addresses)
        yield _try("open payments", _open_payments)
        yield _try("attention", _attention)


def _try(subject: str, look: Callable[..., Finding], *known: Any) -> Finding:
    """Look at one thing; that it cannot be looked at is a finding, too."""
    try:
        return look(*known)
    except OrdersUnavailable:
        return Finding(
            subject,
            FAIL,
            "The order book went away meanwhile.",
            "See that the database is up.",
        )
    except GatewayError as error:
        return _not_asked(subject, error)


def _keys() -> Finding:
    """The start has refused keys of which one is live and one is not (settings.py)."""
    kind = "live" if is_live(current_app.config) else "test"
    return Finding("keys", OK, f"Both are {kind} keys.")


def _book() -> Finding:
    book = current_app.extensions["payment"].book
    try:
        migrations.check(book)
        queries.clock()
    except SettingError as error:
        said, _, advice = error.message.rpartition(": ")
        return Finding("order book", FAIL, f"{said}.", advice[:1].upper() + advice[1:])
    except OrdersUnavailable:
        return Finding(
            "order book",
            FAIL,
            f"{book.name()} cannot be used.",
            "See that the database is up.",
        )
    said = f"{book.name()} has the shape of this release."
    if book.engine.dialect.name == "sqlite" and is_live(current_app.config):
        advice = (
            "Where the shop runs on several hosts, give it PostgreSQL by DATABASE_URL."
        )
        return Finding("order book", OK, said, advice)
    return Finding("order book", OK, said)


def _omise(has_book: bool) -> Iterator[Finding]:
    base, began = current_app.config["OMISE_API_BASE"], time.monotonic()
    try:
        account = verbs.find_account()
    except GatewayError as error:
        yield _not_reached(base, error)
        return
    took = (time.monotonic() - began) * 1000
    date = current_app.extensions["payment"].connections.date
    said = f"{base} answers in {took:.0f} ms, for account {account.get('id')}."
    yield Finding("Omise", OK, said)
    yield _mode(account)
    yield _version(account)
    yield _clock(date, has_book)
    yield _webhook_address(account)
    if has_book:
        yield _try("charges", _charges, str(account.get("id")))
        yield _try("deliveries", _deliveries)
    yield _try("currency", _currency, account)


def _not_reached(base: str, error: GatewayError) -> Finding:
    if error.code == "authentication_failure":
        return Finding(
            "Omise",
            FAIL,
            f"{base} refuses OMISE_SECRET_KEY.",
            "Take the key from the dashboard again (Settings > Keys): it may have been rolled.",
        )
    if base != OMISE:
        advice = f"See that OMISE_API_BASE is right; Omise's own is {OMISE}."
    else:
        advice = (
            "See that this machine reaches the internet, its proxy and its name server."
        )
    return Finding("Omise", FAIL, f"{base}: {in_words(error)}.", advice)


def _not_asked(subject: str, error: GatewayError) -> Finding:
    said = f"Omise could not be asked: {in_words(error)}."
    return Finding(subject, FAIL, said, "Run `flask payment doctor` again.")


def _mode(account: dict[str, Any]) -> Finding:
    live = is_live(current_app.config)
    if account.get("livemode") is not live:
        return Finding(
            "mode",
            FAIL,
            f"The keys are {'live' if live else 'test'} keys, and Omise says that the account is "
            "in the other mode.",
            _KEYS_ADVICE,
        )
    return Finding("mode", OK, "Money moves." if live else "No money moves.")


def _charges(account: str) -> Finding:
    """Ask about the newest charge of the book: keys of another account know none of them."""
    newest = search.newest_charged(is_live(current_app.config))
    if newest is None:
        return Finding("charges", OK, "The order book has no charge by such keys yet.")
    try:
        verbs.find_charge(newest.charge_id or "")
    except GatewayError as error:
        if error.code != "not_found":
            raise
        return Finding(
            "charges",
            FAIL,
            f"The order book is of another Omise account: {account} has no charge "
            f"{newest.charge_id}, its newest.",
            "Set the keys of the account that charged these orders, or give these keys an order "
            "book of their own (DATABASE_URL). Until then nothing in it can be asked about, "
            "captured or refunded.",
        )
    return Finding("charges", OK, f"The order book's newest is {account}'s.")


def _version(account: dict[str, Any]) -> Finding:
    ours, theirs = current_app.config["OMISE_API_VERSION"], account.get("api_version")
    said = f"Requests ask for {ours}"
    if theirs in (None, ours):
        return Finding("API version", OK, f"{said}, as the account's default is.")
    level = OK if theirs in API_VERSIONS else WARN
    return Finding(
        "API version",
        level,
        f"{said}; webhooks come in {theirs}, the account's default.",
        "" if level == OK else "Set the account's default on the dashboard.",
    )


def _clock(date: str | None, has_book: bool) -> Finding:
    """Compare three clocks: Omise's, by its Date header; this machine's; the database's."""
    # The one place that asks this machine: whether it can be believed is the question.
    ours = datetime(*time.gmtime()[:6])
    others = {"the order book": queries.clock()} if has_book else {}
    try:
        told = parsedate_to_datetime(date or "").astimezone(UTC)
        others["Omise"] = told.replace(tzinfo=None)
    except ValueError:
        return Finding("clock", WARN, "Omise does not say what time it is.")
    apart = {name: abs(ours - theirs) for name, theirs in others.items()}
    if len(others) == 2:
        book, omise = others.values()
        apart["between them"] = abs(book - omise)
    worst = max(apart.values())
    said = f"This machine is {_seconds(apart['Omise'])} from Omise"
    if has_book:
        said += f", and {_seconds(apart['the order book'])} from the order book"
    level = OK if worst <= _DRIFT else WARN if worst <= _LARGE_DRIFT else FAIL
    advice = (
        ""
        if level == OK
        else "Let NTP set the clocks of this machine and of the database."
    )
    if worst > SKEW:
        advice += " Answers that were lost are looked for at the wrong time until then."
    return Finding("clock", level, f"{said}.", advice)


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.0f} s"


def _webhook_address(account: dict[str, Any]) -> Finding:
    there, ours = account.get("webhook_uri"), _own_webhook()
    if ours is None:
        return Finding(
            "webhook address",
            WARN,
            "This app has no webhook.",
            "Register the blueprint of webhook/webhook.py; until then the sweep finds everything, "
            "later.",
        )
    advice = f"Set it to {ours} on the dashboard (Settings > Webhooks)."
    if not there:
        said = "Omise tells nobody: the account has no address. The sweep finds everything, later."
        return Finding("webhook address", WARN, said, advice)
    if there != ours:
        return Finding("webhook address", WARN, f"Omise tells {there}.", advice)
    if current_app.config["OMISE_API_BASE"] == OMISE and there.startswith("http:"):
        said = f"Omise tells https addresses alone, and this one is {there}."
        return Finding("webhook address", WARN, said, "Serve the shop by https.")
    return Finding("webhook address", OK, f"Omise tells {there}.")


def _own_webhook() -> str | None:
    """Find where this app hears of Omise: it may have registered the webhook anywhere."""
    config = current_app.config
    for rule in current_app.url_map.iter_rules():
        view = current_app.view_functions[rule.endpoint]
        if view.__module__.rpartition(".")[2] == "webhook" and "POST" in (
            rule.methods or ()
        ):
            root = config.get("APPLICATION_ROOT", "/").rstrip("/")
            home = f"{config['PREFERRED_URL_SCHEME']}://{config['SERVER_NAME']}"
            return f"{home}{root}{rule.rule}"
    return None


def _webhook_secret() -> Finding:
    secrets = (current_app.config["OMISE_WEBHOOK_SECRET"] or "").split(",")
    if not secrets[0]:
        return Finding(
            "webhook secret",
            WARN,
            "OMISE_WEBHOOK_SECRET is not set, so every webhook is refused.",
            "Take it from the dashboard (Settings > Webhooks).",
        )
    many = f"{len(secrets)} secrets are" if len(secrets) > 1 else "A secret is"
    return Finding("webhook secret", OK, f"{many} set.")


def _budgets() -> Finding:
    """Warn where stolen cards could be tested without limit; with test keys there are none."""
    missing = [
        one for one in BUDGETS if not current_app.config["PAYMENT_BUDGETS"].get(one)
    ]
    if not missing:
        return Finding("budgets", OK, "Cards that are tried in vain are counted.")
    said = f"PAYMENT_BUDGETS sets no bound for: {', '.join(missing)}."
    if not is_live(current_app.config):
        return Finding("budgets", OK, said)
    advice = "Switch it on, unless something before the shop counts: stolen cards are tested."
    return Finding("budgets", WARN, said, advice)


def _addresses() -> Finding:
    """Tell by the latest shoppers whether their addresses are their own, or a proxy's."""
    visitors, addresses = search.latest_payers(_MANY_TRIES)
    said = f"The latest {visitors} shoppers came from {addresses} addresses"
    if visitors < _MANY_VISITORS or addresses > 1:
        return Finding("addresses", OK, f"{said}.")
    return Finding(
        "addresses",
        WARN,
        f"{said}, so who tests cards uses up the budget of all.",
        "Say how many proxies of yours stand before the shop (TRUSTED_PROXIES; in other hosts, "
        "werkzeug's ProxyFix).",
    )


def _deliveries() -> Finding:
    """Compare what came with what has happened: each event is delivered within moments."""
    last, event = search.last_delivery(), verbs.newest_event()
    when = (
        f"The last one came {last.received_at:%Y-%m-%d %H:%M:%S} UTC"
        if last
        else "None came"
    )
    if event is None:
        return Finding("deliveries", OK, f"{when}; nothing has happened at Omise.")
    happened = moment_of(event.get("created_at") or event.get("created"))
    missed = happened and (last is None or last.received_at + _SOON < happened)
    if missed and queries.clock() - happened > _SOON:
        return Finding(
            "deliveries",
            WARN,
            f"{when}; Omise has had news at {happened:%Y-%m-%d %H:%M:%S} UTC ({event.get('key')}).",
            "Look at that event on the dashboard (Events): it says how its delivery ended. Address "
            "and secret above are the usual reasons.",
        )
    return Finding("deliveries", OK, f"{when}.")


def _currency(account: dict[str, Any]) -> Finding:
    """The currency is the cart's; STORE_CURRENCY is where a shop of one currency says it."""
    currency = _currency_of_the_cart()
    try:
        capability = verbs.find_capability()
    except GatewayError as error:
        if error.code != "authentication_failure":
            raise
        return Finding(
            "currency", FAIL, "Omise refuses OMISE_PUBLIC_KEY.", _KEYS_ADVICE
        )
    if account.get("country") not in (None, capability.country):
        return Finding(
            "currency",
            FAIL,
            "OMISE_PUBLIC_KEY belongs to another account than OMISE_SECRET_KEY: "
            f"{capability.country} and {account.get('country')}.",
            _KEYS_ADVICE,
        )
    if currency is None:
        return Finding(
            "currency", WARN, "The cart says no currency outside a shopper's visit."
        )
    ways = {
        name for name, means in capability.means.items() if currency in means.currencies
    }
    own = account.get("currency")
    if not ways:
        return Finding(
            "currency",
            FAIL,
            f"The account takes no {currency} in any way.",
            f"Set STORE_CURRENCY to {str(own).upper()}, the account's own.",
        )
    others = len(ways - {"card"})
    by_card = "by card" if "card" in ways else "not by card"
    said = f"{currency} can be paid {by_card}, and in {others} other ways."
    if str(own).upper() != currency:
        advice = f"The account's own is {str(own).upper()}: only cards take another."
        return Finding("currency", WARN, said, advice)
    return Finding("currency", OK, said)


def _currency_of_the_cart() -> str | None:
    """Ask the host's cart, which is made inside a request; it may be anybody's code."""
    with current_app.test_request_context():
        try:
            return basket().currency
        except Exception:  # a cart that needs a shopper's session, or a login
            return None


def _open_payments() -> Finding:
    """Tell whether a sweep runs, by what it should have asked about."""
    attempts, now = queries.watched()
    waiting = [one for one in attempts if _is_left_alone(one, now)]
    said = f"{queries.count_open()} are open"
    if waiting:
        return Finding(
            "open payments",
            WARN,
            f"{said}; nobody has asked Omise about {len(waiting)} of them for "
            f"{_SWEPT.seconds // 60} minutes.",
            "Keep `flask payment sweep --every 60` running.",
        )
    return Finding("open payments", OK, f"{said}.")


def _is_left_alone(attempt: Attempt, now: datetime) -> bool:
    asked = attempt.checked_at or attempt.created_at
    return not queries.is_unseen(attempt) and now - asked > _SWEPT


def _attention() -> Finding:
    flagged = search.orders(search.Wanted(attention=True), 1000)
    if not flagged:
        return Finding("attention", OK, "No order needs a person.")
    return Finding(
        "attention",
        WARN,
        (
            f"{len(flagged)} orders need a person."
            if len(flagged) > 1
            else "An order needs a person."
        ),
        "See `flask payment list --attention`.",
    )
