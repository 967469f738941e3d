"""Give drawing what it may look at, and nothing to write with."""

from collections.abc import Callable
from dataclasses import dataclass

from ..rules import standing
from ..rules.countries import COUNTRIES


@dataclass(frozen=True)
class Sight:
    """Hold what hangs on an object, the moment, the account, and where this mount is reached."""

    find: Callable
    below: Callable
    page: Callable
    now: int
    settings: dict
    base_url: str
    mount: str

    @property
    def country(self):
        """Tell the rules of the account's country."""
        return COUNTRIES[self.settings["country"]]

    def path(self, path):
        """Put the mount's prefix before a path: clients join `location` with their base."""
        return self.mount + path

    def address(self, path):
        """Make the absolute address of a path."""
        return self.base_url + path.removeprefix("/")

    def charge_of(self, facts):
        """Fetch the charge made from a token or source, with its status at this moment."""
        if not facts["charge"]:
            return None
        charge = self.find("charge", facts["charge"])
        return {**charge, "status": standing.status_at(charge, self.now)}
