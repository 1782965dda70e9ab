"""The tables as they were before there were migrations: whatever of them is there already is left as it is."""

import sqlalchemy as sa
from alembic import op

from kootenay.adapters.catalog.tables import Identifier, UtcDateTime

revision = "0001"
down_revision = None

metadata = sa.MetaData()

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


def upgrade() -> None:
    metadata.create_all(op.get_bind())
    for index in photos.indexes:
        index.create(op.get_bind(), checkfirst=True)
