"""How full books slow the sandbox down: `pipenv run python bench/books.py`.

Two sandboxes of one process each, on one core, the shoppers on another: one with empty books, one
with 100,000 charges. Both are asked in turns; prints the charges a second of each, medians over
the rounds, and their ratio.
"""

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import requests  # noqa: E402
from progress import end_well, progress  # noqa: E402
from rig import Omise, eventually, free_port  # noqa: E402

import sandbox  # noqa: E402
from sandbox.books.ids import new_id  # noqa: E402

CHARGES, ROUNDS, EACH, SHOPPERS = 100_000, 7, 200, 4
AT_ONCE = 5_000
COLUMNS = "id, kind, parent, status, due, payment, created, body"


@contextmanager
def serving(books):
    """Run a sandbox on the first core until the block ends, whatever ends it."""
    port = free_port()
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--db", str(books)]
    core = {min(os.sched_getaffinity(0))}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, core),
    )
    try:
        omise = Omise(f"http://127.0.0.1:{port}/")
        eventually(lambda: answers(omise), 60)
        yield omise
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(omise):
    """Tell whether somebody listens."""
    try:
        return requests.get(omise.base, timeout=10).ok
    except requests.RequestException:
        return False


def charge(omise, token):
    """Charge a card once."""
    asked = {"amount": 20000, "currency": "THB", "card": token}
    key = (sandbox.SECRET_KEY, "")
    made = requests.post(f"{omise.base}charges", json=asked, auth=key, timeout=60)
    return made.json()


def fill(books):
    """Copy everything that belongs to one charge under new ids, until there are enough."""
    insert = f"INSERT INTO objects ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    steps = CHARGES // AT_ONCE
    with closing(sqlite3.connect(books)) as connection, progress(
        "Charges", steps
    ) as step:
        rows = connection.execute(f"SELECT {COLUMNS} FROM objects").fetchall()
        for _ in range(steps):
            copies = [copied for _ in range(AT_ONCE) for copied in renamed(rows)]
            connection.executemany(insert, copies)
            step()
        connection.commit()


def renamed(rows):
    """Copy rows that name each other, with fresh ids throughout."""
    fresh = {row[0]: new_id(row[0].partition("_")[0]) for row in rows}
    fresh |= {row[5]: new_id("paym") for row in rows if row[5]}
    for row in rows:
        row = list(row)
        for old, new in fresh.items():
            row = [
                value.replace(old, new) if isinstance(value, str) else value
                for value in row
            ]
        yield row


def rate(omise):
    """Tell how many charges a second it makes for several shoppers at once."""
    tokens = [omise.token() for _ in range(EACH)]
    with ThreadPoolExecutor(SHOPPERS) as shoppers:
        began = time.perf_counter()
        made = list(shoppers.map(lambda token: charge(omise, token), tokens))
        took = time.perf_counter() - began
    assert all(one["status"] == "successful" for one in made)
    return EACH / took


def main():
    """Fill one of two sandboxes, ask both in turns, and compare."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    end_well()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        full = Path(folder) / "full.sqlite3"
        with serving(full) as omise:
            charge(omise, omise.token())
        fill(full)
        both = [stack.enter_context(serving(Path(folder) / "empty.sqlite3"))]
        both.append(stack.enter_context(serving(full)))
        step = stack.enter_context(progress("Rounds", ROUNDS))
        rounds = []
        for _ in range(ROUNDS):
            rounds.append([rate(omise) for omise in both])
            step()
    few, many = (statistics.median(rates) for rates in zip(*rounds, strict=True))
    ratio = statistics.median(slow / quick for quick, slow in rounds)
    print(f"empty books: {few:.0f} charges/s, {CHARGES} charges: {many:.0f} charges/s")
    print(f"full against empty: {ratio:.2f} (median of {ROUNDS} rounds in turns)")


if __name__ == "__main__":
    main()
