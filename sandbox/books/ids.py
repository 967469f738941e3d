"""Make ids as Omise's look, which sort in the order in which they were made."""

import secrets
import threading
import time

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_ids = threading.Lock()
_last_id = 0


def new_id(prefix):
    """Make an id as Omise's look: 19 base-36 digits of milliseconds and luck, sorting by time."""
    global _last_id
    # Fitted to recorded ids: their 19 digits are milliseconds * 2**55 plus 55 free bits.
    with _ids:
        number = ((time.time_ns() << 55) // 1_000_000) + secrets.randbits(34)
        _last_id = number = max(number, _last_id + 1 + secrets.randbits(20))
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return f"{prefix}_test_{digits}"
