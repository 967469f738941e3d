"""What payment's pages are opened for, whatever a host's own policy says."""

import pytest

from payment import policy
from payment.settings import DEFAULTS, OMISE, VAULT

SCRIPT = "https://cdn.omise.co/omise.js"
ADDRESSES = {
    "OMISE_JS_URL": SCRIPT,
    "OMISE_API_BASE": OMISE,
    "OMISE_VAULT_BASE": VAULT,
}


def opened(given):
    """Give the payment page's policy and the order page's, beside a host's own."""
    config = ADDRESSES | {"PAYMENT_PAGE_POLICY": given}
    return policy.of_payment_page(config), policy.of_order_page(config)


def test_nothing_is_taken_from_a_host_that_allows_nothing():
    paying, order = opened({"default-src": "'none'"})
    assert order == {"default-src": "'none'"} | dict.fromkeys(
        ("script-src", "style-src", "connect-src", "img-src"), "'self'"
    )
    assert paying == {
        "default-src": "'none'",
        "script-src": f"'self' {SCRIPT}",
        "frame-src": "https://cdn.omise.co https://vault.omise.co",
        "connect-src": "https://cdn.omise.co https://api.omise.co",
        "img-src": "'self' https://cdn.omise.co",
        "style-src": "'self'",
        "style-src-attr": "'unsafe-inline'",
    }


@pytest.mark.parametrize("sources", ["'self' data:", ["'self'", "data:"]])
def test_what_the_host_s_layout_loads_stays_allowed(sources):
    for page in opened({"default-src": sources}):
        assert set(page["img-src"].split()) >= {"'self'", "data:"}


def test_forms_may_be_posted_where_a_host_forbids_it():
    """No fallback: where a host says nothing, nothing is said."""
    for page in opened({"form-action": "'none'"}):
        assert page["form-action"] == "'self'"
    for page in opened(DEFAULTS["PAYMENT_PAGE_POLICY"]):
        assert "form-action" not in page
