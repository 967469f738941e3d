"""Money and moments, as each language and country writes them."""

from datetime import datetime

import pytest
from flask import Flask

import payment
from payment.money import clock, money

NBSP, NNBSP = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"
LEAP_DAY = datetime(2024, 2, 29, 20, 24, 5)


class Cart:
    currency = "THB"

    def lines(self):
        return []

    def total(self):
        return 0

    def empty(self):
        pass


@pytest.fixture
def speaking(tmp_path):
    """Give a function that opens an app's context, in which a locale is spoken."""
    app = Flask("host", instance_path=str(tmp_path))
    app.config.update(
        SECRET_KEY="spring rain",
        SERVER_NAME="localhost:5000",
        OMISE_PUBLIC_KEY="pkey_test_1",
        OMISE_SECRET_KEY="skey_test_1",
    )
    payment.init_app(app, cart=Cart)

    def speak(locale):
        app.config["STORE_LOCALE"] = locale
        return app.app_context()

    yield speak
    payment.close(app)


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        # As CLDR has it, a Thai year is one of the Buddhist era.
        ("th_TH", "29 ก.พ. 2567 20:24:05 UTC"),
        ("ja_JP", "2024/02/29 20:24:05 UTC"),
        ("en_SG", f"29 Feb 2024, 8:24:05{NNBSP}pm UTC"),
        # English words, so no moment in Malay beside them.
        ("ms_MY", f"Feb 29, 2024, 8:24:05{NNBSP}PM UTC"),
    ],
)
def test_a_moment_is_in_the_language_of_the_page_with_its_zone(speaking, locale, text):
    with speaking(locale):
        assert clock(LEAP_DAY) == text


@pytest.mark.parametrize(
    ("locale", "amount", "currency", "text"),
    [
        ("th_TH", 12345, "THB", "฿123.45"),
        ("ja_JP", 5800, "JPY", "¥5,800"),
        ("en", 12345, "THB", f"THB{NBSP}123.45"),
        ("en_SG", 12345, "SGD", "$123.45"),
        ("ms_MY", 12345, "MYR", f"RM{NBSP}123.45"),
    ],
)
def test_an_amount_is_written_as_its_country_does(
    speaking, locale, amount, currency, text
):
    with speaking(locale):
        assert money(amount, currency) == text
