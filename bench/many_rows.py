"""Ten million photos of twenty cameras in a catalog, made by the database itself: five-minute slots for years.

The indexes are taken away first and made anew over the whole, as a restored dump does it.
"""

from collections.abc import Iterable
from datetime import date, timedelta

import sqlalchemy as sa

from kootenay.adapters.catalog.tables import photos, renditions

CAMERAS = [f"camera-{number:02}" for number in range(20)]
START = date(2016, 1, 1)
CHUNK = 500_000
WIDTHS = (320, 640, 1280, 1920)

COLUMNS = (
    "camera, slot, taken_at, offset_minutes, local_date, time_source, sha256, bytes, width, height, boost, elevation, "
    "archive_path, name, light, contrast, sharpness, signature"
)
SQLITE = """
    with recursive numbers(seq) as (select :first union all select seq + 1 from numbers where seq < :last),
    times as (select seq, datetime('2016-01-01', (seq / 20 * 5) || ' minutes') as at from numbers)
    select printf('camera-%02d', seq % 20), at || '.000000', at || '.234000', -480, date(at, '-8 hours'), 'sidecar',
    lower(hex(randomblob(32))), 3000000, 4000, 3000, 0, 30.5,
    printf('lake/2016/01/01/%024d.jpg', seq), 'photo_' || seq || '.jpg', 111.5, 42.25, 0.37, zeroblob(96)
    from times"""
MYSQL = """
    select concat('camera-', lpad(seq % 20, 2, '0')), at, at + interval 234000 microsecond, -480,
    date(at - interval 8 hour), 'sidecar', sha2(seq, 256), 3000000, 4000, 3000, 0, 30.5,
    concat('lake/2016/01/01/', lpad(seq, 24, '0'), '.jpg'), concat('photo_', seq, '.jpg'),
    111.5, 42.25, 0.37, repeat('x', 96)
    from (select seq, '2016-01-01' + interval seq div 20 * 5 minute as at from seq_{first}_to_{last}) as times"""


def days_of(rows: int) -> list[date]:
    """Given a number of photos, return the whole local days that each camera has."""
    return [START + timedelta(days=number) for number in range(rows // len(CAMERAS) // 288)]


def fill(engine: sa.Engine, rows: int) -> None:
    """Put so many photos into an empty catalog."""
    mysql = engine.dialect.name != "sqlite"
    with engine.connect() as connection:
        if mysql:
            connection.exec_driver_sql("alter table photos drop index sha256")
        else:
            connection.exec_driver_sql("pragma cache_size=-1000000")
        for index in photos.indexes:
            index.drop(connection)
        for first in range(0, rows, CHUNK):
            numbers = {"first": first, "last": min(first + CHUNK, rows) - 1}
            source = MYSQL.format(**numbers) if mysql else SQLITE
            connection.execute(sa.text(f"insert into photos ({COLUMNS}) {source}"), {} if mysql else numbers)
            connection.commit()
        if mysql:
            connection.exec_driver_sql("alter table photos add unique index sha256 (sha256)")
        for index in photos.indexes:
            index.create(connection)
        connection.exec_driver_sql("analyze table photos" if mysql else "analyze")
        connection.commit()
    engine.dispose()


def give_renditions(engine: sa.Engine, cameras: Iterable[str], days: Iterable[date]) -> None:
    """Give every photo of these days its four sizes."""
    key = photos.c.archive_path
    of_these = sa.and_(photos.c.camera.in_(list(cameras)), photos.c.local_date.in_(list(days)))
    with engine.begin() as connection:
        for width in WIDTHS:
            size = sa.select(photos.c.id, sa.literal(width), sa.literal(width * 3 // 4), key, sa.literal(width * 200))
            connection.execute(renditions.insert().from_select(list(renditions.c), size.where(of_these)))
