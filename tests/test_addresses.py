"""Addresses that are built once are those that Flask would build."""

import pytest
from flask import Blueprint, Flask, render_template_string

import addresses


@pytest.fixture
def app(monkeypatch):
    """Give an app that counts how many addresses it builds."""
    app = Flask("shop", static_folder=None)
    built, build = [], app.url_for
    monkeypatch.setattr(
        app, "url_for", lambda *said, **more: built.append(said) or build(*said, **more)
    )
    addresses.init_app(app)
    app.built = built
    asked = "{{ url_for('.home') }} {{ url_for('.file', filename='a.css') }} "
    asked += (
        "{{ url_for('.order', number=number) }} {{ url_for('.home', _anchor='a') }}"
    )
    for name in ("one", "two"):
        part = Blueprint(name, __name__, url_prefix=f"/{name}")
        part.add_url_rule("/", "home", lambda: render_template_string(asked, number=7))
        part.add_url_rule("/<filename>.file", "file")
        part.add_url_rule("/<int:number>", "order")
        app.register_blueprint(part)
    return app


@pytest.mark.parametrize("root", ["", "/below"])
@pytest.mark.parametrize("name", ["one", "two"])
def test_each_page_has_its_own_addresses(app, name, root):
    """Below another prefix, and of another blueprint, they are others."""
    client, own = app.test_client(), f"{root}/{name}"
    for other in ("/one/", "/two/"):
        client.get(other)
    page = client.get(f"/{name}/", environ_overrides={"SCRIPT_NAME": root}).text
    assert page == f"{own}/ {own}/a.css.file {own}/7 {own}/#a"


def test_only_what_has_an_id_is_built_again(app):
    client = app.test_client()
    client.get("/one/")
    assert len(app.built) == 4
    client.get("/one/")
    assert len(app.built) == 6


def test_while_somebody_works_on_the_files_all_are_built_again(monkeypatch):
    app = Flask("shop", static_folder=None)
    app.debug = True
    addresses.init_app(app)
    assert app.jinja_env.globals["url_for"] == app.url_for
