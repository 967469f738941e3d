"""The walls of the house: who may import whom, and how large a room may grow."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("store", "payment", "webhook", "sandbox")


def imports(path):
    """List the modules that a file imports, by their full names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {node.module} | {
                f"{node.module}.{alias.name}" for alias in node.names
            }
    return found


def files(room):
    return sorted((ROOT / room).rglob("*.py"))


def roots(room):
    return {name.split(".")[0] for path in files(room) for name in imports(path)}


@pytest.mark.parametrize(
    ("room", "never"),
    [
        (
            "store",
            {"payment", "webhook", "sandbox", "app", "config", "database", "omise"},
        ),
        ("payment", {"store", "webhook", "sandbox", "app", "config"}),
        ("webhook", {"store", "sandbox", "app", "config", "omise", "sqlalchemy"}),
        (
            "sandbox",
            {"store", "payment", "webhook", "app", "config", "database", "omise"},
        ),
    ],
)
def test_walls(room, never):
    assert not roots(room) & never


def test_the_sdk_is_imported_in_one_place():
    assert [path.name for path in files("payment") if "omise" in imports(path)] == [
        "gateway.py"
    ]


def test_nothing_but_the_app_imports_the_webhook_and_the_sandbox():
    everything = [path for room in ROOMS for path in files(room)]
    everything += [ROOT / "config.py", ROOT / "database.py"]
    for path in everything:
        outside = {name.split(".")[0] for name in imports(path)} & {
            "webhook",
            "sandbox",
        }
        assert outside <= {path.parent.name}, path


@pytest.mark.parametrize("room", ["store", "payment", "webhook"])
def test_the_product_does_not_know_of_the_sandbox(room):
    for path in (ROOT / room).rglob("*"):
        if path.suffix in {".py", ".html", ".js", ".css"}:
            assert "sandbox" not in path.read_text().lower(), path


@pytest.mark.parametrize("room", ROOMS)
def test_no_file_is_too_long_to_read(room):
    for path in files(room):
        assert len(path.read_text().splitlines()) <= 250, path


@pytest.mark.parametrize("room", ROOMS)
def test_everything_public_says_what_it_is_for(room):
    for path in files(room):
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), path
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_":
                inner = node not in tree.body and not isinstance(node, ast.ClassDef)
                assert inner or ast.get_docstring(node), f"{path}: {node.name}"


@pytest.mark.parametrize("room", ["store", "payment", "webhook"])
def test_no_view_or_function_is_longer_than_a_screen(room):
    for path in files(room):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 45, f"{path}: {node.name}"


def test_no_float_touches_money():
    """A12: whole numbers of the smallest unit everywhere."""
    for path in [*files("store"), *files("payment"), *files("webhook")]:
        for node in ast.walk(ast.parse(path.read_text())):
            is_float = isinstance(node, ast.Constant) and isinstance(node.value, float)
            calls = isinstance(node, ast.Name) and node.id == "float"
            allowed = path.name == "sweep.py" and is_float
            assert allowed or not (is_float or calls), path


@pytest.mark.parametrize("room", ROOMS)
def test_templates_hold_no_inline_script_or_style(room):
    for path in (ROOT / room).rglob("*.html"):
        html = path.read_text()
        assert not re.search(r"<script(?![^>]*\ssrc=)", html), path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html), path
