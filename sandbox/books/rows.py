"""Keep the sandbox's objects in one SQLite file, safe for threads and for processes.

One table of objects, each a small JSON body of facts (``draw/`` lays out what clients see of it),
plus settings and running counts. Reads borrow a connection; a change is one short
transaction that takes the write lock at its start.
"""

import json
import queue
import random
import sqlite3
import threading
import time
import weakref
from contextlib import contextmanager, suppress
from pathlib import Path

from ..rules.refusals import NotFound

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    parent TEXT,
    status TEXT,
    due INTEGER,
    payment TEXT,
    created INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS objects_created ON objects (kind, created, seq);
CREATE INDEX IF NOT EXISTS objects_status ON objects (kind, status, seq);
CREATE INDEX IF NOT EXISTS objects_due ON objects (due) WHERE due IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_parent ON objects (parent, kind, seq)
    WHERE parent IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_payment ON objects (payment)
    WHERE payment IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_order
    ON objects (json_extract(body, '$.metadata.order_id')) WHERE kind = 'charge';
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""

# Seconds to wait for another that writes.
_PATIENCE = 10


def _keep_from_others(path):
    """Make the file before SQLite does, for its owner's eyes alone, and close one that was open.

    It holds e-mail addresses, names and a webhook secret. What SQLite keeps beside it is made with
    the same rights.
    """
    file = Path(path)
    file.touch(mode=0o600)
    for each in (file, Path(f"{path}-wal"), Path(f"{path}-shm")):
        # SQLite takes away what it keeps beside the file whenever the last one closes it.
        with suppress(FileNotFoundError):
            if each.stat().st_mode & 0o077:
                each.chmod(0o600)


def _write_ahead(connection):
    """Switch the file to write-ahead logging, which SQLite does not wait for if others do so."""
    ends = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > ends:
                raise
            time.sleep(random.uniform(0.01, 0.05))


def _close(idle):
    while not idle.empty():
        idle.get_nowait().close()


