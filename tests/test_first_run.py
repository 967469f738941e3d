"""A clone in which nothing was ever started, in the hands of somebody with keys of their own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
KEYS = {
    "OMISE_SECRET_KEY": "skey_test_5own0keys0of0a0user",
    "OMISE_PUBLIC_KEY": "pkey_test_5own0keys0of0a0user",
    "FLASK_SECRET_KEY": "0123456789abcdef0123456789abcdef",
}


@pytest.fixture
def clone(tmp_path):
    """Copy what git tracks into an empty folder, as a fresh clone has it."""
    names = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in names.stdout.splitlines():
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/")):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def put_keys_in(clone):
    """Do what README says: copy env.example to .env and put one's own keys in."""
    text = (clone / "env.example").read_text()
    for key, value in KEYS.items():
        text = re.sub(rf"^export {key}=.*$", f"export {key}={value}", text, flags=re.M)
    (clone / ".env").write_text(text)


def run(clone, *command):
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=clone,
        env=kept,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    "command",
    [
        ("flask", "routes"),
        ("flask", "payment", "list"),
        ("gunicorn", "--check-config", "app:create_app()"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_own_keys_start_in_a_fresh_clone(clone, command):
    """F1: with the user's own test keys, nothing of an earlier run is needed."""
    put_keys_in(clone)
    ended = run(clone, *command)
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    assert (clone / "instance" / "shop.sqlite3").exists()
