"""Reading the catalog: the latest photo, a day, a month, a whole archive. Each verb stands on an index.

With ten million rows the difference is a millisecond against seconds (bench/catalog.py).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from kootenay.adapters.catalog.records import ChangedDay, Film, Photo, Rendition
from kootenay.adapters.catalog.tables import days, films, host_status, photos, renditions
from kootenay.rules.host_status import HostStatus

ONE_DAY = timedelta(days=1)
PAGE = 500
"""Photos that are held at once while an archive is walked through."""

COLUMNS = tuple(photos.c[field.name] for field in fields(Photo) if field.name != "renditions")


class CatalogReader:
    """What can be asked of a catalog."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def has_photo(self, sha256: str) -> bool:
        """Given an original's hash, return whether it is catalogued."""
        with self.engine.connect() as connection:
            return bool(connection.scalar(sa.select(sa.exists().where(photos.c.sha256 == sha256))))

    def by_sha256(self, sha256: str) -> Photo | None:
        """Given an original's hash, return its photo, if it is catalogued."""
        return self._one(PHOTOS.where(photos.c.sha256 == sha256))

    def of_slot(self, camera: str, slot: datetime) -> list[Photo]:
        """Given a camera and a slot, return its photos; there are several when other bytes came for it too."""
        return self._all(_of(camera).where(photos.c.slot == slot).order_by(photos.c.taken_at, photos.c.id))

    def latest(self, camera: str) -> Photo | None:
        """Given a camera, return the photo taken last, whenever it arrived."""
        return self._one(_newest_first(_of(camera)))

    def latest_of(self, cameras: Sequence[str]) -> dict[str, Photo]:
        """Given cameras, return the latest photo of each that has one, in their order and by one look."""
        if not cameras:
            return {}
        with self.engine.connect() as connection:
            found = connection.scalars(
                _newest_of(len(cameras)), {f"camera{n}": name for n, name in enumerate(cameras)}
            ).all()
        by_camera = {photo.camera: photo for photo in self._all(PHOTOS.where(photos.c.id.in_(found)))}
        return {name: by_camera[name] for name in cameras if name in by_camera}

    def photo_before(self, camera: str, taken_at: datetime) -> Photo | None:
        """Given a camera and an instant, return the last photo taken before it."""
        return self._one(_newest_first(_of(camera).where(photos.c.taken_at < taken_at)))

    def day(self, camera: str, local_date: date) -> list[Photo]:
        """Given a camera and a local date, return its photos in the order they were taken."""
        return self._all(_of(camera).where(photos.c.local_date == local_date).order_by(photos.c.taken_at, photos.c.id))

    def between(self, camera: str, first: date, last: date, page: int = PAGE) -> Iterator[Photo]:
        """Given a camera and local dates, return its photos from the first through the last date, in order.

        They are read `page` at a time by their key, so a walk takes no more memory for millions, holds no
        connection in between, and may change what it walks through.
        """
        day = self._first_after(camera, first - ONE_DAY)
        while day is not None and day <= last:
            yield from self._paged(camera, day, page)
            day = self._first_after(camera, day)

    def month_counts(self, camera: str, year: int, month: int) -> dict[date, int]:
        """Given a camera and a month, return how many photos each local date has that has any, in order."""
        first = date(year, month, 1)
        after = date(year + month // 12, month % 12 + 1, 1)
        return self._counts(camera, photos.c.local_date >= first, photos.c.local_date < after)

    def recent_days(self, camera: str, count: int) -> dict[date, int]:
        """Given a camera, return how many photos each of its last `count` days with photos has, the newest first."""
        newest: dict[date, int] = {}
        day = self._last_before(camera, date.max)
        while day is not None and len(newest) < count:
            found = self._counts(camera, photos.c.local_date <= day, photos.c.local_date > day - count * ONE_DAY)
            newest |= reversed(found.items())
            day = self._last_before(camera, min(found))
        return dict(islice(newest.items(), count))

    def days_around(self, camera: str, day: date) -> tuple[date | None, date | None]:
        """Given a camera and a local date, return the nearest days before and after it that have photos."""
        return self._last_before(camera, day), self._first_after(camera, day)

    def changed_days(self, camera: str) -> list[ChangedDay]:
        """Given a camera, return the days that have changed since their film was made, the oldest first."""
        changed = sa.select(days.c.camera, days.c.local_date, days.c.changes).where(
            days.c.camera == camera, days.c.changes > days.c.filmed
        )
        with self.engine.connect() as connection:
            return [ChangedDay(*row) for row in connection.execute(changed.order_by(days.c.local_date))]

    def film(self, camera: str, kind: str, period: str) -> Film | None:
        """Given a camera, a kind (`day`) and a period (`2026-06-21`), return the film that stands, if any."""
        query = sa.select(films).where(films.c.camera == camera, films.c.kind == kind, films.c.period == period)
        with self.engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else Film(**{key: row[key] for key in row if key != "id"})

    def status(self, camera: str) -> HostStatus | None:
        """Given a camera, return what its host said last, if it has said anything."""
        query = sa.select(host_status.c.document).where(host_status.c.camera == camera)
        with self.engine.connect() as connection:
            document = connection.scalar(query)
        return None if document is None else HostStatus.from_json(document, f"the catalog's row of {camera}")

    def _all(self, query: sa.Select[Any]) -> list[Photo]:
        with self.engine.connect() as connection:
            return [photo for _, photo in with_sizes(connection, query)]

    def _one(self, query: sa.Select[Any]) -> Photo | None:
        return next(iter(self._all(query)), None)

    def _paged(self, camera: str, day: date, page: int) -> Iterator[Photo]:
        whole = _of(camera).where(photos.c.local_date == day).order_by(photos.c.taken_at, photos.c.id).limit(page)
        query = whole
        while True:
            with self.engine.connect() as connection:
                found = with_sizes(connection, query)
            yield from (photo for _, photo in found)
            if len(found) < page:
                return
            last_id, last = found[-1]
            later = sa.or_(photos.c.taken_at > last.taken_at, photos.c.id > last_id)
            query = whole.where(photos.c.taken_at >= last.taken_at, later)

    def _counts(self, camera: str, *span: sa.ColumnElement[bool]) -> dict[date, int]:
        day = photos.c.local_date
        query = sa.select(day, sa.func.count()).where(photos.c.camera == camera, *span).group_by(day).order_by(day)
        with self.engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def _last_before(self, camera: str, day: date) -> date | None:
        return self._day(sa.func.max(photos.c.local_date), camera, photos.c.local_date < day)

    def _first_after(self, camera: str, day: date) -> date | None:
        return self._day(sa.func.min(photos.c.local_date), camera, photos.c.local_date > day)

    def _day(self, which: sa.ColumnElement[date], camera: str, beyond: sa.ColumnElement[bool]) -> date | None:
        with self.engine.connect() as connection:
            day: date | None = connection.scalar(sa.select(which).where(photos.c.camera == camera, beyond))
            return day


class _JsonList(FunctionElement[str]):
    """The rows of a group as one JSON list."""

    inherit_cache = True


@compiles(_JsonList)
def _say_json_list(element: _JsonList, compiler: SQLCompiler, **options: Any) -> str:
    name = "json_group_array" if compiler.dialect.name == "sqlite" else "json_arrayagg"
    return name + compiler.process(element.clause_expr, **options)


PHOTOS = sa.select(photos.c.id, *COLUMNS)
SIZES = sa.select(
    renditions.c.photo_id, _JsonList(sa.func.json_array(*(renditions.c[field.name] for field in fields(Rendition))))
).group_by(renditions.c.photo_id)
"""A day's thousand renditions are its photos' lists: in Python a row costs more than all that it says."""


def _of(camera: str) -> sa.Select[Any]:
    return PHOTOS.where(photos.c.camera == camera)


def _newest_first(query: sa.Select[Any]) -> sa.Select[Any]:
    return query.order_by(photos.c.taken_at.desc(), photos.c.id.desc()).limit(1)


@cache
def _newest_of(count: int) -> sa.CompoundSelect[Any]:
    """Each camera's newest by itself: grouped, SQLite would read the whole index, and building it anew takes longer."""
    each = (sa.select(photos.c.id).where(photos.c.camera == sa.bindparam(f"camera{number}")) for number in range(count))
    return sa.union_all(*(sa.select(_newest_first(query).subquery().c.id) for query in each))


def with_sizes(connection: sa.Connection, query: sa.Select[Any]) -> list[tuple[int, Photo]]:
    """Given a query for photos, return each with its identifier and with its renditions, the smallest first."""
    rows = connection.execute(query).all()
    these = SIZES.where(renditions.c.photo_id.in_([row[0] for row in rows]))
    sizes = {photo_id: json.loads(its) for photo_id, its in connection.execute(these)} if rows else {}
    return [
        (row[0], Photo(*(*row[1:], tuple(Rendition(*size) for size in sorted(sizes.get(row[0], ())))))) for row in rows
    ]
