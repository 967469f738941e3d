"""A shopper who looks again when the shop is gone for a moment, and acts out a plan."""

import re
import threading
import time
from datetime import timedelta

import requests
from plans import DECLINED, EMPTY, GOOD
from rig import eventually
from shopper import Shopper

# How long a shopper goes on trying to see a page again.
STUBBORN = 60
ORDER_PAGE = re.compile(r"/orders/([0-9a-f-]{36})(/pay)?$")
# What an order's page may say when it can be paid, or paid again.
UNPAID = ("failed", "expired", "reversed", "open", "not_found")
GONE = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)


class Restless(Shopper):
    """Walk through one plan, whatever breaks meanwhile, and note what the shop showed.

    A form is only ever posted again as it was; another form only if a page offered it.
    """

    def __init__(self, machine, plan, visit):
        super().__init__(machine)
        self.plan, self.visit, self.form = plan, visit, None
        # The thread that kills the shop during this visit, if any does.
        self.killer = None

    def get(self, path, **more):
        """Look at a page, again and again while the shop is down or says so (503)."""
        get = super().get
        return self._until_there(lambda: get(path, **more))

    def post(self, path, data, **more):
        """Post a form that may be posted again: none but the order form moves money.

        Where it leads is asked for apart, since an answer that came must not be asked for twice.
        """
        post = super().post
        page = self._until_there(lambda: post(path, data, allow_redirects=False))
        return self.get(page.headers["Location"]) if page.is_redirect else page

    def changes(self, sku, quantity):
        """Say in the basket how many of one thing are wanted."""
        fields = self.hidden(self.get("/cart").text)
        token = {"csrf_token": fields.get("csrf_token") or self.form["csrf_token"]}
        return self.post("/cart/change", token | {"sku": sku, "quantity": quantity})

    def _until_there(self, ask):
        def answer():
            try:
                page = ask()
            except GONE:
                return None
            # In a list, since a page that says 404 would count as none.
            return None if page.status_code == 503 else [page]

        (page,) = eventually(answer, STUBBORN)
        self._note(page)
        return page

    def _note(self, page):
        """Keep for the verdict what the shop showed."""
        order = ORDER_PAGE.search(page.url)
        if order and page.status_code == 200:
            self.visit.shown |= order[1] == self.visit.order_id
        lost = page.status_code == 404 and page.history
        if page.status_code >= 500 or lost:
            method = page.history[0].request if page.history else page.request
            self.visit.broken.append(
                f"{method.method} {method.url} led to {page.url}: {page.status_code}"
            )

    def opens(self, path="/checkout"):
        """Open a payment form; None when the shop offers none there."""
        page = self.get(path)
        if "data-key" not in page.text:
            return None
        self.form = self.hidden()
        for name in ("omiseCustomer", "omiseCard"):
            self.form.pop(name, None)
        return self.form

    def opens_again(self):
        """Find a form once more: on the order's own page or by the basket, as the plan prefers."""
        doors = [f"/orders/{self.visit.order_id}/pay", "/checkout"]
        preferred = doors if self.plan.own_page else doors[::-1]
        return next((form for door in preferred if (form := self.opens(door))), None)

    def pays_with(self, form, /, **paying):
        """Post the order form once; if the line breaks, post the same again or look."""
        url, data = f"{self.shop.url}/charge", {**form, **paying}
        for _ in range(3 if self.plan.reposts else 1):
            try:
                self.page = self.http.post(url, data=data, timeout=STUBBORN)
            except GONE:
                continue
            if self.page.status_code != 503:
                self._note(self.page)
                break
        self.get(f"/orders/{self.visit.order_id}")

    def card(self, number=GOOD, **more):
        """Fill in the card's form."""
        token = patiently(lambda: self.shop.omise.token(number))
        return {"omiseToken": token, **more}

    def source(self, type, **more):
        """Choose another way to pay."""
        amount = self.plan.amount
        made = patiently(lambda: self.shop.omise.source(type, amount, **more))
        return {"omiseSource": made}

    @property
    def state(self):
        """Read which state the order's page shows; None where there is no order."""
        match = re.search(r'data-order-state="(\w+)"', self.page.text)
        return match and match[1]

    def acts(self):
        """Pay as the plan says, then see it through."""
        ACTS[self.plan.behaviour](self, self.form)
        for _ in range(3):
            self.follows_up()
            self.lets_time_pass()
            if self.state not in (*UNPAID, None) or not self.plan.persists:
                break
            if not self.opens_again():
                break
            self.pays_with(self.form, **self.card())
        self.get(f"/orders/{self.visit.order_id}")
        if self.state == "paid":
            self.is_given_back()

    def lets_time_pass(self):
        """Let an answer that is missing be missing for longer than the shop is patient."""
        if self.state != "confirming" or not self.plan.waits:
            return
        if self.killer:
            self.killer.join()
        # What has left comes to Omise within this, though for the book it was twenty minutes.
        time.sleep(2)
        omise, rule = self.shop.omise, None
        if self.plan.keeps_back:
            rule = patiently(lambda: omise.breaks(**EMPTY))
        attempts = self.shop.attempts(self.visit.order_id)
        self.shop.ages(attempts, timedelta(minutes=20))
        for _ in range(4):
            self.get(f"/orders/{self.visit.order_id}/status")
            self.get(f"/orders/{self.visit.order_id}")
            if self.state != "confirming":
                break
            time.sleep(1)
        if rule:
            patiently(lambda: omise.releases(rule))

    def is_given_back(self):
        """Be an operator for once, and give back what the plan says."""
        for amount in self.plan.refunds:
            some = [f"{amount / 100:.2f}"] if amount else []
            said = self.shop.command("refund", self.visit.order_id, *some, "--yes")
            self.visit.refunds += 1
            if said.returncode not in (0, 1) or "Traceback" in said.stderr:
                self.visit.broken.append(f"refund: {said.stderr}")

    def follows_up(self):
        """Go to the bank, scan the code, or watch the page, as its state asks."""
        for _ in range(3):
            if self.state != "confirming":
                break
            self.get(f"/orders/{self.visit.order_id}/status")
            self.get(f"/orders/{self.visit.order_id}")
        if self.state == "leaving":
            self.visits_bank()
        if self.plan.behaviour == "promptpay":
            self.scans()
        self.get(f"/orders/{self.visit.order_id}")

    def visits_bank(self):
        """Answer at the bank, and come back or not."""
        page = self.get(f"/orders/{self.visit.order_id}/authorize")
        there = re.search(r'href="([^"]+)" rel="noreferrer" data-leave', page.text)
        if not there:
            return
        step = there[1].split("?")[0].rsplit("/", 1)[0]
        action = "approve" if self.plan.approves else "decline"
        answer = patiently(
            lambda: self.http.post(f"{step}/{action}", allow_redirects=False, timeout=9)
        )
        if self.plan.returns and "Location" in answer.headers:
            self.get(answer.headers["Location"])

    def scans(self, oldest=False):
        """Do in the payer's place what the plan says, with the newest code or the oldest."""
        charges = self.shop.charges(self.visit.order_id)
        open_ones = [one for one in charges if one["status"] == "pending"]
        move = "pay" if oldest else self.plan.payer
        if not open_ones or not move:
            return
        chosen = open_ones[0 if oldest else -1]["id"]
        path = f"{self.shop.omise.base}control/charges/{chosen}/{move}"
        # A refusal only says that it was settled already.
        patiently(lambda: requests.post(path, timeout=9))


