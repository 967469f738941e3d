"""F9: what README and its neighbours say is so: excerpts, links, commands, settings, drawings."""

import importlib.util
import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

from payment.operations.commands import payment

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
TEXT = {name: (ROOT / name).read_text() for name in PAGES}
README = TEXT["README.md"]
# What a line in a terminal may begin with, besides what is looked up.
TOOLS = {"git", "cd", "cp", ".", "pip", "pipenv", "python3", "bash", "openssl"}
RUN_BY_PIPENV = {"flask", "python", "black", "ruff", "mypy"}


def fenced(text):
    """List the fenced blocks of a page: language, the line that stands before it, and body."""
    found = re.findall(r"([^\n]*)\n\n^```(\w*)\n(.*?)^```$", text, re.M | re.S)
    assert len(found) == text.count("\n```") / 2
    return [(language, before, body) for before, language, body in found]


def section(title, text=README):
    """Cut a section out of a page, with those below it."""
    level, rest = re.search(rf"^(#+) {title}\n(.*)\Z", text, re.M | re.S).groups()
    return re.split(rf"^#{{1,{len(level)}}} ", rest, flags=re.M)[0]


# Excerpts


EXCERPTS = [
    (before, body)
    for language, before, body in fenced(README)
    if language in ("python", "html")
]


def is_slice(body, source):
    """Tell whether a block is so many whole lines of a file, byte for byte."""
    return f"\n{body}" in f"\n{source}"


def test_there_are_excerpts_and_each_names_its_file():
    assert len(EXCERPTS) > 10
    for before, _ in EXCERPTS:
        assert re.fullmatch(r"From \[(\S+)\]\(\1\):", before), before


@pytest.mark.parametrize(
    ("before", "body"), EXCERPTS, ids=[before for before, _ in EXCERPTS]
)
def test_an_excerpt_is_a_slice_of_its_file(before, body):
    path = re.search(r"\((\S+)\)", before)[1]
    source = (ROOT / path).read_text()
    assert is_slice(body, source), f"{path} has no such lines:\n{body}"
    assert not is_slice(body.replace("(", "( ", 1), source)


# Links, and the tree


def slugs(text):
    """List the addresses of a page's headings."""
    headings = re.findall(
        r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.S), re.M
    )
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_picture_is_there(page):
    text = TEXT[page]
    targets = re.findall(r"\]\(((?!\w+:)[^)]+)\)", text)
    targets += re.findall(r'<img src="([^"]+)"', text)
    for target in targets:
        path, _, heading = target.partition("#")
        assert (ROOT / (path or page)).exists(), target
        if heading:
            assert heading in slugs((ROOT / (path or page)).read_text()), target


