"""Serve what people meet: omise.js, the pages of bank, wallet, counter and link, the dashboard.

And what steers the sandbox: its control surface, of which Omise has nothing. A page draws what a
client would see. Only the application imports this wing.
"""

from . import control, dashboard, link, payer, script

MODULES = (control, dashboard, link, payer, script)
