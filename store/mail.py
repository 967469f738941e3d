"""Mail the receipt of each paid order to the shopper who left an address.

Another example of how a host hears of payments: app.py hands over the signal, what a receipt says,
and what keeps that it was sent; nothing here knows how an order is paid.
"""

import logging
import smtplib
import ssl
import time
from contextlib import closing, suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

import click
from flask import render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from store import languages
from store.catalogue import product

log = logging.getLogger(__name__)

# MAIL_SERVER of a shop that shows its mails where it was started, and sends none.
TERMINAL = "terminal"
# Seconds that one mail may take, and that a server which failed is left alone: first, and at most.
_LONGEST = 10
_LEFT_ALONE = 60
_LEFT_ALONE_LONGEST = 3600
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class MailFailed(Exception):
    """Raised when a mail could not be sent now, and may be later; its words name no address."""


class _Session(smtplib.SMTP):
    """A session in which all answers together have so many seconds."""

    ends = None

    def getreply(self):
        self.ends = self.ends or time.monotonic() + _LONGEST
        self.sock.settimeout(max(1, self.ends - time.monotonic()))
        return super().getreply()


class _SafeSession(_Session, smtplib.SMTP_SSL):
    """The same over TLS from its first byte."""


class Post:
    """Where an app's mails go, and what writes them; in `app.extensions["mail"]`."""

    def __init__(self, server, sender, receipt, once):
        self.server, self.sender = server, sender
        self.receipt, self.once = receipt, once
        self._wait, self._back_at = _LEFT_ALONE, 0

    def refuse_at_once(self):
        """Raise MailFailed while a server that failed is left alone: no shopper waits for it."""
        if time.monotonic() < self._back_at:
            raise MailFailed("the mail server failed a moment ago")

    def failed(self):
        """Leave the server alone for a while, and longer each time."""
        self._back_at = time.monotonic() + self._wait
        self._wait = min(2 * self._wait, _LEFT_ALONE_LONGEST)

    def sent(self):
        """Trust the server again."""
        self._wait = _LEFT_ALONE


def init_app(app, order_paid, receipt, once):
    """Mail a receipt whenever `order_paid` tells of an order, if MAIL_SERVER says by which way.

    `receipt(order)` gives what it says, and `once(order.id, "receipt")` whether it is still to be
    sent, since the signal tells at least once.
    """
    server = app.config["MAIL_SERVER"]
    if server:
        app.extensions["mail"] = Post(server, app.config["MAIL_FROM"], receipt, once)
        order_paid.connect(mail_receipt, sender=app)


def mail_receipt(app, order, why):
    """Mail the receipt of an order (a receiver). Raises MailFailed, to be told again by the
    sweep."""
    recipient = _recipient(order)
    if recipient is None:
        return
    post = app.extensions["mail"]
    post.refuse_at_once()
    with post.once(order.id, "receipt") as wanted:
        if wanted:
            _send(post, write(app, post, order, recipient), order.id)


def _recipient(order):
    """Read the address that an order has; None for what is no address of one mailbox."""
    if not order.email:
        return None
    try:
        return Address(addr_spec=order.email)
    except (MessageError, ValueError, IndexError):
        log.warning("the receipt of order %s has no address to go to", order.id)
        return None


def write(app, post, order, recipient):
    """Write the mail, in the language in which the shopper ordered."""
    # In a request of nobody's: whoever tells of the payment may read another language.
    with app.app_context(), app.test_request_context():
        languages.choose(language_of(order))
        paid = post.receipt(order)
        mail = EmailMessage(policy=SMTP)
        mail["Subject"] = _("Your receipt: order %(number)s", number=paid.number)
        mail["From"] = post.sender
        mail["To"] = recipient
        mail["Date"] = formatdate()
        # A copy that a crash made is known by it, and shown once.
        mail["Message-ID"] = f"<receipt.{order.id}@{app.config['SERVER_NAME']}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(render_template("store/receipt.txt", paid=paid))
        return mail


def language_of(order):
    """Tell in which language an order was made, by the names of its goods; else the shop's own."""
    for language in languages.LANGUAGES:
        with force_locale(language):
            if all(_is_named(line) for line in order.lines):
                return language
    return languages.language()


def _is_named(line):
    item = product(line["sku"])
    return item is not None and str(item.name) == line["name"]


def _send(post, mail, order_id):
    """Send a mail. What will never arrive is logged; raises MailFailed for what may, later."""
    if post.server == TERMINAL:
        _show(mail)
        return
    server = urlsplit(post.server)
    try:
        with closing(_connected(server)) as smtp:
            _log_in(smtp, server)
            smtp.send_message(mail)
            # It is sent: whatever the server says to this is no reason to send it again.
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError) as error:
        if not _is_for_ever(error):
            raise MailFailed("the mail server does not take it now") from None
        log.warning("the receipt of order %s cannot be delivered: refused", order_id)
    except (OSError, smtplib.SMTPException) as error:
        post.failed()
        raise MailFailed(f"the mail server failed: {type(error).__name__}") from None
    post.sent()


def _show(mail):
    head = "".join(f"{name}: {mail[name]}\n" for name in ("From", "To", "Subject"))
    text = f"\n{head}\n{mail.get_content()}"
    click.echo("".join(c for c in text if c == "\n" or c.isprintable()), err=True)


def _is_for_ever(error):
    answers = getattr(error, "recipients", {}).values()
    return all(code >= 500 for code, _words in answers)


def _connected(server):
    host, port = server.hostname, server.port
    if server.scheme == "smtps":
        safe = ssl.create_default_context()
        return _SafeSession(host, port or 465, timeout=_LONGEST, context=safe)
    usual = 587 if server.username else 25
    return _Session(host, port or usual, timeout=_LONGEST)


def _log_in(smtp, server):
    """Turn to TLS where it is offered, and log in; a password leaves this machine by TLS alone."""
    smtp.ehlo()
    is_safe = server.scheme == "smtps" or server.hostname in _LOOPBACK
    if not is_safe and smtp.has_extn("starttls"):
        smtp.starttls(context=ssl.create_default_context())
        is_safe = True
    if server.username:
        if not is_safe:
            raise smtplib.SMTPException("no TLS is offered, so no password is sent")
        smtp.login(unquote(server.username), unquote(server.password or ""))
