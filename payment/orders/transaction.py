"""Each use of the order book is one transaction of its own, and waits for nothing longer than 5
s."""

import logging
import random
import re
import sqlite3
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any

from flask import current_app, g, has_request_context
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import OperationalError as DatabaseRefused
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.orm import Session

from ..settings import SettingError

log = logging.getLogger(__name__)

# Seconds to wait for a connection, a lock or a statement.
PATIENCE = 5
_KINDS = ("sqlite", "postgresql")
# SQLSTATE classes in which the database, and not the statement, is at fault: connection, resources,
# operator intervention, system, conflicts; and "read only", as a standby is.
_OUTAGES = ("08", "40", "53", "55", "57", "58", "25006")


class OrdersUnavailable(Exception):
    """Raised when the order book cannot be reached, or is held by another for too long.

    Nothing was changed by the call.
    """


class Book:
    """Where the order book lies: an engine of payment's own, or the one that the host hands
    over."""

    def __init__(self, database: Any, url: str | None, file: Path) -> None:
        self._database, self.own, self.embedded = database, database is None, False
        if self.own:
            self.embedded = not url
            self._engine = _open(url or _embedded(file))
            # An app that nobody closes, such as one of a host's tests, leaves nothing open.
            weakref.finalize(self, self._engine.dispose)

    @property
    def engine(self) -> Engine:
        """Give the engine; a Flask-SQLAlchemy `db` has one inside an app context."""
        if self.own:
            return self._engine
        return getattr(self._database, "engine", self._database)

    def check(self) -> None:
        """Refuse what a host handed over and is no database of this app's. Raises SettingError."""
        try:
            engine = self.engine
        except RuntimeError as error:
            raise SettingError(
                "The `db` that payment.init_app was given does not know this app: call "
                "db.init_app(app) before it."
            ) from error
        if not isinstance(engine, Engine):
            raise SettingError(
                "database= of payment.init_app must be an SQLAlchemy engine or a Flask-SQLAlchemy "
                f"db, not {engine!r}; an address belongs in DATABASE_URL."
            )
        if engine.dialect.name not in _KINDS:
            raise SettingError(
                f"The order book can lie in SQLite or PostgreSQL, not in {engine.dialect.name}: "
                "leave database= of payment.init_app out, or set DATABASE_URL."
            )

    def session(self) -> Session:
        """Open a session of payment's own, so that the host's stays as it was."""
        session = Session(self.engine, expire_on_commit=False)
        if not self.own and self.engine.dialect.name == "postgresql":
            # An engine of our own says so when it connects.
            for limit in ("lock_timeout", "statement_timeout"):
                session.execute(text(f"SET LOCAL {limit} = '{PATIENCE}s'"))
        return session

    def name(self) -> str:
        """Say where the book is, without its password."""
        return self.engine.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Close the connections that are payment's own."""
        if self.own:
            self._engine.dispose()


def _embedded(file: Path) -> str:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(
            f"The order book's folder {file.parent} cannot be made ({error.strerror}): allow it, "
            "or set DATABASE_URL to where the book may lie."
        ) from error
    return f"sqlite:///{file}"


def _open(url: str) -> Engine:
    url = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)
    try:
        parsed = make_url(url)
        name = parsed.get_backend_name()
        if name not in _KINDS:
            raise ArgumentError(f"no {name}")
        if name == "sqlite":
            file = _file_of(parsed)
            engine = create_engine(
                parsed, connect_args={"timeout": PATIENCE}, hide_parameters=True
            )
            _make_file(file)
            event.listen(engine, "connect", _prepare_sqlite)
            return engine
        limits = (
            f"-c lock_timeout={PATIENCE}s -c statement_timeout={PATIENCE}s "
            f"-c idle_in_transaction_session_timeout={4 * PATIENCE}s"
        )
        return create_engine(
            parsed,
            pool_pre_ping=True,
            hide_parameters=True,
            pool_size=10,
            max_overflow=20,
            pool_timeout=PATIENCE,
            connect_args={"connect_timeout": PATIENCE, "options": limits},
        )
    except (ArgumentError, NoSuchModuleError) as error:
        raise SettingError(
            "DATABASE_URL must be like sqlite:////folder/shop.sqlite3 or "
            "postgresql://user:password@host/name; without it, the order book is SQLite in "
            "instance/."
        ) from error


