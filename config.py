"""Every setting of the shop, from the environment, with its default and its meaning.

`Config` holds what was said; `settle` turns it into what the shop runs on and
refuses nonsense with one sentence that names the key. env.example lists the same keys.
"""

import os
import re
import secrets
from pathlib import Path

import click
from babel import Locale, UnknownLocaleError
from dotenv import load_dotenv

load_dotenv(Path(__file__).with_name(".env"))

CURRENCIES = ("THB", "JPY", "SGD", "MYR")
API_VERSIONS = ("2019-05-29", "2017-11-02")
# Seconds; a sweep takes an attempt for lost a little later, and a server gives up at 60.
LONGEST_ANSWER = 30
TRUE, FALSE = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


class ConfigError(click.ClickException):
    """Name the setting that keeps the shop from starting, in one sentence."""


class Config:
    """Say what the environment says; subclass it to say something else."""

    # The two keys of your Omise account (dashboard: Settings > Keys), both test or both live.
    OMISE_SECRET_KEY = os.environ.get("OMISE_SECRET_KEY")
    OMISE_PUBLIC_KEY = os.environ.get("OMISE_PUBLIC_KEY")
    # The API version that requests ask for: 2019-05-29 or 2017-11-02.
    OMISE_API_VERSION = os.environ.get("OMISE_API_VERSION", "2019-05-29")
    # Webhook secret (dashboard: Settings > Webhooks); two with a comma while you rotate it.
    OMISE_WEBHOOK_SECRET = os.environ.get("OMISE_WEBHOOK_SECRET")
    # Where Omise's API and script are; only tests and experiments change these.
    OMISE_API_BASE = os.environ.get("OMISE_API_BASE", "https://api.omise.co/")
    OMISE_JS_URL = os.environ.get("OMISE_JS_URL", "https://cdn.omise.co/omise.js")
    # An Omise on this machine: on, off, or auto (only while no keys are set).
    OMISE_SANDBOX = os.environ.get("OMISE_SANDBOX", "off")
    # Signs the session cookie; old ones, comma-separated, stay readable while you rotate.
    FLASK_SECRET_KEY = os.environ.get("FLASK_SECRET_KEY")
    FLASK_SECRET_KEY_FALLBACKS = os.environ.get("FLASK_SECRET_KEY_FALLBACKS", "")
    # development switches debug on, as FLASK_DEBUG=1 does.
    FLASK_ENV = os.environ.get("FLASK_ENV", "production")
    DEBUG = os.environ.get("FLASK_DEBUG", "off")
    # The language prices and dates are written in, and the currency of every price.
    STORE_LOCALE = os.environ.get("STORE_LOCALE", "en")
    STORE_CURRENCY = os.environ.get("STORE_CURRENCY", "THB")
    # The shop's own address, for the links that Omise and banks send shoppers back to.
    PREFERRED_URL_SCHEME = os.environ.get("PREFERRED_URL_SCHEME", "http")
    SERVER_NAME = os.environ.get("SERVER_NAME")
    # Host names that requests may carry besides SERVER_NAME's, comma-separated.
    TRUSTED_HOSTS = os.environ.get("TRUSTED_HOSTS", "localhost,127.0.0.1")
    # How many proxies of yours stand before the shop (0: none, X-Forwarded-* is ignored).
    TRUSTED_PROXIES = os.environ.get("TRUSTED_PROXIES", "0")
    # off: cards are authorised at checkout and captured later from the dashboard.
    AUTO_CAPTURE = os.environ.get("AUTO_CAPTURE", "on")
    # The order book: any SQLAlchemy URL; without one, SQLite in instance/.
    DATABASE_URL = os.environ.get("DATABASE_URL")
    # Seconds to wait for a connection to Omise, and for its answer.
    OMISE_CONNECT_TIMEOUT = os.environ.get("OMISE_CONNECT_TIMEOUT", "3")
    OMISE_READ_TIMEOUT = os.environ.get("OMISE_READ_TIMEOUT", "25")


def settle(config, instance_path):
    """Turn what was said into what the shop runs on, in place.

    Raises ConfigError for the first setting that makes no sense.
    """
    for key in ("OMISE_SECRET_KEY", "OMISE_PUBLIC_KEY", "OMISE_WEBHOOK_SECRET"):
        config[key] = _unless_placeholder(config[key])
    for key in ("OMISE_API_VERSION", "STORE_CURRENCY", "PREFERRED_URL_SCHEME"):
        config[key] = str(config[key] or "").strip()
    for key in ("OMISE_CONNECT_TIMEOUT", "OMISE_READ_TIMEOUT", "TRUSTED_PROXIES"):
        config[key] = _whole_number(config, key)
    if config["OMISE_CONNECT_TIMEOUT"] + config["OMISE_READ_TIMEOUT"] > LONGEST_ANSWER:
        raise ConfigError(
            "OMISE_CONNECT_TIMEOUT and OMISE_READ_TIMEOUT must not be more than "
            f"{LONGEST_ANSWER} seconds together."
        )
    config["AUTO_CAPTURE"] = _switch(config, "AUTO_CAPTURE")
    config["DEBUG"] = _switch(config, "DEBUG") or config["FLASK_ENV"] == "development"
    config["STORE_CURRENCY"] = config["STORE_CURRENCY"].upper()
    _refuse_unknown(config)
    _choose_omise(config)
    _address(config)
    _secret_key(config, Path(instance_path))
    url = config["DATABASE_URL"] or _embedded_book(Path(instance_path))
    url = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)
    config["SQLALCHEMY_DATABASE_URI"] = url


