"""Settings: which Omise is spoken to, and what is refused at start, in one sentence."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.cli import FlaskGroup, run_command
from rig import free_port

import config
import payment.settings
import sandbox
from config import Config, ConfigError
from payment.orders.transaction import Book
from payment.settings import SettingError

ROOT = Path(__file__).parent.parent
FRONT = (
    "app.py",
    "config.py",
    "security.py",
    "reports.py",
    "addresses.py",
    "packing.py",
    "logs.py",
    "gunicorn.conf.py",
)
HTTPS = {"PREFERRED_URL_SCHEME": "https"}
LONG = "Zu7-kQ2w_9sLr4Tb0XyHn6VdMf3Pc8Ja"
TEST_KEYS = {
    "OMISE_SECRET_KEY": "skey_test_5xyz",
    "OMISE_PUBLIC_KEY": "pkey_test_5xyz",
    "FLASK_SECRET_KEY": "something long",
}
LIVE_KEYS = {
    "OMISE_SECRET_KEY": "skey_5xyz",
    "OMISE_PUBLIC_KEY": "pkey_5xyz",
    "FLASK_SECRET_KEY": LONG,
    "OMISE_WEBHOOK_SECRET": "Zm91ciBhbmQgdHdlbnR5IGJ5dGVzIQ==",
    "PREFERRED_URL_SCHEME": "https",
    "SERVER_NAME": "shop.example",
}
BOOK = "postgresql://shop@db/shop"


def checked(instance, **said):
    """Give the settings that a shop runs on; raises what keeps it from starting."""
    app = Flask("shop", instance_path=str(instance))
    app.config.from_object(type("Said", (Config,), said))
    config.check(app)
    if not app.config["OMISE_SANDBOX"]:
        payment.settings.check(app)
    return app.config


def refused(instance, **said):
    """Say why a shop does not start."""
    with pytest.raises((ConfigError, SettingError)) as refusal:
        checked(instance, **said)
    assert "\n" not in refusal.value.message
    return refusal.value.message


@pytest.mark.parametrize("sandbox", ["on", "auto", "exposed"])
def test_no_keys_and_sandbox_on_is_the_sandbox(tmp_path, sandbox):
    assert checked(tmp_path, OMISE_SANDBOX=sandbox)["OMISE_SANDBOX"] is True


@pytest.mark.parametrize("sandbox", ["on", "auto", "off", "exposed"])
def test_test_keys_are_the_real_omise(tmp_path, sandbox):
    settings = checked(tmp_path, **TEST_KEYS, OMISE_SANDBOX=sandbox)
    assert settings["OMISE_SANDBOX"] is False
    assert settings["OMISE_API_BASE"] == "https://api.omise.co/"
    assert settings["OMISE_VAULT_BASE"] == "https://vault.omise.co/"


@pytest.mark.parametrize("sandbox", ["off", "auto"])
def test_live_keys_are_the_real_omise_under_the_flask_command_too(tmp_path, sandbox):
    settings = checked(tmp_path, **LIVE_KEYS, OMISE_SANDBOX=sandbox)
    assert settings["OMISE_SANDBOX"] is False


def test_the_vault_of_another_api_is_there_too(tmp_path):
    base = "http://127.0.0.1:9"
    settings = checked(tmp_path, **TEST_KEYS, OMISE_API_BASE=base)
    # The SDK joins paths with urljoin, which drops what follows the last slash.
    assert settings["OMISE_API_BASE"] == settings["OMISE_VAULT_BASE"] == f"{base}/"


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
        (TEST_KEYS | {"FLASK_ENV": "developement"}, "FLASK_ENV"),
        (TEST_KEYS | {"PREFERRED_URL_SCHEME": "ftp"}, "PREFERRED_URL_SCHEME"),
        (TEST_KEYS | {"SECURITY_CONTACT": "me@shop.example"}, "SECURITY_CONTACT"),
        (TEST_KEYS | {"SECURITY_CONTACT": "http://shop.example"}, "SECURITY_CONTACT"),
        (TEST_KEYS | {"SECURITY_CONTACT": "https://a.b/\nX: y"}, "SECURITY_CONTACT"),
        (TEST_KEYS | {"SERVER_NAME": "http://shop"}, "SERVER_NAME"),
        (TEST_KEYS | {"SERVER_NAME": "localhost:99999"}, "SERVER_NAME"),
        (TEST_KEYS | {"OMISE_API_BASE": "api.omise.co"}, "OMISE_API_BASE"),
        (TEST_KEYS | {"OMISE_VAULT_BASE": "vault"}, "OMISE_VAULT_BASE"),
        (TEST_KEYS | {"OMISE_JS_URL": "omise.js"}, "OMISE_JS_URL"),
        # B19: nothing that could be guessed, or is not what the dashboard shows.
        (TEST_KEYS | {"OMISE_WEBHOOK_SECRET": "not base64!"}, "OMISE_WEBHOOK_SECRET"),
        (TEST_KEYS | {"OMISE_WEBHOOK_SECRET": "c2VjcmV0!"}, "OMISE_WEBHOOK_SECRET"),
        (TEST_KEYS | {"OMISE_WEBHOOK_SECRET": "c2VjcmV"}, "OMISE_WEBHOOK_SECRET"),
        (TEST_KEYS | {"OMISE_WEBHOOK_SECRET": "AAAA"}, "OMISE_WEBHOOK_SECRET"),
        (TEST_KEYS | {"OMISE_WEBHOOK_SECRET": "c2VjcmV0,?"}, "OMISE_WEBHOOK_SECRET"),
        # E20: a pattern that is too wide trusts strangers.
        (TEST_KEYS | {"TRUSTED_HOSTS": "*"}, "TRUSTED_HOSTS"),
        (TEST_KEYS | {"TRUSTED_HOSTS": "*.example"}, "TRUSTED_HOSTS"),
        (TEST_KEYS | {"TRUSTED_HOSTS": "shop.example, .example"}, "TRUSTED_HOSTS"),
        (TEST_KEYS | {"TRUSTED_HOSTS": "com"}, "TRUSTED_HOSTS"),
        (TEST_KEYS | {"TRUSTED_HOSTS": ".co.th"}, "TRUSTED_HOSTS"),
        (TEST_KEYS | {"TRUSTED_HOSTS": ".com.sg"}, "TRUSTED_HOSTS"),
        # E6: the address would be what anybody writes.
        (TEST_KEYS | {"TRUSTED_PROXIES": "6"}, "TRUSTED_PROXIES"),
        (TEST_KEYS | {"TRUSTED_PROXIES": "99"}, "TRUSTED_PROXIES"),
    ],
)
def test_nonsense_is_refused_by_name(tmp_path, said, named):
    """E12: live and test are never mixed."""
    assert named in refused(tmp_path, **said)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"DEBUG": "1"}, "FLASK_DEBUG"),
        ({"FLASK_ENV": "development"}, "FLASK_ENV"),
        ({"OMISE_SANDBOX": "on"}, "OMISE_SANDBOX"),
        ({"OMISE_SANDBOX": "exposed"}, "OMISE_SANDBOX"),
        ({"OMISE_WEBHOOK_SECRET": None}, "OMISE_WEBHOOK_SECRET"),
        ({"SERVER_NAME": None}, "SERVER_NAME"),
        ({"SERVER_NAME": "localhost:5000"}, "SERVER_NAME"),
        ({"SERVER_NAME": "127.0.0.1"}, "SERVER_NAME"),
        ({"SERVER_NAME": "127.0.0.2"}, "SERVER_NAME"),
        ({"SERVER_NAME": "127.1"}, "SERVER_NAME"),
        ({"SERVER_NAME": "LOCALHOST"}, "SERVER_NAME"),
        ({"SERVER_NAME": "shop.localhost"}, "SERVER_NAME"),
        ({"SERVER_NAME": "localhost."}, "SERVER_NAME"),
        ({"SERVER_NAME": "192.168.1.20"}, "SERVER_NAME"),
        ({"SERVER_NAME": "shop"}, "SERVER_NAME"),
        ({"TRUSTED_HOSTS": ".other.example"}, "TRUSTED_HOSTS"),
        ({"PREFERRED_URL_SCHEME": "http"}, "PREFERRED_URL_SCHEME"),
        ({"FLASK_SECRET_KEY": LONG[:31]}, "FLASK_SECRET_KEY"),
        ({"FLASK_SECRET_KEY": "123456789" * 4}, "FLASK_SECRET_KEY"),
        ({"FLASK_SECRET_KEY_FALLBACKS": "a"}, "FLASK_SECRET_KEY_FALLBACKS"),
        ({"FLASK_SECRET_KEY_FALLBACKS": f"{LONG},b"}, "FLASK_SECRET_KEY_FALLBACKS"),
        ({"OMISE_WEBHOOK_SECRET": "MTIzNDU2Nzg5MDEyMzQ1"}, "OMISE_WEBHOOK_SECRET"),
        ({"OMISE_WEBHOOK_SECRET": "QUFBQUFBQUFBQUFBQUFBQQ=="}, "OMISE_WEBHOOK_SECRET"),
        ({"OMISE_API_BASE": "http://api.omise.co/"}, "OMISE_API_BASE"),
        ({"OMISE_VAULT_BASE": "http://vault.omise.co/"}, "OMISE_VAULT_BASE"),
        ({"OMISE_JS_URL": "http://cdn.omise.co/omise.js"}, "OMISE_JS_URL"),
        ({"OMISE_JS_URL": "https://omise.co.example/omise.js"}, "OMISE_JS_URL"),
        ({"OMISE_API_BASE": "https://evilomise.co/"}, "OMISE_API_BASE"),
        ({"OMISE_VAULT_BASE": "https://vault.example/"}, "OMISE_VAULT_BASE"),
    ],
)
def test_live_keys_refuse_what_a_bank_would(tmp_path, said, named):
    """E20, E12; B8: no live shop without a webhook secret. With test keys all of it is allowed, but
    for http under a name that others reach."""
    why = refused(tmp_path, **LIVE_KEYS | said)
    assert named in why
    if said == {"PREFERRED_URL_SCHEME": "http"}:
        assert "http is for this machine alone" in why
        return
    assert "live" in why
    keys = {key: TEST_KEYS[key] for key in ("OMISE_SECRET_KEY", "OMISE_PUBLIC_KEY")}
    assert checked(tmp_path, **LIVE_KEYS | keys | said)["OMISE_SANDBOX"] is False


@pytest.mark.parametrize(
    "said",
    [
        {"SERVER_NAME": "8.8.8.8"},
        {"SERVER_NAME": "shop.bakery.co.th", "TRUSTED_HOSTS": ".bakery.co.th"},
        {"SERVER_NAME": "a.fb.me", "TRUSTED_HOSTS": "fb.me"},
        {"TRUSTED_HOSTS": "www.shop.example,other.example"},
        {"TRUSTED_PROXIES": "3"},
    ],
)
def test_live_keys_take_what_a_shop_may_have(tmp_path, said):
    """E20."""
    assert checked(tmp_path, **LIVE_KEYS | said)["OMISE_SANDBOX"] is False


@pytest.mark.parametrize("sandbox", ["on", "auto"])
@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"SERVER_NAME": "shop.example"}, "SERVER_NAME"),
        ({"SERVER_NAME": "localhost.example"}, "SERVER_NAME"),
        ({"PREFERRED_URL_SCHEME": "https"}, "PREFERRED_URL_SCHEME"),
    ],
)
def test_a_sandbox_that_strangers_could_pay_with_is_refused(
    tmp_path, said, named, sandbox
):
    """E19: unless it was said by a word of its own."""
    why = refused(tmp_path, **said, OMISE_SANDBOX=sandbox)
    assert named in why
    assert "OMISE_SECRET_KEY" in why
    assert "OMISE_SANDBOX=exposed" in why
    assert checked(tmp_path, **said, OMISE_SANDBOX="exposed")["OMISE_SANDBOX"] is True


@pytest.mark.parametrize(
    ("address", "near"),
    [
        (("127.0.0.1", 8000), True),
        (("127.0.0.2", 8000), True),
        (("localhost", 8000), True),
        (("::1", 8000), True),
        (None, True),
        (("0.0.0.0", 8000), False),
        (("", 8000), False),
        (("::", 8000), False),
        (("192.168.1.20", 8000), False),
        (("127.example", 8000), False),
        ("/run/shop.sock", False),
    ],
)
def test_a_sandbox_whose_server_listens_to_others_is_refused(tmp_path, address, near):
    """E19."""
    config.check_listening(checked(tmp_path, OMISE_SANDBOX="exposed"), [address])
    config.check_listening(checked(tmp_path, **TEST_KEYS), [address])
    settings = checked(tmp_path, OMISE_SANDBOX="on")
    if near:
        config.check_listening(settings, [address])
        return
    with pytest.raises(ConfigError, match="OMISE_SANDBOX=exposed") as refusal:
        config.check_listening(settings, [("127.0.0.1", 8000), address])
    assert "\n" not in refusal.value.message


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("OMISE_SECRET_KEY", sandbox.SECRET_KEY),
        ("OMISE_PUBLIC_KEY", sandbox.PUBLIC_KEY),
        ("OMISE_WEBHOOK_SECRET", sandbox.WEBHOOK_SECRET),
        ("OMISE_WEBHOOK_SECRET", f"c2VjcmV0c2U=, {sandbox.WEBHOOK_SECRET}"),
    ],
)
def test_what_opens_every_sandbox_opens_nothing_else(tmp_path, key, value):
    """E19: it is printed in a README."""
    said = TEST_KEYS | {key: value}
    for base in (Config.OMISE_API_BASE, "http://localhost.example/"):
        why = refused(tmp_path, **said, OMISE_API_BASE=base)
        assert f"{key} is the sandbox's" in why
    for base in ("http://localhost:5001/", "http://127.0.0.1:5001/", "http://[::1]:5/"):
        assert checked(tmp_path, **said, OMISE_API_BASE=base)[key]


def test_a_book_that_was_named_is_never_swapped_for_the_sandbox_s(tmp_path):
    """E19, F5: `auto` would pay a real shop's orders with play money."""
    why = refused(tmp_path, OMISE_SANDBOX="auto", DATABASE_URL=BOOK)
    assert "DATABASE_URL" in why
    assert "OMISE_SECRET_KEY" in why
    said = {"OMISE_SANDBOX": "on", "DATABASE_URL": BOOK}
    assert checked(tmp_path, **said)["OMISE_SANDBOX"] is True


