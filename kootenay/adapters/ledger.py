"""The ledger: every slot of a camera host and what became of it, in one SQLite file beside the spool.

It is what makes "one slot, at most one photo" true across processes and restarts, and what explains every gap.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kootenay.adapters.files import lock
from kootenay.rules.sidecar import Sidecar
from kootenay.rules.slots import SlotState

SCHEMA = """
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
"""
BUSY_SECONDS = 30


@dataclass(frozen=True)
class Entry:
    """A line of the ledger; `sha256` and `bytes` are the photo's, where there is one."""

    camera: str
    slot: datetime
    state: SlotState
    reason: str
    sha256: str = ""
    bytes: int = 0

    @classmethod
    def of_photo(cls, sidecar: Sidecar, state: SlotState, reason: str = "") -> "Entry":
        """Given a photo's sidecar and what became of it, return the line of its slot."""
        return cls(sidecar.camera, sidecar.slot, state, reason, sidecar.sha256, sidecar.bytes)


class Ledger:
    """The ledger in the file `path`, made when it is not there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        # SQLite answers "locked" at once, without waiting, to two who switch a new file to WAL.
        with lock(path.with_name(f".{path.name}.lock"), BUSY_SECONDS), self._connection() as connection:
            connection.execute("pragma journal_mode=wal")
            connection.execute(SCHEMA)

    def record(self, entry: Entry, now: datetime) -> None:
        """Write what became of a slot; an entry that would go back in the order of events changes nothing."""
        with self._connection() as connection:
            connection.execute("begin immediate")
            known = self._find(connection, entry.camera, entry.slot)
            if known is None or known.state.precedes(entry.state):
                connection.execute(
                    "insert or replace into slots values (?, ?, ?, ?, ?, ?, ?)",
                    (
                        entry.camera,
                        _text(entry.slot),
                        entry.state,
                        entry.reason,
                        entry.sha256,
                        entry.bytes,
                        _text(now),
                    ),
                )

    def find(self, camera: str, slot: datetime) -> Entry | None:
        """Given a camera and a slot, return its line."""
        with self._connection() as connection:
            return self._find(connection, camera, slot)

    def between(self, camera: str, start: datetime, end: datetime) -> list[Entry]:
        """Given a camera and two instants, return the lines of [start, end), in order."""
        query = "select * from slots where camera = ? and slot >= ? and slot < ? order by slot"
        with self._connection() as connection:
            return [_entry(row) for row in connection.execute(query, (camera, _text(start), _text(end)))]

    def _find(self, connection: sqlite3.Connection, camera: str, slot: datetime) -> Entry | None:
        query = "select * from slots where camera = ? and slot = ?"
        row = connection.execute(query, (camera, _text(slot))).fetchone()
        return None if row is None else _entry(row)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS)) as connection, connection:
            connection.row_factory = sqlite3.Row
            yield connection


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        camera=row["camera"],
        slot=datetime.fromisoformat(row["slot"]),
        state=SlotState(row["state"]),
        reason=row["reason"],
        sha256=row["sha256"],
        bytes=row["bytes"],
    )
