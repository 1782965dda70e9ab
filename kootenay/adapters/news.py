"""The camera host's news: troubles that last, and what there is to tell of them once somebody can be told.

The host may be cut off for days. What it has to say waits here, in the order it happened, until a run brings it to
Prefect; a trouble is told once, again now and then, and once more when it is over. No photo waits for it: what cannot
be written, as on a full disk, is a warning in the log.
"""

import functools
import logging
import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

from kootenay.adapters.host_db import HostDatabase, text_of
from kootenay.errors import HostError
from kootenay.rules.alerts import Patience, Telling, Trouble, met, telling_at_end, telling_of

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


def _or_warned(
    write: Callable[Concatenate["News", P], R],
) -> Callable[Concatenate["News", P], R | None]:
    """Given a method that writes, return one that logs what keeps it from that, and returns nothing."""

    @functools.wraps(write)
    def written(self: "News", /, *args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return write(self, *args, **kwargs)
        except HostError as error:
            log.warning("news is not kept: %s", error)
            return None

    return written


@dataclass(frozen=True)
class Item:
    """A piece of news: `kind` is alert, reminder, recovered or guard; `name` the trouble's, or the slot's instant."""

    id: int
    camera: str
    at: datetime
    kind: str
    name: str
    words: str


class News:
    """What a camera host has to tell. `camera` is a camera's name, or "" for the host itself."""

    def __init__(self, database: HostDatabase) -> None:
        self.database = database

    @_or_warned
    def tell(self, camera: str, kind: str, name: str, words: str, now: datetime) -> None:
        """Leave a piece of news for whoever comes by."""
        with self.database.writing() as connection:
            _tell(connection, camera, kind, name, words, now)

    @_or_warned
    def trouble(self, camera: str, name: str, reason: str, now: datetime, patience: Patience) -> Telling | None:
        """Note that a trouble was met; return what was told of it, if its time had come."""
        with self.database.writing() as connection:
            trouble = met(_find(connection, camera, name), reason, now)
            telling = telling_of(trouble, now, patience)
            if telling:
                _tell(connection, camera, telling, name, f"since {trouble.since:%Y-%m-%d %H:%M} UTC: {reason}", now)
            told_at = now if telling else trouble.told_at
            connection.execute(
                "insert or replace into troubles values (?, ?, ?, ?, ?, ?)",
                (
                    camera,
                    name,
                    text_of(trouble.since),
                    trouble.count,
                    trouble.reason,
                    told_at and text_of(told_at),
                ),
            )
        return telling

    @_or_warned
    def well(self, camera: str, name: str, now: datetime) -> Telling | None:
        """Note that a trouble is over; return what was told of that, if it had been told at all."""
        if self.standing(camera, name) is None:
            return None
        with self.database.writing() as connection:
            trouble = _find(connection, camera, name)
            if trouble is None:
                return None
            telling = telling_at_end(trouble)
            if telling:
                lasted = int((now - trouble.since).total_seconds() // 60)
                _tell(connection, camera, telling, name, f"after {lasted} min: {trouble.reason}", now)
            connection.execute("delete from troubles where camera = ? and name = ?", (camera, name))
        return telling

    def standing(self, camera: str, name: str) -> Trouble | None:
        """Return a trouble as it stands."""
        with self.database.reading() as connection:
            return _find(connection, camera, name)

    def troubles(self, camera: str) -> dict[str, Trouble]:
        """Return a camera's troubles, or the host's, as they stand, by their names."""
        with self.database.reading() as connection:
            rows = connection.execute("select * from troubles where camera = ? order by name", (camera,))
            return {row["name"]: _trouble(row) for row in rows}

    def waiting(self) -> list[Item]:
        """Return the news that nobody has been told yet, the oldest first."""
        with self.database.reading() as connection:
            return [
                Item(
                    row["id"], row["camera"], datetime.fromisoformat(row["at"]), row["kind"], row["name"], row["words"]
                )
                for row in connection.execute("select * from news order by id")
            ]

    @_or_warned
    def told(self, items: Collection[Item]) -> None:
        """Forget news that has been told."""
        with self.database.writing() as connection:
            connection.executemany("delete from news where id = ?", [(item.id,) for item in items])

    @_or_warned
    def mark(self, name: str, at: datetime) -> None:
        """Remember when something was last done, such as a camera's power cycled."""
        with self.database.writing() as connection:
            connection.execute("insert or replace into marks values (?, ?)", (name, text_of(at)))

    def marked(self, name: str) -> datetime | None:
        """Return when something was last done."""
        with self.database.reading() as connection:
            row = connection.execute("select at from marks where name = ?", (name,)).fetchone()
        return None if row is None else datetime.fromisoformat(row["at"])

    @_or_warned
    def refused(self, stem: str, reason: str) -> int:
        """Note that the server refused a photo; return how often it has by now."""
        with self.database.writing() as connection:
            row = connection.execute("select count from refusals where stem = ?", (stem,)).fetchone()
            count = 1 + (row["count"] if row else 0)
            connection.execute("insert or replace into refusals values (?, ?, ?)", (stem, count, reason))
        return count

    @_or_warned
    def accepted(self, stem: str) -> None:
        """Forget a photo's refusals: it has been taken, or set aside."""
        with self.database.writing() as connection:
            connection.execute("delete from refusals where stem = ?", (stem,))


def _tell(connection: sqlite3.Connection, camera: str, kind: str, name: str, words: str, now: datetime) -> None:
    connection.execute(
        "insert into news (camera, at, kind, name, words) values (?, ?, ?, ?, ?)",
        (camera, text_of(now), kind, name, words),
    )


def _find(connection: sqlite3.Connection, camera: str, name: str) -> Trouble | None:
    query = "select * from troubles where camera = ? and name = ?"
    row = connection.execute(query, (camera, name)).fetchone()
    return None if row is None else _trouble(row)


def _trouble(row: sqlite3.Row) -> Trouble:
    told_at = row["told_at"] and datetime.fromisoformat(row["told_at"])
    return Trouble(datetime.fromisoformat(row["since"]), row["count"], row["reason"], told_at)