def test_a_command_is_never_led_from_the_own_keys_book_to_the_sandbox(tmp_path):
    """F5: `flask payment list` without the keys must not show an empty sandbox."""
    with a_command():
        assert checked(tmp_path, OMISE_SANDBOX="auto")["OMISE_SANDBOX"] is True
    (tmp_path / "shop.sqlite3").touch()
    assert checked(tmp_path, OMISE_SANDBOX="auto")["OMISE_SANDBOX"] is True
    with a_command():
        why = refused(tmp_path, OMISE_SANDBOX="auto")
        assert str(tmp_path / "shop.sqlite3") in why
        assert checked(tmp_path, OMISE_SANDBOX="on")["OMISE_SANDBOX"] is True


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    """F4."""
    (tmp_path / "file").touch()
    why = refused(tmp_path / "file" / "instance", OMISE_SANDBOX="on")
    assert str(tmp_path / "file" / "instance") in why


def test_the_sandbox_keeps_one_generated_secret(tmp_path):
    first = checked(tmp_path, OMISE_SANDBOX="on")["SECRET_KEY"]
    assert len(first) == 64
    assert checked(tmp_path, OMISE_SANDBOX="on")["SECRET_KEY"] == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_starts_at_the_same_moment_keep_the_same_secret(tmp_path):
    """F3: a key that is half written is read by nobody."""
    with ThreadPoolExecutor(8) as crowd:
        starts = [crowd.submit(checked, tmp_path, OMISE_SANDBOX="on") for _ in range(8)]
    keys = {one.result()["SECRET_KEY"] for one in starts}
    assert [len(key) for key in keys] == [64]
    assert [one.name for one in tmp_path.iterdir()] == ["secret_key"]


