"""The settings that payments rest on: what each is by default, and what is refused at the start.

A host sets them in `app.config`, from wherever it likes. Every refusal is one sentence that names
the key and a way out; none waits for the shopper who presses Pay.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import click
from babel import Locale, UnknownLocaleError
from flask import Flask

from .orders.budgets import BUDGETS

OMISE, VAULT = "https://api.omise.co/", "https://vault.omise.co/"
API_VERSIONS = ("2019-05-29", "2017-11-02")
# Seconds for a connection and an answer together. A request that left is not given up by the sweep
# sooner (reconcile.GRACE), and gunicorn's own limit is longer.
LONGEST_ANSWER = 30
TRUE, FALSE = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off", "none"}
# Holds an amount of which a part may be captured (charges-api#create, authorization_type).
PRE_AUTH = "pre_auth"
# Shorter ones can be tried out (RFC 2104 asks for the length of the hash; Omise's have 32 bytes
# or more).
_SHORTEST_SECRET = 6
# What nobody guesses has at least so many characters or bytes, and so many different ones: a key
# that signs sessions, and a webhook secret. Live keys demand it.
_GOOD_KEY, _GOOD_SECRET = (32, 10), (16, 8)
# Ends of names that only a machine or a network of its own knows (RFC 6761, 6762, 8375).
_OF_NO_PUBLIC = ("localhost", "local", "internal", "lan", "test", "invalid", "arpa")

DEFAULTS: dict[str, Any] = {
    # The keys of the Omise account (dashboard: Settings > Keys), both test or both live.
    "OMISE_SECRET_KEY": None,
    "OMISE_PUBLIC_KEY": None,
    # The version of the API that requests ask for.
    "OMISE_API_VERSION": API_VERSIONS[0],
    # base64, from the dashboard: Settings > Webhooks; two with a comma while it is rotated.
    "OMISE_WEBHOOK_SECRET": None,
    # Where Omise is. Without a vault named: Omise's own, or that of another API base.
    "OMISE_API_BASE": OMISE,
    "OMISE_VAULT_BASE": None,
    "OMISE_JS_URL": "https://cdn.omise.co/omise.js",
    # Seconds to wait for a connection, and for a whole answer.
    "OMISE_CONNECT_TIMEOUT": 3,
    "OMISE_READ_TIMEOUT": 25,
    # off: cards are authorised at checkout, and captured later; pre_auth: or a part of it.
    "AUTO_CAPTURE": True,
    # How prices and dates are written.
    "STORE_LOCALE": "en",
    # The order book where init_app was given no database: any SQLAlchemy URL; None: SQLite in
    # instance/.
    "DATABASE_URL": None,
    "PAYMENT_EMBEDDED_BOOK": "shop.sqlite3",
    # The template that payment's pages extend: blocks title, head and content.
    "PAYMENT_LAYOUT": "layout.html",
    # The endpoint that "Back to the shop" leads to; None: the root of the app.
    "PAYMENT_HOME_ENDPOINT": None,
    # The content security policy that Talisman sends with pages of other kinds; the payment
    # page's is this one, opened for Omise.js alone (policy.py).
    "PAYMENT_PAGE_POLICY": {"default-src": "'self'", "object-src": "'none'"},
    # How often cards may be tried, and how many orders of an address may wait: on (as the table of
    # orders/budgets.py says), off, or such a table.
    "PAYMENT_BUDGETS": "on",
    # A callable that is asked before every payment, such as one with a CAPTCHA: it returns a
    # response to give instead, or None to go on.
    "PAYMENT_CHALLENGE": None,
    # What the charges' metadata call the app, on the dashboard; None: as Flask calls it.
    "PAYMENT_APP_NAME": None,
    # How commands call the Omise that they speak to; None: "test keys" or "live keys".
    "PAYMENT_OMISE_NAME": None,
    # A checkout may stay open for hours (Flask-WTF's default is one).
    "WTF_CSRF_TIME_LIMIT": None,
}


class SettingError(click.ClickException):
    """Raised when a setting or a part of the host keeps payments from starting; one sentence."""


def check(app: Flask) -> None:
    """Fill in what the host has not said, and refuse what cannot work.

    Raises SettingError for the first setting that makes no sense.
    """
    config = app.config
    for key, value in DEFAULTS.items():
        config.setdefault(key, value)
    for key in ("OMISE_CONNECT_TIMEOUT", "OMISE_READ_TIMEOUT"):
        config[key] = seconds(config, key)
    if config["OMISE_CONNECT_TIMEOUT"] + config["OMISE_READ_TIMEOUT"] > LONGEST_ANSWER:
        raise SettingError(
            "OMISE_CONNECT_TIMEOUT and OMISE_READ_TIMEOUT must not be more than "
            f"{LONGEST_ANSWER} seconds together."
        )
    config["AUTO_CAPTURE"] = _auto_capture(config)
    config["PAYMENT_APP_NAME"] = str(config["PAYMENT_APP_NAME"] or app.name)
    if not isinstance(config["PAYMENT_BUDGETS"], dict):
        counted = switch(config, "PAYMENT_BUDGETS")
        config["PAYMENT_BUDGETS"] = BUDGETS if counted else {}
    _check_addresses(config)
    _check_words(config)
    _check_keys(config)
    config["OMISE_WEBHOOK_SECRET"] = _webhook_secret(config)
    if is_live(config):
        _check_live(app)


def is_live(config: dict[str, Any]) -> bool:
    """Tell whether real money moves with these keys."""
    return "_test_" not in (config["OMISE_SECRET_KEY"] or "")


def switch(config: dict[str, Any], key: str) -> bool:
    """Read a setting that is on or off."""
    text = str(config[key]).strip().lower()
    if text not in TRUE | FALSE:
        raise SettingError(f"{key} must be on or off, not {config[key]!r}.")
    return text in TRUE


def _auto_capture(config: dict[str, Any]) -> bool | str:
    """Read when cards are charged: at once, later, or later and perhaps in part."""
    text = str(config["AUTO_CAPTURE"]).strip().lower()
    if text in TRUE | FALSE:
        return text in TRUE
    if text != PRE_AUTH:
        raise SettingError(
            f"AUTO_CAPTURE must be on, off or {PRE_AUTH}, not {config['AUTO_CAPTURE']!r}."
        )
    return PRE_AUTH


def seconds(config: dict[str, Any], key: str) -> int:
    """Read a setting that is a whole number of seconds, at least one."""
    text = str(config[key]).strip()
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise SettingError(f"{key} must be a whole number of 1 or more, not {text!r}.")
    if int(text) == 0:
        raise SettingError(f"{key} must be at least 1 second.")
    return int(text)


def _check_addresses(config: dict[str, Any]) -> None:
    if not config["OMISE_VAULT_BASE"]:
        own = str(config["OMISE_API_BASE"]).rstrip("/") + "/" == OMISE
        config["OMISE_VAULT_BASE"] = VAULT if own else config["OMISE_API_BASE"]
    for key in ("OMISE_API_BASE", "OMISE_VAULT_BASE", "OMISE_JS_URL"):
        if not re.match(r"https?://[^/\s]", str(config[key])):
            raise SettingError(
                f"{key} must be an http or https address, not {config[key]!r}."
            )
    # The SDK joins paths with urljoin, which drops what follows the last slash.
    for key in ("OMISE_API_BASE", "OMISE_VAULT_BASE"):
        config[key] = config[key].rstrip("/") + "/"
    if not config.get("SERVER_NAME"):
        raise SettingError(
            "SERVER_NAME must be set, like localhost:5000 or shop.example: it is where Omise and "
            "banks send shoppers back to."
        )
    found = re.fullmatch(r"[A-Za-z0-9.\-]+(:([0-9]{1,5}))?", config["SERVER_NAME"])
    if found is None or int(found[2] or 0) > 65535:
        raise SettingError(
            "SERVER_NAME must be a host name with an optional port, like localhost:5000 or "
            f"shop.example, not {config['SERVER_NAME']!r}."
        )
    if config["PREFERRED_URL_SCHEME"] not in ("http", "https"):
        raise SettingError(
            "PREFERRED_URL_SCHEME must be http or https, not "
            f"{config['PREFERRED_URL_SCHEME']!r}."
        )
    if not config.get("SECRET_KEY"):
        raise SettingError(
            "SECRET_KEY must be set to a long random text: it signs the session that a "
            "shopper's checkout is kept in."
        )


def _check_words(config: dict[str, Any]) -> None:
    if config["OMISE_API_VERSION"] not in API_VERSIONS:
        raise SettingError(
            f"OMISE_API_VERSION must be one of {', '.join(API_VERSIONS)}, "
            f"not {config['OMISE_API_VERSION']!r}."
        )
    if not isinstance(config["PAYMENT_PAGE_POLICY"], Mapping):
        raise SettingError(
            "PAYMENT_PAGE_POLICY must be a dict of directives, like "
            "{'default-src': \"'self'\"}."
        )
    if config["PAYMENT_CHALLENGE"] and not callable(config["PAYMENT_CHALLENGE"]):
        raise SettingError(
            "PAYMENT_CHALLENGE must be a callable, such as a function of yours that is asked "
            f"before every payment, not {config['PAYMENT_CHALLENGE']!r}."
        )
    try:
        Locale.parse(config["STORE_LOCALE"])
    except (ValueError, TypeError, UnknownLocaleError):
        raise SettingError(
            f"STORE_LOCALE {config['STORE_LOCALE']!r} is not a locale that Babel "
            "knows; th_TH, ja_JP, en_SG, ms_MY and en_GB are."
        ) from None


def _check_keys(config: dict[str, Any]) -> None:
    for key, prefix in (("OMISE_SECRET_KEY", "skey_"), ("OMISE_PUBLIC_KEY", "pkey_")):
        if not config[key]:
            raise SettingError(
                f"{key} is not set: set it to the key of your Omise account "
                "(dashboard: Settings > Keys)."
            )
        if not re.fullmatch(prefix + r"(test_)?[0-9a-z]+", config[key]):
            raise SettingError(f"{key} must be a key that begins with {prefix}.")
    if is_live(config) != ("_test_" not in config["OMISE_PUBLIC_KEY"]):
        raise SettingError(
            "OMISE_SECRET_KEY and OMISE_PUBLIC_KEY must be both test or both live."
        )


def _webhook_secret(config: dict[str, Any]) -> str | None:
    """Keep the parts of OMISE_WEBHOOK_SECRET that are there, each base64 (api-webhooks)."""
    said = config["OMISE_WEBHOOK_SECRET"] or ""
    parts = [part.strip() for part in said.split(",") if part.strip()]
    for part in parts:
        try:
            long_enough = len(base64.b64decode(part, validate=True)) >= _SHORTEST_SECRET
        except (binascii.Error, ValueError):
            long_enough = False
        if not long_enough:
            raise SettingError(
                "OMISE_WEBHOOK_SECRET must be the text that the dashboard shows under "
                "Settings > Webhooks (base64); two of them with a comma while you rotate it."
            )
    return ",".join(parts) or None


def _check_live(app: Flask) -> None:
    """Refuse live keys where money or keys would be in danger."""
    config = app.config
    if app.debug or config["DEBUG"]:
        raise SettingError(
            "OMISE_SECRET_KEY is live: switch FLASK_DEBUG (FLASK_ENV) off."
        )
    if not config["OMISE_WEBHOOK_SECRET"]:
        raise SettingError(
            "OMISE_WEBHOOK_SECRET must be set when OMISE_SECRET_KEY is live."
        )
    if any(_is_weak(key, _GOOD_SECRET) for key in _webhook_keys(config)):
        raise SettingError(
            "OMISE_WEBHOOK_SECRET is too short or too plain for live keys: it must be the text "
            "that the dashboard shows under Settings > Webhooks."
        )
    _check_session_keys(config)
    if not _is_public(config["SERVER_NAME"]):
        raise SettingError(
            "SERVER_NAME must be your shop's own name when OMISE_SECRET_KEY is live, not "
            f"{config['SERVER_NAME']!r}: Omise and banks send shoppers there."
        )
    if config["PREFERRED_URL_SCHEME"] != "https":
        raise SettingError(
            "PREFERRED_URL_SCHEME must be https when OMISE_SECRET_KEY is live."
        )
    for key in ("OMISE_API_BASE", "OMISE_VAULT_BASE", "OMISE_JS_URL"):
        if not config[key].startswith("https://"):
            raise SettingError(
                f"{key} must be https when OMISE_SECRET_KEY is live: keys and cards travel there."
            )
        host = urlsplit(config[key]).hostname or ""
        if host != "omise.co" and not host.endswith(".omise.co"):
            raise SettingError(
                f"{key} must be an address of Omise's (omise.co) when OMISE_SECRET_KEY is live: "
                "keys and cards travel there."
            )


def _is_public(name: str) -> bool:
    """Tell whether others may reach a name: one that is no machine's or network's own."""
    host = name.split(":")[0].rstrip(".").lower()
    last = host.rpartition(".")[2]
    if last.isdigit() or last.startswith("0x"):
        try:
            return ipaddress.ip_address(host).is_global
        except ValueError:
            return False
    return "." in host and last not in _OF_NO_PUBLIC


def _webhook_keys(config: dict[str, Any]) -> list[bytes]:
    return [
        base64.b64decode(part) for part in config["OMISE_WEBHOOK_SECRET"].split(",")
    ]


def _check_session_keys(config: dict[str, Any]) -> None:
    """Refuse keys by which a stranger could sign a session, and charge a card saved in it."""
    for key in ("SECRET_KEY", "SECRET_KEY_FALLBACKS"):
        said = config.get(key) or []
        for one in [said] if isinstance(said, str | bytes) else said:
            if _is_weak(one, _GOOD_KEY):
                raise SettingError(
                    f"{key} (FLASK_{key}) must be long and random when OMISE_SECRET_KEY is live, "
                    "such as `openssl rand -hex 32` prints."
                )


def _is_weak(secret: str | bytes, good: tuple[int, int]) -> bool:
    length, variety = good
    return len(secret) < length or len(set(secret)) < variety
