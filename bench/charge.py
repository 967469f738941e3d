"""How long a payment takes beside one round trip to Omise: `pipenv run python bench/charge.py`.

An Omise that is a round trip of 50 ms away, by TLS, keeps its lines and takes every card. The
shop runs as Procfile says but for one worker, so that its line stays warm; its order book lies on
the disk. Measured is POST /charge alone, in turns with a bare round trip to the same Omise.
Prints median and p95 in round trips, and what the shop itself takes; exits 1 above the goal of
1.15. A turn in which a bare round trip itself takes much longer than the way to Omise measures
the machine and not the shop: it is left out and made up for; exits 2 when too many were, or when
nothing could be measured. With --against another revision's shop takes turns in the same run.
"""

import argparse
import io
import json
import os
import shlex
import socketserver
import ssl
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import uuid
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import requests  # noqa: E402
from certificate import make_certificate  # noqa: E402
from processes import Process, answers  # noqa: E402
from progress import end_well, progress  # noqa: E402
from rig import eventually, free_port  # noqa: E402
from shopper import Shopper  # noqa: E402

CHARGES, WARMING, TRIP, GOAL = 60, 5, 0.050, 1.15
# A bare round trip that takes so many times the way to Omise says that the machine is too busy;
# so many turns are begun at most for each that is wanted.
BUSY, MOST_TURNS = 1.1, 4
# TCP greets for one round trip before anything is said, TLS 1.3 for another.
GREETINGS = 2
# Of a real disk, and not cleared at every start.
DISK = Path("/var/tmp")
# What Omise answers where a card is taken (version 2019-05-29); the rest of it nobody reads.
CHARGE = {
    "object": "charge",
    "status": "successful",
    "paid": True,
    "authorized": True,
    "capturable": False,
    "capture": True,
    "refundable": True,
    "refunded_amount": 0,
    "reversed": False,
    "expired": False,
    "disputable": True,
    "livemode": False,
    "transaction_fees": {"fee_flat": "0.0", "fee_rate": "3.65", "vat_rate": "7.0"},
    "platform_fee": {"fixed": None, "amount": None, "percentage": None},
    "refunds": {"object": "list", "data": [], "limit": 20, "offset": 0, "total": 0},
    "card": {
        "object": "card",
        "id": "card_test_62ijtbp3s50tbvt4cyk",
        "livemode": False,
        "country": "th",
        "brand": "Visa",
        "fingerprint": "6Dg5ncsSseId+2Pkar1y8MNjk+1MPEYQaBAWxr64McE=",
        "last_digits": "4242",
        "name": "Ros",
        "expiration_month": 9,
        "expiration_year": 2028,
        "security_code_check": True,
    },
    "source": None,
    "customer": None,
    "dispute": None,
    "transaction": "trxn_test_62ijtc2n29xvceh350p",
    "failure_code": None,
    "failure_message": None,
    "authorize_uri": "https://api.omise.co/payments/paym_test_62ijtbx5nn9izwkscmq/authorize",
    "created_at": "2025-01-24T06:11:58Z",
    "paid_at": "2025-01-24T06:11:58Z",
    "expires_at": "2025-01-31T06:11:58Z",
}


class DistantOmise(socketserver.ThreadingTCPServer):
    """Answer over kept TLS lines, each answer a round trip after its request."""

    daemon_threads = allow_reuse_address = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), None)
        self.certificate, key = make_certificate(folder, "127.0.0.1")
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(self.certificate, key)
        self.address = f"https://127.0.0.1:{self.server_address[1]}/"
        self.lines = self.charges = 0

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def finish_request(self, request, _address):
        """Speak on one line until its other end hangs up."""
        self.lines += 1
        time.sleep(GREETINGS * TRIP)
        with (
            self._tls.wrap_socket(request, server_side=True) as line,
            line.makefile("rb") as said,
        ):
            while asked := said.readline():
                body = said.read(_length(said))
                time.sleep(TRIP)
                line.sendall(self._answer(asked, body))

    def _answer(self, asked, body):
        status, answer = "404 Not Found", {"object": "error", "code": "not_found"}
        if asked.startswith(b"POST /charges "):
            self.charges += 1
            wanted = json.loads(body)
            echoed = {key: wanted[key] for key in ("amount", "currency", "metadata")}
            charge_id = f"chrg_test_5{uuid.uuid4().hex[:18]}"
            status, answer = "200 OK", {**CHARGE, "id": charge_id, **echoed}
        text = json.dumps(answer).encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text

    def handle_error(self, request, client_address):
        """Say nothing: a shop that ends hangs up."""


