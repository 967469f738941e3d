"""Ask the shop and its sandbox for thousands of odd things; none may be an error 500 or hang.

    python tests/fuzz.py --requests 20000 --seed 1

What is asked is drawn from the seed and the request's number: every route, with ids that exist
and ids that do not, fields that are known with values that are not, bodies of every kind, signed
and unsigned. Shoppers go on shopping in between, so that there is something to break. Where an
answer is wrong the request is printed, and the exit code is 1; the same seed asks the same again.
"""

import base64
import faulthandler
import hashlib
import hmac
import json
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter, deque
from itertools import count
from pathlib import Path
from urllib.parse import quote

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    os.environ["PYTHON_DOTENV_DISABLED"] = "1"

import click
from rig import Shop

import sandbox

# Seconds after which an answer counts as none. Omise itself may take 30 (settings.py).
LONGEST = 30
ODD = (
    *(
        "",
        " ",
        "0",
        "-1",
        "1",
        "1e9",
        "1.5",
        "NaN",
        "٣",
        "99999999999999999999",
        "true",
    ),
    *(
        "null",
        "[]",
        "{}",
        "\0",
        "a\0b",
        "\r\nX: y",
        "\x1b[2J",
        "\u2028",
        "\ud800",
        "é" * 300,
    ),
    *("x" * 5000, "'; --", "%00", "%s%n", "{{7*7}}", "<script>alert(1)</script>"),
    *(
        "../../etc/passwd",
        "javascript:alert(1)",
        "http://127.0.0.1:9/",
        "//127.0.0.1:9",
    ),
    *("2024-01-01", "2024-13-45T99:00:00Z", "0000-00-00", "+1 day", "1..2", "..", "😀"),
    *(
        "chrg_test_",
        "cust_test_x",
        "tokn_test_0000000000",
        "4242424242424242",
        "@",
        "a@b",
    ),
    *("00000000-0000-4000-8000-000000000000", "THB", "JPY", "card", "promptpay", "yes"),
)
FIELDS = {
    "shop": """
        csrf_token sku quantity order cart form omiseToken omiseSource omiseCustomer omiseCard
        email remember plan way type bank phone_number months terms name save
    """,
    "sandbox": """
        amount currency card customer source type capture return_uri description metadata email
        limit offset from to order scope query filters page per_page ip expires_at
        authorization_type card[number] card[name] card[expiration_month] card[expiration_year]
        card[security_code] source[type] phone_number bank platform_type installment_term
        recipient bank_account name every period on start_date end_date charge transfer
        percentage title multiple items barcode store_id mobile_number zero_interest_installments
        capture_amount failure_code status action reason_code method seconds fail_fast message
    """,
}
HEADERS = """
    Authorization Cookie Omise-Version Accept-Language X-Forwarded-For Origin Range Referer
    If-None-Match If-Modified-Since Content-Encoding Omise-Signature X-HTTP-Method-Override
"""
KINDS = (
    "application/x-www-form-urlencoded",
    "application/json",
    "multipart/form-data; boundary=b",
    "multipart/form-data",
    "application/csp-report",
    "application/json; charset=utf-99",
    "text/plain",
    "",
    "\xff/;=",
)
# Switches that are there to break things, and what would call somebody else.
LEFT_ALONE = re.compile("/(faults|settings|reset)")
IDS = re.compile(r"\b[a-z]{3,4}_test_[0-9a-z]{15,}\b|\b[0-9a-f]{8}-[0-9a-f-]{27}\b")


