"""The webhook blueprint: verify, note, answer, and beside the answer fetch and record."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

from flask import Blueprint, Response, current_app, request

from payment import book, gateway, ledger
from payment.gateway import GatewayError
from webhook.signature import SignatureRefused, verify

LARGEST_BODY = 256 * 1024

webhook = Blueprint("webhook", __name__)

# Not Response.call_on_close: a server need not close a response whose client is gone.
_settlers = ThreadPoolExecutor(4, thread_name_prefix="webhook")


@webhook.route("/webhook", methods=["POST"])
def receive():
    """Take one delivery: 2xx once it is kept, 401 unsigned, 503 when it should come again."""
    secrets = (
        (current_app.config["OMISE_WEBHOOK_SECRET"] or "").replace(" ", "").split(",")
    )
    if not secrets[0]:
        return Response("OMISE_WEBHOOK_SECRET is not set\n", 503, mimetype="text/plain")
    request.max_content_length = LARGEST_BODY
    body = request.get_data(cache=False)
    try:
        verify(
            body,
            request.headers.get("Omise-Signature-Timestamp"),
            request.headers.get("Omise-Signature"),
            secrets,
            time.time(),
        )
    except SignatureRefused as refusal:
        current_app.logger.warning("webhook refused: %s", refusal)
        return Response(f"{refusal}\n", 401, mimetype="text/plain")
    event = _read(body)
    if event is None:
        return Response("not an event\n", 400, mimetype="text/plain")
    event_id, key, charge_id = event
    try:
        book.note_delivery(event_id, key, charge_id)
    except book.LedgerDown:
        return Response("please deliver again\n", 503, mimetype="text/plain")
    if charge_id:
        _settlers.submit(_settle, current_app._get_current_object(), charge_id)
    return Response("noted\n", 200, mimetype="text/plain")


def _read(body):
    """Take the ids from an event; anything but a charge's id is noted and left alone."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not gateway.is_id(event.get("id"), "evnt"):
        return None
    data = event.get("data") if isinstance(event.get("data"), dict) else {}
    # A refund or dispute names the charge it belongs to.
    named = data.get("id") if data.get("object") == "charge" else data.get("charge")
    charge_id = (
        named if isinstance(named, str) and gateway.is_id(named, "chrg") else None
    )
    return event["id"], str(event.get("key"))[:64], charge_id


def _settle(app, charge_id):
    """Ask Omise about the charge, beside the answer; what fails here, the sweep mends."""
    with app.app_context():
        try:
            ledger.record(gateway.find_charge(charge_id))
        except (GatewayError, book.LedgerDown) as error:
            app.logger.warning(
                "webhook for %s is left to the sweep: %s", charge_id, error
            )
        except Exception:  # nobody waits for this thread: what is not logged is lost
            app.logger.exception("webhook for %s is left to the sweep", charge_id)
