"""Codes that a payer scans or types: real payloads, drawn where the recorded address says."""

import re

import barcode
import pytest
import requests
import segno
from sandbox_shapes import keys

from sandbox.draw import codes
from sandbox.http.addresses import sight

pytest_plugins = ("sandbox_rig",)


def fields(payload):
    """Take an EMV payload apart into tag and value."""
    found, rest = {}, payload
    while rest:
        tag, length, rest = rest[:2], int(rest[2:4]), rest[4:]
        found[tag], rest = rest[:length], rest[length:]
    return found


def payload_of(rig, charge):
    """Write the text inside a charge's code."""
    with rig.app.test_request_context():
        return codes.payload(rig.books.find("charge", charge["id"]), sight())


def black_in(svg):
    """Read the bars of a drawn barcode back: 1 where black, 0 where white, in modules of 0.2 mm."""
    bars = re.findall(r'x="([\d.]+)mm"[^>]* width="([\d.]+)mm"[^>]*fill:black', svg)
    spans = [(round(float(x) * 5), round(float(wide) * 5)) for x, wide in bars]
    start, end = spans[0][0], sum(spans[-1])
    read = ["0"] * (end - start)
    for x, wide in spans:
        read[x - start : x - start + wide] = "1" * wide
    return "".join(read)


def image_of(charge):
    """Address the image of a charge's QR."""
    return charge["source"]["scannable_code"]["image"]


def test_promptpay_qr_has_the_recorded_shape_and_only_once_charged(rig):
    source = rig.post("sources", type="promptpay", amount=20000, currency="THB")
    assert (source["scannable_code"], source["provider_references"]) == (None, None)
    charge = rig.charge(20000, source=source["id"])
    code = charge["source"]["scannable_code"]
    assert list(code) == ["object", "type", "image", "raw_data"]
    assert list(code["image"]) == (
        keys(
            "object livemode id deleted filename location kind download_uri"
            " created_at"
        )
    )
    assert (code["image"]["filename"], code["image"]["kind"]) == ("qrcode.svg", "qr")
    path = f"/charges/{charge['id']}/documents/{code['image']['id']}"
    assert code["image"]["location"] == path
    assert re.fullmatch(
        rig.url + path[1:] + "/downloads/[0-9A-F]{16}", code["image"]["download_uri"]
    )
    assert rig.get(f"sources/{source['id']}")["scannable_code"] == code


def test_promptpay_payload_is_a_real_bill_payment(rig):
    charge = rig.promptpay(amount=20050)
    payload = payload_of(rig, charge)
    found = fields(payload)
    assert list(found) == ["00", "01", "30", "53", "54", "58", "59", "63"]
    assert (found["53"], found["54"], found["58"]) == ("764", "200.50", "TH")
    payee = fields(found["30"])
    assert (payee["00"], payee["01"]) == ("A000000677010112", "010555609115200")
    reference = charge["source"]["provider_references"]["reference_number_1"]
    assert payee["02"] == reference
    assert re.fullmatch("[0-9A-Z]{19}", reference)
    assert found["63"] == f"{codes.crc16(payload[:-4].encode()):04X}"


def test_paynow_payload_names_payee_amount_and_reference(rig):
    rig.set(country="SG")
    charge = rig.charge(12345, "SGD", source={"type": "paynow"})
    found = fields(payload_of(rig, charge))
    assert (found["53"], found["54"], found["58"]) == ("702", "123.45", "SG")
    payee = fields(found["26"])
    assert (payee["00"], payee["02"]) == ("SG.PAYNOW", codes.PAYNOW_UEN)
    assert payee["04"] == charge["expires_at"][:10].replace("-", "")
    assert len(fields(found["62"])["01"]) == 19


def test_checksum_is_that_of_emv():
    assert codes.crc16(b"123456789") == 0x29B1


