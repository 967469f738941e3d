"""Static files: kept for good under the hash of what is in them, compressed, without cookies."""

import gzip
import hashlib
import re
from html import unescape
from urllib.parse import urljoin

import pytest
from flask import Blueprint, Flask, session, url_for
from shopper import Shopper

import payment

FOREVER = "public, max-age=31536000, immutable"
SHEET = "body { color: red; background: url('drop.svg') }\n" * 20
DROP = "<svg xmlns='http://www.w3.org/2000/svg'></svg>"


@pytest.fixture
def app(tmp_path):
    """Give a host with a blueprint whose static files are served like payment's."""
    (tmp_path / "looks.css").write_text(SHEET)
    (tmp_path / "drop.svg").write_text(DROP)
    (tmp_path / "dot.png").write_bytes(bytes(range(256)))
    app = Flask("host", static_folder=None)
    app.secret_key = "secret"
    host = Blueprint(
        "mine", __name__, static_folder=str(tmp_path), static_url_path="/s"
    )
    app.register_blueprint(host, name="other", url_prefix="/below")
    payment.serve_static(app, "other")
    return app


@pytest.fixture
def address(app):
    def address(name):
        with app.test_request_context():
            return url_for("other.static", filename=name)

    return address


def test_an_address_has_the_hash_of_what_is_served(app, address):
    found = address("looks.css")
    assert found.startswith("/below/s/looks.css?v=")
    body = app.test_client().get(found).data
    assert found.endswith(hashlib.sha256(body).hexdigest()[:16])


@pytest.mark.parametrize("name", ["looks.css", "drop.svg", "dot.png"])
def test_what_is_asked_for_by_its_hash_is_kept(app, address, name):
    client = app.test_client()
    path, _, own = address(name).partition("?")
    for asked in (own, "", "v=", "v=0123456789abcdef", "w=1"):
        with client.get(f"{path}?{asked}") as answer:
            assert answer.status_code == 200
            kept = answer.headers["Cache-Control"]
            assert kept == (FOREVER if asked == own else "no-cache")


def test_a_sheet_asks_for_pictures_by_their_hashes(app, address):
    sheet = app.test_client().get(address("looks.css")).text
    assert f"url('{address('drop.svg').rpartition('/')[2]}')" in sheet
    assert re.sub(r"\?v=\w+", "", sheet) == SHEET


def test_another_content_is_another_address(app, address, tmp_path):
    app.debug = True
    before = address("looks.css")
    (tmp_path / "drop.svg").write_text(DROP + " ")
    assert address("looks.css") != before


def test_a_text_is_compressed_for_whom_takes_it(app, address):
    client, told = app.test_client(), {}
    for takes in ("gzip", "br, gzip;q=0.5", "", "gzip;q=0", "br"):
        answer = client.get(address("looks.css"), headers={"Accept-Encoding": takes})
        told[takes] = answer
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.mimetype == "text/css"
    packed, plain = told["gzip"], told[""]
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 5
    assert packed.headers["ETag"] != plain.headers["ETag"]
    coded = [takes for takes, one in told.items() if "Content-Encoding" in one.headers]
    assert coded == ["gzip", "br, gzip;q=0.5"]


@pytest.mark.parametrize("takes", ["gzip", "identity"])
def test_what_a_browser_has_still_is_not_sent_again(app, address, takes):
    client, headers = app.test_client(), {"Accept-Encoding": takes}
    tag = client.get(address("looks.css"), headers=headers).headers["ETag"]
    again = client.get(address("looks.css"), headers=headers | {"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Cache-Control"] == FOREVER


def test_what_any_cache_may_keep_carries_no_cookie(app, address):
    """E14: a host may refresh its session's cookie with each answer."""

    @app.before_request
    def visit():
        session.permanent = True

    client = app.test_client()
    assert "Set-Cookie" in client.get("/nowhere").headers
    for name in ("looks.css", "dot.png"):
        with client.get(f"/below/s/{name}") as asked, client.get(address(name)) as kept:
            assert "Set-Cookie" in asked.headers
            assert "Set-Cookie" not in kept.headers


def test_what_is_not_there_is_not_found(app, address):
    for path in ("/below/s/gone.css", "/below/s/../test_assets.py", "/below/s/"):
        assert app.test_client().get(path).status_code == 404


def loads(shopper, path):
    """Load a page as a browser does, with all that it names; gives the bytes of each answer's body
    as they come over the wire."""
    pages, sizes = [path], {}
    for address in pages:
        answer = shopper.http.get(
            urljoin(shopper.shop.url, address),
            headers={"Accept-Encoding": "gzip"},
            stream=True,
            timeout=30,
        )
        sizes[address] = len(answer.raw.read(decode_content=False))
        if address != path:
            assert answer.headers["Cache-Control"] == FOREVER, address
            continue
        text = shopper.get(path).text
        found = re.findall(r'(?:src|href)="(/(?:assets|payment)/[^"#]+)', text)
        pages += dict.fromkeys(map(unescape, found))
    return sizes


def test_a_second_visit_loads_the_page_alone(served):
    """All else is kept, since it was asked for by its hash."""
    with Shopper(served) as shopper:
        sizes = loads(shopper, "/")
        assert len(sizes) > 9
        assert sum(sizes.values()) < 60_000
        shopper.adds()
        for path in ("/cart", "/checkout", "/nowhere"):
            loads(shopper, path)


def test_styles_and_scripts_are_small(served):
    """Sizes over the wire."""
    with Shopper(served) as shopper:
        shopper.adds()
        sizes = loads(shopper, "/checkout")
    sheets = [size for path, size in sizes.items() if ".css" in path]
    assert len(sheets) == 2
    assert max(sheets) < 10_000
    assert sum(size for path, size in sizes.items() if ".js" in path) < 3_000