def patiently(ask):
    """Ask the sandbox itself; its listener may be closed for a moment."""

    def answer():
        try:
            return [ask()]
        except GONE:
            return None

    return eventually(answer, 60)[0]


def _card(shopper, form):
    shopper.pays_with(form, **shopper.card())


def _saved(shopper, form):
    email = address(shopper.plan)
    shopper.pays_with(form, **shopper.card(remember="yes", email=email))


def _promptpay(shopper, form):
    shopper.pays_with(form, **shopper.source("promptpay"))


def _truemoney(shopper, form):
    shopper.pays_with(form, **shopper.source("truemoney", phone_number="0812345678"))


def _double(shopper, form):
    paying = shopper.card()
    shopper.pays_with(form, **paying)
    shopper.pays_with(form, **paying)


def _parallel(shopper, form):
    paying = shopper.card()
    data = {**form, **paying}
    cookies = shopper.http.cookies.get_dict()

    def post():
        try:
            url = f"{shopper.shop.url}/charge"
            requests.post(url, data=data, cookies=cookies, timeout=STUBBORN)
        except GONE:
            pass  # the others, or the look at the order page, find out

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    shopper.pays_with(form, **paying)
    for thread in threads:
        thread.join()
    shopper.get(f"/orders/{shopper.visit.order_id}")


def _another_tab(shopper, form):
    second = shopper.opens()
    shopper.pays_with(form, **shopper.card())
    if second:
        shopper.pays_with(second, **shopper.card())


def _declined(shopper, form):
    shopper.pays_with(form, **shopper.card(DECLINED))
    shopper.follows_up()
    if shopper.state == "failed" and shopper.opens_again():
        shopper.pays_with(shopper.form, **shopper.card())


def _another_way(shopper, form):
    shopper.pays_with(form, **shopper.source("promptpay"))
    if "Pay another way" in shopper.page.text:
        path = f"/orders/{shopper.visit.order_id}/again"
        shopper.post(path, {"csrf_token": form["csrf_token"]})
    if shopper.opens_again():
        shopper.pays_with(shopper.form, **shopper.card())


def _old_code(shopper, form):
    _another_way(shopper, form)
    shopper.follows_up()
    shopper.scans(oldest=True)


def _another_browser(shopper, form):
    shopper.pays_with(form, **shopper.card(DECLINED))
    shopper.follows_up()
    with Restless(shopper.shop, shopper.plan, shopper.visit) as elsewhere:
        if elsewhere.opens(f"/orders/{shopper.visit.order_id}/pay"):
            elsewhere.pays_with(elsewhere.form, **elsewhere.card())
            elsewhere.follows_up()
    # The basket here is as it was: whatever this leads to, nothing is paid a second time.
    if shopper.opens():
        shopper.pays_with(shopper.form, **shopper.card())


def _touches_basket(shopper, form):
    """One more and one less again is the same basket, and what may be paid is not in it."""
    shopper.pays_with(form, **shopper.card())
    sku, quantity = shopper.plan.things[0]
    for number in (quantity + 1, quantity):
        shopper.changes(sku, number)
    if shopper.opens():
        shopper.pays_with(shopper.form, **shopper.card())


ACTS = {
    "card": _card,
    "saved card": _saved,
    "promptpay": _promptpay,
    "truemoney": _truemoney,
    "double post": _double,
    "parallel posts": _parallel,
    "another tab": _another_tab,
    "declined, then pays": _declined,
    "another way": _another_way,
    "old code paid as well": _old_code,
    "another browser": _another_browser,
    "gives up waiting": _card,
    "touches the basket": _touches_basket,
}


def address(plan):
    """Give the shopper's e-mail address, by which a request to save the card is known."""
    return f"shopper{plan.number}@example.com"
