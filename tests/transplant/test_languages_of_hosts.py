"""A host speaks the language of its STORE_LOCALE by payment's own catalogues, or the one it names
for each request.
"""

import pytest
from hosts import Bakery

# Flask-Babel is no part of what is copied.
PROGRAM = """
import sys
sys.modules["flask_babel"] = None
from bakery import create_app
shopper = create_app().test_client()
shopper.get("/")
with shopper.session_transaction() as kept:
    kept["bag"] = ["rye"]
print(shopper.get("/till/checkout").text)
"""
# What the checkout says to who pays: its title, a price, and the language of Omise's form.
TOLD = {
    "th_TH": ("รวมทั้งหมด", "฿225.00", 'data-locale="th"'),
    "ja_JP": ("合計", "THB", 'data-locale="ja"'),
    "en_SG": ("Total", "THB", 'data-locale="en"'),
    # No catalogue: English words, with prices as they are written there.
    "ms_MY": ("Total", "THB", 'data-locale="en"'),
    "de_DE": ("Total", "225,00", 'data-locale="en"'),
}


@pytest.mark.parametrize("locale", TOLD)
def test_a_copy_without_flask_babel_speaks_the_language_of_its_locale(locale, tmp_path):
    host = Bakery(tmp_path)
    host.environment["STORE_LOCALE"] = locale
    page = host.python("-c", PROGRAM).stdout
    for told in TOLD[locale]:
        assert told in page