def _file_of(url: URL) -> str:
    """Name the file of an SQLite book; one in memory is gone with its connection, and refused."""
    file = url.database or ""
    if file == "" or ":memory:" in file or url.query.get("mode") == "memory":
        raise SettingError(
            "DATABASE_URL names a book in memory, which keeps no order: set it to a file, like "
            "sqlite:////folder/shop.sqlite3."
        )
    return file


def _make_file(path: str) -> None:
    """Make the file of a book before SQLite does, for its owner's eyes alone."""
    try:
        Path(path).touch(mode=0o600)
        _keep_from_others(path)
    except OSError as error:
        raise SettingError(
            f"The order book {path} cannot be made or written ({error.strerror}): make its folder "
            "and allow it, or set DATABASE_URL to where the book may lie."
        ) from error


def _keep_from_others(path: str) -> None:
    """Close a book that was made readable for all, with what SQLite keeps beside it.

    A group that may write in it was let in on purpose, and stays.
    """
    for file in (Path(path + more) for more in ("", "-wal", "-shm")):
        with suppress(
            OSError
        ):  # it is not there, or another user's: then it is theirs to close
            mode = file.stat().st_mode & 0o777
            wanted = mode & (0o660 if mode & 0o020 else 0o600)
            if wanted != mode:
                file.chmod(wanted)


def _prepare_sqlite(connection, _record):
    """Let readers go on while one writes, and keep every commit through a crash."""
    cursor = connection.cursor()
    _write_ahead(cursor)
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _write_ahead(cursor):
    """Switch a book to write-ahead logging, which SQLite does not wait for if others do so, too."""
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > ends:
                raise
            time.sleep(random.uniform(0.01, 0.05))


def is_outage(error: Exception) -> bool:
    """Tell a database that cannot serve just now from a statement that is wrong."""
    if isinstance(error, PoolExhausted):
        return True
    if not isinstance(error, DBAPIError):
        return False
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        missing = getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
        return isinstance(error, DatabaseRefused) and not missing
    state = getattr(cause, "sqlstate", None)
    if (
        not state
    ):  # the driver says it, not the server: no connection, or a value it cannot read
        return error.connection_invalidated or isinstance(error, DatabaseRefused)
    return error.connection_invalidated or state.startswith(_OUTAGES)


# Where a request keeps what `read_once` gave it.
_READ = "payment_read"


def transaction(function: Callable) -> Callable:
    """Make a function one transaction: committed at its end, or undone and said so.

    Its session comes first, and what it returns is a plain copy of the rows that no later use can
    turn into a query. Raises OrdersUnavailable for an outage, which is logged with its cause; any
    other database error is a bug and comes through as it is.
    """

    @wraps(function)
    def wrapped(*args, **kwargs):
        g.pop(_READ, None)
        try:
            with current_app.extensions["payment"].book.session() as session:
                result = function(session, *args, **kwargs)
                session.commit()
                for say in session.info.get("told_when_kept", ()):
                    say()
                return result
        except (DBAPIError, PoolExhausted) as error:
            if not is_outage(error):
                raise
            cause = getattr(error, "orig", None) or error
            log.error("the order book cannot be used: %s", str(cause).strip())
            raise OrdersUnavailable(type(cause).__name__) from error

    return wrapped


def read_once(read: Callable) -> Callable:
    """Let a transaction that only reads give the same again, within one request, for as long as
    nothing else is done with the order book."""

    @wraps(read)
    def wrapped(*args):
        asked, result = g.get(_READ, (None, None))
        if asked != (read, args):
            result = read(*args)
            if has_request_context():
                setattr(g, _READ, ((read, args), result))
        return result

    return wrapped
