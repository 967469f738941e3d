"""The ways to pay, as one table: a row each, by keyword; what an account may offer is in ways.py.

A row holds what Omise's documentation says of a source type (sources-api, and each method's own
page): its flow, its currencies with limits in the smallest unit, and what it wants to know of the
shopper. Methods that Omise has ended (internet banking, Lotus bill payment, points, OCBC Pay
Anyone, Citi) have none, and neither have those that a till scans.
"""

from dataclasses import dataclass, field

from .words import marked, say

# The currencies of the countries that Omise serves, each with its country.
COUNTRIES = {"THB": "TH", "JPY": "JP", "SGD": "SG", "MYR": "MY"}
CURRENCIES = tuple(COUNTRIES)
# What an account may charge, unless its capability says otherwise (currency-and-amount).
ACCOUNT_LIMITS = {
    "THB": (2_000, 15_000_000),
    "SGD": (100, 2_000_000),
    "MYR": (100, 10_000_000),
    "JPY": (100, 6_000_000),
}
# How a payment goes on once it is charged: the bank's question, a page or an app of the wallet's,
# a code that the order's page shows, or a number to take to a counter.
CARD, REDIRECT, APP, QR, SLIP = "card", "redirect", "app", "qr", "slip"


def _account(*currencies):
    """Give the account's own limits, where a method has none of its own."""
    return {currency: ACCOUNT_LIMITS[currency] for currency in currencies}


class Said:
    """A text of a row: marked in the table, and read as it is said to the shopper.

    It may name who is waited for, as `%(who)s`.
    """

    def __set_name__(self, owner, name):
        self._kept = f"_{name}"

    def __set__(self, row, text):
        object.__setattr__(row, self._kept, text)

    def __get__(self, row, owner=None):
        if row is None:
            return ""
        return say(getattr(row, self._kept), who=say(row.waits_on))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Method:
    """Describe one way to pay.

    `name` is what our form posts, `type` what Omise calls its source ("card": none), `picker` its
    name in Omise.js's other-payment-methods ("": none; a group's has its member in brackets).
    `label` stands for it alone, such as on a receipt, `title` in the list, where others stand
    around it; `who` is waited for once the shopper has left. `asks` names what is asked of the
    shopper (fields.py).
    """

    name: str
    type: str
    label: Said = Said()
    flow: str
    limits: dict
    picker: str = ""
    title: Said = Said()
    hint: Said = Said()
    who: Said = Said()
    steps: Said = Said()
    asks: tuple = ()
    mark: str = "wallet"
    group: str = ""
    # By code, as fpx and duitnow_obw name them; a capability knows which are open.
    banks: dict = field(default_factory=dict)
    # Months that instalments may take, and the least that one month, or the whole by so many
    # months, must come to.
    terms: tuple = ()
    least_monthly: int = 0
    least_by_term: dict = field(default_factory=dict)
    # The shopper's e-mail goes with its source, where it is known (sources-api: email).
    takes_email: bool = False
    # False: only Omise.js offers it, or it is known from charges alone.
    listed: bool = True

    @property
    def leaves(self):
        """Tell whether the shopper pays elsewhere, and not from what the order's page shows."""
        return self.flow in (CARD, REDIRECT, APP)

    @property
    def by_card(self):
        """Tell whether a card is charged, be it by instalments."""
        return self.flow == CARD

    @property
    def heading(self):
        """Give its name in the list."""
        return self.title or self.label

    @property
    def waits_for(self):
        """Name who is waited for."""
        return say(self.waits_on)

    @property
    def waits_on(self):
        """Name who is waited for, as the table has it."""
        return self._who or self._label


def _redirect(name, label, limits, **more):
    """Describe a way that is confirmed on a page of its own."""
    usual = {
        "type": name,
        "picker": name,
        "hint": marked("On %(who)s’s own page"),
        "steps": marked("Confirm the payment on %(who)s’s own page."),
    }
    return Method(name=name, label=label, limits=limits, flow=REDIRECT, **usual | more)


def _app(name, label, limits, **more):
    """Describe a way that opens an app of the shopper's."""
    usual = {
        "type": name,
        "picker": name,
        "hint": marked("In the %(who)s app"),
        "steps": marked("Confirm the payment in the %(who)s app."),
        "mark": "app",
    }
    return Method(name=name, label=label, limits=limits, flow=APP, **usual | more)


def _qr(name, label, limits, **more):
    """Describe a way that is paid from a code on the order's page."""
    usual = {"type": name, "picker": name, "mark": "qr"}
    return Method(name=name, label=label, limits=limits, flow=QR, **usual | more)


