"""Settings: which Omise is spoken to, and what is refused at start, in one sentence."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from config import Config, ConfigError, settle

ROOT = Path(__file__).parent.parent
TEST_KEYS = {
    "OMISE_SECRET_KEY": "skey_test_5xyz",
    "OMISE_PUBLIC_KEY": "pkey_test_5xyz",
    "FLASK_SECRET_KEY": "something long",
}
LIVE_KEYS = {
    "OMISE_SECRET_KEY": "skey_5xyz",
    "OMISE_PUBLIC_KEY": "pkey_5xyz",
    "FLASK_SECRET_KEY": "something long",
    "OMISE_WEBHOOK_SECRET": "c2VjcmV0",
    "SERVER_NAME": "shop.example",
}


def settled(tmp_path, **said):
    config = {key: getattr(Config, key) for key in dir(Config) if key.isupper()} | said
    settle(config, tmp_path)
    return config


def test_no_keys_and_sandbox_on_is_the_sandbox(tmp_path):
    assert settled(tmp_path, OMISE_SANDBOX="on")["OMISE_SANDBOX"] is True


@pytest.mark.parametrize("sandbox", ["on", "auto", "off"])
def test_test_keys_are_the_real_omise(tmp_path, sandbox):
    config = settled(tmp_path, **TEST_KEYS, OMISE_SANDBOX=sandbox)
    assert config["OMISE_SANDBOX"] is False
    assert config["OMISE_API_BASE"] == "https://api.omise.co/"


def test_live_keys_are_the_real_omise_under_the_flask_command_too(tmp_path):
    assert (
        settled(tmp_path, **LIVE_KEYS, OMISE_SANDBOX="auto")["OMISE_SANDBOX"] is False
    )


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({}, "OMISE_SECRET_KEY"),
        (
            TEST_KEYS | {"OMISE_SECRET_KEY": "skey_test_xxxxxxxxxxxxxxxxxxx"},
            "OMISE_SECRET_KEY",
        ),
        (TEST_KEYS | {"OMISE_PUBLIC_KEY": ""}, "OMISE_PUBLIC_KEY"),
        (TEST_KEYS | {"OMISE_SECRET_KEY": "pkey_test_5xyz"}, "OMISE_SECRET_KEY"),
        (TEST_KEYS | {"OMISE_PUBLIC_KEY": "skey_test_5xyz"}, "OMISE_PUBLIC_KEY"),
        (TEST_KEYS | {"OMISE_PUBLIC_KEY": "pkey_5xyz"}, "both test or both live"),
        (TEST_KEYS | {"FLASK_SECRET_KEY": "xxxxxxxxxx"}, "FLASK_SECRET_KEY"),
        (TEST_KEYS | {"FLASK_SECRET_KEY": None}, "FLASK_SECRET_KEY"),
        (TEST_KEYS | {"STORE_LOCALE": "en_TH"}, "STORE_LOCALE"),
        (TEST_KEYS | {"STORE_LOCALE": "nonsense"}, "STORE_LOCALE"),
        (TEST_KEYS | {"STORE_LOCALE": ""}, "STORE_LOCALE"),
        (TEST_KEYS | {"STORE_CURRENCY": "XYZ"}, "STORE_CURRENCY"),
        (TEST_KEYS | {"OMISE_API_VERSION": "2014-07-27"}, "OMISE_API_VERSION"),
        (TEST_KEYS | {"OMISE_READ_TIMEOUT": "-1"}, "OMISE_READ_TIMEOUT"),
        (TEST_KEYS | {"OMISE_READ_TIMEOUT": "soon"}, "OMISE_READ_TIMEOUT"),
        (TEST_KEYS | {"OMISE_CONNECT_TIMEOUT": "0"}, "OMISE_CONNECT_TIMEOUT"),
        # C3: together below what a server and a sweep allow a request.
        (TEST_KEYS | {"OMISE_READ_TIMEOUT": "28"}, "OMISE_READ_TIMEOUT"),
        (TEST_KEYS | {"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES"),
        (TEST_KEYS | {"AUTO_CAPTURE": "maybe"}, "AUTO_CAPTURE"),
        (TEST_KEYS | {"OMISE_SANDBOX": "maybe"}, "OMISE_SANDBOX"),
        (TEST_KEYS | {"DEBUG": "maybe"}, "DEBUG"),
        (TEST_KEYS | {"PREFERRED_URL_SCHEME": "ftp"}, "PREFERRED_URL_SCHEME"),
        (TEST_KEYS | {"SERVER_NAME": "http://shop"}, "SERVER_NAME"),
        (TEST_KEYS | {"OMISE_API_BASE": "api.omise.co"}, "OMISE_API_BASE"),
        (LIVE_KEYS | {"DEBUG": "1"}, "live"),
        (LIVE_KEYS | {"FLASK_ENV": "development"}, "live"),
        (LIVE_KEYS | {"OMISE_SANDBOX": "on"}, "OMISE_SANDBOX"),
        (LIVE_KEYS | {"OMISE_WEBHOOK_SECRET": None}, "OMISE_WEBHOOK_SECRET"),
        (LIVE_KEYS | {"SERVER_NAME": None}, "SERVER_NAME"),
    ],
)
def test_nonsense_is_refused_by_name(tmp_path, said, named):
    """E12: live and test are never mixed; B8: no live shop without a webhook secret."""
    with pytest.raises(ConfigError) as refusal:
        settled(tmp_path, **said)
    assert named in refusal.value.message


def test_the_sandbox_keeps_one_generated_secret(tmp_path):
    first = settled(tmp_path, OMISE_SANDBOX="on")["SECRET_KEY"]
    assert len(first) == 64
    assert settled(tmp_path, OMISE_SANDBOX="on")["SECRET_KEY"] == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_old_secrets_stay_readable(tmp_path):
    """D8: SECRET_KEY_FALLBACKS."""
    config = settled(tmp_path, **TEST_KEYS, FLASK_SECRET_KEY_FALLBACKS="one, two")
    assert config["SECRET_KEY_FALLBACKS"] == ["one", "two"]


def test_postgres_urls_name_the_driver(tmp_path):
    config = settled(tmp_path, **TEST_KEYS, DATABASE_URL="postgres://shop@db/shop")
    assert config["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg://shop@db/shop"


def test_every_setting_is_in_env_example_and_explained():
    example = (ROOT / "env.example").read_text()
    source = (ROOT / "config.py").read_text()
    for key in re.findall(r'os\.environ\.get\("(\w+)"', source):
        lines = example.splitlines()
        said = [n for n, line in enumerate(lines) if f"export {key}=" in line]
        assert said, f"{key} is not in env.example"
    for key in re.findall(r"^(?:# )?export (\w+)=", example, re.MULTILINE):
        assert f'"{key}"' in source, f"{key} is not read"


@pytest.fixture
def start(tmp_path):
    """Run a command of the shop as a fresh checkout would, with a .env and settings."""
    for name in ("app.py", "config.py", "database.py", ".flaskenv", "gunicorn.conf.py"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    for name in ("store", "payment", "webhook", "sandbox"):
        (tmp_path / name).symlink_to(ROOT / name)

    def run(*command, env_file="", **settings):
        (tmp_path / ".env").write_text(env_file)
        kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env=kept | settings,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_flask_command_refuses_in_one_line(start):
    ended = start(
        "flask", "routes", OMISE_SECRET_KEY="skey_test_1", STORE_CURRENCY="XYZ"
    )
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    assert "STORE_CURRENCY" in ended.stderr


def test_a_verbatim_copy_of_env_example_runs_on_the_sandbox(start):
    ended = start("flask", "routes", env_file=(ROOT / "env.example").read_text())
    assert ended.returncode == 0, ended.stderr
    assert "checkout.charge" in ended.stdout


@pytest.mark.parametrize(
    ("name", "sandbox", "becomes"),
    [
        (None, "on", "localhost:5050"),
        ("localhost:5000", "on", "localhost:5050"),
        ("shop.example", "on", "shop.example"),
        ("localhost:5000", "off", "localhost:5000"),
    ],
)
def test_the_port_of_flask_run_is_the_sandbox_s_too(tmp_path, name, sandbox, becomes):
    keys = {} if sandbox == "on" else TEST_KEYS
    command = click.Command("run", params=[click.Option(["--port"], type=int)])
    with command.make_context("run", ["--port", "5050"]):
        config = settled(tmp_path, **keys, SERVER_NAME=name, OMISE_SANDBOX=sandbox)
    assert config["SERVER_NAME"] == becomes


def test_production_refuses_a_verbatim_copy_by_name(start):
    example = (ROOT / "env.example").read_text()
    ended = start("gunicorn", "-b", "127.0.0.1:0", "app:create_app()", env_file=example)
    assert ended.returncode != 0
    assert "OMISE_SECRET_KEY is not set" in ended.stderr
    assert "Traceback" not in ended.stderr