class Rows:
    """Read and change the file of one sandbox."""

    def __init__(self, path):
        self._path = str(path)
        _keep_from_others(path)
        self._idle = queue.LifoQueue()
        self._mine = threading.local()
        # A sandbox that nobody closes, such as one in a client's tests, leaves nothing open.
        weakref.finalize(self, _close, self._idle)
        try:
            with self._borrowed() as connection:
                _write_ahead(connection)
                connection.executescript(_SCHEMA)
        except sqlite3.Error:
            self.close()
            raise

    def close(self):
        """Close the idle connections; a closed file may be used again."""
        _close(self._idle)

    @contextmanager
    def _borrowed(self):
        """Lend a connection: the one of the open change, an idle one, or a new one."""
        current = getattr(self._mine, "connection", None)
        if current is not None:
            yield current
            return
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = self._connect()
        try:
            yield connection
        finally:
            self._idle.put(connection)

    def _connect(self):
        connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute(f"PRAGMA busy_timeout={_PATIENCE * 1000}")
            connection.execute("PRAGMA synchronous=NORMAL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    @contextmanager
    def change(self):
        """Open one transaction for read-modify-write; inside another it joins it."""
        if getattr(self._mine, "connection", None) is not None:
            yield
            return
        with self._borrowed() as connection:
            connection.execute("BEGIN IMMEDIATE")
            self._mine.connection, self._mine.afterwards = connection, []
            try:
                yield
                connection.execute("COMMIT")
            finally:
                self._mine.connection = None
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        for act in self._mine.afterwards:
            act()

    def after_commit(self, act):
        """Do something once the open change is kept; never if it is rolled back."""
        if getattr(self._mine, "connection", None) is None:
            act()
            return
        self._mine.afterwards.append(act)

    def query(self, sql, values=()):
        """Run one statement and fetch all of its rows."""
        with self._borrowed() as connection:
            return connection.execute(sql, values).fetchall()

    def add(self, kind, body, *, parent=None, status=None, due=None, payment=None):
        """Write a new object and count it."""
        with self.change():
            self.query(
                "INSERT INTO objects (id, kind, parent, status, due, payment, created, body)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    body["id"],
                    kind,
                    parent,
                    status,
                    due,
                    payment,
                    body["created_at"],
                    json.dumps(body),
                ),
            )
            self.count(f"{kind}.create")
        return body

    def save(self, body, *, status=None, due=None):
        """Write an object back, with what it is found by."""
        self.query(
            "UPDATE objects SET body = ?, status = ?, due = ? WHERE id = ?",
            (json.dumps(body), status, due, body["id"]),
        )
        return body

    def find(self, kind, identifier, parent=None):
        """Fetch the facts of one object or raise NotFound."""
        rows = self.query(
            "SELECT body FROM objects WHERE id = ? AND kind = ? AND parent IS ifnull(?, parent)",
            (identifier, kind, parent),
        )
        if not rows:
            raise NotFound(kind, identifier)
        return json.loads(rows[0][0])

    def id_of_page(self, address, kind):
        """Tell what a payer's page is about: the id of a charge, or of a link."""
        rows = self.query("SELECT id FROM objects WHERE payment = ?", (address,))
        if not rows:
            raise NotFound(kind, address)
        return rows[0][0]

    def below(self, parent, kind):
        """Fetch every object of a kind that belongs to another, oldest first."""
        rows = self.query(
            "SELECT body FROM objects WHERE parent = ? AND kind = ? ORDER BY seq",
            (parent, kind),
        )
        return [json.loads(body) for (body,) in rows]

    def page(self, kind, *, parent=None, status=None, span=None, text=None, **cut):
        """Fetch one page of a kind, and how many there are in all.

        `span` is (from, to) in seconds; `cut` holds limit, offset and newest_first.
        """
        wanted = {
            "kind = ?": kind,
            "parent = ?": parent,
            "status = ?": status,
            "created >= ?": span and span[0],
            "created <= ?": span and span[1],
            "body LIKE ? ESCAPE '\\'": text and _containing(text),
        }
        wanted = {clause: value for clause, value in wanted.items() if value}
        where = " WHERE " + " AND ".join(wanted)
        order = "DESC" if cut.get("newest_first") else "ASC"
        (total,) = self.query(
            "SELECT count(*) FROM objects" + where, tuple(wanted.values())
        )[0]
        # The plus keeps SQLite from sorting a whole span instead of walking along seq.
        where = where.replace("created", "+created")
        rows = self.query(
            f"SELECT body FROM objects{where} ORDER BY seq {order} LIMIT ? OFFSET ?",
            (*wanted.values(), cut.get("limit", 20), cut.get("offset", 0)),
        )
        return [json.loads(body) for (body,) in rows], total

    def due(self, moment):
        """List ids of objects whose time was up at this moment, at most 500 of them."""
        rows = self.query("SELECT id FROM objects WHERE due <= ? LIMIT 500", (moment,))
        return [identifier for (identifier,) in rows]

    def count(self, name, by=1):
        """Add to a running count."""
        self.query(
            "INSERT INTO counts (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (name, by),
        )

    def counts(self):
        """Tell every running count by name."""
        return dict(self.query("SELECT name, value FROM counts ORDER BY name"))

    def settings(self):
        """Tell every setting of this sandbox account by name."""
        sql = "SELECT json_group_object(name, json(value)) FROM settings"
        return json.loads(self.query(sql)[0][0])

    def set(self, name, value):
        """Change one setting."""
        self.query(
            "INSERT INTO settings (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, json.dumps(value)),
        )

    def clear(self):
        """Forget every object and count; settings stay."""
        with self.change():
            self.query("DELETE FROM objects")
            self.query("DELETE FROM counts")


def _containing(text):
    """Make a LIKE pattern that takes the text literally, as JSON writes it."""
    literal = json.dumps(text)[1:-1]
    for special in ("\\", "%", "_"):
        literal = literal.replace(special, "\\" + special)
    return f"%{literal}%"
