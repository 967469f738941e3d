"""Take guards away one at a time, and see whether a test turns red for each.

    pipenv run mutants [--only WORD] [--jobs 2]

mutants.toml lists them: a guard's name, its file, the lines as they stand, what stands there
without the guard, and the tests that must notice. Each is tried in a copy of the tree. A mutant
that survives with a reason (`survives`) must go on surviving. Ends with 1 when a guard is not
held by a test, or one with a reason is; with 2 when the tests are red without any mutant, or a
mutant cannot be tried at all.
"""

import ast
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

import click

sys.path.insert(0, str(Path(__file__).parent))

from progress import end_well, progress  # noqa: E402

ROOT = Path(__file__).parent.parent
LIST = Path(__file__).with_suffix(".toml")
# Seconds for the tests of one mutant: one that hangs them is noticed, too.
LONGEST = 600
GREEN, RED = 0, 1
SIDE_BY_SIDE = ("-p", "xdist", "--dist", "loadfile")
# What is no part of the project, or a user's own.
NOT_COPIED = shutil.ignore_patterns(
    ".git",
    ".env",
    ".venv",
    "venv",
    "instance",
    "__pycache__",
    ".*_cache",
    ".hypothesis",
)


class Wrong(Exception):
    """Raised when a mutant cannot be tried; says why."""


@dataclass(frozen=True)
class Mutant:
    """One guard, and what its file is without it; `tests` are paths inside tests/.

    `survives` is the reason why no test can notice. `needs` names a variable of the environment
    without which the tests do not meet the guard.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple
    survives: str = ""
    needs: str = ""

    def applied(self, text):
        """Take the guard out of its file's text. Raises Wrong."""
        count = text.count(self.old)
        if count != 1:
            raise Wrong(f"{self.name}: its lines stand {count} times in {self.file}")
        changed = text.replace(self.old, self.new)
        try:
            same = ast.dump(ast.parse(text)) == ast.dump(ast.parse(changed))
        except SyntaxError as error:
            raise Wrong(f"{self.name}: {error}") from error
        if same:
            raise Wrong(f"{self.name}: it changes nothing")
        return changed


def read(file=LIST):
    """Read the list of mutants."""
    listed = tomllib.loads(file.read_text(encoding="utf-8"))["mutant"]
    return [Mutant(**one | {"tests": tuple(one["tests"])}) for one in listed]


class Copy:
    """A copy of the tree in which one mutant at a time is tried."""

    def __init__(self, tree, folder):
        self.home = Path(shutil.copytree(tree, folder, ignore=NOT_COPIED))
        self._moment = time.time()

    def judge(self, mutant):
        """Try a mutant; gives what came of it, and the first test that noticed. Raises Wrong."""
        file = self.home / mutant.file
        text = file.read_text(encoding="utf-8")
        self._write(file, mutant.applied(text))
        try:
            code, said = self.test(mutant.tests)
        finally:
            self._write(file, text)
        if code not in (GREEN, RED):
            raise Wrong(f"{mutant.name}: its tests cannot be run:\n{said}")
        red = [line for line in said.splitlines() if line.startswith("FAILED tests/")]
        by = red[0].split(" ")[1].removeprefix("tests/") if red else "the time limit"
        if code == RED:
            return ("killed after all" if mutant.survives else "killed"), by
        if mutant.survives:
            return "survives", mutant.survives
        return "SURVIVED", " ".join(mutant.tests)

    def _write(self, file, text):
        """Write a file at a moment of its own: what Python compiled from another text is none of
        it."""
        file.write_text(text, encoding="utf-8")
        self._moment += 10
        os.utime(file, (self._moment, self._moment))

    def test(self, tests, *options):
        """Run tests until the first that is red; gives pytest's code and what it said."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-rfE", "--tb=no"]
        environment = os.environ | {
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "COLUMNS": "500",
        }
        paths = [f"tests/{one}" for one in tests]
        try:
            ran = subprocess.run(
                [*command, "-p", "no:cacheprovider", *options, *paths],
                cwd=self.home,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=LONGEST,
            )
        except subprocess.TimeoutExpired:
            return RED, ""
        return ran.returncode, ran.stdout.replace("ERROR tests/", "FAILED tests/")


def hunt(mutants, copies, tell, step=lambda: None):
    """Try mutants, one in each copy at a time; gives how many ended in which way."""
    free, ends = Queue(), []
    for copy in copies:
        free.put(copy)

    def one(mutant):
        copy = free.get()
        try:
            return mutant, *copy.judge(mutant)
        except Wrong as error:
            return mutant, "WRONG", str(error)
        finally:
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as pool:
        for mutant, end, why in pool.map(one, mutants):
            tell(f"{end:16}  {mutant.name} ({mutant.file}): {why}")
            ends.append(end)
            step()
    return {end: ends.count(end) for end in ends}


def chosen(mutants, words):
    """Take the mutants that are asked for and can be met here; gives also those that cannot."""
    asked = [
        one
        for one in mutants
        if not words or any(word in f"{one.file} {one.name}" for word in words)
    ]
    met = [one for one in asked if not one.needs or os.environ.get(one.needs)]
    return met, [one for one in asked if one not in met]


@click.command()
@click.option("--only", multiple=True, metavar="WORD", help="Of a name or a file.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True)
def main(only, jobs):
    """Take guards away one at a time, and see whether a test turns red for each."""
    mutants, unmet = chosen(read(), only)
    if not mutants:
        raise click.UsageError("There is no such mutant that could be tried here.")
    end_well()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies = [Copy(ROOT, Path(folder, str(number))) for number in range(jobs)]
        click.echo("First the tests as they are.")
        tests = dict.fromkeys(test for one in mutants for test in one.tests)
        code, said = copies[0].test(tests, *SIDE_BY_SIDE, "-n", str(jobs))
        if code != GREEN:
            click.echo(f"They are not green:\n{said}")
            sys.exit(2)
        with progress("Mutants", len(mutants)) as step:
            ends = hunt(mutants, copies, click.echo, step)
    for one in unmet:
        click.echo(f"not tried         {one.name} ({one.file}): needs {one.needs}")
    click.echo(", ".join(f"{end} {count}" for end, count in sorted(ends.items())))
    if "WRONG" in ends:
        sys.exit(2)
    sys.exit(int(bool(ends.keys() - {"killed", "survives"})))


if __name__ == "__main__":
    main()
