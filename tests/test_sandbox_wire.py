"""The sandbox speaks HTTP as Omise does."""

import base64

import pytest
import requests

from sandbox import PUBLIC_KEY as PUBLIC
from sandbox import SECRET_KEY as SECRET
from sandbox.draw.pretty import pretty
from sandbox.http import parameters
from sandbox.rules import refusals, values

pytest_plugins = ("sandbox_rig",)


def test_wrong_or_missing_key_is_refused_with_the_recorded_error(rig):
    for key in ("", "skey_test_wrong", PUBLIC):
        refused = rig.call("GET", "account", key)
        assert refused.status_code == 401
        assert refused.json() == {
            "object": "error",
            "location": "https://www.omise.co/api-errors#authentication-failure",
            "code": "authentication_failure",
            "message": "authentication failed",
        }


@pytest.mark.parametrize(
    "key", ["skey_5sandbox00000000000", "pkey_5sandbox00000000000"]
)
def test_live_keys_are_refused_by_name(rig, key):
    refused = rig.call("GET", "account", key)
    assert refused.status_code == 401
    assert refused.json()["message"] == "the sandbox refuses live keys"


def test_secret_key_makes_no_token_and_public_key_no_charge(rig):
    assert rig.call("POST", "tokens", SECRET, json={}).status_code == 401
    assert rig.call("POST", "charges", PUBLIC, json={}).status_code == 401


def test_credentials_without_colon_are_accepted(rig):
    bare = base64.b64encode(PUBLIC.encode()).decode()
    answer = requests.get(
        rig.url + "capability", headers={"Authorization": f"Basic {bare}"}, timeout=60
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path", ["charges", "charges/", "events/", "customers/", "account/"]
)
def test_trailing_slash_makes_no_difference(rig, path):
    assert rig.call("GET", path).status_code == 200


def test_headers_of_success_name_the_version_and_of_error_do_not(rig):
    fine, lost = rig.call("GET", "account"), rig.call(
        "GET", "charges/chrg_test_missing"
    )
    assert fine.headers["Content-Type"] == "application/json; charset=utf-8"
    assert fine.headers["Omise-Version"] == "2019-05-29"
    assert fine.headers["Cache-Control"] == "no-cache, no-store"
    assert len(fine.headers["X-Request-Id"]) == 36
    assert lost.status_code == 404
    assert "Omise-Version" not in lost.headers
    assert lost.json()["message"] == "charge chrg_test_missing was not found"


@pytest.mark.parametrize(
    ("path", "nobody"),
    [
        ("charges/x/refunds/y", "charge x"),
        ("customers/x/cards/y", "customer x"),
        ("disputes/x/documents/y", "dispute x"),
    ],
)
def test_what_belongs_to_nobody_is_missed_by_its_owner_s_name(rig, path, nobody):
    missing = rig.get(path)
    assert (missing["code"], missing["message"]) == (
        "not_found",
        f"{nobody} was not found",
    )


def test_unknown_path_and_verb_answer_json(rig):
    for method, path in (("GET", "nowhere"), ("DELETE", "charges")):
        answer = rig.call(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "service_not_found")


def test_unknown_version_is_refused_and_old_ones_have_no_sources(rig):
    between = rig.call("GET", "account", headers={"Omise-Version": "2019-09-29"})
    assert between.headers["Omise-Version"] == "2019-05-29"
    refused = rig.call("GET", "account", headers={"Omise-Version": "2013-01-01"})
    assert refused.json()["code"] == "bad_request"
    old = rig.call("POST", "sources", headers={"Omise-Version": "2015-11-17"}, json={})
    assert old.status_code == 404
    assert old.json()["message"] == (
        "you are using api version which does not support this operation"
    )


def test_json_is_printed_with_odd_empty_lists_and_hashes():
    body = {
        "data": [],
        "deep": {"hash": {}, "list": []},
        "text": "not [] nor {}",
        "end": "[]",
    }
    assert pretty(body) == (
        '{\n  "data": [\n\n  ],\n  "deep": {\n    "hash": {\n    },\n    "list": [\n\n    ]\n  },\n'
        '  "text": "not [] nor {}",\n  "end": "[]"\n}\n'
    )


def test_answers_are_printed_pretty_and_end_in_a_newline(rig):
    text = rig.call("GET", "charges").text
    assert text.startswith('{\n  "object": "list",\n  "data": [\n\n  ],\n')
    assert text.endswith("}\n")