def _econtext(name, label, **more):
    """Describe a Japanese way: all three are one source type (econtext)."""
    return Method(
        name=name,
        type="econtext",
        picker=name,
        label=label,
        flow=SLIP,
        limits={"JPY": (200, 49_999)},
        asks=("konbini_name", "email", "phone_number"),
        **more,
    )


@dataclass(frozen=True, kw_only=True)
class Group:
    """Describe one row of the list under which others are gathered; its texts are marked."""

    label: str
    hint: str
    mark: str


GROUPS = {
    "mobile_banking": Group(
        label=marked("Mobile banking"), hint=marked("In your bank’s app"), mark="bank"
    ),
    "alipay_plus": Group(
        label=marked("Wallets from abroad"),
        hint=marked("Alipay, GCash, KakaoPay and more"),
        mark="globe",
    ),
    "installment": Group(
        label=marked("Instalments"),
        hint=marked("Monthly, on your bank’s page"),
        mark="calendar",
    ),
}

CREDIT_CARD = Method(
    name="card",
    type="card",
    picker="credit_card",
    label=marked("Card"),
    flow=CARD,
    limits=ACCOUNT_LIMITS,
    who=marked("your bank"),
    steps=marked("Your bank asks you to confirm the payment on its own page."),
    mark="card",
)
# Drawn by Omise.js alone, on devices that have them (google-pay, apple-pay); charged like cards.
TOKENIZED = tuple(
    Method(
        name=name,
        type="card",
        picker=name,
        label=label,
        flow=CARD,
        limits=ACCOUNT_LIMITS,
        listed=False,
    )
    for name, label in (("googlepay", "Google Pay"), ("applepay", "Apple Pay"))
)

_THAI = {"THB": (2_000, 15_000_000)}
_ATOME = {
    "THB": (2_000, 15_000_000),
    "SGD": (150, 2_000_000),
    "MYR": (1_000, 10_000_000),
}
_ALIPAY_PLUS = {**_THAI, "SGD": (100, 2_000_000)}
_SHOPEEPAY = {"THB": (2_000, 15_000_000), **_account("SGD", "MYR")}
_PAYNEXT = {"THB": (1, 500_000)}

_MOBILE_BANKS = {
    "scb": marked("SCB"),
    "kbank": marked("KBank"),
    "bbl": marked("Bangkok Bank"),
    "bay": marked("Krungsri"),
    "ktb": marked("Krungthai"),
}
_WALLETS_ABROAD = {
    "alipay_cn": (marked("Alipay (China)"), _ALIPAY_PLUS),
    "alipay_hk": ("AlipayHK", _ALIPAY_PLUS),
    "dana": ("DANA", _ALIPAY_PLUS),
    "gcash": ("GCash", _ALIPAY_PLUS),
    "kakaopay": ("KakaoPay", _ALIPAY_PLUS),
    "touch_n_go": ("Touch ’n Go", _ALIPAY_PLUS | {"MYR": (100, 3_000_000)}),
    "bkash": ("bKash", _THAI),
    "easypaisa": ("easypaisa", _THAI),
}
MALAYSIAN_BANKS = {
    "affin": "Affin Bank",
    "agro": "Agrobank",
    "alliance": "Alliance Bank",
    "ambank": "AmBank",
    "islam": "Bank Islam",
    "muamalat": "Bank Muamalat",
    "bocm": "Bank of China",
    "rakyat": "Bank Rakyat",
    "bsn": "BSN",
    "cimb": "CIMB Clicks",
    "citi": "Citibank",
    "hongleong": "Hong Leong Bank",
    "hsbc": "HSBC",
    "kfh": "KFH",
    "maybank2e": "Maybank2E",
    "maybank2u": "Maybank2U",
    "ocbc": "OCBC",
    "public": "Public Bank",
    "rhb": "RHB Bank",
    "sc": "Standard Chartered",
    "uob": "UOB",
}

# By bank: its name, the months it offers on its own page, and with a card typed at the shop, and
# the least that a month must come to there, in satang (installment, installment-wlb).
_INSTALMENT_BANKS = {
    "bay": ("Krungsri", (3, 4, 6, 9, 10), (3, 4, 6, 9, 10), 50_000, 50_000),
    "bbl": ("Bangkok Bank", (4, 6, 8, 9, 10), (4, 6, 8, 10), 50_000, 50_000),
    "first_choice": (
        marked("Krungsri First Choice"),
        (3, 4, 6, 9, 10, 12, 18, 24, 36),
        (3, 4, 6, 9, 10, 12, 18, 24, 36),
        30_000,
        30_000,
    ),
    "kbank": ("KBank", (3, 4, 6, 10), (3, 6, 10), 0, 0),
    "ktc": ("KTC", tuple(range(3, 11)), tuple(range(3, 11)), 0, 30_000),
    "scb": ("SCB", (3, 4, 6, 9, 10), (3, 4, 6, 9, 10), 50_000, 50_000),
    "ttb": ("ttb", (3, 4, 6, 10), (3, 4, 6, 10), 50_000, 50_000),
    "uob": ("UOB", (3, 4, 6, 10), (3, 4, 6, 10), 50_000, 50_000),
}
# The least that instalments come to in all, where a capability says nothing else.
LEAST_INSTALMENTS = 200_000
_INSTALMENT_LIMITS = {"THB": (LEAST_INSTALMENTS, 15_000_000)}


