"""What the shop asks of Omise: one request each, and an answer that names what was asked for."""

import inspect
from datetime import datetime

import pytest
from raw_omise import ASKED, CHARGE, ERROR, Faulty, answer, builder
from rig import free_port

from payment.gateway import verbs
from payment.gateway.errors import GatewayError

ID, TOKEN, SOURCE, CUSTOMER = (
    CHARGE["id"],
    "tokn_test_5t",
    "src_test_5s",
    "cust_test_5c",
)
CARD = {
    "object": "card",
    "id": "card_test_5d",
    "fingerprint": "f",
    "last_digits": "4242",
}
KEPT = {"object": "customer", "id": CUSTOMER, "email": "a@shop.example"}
REFUND = {"object": "refund", "id": "rfnd_test_5r", "charge": ID, "amount": 100}
LIST = {"object": "list", "data": [], "total": 0}
WHEN = datetime(2026, 1, 31, 6, 11, 58)
EMAIL = KEPT["email"]


def token(**more):
    return {"object": "token", "id": TOKEN, "used": False, "card": CARD} | more


# By verb: how it is called, what leaves, and a right answer.
CHOSEN = {"object": "source", "id": "src_test_5chosen", "type": "promptpay"}
CAPABILITY = {"object": "capability", "payment_methods": []}
CASES = {
    "create_charge": (lambda: verbs.create_charge(**ASKED), "POST /charges", CHARGE),
    "find_charge": (lambda: verbs.find_charge(ID), f"GET /charges/{ID}", CHARGE),
    "was_used": (lambda: verbs.was_used(TOKEN), f"GET /tokens/{TOKEN}", token()),
    "type_of_source": (
        lambda: verbs.type_of_source(CHOSEN["id"]),
        f"GET /sources/{CHOSEN['id']}",
        CHOSEN,
    ),
    "find_capability": (verbs.find_capability, "GET /capability", CAPABILITY),
    "find_account": (verbs.find_account, "GET /account", {"object": "account"}),
    "newest_event": (verbs.newest_event, "GET /events", LIST),
    "charges_between": (
        lambda: verbs.charges_between(WHEN, WHEN, 0),
        "GET /charges",
        LIST,
    ),
    "events_since": (lambda: verbs.events_since(WHEN, 0), "GET /events", LIST),
    "refunds_since": (lambda: verbs.refunds_since(WHEN, 0), "GET /refunds", LIST),
    "disputes_since": (lambda: verbs.disputes_since(WHEN, 0), "GET /disputes", LIST),
    "refunds_of": (lambda: verbs.refunds_of(ID), f"GET /charges/{ID}/refunds", LIST),
    "expire_charge": (
        lambda: verbs.expire_charge(ID),
        f"POST /charges/{ID}/expire",
        CHARGE,
    ),
    "capture_charge": (
        lambda: verbs.capture_charge(ID, 100),
        f"POST /charges/{ID}/capture",
        CHARGE,
    ),
    "reverse_charge": (
        lambda: verbs.reverse_charge(ID),
        f"POST /charges/{ID}/reverse",
        CHARGE,
    ),
    "refund_charge": (
        lambda: verbs.refund_charge(ID, 100, "ours"),
        f"POST /charges/{ID}/refunds",
        REFUND,
    ),
    "card_of_token": (
        lambda: verbs.card_of_token(TOKEN),
        f"GET /tokens/{TOKEN}",
        token(),
    ),
    "create_customer": (
        lambda: verbs.create_customer(TOKEN, EMAIL),
        "POST /customers",
        KEPT,
    ),
    "add_card": (
        lambda: verbs.add_card(CUSTOMER, TOKEN, EMAIL),
        f"PATCH /customers/{CUSTOMER}",
        KEPT,
    ),
    "newest_cards": (
        lambda: verbs.newest_cards(CUSTOMER),
        f"GET /customers/{CUSTOMER}/cards",
        LIST,
    ),
    "forget_customer": (
        lambda: verbs.forget_customer(CUSTOMER),
        f"DELETE /customers/{CUSTOMER}",
        {"object": "customer", "id": CUSTOMER, "deleted": True},
    ),
    "forget_card": (
        lambda: verbs.forget_card(CUSTOMER, CARD["id"]),
        f"DELETE /customers/{CUSTOMER}/cards/{CARD['id']}",
        {"object": "card", "id": CARD["id"], "deleted": True},
    ),
}


