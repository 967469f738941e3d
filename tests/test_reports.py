"""Reports of browsers: taken in both forms, bounded, few of them logged, none believed."""

import json
import logging
from types import SimpleNamespace

import pytest
import requests
from flask import Flask
from flask_wtf.csrf import CSRFProtect

import reports
from payment import body

OLD = {
    "csp-report": {
        "document-uri": "https://shop.example/checkout?token=canary-query#canary-hash",
        "violated-directive": "script-src-elem",
        "blocked-uri": "https://user:canary-secret@evil.example/steal.js?card=canary-card",
        "script-sample": "canary-sample",
        "original-policy": "canary-policy",
    }
}
NEW = {
    "type": "csp-violation",
    "url": "https://shop.example/checkout",
    "user_agent": "canary-agent",
    "body": {
        "documentURL": "https://shop.example/checkout",
        "effectiveDirective": "script-src-elem",
        "blockedURL": "https://evil.example/steal.js",
    },
}
TOLD = (
    "policy report directive=script-src-elem blocked=https://evil.example/steal.js "
    "page=https://shop.example/checkout source=-"
)


@pytest.fixture
def app():
    """Give an app with nothing but the receiver."""
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "long"
    app.extensions["payment"] = SimpleNamespace(read_body=body.read)
    reports.init_app(app, CSRFProtect(app))
    return app


@pytest.fixture
def post(app):
    """Post a body as a browser does."""

    def send(said, kind="application/reports+json"):
        said = said if isinstance(said, bytes) else json.dumps(said).encode()
        return app.test_client().post(reports.ADDRESS, data=said, content_type=kind)

    return send


@pytest.mark.parametrize(
    ("said", "kind"),
    [(OLD, "application/csp-report"), ([NEW], "application/reports+json")],
    ids=["report-uri", "report-to"],
)
def test_a_report_is_told_in_one_line_without_what_is_private(post, caplog, said, kind):
    """E24: which rule stopped what, where; no query, no password, no sample."""
    assert post(said, kind).status_code == 204
    assert caplog.messages == [TOLD]
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\xff\x00",
        b"[" * 9000,
        b"null",
        b"7",
        b"[null, [], 7]",
        {"csp-report": 7},
        {"csp-report": {"blocked-uri": {"a": 1}}},
        {"csp-report": {"blocked-uri": "http://[::1", "document-uri": 7}},
    ],
)
def test_what_is_no_report_changes_nothing(post, said):
    assert post(said).status_code == 204


def test_a_report_forges_no_line_and_no_field(post, caplog):
    said = "https://evil.example/\r\nERROR forged line=yes\x1b[2J" + "x" * 900
    post({"csp-report": {"blocked-uri": said}})
    (line,) = caplog.messages
    assert "\n" not in line
    assert "\r" not in line
    assert len(line) < 300


def test_a_report_that_is_too_long_is_not_read(post):
    assert post(b"[" + b" " * reports.LARGEST_REPORT + b"]").status_code == 413


def test_a_flood_of_reports_fills_no_log(post, caplog):
    """E24: a few of each post, a few a minute; the rest is counted."""
    post([NEW] * 50)
    assert len(caplog.records) == reports.LOGGED_OF_ONE
    for _ in range(50):
        post([NEW])
    assert len(caplog.records) == reports.LOGGED_A_MINUTE


def test_a_new_minute_tells_how_many_were_dropped():
    now = [0]
    quota = reports.Quota(limit=2, clock=lambda: now[0])
    assert [quota.take() for _ in range(5)] == [(True, 0)] * 2 + [(False, 0)] * 3
    now[0] = 60
    assert quota.take() == (True, 3)
    assert quota.take() == (True, 0)


def test_the_shop_receives_reports_where_its_pages_send_them(served, caplog):
    headers = requests.get(f"{served.url}/", timeout=60).headers
    policy = headers["Content-Security-Policy"].split("; ")
    assert "report-uri /reports" in policy
    with caplog.at_level(logging.WARNING, "reports"):
        answer = requests.post(f"{served.url}/reports", json=OLD, timeout=60)
    assert answer.status_code == 204
    assert TOLD in caplog.messages
