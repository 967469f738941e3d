"""Print JSON as Omise does."""

import json
import re

# Possessive, or a deeply nested body is searched in the square of its indent.
_EMPTY_LIST = re.compile(r"(?m)^( *+)(.*)\[\](,?)$")
_EMPTY_HASH = re.compile(r"(?m)^( *+)(.*)\{\}(,?)$")


def pretty(body):
    """Print an object, odd empty lists and hashes included; webhooks sign these bytes."""
    text = json.dumps(body, indent=2, ensure_ascii=False)
    text = _EMPTY_LIST.sub(r"\1\2[\n\n\1]\3", text)
    return _EMPTY_HASH.sub(r"\1\2{\n\1}\3", text) + "\n"