def test_qr_is_drawn_for_anyone_with_its_address(rig):
    charge = rig.promptpay()
    answer = requests.get(image_of(charge)["download_uri"], timeout=60)
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        200,
        "image/svg+xml",
    )
    with rig.app.test_request_context():
        facts = rig.books.find("charge", charge["id"])
        modules = segno.make(
            codes.payload(facts, sight()), error="m", micro=False
        ).symbol_size(border=4)[0]
    assert f'width="{modules * 8}"' in answer.text


def test_qr_is_drawn_as_png_when_asked(rig):
    source = {"type": "promptpay", "qr_settings": {"image_type": "png"}}
    charge = rig.charge(source=source)
    assert image_of(charge)["filename"] == "qrcode.png"
    assert charge["source"]["qr_settings"] == {"image_type": "png"}
    answer = requests.get(image_of(charge)["download_uri"], timeout=60)
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")
    error = rig.charge(
        source={"type": "promptpay", "qr_settings": {"image_type": "gif"}}
    )
    assert error["code"] == "bad_request"


def test_image_is_not_found_under_a_guessed_address(rig):
    one, two = image_of(rig.promptpay()), image_of(rig.promptpay())
    end = one["download_uri"].rpartition("/")[2]
    for path in (
        one["location"] + "/downloads/0123456789ABCDEF",
        two["location"] + f"/downloads/{end}",
        one["location"].replace("docu_", "docx_") + f"/downloads/{end}",
    ):
        assert requests.get(rig.url + path[1:], timeout=60).status_code == 404


def test_other_qr_codes_lead_to_the_page_that_pays_them(rig):
    charge = rig.charge(
        source={"type": "alipayplus_mpm"}, return_uri="https://shop.test/"
    )
    page = charge["authorize_uri"].partition("?")[0]
    with rig.app.test_request_context(base_url=rig.url):
        assert codes.payload(rig.books.find("charge", charge["id"]), sight()) == page


def test_bill_payment_shows_references_and_their_image(rig):
    rig.set(retired_methods=True)
    charge = rig.charge(400000, source={"type": "bill_payment_tesco_lotus"})
    shown = charge["source"]["references"]
    assert list(shown) == keys(
        "expires_at device_id customer_amount customer_currency"
        " customer_exchange_rate omise_tax_id reference_number_1"
        " reference_number_2 barcode payment_code va_code"
    )
    one, two = shown["reference_number_1"], shown["reference_number_2"]
    assert re.fullmatch(r"\d{18} \d{18}", f"{one} {two}")
    assert one != two
    assert shown["expires_at"] == charge["expires_at"]
    told = f"|010555609115200\r{one}\r{two}\r400000"
    assert payload_of(rig, charge) == told
    answer = requests.get(shown["barcode"], timeout=60)
    assert answer.headers["Content-Type"] == "image/svg+xml"
    (modules,) = barcode.get("code128", told).build()
    assert black_in(answer.text) == modules
    assert charge["source"]["scannable_code"] is None


def test_konbini_payment_shows_a_code_and_always_has_a_page(rig):
    rig.set(country="JP")
    source = {
        "type": "econtext",
        "name": "Taro",
        "email": "taro@example.com",
        "phone_number": "09012345678",
    }
    charge = rig.charge(5000, "JPY", source=source)
    shown = charge["source"]["references"]
    assert re.fullmatch(r"\d{12}", shown["payment_code"])
    assert (shown["barcode"], shown["omise_tax_id"]) == (None, None)
    assert "/payments/pay2_test_" in charge["authorize_uri"]
    assert charge["source"]["flow"] == "offline"


def test_payer_s_name_is_known_once_paid(rig):
    charge = rig.promptpay()
    assert charge["source"]["provider_references"]["buyer_name"] is None
    paid = rig.post(f"charges/{charge['id']}/mark_as_paid")
    assert paid["source"]["provider_references"]["buyer_name"] == "SANDBOX PAYER"


@pytest.mark.parametrize("kind", ["truemoney_jumpapp", "installment_bay"])
def test_redirects_have_no_code(rig, kind):
    charge = rig.charge(
        300000,
        source={"type": kind, "installment_term": 6},
        return_uri="https://shop.test/",
    )
    assert charge["source"]["scannable_code"] is charge["source"]["references"] is None
