"""How fast the shop's pages are beside bare Flask: `pipenv run python bench/pages.py`.

Both are served by gunicorn with two sync workers. Beside each page stands a view of bare Flask's
that returns as many bytes; beside POST /add one that writes a session and redirects. All take
turns in one run; the load is made by wrk where it is installed, else by two processes here.
Counted is what a server answers in a second of the processor's that it uses itself (/proc), so
that neither the load nor other programs count. Prints that, and as the middle of all rounds what
share of bare Flask's answers the shop gives; exits 1 below a goal, 2 when nothing could be
measured. Goals are for pages as they are; how they do compressed is told beside. With --against
another revision's shop takes turns in the same run.
"""

import argparse
import json
import os
import re
import selectors
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import requests  # noqa: E402
from charge import NotMeasured, fetch  # noqa: E402
from processes import Process, answers  # noqa: E402
from progress import end_well, progress  # noqa: E402
from rig import eventually, free_port  # noqa: E402
from shopper import Shopper  # noqa: E402

import sandbox  # noqa: E402

ROUNDS, SECONDS = 5, 1.5
# The least share of bare Flask's requests per second that a page may have.
GOALS = {"shelf": 0.70, "basket": 0.55, "checkout": 0.50, "add": 0.90}
PATHS = {"shelf": "/", "basket": "/cart", "checkout": "/checkout", "add": "/add"}
BASKET = ("cloud-oolong", "celadon-cup", "rain-ink")
# Connections at once: so many processes, each with so many.
CLIENTS, AT_ONCE = 2, 4
SERVED = ("gunicorn", "--worker-class", "sync", "--workers", "2", "--threads", "1")
# What bare Flask serves: a page of so many bytes at /<bytes>, and a session at /add.
BARE = """
import os
from flask import Flask, redirect, request, session

app = Flask(__name__)
app.secret_key = os.urandom(16)

@app.route("/<int:size>")
def page(size):
    return PAGES[size]

@app.route("/add", methods=["POST"])
def add():
    session["cart"] = session.get("cart", {}) | {request.form["sku"]: 1}
    return redirect("/", 303)
"""


@dataclass
class Asked:
    """One request that is made again and again, and how often a second of its server's processor
    answered it, by round."""

    name: str
    port: int
    server: Process
    text: bytes
    status: bytes
    rates: list[float] = field(default_factory=list)


