"""Notice a card's number (PAN) where none belongs: cards go into Omise's form alone.

Nothing here keeps, repeats or logs what was typed.
"""

import re

from flask import current_app, request

# Ids of the shop's own forms: now and then all of one's hexadecimal digits are decimal.
_OWN_ID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
_SHORTEST, _LONGEST = 13, 19
# Other bodies are read by whoever knows how long they may be.
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def holds_a_card_number(text: str) -> bool:
    """Tell whether somebody has typed a card where none belongs (13 to 19 digits, by Luhn's rule).

    The digits may stand in groups, with other groups before and behind: `12/29 4242 4242 ...`.
    """
    for run in re.findall(r"\d+(?:[\W_]{1,3}\d+)*", text):
        groups = re.findall(r"\d+", run)
        if any(_is_card_number(joined) for joined in _joined(groups)):
            return True
    return False


def _joined(groups: list[str]):
    """Give all neighbours of a list joined, as long as a card's number may be."""
    for first in range(len(groups)):
        digits = ""
        for group in groups[first:]:
            digits += group
            if len(digits) > _LONGEST:
                break
            if len(digits) >= _SHORTEST:
                yield digits


def _is_card_number(digits: str) -> bool:
    numbers = [int(one) for one in reversed(digits)]
    doubled = sum(sum(divmod(2 * one, 10)) for one in numbers[1::2])
    return (sum(numbers[::2]) + doubled) % 10 == 0


def watch() -> None:
    """Call an operator where a form or an address that came holds a card's number.

    A page of the shop asks for one, or somebody was led to type it: that page must change. Whoever
    reads the form does with it what it does with any odd text; nothing of payment's keeps it.
    """
    asked = [*request.args.items(multi=True)]
    if request.mimetype in _FORMS:
        asked += request.form.items(multi=True)
    if any(_is_stray(text) for field in asked for text in field):
        route = request.url_rule.rule if request.url_rule else "no page of the shop"
        current_app.extensions["payment"].alarm.ring(
            f"card numbers at {route}",
            f"a card number came to {route}, outside Omise's form: see which page or script asks "
            "for it; it was not kept",
        )


def _is_stray(text: str) -> bool:
    return not _OWN_ID.fullmatch(text) and holds_a_card_number(text)
