"""How soon a lost answer is settled: `pipenv run python bench/settling.py`.

gunicorn as in production beside a sandbox, no webhook, nobody looking at the order page, and
`flask payment sweep --every 10`. Prints the slowest of several lost answers, and of several
`kill -9` of shop and sweep at the moment when Omise has charged and the shop has not heard; exits
1 above 30 s or 60 s (A3, A4).
"""

import argparse
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import requests  # noqa: E402
from processes import Machine  # noqa: E402
from progress import end_well, progress  # noqa: E402
from rig import eventually  # noqa: E402
from shopper import Shopper  # noqa: E402

LOST, KILLS = 5, 5
# What took longer than this is told as having taken so long, and waited for no longer.
LONGEST = 120
CREATE = {"method": "POST", "path": "/charges"}


def begin_paying(shop, rule):
    """Let a shopper pay while a rule is armed; gives the order's id and the post's thread."""
    shopper = Shopper(shop)
    shopper.adds()
    form = shopper.opens_checkout()
    form.pop("omiseCustomer", None)
    form["omiseToken"] = shop.omise.token()
    rule = shop.omise.breaks(**rule, **CREATE, about=form["order"])

    def post():
        # The shop may be killed meanwhile.
        with shopper, suppress(requests.RequestException):
            shopper.charges(form, follow=False)

    thread = threading.Thread(target=post)
    thread.start()
    return form["order"], rule, thread


def until_paid(shop, order_id, began):
    """Wait until the order book has the order as paid; gives how many seconds that took."""
    while time.monotonic() - began < LONGEST:
        if shop.orders().get(order_id, {}).get("paid_at"):
            break
        time.sleep(0.05)
    return time.monotonic() - began


def lose(shop):
    """Lose one answer; gives the seconds until the order is paid."""
    order_id, _, thread = begin_paying(shop, {"fault": "reset_after"})
    thread.join()
    return until_paid(shop, order_id, time.monotonic())


def kill(shop):
    """Kill shop and sweep with a charge made; gives the seconds until the order is paid."""
    order_id, rule, thread = begin_paying(shop, {"fault": "hold_after"})
    eventually(lambda: shop.omise.fault(rule)["state"] == "held", 60)
    began = time.monotonic()
    shop.kill_shop()
    shop.kill_sweeps()
    shop.omise.releases(rule)
    thread.join()
    shop.start_shop()
    shop.start_sweep("--every", "10")
    return until_paid(shop, order_id, began)


def main():
    """Lose answers, then kill; print the slowest of each."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    end_well()
    with (
        tempfile.TemporaryDirectory() as folder,
        Machine(Path(folder)) as shop,
        progress("Lost answers and kills", LOST + KILLS) as step,
    ):
        shop.omise.control("settings", webhook_uri=None)
        shop.start_sweep("--every", "10")
        lost, killed = [], []
        for act, times, figures in ((lose, LOST, lost), (kill, KILLS, killed)):
            for _ in range(times):
                figures.append(act(shop))
                step()
    print(f"lost answers: slowest of {LOST} settled in {max(lost):.1f} s, limit 30 s")
    print(f"kill -9: slowest of {KILLS} settled in {max(killed):.1f} s, limit 60 s")
    return int(max(lost) > 30 or max(killed) > 60)


if __name__ == "__main__":
    sys.exit(main())