def test_the_tree_of_payment_is_the_real_one():
    listing = next(
        body for _, _, body in fenced(README) if body.startswith("payment\n")
    )
    shown, folders = set(), [ROOT / "payment"]
    for line in listing.splitlines()[1:]:
        indent, name = re.match(r"([│ ]*)[├└]── (\S+)", line).groups()
        folders[len(indent) // 4 + 1 :] = [folders[len(indent) // 4] / name]
        shown.add(folders[-1])
    real = {
        path
        for path in (ROOT / "payment").rglob("*")
        if "__pycache__" not in path.parts
    }
    assert {path for path in shown if path.is_file()} == {
        path for path in real if path.is_file()
    }


# Commands


def typed(text):
    """List what a page gives to type: the lines of its blocks, and what its prose names."""
    lines = [
        line
        for language, _, body in fenced(text)
        if not language
        for line in body.splitlines()
    ]
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    starts = r"`((?:[A-Z_]+=\S+ )*(?:pipenv|flask|python|bash|pip) [^`]+)`"
    return lines + [found.replace("\n", " ") for found in re.findall(starts, prose)]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_there(page):
    scripts = tomllib.loads((ROOT / "Pipfile").read_text())["scripts"]
    for line in typed(TEXT[page]):
        for command in line.split(" && "):
            words = command.split()
            while re.match(r"[A-Z_]+=", words[0]):
                words.pop(0)
            if words[:2] == ["pipenv", "run"]:
                words = words[2:]
                assert words[0] in RUN_BY_PIPENV | set(scripts), line
            assert words[0] in TOOLS | RUN_BY_PIPENV | set(scripts), line
            _look_up(words, line)


def _look_up(words, line):
    if words[:2] == ["flask", "payment"] and words[2:3] not in ([], ["..."]):
        _check_payment(words[2], words[3:], line)
    if words[0] in ("bash", "cp") or words[0] == "python" and words[1] != "-m":
        assert (ROOT / words[1]).is_file(), line
    if words[:2] in (["python", "-m"], ["python3", "-m"]):
        assert importlib.util.find_spec(words[2]), line


def _check_payment(name, arguments, line):
    assert name in payment.commands, line
    options = {
        option
        for parameter in payment.commands[name].params
        for option in parameter.opts
    }
    for one in arguments:
        assert not one.startswith("--") or one in options, line


def test_the_two_lines_work_where_the_system_manages_python():
    into = (
        "python3 -m venv .venv && . .venv/bin/activate && pip install pipenv && pipenv"
    )
    assert f"\n{into} sync && pipenv run start\n" in README
    assert f"\n{into} sync --dev && pipenv run test\n" in README


def test_the_commands_of_the_tutorial_stand_in_its_order():
    commands = (
        "git clone https://github.com/omise/omise-flask-example",
        "pipenv install",
        "cp env.example .env",
        "pipenv run flask run",
        "pipenv install --dev",
        "pipenv run python -m pytest --disable-pytest-warnings",
        "pipenv run black --exclude venv .",
    )
    lines = [line for language, _, body in fenced(README) for line in body.splitlines()]
    places = [lines.index(command) for command in commands]
    assert places == sorted(places)


def test_the_operator_s_table_has_every_command():
    rows = re.findall(
        r"^\| `flask payment (\w+)([^`]*)` \|(.*)\|$",
        section("Look after orders"),
        re.M,
    )
    assert sorted(name for name, _, _ in rows) == sorted(payment.commands)
    for name, arguments, told in rows:
        parameters = payment.commands[name].params
        asked = [one for one in parameters if one.param_type_name == "argument"]
        said = re.sub(r"--\w+ [A-Z]+", "", arguments)
        assert len(re.findall("[A-Z]+", said)) == len(asked), name
        options = {option for one in parameters for option in one.opts}
        assert set(re.findall(r"--[\w-]+", arguments + told)) <= options, name


# Settings


def test_every_setting_is_told():
    told = set(re.findall(r"[A-Z]+(?:_[A-Z]+)+", section("Configuration")))
    source = (ROOT / "config.py").read_text()
    read = set(re.findall(r'os\.environ\.get\(\s*"(\w+)"', source))
    template = (ROOT / "env.example").read_text()
    written = set(re.findall(r"^(?:# )?export (\w+)=", template, re.M))
    assert len(read) > 15
    assert told >= read | written
    assert told == read


# One payment


def test_who_follows_a_payment_finds_each_function_where_it_is_said_to_be():
    items = re.split(r"^\d+\. |^Beside", section("Follow one payment"), flags=re.M)[1:]
    assert len(items) > 10
    for item in items:
        paths = [ROOT / path for path in re.findall(r"\]\(([^)]+)\)", item)]
        sources = "".join(path.read_text() for path in paths)
        for name in re.findall(r"`(\w+)\(\)`", item):
            assert re.search(rf"\b{name}\(", sources), f"{name}: {item}"


# Drawings


@pytest.fixture(scope="module")
def drawings():
    spec = importlib.util.spec_from_file_location(
        "drawings", ROOT / "docs" / "drawings.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["payment.svg", "attempt.svg"])
def test_a_drawing_is_what_its_script_prints(drawings, name):
    drawn = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert drawn == drawings.DRAWINGS[name](), "run: python docs/drawings.py"
    assert ElementTree.fromstring(drawn).get("viewBox").startswith("0 0 360 ")
    assert "prefers-color-scheme: dark" in drawn


def test_the_states_are_drawn_as_the_order_book_has_them_or_not_at_all(
    drawings, monkeypatch
):
    moves = {name: set(ends) for name, ends in drawings.MAY_BECOME.items()}
    moves["successful"].add("failed")
    monkeypatch.setattr(drawings, "MAY_BECOME", moves)
    with pytest.raises(ValueError, match="draw it anew"):
        drawings.states()
