"""Every setting of the shop, from the environment, with its default and its meaning.

`Config` holds what was said; `check` turns it into what the shop runs on and refuses nonsense
with one sentence that names the key. What payments rest on, payment/settings.py checks.
env.example lists the same keys.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  whoever meets it has an older one
    sys.exit("The shop needs Python 3.11 or newer; this is " + sys.version.split()[0])

import os  # noqa: E402  the sentence above must come before anything that is not there
import re  # noqa: E402
import secrets  # noqa: E402
import socket  # noqa: E402
from pathlib import Path  # noqa: E402
from urllib.parse import urlsplit  # noqa: E402

import click  # noqa: E402
from click.core import ParameterSource  # noqa: E402
from dotenv import dotenv_values, load_dotenv  # noqa: E402
from flask.cli import FlaskGroup  # noqa: E402
from werkzeug.serving import is_running_from_reloader  # noqa: E402


class ConfigError(click.ClickException):
    """Raised when a setting keeps the shop from starting; one sentence that names it."""


def _read_env_file():
    """Let the environment have what .env says, and give it; what is set already stays.

    One from another system may begin with a byte order mark.
    """
    path = Path(__file__).with_name(".env")
    try:
        load_dotenv(path, encoding="utf-8-sig")
        return dotenv_values(path, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise ConfigError(
            f"The file {path} cannot be read ({why}): allow it, or save it as UTF-8."
        ) from error


ENV_FILE = _read_env_file()
# What FLASK_ENV meant to the `flask` command until Flask 2.3, it means here still.
if os.environ.get("FLASK_ENV") == "development":
    os.environ.setdefault("FLASK_DEBUG", "1")

CURRENCIES = ("THB", "JPY", "SGD", "MYR")
TRUE, FALSE = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}
# The names of this very machine.
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
# An address, after a name or alone.
_SENDER = r"[^<>@\r\n]+ <[^\s<>@,;]+@[^\s<>@,;]+>|[^\s<>@,;]+@[^\s<>@,;]+"
# More proxies in a row than anybody has: the address of who asks would be what they say it is.
MOST_PROXIES = 5
# What opens every sandbox (sandbox/keys.py), and so nothing else.
_PLAY = {
    "pkey_test_5sandbox00000000000",
    "skey_test_5sandbox00000000000",
    "c2FuZGJveC1zZWNyZXQ=",
}


class Config:
    """Say what the environment says; subclass it to say something else."""

    # The two keys of your Omise account (dashboard: Settings > Keys), both test or both live.
    OMISE_SECRET_KEY = os.environ.get("OMISE_SECRET_KEY")
    OMISE_PUBLIC_KEY = os.environ.get("OMISE_PUBLIC_KEY")
    # The API version that requests ask for: 2019-05-29 or 2017-11-02.
    OMISE_API_VERSION = os.environ.get("OMISE_API_VERSION", "2019-05-29")
    # Webhook secret (dashboard: Settings > Webhooks); two with a comma while you rotate it.
    OMISE_WEBHOOK_SECRET = os.environ.get("OMISE_WEBHOOK_SECRET")
    # Where Omise's API, vault and script are; only tests and experiments change these.
    OMISE_API_BASE = os.environ.get("OMISE_API_BASE", "https://api.omise.co/")
    OMISE_VAULT_BASE = os.environ.get("OMISE_VAULT_BASE")
    OMISE_JS_URL = os.environ.get("OMISE_JS_URL", "https://cdn.omise.co/omise.js")
    # An Omise on this machine: on, off, auto (only while no keys are set), or exposed (on, and
    # seen by others).
    OMISE_SANDBOX = os.environ.get("OMISE_SANDBOX", "off")
    # Signs the session cookie; old ones, comma-separated, stay readable while you rotate.
    FLASK_SECRET_KEY = os.environ.get("FLASK_SECRET_KEY")
    FLASK_SECRET_KEY_FALLBACKS = os.environ.get("FLASK_SECRET_KEY_FALLBACKS", "")
    # development switches debug on, as FLASK_DEBUG=1 does.
    FLASK_ENV = os.environ.get("FLASK_ENV", "production")
    DEBUG = os.environ.get("FLASK_DEBUG", "off")
    # The language of the shop, and how it writes prices and dates; auto: the browser's language,
    # and English for all others. Shoppers may choose another. Then the currency of every price.
    STORE_LOCALE = os.environ.get("STORE_LOCALE", "auto")
    STORE_CURRENCY = os.environ.get("STORE_CURRENCY", "THB")
    # The shop's own address, for the links that Omise and banks send shoppers back to.
    PREFERRED_URL_SCHEME = os.environ.get("PREFERRED_URL_SCHEME", "http")
    SERVER_NAME = os.environ.get("SERVER_NAME")
    # Host names that requests may carry besides SERVER_NAME's, comma-separated.
    TRUSTED_HOSTS = os.environ.get("TRUSTED_HOSTS", "localhost,127.0.0.1")
    # How many proxies of yours stand before the shop (0: none, X-Forwarded-* is ignored).
    TRUSTED_PROXIES = os.environ.get("TRUSTED_PROXIES", "0")
    # Where who finds a hole in the shop can write to: mailto:... or https://... (security.txt).
    SECURITY_CONTACT = os.environ.get("SECURITY_CONTACT")
    # The mail server for receipts: host:port, or smtp(s)://user:password@host:port; off, or
    # terminal, which shows them there as the sandbox's shop does. Whom they come from.
    MAIL_SERVER = os.environ.get("MAIL_SERVER")
    MAIL_FROM = os.environ.get("MAIL_FROM")
    # What the charges' metadata call this app, for who looks at them on the dashboard.
    PAYMENT_APP_NAME = os.environ.get("PAYMENT_APP_NAME", "Omise Flask")
    # off: cards are authorised at checkout and captured later; pre_auth: or a part of it.
    AUTO_CAPTURE = os.environ.get("AUTO_CAPTURE", "on")
    # How often cards may be tried, and how many orders of an address may wait, before a pause
    # (payment/orders/budgets.py): on or off.
    PAYMENT_BUDGETS = os.environ.get("PAYMENT_BUDGETS", "on")
    # The order book: any SQLite or PostgreSQL URL; without one, SQLite in instance/.
    DATABASE_URL = os.environ.get("DATABASE_URL")
    # Seconds to wait for a connection to Omise, and for its answer.
    OMISE_CONNECT_TIMEOUT = os.environ.get("OMISE_CONNECT_TIMEOUT", "3")
    OMISE_READ_TIMEOUT = os.environ.get("OMISE_READ_TIMEOUT", "25")


def check(app):
    """Turn what was said into what the shop runs on, in place.

    Raises ConfigError for the first setting that makes no sense.
    """
    config, instance = app.config, Path(app.instance_path)
    for key in ("OMISE_SECRET_KEY", "OMISE_PUBLIC_KEY", "OMISE_WEBHOOK_SECRET"):
        config[key] = _unless_placeholder(config[key])
    for key in (
        "STORE_CURRENCY",
        "PREFERRED_URL_SCHEME",
        "DATABASE_URL",
        "SECURITY_CONTACT",
        "MAIL_SERVER",
        "MAIL_FROM",
    ):
        config[key] = str(config[key] or "").strip()
    config["STORE_CURRENCY"] = config["STORE_CURRENCY"].upper()
    config["LANGUAGE_OF_BROWSER"] = config["STORE_LOCALE"] == "auto"
    if config["LANGUAGE_OF_BROWSER"]:
        config["STORE_LOCALE"] = "en"
    config["TRUSTED_PROXIES"] = _whole_number(config, "TRUSTED_PROXIES")
    if config["TRUSTED_PROXIES"] > MOST_PROXIES:
        raise ConfigError(
            "TRUSTED_PROXIES must be how many proxies of yours stand before the shop, not "
            f"{config['TRUSTED_PROXIES']}: with too many, anybody writes the address that counts."
        )
    config["DEBUG"] = (
        _switch(config, "DEBUG", "FLASK_DEBUG") or config["FLASK_ENV"] == "development"
    )
    _refuse_unknown(config)
    _find_address(config, instance)
    _choose_omise(config, instance)
    _check_names(config)
    _check_mail(config)
    _secret_key(config, instance)


def announce(app):
    """Say to whoever typed `flask run` where the shop is, and which Omise it speaks to.

    The last step of a start: commands of the sandbox's shop find from now on where it is.
    """
    if not _is_run():
        return
    _refuse_taken_port()
    home = f"{app.config['PREFERRED_URL_SCHEME']}://{app.config['SERVER_NAME']}/"
    if app.config["OMISE_SANDBOX"]:
        _keep_address(app.config, Path(app.instance_path))
        click.echo(
            f"Shop: {home}  Sandbox dashboard: {home}sandbox/dashboard/  "
            "Test card: 4242 4242 4242 4242, any future date, any code"
        )
        return
    keys = "test" if "_test_" in app.config["OMISE_SECRET_KEY"] else "live"
    click.echo(f"Shop: {home}  Omise: {keys} keys at {app.config['OMISE_API_BASE']}")


def _refuse_taken_port():
    """Refuse a port that `flask run` could not listen at, before anybody is sent there."""
    if is_running_from_reloader():
        return  # it is held already
    chosen = click.get_current_context().params
    host, port = chosen["host"], chosen["port"]
    if host.startswith("unix://"):
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, port))
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"The shop cannot listen at port {port} of {host} ({why}): type another one, as in "
            "`flask run --port 5050`."
        ) from error


def _unless_placeholder(value):
    value = (value or "").strip()
    return None if re.fullmatch(r"([ps]key_(test_)?)?x*", value) else value


def _whole_number(config, key):
    text = str(config[key]).strip()
    if not re.fullmatch(r"[0-9]{1,2}", text):
        raise ConfigError(f"{key} must be a whole number of 0 or more, not {text!r}.")
    return int(text)


def _switch(config, key, named):
    text = str(config[key]).strip().lower()
    if text not in TRUE | FALSE:
        raise ConfigError(f"{named} must be on or off, not {config[key]!r}.")
    return text in TRUE


def _refuse_unknown(config):
    if config["FLASK_ENV"] not in ("development", "production", "", None):
        raise ConfigError(
            f"FLASK_ENV must be development or production, not {config['FLASK_ENV']!r}."
        )
    if config["STORE_CURRENCY"] not in CURRENCIES:
        raise ConfigError(
            f"STORE_CURRENCY must be one of {', '.join(CURRENCIES)}, "
            f"not {config['STORE_CURRENCY']!r}."
        )
    if config["PREFERRED_URL_SCHEME"] not in ("http", "https"):
        raise ConfigError("PREFERRED_URL_SCHEME must be http or https.")
    contact = config["SECURITY_CONTACT"]
    if contact and not re.fullmatch(
        r"mailto:[^\s@]+@[^\s@]+|https://[^\s/]\S*", contact
    ):
        raise ConfigError(
            "SECURITY_CONTACT must be like mailto:security@shop.example or "
            f"https://shop.example/security, not {contact!r}."
        )


def _find_address(config, instance):
    """Know where the shop is: SERVER_NAME, else localhost; on localhost a port that was typed wins.

    A command of the sandbox's shop looks where that shop was last run, unless a SERVER_NAME that
    is not .env's was typed with it.
    """
    name = (config["SERVER_NAME"] or "").strip().lower()
    _check_name(name or "localhost")
    host, is_local = name.split(":")[0], not name or name.split(":")[0] in LOOPBACK
    typed, port = _port()
    keys = config["OMISE_SECRET_KEY"] or config["OMISE_PUBLIC_KEY"]
    is_typed = name and name != (ENV_FILE.get("SERVER_NAME") or "").strip()
    if is_local and typed:
        name = f"{host or 'localhost'}:{port}"
    elif is_local and not is_typed and not keys and _is_for_a_command():
        name = _last_address(config, instance) or name
    elif not keys and ":" not in name and _is_run():
        # The shop reaches the sandbox under its own name: at the port that it listens on.
        name = f"{name or 'localhost'}:{port}"
    name = name or f"localhost:{port}"
    _check_name(name)
    config["SERVER_NAME"] = name


def _check_name(name):
    if not _is_name(name):
        raise ConfigError(
            "SERVER_NAME must be a host name with an optional port, like localhost:5000 "
            f"or shop.example, not {name!r}."
        )


def _is_name(name):
    found = re.fullmatch(r"[A-Za-z0-9.\-]+(:([0-9]{1,5}))?", name)
    return found is not None and int(found[2] or 0) <= 65535


def _port():
    """Tell whether somebody chose the port of `flask run`, and which it is."""
    context = click.get_current_context(silent=True)
    port = context.params.get("port") if context else None
    default = (None, ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)
    typed = port and context.get_parameter_source("port") not in default
    if typed and not 0 < port <= 65535:
        raise ConfigError(f"--port must be a number from 0 to 65535, not {port}.")
    return bool(typed), port or 5000


def _address_file(instance):
    return instance / "sandbox-address"


def _last_address(config, instance):
    """Tell where the sandbox's shop was last run, and take over that it was exposed there."""
    path = _address_file(instance)
    try:
        name, *exposed = path.read_text().split() or [""]
        if not _is_name(name) or exposed not in ([], ["exposed"]):
            raise ValueError("what it says is no address")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The file {path} does not tell where the sandbox's shop was last run ({error}): "
            "delete it, or set SERVER_NAME."
        ) from error
    if exposed and str(config["OMISE_SANDBOX"]).strip().lower() in TRUE | {"auto"}:
        config["OMISE_SANDBOX"] = "exposed"
    return name


