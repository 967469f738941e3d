"""Every path of Omise's OpenAPI file (June 2025), called once and held against its schema.

``shapes/openapi.json`` keeps of that file what an answer can be held against: the type of each
field ("string~pattern", "string=one|another", "@object", "?" where it may be null), and which
object each call answers. Where the two differ, DIFFERENCES names what overrules the file: numbers
are recordings, as in ``shapes/``. A difference that has gone makes its line there wrong.
"""

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest
from sandbox_surface import Surface

from sandbox import PUBLIC_KEY

pytest_plugins = ("sandbox_rig",)

FILE = json.loads((Path(__file__).parent / "shapes" / "openapi.json").read_text())
OBJECTS = FILE["objects"]
# What only platforms have, and what nobody described; sandbox/README.md says so, too.
NOT_IMITATED = re.findall(
    r"[A-Z]+ /\S*",
    """
    GET /chains/{id}  GET /chains/{id}/keys  GET /chains/{id}/account  POST /chains/{id}/revoke
    POST /chains/{id}/authorize  PATCH /consent  POST /linked_accounts
    DELETE /linked_accounts/{id}  GET /linked_accounts/{id}  POST /mfa_confirmations  GET /schema
    POST /sub_merchants
    """,
)
DECLINED = ["4111111111140011", "4111111111130012", "4111111111160001"]
PLATFORM = "merchant_name merchant_uid"
# Object: {"how it differs: why": fields}. Any word for null is taken from the recordings.
DIFFERENCES = {
    "account": {"null: 26": "chain_return_uri webhook_uri"},
    "balance": {"absent: 28 has no such field": "at"},
    "bank_account": {"null: what was not given": "bank_code branch_code type"},
    "barcode": {"null: 04": "raw_data"},
    "card": {"null: 20": "location tokenization_method"},
    "charge": {
        "absent: for charges that have none": "missing_3ds_fields three_ds_info",
        "absent: 02, 04, 06 before anything settled": (
            "authorization_type authorized_amount captured_amount"
        ),
        "absent: newer than 01 to 13": (
            f"{PLATFORM} statement_descriptor unmanaged_payment"
        ),
        "null: 01 to 13": (
            "authorization_type authorized_at card customer dispute link linked_account paid_at"
            " schedule source transaction"
        ),
        "unknown: 01 to 13 have them": "branch device terminal",
        "value: the page of test cards has stolen_or_lost_card": "failure_code",
    },
    "charge_schedule": {
        "null: what was not given": "card linked_account",
        "value: recorded as scheduled_charge": "object",
    },
    "customer": {"null: no card was given": "default_card"},
    "dispute": {"absent: 24 has no such fields": PLATFORM},
    "document": {"null: the file's own example of a dispute": "download_uri kind"},
    "event": {"absent: 23 has no such fields": "actor_uid team_uid user_uid"},
    "link": {
        "absent: for platforms": PLATFORM,
        "null: not used, not deleted": "deleted_at used_at",
    },
    "list": {"value: receipts were recorded as receipt_list": "object"},
    "occurrence": {
        "null: not tried again, and a charge": "retry_on transfer_amount",
    },
    "payment_method": {
        "null: 27": "card_brands installment_terms loan_installment_terms provider"
    },
    "receipt": {"null: nothing was adjusted": "adjustment_transaction"},
    "recipient": {
        "null: what was not given, or has not happened": (
            "activated_at email schedule verified_at"
        )
    },
    "refund": {"absent: 10 has no such fields": PLATFORM},
    "schedule": {
        "absent: newer than what omise-python's tests show": ("merchant_name"),
        "null: not ended, and of the other sort": "ended_at transfer",
    },
    "search": {"null: as recorded by omise-php": "aggregate_level export query"},
    "source": {
        "null: 04, 21": (
            "absorption_type bank barcode billing email installment_term ip mobile_number name"
            " phone_number platform_type promotion_code provider_references qr_settings"
            " receipt_amount references scannable_code shipping store_id store_name supplier_id"
            " terminal_id zero_interest_installments"
        )
    },
    "system_info": {"unknown: our own word that no money moves": "description"},
    "transfer": {
        "absent: for platforms": PLATFORM,
        "null: once": "schedule",
    },
}
_TYPES = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float),
    "boolean": lambda value: type(value) is bool,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "date": re.compile(r"\d{4}-\d\d-\d\d").fullmatch,
    "time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").fullmatch,
}