def _length(said):
    """Read past the head of a request; gives how long its body is."""
    length = 0
    while (line := said.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    return length


class Served:
    """What a shopper needs of a shop that runs."""

    def __init__(self, name):
        self.name, self.port, self.took = name, free_port(), []
        self.url = f"http://localhost:{self.port}"


@contextmanager
def serving(name, home, folder, omise):
    """Serve the shop whose code lies in `home` until the block ends."""
    shop = Served(name)
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    environment = kept | {
        "PYTHON_DOTENV_DISABLED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "FLASK_SKIP_DOTENV": "1",
        "FLASK_SECRET_KEY": os.urandom(16).hex(),
        "SERVER_NAME": f"localhost:{shop.port}",
        "DATABASE_URL": f"sqlite:///{folder / 'shop.sqlite3'}",
        "OMISE_SANDBOX": "off",
        "OMISE_API_BASE": omise.address,
        "OMISE_PUBLIC_KEY": "pkey_test_5abc",
        "OMISE_SECRET_KEY": "skey_test_5abc",
        "REQUESTS_CA_BUNDLE": str(omise.certificate),
    }
    log = folder / "shop.log"
    for line in (home / "Procfile").read_text().splitlines():
        if line.startswith("release:"):
            command = [sys.executable, "-m", *shlex.split(line.partition(":")[2])]
            released = subprocess.run(
                command, cwd=home, env=environment, capture_output=True, text=True
            )
            if released.returncode:
                raise NotMeasured(f"{name} cannot start: {released.stderr.strip()}")
    bind = ("--workers", "1", "--bind", f"127.0.0.1:{shop.port}")
    running = Process(("gunicorn", *bind, "app:create_app()"), environment, log, home)
    try:
        try:
            eventually(lambda: answers(shop.url), 60)
        except AssertionError:
            told = log.read_text().strip().splitlines()
            raise NotMeasured(f"{name} does not answer: {told[-1:]}") from None
        yield shop
    finally:
        running.kill()


def fetch(revision, folder):
    """Write out the project as it was at a revision."""
    packed = subprocess.run(["git", "archive", revision], cwd=ROOT, capture_output=True)
    if packed.returncode:
        raise NotMeasured(packed.stderr.decode().strip())
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def pay(shopper):
    """Let somebody who was never here buy a thing; gives the seconds that POST /charge took."""
    shopper.http.cookies.clear()
    shopper.adds()
    form = shopper.opens_checkout()
    form.pop("omiseCustomer", None)
    token = f"tokn_test_5{uuid.uuid4().hex[:18]}"
    took = shopper.charges(form, follow=False, omiseToken=token).elapsed
    shopper.get(shopper.page.headers["Location"])
    assert shopper.state == "paid", shopper.page.text
    return took.total_seconds()


class NotMeasured(Exception):
    """Raised when no figure would be worth anything; says why."""


def ask(omise, session):
    """Make one bare round trip; gives the seconds that it took."""
    asked = {"amount": 49000, "currency": "THB", "metadata": {}}
    url = f"{omise.address}charges"
    return session.post(url, json=asked, timeout=30).elapsed.total_seconds()


def measure(omise, shops, charges):
    """Let round trips and shops take turns; gives how long the trips took, the shops keep
    theirs. Raises NotMeasured."""
    trips, turns = [], 0
    with ExitStack() as stack, progress("Charges", charges) as step:
        session = stack.enter_context(requests.Session())
        session.verify, session.trust_env = str(omise.certificate), False
        shoppers = [stack.enter_context(Shopper(shop)) for shop in shops]
        for _ in range(WARMING):
            ask(omise, session)
            for shopper in shoppers:
                pay(shopper)
        lines, before = omise.lines, omise.charges
        while len(trips) < charges * 2:
            if turns == charges * MOST_TURNS:
                raise NotMeasured(
                    f"the machine is too busy: in {turns - len(trips) // 2} of {turns} turns a"
                    f" round trip of {TRIP * 1000:.0f} ms took {BUSY} times as long; try again"
                )
            turns += 1
            first, took = ask(omise, session), [pay(one) for one in shoppers]
            last = ask(omise, session)
            if max(first, last) > TRIP * BUSY:
                continue
            trips += first, last
            for shop, one in zip(shops, took, strict=True):
                shop.took.append(one)
            step()
        assert omise.charges - before == turns * (2 + len(shops)), "charges got lost"
        print(f"turns left out: {turns - charges} of {turns}")
        print(f"lines opened meanwhile: {omise.lines - lines}")
    return trips


def report(shop, trip):
    """Print one shop's figures; gives its median in round trips."""
    took = statistics.median(shop.took)
    late = sorted(shop.took)[int(len(shop.took) * 0.95)]
    print(
        f"{shop.name}: median {took / trip:.2f} round trips, p95 {late / trip:.2f};"
        f" its own {(took - trip) * 1000:.1f} ms"
    )
    return took / trip


def flush(folder):
    """Tell how many seconds it takes to write something to the disk and be sure of it."""
    figures = []
    with (folder / "flushed").open("wb", buffering=0) as file:
        for _ in range(50):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
            figures.append(time.perf_counter() - began)
    return statistics.median(figures)


def main():
    """Serve one shop or two, let them take turns, and compare."""
    said = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    said.add_argument("--charges", type=_at_least_one, default=CHARGES, metavar="N")
    said.add_argument("--against", metavar="REVISION", help="of git, to compare with")
    said.add_argument(
        "--folder",
        type=Path,
        default=DISK if DISK.is_dir() else None,
        help="on whose disk the order book lies meanwhile (default: %(default)s)",
    )
    asked = said.parse_args()
    end_well()
    try:
        return compare(asked)
    except (NotMeasured, requests.RequestException, AssertionError) as error:
        print(f"nothing was measured: {error}")
        return 2


def _at_least_one(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number of 1 or more")
    return int(text)


def compare(asked):
    """Serve the shops, measure and report; 1 when this one is above the goal."""
    with ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(dir=asked.folder)
        folder = Path(stack.enter_context(temporary))
        omise = stack.enter_context(DistantOmise(folder))
        homes = {"this shop": ROOT}
        if asked.against:
            homes[asked.against] = fetch(asked.against, folder / "code")
        shops = []
        for number, (name, home) in enumerate(homes.items()):
            own = folder / f"shop{number}"
            own.mkdir()
            shops.append(stack.enter_context(serving(name, home, own, omise)))
        trips, flushed = measure(omise, shops, asked.charges), flush(folder)
    trip = statistics.median(trips)
    print(f"one round trip: {trip * 1000:.1f} ms, one flush: {flushed * 1000:.1f} ms")
    ours, *_ = [report(shop, trip) for shop in shops]
    return int(ours > GOAL)


if __name__ == "__main__":
    sys.exit(main())
