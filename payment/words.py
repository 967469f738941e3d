"""Say things in the shopper's language: English in the source, other languages in translations/.

A sentence is marked where it stands, `say("Pay %(amount)s", amount=...)`; one that a table holds is
`marked(...)` there and said when it is shown.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.support import NullTranslations, Translations
from flask import current_app, has_app_context, has_request_context
from markupsafe import Markup, escape

_CATALOGUES = Path(__file__).parent / "translations"
_DOMAIN = "payment"


def locale() -> str:
    """Name the locale that this shopper reads: what the host told init_app, else STORE_LOCALE.

    Outside of an app, what the tables hold is read in English.
    """
    if not has_app_context():
        return "en"
    asked = current_app.extensions["payment"].language
    if asked is None or not has_request_context():
        return current_app.config["STORE_LOCALE"]
    return str(asked())


def language() -> str:
    """Name the language that payment's own words are in, as two letters."""
    known = language_of(locale())
    return known if _catalogue(known) is not _ENGLISH else "en"


def say(text: str, **values: Any) -> str:
    """Say a sentence in the shopper's language, with `%(name)s` filled in from `values`.

    With markup among these, the sentence is markup itself, and all else in it is escaped.
    """
    # The empty text is a catalogue's own heading.
    said = _catalogue(language_of(locale())).ugettext(text) if text else ""
    if any(isinstance(value, Markup) for value in values.values()):
        return escape(said) % values
    return said % values if values else said


def say_number(one: str, many: str, number: int, **values: Any) -> str:
    """Say a sentence about `number` things, which the sentence calls `%(number)s`."""
    said = _catalogue(language_of(locale())).ungettext(one, many, number)
    return said % {"number": number, **values}


def marked(text: str) -> str:
    """Mark a sentence for the catalogues; it is said later."""
    return text


_ENGLISH = NullTranslations()


@lru_cache
def language_of(name: str) -> str:
    """Name the language of a locale, as two letters."""
    return Locale.parse(name).language


@lru_cache
def _catalogue(known: str) -> NullTranslations:
    """Read a language's catalogue; English for one that has none."""
    found = Translations.load(_CATALOGUES, [known], _DOMAIN)
    return found if isinstance(found, Translations) else _ENGLISH
