"""What the catalog's pages cost with ten million photos, on MariaDB and on SQLite, with their indexes and without.

`make bench-catalog`, BENCH_ROWS=n for fewer. docs/bench.md says how it is measured.
"""

import hashlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.many_rows import CAMERAS, WIDTHS, days_of, fill, give_renditions
from kootenay.adapters.catalog import Catalog, Photo, Rendition, open_catalog
from rig.databases import MariaDb

ROWS = int(os.environ.get("BENCH_ROWS", "10000000"))
CALLS = int(os.environ.get("BENCH_RUNS", "101"))
INSERT_SECONDS = 3.0
MEMORY, LOG = "1G", "512M"
DAYS_ASKED = 12
NAIVE = {
    "latest photo": "select * from photos {hint} where camera = :camera order by taken_at desc limit 1",
    "a day": "select * from photos {hint} where camera = :camera and local_date = :day order by taken_at",
    "a month's days": "select local_date, count(*) from photos {hint} where camera = :camera "
    "and local_date between :first and :last group by local_date",
    "latest of 20 cameras": "select camera, max(taken_at) from photos {hint} group by camera",
    "last 14 days": "select local_date, count(*) from photos {hint} where camera = :camera group by local_date",
}
HINTS = {
    "mariadb": "ignore index (photos_camera_taken_at, photos_camera_local_date, photos_camera_slot)",
    "sqlite": "not indexed",
}
numbers = count()

Ask = Callable[[str, date], Any]


def asks(catalog: Catalog) -> dict[str, Ask]:
    """Return what pages ask, each for a camera and a day."""
    return {
        "latest photo": lambda camera, _: catalog.latest(camera),
        "a day": lambda camera, day: catalog.day(camera, day),
        "a month's days": lambda camera, day: catalog.month_counts(camera, day.year, day.month),
        "latest of 20 cameras": lambda _, __: catalog.latest_of(CAMERAS),
        "last 14 days": lambda camera, _: catalog.recent_days(camera, 14),
        "days before and after": lambda camera, day: catalog.days_around(camera, day),
    }


