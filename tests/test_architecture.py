"""The walls of the house: who may import whom, and what every file must say of itself."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("store", "payment", "webhook", "sandbox")
PRODUCT = ("store", "payment", "webhook")
# What joins the rooms, and what is beside them.
FRONT = (
    "app.py",
    "addresses.py",
    "packing.py",
    "config.py",
    "security.py",
    "reports.py",
    "logs.py",
    "gunicorn.conf.py",
)
HOST = {"app", "addresses", "config", "packing", "security", "reports", "logs"}

in_rooms = pytest.mark.parametrize("room", ROOMS)
in_product = pytest.mark.parametrize("room", PRODUCT)


def files(room, kind="*.py"):
    return sorted((ROOT / room).rglob(kind))


def name_of(path, root=ROOT):
    """Give a file's name as a module; a package's is that of its __init__.py."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports(path, root=ROOT):
    """List what a file imports, in functions too: level, module in full, and name in it."""
    package = name_of(path, root).split(".")
    if path.name != "__init__.py":
        package.pop()
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(0, alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            found += [(node.level, module, alias.name) for alias in node.names]
    return found


def roots(path):
    """Name the top packages that a file imports from, its own included."""
    return {module.split(".")[0] for _, module, _ in imports(path)}


def named_in_full(path):
    """Name the top packages that a file imports from without a dot before them."""
    return {module.split(".")[0] for level, module, _ in imports(path) if not level}


def graph(folder, root=ROOT):
    """Map every module of a folder to those of the folder that it imports."""
    paths = {name_of(path, root): path for path in sorted(folder.rglob("*.py"))}
    found = {}
    for module, path in paths.items():
        wanted = {
            f"{base}.{name}" if f"{base}.{name}" in paths else base
            for _, base, name in imports(path, root)
        }
        found[module] = wanted & paths.keys()
    return found


def circle(graph):
    """Find modules that import each other in a circle; none: an empty list."""
    done = set()

    def follow(module, way):
        if module in way:
            return way[way.index(module) :]
        for other in () if module in done else sorted(graph[module]):
            found = follow(other, [*way, module])
            if found:
                return found
        done.add(module)
        return []

    return next(filter(None, (follow(module, []) for module in sorted(graph))), [])


@pytest.mark.parametrize(
    ("room", "never"),
    [
        ("store", {"payment", "webhook", "sandbox", "omise", "sqlalchemy"} | HOST),
        ("payment", {"store", "webhook", "sandbox"} | HOST),
        (
            "webhook",
            {"store", "payment", "sandbox", "omise", "sqlalchemy"} | HOST,
        ),
        ("sandbox", {"store", "payment", "webhook", "omise"} | HOST),
    ],
)
def test_walls(room, never):
    for path in files(room):
        assert not roots(path) & never, path


@pytest.mark.parametrize("room", ["payment", "webhook"])
def test_what_is_copied_names_itself_by_dots_alone(room):
    """F7: it works as yourapp.payment too."""
    for path in files(room):
        assert room not in named_in_full(path), path


@pytest.mark.parametrize(
    "name",
    ["addresses.py", "packing.py", "config.py", "security.py", "reports.py", "logs.py"],
)
def test_settings_and_protection_know_of_no_room(name):
    assert not roots(ROOT / name) & {*ROOMS, "app"}


def test_only_the_app_has_read_both_the_store_and_payment():
    everything = [path for room in ROOMS for path in files(room)]
    everything += [ROOT / name for name in FRONT]
    both = [path.name for path in everything if {"store", "payment"} <= roots(path)]
    assert both == ["app.py"]


@pytest.mark.parametrize("room", ["webhook", "sandbox"])
def test_nothing_but_the_app_imports_the_webhook_and_the_sandbox(room):
    everything = [path for other in ROOMS if other != room for path in files(other)]
    everything += [ROOT / name for name in FRONT]
    assert [path.name for path in everything if room in roots(path)] == ["app.py"]


def test_the_sdk_is_imported_at_the_gateway_alone():
    everything = [path for room in ROOMS for path in files(room)]
    everything += [ROOT / name for name in FRONT]
    importing = [path for path in everything if "omise" in named_in_full(path)]
    assert {path.parent for path in importing} == {ROOT / "payment" / "gateway"}


def test_the_order_book_asks_omise_nothing():
    """No transaction is open across HTTP: it knows the shape of a charge, and no way to ask."""
    for path in files("payment/orders"):
        asked = {module for _, module, _ in imports(path) if ".gateway" in module}
        assert asked <= {"payment.gateway.charge"}, path
        assert "requests" not in roots(path), path


@pytest.mark.parametrize(
    "name",
    [
        "webhook/signature.py",
        "payment/methods.py",
        "payment/reasons.py",
        "payment/policy.py",
        "payment/gateway/charge.py",
        "payment/gateway/errors.py",
    ],
)
def test_what_is_pure_needs_no_app(name):
    assert not named_in_full(ROOT / name) & {"flask", "sqlalchemy", "requests"}


@in_product
def test_the_product_does_not_know_of_the_sandbox(room):
    """For it the sandbox is nothing but other addresses and other keys."""
    told = {".py", ".html", ".js", ".css", ".md", ".txt", ".svg", ".mako", ".toml"}
    for path in files(room, "*"):
        if path.suffix in told:
            assert "sandbox" not in path.read_text().lower(), path


def by_wing(imported):
    """Fold a graph of modules into one of a room's wings and of what lies beside them."""

    def wing(name):
        return ".".join(name.split(".")[:2])

    folded = {wing(name): set() for name in imported}
    for name, others in imported.items():
        folded[wing(name)] |= {wing(other) for other in others} - {wing(name)}
    return folded


@in_rooms
def test_no_imports_go_in_a_circle(room):
    assert circle(graph(ROOT / room)) == []


def test_no_wings_of_the_sandbox_go_in_a_circle():
    assert circle(by_wing(graph(ROOT / "sandbox"))) == []


def test_a_circle_of_wings_would_be_noticed():
    imported = {"room.a.one": {"room.b.one"}, "room.b.one": set()}
    imported |= {"room.b.two": {"room.a.two"}, "room.a.two": set()}
    assert circle(imported) == []
    assert circle(by_wing(imported)) == ["room.a", "room.b"]


@pytest.mark.parametrize(("wing", "may"), [("rules", set()), ("draw", {"rules"})])
def test_what_is_pure_reads_no_books_no_clock_and_no_request(wing, may):
    imported = by_wing(graph(ROOT / "sandbox"))[f"sandbox.{wing}"]
    assert imported <= {f"sandbox.{other}" for other in may}
    never = {"flask", "requests", "sqlite3", "time"}
    for path in files(f"sandbox/{wing}"):
        assert not roots(path) & never, path


# Files of a package, and the circle that their imports go in.
CIRCLES = {
    "two": ({"a": "from . import b", "b": "from .a import word"}, ["a", "b"]),
    "in a function": (
        {"a": "from .b import c", "b": "def late():\n    from . import a"},
        ["a", "b"],
    ),
    "through a wing": (
        {
            "a": "from .wing import b",
            "wing/b": "import house.c",
            "c": "from . import a",
        },
        ["a", "wing.b", "c"],
    ),
    "with the package": (
        {"__init__": "from .a import word", "a": "from . import word"},
        ["", "a"],
    ),
    "itself": ({"a": "from .a import word"}, ["a"]),
    "none": ({"a": "from . import b, c", "b": "from . import c", "c": ""}, []),
    "elsewhere": ({"a": "from .b import a", "b": "import a, flask.a"}, []),
}


@pytest.mark.parametrize(("written", "expected"), CIRCLES.values(), ids=CIRCLES)
def test_a_circle_would_be_noticed(tmp_path, written, expected):
    for name, text in written.items():
        path = tmp_path / "house" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = circle(graph(tmp_path / "house", tmp_path))
    assert found == [f"house.{name}".rstrip(".") for name in expected]


@pytest.mark.parametrize(
    "line",
    [
        "import omise",
        "import omise.charge",
        "def late():\n    from omise import Charge",
    ],
)
def test_a_forbidden_import_would_be_noticed(tmp_path, line):
    path = tmp_path / "room.py"
    path.write_text(line)
    assert {module.split(".")[0] for _, module, _ in imports(path, tmp_path)} == {
        "omise"
    }


def test_how_large_each_room_is(capsys):
    """A number that a commit explains when it raises one; no rule."""
    lines = {
        room: sum(len(path.read_text().splitlines()) for path in files(room))
        for room in ROOMS
    }
    with capsys.disabled():
        print("\nlines:", ", ".join(f"{room} {n}" for room, n in lines.items()))
    assert all(lines.values())


@in_rooms
def test_everything_public_says_what_it_is_for(room):
    for path in files(room):
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), path
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_":
                inner = node not in tree.body and not isinstance(node, ast.ClassDef)
                assert inner or ast.get_docstring(node), f"{path}: {node.name}"