def _embedded_book(instance):
    """Give the URL of the order book in instance/, whose folder is made if it is missing."""
    instance.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{instance / 'shop.sqlite3'}"


def _unless_placeholder(value):
    value = (value or "").strip()
    return None if re.fullmatch(r"([ps]key_(test_)?)?x*", value) else value


def _whole_number(config, key):
    text = str(config[key]).strip()
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise ConfigError(f"{key} must be a whole number of 0 or more, not {text!r}.")
    if key.endswith("TIMEOUT") and int(text) == 0:
        raise ConfigError(f"{key} must be at least 1 second.")
    return int(text)


def _switch(config, key):
    text = str(config[key]).strip().lower()
    if text not in TRUE | FALSE:
        raise ConfigError(f"{key} must be on or off, not {config[key]!r}.")
    return text in TRUE


def _refuse_unknown(config):
    if config["STORE_CURRENCY"] not in CURRENCIES:
        raise ConfigError(
            f"STORE_CURRENCY must be one of {', '.join(CURRENCIES)}, "
            f"not {config['STORE_CURRENCY']!r}."
        )
    if config["OMISE_API_VERSION"] not in API_VERSIONS:
        raise ConfigError(
            f"OMISE_API_VERSION must be one of {', '.join(API_VERSIONS)}, "
            f"not {config['OMISE_API_VERSION']!r}."
        )
    if config["PREFERRED_URL_SCHEME"] not in ("http", "https"):
        raise ConfigError("PREFERRED_URL_SCHEME must be http or https.")
    for key in ("OMISE_API_BASE", "OMISE_JS_URL"):
        if not re.match(r"https?://[^/]", str(config[key])):
            raise ConfigError(f"{key} must be an http or https address.")
    config["OMISE_API_BASE"] = config["OMISE_API_BASE"].rstrip("/") + "/"
    try:
        Locale.parse(config["STORE_LOCALE"])
    except (ValueError, TypeError, UnknownLocaleError):
        raise ConfigError(
            f"STORE_LOCALE {config['STORE_LOCALE']!r} is not a locale that Babel "
            "knows; th_TH, ja_JP, en_SG, ms_MY and en_GB are."
        ) from None


def _choose_omise(config):
    """Settle on the real Omise where there are keys, else on the sandbox if it is on."""
    secret, public = config["OMISE_SECRET_KEY"], config["OMISE_PUBLIC_KEY"]
    asked = str(config["OMISE_SANDBOX"]).strip().lower()
    if asked not in TRUE | FALSE | {"auto"}:
        raise ConfigError(f"OMISE_SANDBOX must be on, off or auto, not {asked!r}.")
    config["OMISE_SANDBOX"] = asked not in FALSE and not (secret or public)
    if config["OMISE_SANDBOX"]:
        return
    for key, prefix in (("OMISE_SECRET_KEY", "skey_"), ("OMISE_PUBLIC_KEY", "pkey_")):
        if not config[key]:
            raise ConfigError(
                f"{key} is not set (or is still the placeholder of env.example): "
                "set it to the key of your Omise account, or set OMISE_SANDBOX=on."
            )
        if not re.fullmatch(prefix + r"(test_)?[0-9a-z]+", config[key]):
            raise ConfigError(f"{key} must be a key that begins with {prefix}.")
    live = "_test_" not in secret
    if live != ("_test_" not in public):
        raise ConfigError(
            "OMISE_SECRET_KEY and OMISE_PUBLIC_KEY must be both test or both live."
        )
    if live and config["DEBUG"]:
        raise ConfigError(
            "OMISE_SECRET_KEY is live: switch FLASK_DEBUG (FLASK_ENV) off."
        )
    if live and asked in TRUE:
        raise ConfigError("OMISE_SECRET_KEY is live: switch OMISE_SANDBOX off.")
    for key in ("OMISE_WEBHOOK_SECRET", "SERVER_NAME"):
        if live and not config[key]:
            raise ConfigError(f"{key} must be set when OMISE_SECRET_KEY is live.")


def _address(config):
    """Know where the shop is: SERVER_NAME, else localhost and the port of `flask run`.

    On the sandbox that port wins, since the shop must reach the sandbox at its own address.
    """
    context = click.get_current_context(silent=True)
    port = context.params.get("port") if context else None
    name = (config["SERVER_NAME"] or "").strip()
    moved = config["OMISE_SANDBOX"] and port and name.startswith("localhost:")
    config["SERVER_NAME"] = f"localhost:{port or 5000}" if moved or not name else name
    if not re.fullmatch(r"[A-Za-z0-9.\-]+(:[0-9]{1,5})?", config["SERVER_NAME"]):
        raise ConfigError("SERVER_NAME must be a host name with an optional port.")
    hosts = config["TRUSTED_HOSTS"] or []
    hosts = hosts.split(",") if isinstance(hosts, str) else list(hosts)
    own = config["SERVER_NAME"].split(":")[0]
    config["TRUSTED_HOSTS"] = [own, *(host.strip() for host in hosts if host.strip())]


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
    """Keep one generated key for the sandbox's shop, so that a restart loses no cart."""
    path = instance / "secret_key"
    instance.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
    return path.read_text()
