"""Read pages for the language that they are in, and the catalogues that they are drawn from."""

import importlib.util
import re
from html.parser import HTMLParser

from clone import ROOT

_spec = importlib.util.spec_from_file_location(
    "catalogues", ROOT / "docs" / "catalogues.py"
)
catalogues = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(catalogues)


def forms(string):
    return (string,) if isinstance(string, str) else string


class Page(HTMLParser):
    """Read what a page says, be it as text or in an attribute, but for what it says to be in
    another language.
    """

    _SILENT = ("script", "style", "code")
    _SAID = re.compile(
        "alt|aria-label|title|placeholder|label|data-[a-z-]*(label|say|odd|missing)"
    )
    _EMPTY = ("img", "input", "link", "meta", "br", "use")

    def __init__(self, html):
        super().__init__()
        self.language, self.texts, self._open = None, [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "html":
            self.language = given["lang"]
        other = given.get("lang", self.language) != self.language
        silent = other or tag in self._SILENT or self._is_silent()
        if tag not in self._EMPTY:
            self._open.append((tag, silent))
        if not other:
            said = [text for name, text in attributes if self._SAID.fullmatch(name)]
            self.texts += filter(None, said)

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def _is_silent(self):
        return bool(self._open) and self._open[-1][1]

    def handle_data(self, data):
        if data.strip() and not self._is_silent():
            self.texts.append(" ".join(data.split()))


# Names that are written in Latin letters everywhere: of the shop, of companies and their cards, of
# currencies, and of what is known by no other name.
NAMES = frozenset("""
    Little Monsoon Omise JavaScript Cookie Content Security Policy content security policy
    UTC THB JPY SGD MYR RM Visa MasterCard JCB American Express UnionPay Diners Club Discover
    SCB KBank KTC UOB OCBC ttb Krungsri First Choice PromptPay PayNow TrueMoney Wallet LINE Pay
    Alipay AlipayHK DANA GCash KakaoPay Touch n Go bKash easypaisa WeChat Atome GrabPay Shopee
    ShopeePay PayNext Extra PayPay Pay-easy OTP SMS ATM URL QR name@example.com
    DuitNow FPX Maybank QRPay Boost Google Apple
    """.split())  # noqa: SIM905  read as a text
WORD = re.compile(r"[A-Za-z][\w’'@.-]*[A-Za-z]|[A-Za-z]")
# The number of an order, and all that is not of Latin letters.
NO_WORDS = re.compile(r"\b[0-9a-f]{8}\b|[^\x00-\x7f’]")


def foreign(page):
    """List the words of a page that are neither of its language nor a name."""
    said = [
        (word, text)
        for text in page.texts
        for word in WORD.findall(NO_WORDS.sub(" ", text))
    ]
    return [(word, text) for word, text in said if word not in NAMES]


# Every English text that the catalogues translate, by language.
ENGLISH = {
    language: {
        form
        for domain in catalogues.DOMAINS
        for message in catalogues.read(domain, language)
        for form in forms(message.id)
        if message.id and form not in forms(message.string)
    }
    for language in catalogues.LANGUAGES
}


def english(page):
    """List the texts of a page that stand so in the catalogues' English."""
    return [text for text in page.texts if text in ENGLISH[page.language]]
