"""Prove the judge: break the shop on purpose, and see whether a chaos run turns red.

    pipenv run python tests/proving.py [NAME ...]

Each way of breaking it is tried alone, in a copy of the tree, with a run of its own. Prints what
each run found first; exits 1 when one found nothing.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
os.environ["PYTHON_DOTENV_DISABLED"] = "1"

import click  # noqa: E402
from progress import end_well  # noqa: E402
from rig import empty_database  # noqa: E402  what it brings in reads the environment

# Nothing takes longer, however busy the machine is.
LONGEST = 1800


@dataclass(frozen=True)
class Broken:
    """Say what is broken: text of one file that is replaced; `more` are options of the run."""

    file: str
    text: str
    by: str
    more: tuple = ()


BROKEN = {
    "a paid order may be charged again": Broken(
        "payment/orders/ledger.py",
        "    if standing or order.paid_at:",
        "    if standing:",
    ),
    "whether it is sure is ignored": Broken(
        "payment/gateway/errors.py",
        "        self.money_may_have_moved = money_may_have_moved",
        "        self.money_may_have_moved = False",
    ),
    "any error of TLS is nothing sent": Broken(
        "payment/gateway/http.py",
        "    if foreign:",
        "    if isinstance(reason, SSLError):",
        ("--tls",),
    ),
    "the limit of pages counts as sure": Broken(
        "payment/operations/reconcile.py",
        "        if page.total is not None and offset >= page.total:",
        "        if True:",
    ),
    "the basket is not emptied": Broken(
        "payment/checkout.py",
        "    if not spoken_for or not mine or visitor.has_put_away(order.id):",
        "    if True:",
    ),
    "what a refund's read says is believed": Broken(
        "payment/operations/refunds.py",
        "        with suppress(GatewayError):  # then it stays `sent` until a sweep can ask\n"
        "            reconcile(refund, by)\n",
        "        try:\n"
        "            reconcile(refund, by)\n"
        "        except GatewayError:\n"
        '            return _note_outcome(refund.id, "failed", by)\n',
    ),
    "the mark of a signal is ignored": Broken(
        "payment/orders/entries.py",
        "Entry.signal.is_not(None), Entry.told_at.is_(None)",
        "Entry.signal.is_not(None), Entry.told_at.is_(None), Entry.id < 0",
    ),
    "the window is too narrow": Broken(
        "payment/operations/reconcile.py",
        "SKEW = timedelta(minutes=20)",
        "SKEW = timedelta(seconds=20)",
    ),
    "the host's clock is asked": Broken(
        "payment/orders/queries.py",
        "    return session.scalar(select(utcnow()))",
        "    return datetime.utcnow()",
        ("--skew", "660"),
    ),
}


def try_one(name, broken, orders, kills):
    """Let a chaos run look at a broken copy; gives what it found first, or None."""
    with tempfile.TemporaryDirectory(prefix="broken-") as place:
        folder = Path(place)
        copy(folder)
        file = folder / broken.file
        was = file.read_text()
        if was.count(broken.text) != 1:
            raise click.ClickException(f"{name}: {broken.file} reads otherwise by now.")
        file.write_text(was.replace(broken.text, broken.by))
        size = ("--orders", str(orders), "--kills", str(kills))
        options = [*size, *broken.more]
        if "--skew" in options:
            options += ["--database", empty_database(folder)]
        said = subprocess.run(
            [sys.executable, "tests/chaos.py", *options],
            cwd=folder,
            env=os.environ | {"TMPDIR": place},
            capture_output=True,
            text=True,
            timeout=LONGEST,
        )
        found = [one for one in said.stdout.splitlines() if "VIOLATION" in one]
        if "violations" not in said.stdout:
            raise click.ClickException(f"{name}: the run itself broke: {said.stderr}")
        return found[0] if found and said.returncode else None


def copy(folder):
    """Copy what git knows of, as it stands in the tree."""
    known = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, known.stdout.split("\0")):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)


@click.command()
@click.argument("names", nargs=-1)
@click.option("--orders", type=click.IntRange(1), default=150, show_default=True)
@click.option("--kills", type=click.IntRange(0), default=15, show_default=True)
def main(names, orders, kills):
    """Break the shop in each of the known ways, or in those whose NAMES hold these words."""
    end_well()
    chosen = [name for name in BROKEN if not names or any(one in name for one in names)]
    missed = 0
    for name in chosen:
        broken = BROKEN[name]
        if "--skew" in broken.more and "TEST_POSTGRES_URL" not in os.environ:
            click.echo(f"left out  {name}: it needs TEST_POSTGRES_URL")
            continue
        found = try_one(name, broken, orders, kills)
        missed += not found
        click.echo(f"{'seen' if found else 'MISSED':8}  {name}: {found or 'nothing'}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
