"""What must never stand in a log, looked for in every line that any test makes.

The shop of the tests is full of it: keys, secrets and tokens as the sandbox and Omise write them,
cookies, the card numbers, names and addresses that shoppers type.
"""

import logging
import re

import sandbox

PLANTED = ("somchai", "prasert", "canary", sandbox.SECRET_KEY, sandbox.WEBHOOK_SECRET)
SHAPES = (
    r"[sp]key_(test_)?[0-9a-z]{4,}",
    r"(tokn|src)_(test_)?[0-9a-z]{10,}",
    r"[\w.+-]+@[\w-]+\.\w+",
    r"\b[2-6]\d{12,18}\b",
    r"csrf_token|omise(Token|Source)",
    r"(session|authorization|cookie)[=:] ?\S{12,}",
    r"(?-i:eyJ)[\w-]{10,}",  # a signed session; ids are in small letters
)
FORBIDDEN = re.compile("|".join([*map(re.escape, PLANTED), *SHAPES]), re.IGNORECASE)
# Lines that are the test's own doing: it makes a host's receiver or view raise with words of its
# own, or reads what pytest, hypothesis or the browser say.
_OURS = ("app", "logs", "payment", "reports", "security", "store", "webhook")


class Canaries(logging.Handler):
    """Keep the lines of the shop that hold what no line may hold."""

    def __init__(self):
        super().__init__()
        self.found = []

    def emit(self, record):
        """Look through one record, its traceback included."""
        if record.name.split(".")[0] in _OURS:
            text = self.format(record)
            if FORBIDDEN.search(text):
                self.found.append(text)

    def take(self):
        """Give what was found since it was last asked."""
        found, self.found = self.found, []
        return found


# The one that watches the suite (conftest.py).
CANARIES = Canaries()
