"""The walls of the house: who may import whom, no two in a circle; and how large its rooms are."""

import ast
import re
import sys
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


def modules(room):
    """Name every module of a room: {dotted name: path}."""
    dotted = {
        path: path.relative_to(ROOT).with_suffix("").parts for path in files(room)
    }
    return {
        ".".join(parts[:-1] if parts[-1] == "__init__" else parts): path
        for path, parts in dotted.items()
    }


def meant(name, path):
    """List what each import in a file may mean, inside functions too and relative ones resolved."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            up = node.level - (path.name == "__init__.py")
            base = name.rsplit(".", up)[0] if node.level and up else name
            base = [base] * bool(node.level) + [node.module] * bool(node.module)
            yield from (".".join([*base, alias.name]) for alias in node.names)


def graph(room):
    """Tell which modules of its own room each module imports."""
    known = modules(room)

    def found(dotted):
        # `from a.b import c` means the module a.b.c where there is one, else a name in a.b.
        return dotted if dotted in known else dotted.rpartition(".")[0]

    return {
        name: {found(each) for each in meant(name, path)} & known.keys()
        for name, path in known.items()
    }


def by_wing(imported):
    """Fold a graph of modules into one of a room's wings and of what lies beside them."""

    def wing(name):
        return ".".join(name.split(".")[:2])

    folded = {wing(name): set() for name in imported}
    for name, others in imported.items():
        folded[wing(name)] |= {wing(other) for other in others} - {wing(name)}
    return folded


def circles(imported):
    """Find every set of modules that import each other in a circle, one of itself included."""

    def reached(start):
        found, waiting = set(), [start]
        while waiting:
            fresh = imported[waiting.pop()] - found
            found |= fresh
            waiting += fresh
        return found

    reach = {name: reached(name) for name in imported}
    return {
        frozenset(other for other in reach[name] if name in reach[other])
        for name in reach
        if name in reach[name]
    }


@pytest.mark.parametrize("room", ["store", "webhook", "sandbox"])
def test_nobody_imports_in_a_circle(room):
    assert not circles(graph(room))
    assert not circles(by_wing(graph(room)))


def test_a_circle_would_be_found():
    imported = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a", "d"}, "e": set()}
    assert circles(imported) == {frozenset("bc"), frozenset("d")}


def test_imports_are_found_wherever_they_stand(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    (tmp_path / "room/wing").mkdir(parents=True)
    for name, text in {
        "__init__": "from .wing import one\n",
        "two": "def late():\n    import room.wing\n",
        "wing/__init__": "",
        "wing/one": "from . import six\nfrom .six import seven\nfrom .. import two, eight\n",
        "wing/six": "from ..two import late\nimport os\n",
    }.items():
        (tmp_path / f"room/{name}.py").write_text(text)
    assert graph("room") == {
        "room": {"room.wing.one"},
        "room.two": {"room.wing"},
        "room.wing": set(),
        "room.wing.one": {"room", "room.two", "room.wing.six"},
        "room.wing.six": {"room.two"},
    }


@pytest.mark.parametrize(("wing", "may"), [("rules", set()), ("draw", {"rules"})])
def test_what_is_pure_reads_no_books_no_clock_and_no_request(wing, may):
    own = f"sandbox.{wing}"
    imported = by_wing(graph("sandbox"))[own]
    assert imported <= {f"sandbox.{other}" for other in may}
    assert not roots(f"sandbox/{wing}") & {"flask", "requests", "sqlite3", "time"}


def test_how_large_the_rooms_are(capsys):
    """A number to look at, not a limit: a commit that raises one says why."""
    lines = {
        room: sum(len(path.read_text().splitlines()) for path in files(room))
        for room in ROOMS
    }
    with capsys.disabled():
        print("\nlines of Python:", lines)


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
