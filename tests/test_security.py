"""SECURITY.md keeps its word: tests, commands, settings and scripts exist, and licences hold."""

import ast
import json
import re
from pathlib import Path

import pytest
from licences import licence

import config
from payment.operations import commands

ROOT = Path(__file__).parent.parent
WORDS = (ROOT / "SECURITY.md").read_text()


def section(title):
    """Give one part of SECURITY.md."""
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", WORDS, re.M | re.S)[1]


def test_every_test_that_is_named_exists():
    named = re.findall(r"`(tests/\w+\.py)::(\w+)`", section("OWASP ASVS.*?"))
    assert len(named) > 35
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text())
        assert name in {one.name for one in tree.body if hasattr(one, "name")}, name


def test_every_item_is_named_once_and_has_its_test():
    rows = re.findall(r"^\| (\d+\.\d+\.\d+) \|.*`tests/.*` \|$", WORDS, re.M)
    assert len(rows) == len(set(rows))
    assert rows == sorted(rows, key=lambda item: [int(n) for n in item.split(".")])
    assert len(rows) == len(re.findall(r"^\| \d", WORDS, re.M))


def test_every_command_and_option_that_is_named_exists():
    named = re.findall(r"`flask payment (\w+)([^`]*)`", WORDS)
    assert {name for name, _ in named} >= {"list", "show", "sync", "refund", "clear"}
    for name, more in named:
        command = commands.payment.commands[name]
        options = {option for one in command.params for option in one.opts}
        assert set(re.findall(r"--[\w-]+", more)) <= options


def test_every_setting_that_is_named_exists():
    for key in re.findall(r"`([A-Z]+_[A-Z_]+)[`=]", WORDS):
        assert hasattr(config.Config, key), key


def test_the_scripts_of_the_payment_page_are_those_of_the_list():
    """E24: another test finds the same ones in the page."""
    listed = re.findall(r"^  \| `(\S+)` \|", section("PCI DSS.*?"), re.M)
    assert listed == [config.Config.OMISE_JS_URL, "/payment/payment.js"]


@pytest.mark.parametrize(
    "package", json.loads((ROOT / "Pipfile.lock").read_text())["default"]
)
def test_every_licence_is_the_package_s_own(package):
    rows = dict(re.findall(r"^\| (\S+) \| (\S+) \|$", section("What is inst.*?"), re.M))
    assert rows[package] == licence(package)


def test_no_package_is_listed_that_is_not_installed():
    rows = re.findall(r"^\| (\S+) \| \S+ \|$", section("What is inst.*?"), re.M)
    locked = json.loads((ROOT / "Pipfile.lock").read_text())["default"]
    assert sorted(set(rows) - {"package"}) == sorted(locked)
