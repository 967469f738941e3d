"""Shop for real while lines break, Omise lies and the shop is killed; then compare the books.

    pipenv run chaos --seed 1 --orders 100 --kills 20

A sandbox, the shop under gunicorn and its sweeps run as processes of their own. What each order
goes through, faults, kills and refunds included, is drawn from the seed and the order's number.
Whatever is wrong in the end is printed, and the exit code is 1.
"""

import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
os.environ["PYTHON_DOTENV_DISABLED"] = "1"

import click  # noqa: E402  what comes below reads the environment
import plans  # noqa: E402
import requests  # noqa: E402
from processes import Machine, faketime  # noqa: E402
from progress import end_well, progress  # noqa: E402
from restless import GONE, Restless, address, patiently  # noqa: E402
from sqlalchemy.exc import OperationalError  # noqa: E402
from verdict import UNSURE, Books, Visit, judge  # noqa: E402

# What nobody met by then, nobody will; and every request is held against every rule.
MOST_RULES = 100
VERSIONS = ("2019-05-29", "2017-11-02")


class Chaos:
    """Run the shoppers of one seed against one machine, and remember what they went through."""

    def __init__(
        self,
        machine,
        seed,
        orders,
        kills,
        jobs=6,
        others=0,
        step=lambda: None,
        leaves=True,
    ):
        self.machine, self.seed, self.jobs = machine, seed, jobs
        # So many charges of somebody else's are in the account before anybody comes.
        self._others = others
        # Called whenever a shopper has gone home.
        self._step = step
        killed = random.Random(f"{seed}:kills").sample(range(orders), kills)
        self.plans = [
            plans.draw(seed, number, number in killed, leaves)
            for number in range(orders)
        ]
        self.visits, self.recoveries, self.settlings, self.unsettled = {}, [], [], None
        self.struck, self.failures = Counter(), []
        self._rules, self._killing = deque(), threading.Lock()

    def run(self):
        """Let everybody shop, then let everything come to rest; gives the findings."""
        self._crowd()
        ended = threading.Event()
        beside = (self._watch, self._go_on_crowding, self._hold_rows)
        running = [threading.Thread(target=one, args=(ended,)) for one in beside]
        for one in running:
            one.start()
        try:
            for three_d_secure in (False, True):
                self._shop_all(three_d_secure)
                self._heal()
            self._rest()
        finally:
            ended.set()
            for one in running:
                one.join()
        return self._findings()

    def _crowd(self):
        """Fill the account with charges of somebody else's, of which the shop hears nothing."""
        omise, home = self.machine.omise, f"{self.machine.url}/webhook"
        omise.control("settings", webhook_uri=None)
        chosen = random.Random(f"{self.seed}:others")
        with ThreadPoolExecutor(self.jobs) as others:
            odd = [chosen.choice(plans.FOREIGN) for _ in range(self._others)]
            list(others.map(self.machine.crowds, odd))
        omise.control("settings", webhook_uri=home)

    def _go_on_crowding(self, ended):
        """Let others use the account meanwhile; of these the shop hears by webhook, too."""
        chosen = random.Random(f"{self.seed}:meanwhile")
        while not ended.wait(0.5):
            with suppress(*GONE, requests.HTTPError):
                self.machine.crowds(chosen.choice(plans.FOREIGN))

    def _hold_rows(self, ended):
        """Hold a row of the book now and then, as a stuck host does."""
        chosen = random.Random(f"{self.seed}:rows")
        while not ended.wait(chosen.uniform(4, 10)):
            orders = sorted(self.machine.orders())
            if orders:
                with suppress(OperationalError), self.machine.locked(orders[-1]):
                    ended.wait(chosen.uniform(0.5, 2))
                    self.struck["row held"] += 1

    def _shop_all(self, three_d_secure):
        """Send in those who shop with or without 3-D Secure: at Omise it is one switch."""
        omise, chosen = self.machine.omise, three_d_secure
        patiently(lambda: omise.control("settings", three_d_secure=chosen))
        who = [one for one in self.plans if one.three_d_secure == three_d_secure]
        with ThreadPoolExecutor(self.jobs) as shoppers:
            list(shoppers.map(self._visit, who))

    def _visit(self, plan):
        visit = Visit(plan, f"number {plan.number}")
        try:
            with Restless(self.machine, plan, visit) as shopper:
                self._go_shopping(shopper, visit)
        except Exception as error:  # a finding too, and the others go on
            visit.broken.append(f"the shopper gave up: {type(error).__name__} {error}")
        self.visits[visit.order_id] = visit
        self._step()

    def _go_shopping(self, shopper, visit):
        plan = shopper.plan
        for sku, quantity in plan.things:
            shopper.adds(sku, quantity)
        visit.order_id = shopper.opens()["order"]
        killer = plan.kill and self._arm(plan.kill, visit.order_id)
        shopper.killer = killer
        try:
            for rule in plan.faults:
                self._break(visit, **rule)
            shopper.acts()
        finally:
            if killer:
                killer.join()

    def _break(self, visit, fault, **rule):
        """Set a rule about this order alone, where a request names it."""
        saves_card = rule.get("path") == plans.CUSTOMER["path"]
        asks_list = {**rule, **plans.LIST} == rule
        if not asks_list and fault != "refuse":
            rule["about"] = address(visit.plan) if saves_card else visit.order_id
        omise = self.machine.omise
        self._rules.append(patiently(lambda: omise.breaks(fault, **rule)))
        if len(self._rules) > MOST_RULES:
            oldest = self._rules.popleft()
            patiently(lambda: omise.releases(oldest))

    def _arm(self, kill, order_id):
        """Prepare a kill of the shop; one at a time, so that each recovery is measured."""
        rule = None
        if kill.hold:
            held = {**kill.hold, "about": order_id, "seconds": 30}
            rule = patiently(lambda: self.machine.omise.breaks(**held))
        self._killing.acquire()
        killer = threading.Thread(target=self._kill, args=(kill, rule, order_id))
        killer.start()
        return killer

    def _kill(self, kill, rule, order_id):
        try:
            if rule:
                self._await_hold(rule)
            elif kill.hearing:
                self._await_hearing(order_id)
            else:
                time.sleep(kill.seconds)  # the instant that the seed drew
            began = time.monotonic()
            self.machine.kill_shop()
            if kill.with_sweeps:
                self.machine.kill_sweeps()
                self.machine.start_sweeps()
            if rule:
                patiently(lambda: self.machine.omise.releases(rule))
            self.machine.start_shop()
            self.recoveries.append(time.monotonic() - began)
        finally:
            self._killing.release()

    def _await_hold(self, rule):
        """Wait until the request is held; if it never comes, the kill comes all the same."""
        deadline = time.monotonic() + 8
        while time.monotonic() < deadline:
            if patiently(lambda: self.machine.omise.fault(rule))["state"] == "held":
                return
            time.sleep(0.05)

    def _await_hearing(self, order_id):
        """Wait until the host hears of it, with the book written and nobody marked as told."""
        deadline = time.monotonic() + 8
        while time.monotonic() < deadline:
            if order_id in self.machine.heard("hears"):
                self.struck["killed while hearing"] += 1
                return
            time.sleep(0.02)

    def _watch(self, ended):
        """Measure from when a charge is first seen at Omise until it is in the book.

        Whatever strikes on the way is in that time: lists that lag or hang, and kills.
        """
        seen, booked = {}, set()
        while not ended.wait(0.5):
            now = time.monotonic()
            for charge in self.machine.charges():
                seen.setdefault(charge["id"], now)
            for attempt in self.machine.attempts():
                charge_id = attempt["charge_id"]
                if charge_id in seen and charge_id not in booked:
                    booked.add(charge_id)
                    waited = now - seen[charge_id]
                    self.settlings.append((waited, attempt["order_id"]))

    def _heal(self):
        omise = self.machine.omise
        for rule in self.machine.held("fault"):
            self.struck[_kind(rule)] += rule["met"]
        patiently(omise.heals)

    def _rest(self):
        """Sweep till all is quiet; then let time pass for attempts of which Omise knows nothing."""
        for _ in range(5):
            if self._sweeps_well():
                break
        known = {one["metadata"]["attempt_id"] for one in self.machine.charges()}
        lost = [
            one
            for one in self.machine.attempts()
            if one["status"] in UNSURE and one["id"] not in known
        ]
        # This is how time passes here: "nothing is there" is believed after ten minutes.
        self.machine.ages(lost, timedelta(minutes=20))
        self.machine.ages_refunds(timedelta(minutes=20))
        self.machine.ages_signals(timedelta(minutes=2))
        self._sweeps_well()
        # A sweep that could not ask everything on a busy machine says to run it again.
        for _ in range(5):
            if self._sweeps_well():
                break

    def _sweeps_well(self):
        """Sweep once; keep what it said if something could not be asked."""
        said = self.machine.command("sweep")
        self.unsettled = said.stderr if said.returncode else None
        return not self.unsettled

    def _findings(self):
        machine = self.machine
        books = Books(
            charges=machine.charges(),
            given=machine.held("refund"),
            unused=machine.unused(),
            orders=machine.orders(),
            attempts=machine.attempts(),
            refunds=machine.refunds(),
            given_up=machine.given_up(),
            heard=machine.heard(),
        )
        findings = judge(books, self.visits)
        if self.unsettled:
            findings.append(("the last sweep", self.unsettled))
        return findings

    def summary(self, findings):
        """Tell in one line what the run went through."""
        statuses = Counter(one["status"] for one in self.machine.charges())
        given, given_up = self.machine.held("refund"), self.machine.given_up()
        slowest, order_id = max(self.settlings, default=(0, "none"))
        return (
            f"seed {self.seed}: {len(self.plans)} orders, {len(self.recoveries)} kills; "
            f"charges: {_told(statuses)}; {len(given)} refunds; "
            f"{len(given_up)} attempts given up; faults struck: {_told(self.struck)}; "
            f"slowest settling of a lost answer {slowest:.1f} s (order {order_id}), "
            f"slowest recovery after a kill {max(self.recoveries, default=0):.1f} s; "
            f"{len(findings)} violations"
        )


