"""The catalog: one row a photo, its renditions, its films and its camera's status, in SQLite or MySQL.

A photo carries the local date and offset it was taken in, so a page about a day never computes a time zone.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from kootenay.adapters.catalog_tables import films, host_status, metadata, photos, renditions
from kootenay.errors import CatalogError
from kootenay.rules.host_status import HostStatus


@dataclass(frozen=True)
class Rendition:
    """A size of a photo in the store; width and height in pixels."""

    width: int
    height: int
    key: str
    bytes: int


@dataclass(frozen=True)
class Photo:
    """A photo that is stored, archived and whole. `offset_minutes` is the site's UTC offset when it was taken."""

    camera: str
    slot: datetime
    taken_at: datetime
    offset_minutes: int
    local_date: date
    time_source: str
    sha256: str
    bytes: int
    width: int
    height: int
    boost: bool
    elevation: float
    archive_path: str
    renditions: tuple[Rendition, ...] = ()


@dataclass(frozen=True)
class Film:
    """A film that stands in the store; `manifest` is the hash of the plan it was made from."""

    camera: str
    kind: str
    period: str
    manifest: str
    key: str
    poster_key: str
    frames: int
    fps: int
    width: int
    height: int
    bytes: int
    made_at: datetime

    @property
    def seconds(self) -> float:
        return self.frames / self.fps


RACES, RACE_SECONDS = 20, 0.05


class Catalog:
    """The tables behind the verbs that ingest, films and the gallery need."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def add_photo(self, photo: Photo) -> bool:
        """Add a photo with its renditions in one transaction; return False when its bytes are already there."""
        row = {key: value for key, value in vars(photo).items() if key != "renditions"}
        try:
            with self.engine.begin() as connection:
                answer = connection.execute(photos.insert().values(**row))
                photo_id = answer.inserted_primary_key[0]  # type: ignore[index]
                if photo.renditions:
                    connection.execute(
                        renditions.insert(), [{"photo_id": photo_id} | asdict(each) for each in photo.renditions]
                    )
        except sa.exc.IntegrityError:
            if self.has_photo(photo.sha256):
                return False
            raise
        return True

    def has_photo(self, sha256: str) -> bool:
        """Given an original's hash, return whether it is catalogued."""
        with self.engine.connect() as connection:
            return bool(connection.scalar(sa.select(sa.exists().where(photos.c.sha256 == sha256))))

    def latest(self, camera: str) -> Photo | None:
        """Given a camera, return the photo taken last, whenever it arrived."""
        query = _of(camera).order_by(photos.c.taken_at.desc(), photos.c.id.desc()).limit(1)
        return next(iter(self._photos(query)), None)

    def day(self, camera: str, local_date: date) -> list[Photo]:
        """Given a camera and a local date, return its photos in the order they were taken."""
        query = _of(camera).where(photos.c.local_date == local_date)
        return self._photos(query.order_by(photos.c.taken_at, photos.c.id))

    def day_counts(self, camera: str) -> dict[date, int]:
        """Given a camera, return how many photos each of its local dates has, the newest date first."""
        query = (
            sa.select(photos.c.local_date, sa.func.count())
            .where(photos.c.camera == camera)
            .group_by(photos.c.local_date)
            .order_by(photos.c.local_date.desc())
        )
        with self.engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def put_film(self, film: Film) -> None:
        """Make `film` the film of its camera, kind and period, in place of an earlier one."""
        same = sa.and_(films.c.camera == film.camera, films.c.kind == film.kind, films.c.period == film.period)
        try:
            with self.engine.begin() as connection:
                connection.execute(films.insert().values(**asdict(film)))
        except sa.exc.IntegrityError:  # asked first, MySQL would lock the gap and two makers of a film each other
            with self.engine.begin() as connection:
                connection.execute(films.update().where(same).values(**asdict(film)))

    def film(self, camera: str, kind: str, period: str) -> Film | None:
        """Given a camera, a kind (`day`) and a period (`2026-06-21`), return the film that stands, if any."""
        query = sa.select(films).where(films.c.camera == camera, films.c.kind == kind, films.c.period == period)
        with self.engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else Film(**{key: row[key] for key in row if key != "id"})

    def put_status(self, status: HostStatus, now: datetime) -> bool:
        """Make this what is known of its camera, unless something newer is; return whether it was news.

        What a clock that is ahead says counts as said now, or it would stand until that day has come.
        """
        row = {"as_of": min(status.said_at, now), "document": status.to_json()}
        try:
            with self.engine.begin() as connection:
                connection.execute(host_status.insert().values(camera=status.camera, **row))
        except sa.exc.IntegrityError:
            newer = sa.and_(host_status.c.camera == status.camera, host_status.c.as_of < row["as_of"])
            with self.engine.begin() as connection:
                return connection.execute(host_status.update().where(newer).values(**row)).rowcount > 0
        return True

    def status(self, camera: str) -> HostStatus | None:
        """Given a camera, return what its host said last, if it has said anything."""
        query = sa.select(host_status.c.document).where(host_status.c.camera == camera)
        with self.engine.connect() as connection:
            document = connection.scalar(query)
        return None if document is None else HostStatus.from_json(document, f"the catalog's row of {camera}")

    def _photos(self, query: sa.Select[Any]) -> list[Photo]:
        with self.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
            sizes = _renditions_of(connection, [row["id"] for row in rows])
        return [Photo(**{key: row[key] for key in row if key != "id"}, renditions=sizes[row["id"]]) for row in rows]


