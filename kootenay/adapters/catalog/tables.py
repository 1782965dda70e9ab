"""The catalog's tables, as the newest migration leaves them in SQLite and MySQL.

Times are aware UTC outside and naive UTC inside. A change here wants a migration, REVISION, and nothing that a
program of the version before could not live with: it may still be writing.
"""

import math
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

REVISION = "0002"
"""The newest migration, said here because asking Alembic costs its import."""

LONGEST_NAME = 255


class UtcDateTime(sa.TypeDecorator[datetime]):
    """DATETIME with milliseconds: aware UTC in Python, naive UTC in the database."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.DATETIME(fsp=3))
        return dialect.type_descriptor(sa.DateTime())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class FileName(sa.TypeDecorator[str]):
    """A file's name as somebody chose it: what is no UTF-8 is escaped, and what is too long loses its end."""

    impl = sa.String(LONGEST_NAME)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else value.encode(errors="backslashreplace").decode()[:LONGEST_NAME]


class Measure(sa.TypeDecorator[float]):
    """A measured number; one that is not finite was not measured, and MySQL has no place for it."""

    impl = sa.Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: sa.Dialect) -> float | None:
        return value if value is not None and math.isfinite(value) else None


class Words(sa.TypeDecorator[tuple[str, ...]]):
    """A few words without commas, such as a photo's flags: a tuple in Python, `dark,frozen` in the database."""

    impl = sa.String(128)
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: sa.Dialect) -> str:
        return ",".join(value or ())

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> tuple[str, ...]:
        return tuple(value.split(",")) if value else ()


metadata = sa.MetaData()
Identifier = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""SQLite counts by itself only in a column that is exactly INTEGER."""

photos = sa.Table(
    "photos",
    metadata,
    sa.Column("id", Identifier, primary_key=True),
    sa.Column("camera", sa.String(32), nullable=False),
    sa.Column("slot", UtcDateTime, nullable=False),
    sa.Column("taken_at", UtcDateTime, nullable=False),
    sa.Column("offset_minutes", sa.SmallInteger, nullable=False),
    sa.Column("local_date", sa.Date, nullable=False),
    sa.Column("time_source", sa.String(16), nullable=False),
    sa.Column("sha256", sa.CHAR(64), nullable=False, unique=True),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("boost", sa.Boolean, nullable=False),
    sa.Column("elevation", sa.Double, nullable=False),
    sa.Column("archive_path", sa.String(255), nullable=False),
    sa.Column("name", FileName, nullable=False, server_default=""),
    sa.Column("by", sa.String(16), nullable=False, server_default=""),
    sa.Column("clock_trusted", sa.Boolean, nullable=False, server_default=sa.text("1")),
    sa.Column("light", Measure),
    sa.Column("contrast", Measure),
    sa.Column("black", Measure),
    sa.Column("white", Measure),
    sa.Column("sharpness", Measure),
    sa.Column("difference", Measure),
    sa.Column("same", Measure),
    sa.Column("flags", Words, nullable=False, server_default=""),
    sa.Column("signature", sa.LargeBinary(255)),
    sa.Column("recipe", sa.String(16), nullable=False, server_default=""),
    sa.Index("photos_camera_taken_at", "camera", "taken_at"),
    sa.Index("photos_camera_local_date", "camera", "local_date", "taken_at"),
    sa.Index("photos_camera_slot", "camera", "slot", "sha256", unique=True),
    mysql_charset="utf8mb4",
)

renditions = sa.Table(
    "renditions",
    metadata,
    sa.Column("photo_id", Identifier, sa.ForeignKey("photos.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("width", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("key", sa.String(255), nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    mysql_charset="utf8mb4",
)

days = sa.Table(
    "days",
    metadata,
    sa.Column("camera", sa.String(32), primary_key=True),
    sa.Column("local_date", sa.Date, primary_key=True),
    sa.Column("changes", sa.BigInteger, nullable=False),
    sa.Column("filmed", sa.BigInteger, nullable=False),
    mysql_charset="utf8mb4",
)
"""How often a day's photos have changed, and how often they had when its film was made. Rows stay, so that a count
never comes again and a slow film maker cannot take a newer photo's mark for its own."""

films = sa.Table(
    "films",
    metadata,
    sa.Column("id", Identifier, primary_key=True),
    sa.Column("camera", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("period", sa.String(16), nullable=False),
    sa.Column("manifest", sa.CHAR(64), nullable=False),
    sa.Column("key", sa.String(255), nullable=False),
    sa.Column("poster_key", sa.String(255), nullable=False),
    sa.Column("frames", sa.Integer, nullable=False),
    sa.Column("fps", sa.Integer, nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("made_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("camera", "kind", "period"),
    mysql_charset="utf8mb4",
)

host_status = sa.Table(
    "host_status",
    metadata,
    sa.Column("camera", sa.String(32), primary_key=True),
    sa.Column("as_of", UtcDateTime, nullable=False),
    sa.Column("document", sa.Text(1 << 20), nullable=False),
    mysql_charset="utf8mb4",
)
"""What each camera's host said last, as it said it."""