@pytest.fixture(scope="module")
def omise():
    with Faulty() as server:
        yield server


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    yield from builder(tmp_path_factory.mktemp("verbs"))


@pytest.fixture(scope="module")
def app(build, omise):
    return build(f"http://{omise.address}/")


@pytest.fixture
def says(app, omise):
    """Let Omise give an answer from now on, within an app that asks it."""
    omise.requests.clear()

    def says(*given):
        omise.answer = given[0] if isinstance(given[0], bytes) else answer(*given)

    with app.app_context():
        yield says


@pytest.fixture(scope="module")
def unreachable(build):
    return build(f"http://127.0.0.1:{free_port()}/")


def only_reads(verb):
    return CASES[verb][1].startswith("GET")


def sent(omise):
    lines = [request.split(b" HTTP/")[0].decode() for request in omise.requests]
    return [line.split("?")[0] for line in lines]


def test_every_verb_is_in_the_table():
    """A23: a verb that is added is counted too."""
    own = {
        name
        for name, one in inspect.getmembers(verbs, inspect.isfunction)
        if one.__module__ == verbs.__name__ and not name.startswith("_")
    }
    assert own - {"is_id"} == CASES.keys()


@pytest.mark.parametrize("verb", CASES)
def test_a_verb_makes_exactly_one_request(says, omise, verb):
    """A23: the SDK's own would make more."""
    act, line, right = CASES[verb]
    says(200, right)
    act()
    assert sent(omise) == [line]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429])
@pytest.mark.parametrize("verb", CASES)
def test_a_refusal_is_a_sure_no_of_what_acts_and_never_of_what_reads(
    says, omise, verb, status
):
    """A23: what is said about money is about that request; a GET never says no."""
    says(status, ERROR)
    with pytest.raises(GatewayError) as error:
        CASES[verb][0]()
    assert error.value.money_may_have_moved is only_reads(verb)
    assert error.value.code == ERROR["code"]
    assert sent(omise) == [CASES[verb][1]]


@pytest.mark.parametrize(
    "given",
    [(500, ERROR), (502, b"<html>"), (200, b"[]"), (200, ERROR), (b"",)],
    ids=["500", "webpage", "list", "error", "nothing"],
)
@pytest.mark.parametrize("verb", CASES)
def test_what_is_no_answer_says_nothing_and_nothing_is_sent_twice(
    says, omise, verb, given
):
    """A6, A23, C2: of any verb."""
    says(*given)
    with pytest.raises(GatewayError) as error:
        CASES[verb][0]()
    assert error.value.money_may_have_moved
    assert sent(omise) == [CASES[verb][1]]


@pytest.mark.parametrize("verb", CASES)
def test_what_never_left_moved_nothing_and_a_question_tells_nothing(unreachable, verb):
    """C1, A23: nobody listens."""
    with unreachable.app_context(), pytest.raises(GatewayError) as error:
        CASES[verb][0]()
    assert error.value.code == "nothing_sent"
    assert error.value.money_may_have_moved is only_reads(verb)


def test_a_token_used_before_its_first_use_is_unknown(says):
    """A26: by whom? A hop that sent the request again, most likely."""
    says(400, ERROR | {"code": "used_token"})
    with pytest.raises(GatewayError) as error:
        verbs.create_charge(**ASKED)
    assert (error.value.code, error.value.money_may_have_moved) == ("used_token", True)


NAMES = CHARGE["metadata"]


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        NAMES | {"attempt_id": "another"},
        NAMES | {"order_id": "another"},
        NAMES | {"attempt_id": None},
        NAMES | {"attempt_id": ["an attempt"]},
        {"order_id": "an order"},
    ],
)
def test_a_charge_that_does_not_name_its_attempt_is_no_answer(says, metadata):
    """A26: but its id is told, so that somebody can look."""
    says(200, CHARGE | {"metadata": metadata})
    with pytest.raises(GatewayError) as error:
        verbs.create_charge(**ASKED)
    assert (error.value.charge_id, error.value.code) == (ID, None)
    assert error.value.money_may_have_moved


OTHER = "chrg_test_5other"


