"""Read the loose numbers, booleans, texts and times that callers send; write Omise's times."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from .refusals import Refused

LAST_SECOND = 253_402_300_799


def as_list(value):
    """Accept a list, or the hash that ``items[0][sku]`` makes, as a list."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def is_true(value):
    """Read a boolean that may have travelled as text."""
    return value is True or str(value).lower() in ("true", "1", "yes")


def whole(value):
    """Read an integer that may have travelled as text; None when it is no integer."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip()
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= 15:
        return int(text)
    return None


def text(value):
    """Read an optional text: nothing and blank are both None."""
    if value is None or isinstance(value, dict | list):
        return None
    return str(value) if str(value).strip() else None


def is_web_address(text):
    """Tell whether a text is an address that a browser can be sent to."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def moment(value):
    """Read a date or an ISO time as seconds since 1970; None when it is neither."""
    try:
        parsed_time = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    if parsed_time.tzinfo is None:
        parsed_time = parsed_time.replace(tzinfo=UTC)
    return min(max(int(parsed_time.timestamp()), 0), LAST_SECOND)


def stamp(seconds):
    """Write seconds since 1970 as Omise writes times; None stays None."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def metadata(given):
    """Read the metadata among what was sent; it must be a hash."""
    value = given.get("metadata")
    if value in (None, "", []):
        return {}
    if not isinstance(value, dict):
        raise Refused("bad_request", "Metadata should be a JSON hash")
    return value