def _choose_omise(config, instance):
    """Choose the real Omise where there are keys, else the sandbox if it is on."""
    secret, public = config["OMISE_SECRET_KEY"], config["OMISE_PUBLIC_KEY"]
    asked = str(config["OMISE_SANDBOX"]).strip().lower()
    if asked not in TRUE | FALSE | {"auto", "exposed"}:
        raise ConfigError(
            f"OMISE_SANDBOX must be on, off, auto or exposed, not {asked!r}."
        )
    config["OMISE_SANDBOX"] = asked not in FALSE and not (secret or public)
    config["SANDBOX_EXPOSED"] = asked == "exposed"
    if config["OMISE_SANDBOX"]:
        _refuse_sandbox_by_mistake(config, instance, asked)
        return
    for key, other in (
        ("OMISE_SECRET_KEY", "OMISE_PUBLIC_KEY"),
        ("OMISE_PUBLIC_KEY", "OMISE_SECRET_KEY"),
    ):
        if not config[key]:
            way_out = f"unset {other}" if config[other] else "set OMISE_SANDBOX=on"
            raise ConfigError(
                f"{key} is not set (or is still the placeholder of env.example): set it to the "
                f"key of your Omise account, or {way_out} to use the sandbox."
            )
    _check_keys(config)
    _refuse_play_keys(config)
    if "_test_" not in secret:
        _check_live(config, asked)
    on_this_machine = config["SERVER_NAME"].split(":")[0] in LOOPBACK
    if config["PREFERRED_URL_SCHEME"] == "http" and not on_this_machine:
        raise ConfigError(
            f"PREFERRED_URL_SCHEME must be https for {config['SERVER_NAME']}: http is for this "
            "machine alone (localhost)."
        )


