"""List every source type as one table: its flow, where it is offered, limits, life and refunds.

Rests on recorded sources and the published enum; what was not recorded (most lives and refund
rules) is our inference. Types that Omise switched off for good are retired: they are offered only
where an account is told to, so that what was recorded of them can be shown.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

from .countries import COUNTRIES

MINUTE = 60
DAY = 24 * 60 * MINUTE

_BANK_CODES = (
    "affin agro alliance ambank islam muamalat bocm rakyat bsn cimb citi hongleong hsbc"
    " kfh maybank2e maybank2u ocbc public rhb sc uob"
)


@dataclass(frozen=True)
class Method:
    """Hold the rules of one source type; limits are (smallest, largest) by country."""

    flow: str
    countries: tuple = ("TH",)
    limits: dict = field(default_factory=dict)
    needs: tuple = ()
    life: int = 7 * DAY
    refund: str = "part"
    shows: str = ""
    page: str = "pay2"
    fee_rate: str | None = None
    terms: tuple = ()
    loan_terms: tuple = ()
    # The least amount by number of months.
    least: dict = field(default_factory=dict)
    banks: tuple = ()
    retired: bool = False


def _app(*countries, **rules):
    """Describe a method that opens the payer's app."""
    return Method("app_redirect", countries or ("TH",), **rules)


def _redirect(*countries, **rules):
    """Describe a method that sends the payer to a page."""
    return Method("redirect", countries or ("TH",), **rules)


def _offline(*countries, **rules):
    """Describe a method that shows a code, paid for elsewhere."""
    return Method("offline", countries or ("TH",), **{"life": DAY, **rules})


def _instalment(*terms, monthly=0, country="TH", **rules):
    """Describe instalments on a bank's page, for about a day, with the least that a month costs."""
    given = {"life": DAY + 5 * MINUTE, "page": "ofsp", **rules}
    least = {term: ceil(term * monthly) for term in terms}
    needs = ("installment_term",)
    return _redirect(
        country, terms=terms, least=least, refund="full", needs=needs, **given
    )


def _white_label(*terms, **rules):
    """Describe instalments on a card typed at the shop: the charge needs card and source."""
    return _instalment(*terms, life=7 * DAY, page="pay2", **rules)


_WALLET = {"SG": (100, 2_000_000), "MY": (100, 3_000_000)}
_ATOME = {"SG": (150, 2_000_000), "MY": (1000, 10_000_000)}
_GRAB = {"TH": (2000, 5_000_000), "MY": (100, 150_000)}
_JUMP = {"TH": (2000, 5_000_000)}
_BILL = {"TH": (2000, 4_900_000)}
_SCAN = {"needs": ("barcode",)}