def test_old_secrets_stay_readable(tmp_path):
    """D8: SECRET_KEY_FALLBACKS."""
    settings = checked(tmp_path, **TEST_KEYS, FLASK_SECRET_KEY_FALLBACKS="one, two")
    assert settings["SECRET_KEY_FALLBACKS"] == ["one", "two"]


def test_empty_parts_of_the_webhook_secret_are_dropped(tmp_path):
    """B19: an empty one would be known to everybody."""
    said = TEST_KEYS | {"OMISE_WEBHOOK_SECRET": " c2VjcmV0, ,b3RoZXJz,"}
    assert checked(tmp_path, **said)["OMISE_WEBHOOK_SECRET"] == "c2VjcmV0,b3RoZXJz"
    said = TEST_KEYS | {"OMISE_WEBHOOK_SECRET": " , "}
    assert checked(tmp_path, **said)["OMISE_WEBHOOK_SECRET"] is None


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgres_urls_name_the_driver(tmp_path, scheme):
    book = Book(None, f"{scheme}://shop:word@db/shop", tmp_path / "unused")
    assert book.engine.url.drivername == "postgresql+psycopg"
    assert book.name() == "postgresql+psycopg://shop:***@db/shop"
    assert not book.embedded


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///:memory:", "sqlite:///file:shop?mode=memory&uri=true"],
)
def test_a_book_in_memory_is_refused(tmp_path, url):
    """F4: it would keep no order."""
    with pytest.raises(SettingError, match="^DATABASE_URL names a book in memory"):
        Book(None, url, tmp_path / "unused")


