"""The camera host's database: one SQLite file beside the spool, for its ledger and its news.

Several processes write it (runs, sessions, the guard, a hook), so each write is one short transaction. A photo must be
taken whatever happened to the file: one that is damaged is moved aside, and a new one begun. On a full disk it can
still be read, and be written while its pages have room: its journal keeps its own (journal_mode=persist, pragma.html).
With a write-ahead log even a reader needs room, for the log's index (wal.html).
"""

import logging
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from kootenay.adapters import clock
from kootenay.adapters.files import lock
from kootenay.errors import DiskFullError, HostError

log = logging.getLogger(__name__)

BUSY_SECONDS = 30

DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
"""SQLite's codes for a file that is none of its own (rescode.html); a locked file or a full disk has another."""

REFUSED = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
"""What SQLite may say instead of SQLITE_FULL when the disk has no room for its journal."""

OUTSIDE = DAMAGED | REFUSED | {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}
"""Troubles of the file and its disk; any other is a mistake of ours."""

A_PAGE = 4096

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
    "create table reserve as select zeroblob(65536) as room",
    "pragma secure_delete=on; drop table reserve",
)
"""The last two leave 64 kB for lines to come and, as its pages are overwritten through the journal, as much there.

Each brings the file one version further (pragma user_version); what has been released is never edited."""


class HostDatabase:
    """The database in the file `path`, made or brought up to date when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._explaining(), self._alone():
            try:
                self._bring_up_to_date()
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._begin_anew(str(error))

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection. Damage that only shows as it is read is raised once; the next to come finds a new file."""
        with self._explaining():
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
    def _explaining(self) -> Iterator[None]:
        """Raise HostError for what SQLite says of the file or its disk; DiskFullError for want of room."""
        try:
            yield
        except sqlite3.Error as error:
            kind = _kind(error)
            if kind == sqlite3.SQLITE_FULL or (kind in REFUSED and self._free_bytes() < A_PAGE):
                msg = (
                    f"{self.path} could not be written, its disk is full; no photo was lost. Free some room on that "
                    "disk: all goes on by itself then"
                )
                raise DiskFullError(msg) from error
            if kind in OUTSIDE:
                cure = "it is moved aside, and a new one begun" if kind in DAMAGED else "see its disk and permissions"
                msg = f"{self.path} cannot be used ({error}); no photo was lost; {cure}"
                raise HostError(msg) from error
            raise

    def _free_bytes(self) -> int:
        return shutil.disk_usage(self.path.parent).free

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One at a time makes the file, brings it up to date or moves it aside."""
        with lock(self.path.with_name(f".{self.path.name}.lock"), BUSY_SECONDS):
            yield

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("pragma journal_mode=persist")
            yield connection

    def _bring_up_to_date(self) -> None:
        with self._connected() as connection:
            (version,) = connection.execute("pragma user_version").fetchone()
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
        for suffix in ("-journal", "-wal", "-shm", ""):
            part = self.path.with_name(f"{self.path.name}{suffix}")
            if part.exists():
                part.replace(self.path.with_name(f"{aside}{suffix}"))
        log.warning("%s is damaged (%s); it was moved aside as %s and a new one begun", self.path, reason, aside)
        self._bring_up_to_date()


def _is_damage(error: sqlite3.Error) -> bool:
    return _kind(error) in DAMAGED


def _kind(error: sqlite3.Error) -> int:
    """The low byte is the kind, and the rest its detail."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def text_of(at: datetime) -> str:
    """Given an aware instant, return it as the database keeps it: in UTC, so that text sorts by time."""
    return at.astimezone(UTC).isoformat(timespec="seconds")
