"""First runs, from an empty folder: what starts, and the one sentence where it does not."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
import requests
from clone import KEYS, LIVE, Clone, only_line
from rig import Omise, free_port
from shopper import Shopper

from app import create_app
from config import Config

ROOT = Path(__file__).parent.parent
COMMANDS = [
    ("flask", "run", "--port", "0"),
    ("flask", "payment", "list"),
    ("gunicorn", "--check-config", "app:create_app()"),
]
# What a production server does before any worker starts.
START = ("gunicorn", "--bind", "127.0.0.1:0", "app:create_app()")
IDS = ["flask run", "flask payment list", "gunicorn"]


@pytest.fixture
def clone(tmp_path):
    """Give a fresh clone."""
    return Clone(tmp_path)


class Served:
    """What a Shopper needs to know of a shop that runs elsewhere."""

    def __init__(self, url):
        self.url, self.omise = url, Omise(f"{url}/sandbox/")


def test_the_sandbox_starts_with_nothing_and_can_be_bought_from(clone):
    """F1: README's first way."""
    port = free_port()
    url = f"http://localhost:{port}"
    with clone.running("flask", "run", "--port", str(port), url=url) as log:
        assert f"Shop: {url}/" in log.read_text()
        with Shopper(Served(url)) as shopper:
            shopper.adds()
            shopper.pays()
            assert shopper.state == "paid"
        listed = clone.run("flask", "payment", "list")
        assert listed.returncode == 0, listed.stderr
        assert shopper.order_id in listed.stdout
        assert "Omise: the sandbox" in listed.stderr
        # F6: the sandbox's address is kept where commands find it.
        swept = clone.run("flask", "payment", "sweep")
        assert swept.returncode == 0, swept.stderr
        assert f":{port}/sandbox/" in swept.stderr


@pytest.mark.parametrize("command", COMMANDS[1:], ids=IDS[1:])
def test_own_keys_start_in_a_fresh_clone(clone, command):
    """F1: README's second way; nothing of an earlier run is needed."""
    clone.settings(**KEYS)
    ended = clone.run(*command)
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    assert (clone.folder / "instance" / "shop.sqlite3").exists()


def test_own_keys_run_and_say_which_omise_and_where(clone):
    """F1, F5; and F6: on localhost the port that was typed is where banks send shoppers back to."""
    clone.settings(**KEYS)
    port = free_port()
    url = f"http://localhost:{port}"
    with clone.running("flask", "run", "--port", str(port), url=url) as log:
        assert f"Shop: {url}/  Omise: test keys at https://api.omise.co/" in (
            log.read_text()
        )


def test_development_switches_debug_on_as_it_did_in_the_tutorial(clone):
    clone.settings(**KEYS)
    assert "export FLASK_ENV=development" in (clone.folder / ".env").read_text()
    port = free_port()
    command = ("flask", "run", "--no-reload", "--port", str(port))
    with clone.running(*command, url=f"http://localhost:{port}") as log:
        assert "Debug mode: on" in log.read_text()


def test_production_refuses_a_verbatim_copy_by_name(clone):
    clone.settings()
    ended = clone.run(*START)
    assert ended.returncode != 0
    assert "OMISE_SECRET_KEY is not set" in only_line(ended.stderr)