@pytest.mark.parametrize("url", ["nonsense", "mysql://shop@db/shop", "sqlite+no:///x"])
def test_a_book_of_another_kind_is_refused_by_name(tmp_path, url):
    """F4."""
    with pytest.raises(SettingError, match="^DATABASE_URL must be like sqlite:"):
        Book(None, url, tmp_path / "unused")


def test_a_book_that_cannot_be_made_is_refused_by_name(tmp_path):
    """F4: DATABASE_URL is the way out."""
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match="DATABASE_URL"):
        Book(None, f"sqlite:///{tmp_path}/file/shop.sqlite3", tmp_path / "unused")
    with pytest.raises(SettingError, match="DATABASE_URL"):
        Book(None, None, tmp_path / "file" / "shop.sqlite3")


def test_the_embedded_book_is_made_for_its_owner_alone(tmp_path):
    """E22: orders name people."""
    file = tmp_path / "instance" / "shop.sqlite3"
    assert Book(None, None, file).embedded
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("was", "becomes"), [(0o644, 0o600), (0o666, 0o660), (0o660, 0o660), (0o600, 0o600)]
)
def test_a_book_that_was_open_to_all_is_closed(tmp_path, was, becomes):
    """E22: with its log; a group that may write was let in on purpose."""
    file = tmp_path / "shop.sqlite3"
    files = [file, tmp_path / "shop.sqlite3-wal", tmp_path / "shop.sqlite3-shm"]
    for one in files:
        one.touch()
        one.chmod(was)
    Book(None, f"sqlite:///{file}", tmp_path / "unused")
    assert {one.stat().st_mode & 0o777 for one in files} == {becomes}


