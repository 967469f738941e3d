"""How the shop behaves while Omise hangs: `pipenv run python bench/hang.py`.

gunicorn as in production beside a sandbox that keeps silent. Quiet and hanging phases take turns
in one run. Prints the shelf's p95 with 50 creates hanging and the webhook's p99 with every answer
of Omise hanging, each beside its quiet figure; exits 1 above 300 ms or 1 s (C6, B11).
"""

import json
import sys
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from processes import Machine  # noqa: E402
from rig import eventually  # noqa: E402
from shopper import Shopper  # noqa: E402

import sandbox  # noqa: E402
from sandbox.webhooks.signing import signature  # noqa: E402

ROUNDS, HUNG, LOOKS, DELIVERIES = 3, 50, 150, 150


def timed(act, times, at_once):
    """Do something so many times, a few at once, and give how long each took, in ms."""

    def one(_):
        started = time.monotonic()
        act()
        return (time.monotonic() - started) * 1000

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(one, range(times)))


def at(share, figures):
    """Give a percentile."""
    return sorted(figures)[min(int(len(figures) * share), len(figures) - 1)]


def look(shop):
    """Look at the shelf."""
    assert requests.get(shop.url, timeout=60).status_code == 200


def deliver(shop):
    """Deliver one signed event of a charge."""
    event = {
        "object": "event",
        "id": f"evnt_test_5{uuid.uuid4().hex[:18]}",
        "key": "charge.complete",
        "data": {"object": "charge", "id": f"chrg_test_5{uuid.uuid4().hex[:18]}"},
    }
    body, stamp = json.dumps(event).encode(), str(int(time.time()))
    signed = {
        "Omise-Signature": signature(sandbox.WEBHOOK_SECRET, stamp, body),
        "Omise-Signature-Timestamp": stamp,
    }
    answer = requests.post(f"{shop.url}/webhook", body, headers=signed, timeout=60)
    assert answer.status_code == 200, answer.text


def hang_creates(shop):
    """Let so many shoppers pay at once, and wait until all their creates hang."""
    rule = shop.omise.breaks(
        "hold_before", method="POST", path="/charges", times=0, seconds=60
    )
    shoppers = [Shopper(shop) for _ in range(HUNG)]
    for one in shoppers:
        one.adds()
        one.opens_checkout()
        one.form.pop("omiseCustomer", None)
        one.form["omiseToken"] = shop.omise.token()
    threads = [threading.Thread(target=one.charges) for one in shoppers]
    for thread in threads:
        thread.start()
    eventually(lambda: shop.omise.fault(rule)["met"] == HUNG, 20)
    return threads


def main():
    """Take turns between quiet and hanging phases, and print what each took."""
    shelf, webhook = {"quiet": [], "hanging": []}, {"quiet": [], "hanging": []}
    with tempfile.TemporaryDirectory() as folder:
        settings = {"OMISE_READ_TIMEOUT": "25"}
        with Machine(Path(folder), **settings) as shop:
            for _ in range(ROUNDS):
                shelf["quiet"] += timed(lambda: look(shop), LOOKS, 2)
                webhook["quiet"] += timed(lambda: deliver(shop), DELIVERIES, 4)
                threads = hang_creates(shop)
                shelf["hanging"] += timed(lambda: look(shop), LOOKS, 2)
                shop.omise.heals()
                for thread in threads:
                    thread.join()
                shop.omise.breaks("hang_before", method="GET", times=0, seconds=30)
                webhook["hanging"] += timed(lambda: deliver(shop), DELIVERIES, 4)
                shop.omise.heals()
    return report("shelf", shelf, 0.95, 300) + report("webhook", webhook, 0.99, 1000)


def report(what, figures, share, limit):
    """Print one line; 1 if the limit was not kept."""
    quiet, hanging = (at(share, figures[phase]) for phase in ("quiet", "hanging"))
    print(
        f"{what}: p{share * 100:.0f} {hanging:.0f} ms while Omise hangs, {quiet:.0f} ms while"
        f" not ({hanging / quiet:.1f} times), limit {limit} ms, n = {len(figures['hanging'])}"
    )
    return int(hanging > limit)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
