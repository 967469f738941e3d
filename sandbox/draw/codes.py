"""Make the codes that a payer scans or types: real EMV payloads and QR images.

PromptPay and PayNow follow the EMV merchant-presented format of their schemes, so that a decoder
finds amount, payee and reference in them; the payee is Omise's recorded tax id or a made-up one.
A Thai bill is a Code 128 barcode.
"""

import hashlib
import io

import barcode
import segno
from barcode.writer import SVGWriter

from ..rules.methods import METHODS
from ..rules.values import stamp
from .document import SHAPE as DOCUMENT

OMISE_TAX_ID = "0105556091152"
PAYNOW_UEN = "201900000S"
_REFERENCES = (
    "expires_at device_id customer_amount customer_currency customer_exchange_rate omise_tax_id"
    " reference_number_1 reference_number_2 barcode payment_code va_code"
)


def shown_by(charge):
    """Tell what kind of code a charge has: qr, bill, payment_code, va_code or nothing."""
    return METHODS[charge["source_type"]].shows if charge else ""


def scannable_code(charge, sight):
    """Draw the QR of a charged source; `raw_data` is null, as recorded."""
    if shown_by(charge) != "qr":
        return None
    image = DOCUMENT.drawn(
        {"id": charge["document"], "created_at": charge["created_at"]},
        deleted=False,
        filename=f"qrcode.{charge['image_type']}",
        location=sight.path(_document_path(charge)),
        kind="qr",
        download_uri=download_uri(charge, sight),
    )
    return {"object": "barcode", "type": "qr", "image": image, "raw_data": None}


def _document_path(charge):
    return f"/charges/{charge['id']}/documents/{charge['document']}"


def download_key(charge):
    """Make the unguessable end of the image's public address."""
    return _digest(charge, "download")[:16].upper()


def download_uri(charge, sight):
    """Address the image for anyone who was given this link."""
    path = f"{_document_path(charge)}/downloads/{download_key(charge)}"
    return sight.address(path)


def references(charge, sight):
    """Draw what a payer tells a cashier, a bank or a konbini."""
    shows = shown_by(charge)
    if shows not in ("bill", "payment_code", "va_code"):
        return None
    told = dict.fromkeys(_REFERENCES.split())
    told["expires_at"] = stamp(charge["expires_at"])
    if shows == "bill":
        told["omise_tax_id"] = OMISE_TAX_ID
        told["reference_number_1"] = _digits(charge, "one", 18)
        told["reference_number_2"] = _digits(charge, "two", 18)
        told["barcode"] = download_uri(charge, sight)
    else:
        told[shows] = _digits(charge, shows, 12)
    return told


def provider_references(charge):
    """Draw PromptPay's own reference; the payer's name is known once paid."""
    if not charge or charge["source_type"] != "promptpay":
        return None
    paid = charge["status"] == "successful"
    return {
        "reference_number_1": _bill_reference(charge),
        "reference_number_2": None,
        "buyer_name": "SANDBOX PAYER" if paid else None,
    }


def _bill_reference(charge):
    """Take the payment id without its prefix, in capitals, as recorded."""
    return charge["payment"].rpartition("_")[2].upper()


def _digest(charge, purpose):
    return hashlib.sha256(f"{purpose} {charge['payment']}".encode()).hexdigest()


def _digits(charge, purpose, length):
    """Make a steady number of so many digits, the first not zero."""
    least = 10 ** (length - 1)
    return str(int(_digest(charge, purpose), 16) % (9 * least) + least)


def payload(charge, sight):
    """Write the text inside a charge's code."""
    if charge["source_type"] == "promptpay":
        return _promptpay(charge)
    if charge["source_type"] == "paynow":
        return _paynow(charge)
    if shown_by(charge) == "bill":
        one, two = (_digits(charge, which, 18) for which in ("one", "two"))
        return f"|{OMISE_TAX_ID}00\r{one}\r{two}\r{charge['amount']}"
    return sight.address(f"payments/{charge['payment']}/authorize")


def _promptpay(charge):
    """Write a Thai bill payment QR (tag 30), usable once, with its amount."""
    scheme, biller = ("00", "A000000677010112"), ("01", OMISE_TAX_ID + "00")
    payee = _tlv(scheme, biller, ("02", _bill_reference(charge)))
    money = (("53", "764"), ("54", _units(charge)), ("58", "TH"))
    return _emv(("30", payee), *money, ("59", "OMISE SANDBOX"))


def _paynow(charge):
    """Write a PayNow QR (tag 26) to a made-up company number, amount not editable."""
    until = stamp(charge["expires_at"])[:10].replace("-", "")
    scheme, company = ("00", "SG.PAYNOW"), (("01", "2"), ("02", PAYNOW_UEN))
    payee = _tlv(scheme, *company, ("03", "0"), ("04", until))
    money = (("52", "0000"), ("53", "702"), ("54", _units(charge)), ("58", "SG"))
    name = (("59", "OMISE SANDBOX"), ("60", "Singapore"))
    return _emv(
        ("26", payee), *money, *name, ("62", _tlv(("01", _bill_reference(charge))))
    )


def _units(charge):
    """Write baht or dollars from satang or cents."""
    return f"{charge['amount'] // 100}.{charge['amount'] % 100:02d}"


def _tlv(*fields):
    """Write tag, length and value of each field."""
    return "".join(f"{tag}{len(value):02d}{value}" for tag, value in fields)


def _emv(*fields):
    """Write a payload for one payment, closed by a CRC over its own tag and length too."""
    text = _tlv(("00", "01"), ("01", "12"), *fields) + "6304"
    return f"{text}{crc16(text.encode()):04X}"


def crc16(data):
    """Work out CRC-16/CCITT-FALSE, as EMV QR codes use it."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
    return crc & 0xFFFF


def image(charge, sight):
    """Draw the QR or the barcode of a charge: (bytes, content type)."""
    picture = io.BytesIO()
    if shown_by(charge) == "bill":
        bars = barcode.get("code128", payload(charge, sight), SVGWriter())
        bars.write(picture, {"write_text": False})
        return picture.getvalue(), "image/svg+xml"
    kind = charge["image_type"]
    code = segno.make(payload(charge, sight), error="m", micro=False)
    code.save(picture, kind=kind, scale=8, border=4)
    return picture.getvalue(), "image/png" if kind == "png" else "image/svg+xml"