def request_of(method, path, port, cookie, body=b"", packed=False):
    """Write out a request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: localhost:{port}"]
    lines += [f"Cookie: {cookie}"] if cookie else []
    lines += ["Accept-Encoding: gzip"] if packed else []
    if body:
        lines += ["Content-Type: application/x-www-form-urlencoded"]
        lines += [f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def hammer(port, text, status, seconds):
    """Ask over a few connections at once, for so long; gives how often that was answered well.

    A sync worker closes each connection behind its answer. Raises ValueError for another status.
    """
    waiting, answered = selectors.DefaultSelector(), 0

    def ask():
        line = socket.create_connection(("127.0.0.1", port), 10)
        line.sendall(text)
        waiting.register(line, selectors.EVENT_READ, [])

    for _ in range(AT_ONCE):
        ask()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for key, _ in waiting.select(1):
            if piece := key.fileobj.recv(65536):
                key.data.append(piece)
                continue
            waiting.unregister(key.fileobj)
            key.fileobj.close()
            if key.data[0][9:12] != status:
                raise ValueError(key.data[0][:200])
            answered += 1
            ask()
    for key in list(waiting.get_map().values()):
        key.fileobj.close()
    return answered


def by_wrk(asked, seconds, folder):
    """Let wrk ask for so long; gives how often it was answered."""
    head, _, body = asked.text.decode().partition("\r\n\r\n")
    first, *headers = head.split("\r\n")
    method, path, _ = first.split()
    pairs = [line.split(": ", 1) for line in headers if "Length" not in line]
    script = folder / "asked.lua"
    script.write_text(
        f"wrk.method = {json.dumps(method)}\nwrk.body = {json.dumps(body)}\n"
        + "".join(f"wrk.headers[{json.dumps(n)}] = {json.dumps(v)}\n" for n, v in pairs)
    )
    many = ("-t", str(CLIENTS), "-c", str(CLIENTS * AT_ONCE), "-d", f"{seconds:.0f}s")
    url = f"http://127.0.0.1:{asked.port}{path}"
    command = ["wrk", *many, "-s", str(script), url]
    told = subprocess.run(command, capture_output=True, text=True).stdout
    answered = re.search(r"([0-9]+) requests in", told)
    if not answered or "Non-2xx" in told:
        raise NotMeasured(f"{asked.name} was not answered: {told.strip()}")
    return int(answered[1])


def by_hand(asked, seconds, clients):
    """Ask from processes of our own for so long; gives how often they were answered."""
    act = (asked.port, asked.text, asked.status, seconds)
    running = [clients.submit(hammer, *act) for _ in range(CLIENTS)]
    try:
        return sum(one.result(seconds + 30) for one in running)
    except (ValueError, OSError) as error:
        raise NotMeasured(f"{asked.name} was not answered: {error}") from error


@contextmanager
def serving(arguments, environment, folder, home, port):
    """Serve an app until the block ends; gives its process."""
    log = folder / f"{port}.log"
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    environment = kept | {"PYTHONDONTWRITEBYTECODE": "1"} | environment
    running = Process(arguments, environment, log, home)
    try:
        try:
            eventually(lambda: answers(f"http://localhost:{port}/"), 60)
        except AssertionError:
            told = log.read_text().strip().splitlines()
            raise NotMeasured(f"{home} cannot be served: {told[-1:]}") from None
        yield running
    finally:
        running.kill()


@contextmanager
def a_sandbox(folder):
    """Run an Omise that tells the shops how they may be paid; gives its address."""
    port = free_port()
    books = str(folder / "omise.sqlite3")
    options = ("sandbox", "--port", str(port), "--db", books)
    with serving(options, {"PYTHON_DOTENV_DISABLED": "1"}, folder, ROOT, port):
        yield f"http://localhost:{port}/"


@contextmanager
def a_shop(folder, home, omise):
    """Serve the shop whose code lies in `home`; gives port and process."""
    port = free_port()
    environment = {
        "PYTHON_DOTENV_DISABLED": "1",
        "FLASK_SKIP_DOTENV": "1",
        "FLASK_SECRET_KEY": os.urandom(16).hex(),
        "SERVER_NAME": f"localhost:{port}",
        "DATABASE_URL": f"sqlite:///{folder / f'{port}.sqlite3'}",
        "OMISE_SANDBOX": "off",
        "OMISE_API_BASE": omise,
        "OMISE_PUBLIC_KEY": sandbox.PUBLIC_KEY,
        "OMISE_SECRET_KEY": sandbox.SECRET_KEY,
    }
    release = re.search("^release: (.+)", (home / "Procfile").read_text(), re.M)[1]
    command = [sys.executable, "-m", *shlex.split(release)]
    released = subprocess.run(
        command, cwd=home, env=os.environ | environment, capture_output=True, text=True
    )
    if released.returncode:
        raise NotMeasured(f"{home} cannot start: {released.stderr.strip()}")
    bind = ("--bind", f"127.0.0.1:{port}", "app:create_app()")
    with serving((*SERVED, *bind), environment, folder, home, port) as server:
        yield port, server


@contextmanager
def bare_flask(folder, sizes):
    """Serve pages of so many bytes by nothing but Flask; gives port and process."""
    port, home = free_port(), folder / "bare"
    home.mkdir()
    pages = f"\nPAGES = {{size: 'x' * size for size in {sorted({*sizes, 1})}}}\n"
    root = "\napp.add_url_rule('/', 'root', lambda: PAGES[1])\n"
    (home / "bare.py").write_text(BARE + pages + root)
    bind = ("--bind", f"127.0.0.1:{port}", "bare:app")
    with serving((*SERVED, *bind), {}, folder, home, port) as server:
        yield port, server


class Visit:
    """A shopper of one shop with three lines in the basket, and what they ask for."""

    def __init__(self, port, server):
        self.port, self.server = port, server
        self.url = f"http://localhost:{port}"
        with Shopper(self) as shopper:
            for sku in BASKET:
                shopper.adds(sku)
            form = shopper.hidden(shopper.get("/").text)
            self._before = _cookie(shopper)
            shopper.opens_checkout()
            self._after = _cookie(shopper)
            # Omise has been asked by now how the account may be paid.
            eventually(lambda: "JCB" in shopper.get("/checkout").text, 30)
            self._sku = BASKET[0]
            self._token = form["csrf_token"]
            self.sizes = {
                name: len(shopper.get(path).content)
                for name, path in PATHS.items()
                if name != "add"
            }

    def asked(self, name, packed=False):
        """Give the request for a page, or the form that adds something."""
        if name == "add":
            form = f"sku={self._sku}&csrf_token={self._token}".encode()
            text = request_of("POST", "/add", self.port, self._before, form)
            return Asked(name, self.port, self.server, text, b"303")
        cookie = self._after if name == "checkout" else self._before
        text = request_of("GET", PATHS[name], self.port, cookie, packed=packed)
        return Asked(name, self.port, self.server, text, b"200")


def _cookie(shopper):
    return "; ".join(f"{one.name}={one.value}" for one in shopper.http.cookies)


def beside(visit, name, port, server):
    """Give what bare Flask is asked beside a page."""
    if name == "add":
        form = f"sku={BASKET[0]}&csrf_token={'x' * 91}".encode()
        with requests.Session() as session:
            url = f"http://localhost:{port}/add"
            session.post(url, form, headers=_FORM, allow_redirects=False)
            cookie = f"session={session.cookies['session']}"
        text = request_of("POST", "/add", port, cookie, form)
        return Asked(f"bare {name}", port, server, text, b"303")
    text = request_of("GET", f"/{visit.sizes[name]}", port, "")
    return Asked(f"bare {name}", port, server, text, b"200")


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def measure(turns, asked, folder):
    """Let all that is asked take turns; each keeps how it did, by round."""
    wrk = shutil.which("wrk")
    steps = asked.rounds * len(turns)
    with ProcessPoolExecutor(CLIENTS) as clients, progress("Turns", steps) as step:
        for one in turns:  # what a first request makes, it makes once
            by_hand(one, 0.3, clients)
        for _ in range(asked.rounds):
            for one in turns:
                before = one.server.worked()
                if wrk:
                    answered = by_wrk(one, max(1, round(asked.seconds)), folder)
                else:
                    answered = by_hand(one, asked.seconds, clients)
                one.rates.append(answered / (one.server.worked() - before))
                step()


def report(shop, name, ours, bare):
    """Print one page's figures; gives its share of what bare Flask answers."""
    pairs = zip(ours.rates, bare.rates, strict=True)
    shares = sorted(our / their for our, their in pairs)
    share = statistics.median(shares)
    print(
        f"{shop:14} {name:16} {statistics.median(ours.rates):7.0f} / s, bare Flask"
        f" {statistics.median(bare.rates):7.0f} / s: {share:.2f}"
        f" ({shares[0]:.2f} to {shares[-1]:.2f})"
    )
    return share