@pytest.mark.parametrize(
    ("verb", "given"),
    [
        (verb, CHARGE | {"id": OTHER})
        for verb in ("find_charge", "expire_charge", "capture_charge", "reverse_charge")
    ]
    + [
        ("find_charge", CHARGE | {"id": f"{ID}/../x"}),
        ("create_charge", CHARGE | {"id": "../x"}),
        ("create_charge", CHARGE | {"id": "src_test_5xyz"}),
        ("create_charge", CHARGE | {"id": "chrg_test_"}),
        ("create_charge", CHARGE | {"id": "chrg_test_5XYZ"}),
        ("was_used", token(id="tokn_test_5other")),
        ("was_used", {"object": "token", "used": False}),
        ("type_of_source", CHOSEN | {"id": "src_test_5other"}),
        ("type_of_source", CHOSEN | {"type": None}),
        ("find_capability", {"object": "account"}),
        ("find_account", {"object": "capability"}),
        ("card_of_token", token(id="tokn_test_5other")),
        ("card_of_token", token(card=None)),
        ("card_of_token", token(card=CARD | {"id": "card"})),
        ("create_customer", KEPT | {"email": "b@shop.example"}),
        ("create_customer", KEPT | {"email": None}),
        ("create_customer", KEPT | {"id": "chrg_test_5c"}),
        ("create_customer", KEPT | {"id": None}),
        ("add_card", KEPT | {"id": "cust_test_5other"}),
        ("add_card", KEPT | {"email": "b@shop.example"}),
        ("refund_charge", REFUND | {"charge": OTHER}),
        ("refund_charge", REFUND | {"amount": 99}),
        ("refund_charge", REFUND | {"id": ID}),
        ("refund_charge", REFUND | {"object": "charge"}),
        ("refund_charge", REFUND | {"metadata": {}}),
        ("refund_charge", REFUND | {"metadata": None}),
        ("refund_charge", REFUND | {"metadata": {"refund_id": "another"}}),
        ("newest_cards", LIST | {"data": [CARD | {"id": None}]}),
        ("newest_cards", LIST | {"data": None}),
    ],
)
def test_an_answer_about_something_else_is_no_answer(says, verb, given):
    """A26: of whomever it is, it is not believed; what acted may have acted."""
    says(200, given)
    with pytest.raises(GatewayError) as error:
        CASES[verb][0]()
    assert error.value.money_may_have_moved


@pytest.mark.parametrize(
    ("status", "became"),
    [
        ("closed", "done"),
        (None, "done"),
        ("failed", "failed"),
        ("rejected", "failed"),
        ("pending", "sent"),
        ("a new word", "sent"),
        (["closed"], "sent"),
    ],
)
def test_only_a_closed_refund_is_done(says, status, became):
    """A17: 2017-11-02 says no status."""
    says(200, REFUND | {"status": status, "metadata": {"refund_id": "ours"}})
    assert verbs.refund_charge(ID, 100, "ours").became == became


@pytest.mark.parametrize(
    ("pays_with", "said", "used"),
    [
        (TOKEN, {"used": True}, True),
        (TOKEN, {"used": False}, False),
        (TOKEN, {"used": False, "charge_status": "unknown"}, False),
        (TOKEN, {"used": False, "charge_status": "pending"}, True),
        (TOKEN, {"used": "false"}, None),
        (TOKEN, {"used": 0}, None),
        (TOKEN, {}, None),
        (SOURCE, {"charge_status": "unknown"}, False),
        (SOURCE, {"charge_status": "pending"}, True),
        (SOURCE, {"charge_status": "failed"}, None),
        (SOURCE, {"charge_status": None}, None),
        (SOURCE, {}, None),
    ],
)
def test_whether_a_token_or_source_was_used_is_omise_s_word_alone(
    says, pays_with, said, used
):
    """A19: what says nothing is None, and never "no"."""
    says(200, {"id": pays_with} | said)
    assert verbs.was_used(pays_with) is used


def test_a_list_keeps_its_total_and_passes_by_what_is_no_row(says):
    """A20, B17: `total` is believed only if it is a number of rows."""
    rows = [None, 5, "x", [], {"id": "a"}]
    for total, read in ((7, 7), (0, 0), (-1, None), (True, None), ("7", None)):
        says(200, {"object": "list", "data": rows, "total": total})
        page = verbs.charges_between(WHEN, WHEN, 0)
        assert (page.total, len(page.rows)) == (read, 5)
        assert page.objects() == [{"id": "a"}]


def test_a_window_is_asked_for_in_omise_s_own_terms(says, omise):
    """A20: pages of a hundred, the oldest first, so that what is made meanwhile comes last."""
    says(200, LIST)
    verbs.charges_between(WHEN, datetime(2026, 2, 1), 200)
    line, head = omise.requests[0].decode().split(" HTTP/1.1\r\n")
    asked = (
        "limit=100&offset=200&order=chronological"
        "&from=2026-01-31T06%3A11%3A58Z&to=2026-02-01T00%3A00%3A00Z"
    )
    assert line == f"GET /charges?{asked}"
    # Nothing that a hop could drop from a question.
    assert head.endswith("\r\n\r\n")
    assert "content-length" not in head.lower()


