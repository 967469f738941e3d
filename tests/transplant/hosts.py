"""Three strangers' apps with payment/ and webhook/ copied in, each a process of its own.

A host lies in an empty folder: what it brings (bare/, own_tables/, bakery/) and a byte for byte
copy of the two folders. It is started there, with nothing of this repository on its path, beside
an Omise of its own.
"""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import requests
from rig import Omise, empty_database, eventually, free_port

import sandbox

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FOLDERS = ("payment", "webhook")
# Nothing else of the outside may reach a host: it could be a real account's keys.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")


class Host:
    """One host app: where its folders go, how it is served, what a shopper does there.

    `app` names it to the `flask` command. `home` is its first page, `picks` the button that puts
    something into the cart, `amount` what that comes to, `logs_in` whether it wants to know whom
    it serves.
    """

    name = app = picks = package = ""
    home, logs_in, amount = "/", False, 0

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.omise = Omise(f"http://localhost:{free_port()}/")
        copy(self.name, folder / self.package)
        self.environment = {
            "FLASK_APP": self.app,
            "FLASK_SKIP_DOTENV": "1",
            "SECRET_KEY": os.urandom(16).hex(),
            "SERVER_NAME": f"localhost:{self.port}",
            "OMISE_API_BASE": self.omise.base,
            "OMISE_JS_URL": f"{self.omise.base}omise.js",
            "OMISE_PUBLIC_KEY": sandbox.PUBLIC_KEY,
            "OMISE_SECRET_KEY": sandbox.SECRET_KEY,
            "OMISE_WEBHOOK_SECRET": sandbox.WEBHOOK_SECRET,
            **{key: os.environ[key] for key in _KEPT if key in os.environ},
        }

    def __enter__(self):
        with ExitStack() as started:
            started.enter_context(self._omise())
            self.prepare()
            started.enter_context(self._serving())
            self._end = started.pop_all()
        return self

    def __exit__(self, *_):
        self._end.close()

    def _omise(self):
        port = self.omise.base.rstrip("/").rsplit(":", 1)[1]
        webhook = f"{self.url}{self.home}webhook"
        books = str(self.folder / "omise.sqlite3")
        options = ("--port", port, "--db", books, "--webhook", webhook)
        command = [sys.executable, "-m", "sandbox", *options]
        log, alive = self.folder / "omise.log", f"{self.omise.base}control/settings"
        return running(command, ROOT, self.environment, log, alive)

    def _serving(self):
        command = [sys.executable, "-m", *self.serve()]
        log, alive = self.folder / "host.log", f"{self.url}{self.home}"
        return running(command, self.folder, self.environment, log, alive)

    def prepare(self):
        """Do what is done once before such a host is served."""

    def serve(self):
        """Give the command that serves it."""
        bind = ("--bind", f"127.0.0.1:{self.port}")
        return ("gunicorn", *bind, "--workers", "2", "--threads", "4", self.app)

    def command(self, *arguments):
        """Run `flask payment ...` as the operator of this host."""
        return self.python("-m", "flask", "payment", *arguments)

    def python(self, *arguments):
        """Run Python where the host lies; what it wrote to both its streams is in `stdout`."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )


class Bare(Host):
    """One file, and nothing of an extension but what payment itself needs."""

    name, app, picks, amount = "bare", "shop", "Add the blue mug", 250_00

    def serve(self):
        """Serve it by the development server, as whoever tries a copy does."""
        return ("flask", "run", "--port", str(self.port))


class OwnTables(Host):
    """An app with tables, session keys, a login and protection of its own."""

    name, app, picks, amount = "own_tables", "bookshop:create_app()", "Take Dune", 42000
    logs_in = True

    def __init__(self, folder):
        super().__init__(folder)
        self.environment["BOOKSHOP_DATABASE"] = empty_database(folder)

    def prepare(self):
        """Set up payment's tables in the bookshop's database."""
        done = self.command("upgrade")
        assert done.returncode == 0, done.stdout


class Bakery(Host):
    """A package that has the two folders inside, mounted under a prefix."""

    name, app, picks, package = "bakery", "bakery", "Add a rye", "bakery"
    home, amount = "/bakery/", 180_00 + 45_00

    def serve(self):
        """Serve it where it is mounted."""
        *server, _ = super().serve()
        return (*server, "bakery.mounted:app")


def copy(name, folder):
    """Put a host and the two folders where the host wants them, byte for byte."""
    none = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HERE / name, folder, ignore=none, dirs_exist_ok=True)
    for each in FOLDERS:
        shutil.copytree(ROOT / each, folder / each, ignore=none)


class running:  # noqa: N801  reads as what it does: with running(...)
    """Keep a command running for the length of a `with` block, once it answers."""

    def __init__(self, command, folder, environment, log, address):
        self._log, self._address = log, address
        self._start = {"args": command, "cwd": folder, "env": environment}

    def __enter__(self):
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                **self._start,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            eventually(self._answers, 60)
        except AssertionError as error:
            self.__exit__()
            raise AssertionError(self._log.read_text()) from error
        return self

    def __exit__(self, *_):
        if self._running.poll() is None:
            os.killpg(self._running.pid, signal.SIGTERM)
        try:
            self._running.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait(10)

    def _answers(self):
        assert self._running.poll() is None
        try:
            return requests.get(self._address, timeout=5).status_code == 200
        except requests.RequestException:
            return False