def _refuse_sandbox_by_mistake(config, instance, asked):
    """Refuse a sandbox in whose place a real shop was meant, or that strangers could pay with."""
    if config["SERVER_NAME"].split(":")[0] not in LOOPBACK:
        _refuse_unless_exposed(config, f"SERVER_NAME is {config['SERVER_NAME']}")
    if config["PREFERRED_URL_SCHEME"] == "https":
        _refuse_unless_exposed(config, "PREFERRED_URL_SCHEME is https")
    if _is_run():
        check_listening(config, [click.get_current_context().params.get("host")])
    if asked != "auto":
        return
    book = instance / "shop.sqlite3"
    meant = "DATABASE_URL" if config["DATABASE_URL"] else None
    if meant is None and _is_for_a_command() and book.exists():
        meant = f"the order book {book} of your own keys"
    if meant:
        raise ConfigError(
            f"OMISE_SECRET_KEY is not set, but there is {meant}: set the keys, "
            "or OMISE_SANDBOX=on to use the sandbox all the same."
        )


def check_listening(config, addresses):
    """Refuse a sandbox whose server listens to others than this machine: at hosts, at (host, port),
    or at a socket in the file system, which is there for a proxy.

    Raises ConfigError unless the sandbox was meant to be seen by others.
    """
    for address in addresses if config["OMISE_SANDBOX"] else ():
        host = address[0] if isinstance(address, tuple) else address
        if not (host in (None, *LOOPBACK, "::1") or re.match(r"127\.[0-9.]+$", host)):
            _refuse_unless_exposed(
                config, f"The server listens at {host or 'any address'}"
            )


