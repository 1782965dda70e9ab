"""The ledger: every slot of a camera host and what became of it.

It is what makes "one slot, at most one photo" true across processes and restarts, and what explains every gap.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from kootenay.adapters.host_db import HostDatabase, text_of
from kootenay.rules.sidecar import Sidecar
from kootenay.rules.slots import SlotState

COLUMNS = "camera, slot, state, reason, sha256, bytes, taken_by, clock_trusted, on_card, facts"


@dataclass(frozen=True)
class Entry:
    """A line of the ledger. `sha256` and `bytes` are the photo's, where there is one.

    `by` is who wrote it, `on_card` where the camera's card still has the photo, `facts` what the camera told of itself.
    """

    camera: str
    slot: datetime
    state: SlotState
    reason: str
    sha256: str = ""
    bytes: int = 0
    by: str = ""
    clock_trusted: bool = True
    on_card: str = ""
    facts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_photo(cls, sidecar: Sidecar, state: SlotState, reason: str = "", on_card: str = "") -> "Entry":
        """Given a photo's sidecar and what became of it, return the line of its slot."""
        return cls(
            sidecar.camera,
            sidecar.slot,
            state,
            reason,
            sidecar.sha256,
            sidecar.bytes,
            sidecar.by,
            sidecar.clock_trusted,
            on_card,
            sidecar.facts,
        )


class Ledger:
    """The ledger in the file `path`, made when it is not there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = HostDatabase(path)

    def record(self, entry: Entry, now: datetime) -> None:
        """Write what became of a slot; an entry that would go back in the order of events changes nothing.

        What the new line leaves empty (the reason, the place on the card) stays as it was. A place on the card is the
        newest photo's: a card that was formatted or changed counts from the beginning again.
        """
        with self.database.writing() as connection:
            known = _find(connection, entry.camera, entry.slot)
            if known is None or known.state.precedes(entry.state):
                if entry.on_card:
                    _forget_place(connection, entry.camera, entry.on_card)
                _put(connection, _merged(known, entry), now)

    def find(self, camera: str, slot: datetime) -> Entry | None:
        """Given a camera and a slot, return its line."""
        with self.database.reading() as connection:
            return _find(connection, camera, slot)

    def between(self, camera: str, start: datetime, end: datetime) -> list[Entry]:
        """Given a camera and two instants, return the lines of [start, end), in order."""
        query = f"select {COLUMNS} from slots where camera = ? and slot >= ? and slot < ? order by slot"  # noqa: S608
        with self.database.reading() as connection:
            return [_entry(row) for row in connection.execute(query, (camera, text_of(start), text_of(end)))]

    def latest_hashes(self, camera: str, count: int) -> set[str]:
        """Return the hashes of a camera's last `count` photos: one of these again is a stale frame."""
        query = "select sha256 from slots where camera = ? and sha256 != '' order by slot desc limit ?"
        with self.database.reading() as connection:
            return {row["sha256"] for row in connection.execute(query, (camera, count))}

    def deletable_on_card(self, camera: str) -> list[str]:
        """Return the places on a camera's card of photos that the server has confirmed, the oldest first."""
        query = "select on_card from slots where camera = ? and on_card != '' and state = ? order by slot"
        with self.database.reading() as connection:
            return [row["on_card"] for row in connection.execute(query, (camera, SlotState.CONFIRMED))]

    def off_card(self, camera: str, places: Iterable[str]) -> None:
        """Note that the card no longer has these."""
        with self.database.writing() as connection:
            for place in places:
                _forget_place(connection, camera, place)

    def watched_until(self, camera: str) -> datetime | None:
        """Return until when every slot of a camera has its line, or None when nobody has looked yet."""
        with self.database.reading() as connection:
            row = connection.execute("select until from watched where camera = ?", (camera,)).fetchone()
        return None if row is None else datetime.fromisoformat(row["until"])

    def account(self, camera: str, entries: Collection[Entry], until: datetime, now: datetime) -> None:
        """Write the lines of slots that had none, and that every slot before `until` has its line now."""
        with self.database.writing() as connection:
            for entry in entries:
                if _find(connection, camera, entry.slot) is None:
                    _put(connection, entry, now)
            connection.execute("insert or replace into watched values (?, ?)", (camera, text_of(until)))


def _merged(known: Entry | None, entry: Entry) -> Entry:
    if known is None:
        return entry
    return replace(
        entry,
        reason=entry.reason or (known.reason if known.state.was_taken else ""),
        by=entry.by or known.by,
        on_card=entry.on_card or known.on_card,
        facts=entry.facts or known.facts,
    )


def _forget_place(connection: sqlite3.Connection, camera: str, place: str) -> None:
    query = "update slots set on_card = '' where camera = ? and on_card != '' and on_card = ?"
    connection.execute(query, (camera, place))


def _find(connection: sqlite3.Connection, camera: str, slot: datetime) -> Entry | None:
    query = f"select {COLUMNS} from slots where camera = ? and slot = ?"  # noqa: S608 (constant names)
    row = connection.execute(query, (camera, text_of(slot))).fetchone()
    return None if row is None else _entry(row)


def _put(connection: sqlite3.Connection, entry: Entry, now: datetime) -> None:
    values: tuple[Any, ...] = (
        entry.camera,
        text_of(entry.slot),
        entry.state,
        entry.reason,
        entry.sha256,
        entry.bytes,
        entry.by,
        entry.clock_trusted,
        entry.on_card,
        json.dumps(entry.facts, sort_keys=True),
    )
    marks = ", ".join("?" * (len(values) + 1))
    query = f"insert or replace into slots ({COLUMNS}, changed_at) values ({marks})"  # noqa: S608 (constant names)
    connection.execute(query, (*values, text_of(now)))


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        camera=row["camera"],
        slot=datetime.fromisoformat(row["slot"]),
        state=SlotState(row["state"]),
        reason=row["reason"],
        sha256=row["sha256"],
        bytes=row["bytes"],
        by=row["taken_by"],
        clock_trusted=bool(row["clock_trusted"]),
        on_card=row["on_card"],
        facts=json.loads(row["facts"]),
    )
