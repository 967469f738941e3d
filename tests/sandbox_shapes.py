"""Describe the shape of an answer, and keep what recorded answers of Omise looked like.

``shapes/NN-name.txt`` is a recording without its values: a line for each field, in order, with the
kind of its value. Ids keep their prefix, paths their form, and constants their value; what differs
from one object to the next is a star.
A file holds what ``shape`` says of the recording, "path kind" on each line.
"""

import json
import re
from pathlib import Path

_SHAPES = Path(__file__).parent / "shapes"
# Fields whose values are part of the shape.
_CONSTANT = (
    " object status charge_status flow type currency funding_currency key order direction code kind"
    " filename failure_code failure_message message fee_flat fee_rate vat_rate limit offset"
    " authorization_type country brand installment_term absorption_type platform_type api_version"
    " missing_3ds_fields reason_code reason_message"
    # What the scenes pay is what was paid, so that the arithmetic is compared too.
    " amount authorized_amount captured_amount funding_amount refunded_amount net fee fee_vat"
    " interest interest_vat "
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_ODD_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
_UNSTEADY = re.compile(r"(?<=_)(test_)?[0-9a-z]{19}\b|(?<=/)[0-9A-F]{16}$")


def keys(names):
    """Split a list of names, as copied from a recorded answer."""
    return names.split()


def recorded(number):
    """Read the shape of a recording: [(path, kind)]."""
    (file,) = _SHAPES.glob(f"{number}-*.txt")
    return [tuple(line.split(" ", 1)) for line in file.read_text().splitlines()]


def shape(answer, above=""):
    """Describe an answer: [(path, kind)], in order, with the elements of its lists as one."""
    lines = []
    for name, value in answer.items():
        lines.append((above + name, _kind(name, value)))
        if isinstance(value, dict) and name != "metadata":
            lines += shape(value, f"{above}{name}.")
        if _is_of_hashes(value):
            lines += _shape_of_all(value, f"{above}{name}[].")
    return lines


def _is_of_hashes(value):
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _shape_of_all(elements, above):
    """Describe elements of a list, a field with several kinds as "this or that"."""
    kinds = {}
    for element in elements:
        for path, kind in shape(element, above):
            kinds.setdefault(path, set()).add(kind)
    return [(path, " or ".join(sorted(those))) for path, those in kinds.items()]


def _kind(name, value):
    if f" {name} " in _CONSTANT and not isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, list):
        return " of ".join(["list", *sorted({_kind("", each) for each in value})])
    if isinstance(value, str):
        return _kind_of_text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return "integer"
    return "hash" if isinstance(value, dict) else json.dumps(value)


def _kind_of_text(text):
    if _TIME.fullmatch(text):
        return "time"
    if _ODD_TIME.fullmatch(text):
        return "time in words"
    steady = _UNSTEADY.sub("*", text)
    if re.match("https?://", text):
        # Hosts differ; paths that lead to an object do not.
        return (
            f"address {'/'.join(steady.split('/')[3:])}" if "*" in steady else "address"
        )
    return steady if re.fullmatch(r"(/[\w*]+)+|\w+_\*", steady) else "text"
