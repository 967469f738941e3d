"""Receipts by mail: one for each paid order, and nothing of a mail server's trouble reaches a
payment."""

import socketserver
import threading
from email import message_from_bytes
from email.policy import default
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from flask_babel import get_locale
from shopper import Shopper

import payment
from store import mail

ADDRESS = "somchai@shop.example"
SENDER = "Little Monsoon <shop@monsoon.example>"


USUAL = {
    "EHLO": "250-here\r\n250 AUTH PLAIN",
    "AUTH": "235 in",
    "DATA": "354 go on",
    "QUIT": "221 well",
}


class MailServer(socketserver.ThreadingTCPServer):
    """A mail server that answers as it is told; `mails` are what it took."""

    allow_reuse_address, daemon_threads = True, False

    def __init__(self, host="localhost"):
        super().__init__((host, 0), _Talk)
        self.mails, self.logins, self.sessions = [], [], 0
        self.says = {}
        self.port = self.server_address[1]

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.thread.join()
        self.server_close()


class _Talk(socketserver.StreamRequestHandler):
    """Speak SMTP with one client."""

    timeout = 30

    def handle(self):
        self.server.sessions += 1
        if "silence" in self.server.says:
            self.rfile.read()
            return
        self._say("220 here")
        for line in self.rfile:
            word = line.split()[0].decode().upper()
            self._say(self.server.says.get(word) or self._usual(word, line))
            if word == "DATA":
                self._take()

    def _usual(self, word, line):
        if word == "AUTH":
            self.server.logins.append(line)
        return USUAL.get(word, "250 well")

    def _take(self):
        lines = iter(self.rfile.readline, b".\r\n")
        text = b"".join(line[1:] if line[:2] == b".." else line for line in lines)
        self.server.mails.append(message_from_bytes(text, policy=default))
        if "silence after it" in self.server.says:
            self.rfile.read()
            return
        self._say("250 taken")

    def _say(self, words):
        self.wfile.write(words.encode() + b"\r\n")


@pytest.fixture
def server():
    with MailServer() as one:
        yield one


@pytest.fixture
def mailing(build_shop, server):
    """Give a shopper of a shop that mails receipts."""
    shop = build_shop(MAIL_SERVER=f"localhost:{server.port}", MAIL_FROM=SENDER)
    with Shopper(shop) as one:
        yield one


def pays(shopper, **more):
    """Pay for a cup, and give the order."""
    shopper.adds()
    shopper.pays(**{"email": ADDRESS} | more)
    return shopper.shop.order(shopper.order_id)


def told_again(shopper, order):
    """Tell the mailer of an order, as a sweep does after a crash."""
    with shopper.shop.app.app_context():
        mail.mail_receipt(shopper.shop.app, order=order, why=None)


def test_a_paid_order_is_told_to_its_shopper_once(mailing, server):
    """A28: however often the signal tells."""
    order = pays(mailing)
    assert order.paid_at
    told_again(mailing, order)
    (one,) = server.mails
    assert (one["To"], one["From"]) == (ADDRESS, SENDER)
    assert one["Subject"] == f"Your receipt: order {order.id[:8]}"
    assert one["Message-ID"].startswith(f"<receipt.{order.id}@localhost")
    text = one.get_content()
    for words in ("1 × Celadon cup", "490.00", f"/orders/{order.id}", "Visa", "4242"):
        assert words in text
    assert "  " not in text
    assert "\n\n\n" not in text


def test_who_leaves_no_address_gets_no_mail(mailing, server):
    assert pays(mailing, email="").paid_at
    assert server.sessions == 0


def test_a_mail_server_that_is_away_changes_no_payment_and_is_left_alone(
    mailing, server, caplog
):
    """A18: its trouble is logged without the address; the next sweep sends the receipt."""
    heard = []
    payment.order_paid.connect(
        lambda app, order, why: heard.append(order.id), sender=mailing.shop.app
    )
    server.says["MAIL"] = "421 not now"
    order = pays(mailing)
    assert order.paid_at
    assert heard == [order.id]
    assert "a receiver of order_paid failed" in caplog.text
    assert "the mail server failed: SMTPSenderRefused" in caplog.text
    assert ADDRESS not in caplog.text
    server.says.clear()
    with pytest.raises(mail.MailFailed, match="a moment ago"):
        told_again(mailing, order)
    assert server.sessions == 1
    mailing.shop.app.extensions["mail"]._back_at = 0
    told_again(mailing, order)
    assert len(server.mails) == 1


def test_a_server_that_goes_on_failing_is_left_alone_longer_each_time(monkeypatch):
    monkeypatch.setattr(mail.time, "monotonic", lambda: 0)
    post = mail.Post("smtp://localhost", SENDER, None, None)
    waits = []
    for _ in range(8):
        post.failed()
        waits.append(post._back_at)
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    post.sent()
    post.failed()
    assert post._back_at == 60


def test_a_mailbox_that_is_not_there_is_given_up(mailing, server, caplog):
    server.says["RCPT"] = "550 nobody of that name"
    order = pays(mailing)
    assert f"the receipt of order {order.id} cannot be delivered" in caplog.text
    assert ADDRESS not in caplog.text
    server.says.clear()
    told_again(mailing, order)
    assert server.mails == []


