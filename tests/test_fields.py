"""What is taken for a card number where somebody types it into another field."""

import pytest

from payment.fields import holds_a_card_number


@pytest.mark.parametrize(
    "typed",
    [
        "4242424242424242",
        "4242 4242 4242 4242",
        "4242-4242-4242-4242",
        "my card: 4242 - 4242 - 4242 - 4242, thanks",
        "378282246310005",
        "6250947000000014",
    ],
)
def test_a_card_number_is_found_however_it_is_parted(typed):
    assert holds_a_card_number(typed)


@pytest.mark.parametrize(
    "typed",
    ["", "0812345678", "4242424242424241", "424242424242", "1234567890123", "a" * 16],
)
def test_other_numbers_are_none(typed):
    """Luhn's rule, and 13 digits at least."""
    assert not holds_a_card_number(typed)