@pytest.mark.parametrize("room", [*PRODUCT, "sandbox"])
def test_no_view_or_function_is_longer_than_a_screen(room):
    for path in files(room):
        if path.parent.name == "versions":  # a step of the book's shape is a list
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno <= 40, f"{path}: {node.name}"


# Where seconds are counted, which may be parts of one.
SECONDS = {
    "account.py",
    "deadline.py",
    "entries.py",
    "http.py",
    "commands.py",
    "sweep.py",
    "transaction.py",
}


@in_product
def test_no_float_touches_money(room):
    """A12: whole numbers of the smallest unit everywhere."""
    for path in files(room):
        for node in ast.walk(ast.parse(path.read_text())):
            is_float = isinstance(node, ast.Constant) and isinstance(node.value, float)
            named = isinstance(node, ast.Name) and node.id == "float"
            assert path.name in SECONDS or not (is_float or named), path
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            assert not (called and node.func.id in ("float", "round")), path


@in_rooms
def test_templates_hold_no_inline_script_or_style(room):
    for path in files(room, "*.html"):
        html = path.read_text()
        assert not re.search(r"<script(?![^>]*\ssrc=)", html), path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html), path


# What tells the time of the machine that one happens to be on.
OWN_CLOCKS = re.compile(r"\b(datetime\.(now|utcnow|today)|time\.time|date\.today)\b")


def test_payments_go_by_the_clock_of_the_database():
    """A20, C9: a host that is ten minutes ahead concludes nothing else than the others."""
    for path in files("payment"):
        assert not OWN_CLOCKS.search(path.read_text()), path
    assert OWN_CLOCKS.search("now = datetime.now(UTC)")
