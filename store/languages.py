"""Choose the language of a page: what the shopper chose, else STORE_LOCALE, else the browser's."""

from functools import lru_cache

from babel import Locale
from flask import current_app, g, has_request_context, request, session
from flask_babel import Babel, get_translations, refresh

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
    state.app.jinja_env.install_gettext_callables(
        gettext=lambda one: _texts().gettext(one),
        ngettext=lambda one, many, number: _texts().ngettext(one, many, number),
        newstyle=True,
    )


def _texts():
    """Give the catalogue of this page's language, which Flask-Babel looks for anew for each
    text."""
    if "texts" not in g:
        g.texts = get_translations()
    return g.texts


def choose(code):
    """Speak another language with this shopper from now on."""
    session["language"] = code
    for known in ("language", "texts"):
        g.pop(known, None)
    refresh()


def language():
    """Name the language of this page's words: `en`, `th` or `ja`."""
    if not has_request_context():
        return _of_the_shop()
    if "language" not in g:
        g.language = _of_the_shopper()
    return g.language


def _of_the_shop():
    shops = _language_of(current_app.config["STORE_LOCALE"])
    return shops if shops in LANGUAGES else "en"


def _of_the_shopper():
    usual = _of_the_shop()
    chosen = session.get("language")
    if chosen in LANGUAGES:
        return chosen
    if not current_app.config.get("LANGUAGE_OF_BROWSER"):
        return usual
    return request.accept_languages.best_match(LANGUAGES, usual)


def locale():
    """Name the locale of this page: the shop's own, where it speaks the page's language.

    A shop whose language has no translation keeps its way to write prices, with English words.
    """
    return _locale(current_app.config["STORE_LOCALE"], language())


@lru_cache
def _locale(shops, spoken):
    its_language = _language_of(shops)
    if its_language == spoken or (spoken == "en" and its_language not in LANGUAGES):
        return shops
    return spoken


@lru_cache
def _language_of(name):
    return Locale.parse(name).language
