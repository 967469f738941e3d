"""Hold the books of a sandbox: the rows, its clock and settings, and reads for the pages.

The pages and the dashboard use exactly this: ``from sandbox.state import books``.
"""

import base64
import binascii
import secrets
import time

from flask import current_app

from . import genuine
from .keys import WEBHOOK_SECRET
from .rows import Rows, new_id
from .rules import countries
from .rules.refusals import NotFound, Refused
from .rules.versions import CURRENT_VERSION


def books():
    """Find the books of the app that is serving."""
    return current_app.extensions["sandbox"]


class Books(Rows):
    """Answer what the pages ask about charges, as a client would see them today."""

    def attach(self, app, **given):
        """Belong to this app and make sure that every setting has a value."""
        app.extensions["sandbox"] = self
        country = given["country"]
        if country not in countries.COUNTRIES:
            raise ValueError(f"the sandbox has no country {country!r}")
        if not genuine.is_known(given["omise_js"] or genuine.OWN):
            raise ValueError(f"no script for the browser at {given['omise_js']!r}")
        defaults = {
            "three_d_secure": False,
            "webhook_uri": None,
            "webhook_secret": WEBHOOK_SECRET,
            "webhook_previous_secret": None,
            "omise_js": genuine.OWN,
            "api_version": CURRENT_VERSION,
            "clock_offset": 0,
            "account_id": new_id("account"),
            "team_id": new_id("acct").replace("_test_", "_"),
            "opened_at": int(time.time()),
            "fingerprint_key": secrets.token_hex(32),
            "zero_interest_installments": False,
            "chain_return_uri": None,
            "metadata_export_keys": {},
        }
        given["currency"] = countries.COUNTRIES[country].currency
        asked = {name: value for name, value in given.items() if value is not None}
        with self.change():
            for name, value in {**defaults, **self.settings(), **asked}.items():
                self.set(name, value)
        # A server may fork next, and no SQLite connection survives that.
        self.close()

    def set(self, name, value):
        """Change one setting; a webhook secret has to be base64, or nothing could be signed."""
        if name in ("webhook_secret", "webhook_previous_secret") and value:
            try:
                base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                raise Refused("bad_request", f"{name} is not base64") from None
        super().set(name, value)

    def now(self):
        """Tell the sandbox's own time, in seconds; tests move it with `clock_offset`."""
        return int(time.time()) + int(self.settings()["clock_offset"])

    def charge(self, charge_id):
        """Show one charge as GET /charges/:id would."""
        from . import life, objects

        return objects.charge(life.current(charge_id))

    def charges(self, status=None, query=None, limit=20, offset=0):
        """List charges, newest first, with how many there are in all."""
        from . import life, objects

        life.expire_due()
        found, total = self.page(
            "charge",
            status=status,
            text=query,
            limit=limit,
            offset=offset,
            newest_first=True,
        )
        return [objects.charge(body) for body in found], total

    def charge_of_payment(self, payment_id):
        """Show the charge that an authorise page is about."""
        return self.charge(self.id_of_page(payment_id, "payment"))

    def id_of_page(self, address, kind):
        """Tell what a payer's page is about: the charge, or the link."""
        rows = self.query("SELECT id FROM objects WHERE payment = ?", (address,))
        if not rows:
            raise NotFound(kind, address)
        return rows[0][0]

    def payment_of(self, charge_id):
        """Tell the id under which a charge's authorise page is found."""
        return self.find("charge", charge_id)["payment"]

    def scenario_of(self, charge_id):
        """Tell which failure the charge's test card stands for, if any."""
        return (self.find("charge", charge_id)["card"] or {}).get("scenario")

    def events_of(self, charge_id):
        """List the events of a charge, oldest first, with their deliveries."""
        from . import objects

        return [objects.event(body) for body in self.below(charge_id, "event")]