def test_what_sqlite_keeps_beside_the_book_is_for_its_owner_alone(tmp_path):
    """E22: it holds what was written last."""
    file = tmp_path / "shop.sqlite3"
    book = Book(None, None, file)
    with book.engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE one (two)")
        modes = {one.name: one.stat().st_mode & 0o777 for one in tmp_path.iterdir()}
    assert modes == {f"{file.name}{more}": 0o600 for more in ("", "-wal", "-shm")}
    book.close()


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
    for name in (*FRONT, ".flaskenv"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    for name in ("store", "payment", "webhook", "sandbox"):
        (tmp_path / name).symlink_to(ROOT / name)

    def run(*command, env_file="", **settings):
        (tmp_path / ".env").write_text(env_file)
        kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        return subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env=kept | settings,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_flask_command_refuses_in_one_line(start):
    ended = start(
        "-m", "flask", "routes", OMISE_SECRET_KEY="skey_test_1", STORE_CURRENCY="XYZ"
    )
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    assert "STORE_CURRENCY" in ended.stderr


def test_a_verbatim_copy_of_env_example_runs_on_the_sandbox(start):
    ended = start("-m", "flask", "routes", env_file=(ROOT / "env.example").read_text())
    assert ended.returncode == 0, ended.stderr
    assert "checkout.charge" in ended.stdout


def flask_run(*options):
    """Stand where `flask run` with these options loads the app."""
    return run_command.make_context("run", list(options))


def a_command():
    """Stand where the app is loaded for a command such as `flask payment list`."""
    return FlaskGroup("flask").make_context("flask", ["payment", "list"])


@pytest.mark.parametrize(
    ("name", "keys", "becomes"),
    [
        (None, {}, "localhost:5050"),
        ("localhost:5000", {}, "localhost:5050"),
        ("127.0.0.1:5000", {}, "127.0.0.1:5050"),
        (None, TEST_KEYS, "localhost:5050"),
        ("localhost:5000", TEST_KEYS, "localhost:5050"),
        ("shop.example", TEST_KEYS | HTTPS, "shop.example"),
        ("shop.example:5000", TEST_KEYS | HTTPS, "shop.example:5000"),
    ],
)
def test_the_port_of_flask_run_is_the_shop_s_too(tmp_path, name, keys, becomes):
    """F6: on this machine it is where the shop is, whatever env.example says."""
    with flask_run("--port", "5050"):
        settings = checked(tmp_path, **keys, SERVER_NAME=name, OMISE_SANDBOX="auto")
    assert settings["SERVER_NAME"] == becomes
    assert settings["TRUSTED_HOSTS"][0] == becomes.split(":")[0]


@pytest.mark.parametrize(
    ("name", "becomes"),
    [(None, "localhost:5000"), ("localhost:5001", "localhost:5001")],
)
@pytest.mark.parametrize("keys", [{}, TEST_KEYS], ids=["sandbox", "keys"])
def test_a_port_that_nobody_typed_moves_nothing(tmp_path, name, becomes, keys):
    """F6: `flask run` has a port by default too."""
    with flask_run():
        settings = checked(tmp_path, **keys, SERVER_NAME=name, OMISE_SANDBOX="auto")
    assert settings["SERVER_NAME"] == becomes


def test_the_port_may_be_typed_into_the_environment(tmp_path, monkeypatch):
    """F6: FLASK_RUN_PORT."""
    monkeypatch.setenv("FLASK_RUN_PORT", "5050")
    with run_command.make_context("run", [], auto_envvar_prefix="FLASK_RUN"):
        settings = checked(tmp_path, **TEST_KEYS, SERVER_NAME="localhost:5000")
    assert settings["SERVER_NAME"] == "localhost:5050"


@pytest.fixture
def from_env_file(monkeypatch):
    """Let .env hold the SERVER_NAME of env.example, so that it is not typed."""
    monkeypatch.setattr(config, "ENV_FILE", {"SERVER_NAME": "localhost:5000"})


def test_commands_find_the_sandbox_where_flask_run_put_it(tmp_path, from_env_file):
    """F6: `flask run --port 5050` in one terminal, `flask payment sweep` in another."""
    said = {"OMISE_SANDBOX": "on", "SERVER_NAME": "localhost:5000"}
    with a_command():
        assert checked(tmp_path, **said)["SERVER_NAME"] == "localhost:5000"
    (tmp_path / "sandbox-address").write_text("localhost:5050")
    with a_command():
        assert checked(tmp_path, **said)["SERVER_NAME"] == "localhost:5050"
        real = checked(tmp_path, **TEST_KEYS, SERVER_NAME="localhost:5000")
    assert real["SERVER_NAME"] == "localhost:5000"
    assert checked(tmp_path, **said)["SERVER_NAME"] == "localhost:5000"


def test_a_name_that_was_typed_wins_over_where_the_sandbox_was_last_run(
    tmp_path, from_env_file
):
    """F6: SERVER_NAME=... flask payment sweep."""
    (tmp_path / "sandbox-address").write_text("localhost:5050")
    with a_command():
        said = checked(tmp_path, OMISE_SANDBOX="on", SERVER_NAME="localhost:5001")
    assert said["SERVER_NAME"] == "localhost:5001"


@pytest.mark.parametrize("sandbox", ["on", "auto"])
def test_commands_find_an_exposed_sandbox(tmp_path, sandbox):
    """F6: after a session with a phone; it is nobody else's word that exposes it."""
    (tmp_path / "sandbox-address").write_text("192.168.1.20:5000 exposed")
    with a_command():
        said = checked(tmp_path, OMISE_SANDBOX=sandbox)
    assert said["SERVER_NAME"] == "192.168.1.20:5000"
    assert said["OMISE_SANDBOX"] is True
    assert checked(tmp_path, OMISE_SANDBOX=sandbox)["SANDBOX_EXPOSED"] is False


@pytest.mark.parametrize(
    "garbage",
    [b"", b"localhost:99999", b"<html>", b"localhost wide", b"\xff\xfe", None],
    ids=repr,
)
def test_a_file_that_tells_no_address_is_named(tmp_path, garbage):
    path = tmp_path / "sandbox-address"
    path.mkdir() if garbage is None else path.write_bytes(garbage)
    with a_command():
        why = refused(tmp_path, OMISE_SANDBOX="on")
    assert f"The file {path} does not tell where the sandbox" in why
    assert "delete it" in why


@pytest.mark.parametrize("held", [b"", b"\n", b"\xff\xfe", None], ids=repr)
def test_a_file_that_holds_no_secret_is_named(tmp_path, held):
    path = tmp_path / "secret_key"
    path.mkdir() if held is None else path.write_bytes(held)
    why = refused(tmp_path, OMISE_SANDBOX="on")
    assert f"The file {path}" in why
    assert "FLASK_SECRET_KEY" in why


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"OMISE_SECRET_KEY": "hello"}, "OMISE_SECRET_KEY must be a key that begins"),
        ({"OMISE_PUBLIC_KEY": "hello"}, "OMISE_PUBLIC_KEY must be a key that begins"),
        ({"OMISE_SECRET_KEY": "skey_5xyz"}, "must be both test or both live"),
        ({"OMISE_PUBLIC_KEY": "pkey_5xyz"}, "must be both test or both live"),
    ],
)
@pytest.mark.parametrize("name", [None, "localhost:5000", "shop.example"])
def test_keys_are_looked_at_before_anything_is_concluded_from_them(
    tmp_path, said, named, name
):
    """E12: a word that is no key is not live."""
    assert named in refused(tmp_path, **TEST_KEYS | said, SERVER_NAME=name)


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_port_that_is_none_is_named(tmp_path, port):
    with flask_run("--port", port):
        assert "--port must be" in refused(tmp_path, OMISE_SANDBOX="on")
    with flask_run("--port", "5050"):
        said = {"OMISE_SANDBOX": "on", "SERVER_NAME": "localhost:99999"}
        assert "SERVER_NAME must be" in refused(tmp_path, **said)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"OMISE_SANDBOX": "on"}, "Sandbox dashboard: http://localhost:5050/sandbox/"),
        (TEST_KEYS, "Omise: test keys at https://api.omise.co/"),
        (LIVE_KEYS, "Omise: live keys at https://api.omise.co/"),
    ],
    ids=["sandbox", "test", "live"],
)
def test_flask_run_says_which_omise_it_speaks_to(tmp_path, capsys, said, told):
    """F5."""
    app = Flask("shop", instance_path=str(tmp_path))
    app.config.from_object(type("Said", (Config,), said))
    port = free_port()
    with flask_run("--port", str(port)):
        config.check(app)
        config.announce(app)
    assert told.replace("5050", str(port)) in capsys.readouterr().out
    config.announce(app)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("said", "debug"),
    [
        ({"FLASK_ENV": "development"}, "1"),
        ({"FLASK_ENV": "development", "FLASK_DEBUG": "0"}, "0"),
        ({"FLASK_ENV": "production"}, "None"),
        ({}, "None"),
    ],
    ids=repr,
)
def test_flask_env_still_means_what_it_meant(start, said, debug):
    """F1: the tutorial's setting switches the `flask` command's debugger on."""
    asked = "import config, os; print(os.environ.get('FLASK_DEBUG'))"
    assert start("-c", asked, **said).stdout.strip() == debug


