"""Hold the books of one account: its rows, its settings and its clock."""

import time

from ..rules.countries import COUNTRIES
from . import settings
from .rows import Rows


class Books(Rows):
    """Keep the rows of one sandbox account, whose country, keys and time are its own."""

    def begin(self, country, **given):
        """Make sure that every setting has a value: the one given, the one kept, or the first."""
        if country not in COUNTRIES:
            raise ValueError(f"the sandbox has no country {country!r}")
        given |= {"country": country, "currency": COUNTRIES[country].currency}
        asked = {name: value for name, value in given.items() if value is not None}
        with self.change():
            for name, value in {**settings.first(), **self.settings(), **asked}.items():
                self.set(name, value)

    def set(self, name, value):
        """Change one setting, unless that would leave nothing to sign with."""
        settings.check(name, value)
        super().set(name, value)

    def country(self):
        """Tell the rules of the account's country."""
        return COUNTRIES[self.settings()["country"]]

    def now(self):
        """Tell the sandbox's own time, in seconds; tests move it with `clock_offset`."""
        return int(time.time()) + int(self.settings()["clock_offset"])
