"""A photo's measures, its name and who took it; the days that want a film; what the camera hosts say."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from kootenay.adapters.catalog.tables import FileName, Measure, UtcDateTime, Words

revision = "0002"
down_revision = "0001"

metadata = sa.MetaData()

days = sa.Table(
    "days",
    metadata,
    sa.Column("camera", sa.String(32), primary_key=True),
    sa.Column("local_date", sa.Date, primary_key=True),
    sa.Column("changes", sa.BigInteger, nullable=False),
    sa.Column("filmed", sa.BigInteger, nullable=False),
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


def upgrade() -> None:
    inspector = sa.inspect(op.get_bind())
    there = {column["name"] for column in inspector.get_columns("photos")}
    for column in _measures():
        if column.name not in there:
            op.add_column("photos", column)
    if not inspector.has_index("photos", "photos_camera_slot"):
        op.create_index("photos_camera_slot", "photos", ["camera", "slot", "sha256"], unique=True)
    metadata.create_all(op.get_bind())


def _measures() -> list[sa.Column[Any]]:
    return [
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
    ]
