"""Describe the shape of an answer, and keep what recorded answers of Omise looked like.

``shapes/NN-name.txt`` is a recording without its values: a line for each field, in order, with the
kind of its value. Ids keep their prefix, paths their form, and constants their value; what differs
from one object to the next is a star.
"""

import json
import re
from pathlib import Path

_SHAPES = Path(__file__).parent / "shapes"
# Fields whose values are part of the shape.
_CONSTANT = (
    " object status charge_status flow type currency funding_currency key order direction code kind"
    " filename failure_code failure_message message fee_flat fee_rate vat_rate limit offset"
    " authorization_type country "
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_UNSTEADY = re.compile(r"(?<=_)(test_)?[0-9a-z]{19}\b|(?<=/)[0-9A-F]{16}$")


def keys(names):
    """Split a list of names, as copied from a recorded answer."""
    return names.split()


def recorded(number):
    """Read the shape of a recording: [(path, kind)]."""
    (file,) = _SHAPES.glob(f"{number}-*.txt")
    return [tuple(line.split(" ", 1)) for line in file.read_text().splitlines()]


def shape(answer, above=""):
    """Describe an answer: [(path, kind)], in order, with the first element of each list."""
    lines = []
    for name, value in answer.items():
        lines.append((above + name, _kind(name, value)))
        if isinstance(value, dict) and name != "metadata":
            lines += shape(value, f"{above}{name}.")
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lines += shape(value[0], f"{above}{name}[].")
    return lines


def _kind(name, value):
    if f" {name} " in _CONSTANT and not isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, str):
        return _kind_of_text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return "integer"
    return {list: "list", dict: "hash"}.get(type(value)) or json.dumps(value)


def _kind_of_text(text):
    if _TIME.fullmatch(text):
        return "time"
    steady = _UNSTEADY.sub("*", text)
    if re.match("https?://", text):
        # Hosts differ; paths that lead to an object do not.
        return (
            f"address {'/'.join(steady.split('/')[3:])}" if "*" in steady else "address"
        )
    return steady if re.fullmatch(r"(/[\w*]+)+|\w+_\*", steady) else "text"