def _refuse_unless_exposed(config, why):
    if not config["SANDBOX_EXPOSED"]:
        raise ConfigError(
            f"{why}, and no Omise keys are set: set OMISE_SECRET_KEY and OMISE_PUBLIC_KEY, or "
            "OMISE_SANDBOX=exposed if others may play with your sandbox."
        )


def _check_keys(config):
    """Refuse what are no two keys of one kind, before anything is concluded from them."""
    for key, prefix in (("OMISE_SECRET_KEY", "skey_"), ("OMISE_PUBLIC_KEY", "pkey_")):
        if not re.fullmatch(prefix + "(test_)?[0-9a-z]+", config[key]):
            raise ConfigError(f"{key} must be a key that begins with {prefix}.")
    kinds = {
        "_test_" in config[key] for key in ("OMISE_SECRET_KEY", "OMISE_PUBLIC_KEY")
    }
    if len(kinds) > 1:
        raise ConfigError(
            "OMISE_SECRET_KEY and OMISE_PUBLIC_KEY must be both test or both live."
        )


def _refuse_play_keys(config):
    """Refuse what everybody knows, unless it is for a sandbox that runs by itself here."""
    if urlsplit(str(config["OMISE_API_BASE"])).hostname in ("::1", *LOOPBACK):
        return
    for key in ("OMISE_SECRET_KEY", "OMISE_PUBLIC_KEY", "OMISE_WEBHOOK_SECRET"):
        if _PLAY & {each.strip() for each in (config[key] or "").split(",")}:
            raise ConfigError(
                f"{key} is the sandbox's, which everybody knows: set it to that of your Omise "
                "account."
            )


