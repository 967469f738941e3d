"""The webhook blueprint: verify, note, answer, and beside the answer fetch and record.

It imports nothing of payment: what it needs lies in `app.extensions["payment"]`, so that the two
folders may lie anywhere.
"""

import json
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from logging import Logger
from threading import Lock
from typing import Any

import click
from flask import Blueprint, Flask, Response, current_app, request

from .signature import SignatureRefused, verify

LARGEST_BODY = 256 * 1024
# Seconds between two log lines about deliveries that were refused for the same reason.
QUIET = 60

webhook = Blueprint("webhook", __name__)

# Not Response.call_on_close: a server need not close a response whose client is gone.
_workers = ThreadPoolExecutor(4, thread_name_prefix="webhook")


class Refusals:
    """Count the deliveries that are refused: a flood of them must not flood the log."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._unsaid: dict[str, int] = {}
        self._said_at: dict[str, int] = {}

    def note(self, log: Logger, why: str) -> None:
        """Log a refusal, for each reason once a minute, with how many there were since."""
        with self._lock:
            self._unsaid[why] = self._unsaid.get(why, 0) + 1
            now = int(time.monotonic())
            if now - self._said_at.get(why, -QUIET) < QUIET:
                return
            self._said_at[why] = now
            count = self._unsaid.pop(why)
        log.warning("webhook refused: %s (%d since this was last said)", why, count)


@webhook.url_value_preprocessor
def exempt(endpoint: str | None, values: Any) -> None:
    """Keep a host's CSRFProtect away: a delivery is signed, and comes from no page."""
    csrf = current_app.extensions.get("csrf")
    if csrf and endpoint:
        csrf.exempt(current_app.view_functions[endpoint])


@webhook.route("/webhook", methods=["POST"])
def receive() -> Response:
    """Take one delivery: 2xx once it is kept, 401 unsigned, 503 when it should come again."""
    payment = current_app.extensions["payment"]
    secrets = current_app.config["OMISE_WEBHOOK_SECRET"]
    if not secrets:
        return _say("OMISE_WEBHOOK_SECRET is not set", 503)
    body = payment.read_body(LARGEST_BODY)
    try:
        verify(
            body,
            request.headers.get("Omise-Signature-Timestamp"),
            request.headers.get("Omise-Signature"),
            secrets.split(","),
            time.time(),
        )
    except SignatureRefused as refusal:
        current_app.extensions["webhook"].note(current_app.logger, str(refusal))
        return _say(str(refusal), 401)
    event = _read(body)
    if event is None:
        return _say("not an event", 400)
    event_id, key, charge_id = event
    try:
        is_new = payment.note_delivery(event_id, key, charge_id)
    except payment.unavailable:
        return _say("please deliver again", 503)
    if charge_id and is_new:
        reconcile = partial(payment.reconcile_charge, charge_id, "webhook")
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        _workers.submit(_reconcile, app, charge_id, reconcile)
    return _say("noted", 200)


@webhook.record
def meet(state: Any) -> None:
    """Say at the start what would fail when the first delivery comes; its route is there by now."""
    payment = state.app.extensions.get("payment")
    if payment is None:
        raise click.ClickException(
            "Call payment.init_app(app, cart=...) before app.register_blueprint(webhook)."
        )
    state.app.extensions["webhook"] = Refusals()
    payment.check_routes(f"{state.name_prefix}.{state.name}".lstrip("."))


def _say(words: str, status: int) -> Response:
    return Response(f"{words}\n", status, mimetype="text/plain")


def _is_id(text: Any, kind: str) -> bool:
    return isinstance(text, str) and bool(
        re.fullmatch(kind + r"_(test_)?[0-9a-z]{1,50}", text)
    )


def _read(body: bytes) -> tuple[str, str, str | None] | None:
    """Take the ids from an event; anything but a charge's id is noted and left alone."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not _is_id(event.get("id"), "evnt"):
        return None
    data = event.get("data")
    data = data if isinstance(data, dict) else {}
    # A refund or dispute names the charge it belongs to.
    named = data.get("id") if data.get("object") == "charge" else data.get("charge")
    key = re.sub(r"[^0-9a-z_.]", "?", str(event.get("key")))[:64]
    return event["id"], key, named if _is_id(named, "chrg") else None


def _reconcile(app: Flask, charge_id: str, reconcile: Callable[[], None]) -> None:
    """Ask Omise about the charge, beside the answer; what fails here, the sweep mends."""
    with app.app_context():
        try:
            reconcile()
        except Exception as error:  # nobody waits for this thread
            told = getattr(error, "money_may_have_moved", None) is not None
            app.logger.warning(
                "webhook for %s is left to the sweep: %s",
                charge_id,
                error,
                exc_info=None if told else error,
            )
