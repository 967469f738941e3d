"""Choose the language of a page: what the shopper chose, else STORE_LOCALE, else the browser's."""

from babel import Locale
from flask import current_app, has_request_context, request, session
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
    shops = Locale.parse(current_app.config["STORE_LOCALE"]).language
    usual = shops if shops in LANGUAGES else "en"
    if not has_request_context():
        return usual
    chosen = session.get("language")
    if chosen in LANGUAGES:
        return chosen
    if current_app.config.get("LANGUAGE_OF_BROWSER"):
        return request.accept_languages.best_match(LANGUAGES, usual)
    return usual


def locale():
    """Name the locale of this page: the shop's own, where it speaks the page's language.

    A shop whose language has no translation keeps its way to write prices, with English words.
    """
    shops, spoken = current_app.config["STORE_LOCALE"], language()
    its_language = Locale.parse(shops).language
    if its_language == spoken or (spoken == "en" and its_language not in LANGUAGES):
        return shops
    return spoken
