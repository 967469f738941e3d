"""The one SQLAlchemy handle, set up so that money survives it.

Imported by app.py and by payment/ alone.
"""

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Be the base of every table."""


db = SQLAlchemy(model_class=Base)


def init_app(app):
    """Bind the order book to the app and make its tables where they are missing."""
    sqlite = app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
    app.config.setdefault(
        "SQLALCHEMY_ENGINE_OPTIONS",
        {"connect_args": {"timeout": 5}} if sqlite else {"pool_pre_ping": True},
    )
    db.init_app(app)
    with app.app_context():
        if sqlite:
            event.listen(db.engine, "connect", _prepare_sqlite)
        db.create_all()
        # A server forks after this: no child may inherit a connection.
        db.engine.dispose()


def _prepare_sqlite(connection, _record):
    """Let readers go on while one writes, and keep every commit through a crash."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
