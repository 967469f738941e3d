"""What slow senders do to the shop: `pipenv run python bench/slow_senders.py`.

500 connections of one address send a byte every 15 seconds, and begin anew when they are hung up
on: first at gunicorn alone, then at nginx before it, as `deploy/` has it (E18). Meanwhile some
shoppers pay by card, one after the other, and the shelf is looked at. Prints how many of them
paid, and the shelf's p95; exits 1 unless all pay through nginx and its p95 is 300 ms or less, 2
where nginx lacks. Ends within some three minutes.
"""

import argparse
import socket
import sys
import tempfile
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import requests

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from front import WHY_NOT, Customer, Deployed, Slow  # noqa: E402
from processes import Machine  # noqa: E402
from progress import end_well, progress  # noqa: E402
from shopper import Shopper  # noqa: E402

CONNECTIONS, EVERY = 500, 15
SHOPPERS, LOOKS = 3, 100
# ms.
SHELF = 300
# Seconds for one answer; a look that gets none is a figure of so much, and ends the looking.
LONGEST = 10


def plainly(shop):
    """Connect to gunicorn itself, from another address than the shoppers'."""
    return socket.create_connection(
        ("127.0.0.1", shop.port), timeout=LONGEST, source_address=("127.0.0.2", 0)
    )


def through_nginx(shop):
    """Connect to nginx, from another address than the shoppers'."""
    return shop.nginx.connect(source="127.0.0.2")


def keep_dripping(slow, over):
    """Send a byte on each connection now and then, until it is over."""
    while not over.wait(EVERY):
        with suppress(OSError):  # nobody takes new ones just now
            slow.drip()


def pays(buyer, shop):
    """Tell whether a shopper can pay."""
    with buyer(shop) as one:
        try:
            one.adds()
            one.pays()
            return one.state == "paid"
        except (requests.RequestException, AssertionError, TypeError):
            return False


def looks(buyer, shop):
    """Look at the shelf many times, and give how long each took, in ms."""
    figures = []
    with buyer(shop) as one:
        for _ in range(LOOKS):
            began = time.monotonic()
            try:
                one.http.get(shop.url, timeout=LONGEST).raise_for_status()
            except requests.RequestException:
                return [*figures, *[LONGEST * 1000] * (LOOKS - len(figures))]
            figures.append((time.monotonic() - began) * 1000)
    return figures


def measure(place, buyer, connect, step):
    """Let shoppers pay beside slow senders; gives how many could, and the shelf's p95 in ms."""
    with tempfile.TemporaryDirectory() as folder, place(Path(folder)) as shop:
        over = threading.Event()
        with Slow(partial(connect, shop), shop.url.split("//")[1], CONNECTIONS) as slow:
            slow.drip()
            dripping = threading.Thread(target=keep_dripping, args=(slow, over))
            dripping.start()
            try:
                paid = 0
                for _ in range(SHOPPERS):
                    paid += pays(buyer, shop)
                    step()
                shelf = sorted(looks(buyer, shop))[int(LOOKS * 0.95)]
            finally:
                over.set()
                dripping.join()
    return paid, shelf


def main():
    """Measure gunicorn alone and behind nginx, and print what became of the shoppers."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    if WHY_NOT:
        print(WHY_NOT)
        return 2
    end_well()
    with progress("Shoppers", 2 * SHOPPERS) as step:
        alone = measure(Machine, Shopper, plainly, step)
        behind = measure(Deployed, Customer, through_nginx, step)
    for what, (paid, shelf) in (("gunicorn alone", alone), ("nginx before it", behind)):
        print(
            f"{what}: {paid} of {SHOPPERS} shoppers paid, the shelf's p95 {shelf:.0f} ms"
            f" (limit {SHELF}), beside {CONNECTIONS} slow connections"
        )
    return int(behind[0] < SHOPPERS or behind[1] > SHELF)


if __name__ == "__main__":
    sys.exit(main())
