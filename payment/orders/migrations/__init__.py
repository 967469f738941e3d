"""Bring an order book to the shape that this release writes, one numbered step after the other.

The steps are in versions/ (Alembic); a book names the one it is at in `payment_version`.
"""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from ...settings import SettingError
from ..transaction import Book

_TABLE = "payment_version"
# Any number, the same in every process: who holds it on PostgreSQL changes the book.
_LOCK = 0x6F6D697365


def upgrade(book: Book) -> str | None:
    """Bring the book up to date; returns the step it was at before (None: it was empty).

    Any number of processes may do so at once. Raises SettingError when the book cannot be
    reached, or was written by a newer release.
    """
    try:
        with book.engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as connection:
            _begin(connection)
            try:
                before = _step_of(connection)
                _refuse_newer(book, before)
                _run(connection)
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")
            return before
    except SQLAlchemyError as error:
        raise _unreachable(book, error) from error


def check(book: Book) -> None:
    """Refuse a book that cannot be reached, or is of another shape. Raises SettingError."""
    try:
        with book.engine.connect() as connection:
            step = _step_of(connection)
    except SQLAlchemyError as error:
        raise _unreachable(book, error) from error
    _refuse_newer(book, step)
    if step != _steps().get_current_head():
        what = "is of an earlier release" if step else "is not set up yet"
        raise SettingError(
            f"The order book {book.name()} {what}: run `flask payment upgrade` once, "
            "then start again."
        )


def _begin(connection: Connection) -> None:
    """Begin a transaction in which nobody else can change the book's shape."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA busy_timeout = 60000")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    connection.exec_driver_sql("BEGIN")
    connection.exec_driver_sql("SET LOCAL lock_timeout = '60s'")
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _run(connection: Connection) -> None:
    steps = _steps()
    config = Config()
    with EnvironmentContext(config, steps) as environment:
        environment.configure(
            connection=connection,
            version_table=_TABLE,
            transactional_ddl=False,
            fn=lambda step, _: steps._upgrade_revs("head", step),
        )
        environment.run_migrations()


def _steps() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).parent))


def _step_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_TABLE):
        return None
    context = MigrationContext.configure(connection, opts={"version_table": _TABLE})
    return context.get_current_revision()


def _refuse_newer(book: Book, step: str | None) -> None:
    try:
        if step:
            _steps().get_revision(step)
    except CommandError as error:
        raise SettingError(
            f"The order book {book.name()} was written by a newer release (step {step}): run that "
            "release, or give this one a book of its own by DATABASE_URL."
        ) from error


def _unreachable(book: Book, error: Exception) -> SettingError:
    cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    return SettingError(
        f"The order book {book.name()} cannot be reached ({cause}): check DATABASE_URL, "
        "and that the database is up."
    )
