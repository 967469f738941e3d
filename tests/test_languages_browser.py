"""What scripts write into a page is in its language too."""

import re

import pytest
from browser import HANGS_UP, PHONE
from languages_rig import Page, english, foreign

pytest_plugins = ("journey",)
pytestmark = HANGS_UP

# The year that a page of today shows, without the last digit of it: 256x is 202x in Thailand.
SHOPS = {
    "th": ({"STORE_LOCALE": "th_TH", "STORE_CURRENCY": "THB"}, "promptpay", {}, "256"),
    "ja": (
        {"STORE_LOCALE": "ja_JP", "STORE_CURRENCY": "JPY"},
        "convenience_store",
        {
            "konbini_name": "山田",
            "email": "taro@example.com",
            "phone_number": "09012345678",
        },
        "202",
    ),
}


@pytest.mark.parametrize("language", SHOPS)
def test_what_a_script_writes_is_in_the_language_of_the_page(
    build_shop, opened, language
):
    settings, way, typed, decade = SHOPS[language]
    shop = build_shop(**settings)
    shop.capability()
    # The browser itself speaks another one.
    window = opened(shop, locale="en-US", **PHONE)
    window.page.goto("/")
    window.page.locator("#celadon-cup button").first.click()
    window.page.locator(".notice-ok").wait_for()
    window.page.goto("/checkout")
    assert read(window) == []
    window.chooses(way, **typed)
    window.sees("waiting")
    window.page.locator("[data-left]").first.wait_for(state="attached")
    moment = window.page.locator("time[datetime]").first
    assert re.search(rf"{decade}\d\D", moment.inner_text())
    assert re.search("UTC|GMT", moment.inner_text())
    assert read(window) == []


def read(window):
    """List what is foreign on the page as it stands, but for Omise's own frame."""
    window.page.evaluate(
        "document.querySelectorAll('iframe').forEach(one => one.remove())"
    )
    page = Page(window.page.evaluate("document.documentElement.outerHTML"))
    return foreign(page) + english(page)
