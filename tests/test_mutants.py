"""The list of guards that can be taken away is kept, and taking one away shows what holds it."""

import re
from pathlib import Path

import mutants
import pytest
from click.testing import CliRunner

TESTS = mutants.ROOT / "tests"
GUARD = "def pay(amount):\n    if amount < 0:\n        raise ValueError\n    return amount\n"
LISTED = """
[[mutant]]
name = "{name}"
file = "payment.py"
old = "    if amount < 0:\\n"
new = "    if False:\\n"
tests = ["test_sharp.py"]
"""
SHARP = """
import pytest
from payment import pay

def test_pay():
    with pytest.raises(ValueError):
        pay(-1)
"""
BLIND = """
from payment import pay

def test_pay():
    assert pay(1) == 1
"""
NO_GUARD = "    if False:\n"
OLD = "    if amount < 0:\n"


def test_every_guard_stands_where_the_list_says():
    """Each of the lines once, and taking them away changes what the file does."""
    for one in mutants.read():
        one.applied((mutants.ROOT / one.file).read_text(encoding="utf-8"))


def test_every_guard_has_a_name_and_tests_of_its_own():
    listed = mutants.read()
    names = [one.name for one in listed]
    assert sorted(set(names)) == sorted(names)
    assert len(names) >= 80
    for test in {test for one in listed for test in one.tests}:
        file, _, name = test.partition("::")
        text = Path(TESTS, file).read_text(encoding="utf-8")
        assert not name or re.search(rf"^def {name}\(", text, re.MULTILINE), test


def test_guards_of_all_that_protects_the_shop_are_tried():
    tried = {one.file.split("/")[0] for one in mutants.read()}
    assert {"payment", "webhook", "store", "security.py", "logs.py"} <= tried


@pytest.fixture
def tree(tmp_path):
    """Give a small project with one guard, a test that looks at it and one that does not."""
    home = tmp_path / "project"
    (home / "tests").mkdir(parents=True)
    (home / "payment.py").write_text(GUARD)
    (home / "pyproject.toml").write_text("[tool.pytest.ini_options]\npythonpath='.'\n")
    for name, tested in (("sharp", SHARP), ("blind", BLIND)):
        (home / "tests" / f"test_{name}.py").write_text(tested)
    return home


def mutant(name, tests="sharp", old=OLD, new=NO_GUARD, survives=""):
    """Make a mutant of the small project."""
    listed = (f"test_{tests}.py",)
    return mutants.Mutant(name, "payment.py", old, new, listed, survives)


def test_what_comes_of_guards_that_are_taken_away(tree, tmp_path):
    listed = [
        mutant("held"),
        mutant("loose", "blind"),
        mutant("hopeless", "blind", survives="nobody can notice"),
        mutant("better", survives="nobody can notice"),
        mutant("gone", old="    if amount > 0:\n"),
        mutant("crooked", new="    if (\n"),
        mutant("idle", new="    if amount < 0:  # as before\n"),
        mutant("untested", "nothing"),
    ]
    said = []
    copy = mutants.Copy(tree, tmp_path / "copy")
    ends = mutants.hunt(listed, [copy], said.append)
    told = dict(zip([one.name for one in listed], said, strict=True))
    assert told["held"].startswith("killed  ")
    assert told["held"].endswith(": test_sharp.py::test_pay")
    assert told["loose"].startswith("SURVIVED  ")
    assert told["hopeless"].endswith("(payment.py): nobody can notice")
    assert told["better"].startswith("killed after all  ")
    assert "stand 0 times" in told["gone"]
    assert "was never closed" in told["crooked"]
    assert "it changes nothing" in told["idle"]
    assert "its tests cannot be run" in told["untested"]
    assert ends == {
        "killed": 1,
        "SURVIVED": 1,
        "survives": 1,
        "killed after all": 1,
        "WRONG": 4,
    }
    assert (tree / "payment.py").read_text() == GUARD
    assert (copy.home / "payment.py").read_text() == GUARD


@pytest.mark.parametrize(
    ("ends", "green", "code"),
    [
        (["killed", "survives"], True, 0),
        (["killed", "SURVIVED"], True, 1),
        (["killed", "killed after all"], True, 1),
        (["SURVIVED", "WRONG"], True, 2),
        (["killed"], False, 2),
    ],
)
def test_the_code_tells_how_it_ended(tree, monkeypatch, ends, green, code):
    """Where tests are red without any mutant, none is tried: it would be called killed."""
    file = tree / "mutants.toml"
    file.write_text("".join(LISTED.format(name=end) for end in ends))
    read = mutants.read
    monkeypatch.setattr(mutants, "ROOT", tree)
    monkeypatch.setattr(mutants, "read", lambda: read(file))
    monkeypatch.setattr(mutants, "end_well", lambda: None)
    monkeypatch.setattr(mutants.Copy, "test", lambda *_: (int(not green), "as it is"))
    monkeypatch.setattr(mutants.Copy, "judge", lambda _, one: (one.name, "a reason"))
    ran = CliRunner().invoke(mutants.main)
    assert ran.exit_code == code, ran.output
    assert ("They are not green" in ran.output) is not green
    assert ran.output.count("a reason") == (len(ends) if green else 0)


def test_mutants_are_chosen_by_a_word():
    listed = [mutant("refund"), mutant("capture")]
    assert mutants.chosen(listed, ()) == (listed, [])
    assert mutants.chosen(listed, ("refu", "nothing")) == (listed[:1], [])
    assert mutants.chosen(listed, ("payment",)) == (listed, [])
    nothing = CliRunner().invoke(mutants.main, ["--only", "there is no such thing"])
    assert nothing.exit_code == 2
    assert "no such mutant" in nothing.output


def test_a_mutant_whose_tests_meet_nothing_here_is_told_and_not_tried(monkeypatch):
    monkeypatch.delenv("SOMETHING", raising=False)
    one = mutants.Mutant("a", "b.py", "c", "d", ("e.py",), needs="SOMETHING")
    assert mutants.chosen([one], ()) == ([], [one])
    monkeypatch.setenv("SOMETHING", "there")
    assert mutants.chosen([one], ()) == ([one], [])