def test_a_mailbox_that_asks_to_wait_is_tried_again(mailing, server, caplog):
    """Grey lists do; the server is not left alone for it."""
    server.says["RCPT"] = "451 come back later"
    order = pays(mailing)
    assert "does not take it now" in caplog.text
    server.says.clear()
    told_again(mailing, order)
    assert len(server.mails) == 1


@pytest.mark.parametrize("says", ["silence", "silence after it"])
def test_nobody_waits_long_for_a_server_that_says_nothing(
    mailing, server, monkeypatch, says
):
    """C3: all answers together have so many seconds."""
    order = pays(mailing, email="")
    order.email = ADDRESS
    monkeypatch.setattr(mail, "_LONGEST", 1)
    server.says[says] = True
    with pytest.raises(mail.MailFailed, match="TimeoutError|Disconnected"):
        told_again(mailing, order)


def test_a_mail_server_that_dawdles_has_so_long_for_all_of_it(server):
    """C3: not for each of its answers anew."""
    with mail._Session("localhost", server.port, timeout=mail._LONGEST) as smtp:
        smtp.ends = mail.time.monotonic() + 4
        smtp.noop()
        assert 0 < smtp.sock.gettimeout() <= 4
        smtp.ends -= 60
        smtp.noop()
        assert smtp.sock.gettimeout() == 1


@pytest.mark.parametrize("says", ["500 what", "421 gone"])
def test_what_a_server_says_after_it_took_a_mail_is_no_reason_to_send_it_again(
    mailing, server, says
):
    server.says["QUIT"] = says
    told_again(mailing, pays(mailing))
    assert len(server.mails) == 1


def test_nothing_is_sent_twice_while_another_process_sends(mailing, server):
    order = pays(mailing, email="")
    order.email = ADDRESS
    app = mailing.shop.app
    with app.app_context(), payment.once(order.id, "receipt") as wanted:
        assert wanted
        with pytest.raises(payment.Underway):
            mail.mail_receipt(app, order=order, why=None)
    assert server.sessions == 0


@pytest.mark.parametrize(
    "address",
    [
        "a@shop.example\r\nBcc: b@shop.example",
        "a@shop.example\nBcc:b@shop.example",
        "a@shop.example, b@shop.example",
        "a@shop.example>",
        'a"@shop.example',
        "a@shop..example",
        "a(b@shop.example",
    ],
)
def test_an_address_writes_no_header_and_names_no_second_mailbox(address):
    order = SimpleNamespace(id="1", email=address)
    assert mail._recipient(order) is None


def test_a_password_leaves_this_machine_by_tls_alone():
    address = urlsplit("smtp://user:pass%20word@mail.example:587")
    with MailServer() as server, mail._Session("localhost", server.port) as smtp:
        with pytest.raises(mail.smtplib.SMTPException, match="no password is sent"):
            mail._log_in(smtp, address)
        assert server.logins == []
        mail._log_in(smtp, urlsplit("smtp://user:pass%20word@localhost"))
        assert len(server.logins) == 1


def test_tls_is_asked_for_where_it_is_offered():
    """A server that offers it and cannot do it is none to trust."""
    with MailServer() as server, mail._Session("localhost", server.port) as smtp:
        server.says["EHLO"] = "250-here\r\n250 STARTTLS"
        server.says["STARTTLS"] = "220 go on"
        with pytest.raises((OSError, mail.smtplib.SMTPException)):
            mail._log_in(smtp, urlsplit("smtp://mail.example"))


def test_the_order_tells_which_language_its_shopper_reads(served, monkeypatch):
    line = {"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1}
    order = SimpleNamespace(lines=[line])
    with served.app.app_context():
        assert mail.language_of(order) == "en"
        monkeypatch.setattr(mail, "_is_named", lambda _: get_locale().language == "ja")
        assert mail.language_of(order) == "ja"


def test_goods_that_the_catalogue_does_not_name_are_told_in_the_shop_s_language(
    build_shop,
):
    shop = build_shop(STORE_LOCALE="th_TH")
    line = {"sku": "gold-bar", "name": "Gold bar", "quantity": 1}
    with shop.app.app_context():
        assert mail.language_of(SimpleNamespace(lines=[line])) == "th"


def test_without_a_mail_server_the_receipt_is_shown_where_the_shop_was_started(
    build_shop, capfd
):
    with Shopper(build_shop(MAIL_SERVER="")) as shopper:
        order = pays(shopper)
    shown = capfd.readouterr().err
    assert f"To: {ADDRESS}\nSubject: Your receipt: order {order.id[:8]}" in shown
    assert f"/orders/{order.id}" in shown


def test_nothing_that_moves_a_terminal_s_cursor_is_shown(capfd):
    letter = mail.EmailMessage(policy=mail.SMTP)
    letter.set_content("one\x1b[2Jtwo\nthree")
    mail._show(letter)
    assert "one[2Jtwo\nthree" in capfd.readouterr().err


def test_a_shop_without_a_mail_server_hears_of_nothing(monkeypatch):
    app = SimpleNamespace(config={"MAIL_SERVER": ""}, extensions={})
    mail.init_app(app, None, None, None)
    assert app.extensions == {}
