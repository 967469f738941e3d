"""Choose the language of a page: what the shopper chose, else STORE_LOCALE, else the browser's."""

from functools import lru_cache

from babel import Locale
from flask import current_app, g, has_request_context, request, session
from flask_babel import Babel

# The languages that translations/ has, by their own names.
LANGUAGES = {"en": "English", "th": "ไทย", "ja": "日本語"}


def register(blueprint):
    """Have every text of the store's said in the language of its page."""
    blueprint.record_once(_listen)


def _listen(state):
    Babel(
        state.app,
        default_domain="store",
        default_translation_directories="store/translations",
        locale_selector=locale,
    )


def language():
    """Name the language of this page's words: `en`, `th` or `ja`."""
    shops = _language_of(current_app.config["STORE_LOCALE"])
    usual = shops if shops in LANGUAGES else "en"
    if not has_request_context():
        return usual
    chosen = session.get("language")
    if chosen in LANGUAGES:
        return chosen
    if not current_app.config.get("LANGUAGE_OF_BROWSER"):
        return usual
    if "language_of_browser" not in g:
        g.language_of_browser = request.accept_languages.best_match(LANGUAGES, usual)
    return g.language_of_browser


def locale():
    """Name the locale of this page: the shop's own, where it speaks the page's language.

    A shop whose language has no translation keeps its way to write prices, with English words.
    """
    shops, spoken = current_app.config["STORE_LOCALE"], language()
    its_language = _language_of(shops)
    if its_language == spoken or (spoken == "en" and its_language not in LANGUAGES):
        return shops
    return spoken


@lru_cache
def _language_of(name):
    return Locale.parse(name).language