def _is_for_a_command():
    """Tell whether the app is loaded for a command of its own, such as `flask payment list`."""
    context = click.get_current_context(silent=True)
    return context is not None and isinstance(context.command, FlaskGroup)


def _is_run():
    context = click.get_current_context(silent=True)
    return context is not None and context.info_name == "run"


def _keep_address(config, instance):
    path = _address_file(instance)
    words = [config["SERVER_NAME"], *["exposed"][: config["SANDBOX_EXPOSED"]]]
    try:
        path.write_text(" ".join(words))
    except OSError as error:
        raise _unusable(path, error) from error


def _make(instance):
    try:
        instance.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The folder {instance} cannot be made ({error.strerror}): allow it, or set "
            "FLASK_SECRET_KEY, DATABASE_URL and Omise keys, so that it is not needed."
        ) from error


def _unusable(path, error):
    return ConfigError(
        f"The file {path} cannot be read or written ({error.strerror}): allow it, or set "
        "FLASK_SECRET_KEY, DATABASE_URL and Omise keys, so that it is not needed."
    )


def _check_live(config, asked):
    if asked not in FALSE | {"auto"}:
        raise ConfigError("OMISE_SECRET_KEY is live: switch OMISE_SANDBOX off.")
    if config["SERVER_NAME"].split(":")[0] in LOOPBACK:
        raise ConfigError(
            "SERVER_NAME must be set to your shop's name when OMISE_SECRET_KEY is live."
        )
    own = config["SERVER_NAME"].split(":")[0]
    for pattern in _names(config["TRUSTED_HOSTS"]):
        if pattern.startswith(".") and not f".{own}".endswith(pattern):
            raise ConfigError(
                f"TRUSTED_HOSTS must hold whole names when OMISE_SECRET_KEY is live, not "
                f"{pattern!r}: {own} is none of those below it."
            )


