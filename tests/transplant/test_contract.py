"""F9: what payment/README.md says is so: its excerpts, and every table of it."""

import ast
import re
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from textwrap import indent

import pytest
from hosts import FOLDERS, HERE, ROOT
from jinja2 import Environment
from jinja2.meta import find_undeclared_variables
from test_omissions import Host

import payment
from payment.host import _PAYMENT_PAGES
from payment.layout import BLOCKS
from payment.operations import commands
from payment.orders.models import Base
from payment.settings import DEFAULTS
from payment.signals import NAMED
from payment.visitor import KEY

README = (ROOT / "payment" / "README.md").read_text()
FLASKS = {"SECRET_KEY", "SERVER_NAME", "PREFERRED_URL_SCHEME"}
STYLES = re.sub(
    r"/\*.*?\*/", "", (ROOT / "payment/static/payment.css").read_text(), flags=re.S
)
# Classes by which tests and scripts of a host find a page.
HOOKS = {"checkout"}


def sources(*suffixes):
    return [
        path
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in suffixes
    ]


def section(title):
    """Give the text under a heading."""
    return re.search(rf"^## {title}.*?\n(.*?)(?=^## |\Z)", README, re.M | re.S)[1]


def rows(title):
    """Give the rows of a section's tables, as cells."""
    lines = [line for line in section(title).splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def named(title, pattern=r"[\w-]+"):
    """Give the names in the first column of a section's tables."""
    found = [re.findall(rf"`({pattern})", cells[0]) for cells in rows(title)]
    assert all(found)
    return [name for names in found for name in names]


def excerpts(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


@pytest.mark.parametrize(
    ("language", "least", "where"),
    [
        ("python", 4, ("bare/shop.py", "own_tables/bookshop.py")),
        ("html", 2, ("bare/templates/layout.html", "bare/templates/shelf.html")),
    ],
)
def test_what_readme_shows_is_what_was_tried(language, least, where):
    tried = "\n".join((HERE / name).read_text() for name in where)
    tried = re.sub("\n\n\n", "\n\n", tried)
    shown = excerpts(language)
    assert len(shown) >= least
    for one in shown:
        plain = re.sub("\n\n\n", "\n\n", one)
        assert plain in tried or indent(plain, "    ") in tried, one


def test_the_lines_that_the_docstring_shows_are_in_the_bare_shop():
    shop = (HERE / "bare" / "shop.py").read_text()
    shown = [line for line in payment.__doc__.splitlines() if line.startswith("    ")]
    assert len(shown) == 6
    for line in shown:
        assert f"\n{line.strip()}\n" in shop


def test_every_setting_is_told_with_its_default():
    said = {cells[0].strip("`"): cells[1].strip("`") for cells in rows("Settings")}
    assert set(said) == set(DEFAULTS) | FLASKS
    for key, default in DEFAULTS.items():
        words = {"required", "none"} if default is None else {str(default)}
        words = {"on"} if default is True else words
        words = {"Talisman's"} if isinstance(default, dict) else words
        assert said[key] in words, key


def test_what_is_said_to_be_required_is(tmp_path):
    required = [
        cells[0].strip("`") for cells in rows("Settings") if "required" in cells
    ]
    for key in required:
        with pytest.raises(payment.SettingError, match=f"{key} "):
            Host(tmp_path).starts(**{key: None})
    assert len(required) == 4


def test_talismans_default_policy_is_payment_s():
    from flask_talisman.talisman import DEFAULT_CSP_POLICY

    assert DEFAULTS["PAYMENT_PAGE_POLICY"] == DEFAULT_CSP_POLICY


def test_every_address_is_told(tmp_path):
    app = Host(tmp_path).starts()
    there = {
        (
            re.sub(r"<(\w+:)?(order_)?(\w+)>", r"<\3>", rule.rule).replace(
                "filename", "file"
            ),
            ", ".join(sorted(rule.methods - {"HEAD", "OPTIONS"})),
            rule.endpoint,
        )
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
    }
    told = {tuple(cell.strip("`") for cell in cells[:3]) for cells in rows("Addresses")}
    assert told == there


def test_every_command_is_told():
    told = {cells[0].strip("`").split()[2] for cells in rows("Commands")}
    assert told == set(commands.payment.commands)
    for cells in rows("Commands"):
        assert cells[0].startswith("`flask payment ")


def test_every_signal_is_told():
    assert named("Signals", r"payment\.\w+") == [f"payment.{name}" for name in NAMED]


def test_every_member_of_a_cart_is_told():
    from payment.cart import Cart

    members = {name for name in vars(Cart) if name[0] != "_"}
    # What a cart may have besides, and a Protocol would demand.
    assert set(named("The cart")) == members | {
        "email",
        "sold_out_of",
        "take_out",
        "url",
    }


def test_every_table_and_the_session_s_key_are_told():
    told = set(re.findall(r"`(payment_\w+)`", section("The order book")))
    told -= {"payment_"}
    assert told == set(Base.metadata.tables) | {"payment_version"}
    assert f"One key, `{KEY}`" in section("The session")


def test_blocks_and_payment_pages_are_told():
    for block in BLOCKS:
        assert f"`{block}`" in section("Templates")
    for page in _PAYMENT_PAGES:
        assert f"`checkout.{page}`" in section("Content security policy")


def test_every_variable_of_the_styles_is_told_and_no_other():
    used = re.findall(r"var\((--payment-[\w-]+)", STYLES)
    assert sorted(named("Styles", r"--payment-[\w-]+")) == sorted(used)


def test_every_class_of_the_templates_is_styled():
    selectors = re.sub(r"\{[^}]*\}", "", STYLES)
    styled = set(re.findall(r"\.([a-zA-Z][\w-]*)", selectors))
    for path in sources(".html"):
        for classes in re.findall(r'class="([^"]*)"', path.read_text()):
            assert "{" not in classes, path
            assert set(classes.split()) <= styled | HOOKS, path


def test_the_styles_ask_for_nothing_of_a_host_but_its_variables():
    own = set(re.findall(r"^\s*(--p-[\w-]+):", STYLES, re.M))
    assert set(re.findall(r"var\((--p-[\w-]+)", STYLES)) == own
    for used in re.findall(r"var\((--payment-[^)]*)", STYLES):
        assert "," in used, f"{used} has no value of its own"


def imported(path):
    """Give what a file imports from outside its own package, by the first part of its name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.split(".")[0]


def outside():
    found = {name for path in sources(".py") for name in imported(path)}
    return found - sys.stdlib_module_names


def test_what_is_copied_imports_its_own_by_relative_names_only():
    """F7: so that it may lie anywhere, as `yourapp.payment` too."""
    ours = {path.stem for path in ROOT.iterdir()} | set(FOLDERS) | {"tests"}
    assert not outside() & ours


def needed_by(package, seen):
    """Add a package, and all that installing it brings along, to what was seen."""
    package = re.sub(r"[-_.]+", "-", package).lower()
    if package in seen:
        return
    seen.add(package)
    try:
        wanted = requires(package) or []
    except PackageNotFoundError:  # other systems and older Pythons need it
        return
    for one in wanted:
        if "extra ==" not in one:
            needed_by(re.match(r"[\w.-]+", one)[0], seen)


def test_the_packages_that_readme_names_bring_all_that_is_imported():
    line = re.search(r"^pip install (.*)$", README, re.M)[1]
    brought = set()
    for package in line.split():
        needed_by(package, brought)
    distributions = packages_distributions()
    for name in outside():
        packages = {one.lower().replace("_", "-") for one in distributions[name]}
        assert packages & brought, name


def test_templates_ask_nothing_of_the_host_but_its_layout():
    """Other templates of theirs are payment's own."""
    for path in sources(".html"):
        for name in re.findall(
            r"{%-? (?:extends|include|from) (\S+)", path.read_text()
        ):
            assert name in ("layout", "template") or name.startswith('"payment/'), path


def test_templates_use_no_name_that_is_not_given_to_them():
    """So that a host may be strict about undefined names, as jinja2.StrictUndefined is."""
    told = re.search(r"would show payment's: (.*?)\.\n", README, re.S)[1]
    given = {
        *re.findall(r"`(\w+)`", told),
        "request",
        "url_for",
        "shop_name",
        "reference",
    }
    for path in sources(".html"):
        given |= set(re.findall(r"{% macro (\w+)", path.read_text()))
        given |= set(re.findall(r"{% set (\w+) %}", path.read_text()))
    for path in sources(".html"):
        tree = Environment().parse(path.read_text())
        assert find_undeclared_variables(tree) <= given, path


def test_no_word_is_said_of_what_is_only_scaffolding():
    for path in sources(".py", ".html", ".css", ".js", ".md"):
        assert "sandbox" not in path.read_text().lower(), path


def test_links_of_the_readme_lead_somewhere():
    headings = {
        re.sub(r"[^a-z -]", "", one.lower()).replace(" ", "-")
        for one in re.findall(r"^#+ (.*)$", README, re.M)
    }
    for target in re.findall(r"\]\(([^)]+)\)", README):
        known = (
            target[1:] in headings
            if target[0] == "#"
            else (Path(ROOT / "payment") / target).exists()
        )
        assert known, target