def _instalments(bank, name, terms, least_monthly):
    """Describe instalments that are agreed on the bank's own page."""
    return _redirect(
        f"installment_{bank}",
        marked("Instalments with %(who)s"),
        _INSTALMENT_LIMITS,
        title=name,
        who=name,
        picker=f"installment({bank})",
        steps=marked("Agree to the instalments on %(who)s’s own page."),
        hint=marked("On the bank’s own page"),
        asks=("installment_term",),
        mark="calendar",
        group="installment",
        terms=terms,
        least_monthly=least_monthly,
    )


def _card_instalments(bank, name, terms, least_monthly):
    """Describe instalments by a card of the bank's that is typed at the shop (white label)."""
    return Method(
        name=f"installment_wlb_{bank}",
        type=f"installment_wlb_{bank}",
        label=marked("Card, in instalments with %(who)s"),
        title=name,
        flow=CARD,
        limits=_INSTALMENT_LIMITS,
        who=name,
        steps=marked("%(who)s asks you to confirm the payment on its own page."),
        asks=("installment_term",),
        mark="calendar",
        terms=terms,
        least_monthly=least_monthly,
    )


METHODS = (
    CREDIT_CARD,
    *TOKENIZED,
    _qr(
        "promptpay",
        marked("PromptPay"),
        _THAI,
        hint=marked("Scan a code with any Thai banking app"),
        steps=marked("Scan this code with your banking app and confirm there."),
    ),
    *(
        _app(
            f"mobile_banking_{code}",
            name,
            _account("THB"),
            picker=f"mobile_banking({code})",
            mark="bank",
            group="mobile_banking",
        )
        for code, name in _MOBILE_BANKS.items()
    ),
    _redirect(
        "truemoney",
        marked("TrueMoney Wallet"),
        {"THB": (2_000, 10_000_000)},
        who=marked("TrueMoney"),
        hint=marked("By phone number and a code by SMS"),
        steps=marked("Confirm the payment on %(who)s’s own page."),
        asks=("phone_number",),
    ),
    _app(
        "truemoney_jumpapp",
        marked("TrueMoney app"),
        {"THB": (2_000, 5_000_000)},
        who=marked("TrueMoney"),
        hint=marked("Opens the app on your phone"),
        steps=marked("Confirm the payment in the %(who)s app, within three minutes."),
    ),
    _redirect(
        "rabbit_linepay",
        "LINE Pay",
        {"THB": (2_000, 15_000_000)},
        steps=marked("Confirm the payment on %(who)s’s own page, within 20 minutes."),
        mark="chat",
    ),
    _econtext(
        "convenience_store",
        marked("Convenience store"),
        hint=marked("Take a payment number to the counter"),
        steps=marked(
            "Take the payment number to the counter of the store, and pay there in cash."
        ),
        mark="store",
    ),
    _econtext(
        "pay_easy",
        marked("Pay-easy"),
        hint=marked("At a cash machine, or in your bank’s app"),
        steps=marked(
            "Type the payment number at a cash machine with the Pay-easy mark, or in your "
            "bank’s app."
        ),
        mark="keypad",
    ),
    _econtext(
        "net_banking",
        marked("Net banking"),
        hint=marked("On your bank’s website"),
        steps=marked("Pay on your bank’s website; the instructions lead there."),
        mark="laptop",
    ),
    Method(
        name="econtext",
        type="econtext",
        label=marked("Convenience store, Pay-easy or net banking"),
        flow=SLIP,
        limits={"JPY": (200, 49_999)},
        steps=marked(
            "Take the payment number to the counter, or follow the instructions."
        ),
        mark="store",
        listed=False,
    ),
    _redirect("paypay", "PayPay", _account("JPY")),
    _qr(
        "paynow",
        "PayNow",
        _account("SGD"),
        hint=marked("Scan a code with any banking app of Singapore"),
        steps=marked("Scan this code with your banking app and confirm there."),
    ),
    _app(
        "mobile_banking_ocbc",
        "OCBC",
        _account("SGD"),
        picker="mobile_banking(ocbc)",
        mark="bank",
    ),
    _redirect(
        "fpx",
        "FPX",
        _account("MYR"),
        takes_email=True,
        who=marked("your bank"),
        hint=marked("Online banking of Malaysia"),
        steps=marked("Log in to your bank and confirm the payment there."),
        asks=("bank",),
        mark="bank",
        banks=MALAYSIAN_BANKS,
    ),
    _redirect(
        "duitnow_obw",
        marked("DuitNow online banking"),
        _account("MYR"),
        who=marked("your bank"),
        hint=marked("Online banking of Malaysia"),
        steps=marked("Log in to your bank and confirm the payment there."),
        asks=("bank",),
        mark="bank",
        banks=MALAYSIAN_BANKS,
    ),
    _redirect(
        "duitnow_qr",
        "DuitNow QR",
        _account("MYR"),
        who=marked("your bank or wallet"),
        hint=marked("Scan a code on the next page"),
        steps=marked("Scan the code of the next page with your banking app or wallet."),
        mark="qr",
    ),
    _redirect(
        "maybank_qr",
        "Maybank QRPay",
        _account("MYR"),
        who="Maybank",
        hint=marked("Scan a code on the next page"),
        steps=marked("Scan the code of the next page with the Maybank app."),
        mark="qr",
    ),
    _redirect("boost", "Boost", _account("MYR")),
    _redirect(
        "shopeepay",
        "ShopeePay",
        _SHOPEEPAY,
        hint=marked("By a code to scan, on ShopeePay’s page"),
        mark="bag",
    ),
    _app(
        "shopeepay_jumpapp",
        marked("ShopeePay app"),
        _SHOPEEPAY,
        who="ShopeePay",
        hint=marked("Opens the app on your phone"),
        steps=marked("Confirm the payment in the Shopee app."),
        mark="bag",
    ),
    _redirect(
        "grabpay",
        "GrabPay",
        {"THB": (2_000, 5_000_000), **_account("SGD"), "MYR": (100, 150_000)},
        mark="car",
    ),
    _redirect("alipay", "Alipay", _THAI),
    *(
        _app(
            name,
            label,
            limits,
            group="alipay_plus",
            mark="wallet",
        )
        for name, (label, limits) in _WALLETS_ABROAD.items()
    ),
    _app("wechat_pay", "WeChat Pay", _account("THB"), mark="chat"),
    _redirect(
        "atome",
        "Atome",
        _ATOME,
        hint=marked("Now and later, without interest"),
        asks=("name", "phone_number", "street1", "city", "postal_code"),
        mark="clock",
    ),
    _qr(
        "installment_paynext_extra_qr",
        "PayNext Extra",
        _PAYNEXT,
        hint=marked("Scan a code, and pay later"),
        steps=marked("Scan this code with the PayNext app and confirm there."),
        mark="clock",
    ),
    _app(
        "installment_paynext_extra_jumpapp",
        marked("PayNext Extra app"),
        _PAYNEXT,
        who="PayNext",
        hint=marked("Opens the app on your phone, and you pay later"),
        steps=marked("Confirm the payment in the %(who)s app."),
        mark="clock",
    ),
    *(
        _instalments(bank, name, terms, least)
        for bank, (name, terms, _, least, _) in _INSTALMENT_BANKS.items()
    ),
    *(
        _card_instalments(bank, name, terms, least)
        for bank, (name, _, terms, _, least) in _INSTALMENT_BANKS.items()
    ),
    _redirect(
        "installment_mbb",
        marked("Instalments with %(who)s"),
        _account("MYR"),
        who="Maybank",
        picker="installment(mbb)",
        hint=marked("On the bank’s own page"),
        steps=marked("Agree to the instalments on %(who)s’s own page."),
        asks=("installment_term",),
        mark="calendar",
        terms=(6, 12, 18, 24),
        least_by_term={6: 50_000, 12: 100_000, 18: 150_000, 24: 200_000},
    ),
)

_BY_NAME = {method.name: method for method in METHODS}


def find(name):
    """Give the row of this name, or None."""
    return _BY_NAME.get(name or "")


def of(attempt):
    """Give the way in which an attempt is paid: what the shopper chose here, or its charge's type.

    A type that is not in the table leaves for Omise's page, unless its charge has a code to scan.
    """
    chosen, known = find(attempt.chosen), find(attempt.method)
    if chosen and attempt.method in (None, chosen.type):
        return chosen
    if known:
        return known
    name = (attempt.method or "payment").replace("_", " ").replace("%", "%%")
    return Method(
        name=name,
        type=attempt.method or "",
        label=name[:1].upper() + name[1:],
        flow=QR if attempt.code_uri else REDIRECT,
        limits={},
        who=marked("your provider"),
        steps=marked("Confirm the payment with your provider."),
        listed=False,
    )
