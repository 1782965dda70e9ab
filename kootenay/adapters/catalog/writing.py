"""Writing the catalog: each verb is one transaction, may be repeated, and stands aside for a rival's.

A deadlock, a lock waited for too long and a connection that was lost are tried again here, on a fresh connection; a
database that stays away is a CatalogError, and the photo waits for the next run.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite

from kootenay.adapters.catalog.reading import COLUMNS, PHOTOS, CatalogReader, with_sizes
from kootenay.adapters.catalog.records import Film, Photo, Rendition
from kootenay.adapters.catalog.tables import days, films, host_status, photos, renditions
from kootenay.errors import CatalogError
from kootenay.rules.host_status import HostStatus

Answer = TypeVar("Answer")

PAUSES = (0.02, 0.3)
"""Seconds before the second and the third try."""

PASSING = {1205, 1213, 1927, 2006, 2013}
"""MySQL's lock wait timeout and deadlock; MariaDB's killed connection; a server gone away, a connection lost."""


class Catalog(CatalogReader):
    """What can be asked of a catalog, and what it can be told."""

    def add_photo(self, photo: Photo) -> bool:
        """Add a photo with its renditions and mark its day; return False when its bytes are already there."""

        def add(connection: sa.Connection) -> None:
            answer = connection.execute(photos.insert().values(_row(photo)))
            photo_id = answer.inserted_primary_key[0]  # type: ignore[index]
            _add_renditions(connection, photo_id, photo.renditions)
            _mark(connection, photo.camera, photo.local_date)

        try:
            self._write(add)
        except sa.exc.IntegrityError:
            if self.has_photo(photo.sha256):
                return False
            raise
        return True

    def replace_photo(self, photo: Photo) -> list[str]:
        """Make this the catalogued photo of the same bytes, renditions too; return the keys it no longer uses.

        Its day is marked when a film would be another one. Raises CatalogError when no photo of these bytes is there.
        """
        return self._replace(photo.sha256, lambda _: photo)

    def replace_renditions(self, sha256: str, sizes: Sequence[Rendition]) -> list[str]:
        """Given an original's hash, make these its renditions; return the keys it no longer uses, as above."""
        return self._replace(sha256, lambda old: replace(old, renditions=tuple(sizes)))

    def remove(self, sha256: str) -> Photo | None:
        """Take a photo out, its renditions too, and mark its day; return what was there, or None."""
        photo = self.by_sha256(sha256)
        if photo is None:
            return None

        def remove(connection: sa.Connection) -> bool:
            gone = connection.execute(photos.delete().where(photos.c.sha256 == sha256)).rowcount
            if gone:
                _mark(connection, photo.camera, photo.local_date)
            return bool(gone)

        return photo if self._write(remove) else None

    def mark_day(self, camera: str, day: date) -> None:
        """Say that a day's photos have changed, so that its film is made anew."""
        self._write(lambda connection: _mark(connection, camera, day))

    def unmark_day(self, camera: str, day: date, upto: int) -> None:
        """Say that a day's film has what changed up to that `change`; a photo that came meanwhile leaves its mark."""
        filmed = days.update().where(days.c.camera == camera, days.c.local_date == day, days.c.filmed < upto)
        self._write(lambda connection: connection.execute(filmed.values(filmed=upto)) and None)

    def put_film(self, film: Film) -> None:
        """Make `film` the film of its camera, kind and period, in place of an earlier one."""
        same = sa.and_(films.c.camera == film.camera, films.c.kind == film.kind, films.c.period == film.period)
        try:
            self._write(lambda connection: connection.execute(films.insert().values(asdict(film))))
        except sa.exc.IntegrityError:  # asked first, MySQL would lock the gap and two makers of a film each other
            self._write(lambda connection: connection.execute(films.update().where(same).values(asdict(film))))

    def put_status(self, status: HostStatus, now: datetime) -> bool:
        """Make this what is known of its camera, unless something newer is; return whether it was news.

        What a clock that is ahead says counts as said now, or it would stand until that day has come.
        """
        row = {"as_of": min(status.said_at, now), "document": status.to_json()}
        fresh = host_status.insert().values(camera=status.camera, **row)
        older = sa.and_(host_status.c.camera == status.camera, host_status.c.as_of < row["as_of"])
        try:
            self._write(lambda connection: connection.execute(fresh))
        except sa.exc.IntegrityError:
            newer = host_status.update().where(older).values(row)
            return self._write(lambda connection: connection.execute(newer).rowcount > 0)
        return True

    def _replace(self, sha256: str, change: Callable[[Photo], Photo]) -> list[str]:
        def exchange(connection: sa.Connection) -> list[str]:
            photo_id, old = _find(connection, sha256)
            new = change(old)
            connection.execute(photos.update().where(photos.c.id == photo_id).values(_row(new)))
            if set(new.renditions) != set(old.renditions):
                connection.execute(renditions.delete().where(renditions.c.photo_id == photo_id))
                _add_renditions(connection, photo_id, new.renditions)
            if _as_filmed(new) != _as_filmed(old):
                for camera, day in sorted({(each.camera, each.local_date) for each in (old, new)}):
                    _mark(connection, camera, day)
            return sorted({size.key for size in old.renditions} - {size.key for size in new.renditions})

        return self._write(exchange)

    def _write(self, work: Callable[[sa.Connection], Answer]) -> Answer:
        """Do `work` in one transaction, and again when what stopped it passes by itself."""
        for pause in PAUSES:
            try:
                with self.engine.begin() as connection:
                    return work(connection)
            except CatalogError as error:
                if _code(error) not in PASSING:
                    raise
            time.sleep(pause)
        with self.engine.begin() as connection:
            return work(connection)


def _code(error: CatalogError) -> object:
    said = error.__cause__.args if error.__cause__ else ()
    return said[0] if said else None


def _row(photo: Photo) -> dict[str, object]:
    return {column.key: getattr(photo, column.key) for column in COLUMNS}


def _find(connection: sa.Connection, sha256: str) -> tuple[int, Photo]:
    """Given an original's hash, return its photo with its identifier, and hold its row."""
    found = with_sizes(connection, PHOTOS.where(photos.c.sha256 == sha256).with_for_update())
    if not found:
        msg = f"the catalog has no photo with the SHA-256 {sha256}; nothing was changed"
        raise CatalogError(msg)
    return found[0]


def _as_filmed(photo: Photo) -> tuple[object, ...]:
    """What a film depends on; MySQL keeps milliseconds."""
    return photo.camera, photo.local_date, round(photo.taken_at.timestamp(), 3), photo.flags, set(photo.renditions)


def _add_renditions(connection: sa.Connection, photo_id: int, sizes: Sequence[Rendition]) -> None:
    if sizes:
        connection.execute(renditions.insert(), [{"photo_id": photo_id} | asdict(size) for size in sizes])


def _mark(connection: sa.Connection, camera: str, day: date) -> None:
    row = {"camera": camera, "local_date": day, "changes": 1, "filmed": 0}
    once_more = {"changes": days.c.changes + 1}
    if connection.dialect.name == "sqlite":
        connection.execute(sqlite.insert(days).values(row).on_conflict_do_update(set_=once_more))
    else:
        connection.execute(mysql.insert(days).values(row).on_duplicate_key_update(once_more))
