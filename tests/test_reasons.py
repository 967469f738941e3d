"""What a shopper reads of a payment that failed: why, and what to do next; never which detail of a
card was wrong.
"""

import re

import pytest

from payment import reasons
from payment.reasons import OF_THE_BANK, OTHERWISE, SENTENCES, explain

# Every failure_code that Omise is known to give (charges-api#failure_code).
CODES = [
    "expired_card",
    "failed_fraud_check",
    "failed_processing",
    "insufficient_balance",
    "insufficient_fund",
    "invalid_account",
    "invalid_account_number",
    "invalid_security_code",
    "payment_cancelled",
    "payment_expired",
    "payment_rejected",
    "stolen_or_lost_card",
    "timeout",
]
NEXT = re.compile(
    "try again|again whenever|another card|another way|come back|enter|choose", re.I
)


@pytest.mark.parametrize("code", CODES)
def test_every_failure_code_has_words_of_its_own(code):
    """D4: not the sentence for what nobody knows."""
    assert explain(code) == SENTENCES[code] != OTHERWISE


@pytest.mark.parametrize("text", [*SENTENCES.values(), OTHERWISE])
def test_every_sentence_says_what_to_do_next(text):
    assert NEXT.search(text)
    assert text.endswith(".")


# Somebody may have confirmed at the last moment.
RAN_OUT = ("timeout", "payment_expired")


@pytest.mark.parametrize("code", sorted({*SENTENCES, "a_code_of_2027"} - {*RAN_OUT}))
def test_what_is_certain_is_said_that_nothing_was_charged(code):
    """Who reads of a failure asks first whether money is gone."""
    assert "nothing was charged" in explain(code).lower()


@pytest.mark.parametrize("code", RAN_OUT)
def test_where_it_is_not_certain_one_looks_first(code):
    assert "charged" not in explain(code)
    assert "shows no payment, you can try again" in explain(code)


@pytest.mark.parametrize("code", ["", None, "a_code_of_2027"])
def test_a_code_that_nobody_knows_yet_still_says_what_to_do(code):
    assert explain(code) == OTHERWISE


@pytest.mark.parametrize("code", OF_THE_BANK)
def test_what_a_bank_says_of_a_card_is_told_once(code):
    """Who tests stolen cards would sort them by it."""
    assert explain(code, in_detail=False) == OTHERWISE


@pytest.mark.parametrize("code", sorted(set(CODES) - set(OF_THE_BANK)))
def test_what_says_nothing_of_a_card_is_told_each_time(code):
    assert explain(code, in_detail=False) == SENTENCES[code]


def test_the_words_do_not_say_which_detail_of_a_card_was_wrong():
    told = {
        reasons.explain(code)
        for code in ("invalid_security_code", "invalid_account_number")
    }
    assert len(told) == 1
    lost = {reasons.explain(code) for code in ("stolen_or_lost_card", "expired_card")}
    assert len(lost) == 1


@pytest.mark.parametrize("code", CODES)
def test_the_page_of_an_order_that_failed_says_it(shop, shopper, code):
    """D4: by the way of it: charged, failed, shown."""
    shop.omise.reset()
    order_id = shop.orders(49_000, "THB")
    shopper.opens_order(order_id, "/pay")
    shopper.chooses("rabbit_linepay")
    charge = shop.omise.latest()["id"]
    shop.omise.control(f"charges/{charge}/fail", failure_code=code)
    shopper.opens_order(order_id, "/complete")
    assert shopper.state == "failed"
    assert SENTENCES[code] in shopper.page.text