def test_live_keys_start_with_what_they_need(clone):
    ended = clone.run("gunicorn", "--check-config", "app:create_app()", **LIVE)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    ("said", "named"),
    [
        # The two keys.
        (KEYS | {"OMISE_SECRET_KEY": ""}, "OMISE_SECRET_KEY"),
        (KEYS | {"OMISE_PUBLIC_KEY": ""}, "OMISE_PUBLIC_KEY"),
        (KEYS | {"OMISE_SECRET_KEY": KEYS["OMISE_PUBLIC_KEY"]}, "OMISE_SECRET_KEY"),
        (KEYS | {"OMISE_PUBLIC_KEY": KEYS["OMISE_SECRET_KEY"]}, "OMISE_PUBLIC_KEY"),
        (KEYS | {"OMISE_SECRET_KEY": "skey_test_with space"}, "OMISE_SECRET_KEY"),
        (KEYS | {"OMISE_PUBLIC_KEY": "pkey_5live"}, "both test or both live"),
        (KEYS | {"FLASK_SECRET_KEY": ""}, "FLASK_SECRET_KEY"),
        (KEYS | {"FLASK_SECRET_KEY": "xxxxxxxx"}, "FLASK_SECRET_KEY"),
        # Words and numbers.
        (KEYS | {"OMISE_API_VERSION": "2014-07-27"}, "OMISE_API_VERSION"),
        (KEYS | {"OMISE_API_VERSION": ""}, "OMISE_API_VERSION"),
        (KEYS | {"STORE_CURRENCY": "EUR"}, "STORE_CURRENCY"),
        (KEYS | {"STORE_CURRENCY": ""}, "STORE_CURRENCY"),
        (KEYS | {"STORE_LOCALE": "klingon"}, "STORE_LOCALE"),
        (KEYS | {"STORE_LOCALE": "en_TH"}, "STORE_LOCALE"),
        (KEYS | {"STORE_LOCALE": ""}, "STORE_LOCALE"),
        (KEYS | {"PREFERRED_URL_SCHEME": "ftp"}, "PREFERRED_URL_SCHEME"),
        (KEYS | {"AUTO_CAPTURE": "perhaps"}, "AUTO_CAPTURE"),
        (KEYS | {"FLASK_ENV": "developement"}, "FLASK_ENV"),
        (KEYS | {"FLASK_DEBUG": "perhaps"}, "DEBUG"),
        (KEYS | {"OMISE_SANDBOX": "perhaps"}, "OMISE_SANDBOX"),
        (KEYS | {"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES"),
        (KEYS | {"TRUSTED_PROXIES": "one"}, "TRUSTED_PROXIES"),
        (KEYS | {"TRUSTED_HOSTS": "*"}, "TRUSTED_HOSTS"),
        (KEYS | {"TRUSTED_HOSTS": "*.example"}, "TRUSTED_HOSTS"),
        (KEYS | {"TRUSTED_HOSTS": ".com"}, "TRUSTED_HOSTS"),
        (KEYS | {"OMISE_CONNECT_TIMEOUT": "0"}, "OMISE_CONNECT_TIMEOUT"),
        (KEYS | {"OMISE_CONNECT_TIMEOUT": "soon"}, "OMISE_CONNECT_TIMEOUT"),
        (KEYS | {"OMISE_READ_TIMEOUT": "28"}, "OMISE_READ_TIMEOUT"),
        (KEYS | {"OMISE_READ_TIMEOUT": "-1"}, "OMISE_READ_TIMEOUT"),
        (KEYS | {"OMISE_READ_TIMEOUT": "2.5"}, "OMISE_READ_TIMEOUT"),
        # Addresses.
        (KEYS | {"SERVER_NAME": "http://shop.example"}, "SERVER_NAME"),
        (KEYS | {"SERVER_NAME": "shop example"}, "SERVER_NAME"),
        (KEYS | {"SERVER_NAME": "shop.example/path"}, "SERVER_NAME"),
        (KEYS | {"OMISE_API_BASE": "api.omise.co"}, "OMISE_API_BASE"),
        (KEYS | {"OMISE_API_BASE": "https://"}, "OMISE_API_BASE"),
        (KEYS | {"OMISE_VAULT_BASE": "vault"}, "OMISE_VAULT_BASE"),
        (KEYS | {"OMISE_JS_URL": "//cdn.omise.co/omise.js"}, "OMISE_JS_URL"),
        # The order book.
        (KEYS | {"DATABASE_URL": "mysql://shop@localhost/shop"}, "DATABASE_URL"),
        (KEYS | {"DATABASE_URL": "not a url"}, "DATABASE_URL"),
        (KEYS | {"DATABASE_URL": "sqlite:////nowhere/at/all/shop.db"}, "/nowhere"),
        (
            KEYS | {"DATABASE_URL": "postgresql://shop@127.0.0.1:1/shop"},
            "DATABASE_URL",
        ),
        (KEYS | {"DATABASE_URL": "sqlite://"}, "DATABASE_URL names a book in memory"),
        (KEYS | {"DATABASE_URL": "sqlite:///empty.db"}, "flask payment upgrade"),
        # Webhooks.
        (KEYS | {"OMISE_WEBHOOK_SECRET": "not base64!"}, "OMISE_WEBHOOK_SECRET"),
        (KEYS | {"OMISE_WEBHOOK_SECRET": "YQ=="}, "OMISE_WEBHOOK_SECRET"),
        # Live.
        (LIVE | {"FLASK_ENV": "development"}, "FLASK_DEBUG"),
        (LIVE | {"FLASK_DEBUG": "1"}, "FLASK_DEBUG"),
        (LIVE | {"OMISE_SANDBOX": "on"}, "OMISE_SANDBOX"),
        (LIVE | {"OMISE_WEBHOOK_SECRET": ""}, "OMISE_WEBHOOK_SECRET"),
        (LIVE | {"SERVER_NAME": ""}, "SERVER_NAME"),
        (LIVE | {"SERVER_NAME": "localhost:5000"}, "SERVER_NAME"),
        (LIVE | {"PREFERRED_URL_SCHEME": "http"}, "PREFERRED_URL_SCHEME"),
        (LIVE | {"FLASK_SECRET_KEY": "a"}, "FLASK_SECRET_KEY"),
        (LIVE | {"FLASK_SECRET_KEY": "a" * 64}, "FLASK_SECRET_KEY"),
        (LIVE | {"OMISE_API_BASE": "http://api.omise.co/"}, "OMISE_API_BASE"),
        (LIVE | {"OMISE_JS_URL": "http://cdn.omise.co/omise.js"}, "OMISE_JS_URL"),
        # The sandbox where a real shop was meant.
        ({"OMISE_SANDBOX": "on", "SERVER_NAME": "shop.example"}, "exposed"),
        ({"OMISE_SANDBOX": "on", "PREFERRED_URL_SCHEME": "https"}, "exposed"),
        ({"OMISE_SANDBOX": "auto", "DATABASE_URL": "sqlite:///a.db"}, "DATABASE_URL"),
        ({"OMISE_SANDBOX": "off"}, "OMISE_SECRET_KEY"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_cannot_work_is_one_sentence(said, named, tmp_path, monkeypatch):
    """F4: for whatever loads the shop; click ends with code 1."""
    monkeypatch.chdir(tmp_path)
    nothing = dict.fromkeys(("OMISE_SECRET_KEY", "OMISE_PUBLIC_KEY", "SERVER_NAME"))
    said = {"DEBUG" if key == "FLASK_DEBUG" else key: said[key] for key in said}
    with pytest.raises(click.ClickException) as refused:
        create_app(type("Said", (Config,), nothing | said))
    assert refused.value.exit_code == 1
    assert named in refused.value.message
    assert "\n" not in refused.value.message


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_every_way_to_start_refuses_alike(clone, command):
    """F4: the server and the commands."""
    command = START if command[0] == "gunicorn" else command
    ended = clone.run(*command, **KEYS, DATABASE_URL="postgresql://a@127.0.0.1:1/b")
    assert ended.returncode != 0
    assert "127.0.0.1:1/b cannot be reached" in only_line(ended.stderr)


def test_a_start_that_fails_moves_nothing(clone):
    """F4, F6: a port that is taken is one sentence, before anybody is sent there; commands go on
    speaking to the shop that runs."""
    port = free_port()
    url = f"http://localhost:{port}"
    address = clone.folder / "instance" / "sandbox-address"
    with clone.running("flask", "run", "--port", str(port), url=url):
        assert address.read_text() == f"localhost:{port}"
        taken = clone.run("flask", "run", "--port", str(port))
        other = ("flask", "run", "--port", str(free_port()))
        odd = clone.run(*other, DATABASE_URL="sqlite://", OMISE_SANDBOX="on")
    for ended in (taken, odd):
        assert ended.returncode == 1
        assert "Shop:" not in ended.stdout
    said = only_line(taken.stderr)
    assert "of 127.0.0.1 (Address already in use): type another" in said
    assert "`flask run --port 5050`" in said
    assert "in memory" in only_line(odd.stderr)
    assert address.read_text() == f"localhost:{port}"


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("sandbox.sqlite3", "The sandbox's books"),
        ("sandbox-shop.sqlite3", "The order book"),
        ("secret_key", "The file"),
        ("sandbox-address", "The file"),
    ],
)
@pytest.mark.parametrize("held", ["damaged", "in the way"])
def test_what_cannot_be_used_in_the_instance_folder_is_named(clone, name, named, held):
    """F4: a folder where a file should be stands for one without rights, also for root."""
    path = clone.folder / "instance" / name
    path.parent.mkdir()
    if held == "in the way":
        path.mkdir()
    else:
        path.write_bytes(b"\xff\xfe" * 4096)
    if name == "sandbox-address":
        command = ("run", "--port", str(free_port()))
        command = command if held == "in the way" else ("payment", "list")
    else:
        command = ("routes",)
    ended = clone.run("flask", *command)
    assert ended.returncode == 1, ended.stdout
    said = only_line(ended.stderr)
    assert named in said
    assert str(path) in said


def test_a_webhook_secret_that_the_sandbox_cannot_take_is_one_sentence(clone):
    ended = clone.run("flask", "routes", OMISE_WEBHOOK_SECRET="notbase64!")
    assert ended.returncode == 1
    assert "OMISE_WEBHOOK_SECRET" in only_line(ended.stderr)


def test_gunicorn_s_port_is_the_shop_s(clone):
    """F6: where no SERVER_NAME is set, the shop's sandbox is where gunicorn listens."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ("gunicorn", "--bind", f"127.0.0.1:{port}", "app:create_app()")
    with clone.running(*command, url=url, OMISE_SANDBOX="on"):
        moved = requests.get(url, timeout=30, allow_redirects=False)
        assert moved.headers["Location"] == f"http://localhost:{port}/"


def test_a_sandbox_by_itself_leaves_the_shop_s_books_alone(clone):
    """Each would lead the other's webhook away."""
    port = free_port()
    url = f"http://localhost:{port}/"
    with clone.running("sandbox", "--port", str(port), url=url):
        books = {path.name for path in (clone.folder / "instance").glob("*.sqlite3")}
    assert books == {"sandbox-alone.sqlite3"}


@pytest.mark.parametrize("command", COMMANDS[:2], ids=IDS[:2])
def test_a_folder_that_cannot_be_made_is_one_sentence(clone, command):
    """F4: a file where instance/ should be stands for a folder without rights, also for root."""
    clone.settings(**KEYS)
    (clone.folder / "instance").write_text("in the way")
    ended = clone.run(*command)
    assert ended.returncode == 1, ended.stderr
    said = only_line(ended.stderr)
    assert "instance" in said
    assert "DATABASE_URL" in said


def test_commands_without_keys_never_speak_to_an_empty_sandbox(clone):
    """F5: where a real book lies, or one is named."""
    clone.settings(**KEYS)
    assert clone.run("flask", "payment", "list").returncode == 0
    (clone.folder / ".env").unlink()
    ended = clone.run("flask", "payment", "list")
    assert ended.returncode == 1
    assert "OMISE_SECRET_KEY is not set" in only_line(ended.stderr)
    listed = clone.run("flask", "payment", "list", OMISE_SANDBOX="on")
    assert listed.returncode == 0
    assert "the sandbox" in listed.stderr


def test_a_sweep_that_cannot_ask_ends_with_a_code(clone):
    """F5: keys that Omise refuses, and an Omise that is not there, are seen by cron."""
    port = free_port()
    url = f"http://localhost:{port}"
    said = KEYS | {"OMISE_API_BASE": f"http://127.0.0.1:{free_port()}/"}
    down = clone.run("flask", "payment", "sweep", **said)
    assert down.returncode == 1, down.stderr
    with clone.running("sandbox", "--port", str(port), url=f"{url}/dashboard/"):
        said = KEYS | {"OMISE_API_BASE": f"{url}/"}
        wrong = clone.run("flask", "payment", "sweep", **said)
    assert wrong.returncode == 1
    assert "authentication_failure" in only_line(wrong.stderr)


@pytest.mark.parametrize(
    ("command", "sandbox"),
    [
        (("flask", "run", "--host", "0.0.0.0", "--port", "0"), "auto"),
        (("gunicorn", "--bind", "0.0.0.0:0", "app:create_app()"), "auto"),
        (("gunicorn", "--bind", "unix:shop.sock", "app:create_app()"), "on"),
    ],
    ids=["flask run", "gunicorn", "gunicorn, socket"],
)
def test_a_sandbox_that_other_machines_would_reach_does_not_start(
    clone, command, sandbox
):
    """E19: its control surface asks for no key."""
    ended = clone.run(*command, OMISE_SANDBOX=sandbox)
    assert ended.returncode == 1
    assert "OMISE_SANDBOX=exposed" in only_line(ended.stderr)


def test_a_name_that_is_not_the_shop_s_leads_to_its_own(clone):
    """F6: 127.0.0.1 keeps the basket through the bank; another name is told what to set."""
    port = free_port()
    url = f"http://localhost:{port}"
    with clone.running("flask", "run", "--port", str(port), url=url) as log:
        moved = requests.get(
            f"http://127.0.0.1:{port}/cart?a=1", timeout=30, allow_redirects=False
        )
        assert (moved.status_code, moved.headers["Location"]) == (
            302,
            f"{url}/cart?a=1",
        )
        foreign = requests.get(url, headers={"Host": "192.168.1.5"}, timeout=30)
        assert foreign.status_code == 400
        assert "set SERVER_NAME" in foreign.text
        assert re.search("refused .*192.168.1.5.*TRUSTED_HOSTS", log.read_text())


def test_an_exposed_sandbox_serves_the_name_it_was_given(clone):
    """F6: a phone in the same network."""
    port = free_port()
    name = f"127.0.0.2:{port}"
    said = {"OMISE_SANDBOX": "exposed", "SERVER_NAME": name}
    command = ("flask", "run", "--host", "0.0.0.0", "--port", str(port))
    with (
        clone.running(*command, url=f"http://{name}/", **said),
        Shopper(Served(f"http://{name}")) as shopper,
    ):
        shopper.shop.omise.control("settings", three_d_secure=True)
        shopper.adds()
        shopper.pays()
        shopper.answers_bank("approve")
        assert shopper.page.url.startswith(f"http://{name}/orders/")
        assert shopper.state == "paid"


def test_an_older_python_is_told_so(tmp_path):
    """F2: in one sentence, whatever is not installed there."""
    source = (ROOT / "config.py").read_text()
    older = source.replace("sys.version_info < (3, 11)", "sys.version_info < (9, 0)")
    assert older != source
    (tmp_path / "config.py").write_text(older)
    ended = subprocess.run(
        [sys.executable, "-S", "-c", "import config"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode == 1
    assert "needs Python 3.11 or newer" in ended.stderr
    assert "Traceback" not in ended.stderr
    # Nothing else of ours is imported before it.
    assert re.search(r"^import config$", (ROOT / "app.py").read_text(), re.M)