RECORDED_AS = {"receipt_list": "list", "scheduled_charge": "charge_schedule"}


def differences(answer, found):
    """Collect, for each object in an answer, {(object, how): fields} that differ from the file."""
    name = RECORDED_AS.get(answer["object"], answer["object"])
    known = OBJECTS[name]
    found[name, "unknown"] |= answer.keys() - known.keys()
    found[name, "absent"] |= known.keys() - answer.keys()
    for field in answer.keys() & known.keys():
        value = answer[field]
        if value is None:
            found[name, "null"] |= set() if known[field].endswith("?") else {field}
        elif not fits(value, known[field].rstrip("?")):
            found[name, "value"].add(field)
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict) and "object" in inner:
                differences(inner, found)
    return found


def fits(value, kind):
    """Tell whether a value is of a kind as the file has it."""
    if isinstance(value, dict) and "object" in value:
        name = RECORDED_AS.get(value["object"], value["object"])
        return f"@{name}" in kind.split("|") or kind == "object"
    plain = kind.rpartition("|")[2] if kind.startswith("@") else kind
    plain, _, pattern = plain.partition("~")
    plain, _, chosen = plain.partition("=")
    if plain.startswith("@") or not _TYPES[plain](value):
        return False
    # Test objects have test_ after the prefix, which the patterns forget.
    pattern = pattern.replace("_[0-9a-z]+", "_(test_)?[0-9a-z]+")
    return re.fullmatch(pattern or ".*", str(value), re.DOTALL) and (
        not chosen or str(value) in chosen.split("|")
    )


def is_imitated(method, path):
    return f"{method} {path}" not in NOT_IMITATED


def test_every_call_of_the_file_answers_what_the_file_says(rig):
    surface, found = Surface(rig), defaultdict(set)
    for method, path, named in FILE["paths"]:
        if not is_imitated(method, path):
            continue
        answer = surface.call(method, path)
        assert answer.status_code == 200, (method, path, answer.text)
        # The file names what is found, where FACTS have the search around it.
        named = "search" if path.endswith("/search") else named
        told = answer.json()["object"].replace("receipt_list", "list")
        assert told == named, (method, path)
        differences(answer.json(), found)
    for number in DECLINED:
        differences(rig.charge(card=rig.token(number)), found)
    listed = defaultdict(set)
    for name, reasons in DIFFERENCES.items():
        for reason, fields in reasons.items():
            listed[name, reason.partition(":")[0]] |= set(fields.split())
    assert {key: fields for key, fields in found.items() if fields} == listed


def error_of(answer):
    """Read an error, which the file does not describe but 32 does, and tell its status and code."""
    told = answer.json()
    assert list(told) == ["object", "location", "code", "message"], told
    assert (told["object"], type(told["message"])) == ("error", str)
    page = "https://www.omise.co/api-errors#"
    assert told["location"] == page + told["code"].replace("_", "-")
    assert "Omise-Version" not in answer.headers
    return answer.status_code, told["code"]


def test_every_call_of_the_file_refuses_a_key_that_is_not_ours(rig):
    surface, imitated = Surface(rig), 0
    for method, path, _ in FILE["paths"]:
        if is_imitated(method, path) and path != "/":
            answer = surface.call_for_nothing(method, path, key="skey_test_5wrong")
            expected = (401, "authentication_failure")
            assert error_of(answer) == expected, (method, path)
            imitated += 1
    assert imitated > 90


def test_every_call_of_the_file_that_names_an_object_finds_none_that_is_not_there(rig):
    surface, naming = Surface(rig), 0
    for method, path, _ in FILE["paths"]:
        if is_imitated(method, path) and "{" in path and path != "/forex/{currency}":
            key = {"key": PUBLIC_KEY} if path.startswith("/tokens") else {}
            answer = surface.call_for_nothing(method, path, **key)
            assert error_of(answer) == (404, "not_found"), (method, path, answer.text)
            naming += 1
    assert naming > 40


@pytest.mark.parametrize("call", NOT_IMITATED)
def test_what_is_not_imitated_is_told_as_an_error(rig, call):
    method, path = call.split()
    status, code = error_of(Surface(rig).call(method, path))
    assert (status, code.removeprefix("service_")) == (404, "not_found")


def test_the_list_of_what_is_not_imitated_is_part_of_the_file():
    calls = {f"{method} {path}" for method, path, _ in FILE["paths"]}
    assert set(NOT_IMITATED) < calls
    assert len(calls) > 100
