"""Call each path of Omise's OpenAPI file once, on a sandbox with one of everything in it."""

import re

from sandbox import PUBLIC_KEY

RETURN = "https://shop.test/orders/1/complete"
PICTURE = ("bill.png", b"\x89PNG\r\n\x1a\n" + bytes(32), "image/png")
BANK = {"brand": "bbl", "number": "1234567890", "name": "Somchai Prasert"}
RECIPIENT = {"name": "Somchai", "type": "individual", "bank_account": BANK}
MONTHLY = {
    "every": 1,
    "period": "month",
    "on": {"days_of_month": [1]},
    "start_date": "2035-01-01",
    "end_date": "2035-12-31",
}
LINK = {"amount": 20000, "currency": "THB", "title": "Cup", "description": "Celadon"}
CARD_PAYMENT = {"amount": 100000, "currency": "THB"}


class Surface:
    """Hold the objects that calls are made with, and make the calls."""

    def __init__(self, rig):
        self.rig = rig
        self.make = {
            "charges": lambda: rig.charge(),
            "customers": lambda: rig.post("customers", card=rig.token()),
            "disputes": lambda: rig.post(f"charges/{rig.charge()['id']}/disputes"),
            "events": lambda: rig.get("events")["data"][0],
            "links": lambda: rig.post("links", **LINK),
            "occurrences": self._occurrence,
            "receipts": self._receipt,
            "recipients": lambda: rig.post("recipients", **RECIPIENT),
            "schedules": self._schedule,
            "sources": lambda: rig.post(
                "sources", amount=20000, currency="THB", type="promptpay"
            ),
            "tokens": lambda: {"id": rig.token()},
            "transactions": lambda: {"id": rig.charge()["transaction"]},
            "transfers": lambda: rig.post("transfers", **self._payout()),
        }
        self.bodies = {
            "PATCH /account": {"zero_interest_installments": False},
            "POST /charges": lambda: {**CARD_PAYMENT, "card": rig.token()},
            "POST /charges/{id}/refunds": {"amount": 5000},
            "POST /customers": {"email": "somchai@example.com"},
            "POST /links": LINK,
            "POST /recipients": RECIPIENT,
            "POST /schedules": lambda: MONTHLY | self._monthly_charge(),
            "POST /sources": {"amount": 20000, "currency": "THB", "type": "promptpay"},
            "POST /tokens": {"card": self._card()},
            "POST /transfers": self._payout,
            "PATCH /disputes/{id}/close": {"status": "won"},
            "GET /search": {"scope": "charge"},
        }
        # What a move needs in another state than that of a new one.
        self.states = {
            "/charges/{id}/capture": lambda: rig.charge(capture=False),
            "/charges/{id}/reverse": lambda: rig.charge(capture=False),
            "/charges/{id}/expire": rig.promptpay,
            "/charges/{id}/mark_as_paid": rig.promptpay,
            "/charges/{id}/mark_as_failed": rig.promptpay,
            "/transfers/{id}/mark_as_paid": self._sent_transfer,
        }

    def call(self, method, path):
        """Make one call of the file with objects that fit; gives the raw response."""
        body = self.bodies.get(f"{method} {path}", {})
        sent = {"json": body() if callable(body) else body}
        if f"{method} {path}" == "POST /disputes/{id}/documents":
            sent = {"files": {"file": PICTURE}}
        key = {"key": PUBLIC_KEY} if path.startswith("/tokens") else {}
        return self.rig.call(method, self._filled(path)[1:], **key, **sent)

    def call_for_nothing(self, method, path, **key):
        """Make one call of the file with ids that lead nowhere; gives the raw response."""
        ids = re.sub(r"{(\w+)}", "none_test_5none", path)
        body = self.bodies.get(f"{method} {path}", {})
        sent = {"json": body() if callable(body) else body}
        return self.rig.call(method, ids[1:], **key, **sent)

    def _filled(self, path):
        if "{" not in path:
            return path
        kind = path.split("/")[1]
        made = (self.states.get(path) or self.make.get(kind) or dict)()
        ids = {"id": made.get("id", f"{kind[:4]}_test_5none"), "currency": "usd"}
        if "{card_id}" in path:
            ids["card_id"] = made["default_card"]
        if "{refund_id}" in path:
            refund = self.rig.post(f"charges/{made['id']}/refunds", amount=100)
            ids["refund_id"] = refund["id"]
        if "{document_id}" in path:
            documents = f"disputes/{made['id']}/documents"
            kept = self.rig.call("POST", documents, files={"file": PICTURE})
            ids["document_id"] = kept.json()["id"]
        return path.format(**ids)

    def _card(self):
        return {
            "name": "Somchai Prasert",
            "number": "4242424242424242",
            "expiration_month": 12,
            "expiration_year": 2035,
            "security_code": "123",
        }

    def _monthly_charge(self):
        customer = self.make["customers"]()["id"]
        return {"charge": {"customer": customer, **CARD_PAYMENT}}

    def _schedule(self):
        return self.rig.post("schedules", **MONTHLY | self._monthly_charge())

    def _occurrence(self):
        schedule = self._schedule()
        self.rig.post(f"control/schedules/{schedule['id']}/run")
        return self.rig.get(f"schedules/{schedule['id']}/occurrences")["data"][0]

    def _receipt(self):
        self.rig.charge()
        self.rig.set(clock_offset=40 * 24 * 60 * 60)
        return self.rig.get("receipts")["data"][0]

    def _payout(self):
        self.rig.charge()
        return {"amount": 5000}

    def _sent_transfer(self):
        transfer = self.make["transfers"]()
        return self.rig.post(f"transfers/{transfer['id']}/mark_as_sent")
