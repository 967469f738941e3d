"""F7: a bare app of one file takes payments with nothing but the two folders copied in."""

import socketserver
import threading
from contextlib import contextmanager

import pytest
from hosts import Bare
from journeys import Journeys, expect

HUES = "element => getComputedStyle(element).color.match(/[0-9]+/g).map(Number)"


class Mailbox(socketserver.StreamRequestHandler):
    """Take letters by SMTP (RFC 5321), as far as a sender needs it."""

    timeout = 30

    def handle(self):
        """Answer each line; a letter ends with a dot."""
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            if line.upper().startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                letter = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.letters.append(letter.decode())
            self.wfile.write(b"221 bye\r\n" if line[:4] == b"quit" else b"250 ok\r\n")


@contextmanager
def mail_server():
    """Serve a mailbox on a loopback port."""
    with socketserver.TCPServer(("localhost", 0), Mailbox) as server:
        server.letters = []
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class TestBare(Journeys):
    kind = Bare

    def test_the_cart_is_empty_once_its_order_is_paid(self, window, host):
        window.pays()
        window.sees("paid")
        window.page.goto("/")
        expect(window.page.get_by_role("link", name="Checkout")).to_be_hidden()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_words_can_be_read_on_a_page_that_is_always_white(self, opened, scheme):
        """A layout that says nothing of dark colours stays white, and so must payment's."""
        window = opened(color_scheme=scheme)
        window.picks()
        for words in ("h1", ".payment-summary caption", ".payment-fine"):
            hues = window.page.locator(words).first.evaluate(HUES)
            assert max(hues) < 150

    def test_an_operator_is_mailed_what_needs_them(self, window, host, monkeypatch):
        """A28: by the sweep, where nobody is in the shop."""
        window.pays()
        window.sees("paid")
        host.omise.control("settings", webhook_uri=None)
        with mail_server() as server:
            port = str(server.server_address[1])
            monkeypatch.setitem(host.environment, "MAIL_PORT", port)
            host.omise.control(f"charges/{host.omise.latest()['id']}/dispute")
            swept = host.command("sweep")
            (letter,) = server.letters or [swept.stdout]
        webhook = f"{host.url}{host.home}webhook"
        host.omise.control("settings", webhook_uri=webhook)
        assert f"Subject: Please look at order {window.order_id}" in letter
        assert "is disputed (open)" in letter
        listed = host.command("list", "--attention").stdout
        assert window.order_id in listed
