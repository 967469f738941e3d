"""Serve another script as /omise.js, such as the genuine one, with this sandbox behind it."""

import re
from pathlib import Path

import requests

from . import wire
from .rules import values

OWN = "own"
_PATIENCE = 10
# Where the genuine script finds its form, its maker of tokens and the API.
_HOSTS = re.compile(rb"https://(?:cdn|vault|api)\.omise\.co(?![\w.-])")


class Unreachable(Exception):
    """Say that the script could not be read."""


def is_known(chosen):
    """Tell whether this names a script: our own, one on the web, or a file of this machine."""
    return chosen == OWN or values.is_web_address(chosen) or Path(chosen).is_file()


def script(chosen):
    """Read the script and lead the hosts of Omise in it to this sandbox.

    Raises Unreachable.
    """
    home = wire.base_url().rstrip("/").encode()
    return _HOSTS.sub(home, _read(chosen))


def _read(chosen):
    try:
        if not values.is_web_address(chosen):
            return Path(chosen).read_bytes()
        answer = requests.get(chosen, timeout=_PATIENCE)
        answer.raise_for_status()
        return answer.content
    except (OSError, requests.RequestException) as problem:
        raise Unreachable(f"{chosen} could not be read: {problem}") from problem
