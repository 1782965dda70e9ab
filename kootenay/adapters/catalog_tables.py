"""The catalog's tables, as SQLAlchemy Core makes them in SQLite and MySQL.

Times are aware UTC outside and naive UTC inside.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql


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
    sa.Index("photos_camera_taken_at", "camera", "taken_at"),
    sa.Index("photos_camera_local_date", "camera", "local_date", "taken_at"),
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