def _check_names(config):
    """Know the names that requests may carry."""
    hosts = _names(config["TRUSTED_HOSTS"])
    for host in hosts:
        if _is_too_wide(host):
            raise ConfigError(
                f"TRUSTED_HOSTS must be host names like shop.example, not {host!r}: "
                "a wide pattern trusts strangers."
            )
    config["TRUSTED_HOSTS"] = [config["SERVER_NAME"].split(":")[0], *hosts]


def _check_mail(config):
    """Know where receipts go and whom they come from; a password is not said aloud."""
    server = config["MAIL_SERVER"] or ("terminal" if config["OMISE_SANDBOX"] else "off")
    server = "" if server == "off" else server
    if server and server != "terminal":
        server = server if "://" in server else f"smtp://{server}"
        if not _is_mail_server(server):
            raise ConfigError(
                "MAIL_SERVER must be like mail.shop.example:587 or "
                "smtps://user:password@mail.shop.example, its password percent-encoded."
            )
        if not re.fullmatch(_SENDER, config["MAIL_FROM"]):
            raise ConfigError(
                "MAIL_FROM must be whom receipts come from when MAIL_SERVER is set, like "
                f"Little Monsoon <shop@shop.example>, not {config['MAIL_FROM']!r}."
            )
    config["MAIL_SERVER"] = server
    config["MAIL_FROM"] = config["MAIL_FROM"] or "shop@localhost"


def _is_mail_server(address):
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018  raises for one that is none
    except ValueError:
        return False
    beyond = parts.path or parts.query or parts.fragment
    return parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and not beyond


def _names(said):
    """List the names of a setting that holds several."""
    said = said.split(",") if isinstance(said, str) else list(said or [])
    return [name.strip() for name in said if name.strip()]


def _is_too_wide(host):
    """Tell whether a pattern of names trusts strangers: "*.example", "com", ".co.th"."""
    *_, first, last = ["", *host.split(".")]
    whole = host.count(".") - host.startswith(".")
    if "*" in host or (whole == 0 and host not in LOOPBACK):
        return True
    # Below a country's letters, short names mostly are for everybody to register under.
    by_country = len(last) == 2 and len(first) <= 3
    return host.startswith(".") and whole == 1 and by_country


def _secret_key(config, instance):
    key = (config["FLASK_SECRET_KEY"] or "").strip()
    if re.fullmatch("x*", key) and not config["OMISE_SANDBOX"]:
        raise ConfigError(
            "FLASK_SECRET_KEY is not set (or is still the placeholder of env.example): "
            "set it to a long random text, such as `openssl rand -hex 32` prints."
        )
    config["SECRET_KEY"] = _kept_key(instance) if re.fullmatch("x*", key) else key
    old = str(config["FLASK_SECRET_KEY_FALLBACKS"] or "").split(",")
    config["SECRET_KEY_FALLBACKS"] = [one.strip() for one in old if one.strip()]


def _kept_key(instance):
    """Keep one generated key for the sandbox's shop, so that a restart loses no cart.

    It is written whole before it gets its name: others may start at the same moment.
    """
    path = instance / "secret_key"
    _make(instance)
    try:
        if not path.exists():
            _write_key(path)
        key = path.read_text().strip()
    except OSError as error:
        raise _unusable(path, error) from error
    except UnicodeDecodeError:
        key = ""
    if not key:
        raise ConfigError(
            f"The file {path} holds no key: delete it, and another is made, or set "
            "FLASK_SECRET_KEY."
        )
    return key


def _write_key(path):
    draft = path.with_name(f"secret_key.{secrets.token_hex(8)}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_hex(32))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