def measure(catalog: Catalog, kind: str) -> dict[str, dict[str, float]]:
    """Return milliseconds of each page: as a verb, its statements alone, and without the indexes."""
    days = days_of(ROWS)
    chosen = days[:: max(1, len(days) // DAYS_ASKED)]
    cameras = CAMERAS[::4]
    give_renditions(catalog.engine, cameras, chosen)
    figures: dict[str, dict[str, float]] = {}
    for page, ask in asks(catalog).items():
        questions = [(cameras[n % len(cameras)], chosen[n % len(chosen)]) for n in range(CALLS)]
        for question in questions[: len(cameras) * 2]:
            ask(*question)
        told = [timed(partial(ask, *question)) for question in questions]
        alone = [in_the_database(catalog, partial(ask, *question)) for question in questions[:31]]
        figures[page] = {
            "verb": statistics.median(told),
            "cpu": statistics.median(timed(partial(ask, *question), time.process_time) for question in questions),
            "database": statistics.median(alone),
        }
        if page in NAIVE:
            figures[page]["no index"] = _naive(catalog, page, HINTS[kind], *questions[0])
    figures["last 14 days"]["all days"] = _naive(catalog, "last 14 days", "", *questions[0])
    return figures


def timed(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the milliseconds of `work`."""
    started = clock()
    work()
    return (clock() - started) * 1000


def in_the_database(catalog: Catalog, ask: Callable[[], object]) -> float:
    """Return the milliseconds that the database itself takes for what `ask` says to it, said again."""
    said: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        said.append((statement, values))

    sa.event.listen(catalog.engine, "before_cursor_execute", note)
    ask()
    sa.event.remove(catalog.engine, "before_cursor_execute", note)
    connection = catalog.engine.raw_connection()
    cursor = connection.cursor()
    if catalog.engine.dialect.name == "sqlite":
        taken = timed(lambda: [cursor.execute(*each).fetchall() for each in said])
    else:
        cursor.execute("set profiling = 1")
        for each in said:
            cursor.execute(*each)
        cursor.execute("show profiles")
        taken = sum(float(seconds) for _, seconds, _ in cursor.fetchall()[-len(said) :]) * 1000
        cursor.execute("set profiling = 0")
    connection.close()
    return taken


def _naive(catalog: Catalog, page: str, hint: str, camera: str, day: date) -> float:
    first = day.replace(day=1)
    values = {"camera": camera, "day": day, "first": first, "last": first + timedelta(days=30)}
    query = sa.text(NAIVE[page].format(hint=hint))
    values = {name: values[name] for name in query.compile().params}
    with catalog.engine.connect() as connection:
        return timed(lambda: connection.execute(query, values).all())


def photo() -> Photo:
    """Return another photo with four sizes each time."""
    number = next(numbers)
    sha256 = hashlib.sha256(f"new {number}".encode()).hexdigest()
    slot = datetime(2026, 6, 21, tzinfo=UTC) + number * timedelta(minutes=5)
    sizes = tuple(Rendition(width, width * 3 // 4, f"lake/{sha256[:16]}_{width}.jpg", width * 200) for width in WIDTHS)
    return Photo(
        camera="camera-00",
        slot=slot,
        taken_at=slot,
        offset_minutes=0,
        local_date=slot.date(),
        time_source="sidecar",
        sha256=sha256,
        bytes=3_000_000,
        width=4000,
        height=3000,
        boost=False,
        elevation=30.5,
        archive_path=f"lake/{sha256[:24]}.jpg",
        renditions=sizes,
    )


def inserts(catalog: Catalog, url: str) -> dict[str, float]:
    """Return photos a second: added one after another, on two threads, and with a new engine for each."""

    def anew() -> None:
        once = open_catalog(url)
        once.add_photo(photo())
        once.engine.dispose()

    add: Callable[[], object] = lambda: catalog.add_photo(photo())  # noqa: E731
    with ThreadPoolExecutor(2) as threads:
        two = sum(threads.map(_rate, [add, add]))
    return {"one thread": _rate(add), "two threads": two, "an engine each": _rate(anew)}


def _rate(work: Callable[[], object]) -> float:
    started, done = time.perf_counter(), 0
    while (passed := time.perf_counter() - started) < INSERT_SECONDS:
        work()
        done += 1
    return done / passed


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'catalog.db'}"
        return
    server = MariaDb(folder, MEMORY, LOG)
    server.start()
    try:
        engine = sa.create_engine(server.url("mysql"))
        with engine.begin() as connection:
            connection.exec_driver_sql("create database bench")
        engine.dispose()
        yield server.url("bench")
    finally:
        server.stop()


def table(kind: str, figures: dict[str, Any]) -> list[str]:
    """Return one database's figures as lines."""
    names = ("verb", "cpu", "database", "no index", "all days")
    lines = [f"{kind}: {ROWS:,} photos of {len(CAMERAS)} cameras, loaded and indexed in {figures['load']:.0f} s"]
    lines.append(f"{'milliseconds':24}{'verb':>10}{'its CPU':>12}{'database':>12}{'no index':>12}{'all days':>12}")
    for page, its in figures["pages"].items():
        cells = [f"{its[name]:{10 if name == 'verb' else 12}.2f}" if name in its else " " * 12 for name in names]
        lines.append(f"{page:24}{''.join(cells)}".rstrip())
    rates = ", ".join(f"{name} {rate:,.0f}" for name, rate in figures["inserts"].items())
    return [*lines, f"photos added a second, each a transaction with four sizes: {rates}", ""]


def main() -> int:
    """Measure, print the tables and, as the last line, the figures and their ratios as JSON."""
    told: dict[str, Any] = {"rows": ROWS}
    for kind in ("mariadb", "sqlite"):
        with tempfile.TemporaryDirectory(prefix="kootenay-bench-") as name, _database(kind, Path(name)) as url:
            catalog = open_catalog(url)
            load = timed(lambda: fill(catalog.engine, ROWS)) / 1000  # noqa: B023
            figures: dict[str, Any] = {"load": load, "pages": measure(catalog, kind), "inserts": inserts(catalog, url)}
            catalog.engine.dispose()
        told[kind] = figures
        sys.stdout.write("\n".join(table(kind, figures)) + "\n")
        sys.stdout.flush()
        told[f"{kind} ratios"] = {
            page: round(its["no index"] / its["verb"]) for page, its in figures["pages"].items() if "no index" in its
        }
    sys.stdout.write(json.dumps(told, default=float) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
