"""What a fresh machine relies on: the lock, the scripts, and what README says of them."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_lock_names_no_index():
    """E16: whichever index a machine is set up with serves."""
    assert json.loads((ROOT / "Pipfile.lock").read_text())["_meta"]["sources"] == []
    assert "[[source]]" not in (ROOT / "Pipfile").read_text()


def test_every_locked_package_has_hashes():
    """E16: locked with hashes."""
    lock = json.loads((ROOT / "Pipfile.lock").read_text())
    for section in ("default", "develop"):
        for name, package in lock[section].items():
            assert package["hashes"], name


def test_no_python_from_3_11_on_is_shut_out():
    assert "python_version" not in (ROOT / "Pipfile").read_text()
    assert "python_full_version" not in (ROOT / "Pipfile").read_text()


def test_readme_holds_the_two_commands_and_the_scripts_they_run():
    readme, pipfile = (ROOT / "README.md").read_text(), (ROOT / "Pipfile").read_text()
    assert "pip install pipenv && pipenv sync && pipenv run start" in readme
    assert "pip install pipenv && pipenv sync --dev && pipenv run test" in readme
    assert 'test = "python -m pytest' in pipfile


def test_the_tutorial_s_commands_are_in_the_readme():
    readme = (ROOT / "README.md").read_text()
    for command in (
        "pipenv install",
        "cp env.example .env",
        "pipenv run flask run",
        "pipenv install --dev",
        "pipenv run python -m pytest --disable-pytest-warnings",
        "pipenv run black --exclude venv .",
    ):
        assert command in readme


def test_what_readme_links_to_is_there():
    for target in re.findall(
        r"\]\((?!http|#)([^)]+)\)", (ROOT / "README.md").read_text()
    ):
        assert (ROOT / target).exists(), target


def test_every_setting_that_readme_names_exists():
    source = (ROOT / "config.py").read_text()
    for key in re.findall(r"`([A-Z]+_[A-Z_]+)`", (ROOT / "README.md").read_text()):
        assert f'"{key}"' in source, key
