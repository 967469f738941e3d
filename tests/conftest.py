"""Serve the shop for real, sandbox mounted, on a free loopback port."""

import logging
import os
import shutil
import tempfile
from pathlib import Path

# Whatever keys a developer's .env holds, tests speak to loopback only.
os.environ["PYTHON_DOTENV_DISABLED"] = "1"
for key in list(os.environ):
    if key.startswith(
        ("OMISE_", "STORE_", "FLASK_", "MAIL_", "SERVER_NAME", "DATABASE_URL")
    ):
        os.environ[f"OUTSIDE_{key}"] = os.environ.pop(key)

# An order book flushes each commit to the disk; in memory that costs nothing.
MEMORY = Path("/dev/shm")
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2 * 2**30:
    tempfile.tempdir = os.environ.get("TMPDIR", str(MEMORY))

import pytest  # noqa: E402
from canaries import CANARIES  # noqa: E402
from rig import Shop  # noqa: E402
from shopper import Shopper  # noqa: E402

# Begun first, so that the last minute of a run is not spent waiting for one of them.
LONGEST = (
    "journeys",
    "journeys_astray",
    "journeys_policy",
    "chaos",
    "sandbox_face_methods",
    "sandbox_books",
    "kills",
    "machine",
)


def pytest_collection_modifyitems(items):
    """Put the files that take longest first; beyond that, order stays as it was."""
    names = [f"test_{name}" for name in LONGEST]
    items.sort(key=lambda item: item.path.stem not in names)


logging.getLogger().addHandler(CANARIES)


@pytest.fixture(autouse=True)
def _nothing_private_is_logged():
    """E10: fail the test during which a secret or somebody's name got into the log."""
    yield
    found = CANARIES.take()
    assert not found, "\n".join(found)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Serve one shop for a module's tests."""
    with Shop(tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@pytest.fixture
def shop(served):
    """Give the served shop with the sandbox's books and switches as new."""
    served.omise.reset()
    return served


@pytest.fixture
def shopper(shop):
    """Give one shopper with a browser of their own, so to say."""
    with Shopper(shop) as one:
        yield one


@pytest.fixture
def build_shop(tmp_path):
    """Serve shops with other settings, as many as a test wants, until it ends."""
    started = []

    def build(**settings):
        shop = Shop(tmp_path / f"shop{len(started)}", **settings)
        started.append(shop)
        return shop.__enter__()

    yield build
    for shop in started:
        shop.__exit__(None, None, None)