def _kind(rule):
    """Name a fault; of a webhook's, the first thing that is wrong with it."""
    ways = ("drop", "early", "copies", "delay", "hold_back", "age", "secret", "set")
    wrong = [way for way in (*ways, "api_version") if rule.get(way)]
    return f"webhook {wrong[0]}" if rule["fault"] == "webhook" else rule["fault"]


def _told(counts):
    counted = sorted(counts.items())
    return ", ".join(f"{name} {count}" for name, count in counted if count) or "none"


@click.command()
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--orders", type=click.IntRange(1), default=100, show_default=True)
@click.option("--kills", type=click.IntRange(0), default=20, show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=6, help="Shoppers at once.")
@click.option(
    "--others",
    type=click.IntRange(0),
    default=1000,
    show_default=True,
    help="Charges of others in the account.",
)
@click.option(
    "--skew",
    type=int,
    default=0,
    help="Seconds that one sweep's host is wrong, where the book has a clock of its own.",
)
@click.option("--database", metavar="URL", help="An empty one; else SQLite, for once.")
@click.option(
    "--tls",
    is_flag=True,
    help="Reach Omise by TLS; nobody is sent to a page of the bank's then.",
)
@click.option("--api-version", type=click.Choice(VERSIONS), default=VERSIONS[0])
def main(seed, orders, kills, jobs, others, skew, database, tls, api_version):
    """Shop through faults and kills drawn from a seed, and compare the books in the end."""
    if kills > orders:
        raise click.UsageError("There is at most one kill for each order.")
    if skew and not (database or "").startswith("postgres"):
        raise click.UsageError(
            "SQLite has no clock but the host's: --skew is for PostgreSQL."
        )
    if tls and not shutil.which("openssl"):
        raise click.UsageError("--tls needs openssl, which makes the certificate.")
    if skew and not faketime():
        raise click.UsageError(
            "--skew needs libfaketime (apt-get install libfaketime)."
        )
    end_well()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    database = database or f"sqlite:///{folder / 'shop.sqlite3'}"
    version = {"OMISE_API_VERSION": api_version}
    try:
        with (
            Machine(folder, database, 2, skew, tls, **version) as machine,
            progress("Shoppers", orders) as step,
        ):
            chaos = Chaos(
                machine, seed, orders, kills, jobs, others, step, leaves=not tls
            )
            findings = chaos.run()
            summary = chaos.summary(findings)
    except SystemExit:  # stopped: there is nothing to look at
        shutil.rmtree(folder)
        raise
    for order_id, wrong in findings:
        click.echo(f"VIOLATION {order_id}: {wrong}\n  {chaos.visits.get(order_id)}")
    click.echo(summary)
    if findings:
        click.echo(f"What the processes said is kept in {folder}.")
        sys.exit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
