"""The camera host's database: one SQLite file beside the spool, for its ledger and its news.

Several processes write it (runs, sessions, the guard, a hook), so each write is one short transaction. A photo must be
taken whatever happened to the file: one that is damaged is moved aside, and a new one begun.
"""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from kootenay.adapters import clock
from kootenay.adapters.files import lock

log = logging.getLogger(__name__)

BUSY_SECONDS = 30

DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
"""SQLite's codes for a file that is none of its own (rescode.html); a locked file or a full disk has another."""

MIGRATIONS = (
    """
    create table if not exists slots (
        camera text not null,
        slot text not null,
        state text not null,
        reason text not null,
        sha256 text not null default '',
        bytes integer not null default 0,
        changed_at text not null,
        primary key (camera, slot)
    ) without rowid
    """,
    """
    alter table slots add column taken_by text not null default '';
    alter table slots add column clock_trusted integer not null default 1;
    alter table slots add column on_card text not null default '';
    alter table slots add column facts text not null default '{}';
    create index slots_on_card on slots (camera, slot) where on_card != '';
    create table watched (camera text primary key, until text not null) without rowid;
    create table troubles (
        camera text not null,
        name text not null,
        since text not null,
        count integer not null,
        reason text not null,
        told_at text,
        primary key (camera, name)
    ) without rowid;
    create table news (
        id integer primary key autoincrement,
        camera text not null,
        at text not null,
        kind text not null,
        name text not null,
        words text not null
    );
    create table marks (name text primary key, at text not null) without rowid;
    create table refusals (stem text primary key, count integer not null, reason text not null) without rowid;
    """,
)
"""Each brings the file one version further (pragma user_version); what has been released is never edited."""


class HostDatabase:
    """The database in the file `path`, made or brought up to date when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._alone():
            try:
                self._bring_up_to_date()
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._begin_anew(str(error))

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection. Damage that only shows as it is read is raised once; the next to come finds a new file."""
        try:
            with self._connected() as connection:
                yield connection
        except sqlite3.DatabaseError as error:
            if _is_damage(error):
                with self._alone():
                    # Whoever met the damage first has begun a new file already.
                    if self._is_damaged():
                        self._begin_anew(str(error))
            raise

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection in a transaction that is committed at the end, or undone by an error."""
        with self.reading() as connection:
            connection.execute("begin immediate")
            try:
                yield connection
            except BaseException:
                if connection.in_transaction:  # SQLite itself rolls back on a full disk (lang_transaction.html)
                    connection.execute("rollback")
                raise
            connection.execute("commit")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """SQLite answers "locked" at once, without waiting, to two who switch a new file to WAL."""
        with lock(self.path.with_name(f".{self.path.name}.lock"), BUSY_SECONDS):
            yield

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection

    def _bring_up_to_date(self) -> None:
        with self._connected() as connection:
            (version,) = connection.execute("pragma user_version").fetchone()
            if version == 0:
                connection.execute("pragma journal_mode=wal")
            for number, script in enumerate(MIGRATIONS[version:], version + 1):
                connection.executescript(f"begin immediate; {script}; pragma user_version = {number}; commit;")
            connection.execute("select count(*) from sqlite_master").fetchone()

    def _is_damaged(self) -> bool:
        try:
            with self._connected() as connection:
                return bool(connection.execute("pragma quick_check(1)").fetchone()[0] != "ok")
        except sqlite3.DatabaseError as error:
            return _is_damage(error)

    def _begin_anew(self, reason: str) -> None:
        """Move the file aside, its journal first: SQLite would delete the journal of a file that is gone."""
        aside = f"{self.path.name}.damaged-{clock.now():%Y%m%dT%H%M%S.%fZ}"
        for suffix in ("-wal", "-shm", ""):
            part = self.path.with_name(f"{self.path.name}{suffix}")
            if part.exists():
                part.replace(self.path.with_name(f"{aside}{suffix}"))
        log.warning("%s is damaged (%s); it was moved aside as %s and a new one begun", self.path, reason, aside)
        self._bring_up_to_date()


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """The low byte is the kind, and the rest its detail."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in DAMAGED


def text_of(at: datetime) -> str:
    """Given an aware instant, return it as the database keeps it: in UTC, so that text sorts by time."""
    return at.astimezone(UTC).isoformat(timespec="seconds")