def test_the_same_charge_is_made_from_form_json_and_query(rig):
    fields = {"amount": "20000", "currency": "thb", "source[type]": "promptpay"}
    fields["metadata[order][id]"] = "7"
    nested = {
        "amount": 20000,
        "currency": "thb",
        "source": {"type": "promptpay"},
        "metadata": {"order": {"id": "7"}},
    }
    made = [
        rig.call("POST", "charges", data=fields).json(),
        rig.call("POST", "charges", json=nested).json(),
        rig.call("POST", "charges", params=fields).json(),
    ]
    for charge in made:
        assert (charge["amount"], charge["currency"]) == (20000, "THB")
        assert charge["source"]["type"] == "promptpay"
        assert charge["metadata"] == {"order": {"id": "7"}}


def test_a_body_of_null_says_nothing(rig):
    """So says omise-node where it has nothing to say, as in a full capture."""
    charge = rig.charge(capture=False)
    said = {"data": "null", "headers": {"Content-Type": "application/json"}}
    captured = rig.call("POST", f"charges/{charge['id']}/capture", **said).json()
    assert (captured["paid"], captured["captured_amount"]) == (True, 100000)
    empty = rig.call("POST", "charges", **said).json()
    assert empty["code"] == rig.post("charges")["code"]


@pytest.mark.parametrize("how", ["params", "data", "json"])
def test_list_parameters_are_read_from_query_form_and_json_on_get(rig, how):
    for _ in range(3):
        rig.promptpay()
    listed = rig.call("GET", "charges", **{how: {"limit": 1, "offset": 1}}).json()
    assert (listed["limit"], listed["offset"], listed["total"]) == (1, 1, 3)
    assert len(listed["data"]) == 1


def test_broken_json_and_json_that_is_no_hash_are_bad_requests(rig):
    for text in ("{", "[1]", "7"):
        answer = rig.call(
            "POST", "charges", data=text, headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_brackets_make_hashes_and_lists():
    fields = parameters.parsed(
        b"items[][sku]=a&items[][amount]=1&items[][sku]=b&hooks[]=x&hooks[]=y&n=1&n=2"
    )
    assert parameters.nested(fields) == {
        "items": [{"sku": "a", "amount": "1"}, {"sku": "b"}],
        "hooks": ["x", "y"],
        "n": "2",
    }
    assert values.as_list({"0": "a", "1": "b"}) == ["a", "b"]


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("12", 12),
        (7, 7),
        ("-3", -3),
        ("1.5", None),
        (True, None),
        (None, None),
        ("٣", None),
    ],
)
def test_whole_numbers_are_read_strictly(given, number):
    assert values.whole(given) == number


@pytest.mark.parametrize(
    ("problems", "sentence"),
    [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b, and c")],
)
def test_problems_are_joined_as_omise_joins_them(problems, sentence):
    with pytest.raises(refusals.Refused, match=f"^{sentence}$"):
        refusals.refuse_all("bad_request", problems)


@pytest.mark.parametrize("path", ["tokens", "sources/"])
def test_other_origins_may_call_tokens_and_sources(rig, path):
    preflight = requests.options(rig.url + path, timeout=60)
    assert preflight.status_code == 204
    for answer in (preflight, rig.call("POST", path, PUBLIC, json={})):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


def test_other_origins_may_not_call_charges(rig):
    assert "Access-Control-Allow-Origin" not in rig.call("GET", "charges").headers


def test_oversized_body_is_refused(rig):
    answer = rig.call("POST", "charges", json={"description": "x" * 1_100_000})
    assert answer.status_code == 413


def test_browser_at_the_front_is_sent_to_the_dashboard(rig):
    assert rig.get("")["object"] == "system_info"
    browser = rig.call("GET", "", headers={"Accept": "text/html,*/*"})
    assert (browser.status_code, browser.headers["Location"]) == (302, "/dashboard/")


def test_sdk_raises_its_own_errors(sdk):
    sdk.api_secret = "skey_test_wrong"
    with pytest.raises(sdk.errors.AuthenticationFailureError):
        sdk.Account.retrieve()
    sdk.api_secret = SECRET
    with pytest.raises(sdk.errors.NotFoundError, match="charge chrg_x was not found"):
        sdk.Charge.retrieve("chrg_x")