def test_production_refuses_a_verbatim_copy_by_name(start):
    example = (ROOT / "env.example").read_text()
    ended = start(
        "-m", "gunicorn", "-b", "127.0.0.1:0", "app:create_app()", env_file=example
    )
    assert ended.returncode != 0
    assert "OMISE_SECRET_KEY is not set" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_env_file_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    """F4: as an editor of another system may have saved it."""
    path = tmp_path / ".env"
    monkeypatch.setattr(config, "__file__", str(tmp_path / "config.py"))
    monkeypatch.delenv("PYTHON_DOTENV_DISABLED")
    path.write_bytes("A=1".encode("utf-16"))
    with pytest.raises(ConfigError, match="UTF-8") as refusal:
        config._read_env_file()
    assert str(path) in refusal.value.message


SENDER = {"MAIL_FROM": "Little Monsoon <shop@shop.example>"}


@pytest.mark.parametrize(
    ("said", "server"),
    [
        ("mail.shop.example:587", "smtp://mail.shop.example:587"),
        ("localhost", "smtp://localhost"),
        ("smtps://a:b%40c@mail.shop.example", "smtps://a:b%40c@mail.shop.example"),
        ("terminal", "terminal"),
        ("off", ""),
        ("", ""),
    ],
)
def test_a_mail_server_is_taken_as_it_is_written(tmp_path, said, server):
    got = checked(tmp_path, **TEST_KEYS, **SENDER, MAIL_SERVER=said)
    assert got["MAIL_SERVER"] == server