def open_catalog(url: str, password: str | None = None) -> Catalog:
    """Given a SQLAlchemy URL, return the catalog with its tables made. Raises CatalogError in one line."""
    address = sa.make_url(url)
    if password is not None:
        address = address.set(password=password)
    try:
        engine = _engine(address)
        _make_tables(engine)
    except (sa.exc.SQLAlchemyError, OSError, ImportError) as error:
        msg = (
            f"the catalog {_named(address)} cannot be opened: {_cause(error)}. "
            "Nothing was changed; check [catalog] url and the server."
        )
        raise CatalogError(msg) from None
    sa.event.listen(engine, "handle_error", _say_that_it_is_gone)
    return Catalog(engine)


def _engine(address: sa.URL) -> sa.Engine:
    if address.get_backend_name() != "sqlite":
        return sa.create_engine(address, pool_pre_ping=True, pool_recycle=3600)
    engine = sa.create_engine(address, connect_args={"timeout": 30})
    sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _make_tables(engine: sa.Engine) -> None:
    """Make what is missing; who loses the race for a new catalog's tables looks again."""
    for _ in range(RACES):
        try:
            return metadata.create_all(engine)
        except sa.exc.OperationalError as error:
            if not any(word in _cause(error) for word in ("already exists", "is locked")):
                raise
            time.sleep(RACE_SECONDS)
    return metadata.create_all(engine)


def _say_that_it_is_gone(context: sa.engine.ExceptionContext) -> None:
    """A database that goes away later, or is too busy, is an error of one kind too."""
    error = context.sqlalchemy_exception
    if isinstance(error, sa.exc.OperationalError) and not context.is_pre_ping:
        where = f" {_named(context.engine.url)}" if context.engine else ""
        msg = f"the catalog{where} gave no answer: {_cause(error)}. Nothing was changed."
        raise CatalogError(msg)


def _named(address: sa.URL) -> str:
    return address.render_as_string(hide_password=True)


def _cause(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """WAL lets the gallery read while ingest writes; foreign keys are off in SQLite unless asked for."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=ON")


def _of(camera: str) -> sa.Select[Any]:
    return sa.select(photos).where(photos.c.camera == camera)


def _renditions_of(connection: sa.Connection, photo_ids: Sequence[int]) -> dict[int, tuple[Rendition, ...]]:
    sizes: dict[int, list[Rendition]] = {photo_id: [] for photo_id in photo_ids}
    query = sa.select(renditions).where(renditions.c.photo_id.in_(photo_ids)).order_by(renditions.c.width)
    for row in connection.execute(query).mappings() if photo_ids else ():
        sizes[row["photo_id"]].append(Rendition(row["width"], row["height"], row["key"], row["bytes"]))
    return {photo_id: tuple(found) for photo_id, found in sizes.items()}