def compare(asked):
    """Serve the shops and bare Flask, measure and report; 1 when this shop is below a goal."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        omise = stack.enter_context(a_sandbox(folder))
        homes = {"this shop": ROOT}
        if asked.against:
            homes[asked.against] = fetch(asked.against, folder / "code")
        visits = [
            Visit(*stack.enter_context(a_shop(folder, home, omise)))
            for home in homes.values()
        ]
        sizes = [size for visit in visits for size in visit.sizes.values()]
        bare = stack.enter_context(bare_flask(folder, sizes))
        rows = [
            (
                shop,
                f"{name}{' gzip' if packed else ''}",
                visit.asked(name, packed),
                beside(visit, name, *bare),
            )
            for shop, visit in zip(homes, visits, strict=True)
            for name in PATHS
            for packed in ((False,) if name == "add" else (False, True))
        ]
        measure([one for row in rows for one in row[2:]], asked, folder)
    shares = [(shop, name, report(shop, name, *both)) for shop, name, *both in rows]
    return int(
        any(
            share < GOALS.get(name, 0)
            for shop, name, share in shares
            if shop == "this shop"
        )
    )


def main():
    """Serve one shop or two beside bare Flask, and compare."""
    said = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    said.add_argument("--rounds", type=int, default=ROUNDS, metavar="N")
    said.add_argument("--seconds", type=float, default=SECONDS, help="for each turn")
    said.add_argument("--against", metavar="REVISION", help="of git, to compare with")
    asked = said.parse_args()
    end_well()
    try:
        return compare(asked)
    except (NotMeasured, requests.RequestException, AssertionError) as error:
        print(f"nothing was measured: {error}")
        return 2


if __name__ == "__main__":
    sys.exit(main())