class Fuzz:
    """Ask one shop what one seed draws, and keep what went wrong."""

    def __init__(self, shop, seed):
        self.shop, self.seed = shop, seed
        self.client = shop.app.test_client()
        self.known = deque(maxlen=200)
        self.statuses, self.findings, self.slowest = Counter(), [], 0.0
        self.routes = [
            ("shop", rule.rule, sorted(rule.methods))
            for rule in shop.app.url_map.iter_rules()
        ] + [
            ("sandbox", f"/sandbox{rule}", methods)
            for rule, methods in sandbox_routes()
            if not LEFT_ALONE.search(rule)
        ]

    def run(self, requests, step=lambda: None):
        """Ask so many things; gives the findings."""
        for number in range(requests):
            draw = random.Random(f"{self.seed}:{number}")
            if number % 40 == 0:
                self._shops(draw)
            self._ask(number, **self._request(draw))
            step()
        return self.findings

    def _shops(self, draw):
        """Be a shopper who means it, up to a page that waits or has been paid."""
        self.client = self.shop.app.test_client()
        self._get_or_post("POST", "/add", data={"sku": "celadon-cup"})
        page = self._get_or_post("GET", "/checkout")
        form = dict(re.findall(r'name="(order|cart|form)" value="([^"]+)"', page.text))
        card = draw.choice(["4242424242424242", "4111111111140011"])
        for paying in (
            {"omiseToken": self.shop.omise.token(card)},
            {"omiseSource": self.shop.omise.source("promptpay", 49000)},
        )[draw.random() < 0.4 :]:
            self._get_or_post("POST", "/charge", data=form | paying)
            break
        self.known.append(form.get("order", "-"))
        self.known.append(self.shop.omise.latest()["id"])

    def _get_or_post(self, method, path, **more):
        return self.client.open(path, method=method, base_url=self.shop.url, **more)

    def _request(self, draw):
        where, rule, methods = draw.choice(self.routes)
        path = re.sub(r"<[^>]+>", lambda part: self._part(draw, part[0]), rule)
        if draw.random() < 0.05:
            path += draw.choice(["/", "//", "/..", "%2e%2e", "\xff", ";x=1"])
        other = draw.choice(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ODD"])
        asked = {
            "method": draw.choice(methods) if draw.random() < 0.9 else other,
            "path": quote(writable(path), safe="/%;=:@+,"),
            "query_string": self._pairs(draw, where) if draw.random() < 0.4 else {},
            "headers": self._headers(draw, where),
        }
        if asked["method"] in ("GET", "HEAD") and draw.random() < 0.9:
            return asked
        kind = draw.choice(KINDS[:2] if draw.random() < 0.7 else KINDS)
        body = self._body(draw, where, kind)
        if rule == "/webhook" and draw.random() < 0.7:
            body = self._event(draw)
            asked["headers"] |= signed(body)
        return asked | {"data": body, "content_type": kind}

    def _part(self, draw, part):
        """Fill in a part of a route."""
        if part.startswith("<any(") and draw.random() < 0.9:
            return draw.choice(part[5 : part.index(")")].split(", "))
        if self.known and draw.random() < 0.75:
            fits = [one for one in self.known if ("-" in one) == ("uuid" in part)]
            return draw.choice(fits or list(self.known))
        return draw.choice(ODD)[:300]

    def _value(self, draw):
        chance = draw.random()
        if self.known and chance < 0.35:
            return draw.choice(list(self.known))
        return draw.choice(ODD) if chance < 0.9 else str(draw.randrange(10**6))

    def _pairs(self, draw, where):
        fields = FIELDS[where].split()
        return {
            draw.choice(fields): writable(self._value(draw))
            for _ in range(draw.randrange(6))
        }

    def _headers(self, draw, where):
        headers = {}
        if where == "sandbox" and draw.random() < 0.9:
            key = draw.choice(
                [sandbox.SECRET_KEY, sandbox.SECRET_KEY, sandbox.PUBLIC_KEY]
            )
            told = base64.b64encode(f"{key}:".encode()).decode()
            headers["Authorization"] = f"Basic {told}"
            headers["Omise-Version"] = draw.choice(
                ["2019-05-29", "2017-11-02", "2014", ""]
            )
        if draw.random() < 0.1:
            name = draw.choice(HEADERS.split())
            value = writable(self._value(draw)).encode().decode("latin-1")
            headers[name] = re.sub(r"[\r\n]", "", value)
        return headers

    def _body(self, draw, where, kind):
        if draw.random() < 0.1:
            return draw.randbytes(draw.choice([0, 1, 50, 70_000]))
        if "json" in kind or "report" in kind:
            return json.dumps(self._tree(draw, where, 3)).encode()
        if "multipart" in kind:
            parts = [
                f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'
                for name, value in self._pairs(draw, where).items()
                for more in [draw.choice(["", '; filename="a.png"'])]
            ]
            return "".join([*parts, draw.choice(["--b--\r\n", "", "--b"])]).encode()
        pairs = self._pairs(draw, where)
        return "&".join(f"{name}={value}" for name, value in pairs.items()).encode()

    def _tree(self, draw, where, deep):
        """Draw something that JSON can say."""
        chance = draw.random()
        if deep and chance < (0.9 if deep == 3 else 0.3):
            names = [
                draw.choice(FIELDS[where].split()) for _ in range(draw.randrange(6))
            ]
            return {name: self._tree(draw, where, deep - 1) for name in names}
        if deep and chance < 0.4:
            return [self._tree(draw, where, deep - 1) for _ in range(draw.randrange(4))]
        numbers = [0, 1, -1, 49000, 10**20, 1.5, 1e308, True, False, None]
        return draw.choice(numbers) if chance < 0.6 else self._value(draw)

    def _event(self, draw):
        data = {"object": draw.choice(["charge", "refund", 7]), "id": self._value(draw)}
        event = {
            "object": "event",
            "id": draw.choice(["evnt_test_5xyz5xyz", self._value(draw)]),
            "key": draw.choice(["charge.complete", self._value(draw)]),
            "data": draw.choice(
                [data, data | {"charge": self._value(draw)}, None, [], "x"]
            ),
        }
        return json.dumps(event).encode()

    def _ask(self, number, **asked):
        began = time.monotonic()
        try:
            answer = self.client.open(base_url=self.shop.url, **asked)
            status, text = answer.status_code, answer.get_data()
            answer.close()
        except (
            Exception
        ) as error:  # whatever came out of the app, no server would be glad of it
            status, text = type(error).__name__, str(error).encode()
        took = time.monotonic() - began
        self.slowest = max(self.slowest, took)
        self.statuses[status] += 1
        if took > LONGEST:
            self.findings.append(f"request {number} took {took:.0f} s: {asked}")
        if status not in range(200, 500) and not is_honest(status, asked["path"]):
            self.findings.append(
                f"request {number}: {status} {text[:300]!r} to {asked}"
            )
        for found in IDS.findall(text[:20_000].decode("utf-8", "replace"))[:3]:
            self.known.append(found)


def is_honest(status, path):
    """Tell whether Omise's own refusal is passed on: a code that it does not give any more."""
    return status == 502 and path.split("?")[0].endswith("/code")


def writable(text):
    """Give a text as a browser could send it."""
    return text.encode("utf-8", "replace").decode()


def signed(body):
    """Give the headers that make a delivery Omise's (api-webhooks)."""
    now = str(int(time.time()))
    key = base64.b64decode(sandbox.WEBHOOK_SECRET)
    mark = hmac.new(key, now.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"Omise-Signature": mark, "Omise-Signature-Timestamp": now}


def sandbox_routes():
    """List the sandbox's routes, each with its methods."""
    with tempfile.TemporaryDirectory() as folder:
        app = sandbox.create_app(
            database=Path(folder) / "routes.sqlite3", base_url="http://localhost:9/"
        )
        app.extensions["sandbox_postman"].stop()
        app.extensions["sandbox"].close()
    return [(rule.rule, sorted(rule.methods)) for rule in app.url_map.iter_rules()]


def shop_to_fuzz(folder):
    """Give a shop whose forms need no token, so that what is behind it is reached."""
    return Shop(folder, WTF_CSRF_ENABLED=False, STORE_CURRENCY="THB")


@click.command()
@click.option("--requests", "wanted", type=click.IntRange(1, 200_000), default=20_000)
@click.option("--seed", default="1")
def main(wanted, seed):
    """Ask, and say what went wrong."""
    told, began = count(1), time.monotonic()

    def step():
        # A request that never ends is shown with where it stands, and ends the run.
        faulthandler.dump_traceback_later(4 * LONGEST, exit=True)
        number = next(told)
        if number % 1000 == 0:
            click.echo(f"{number} in {time.monotonic() - began:.0f} s", err=True)

    with tempfile.TemporaryDirectory() as folder, shop_to_fuzz(Path(folder)) as shop:
        fuzz = Fuzz(shop, seed)
        step()
        findings = fuzz.run(wanted, step)
        faulthandler.cancel_dump_traceback_later()
    for finding in findings:
        click.echo(finding)
    statuses = ", ".join(f"{n} x {s}" for s, n in fuzz.statuses.most_common())
    click.echo(
        f"{wanted} requests, seed {seed}: {statuses}; slowest {fuzz.slowest:.1f} s"
    )
    sys.exit(bool(findings))


if __name__ == "__main__":
    main()