END = datetime(2026, 2, 1)
SPAN = {"from": "2026-01-31T06:11:58Z", "to": "2026-02-01T00:00:00Z"}


@pytest.mark.parametrize(
    "states",
    [
        {},
        {"location": "/charges", "order": None},
        {"location": "/charges/"},
        {"location": "/behind/charges"},
        {"location": "https://api.omise.co/charges"},
        SPAN | {"limit": 100, "offset": 200, "order": "chronological"},
        {"from": "2026-01-31T13:11:58+07:00", "to": "2026-02-01"},
        {"to": "2026-01-31T23:30:00Z"},
        {"data": [{"created_at": "2026-01-31T06:11:58Z"}, {"created": SPAN["to"]}]},
        {"data": [{"created_at": "2026-01-31T05:52:00Z"}, {"created_at": "soon"}]},
    ],
)
def test_a_list_that_says_it_is_what_was_asked_for_is_believed(says, app, states):
    """A20: in both versions' words, and where it says nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            app.config, "OMISE_API_BASE", app.config["OMISE_API_BASE"] + "behind/"
        )
        says(200, LIST | states)
        assert verbs.charges_between(WHEN, END, 200).total == 0


@pytest.mark.parametrize(
    "states",
    [
        {"object": "account"},
        {"object": None},
        {"location": "/charges/chrg_test_5xyz/refunds"},
        {"location": "/events"},
        {"location": 5},
        {"limit": 20},
        {"offset": 0},
        {"offset": "200"},
        {"order": "reverse_chronological"},
        {"from": "1970-01-01T00:00:00Z"},
        {"to": "2026-02-01T00:00:01Z"},
        {"to": "2026-01-31T23:09:59Z"},
        {"to": 5},
        {"data": [{"created_at": "2026-01-31T05:51:00Z"}]},
        {"data": [None, {"created": "2026-02-01T00:21:00Z"}]},
    ],
)
def test_a_list_that_says_it_is_another_proves_nothing(says, states):
    """A20, A26: of another path, cut or span, or no list at all."""
    says(200, LIST | states)
    with pytest.raises(GatewayError):
        verbs.charges_between(WHEN, END, 200)


def test_an_account_s_refunds_are_not_those_of_one_charge(says):
    """A26: both paths end alike."""
    for row, found in ((ID, True), (None, True), (OTHER, False)):
        says(200, LIST | {"data": [REFUND | {"charge": row}]})
        if found:
            assert verbs.refunds_of(ID).ids() == {REFUND["id"]}
            continue
        with pytest.raises(GatewayError):
            verbs.refunds_of(ID)
    says(200, LIST | {"location": f"/charges/{ID}/refunds"})
    with pytest.raises(GatewayError):
        verbs.refunds_since(WHEN, 0)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("tokn_test_5xyz", True),
        ("tokn_5xyz", True),
        ("tokn_test_5xyz\n", False),
        ("tokn_test_", False),
        ("tokn_test_5XYZ", False),
        ("tokn_test_../x", False),
        ("src_test_5xyz", False),
        ("tokn_test_" + "x" * 80, False),
        ("x tokn_test_5xyz", False),
        (None, False),
        (5, False),
        (["tokn_test_5xyz"], False),
    ],
)
def test_an_id_is_of_its_kind_and_whole(text, is_one):
    """E8: anchored at both ends."""
    assert verbs.is_id(text, "tokn") is is_one


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({}, True),
        ({"id": "card_test_5other"}, True),
        ({"fingerprint": "g"}, False),
        ({"expiration_year": 2030}, False),
        ({"fingerprint": None, "last_digits": "4242"}, False),
    ],
)
def test_one_piece_of_plastic_is_known_by_its_fingerprint(other, same):
    """A25: and by its last digits only where none is told."""
    mine = verbs.Card.read(CARD)
    assert mine.is_same(verbs.Card.read(CARD | other)) is same


def test_cards_that_say_nothing_are_not_the_same():
    """A25: two unknowns are not one card."""
    nothing = verbs.Card("card_test_5d", None, None, (None, None))
    assert not nothing.is_same(nothing)
