"""What a shopper is asked for some ways to pay, and what is accepted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .pan import holds_a_card_number
from .words import marked, say

EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,185}")


@dataclass(frozen=True)
class Field:
    """One thing that is asked: how its input looks, and what is said when it does not fit.

    `label`, `hint` and `refusal` are marked, and said when they are shown.
    `of_source` is its name in a source (sources-api), with its part behind a dot.
    """

    of_source: str
    label: str
    refusal: str
    pattern: str = ""
    longest: int = 100
    kind: str = "text"
    autocomplete: str = "off"
    inputmode: str = "text"
    hint: str = ""


_NAME = r"[^\x00-\x1f]{1,50}"
FIELDS = {
    "phone_number": Field(
        of_source="phone_number",
        label=marked("Phone number"),
        refusal=marked("Please give a phone number of 10 or 11 digits."),
        pattern=r"\+?[0-9]{10,11}",
        longest=20,
        kind="tel",
        autocomplete="tel",
        inputmode="tel",
    ),
    "email": Field(
        of_source="email",
        label=marked("E-mail"),
        refusal=marked("Please give an e-mail address, like name@example.com."),
        longest=250,
        kind="email",
        autocomplete="email",
        inputmode="email",
    ),
    "konbini_name": Field(
        of_source="name",
        label=marked("Name"),
        refusal=marked(
            "Please give a name of 1 to 10 characters: the receipt has room for no more."
        ),
        pattern=r"[^\x00-\x1f]{1,10}",
        longest=10,
        autocomplete="name",
        hint=marked("at most 10 characters"),
    ),
    "name": Field(
        of_source="name",
        label=marked("Name"),
        refusal=marked("Please give your name."),
        pattern=_NAME,
        longest=50,
        autocomplete="name",
    ),
    "street1": Field(
        of_source="shipping.street1",
        label=marked("Street and number"),
        refusal=marked("Please give the street that the order goes to."),
        pattern=r"[^\x00-\x1f]{1,100}",
        autocomplete="shipping street-address",
    ),
    "city": Field(
        of_source="shipping.city",
        label=marked("City"),
        refusal=marked("Please give the city that the order goes to."),
        pattern=_NAME,
        longest=50,
        autocomplete="shipping address-level2",
    ),
    "postal_code": Field(
        of_source="shipping.postal_code",
        label=marked("Postal code"),
        refusal=marked("Please give the postal code that the order goes to."),
        pattern=r"[0-9A-Za-z -]{3,10}",
        longest=10,
        autocomplete="shipping postal-code",
    ),
    "bank": Field(
        of_source="bank",
        label=marked("Bank"),
        refusal=marked("Please choose your bank."),
        pattern=r"[0-9a-z_]{1,30}",
        kind="select",
    ),
    "installment_term": Field(
        of_source="installment_term",
        label=marked("Months"),
        refusal=marked("Please choose over how many months you pay."),
        pattern=r"[0-9]{1,2}",
        kind="select",
    ),
}


def read(asked: tuple[str, ...], form: Mapping[str, str]) -> tuple[dict, dict]:
    """Take what was asked from a posted form: the details that fit, and refusals for the others."""
    details, refusals = {}, {}
    for name in asked:
        text = " ".join(form.get(name, "").split())
        if name == "phone_number":
            text = re.sub(r"[ ().-]", "", text)
        pattern = EMAIL if name == "email" else re.compile(FIELDS[name].pattern)
        if pattern.fullmatch(text) and not holds_a_card_number(text):
            details[name] = text
        else:
            refusals[name] = refusal(name)
    return details, refusals


def refusal(name: str) -> str:
    """Say to the shopper that what was given does not fit."""
    return say(FIELDS[name].refusal)


def is_email(text: str) -> bool:
    """Tell whether a text is an address of e-mail, and no card number."""
    return bool(EMAIL.fullmatch(text)) and not holds_a_card_number(text)


def as_source(details: Mapping[str, str]) -> dict:
    """Give the details as a source has them."""
    source: dict = {}
    for name, text in details.items():
        part, _, inner = FIELDS[name].of_source.partition(".")
        if inner:
            source.setdefault(part, {})[inner] = text
        else:
            source[part] = int(text) if name == "installment_term" else text
    return source
