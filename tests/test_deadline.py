"""Connections that are kept: each answer belongs to its request, or its connection is given up."""

import random
import shutil
import ssl
import struct
import threading
import time
from socket import SO_LINGER, SOL_SOCKET

import pytest
from certificate import make_certificate
from raw_omise import ASKED, CHARGE, Kept, answer, builder

from payment.gateway import deadline, verbs
from payment.gateway.errors import GatewayError

ONE, TWO = "chrg_test_5one", "chrg_test_5two"
NO_OPENSSL = not shutil.which("openssl")


def charge(charge_id):
    return answer(200, CHARGE | {"id": charge_id}, keep=True)


def asked_for(path):
    """Give the answer to a request, by the id in its path."""
    return charge(path.rsplit("/", 1)[1])


def honest(line, path):
    line.sendall(asked_for(path))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Make a certificate of this machine; gives its file and that of its key."""
    return make_certificate(tmp_path_factory.mktemp("certificate"), "127.0.0.1")


@pytest.fixture
def build(tmp_path):
    yield from builder(tmp_path)


@pytest.fixture(
    params=[
        "http",
        pytest.param("https", marks=pytest.mark.skipif(NO_OPENSSL, reason="openssl")),
    ]
)
def omise(request, build):
    """Serve an Omise that keeps connections, plain and by TLS, to an app that trusts it."""
    context = None
    if request.param == "https":
        made, key = request.getfixturevalue("certificate")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made, key)
    with Kept(context) as server:
        app = build(f"{request.param}://{server.address}/")
        session = app.extensions["payment"].connections.session
        session.trust_env, server.app = False, app
        if context:
            session.verify = str(made)
        server.acts = [honest]
        yield server
        session.close()


def find(omise, charge_id):
    with omise.app.app_context():
        return verbs.find_charge(charge_id).id


def test_a_connection_is_kept_and_used_again(omise):
    """A26: that is what the tests below must see broken off."""
    assert [find(omise, ONE), find(omise, TWO), find(omise, ONE)] == [ONE, TWO, ONE]
    assert omise.requests == [1, 1, 1]


@pytest.mark.parametrize("status", [100, 102, 103, 199])
@pytest.mark.parametrize("many", [1, 3])
def test_an_answer_before_the_answer_is_read_past_and_ends_its_connection(
    omise, status, many
):
    """A26: what was taken for the answer would leave the true one to the next shopper."""
    hints = f"HTTP/1.1 {status} X\r\nLink: </a>; rel=preload\r\n\r\n".encode() * many

    def hint(line, path):
        line.sendall(hints + asked_for(path))

    omise.acts = [hint, honest]
    assert [find(omise, ONE), find(omise, TWO)] == [ONE, TWO]
    assert omise.requests == [1, 2]


def test_an_interim_answer_that_comes_in_pieces_is_read_past_too(omise):
    """A26: the answer is read to its true end all the same."""

    def hint(line, path):
        for piece in (b"HTTP/1.1 103 X\r\nLi", b"nk: </a>\r\n", b"\r\n"):
            line.sendall(piece)
            time.sleep(0.05)
        honest(line, path)

    omise.acts = [hint, honest]
    assert [find(omise, ONE), find(omise, TWO)] == [ONE, TWO]
    assert omise.requests == [1, 2]


def test_interim_answers_without_end_are_given_up(omise):
    """A26, C3: what was asked may have been done."""

    def hints_only(line, path):
        line.sendall(b"HTTP/1.1 103 X\r\n\r\n" * 12 + charge(CHARGE["id"]))

    omise.acts = [hints_only, honest]
    with omise.app.app_context(), pytest.raises(GatewayError) as error:
        verbs.create_charge(**ASKED)
    assert error.value.money_may_have_moved
    assert find(omise, TWO) == TWO
    assert omise.requests == [1, 2]


def chunked(charge_id):
    head, body = charge(charge_id).split(b"\r\n\r\n", 1)
    head = head.split(b"Content-Length")[0] + b"Transfer-Encoding: chunked\r\n\r\n"
    return head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def long(charge_id):
    """Give an answer that is longer than what is read at once, and shorter than TLS seals."""
    body = CHARGE | {"id": charge_id, "description": "long " * 2000}
    return answer(200, body, keep=True)


@pytest.mark.parametrize("write", [charge, chunked, long])
@pytest.mark.parametrize(
    "more", [b"\r\n", b"x", charge("chrg_test_5stray"), charge(TWO), b"x" * 100_000]
)
def test_what_follows_an_answer_unasked_ends_its_connection(omise, write, more):
    """A26: the next shopper would read it as their own."""

    def says_more(line, path):
        line.sendall(write(ONE) + more)

    omise.acts = [says_more, honest]
    assert [find(omise, ONE), find(omise, TWO)] == [ONE, TWO]
    assert omise.requests == [1, 2]


def test_what_comes_unasked_while_nobody_waits_ends_its_connection(omise):
    """A26: noticed before the connection is used again."""
    said = threading.Event()

    def says_more_later(line, path):
        honest(line, path)
        time.sleep(0.1)
        line.sendall(charge("chrg_test_5stray"))
        said.set()

    omise.acts = [says_more_later, honest]
    assert find(omise, ONE) == ONE
    assert said.wait(60)
    time.sleep(0.1)
    assert find(omise, TWO) == TWO
    assert omise.requests == [1, 2]


def test_a_body_where_none_belongs_ends_its_connection(omise):
    """A26: 204 has none (RFC 9110, 15.3.5)."""

    def no_content(line, path):
        line.sendall(b"HTTP/1.1 204 X\r\n\r\n" + charge(TWO))

    omise.acts = [no_content, honest]
    with pytest.raises(GatewayError):
        find(omise, ONE)
    assert find(omise, TWO) == TWO
    assert omise.requests == [1, 2]


def test_an_answer_that_comes_too_late_reaches_nobody(omise):
    """A26, C3: its request was given up, and its connection with it."""
    let_go = threading.Event()

    def sleeps(line, path):
        let_go.wait(10)
        honest(line, path)

    omise.acts = [sleeps, honest]
    with pytest.raises(GatewayError):
        find(omise, ONE)
    let_go.set()
    assert [find(omise, TWO), find(omise, ONE)] == [TWO, ONE]
    assert omise.requests == [1, 2, 2]


def test_a_connection_that_was_idle_for_long_is_not_used_again(omise, monkeypatch):
    """A26: its other end may be gone, and a request to charge would be sent into nothing."""
    monkeypatch.setattr(deadline, "LONGEST_IDLE", 0.5)
    assert [find(omise, ONE), find(omise, TWO)] == [ONE, TWO]
    time.sleep(0.7)
    assert find(omise, ONE) == ONE
    assert omise.requests == [1, 1, 2]


def test_a_kept_connection_that_has_died_is_noticed_before_it_is_used(omise):
    """A26: the next request goes out on a new one, once."""

    def then_leaves(line, path):
        honest(line, path)
        return False

    omise.acts = [then_leaves, honest]
    assert find(omise, ONE) == ONE
    time.sleep(0.2)
    assert find(omise, TWO) == TWO
    assert omise.requests == [1, 2]


@pytest.mark.parametrize("reset", [False, True])
def test_a_kept_connection_that_dies_of_a_request_leaves_it_unknown(omise, reset):
    """A6, A26: it may have been acted upon, so it is not sent again."""

    def dies(line, path):
        if reset:
            line.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        return False

    omise.acts = [honest, dies, honest]
    assert find(omise, ONE) == ONE
    with omise.app.app_context(), pytest.raises(GatewayError) as error:
        verbs.create_charge(**ASKED)
    assert (error.value.money_may_have_moved, error.value.code) == (True, None)
    assert omise.requests == [1, 1]
    assert find(omise, TWO) == TWO


def test_many_shoppers_at_once_each_get_their_own_answer(omise):
    """A26: whatever else is said on the lines between."""
    chance = random.Random(7)

    def odd(line, path):
        before = chance.choice([b"", b"", b"HTTP/1.1 103 X\r\n\r\n"])
        after = chance.choice([b"", b"", charge("chrg_test_5stray")])
        line.sendall(before + asked_for(path) + after)
        return chance.random() < 0.9

    omise.acts = [odd]
    wrong, barrier = [], threading.Barrier(12)

    def shop(number):
        barrier.wait()
        for turn in range(15):
            charge_id = f"chrg_test_5n{number}t{turn}"
            try:
                if find(omise, charge_id) != charge_id:
                    wrong.append(charge_id)
            except GatewayError as error:
                # A line that has just ended is bad luck; another's answer is not.
                if error.code or "came" in str(error):
                    wrong.append(str(error))

    threads = [threading.Thread(target=shop, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(omise.requests) >= 150