def test_a_shop_of_the_sandbox_shows_its_mails_and_one_with_keys_sends_none(tmp_path):
    assert checked(tmp_path, OMISE_SANDBOX="on")["MAIL_SERVER"] == "terminal"
    assert checked(tmp_path, OMISE_SANDBOX="on", MAIL_SERVER="off")["MAIL_SERVER"] == ""
    assert checked(tmp_path, **TEST_KEYS)["MAIL_SERVER"] == ""


@pytest.mark.parametrize(
    "server",
    [
        "https://secret@mail.shop.example",
        "smtp://",
        "smtp://secret@mail.shop.example:mail",
        "secret@mail.shop.example:99999",
        "smtp://mail.shop.example/secret",
        "smtp://mail.shop.example?secret",
    ],
)
def test_a_mail_server_that_is_none_is_refused_without_its_password(tmp_path, server):
    with pytest.raises(ConfigError, match="^MAIL_SERVER must be") as refusal:
        checked(tmp_path, **TEST_KEYS, **SENDER, MAIL_SERVER=server)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "shop",
        "Shop <shop@shop.example",
        "a@shop.example, b@shop.example",
        "Shop\r\nBcc: b@shop.example <shop@shop.example>",
    ],
)
def test_a_sender_that_is_none_is_refused(tmp_path, sender):
    with pytest.raises(ConfigError, match="^MAIL_FROM must be"):
        checked(tmp_path, **TEST_KEYS, MAIL_SERVER="localhost", MAIL_FROM=sender)
