"""The shop as docs/deploy.md sets it up: gunicorn, and what may stand before it."""

import re
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest
from front import WHY_NOT, Customer, Deployed, Slow
from processes import ROOT, Machine
from wire import head, say

from config import Config
from payment.operations import commands
from payment.orders.transaction import Book

behind_nginx = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))


class Encrypted(Machine):
    """Serve a shop whose address is https, as a proxy that ends TLS finds it."""

    def is_up(self):
        return self.asks("/")[0] is not None

    def asks(self, path, *lines):
        host = self.url.split("//")[1]
        try:
            return say(self.port, head("GET", path, host, *lines))
        except OSError:
            return None, ""


def test_gunicorn_leaves_it_to_the_shop_whom_to_believe(tmp_path):
    """E6: TRUSTED_PROXIES is 0, so nobody's word makes a request one by https."""
    with Encrypted(tmp_path, PREFERRED_URL_SCHEME="https") as machine:
        for line in ("X-Forwarded-Proto: https", "X-Forwarded-Ssl: on"):
            assert machine.asks("/", line)[0] == 302


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    """Serve the shop by what `deploy/` says."""
    with Deployed(tmp_path_factory.mktemp("deployed")) as shop:
        yield shop


@behind_nginx
def test_a_shopper_pays_through_nginx_by_https(deployed):
    """E3, E6: the return address is https, and Omise is told the shopper's own address."""
    with Customer(deployed) as customer:
        customer.http.headers["X-Forwarded-For"] = "203.0.113.9"
        customer.http.headers["X-Forwarded-Proto"] = "http"
        assert customer.buys()[0]
        charge = deployed.charges(customer.order_id)[0]
        assert charge["ip"] == "127.0.0.1"
        assert charge["return_uri"].startswith(f"{deployed.url}/orders/")
        assert "__Host-session" in customer.http.cookies


@behind_nginx
def test_slow_senders_do_not_stop_honest_payments(deployed):
    """E18: nginx alone waits for them."""

    def connect():
        return deployed.nginx.connect(source="127.0.0.2")

    host = deployed.url.split("//")[1]
    with Slow(connect, host, 500) as slow, ThreadPoolExecutor(4) as pool:
        slow.drip()
        customers = [Customer(deployed) for _ in range(4)]
        bought = list(pool.map(Customer.buys, customers))
        for customer in customers:
            customer.http.close()
    assert [paid for paid, _ in bought] == [True] * 4
    assert max(seconds for _, seconds in bought) < 10


HEAD = "GET / HTTP/1.1\r\nHost: {}\r\nCookie: a="
BODY = "POST /charge HTTP/1.1\r\nHost: {}\r\nContent-Length: 99\r\n\r\na="


def _held(shop, begun, every):
    """Tell for how many seconds a connection is put up with that sends a byte so seldom."""
    began = time.monotonic()
    with closing(shop.nginx.connect(source="127.0.0.3")) as line:
        line.sendall(begun.format(shop.url.split("//")[1]).encode())
        line.settimeout(every)
        while time.monotonic() - began < 20:
            try:
                line.recv(999)
                break
            except TimeoutError:
                line.sendall(b"a")
            except ConnectionResetError:
                break
    return time.monotonic() - began


@behind_nginx
def test_head_and_body_have_deadlines(deployed):
    """E18: a head as a whole, a body between two pieces."""
    slow = [("", 99), (HEAD, 2), (HEAD, 99), (BODY, 99)]
    with ThreadPoolExecutor(4) as pool:
        held = list(pool.map(lambda one: _held(deployed, *one), slow))
    assert all(8 < seconds < 15 for seconds in held), held


def _answer(line):
    line.settimeout(5)
    try:
        return line.recv(99).split()[1]
    except TimeoutError:
        return None


@behind_nginx
def test_one_address_has_so_many_requests_under_way_and_no_more(deployed):
    """E18: who drips bodies fast enough for the deadline holds few of them."""
    host = deployed.url.split("//")[1]
    with ExitStack() as held, ThreadPoolExecutor(60) as pool:
        lines = []
        for _ in range(60):
            line = held.enter_context(deployed.nginx.connect(source="127.0.0.4"))
            line.sendall(BODY.format(host).encode())
            lines.append(line)
        answers = list(pool.map(_answer, lines))
    assert (answers.count(b"429"), answers.count(None)) == (20, 40)


@behind_nginx
def test_what_is_too_long_never_reaches_the_shop(deployed):
    """E17: the same limits in front."""
    with Customer(deployed) as customer:
        for path, size in (("/charge", 65 * 1024), ("/webhook", 257 * 1024)):
            assert customer.post(path, b"x" * size).status_code == 413
        assert customer.post("/webhook", b"x" * 200 * 1024).status_code == 401


@behind_nginx
def test_a_restart_under_load_loses_nothing(deployed):
    """Who comes while gunicorn ends and begins waits, and what was under way is finished."""
    ended = []

    def shops(number):
        bought = []
        with Customer(deployed) as customer:
            while not ended or len(bought) < 2:
                bought.append((customer.buys()[0], customer.order_id))
        return bought

    with ThreadPoolExecutor(4) as pool:
        shopping = [pool.submit(shops, one) for one in range(4)]
        try:
            time.sleep(1)
            deployed.kill_shop()
            deployed.start_shop()
        finally:
            ended.append(True)
        bought = [one for each in shopping for one in each.result(60)]
    assert len(bought) >= 8
    assert all(paid for paid, _ in bought)
    orders = [order for _, order in bought]
    assert len(set(orders)) == len(orders)
    assert {len(deployed.charges(order)) for order in orders} == {1}


GUIDE = (ROOT / "docs" / "deploy.md").read_text()


def test_the_guide_names_files_that_are_there():
    """Units, links and commands of docs/deploy.md."""
    for link in re.findall(r"\]\(([^)#]+)\)", GUIDE):
        assert (ROOT / "docs" / link).exists(), link
    shipped = {one.name for one in (ROOT / "deploy").iterdir()}
    assert set(re.findall(r"deploy/([\w.-]+)", GUIDE)) == shipped
    assert set(re.findall(r"\bshop(?:-sweep)?\.(?:service|socket)\b", GUIDE)) < shipped
    for command in re.findall(r"flask (?:--app app )?payment (\w+)", GUIDE):
        assert command in commands.payment.commands


def test_a_setting_that_the_guide_names_is_one():
    names = re.findall(r"^export (\w+)=", GUIDE, re.M)
    assert len(names) > 6
    assert all(hasattr(Config, name) for name in names)


def test_the_guide_s_backup_is_whole_while_the_shop_writes(tmp_path):
    """What was committed is in it, though SQLite keeps it beside the book still."""
    (tmp_path / "instance").mkdir()
    book = Book(None, None, tmp_path / "instance" / "shop.sqlite3")
    code = re.search(r'-c "(.+VACUUM.+)"\n', GUIDE)[1].replace('\\"', '"')
    with closing(book.engine.raw_connection()) as shop:
        shop.execute("CREATE TABLE orders (id)")
        shop.execute("INSERT INTO orders VALUES (1)")
        shop.commit()
        shop.execute("INSERT INTO orders VALUES (2)")
        copying = [sys.executable, "-c", code]
        subprocess.run(copying, cwd=tmp_path, check=True, umask=0o077, timeout=60)
        shop.rollback()
    book.close()
    copy = tmp_path / "instance" / "backup.sqlite3"
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as kept:
        assert kept.execute("SELECT id FROM orders").fetchall() == [(1,)]
