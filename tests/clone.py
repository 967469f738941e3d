"""A fresh clone in an empty folder, in which nothing was ever started, and what is typed there."""

import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import requests

ROOT = Path(__file__).parent.parent
KEYS = {
    "OMISE_SECRET_KEY": "skey_test_5own0keys0of0a0user",
    "OMISE_PUBLIC_KEY": "pkey_test_5own0keys0of0a0user",
    "FLASK_SECRET_KEY": "0123456789abcdef0123456789abcdef",
}
LIVE = {
    "OMISE_SECRET_KEY": "skey_5own0keys0of0a0user",
    "OMISE_PUBLIC_KEY": "pkey_5own0keys0of0a0user",
    "OMISE_WEBHOOK_SECRET": "bGl2ZS1zZWNyZXQtb2YtYS11c2Vy",
    "FLASK_SECRET_KEY": "0123456789abcdef0123456789abcdef",
    "SERVER_NAME": "shop.example",
    "PREFERRED_URL_SCHEME": "https",
}


# What an archive without git's own list may hold besides the project.
NOT_OURS = (".venv", "venv", "instance", "__pycache__", ".git", ".pytest_cache")


def _tracked():
    """List the files of the project, as git does, or in an archive of it all that lie there."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(listed, cwd=ROOT, capture_output=True)
    if found.returncode == 0:
        return found.stdout.decode().splitlines()
    files = [path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file()]
    return [str(path) for path in files if not set(path.parts) & set(NOT_OURS)]


class Clone:
    """One folder with what git tracks, and the commands that are typed in it."""

    def __init__(self, folder):
        self.folder = folder
        for name in _tracked():
            if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/")):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)

    def settings(self, **said):
        """Do what README says: copy env.example to .env, and put one's own values in."""
        text = (self.folder / "env.example").read_text()
        for key, value in said.items():
            line = f"export {key}={value}"
            text, found = re.subn(rf"^(# )?export {key}=.*$", line, text, flags=re.M)
            assert found, key
        (self.folder / ".env").write_text(text)

    def environment(self, **said):
        """Give what a shell holds in which nothing of ours was set, but for this."""
        kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        return kept | said

    def run(self, *command, **said):
        """Type a command of Python's, and wait for its end."""
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env=self.environment(**said),
            capture_output=True,
            text=True,
            timeout=90,
            stdin=subprocess.DEVNULL,
        )

    @contextmanager
    def running(self, *command, url, **said):
        """Type a command that goes on, and wait until it answers at an address."""
        log = self.folder / "said.log"
        with log.open("wb") as written:
            server = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=self.folder,
                env=self.environment(**said),
                stdout=written,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        try:
            _wait(server, url, log)
            yield log
        finally:
            os.killpg(server.pid, 9)
            server.wait(10)


def _wait(server, url, log):
    ends = time.monotonic() + 60
    while True:
        try:
            requests.get(url, timeout=5, allow_redirects=False)
            return
        except requests.RequestException:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < ends, log.read_text()
            time.sleep(0.1)


def only_line(text):
    """Give what a refusal says, which is one line and no traceback."""
    assert "Traceback" not in text, text
    lines = [line for line in text.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, text
    return lines[0]