# Thailand first, in the order of the recorded capability; then what it does not list.
METHODS = {
    "internet_banking_bay": _redirect(page="ofsp", retired=True),
    "internet_banking_bbl": _redirect(page="ofsp", retired=True),
    "alipay": _redirect(page="ofsp"),
    "bill_payment_tesco_lotus": _offline(
        limits=_BILL, refund="no", shows="bill", retired=True
    ),
    "barcode_alipay": _offline(**_SCAN),
    "alipay_cn": _app("TH", "SG", limits=_WALLET),
    "alipay_hk": _app("TH", "SG", limits=_WALLET),
    "alipayplus_mpm": _offline("TH", "SG", "MY", limits=_WALLET, shows="qr"),
    "alipayplus_upm": _offline(**_SCAN),
    "atome": _redirect("TH", "SG", "MY", limits=_ATOME),
    "atome_qr": _offline("TH", "SG", "MY", limits=_ATOME, shows="qr"),
    "dana": _app("TH", "SG", limits=_WALLET),
    "gcash": _app("TH", "SG", limits=_WALLET),
    "grabpay": _redirect("TH", "SG", "MY", limits=_GRAB),
    "installment_wlb_bay": _white_label(3, 4, 6, 9, 10, monthly=50_000),
    "installment_wlb_bbl": _white_label(4, 6, 8, 10, monthly=50_000),
    "installment_wlb_first_choice": _white_label(
        *(3, 4, 6, 9, 10, 12, 18, 24, 36),
        loan_terms=(3, 4, 6, 9, 10, 12, 18, 24),
        monthly=30_000,
    ),
    "installment_wlb_kbank": _white_label(3, 6, 10),
    "installment_wlb_ktc": _white_label(3, 4, 5, 6, 7, 8, 9, 10, monthly=30_000),
    "installment_wlb_scb": _white_label(3, 4, 6, 9, 10, monthly=50_000),
    "installment_wlb_ttb": _white_label(3, 4, 6, 10, monthly=50_000),
    "installment_wlb_uob": _white_label(3, 4, 6, 10, monthly=50_000),
    "kakaopay": _app("TH", "SG", limits=_WALLET),
    "mobile_banking_bay": _app(refund="no"),
    "mobile_banking_bbl": _app(refund="no"),
    "mobile_banking_kbank": _app(refund="no"),
    "mobile_banking_ktb": _app(refund="no"),
    "mobile_banking_scb": _app(refund="no"),
    "promptpay": _offline(refund="no", shows="qr"),
    "qr_code_upi": _offline(shows="qr"),
    "rabbit_linepay": _redirect(life=20 * MINUTE),
    "shopeepay_jumpapp": _redirect("TH", "SG", "MY"),
    "shopeepay": _redirect("TH", "SG", "MY"),
    "touch_n_go": _app("TH", "SG", "MY", limits=_WALLET),
    "truemoney": _redirect(limits={"TH": (2000, 10_000_000)}, needs=("phone_number",)),
    "truemoney_jumpapp": _app(limits=_JUMP),
    "truemoney_qr": _offline(shows="qr"),
    "wechat_pay": _app(refund="no", fee_rate="0.0"),
    "wechat_pay_mpm": _offline(shows="qr", refund="no", fee_rate="0.0"),
    "wechat_pay_upm": _offline(refund="no", fee_rate="0.0", **_SCAN),
    "barcode_wechat": _offline(refund="no", fee_rate="0.0", **_SCAN),
    "bkash": _app(),
    "easypaisa": _app(),
    "installment_bay": _instalment(3, 4, 6, 9, 10, monthly=50_000),
    "installment_bbl": _instalment(4, 6, 8, 9, 10, monthly=50_000),
    "installment_first_choice": _instalment(
        *(3, 4, 6, 9, 10, 12, 18, 24, 36), monthly=30_000
    ),
    "installment_kbank": _instalment(3, 4, 6, 10),
    "installment_ktc": _instalment(3, 4, 5, 6, 7, 8, 9, 10),
    "installment_scb": _instalment(3, 4, 6, 9, 10, monthly=50_000),
    "installment_ttb": _instalment(3, 4, 6, 10, monthly=50_000),
    "installment_uob": _instalment(3, 4, 6, 10, monthly=50_000),
    "installment_paynext_extra_qr": _offline(
        limits={"TH": (1, 500_000)}, shows="qr", refund="full"
    ),
    "installment_paynext_extra_jumpapp": _app(
        limits={"TH": (1, 500_000)}, life=DAY, refund="full"
    ),
    "econtext": _offline(
        "JP",
        limits={"JP": (200, 49_999)},
        needs=("name", "email", "phone_number"),
        life=3 * DAY,
        refund="no",
        shows="payment_code",
    ),
    "paypay": _redirect("JP"),
    "virtual_account": _offline("JP", refund="no", shows="va_code"),
    "paynow": _offline("SG", life=7 * DAY, refund="no", shows="qr"),
    "mobile_banking_ocbc": _app("SG", refund="no"),
    "fpx": _redirect(
        "MY", needs=("bank",), banks=tuple(_BANK_CODES.split()), page="ofsp"
    ),
    "duitnow_obw": _redirect("MY", needs=("bank",), banks=tuple(_BANK_CODES.split())),
    "duitnow_qr": _redirect("MY"),
    "maybank_qr": _redirect("MY"),
    "boost": _redirect("MY"),
    "installment_mbb": _instalment(
        *(6, 12, 18, 24), monthly=Fraction(50_000, 6), country="MY"
    ),
    "internet_banking_ktb": _redirect(page="ofsp", retired=True),
    "internet_banking_scb": _redirect(page="ofsp", retired=True),
    # Nobody stored its terms; these are those of Omise's other banks of then.
    "installment_citi": _instalment(4, 6, 8, 10, retired=True),
    "points_citi": _redirect(retired=True),
    "mobile_banking_ocbc_pao": _app("SG", refund="no", retired=True),
}


def offered(country, retired=False):
    """List the types that an account of this country may use, retired ones too if told to."""
    return [
        name
        for name, method in METHODS.items()
        if country in method.countries and (retired or not method.retired)
    ]


def limits(chosen, country, term=None):
    """Tell (smallest, largest) amount of a method in a country, in smallest units.

    Instalments have a least amount in all, and most banks another for so many months (`term`).
    """
    rules, method = COUNTRIES[country], METHODS[chosen]
    low, high = method.limits.get(country, (rules.smallest, rules.largest))
    if method.terms:
        low = max(low, rules.installment_smallest or 0, method.least.get(term, 0))
    return low, high
