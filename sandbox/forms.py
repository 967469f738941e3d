"""Read form fields with brackets, and the loose numbers, booleans and times inside them."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

DEEPEST = 8
DEEPEST_JSON = 100
LAST_SECOND = 253_402_300_799


def parsed(raw):
    """Read urlencoded bytes as pairs, in their order: repeated brackets lean on it."""
    return parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True)


def nested(pairs):
    """Turn ``metadata[order_id]=7`` and ``items[][sku]=a`` into hashes and lists."""
    tree = {}
    for name, value in pairs:
        head, *rest = name.replace("]", "").split("[")
        _plant(tree, [head, *rest][:DEEPEST], value)
    return tree


def _plant(tree, path, value):
    """Put one value where its path says; the last of a repeated name wins."""
    head, *rest = path
    if not rest:
        tree[head] = value
        return
    if rest[0] == "":
        _append(tree, head, rest[1:], value)
        return
    if not isinstance(tree.get(head), dict):
        tree[head] = {}
    _plant(tree[head], rest, value)


def _append(tree, head, rest, value):
    """Add to a list, starting a new element once a key of the last one repeats."""
    if not isinstance(tree.get(head), list):
        tree[head] = []
    elements = tree[head]
    if not rest:
        elements.append(value)
        return
    fresh = (
        not elements or not isinstance(elements[-1], dict) or rest[0] in elements[-1]
    )
    if fresh:
        elements.append({})
    _plant(elements[-1], rest, value)


def is_deep(value):
    """Tell whether hashes and lists are nested deeper than drawing and searching can follow."""
    level = [value]
    for _ in range(DEEPEST_JSON):
        nests = [each for each in level if isinstance(each, dict | list)]
        level = [inner for nest in nests for inner in _inside(nest)]
    return bool(level)


def _inside(nest):
    return nest.values() if isinstance(nest, dict) else nest


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
