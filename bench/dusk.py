"""How soon a day's film is up after the day's last photo, through the deployed flows: ingest, its event, films.

`python -m bench.dusk` for this alone. The day has 12 MP photos; all but the last piece of its film are encoded before.
"""

import json
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from bench.orchestration import DEPLOYMENT, House
from bench.photos import prepare
from bench.runs import watch_deployment
from rig.processes import Keeper

RUNS = int(os.environ.get("BENCH_RUNS", "3"))
FRAMES = 90
"""Of a local day whose photos begin at 16:00."""
SECONDS = 600
ASK_SECONDS = 0.05
PHOTOS, FRAMES_UP = "select count(*) from photos", "select max(frames) from films where kind = 'day'"


def measure_dusk() -> dict[str, float]:
    """Return the median, and the longest, of the seconds from a photo's row to the row of the film that shows it."""
    found = []
    with tempfile.TemporaryDirectory(prefix="kootenay-bench-") as name:
        folder = Path(name)
        house, keeper = House(folder, "lake"), Keeper(folder / "logs")
        photo = prepare(folder)[0][12][0].read_bytes()
        catalog = house.home / "catalog.db"
        try:
            house.start(keeper)
            house.arrive(house.home, photo, FRAMES)
            watch_deployment(house.env, DEPLOYMENT)
            _when(catalog, FRAMES_UP, FRAMES)
            with ThreadPoolExecutor(2) as pool:
                for count in range(FRAMES + 1, FRAMES + 1 + RUNS):
                    row = pool.submit(_when, catalog, PHOTOS, count)
                    film = pool.submit(_when, catalog, FRAMES_UP, count)
                    house.arrive(house.home, photo, 1)
                    watch_deployment(house.env, DEPLOYMENT)
                    found.append(film.result() - row.result())
        finally:
            keeper.stop_all()
    return {"seconds": round(statistics.median(found), 2), "longest": round(max(found), 2), "load": os.getloadavg()[0]}


def _when(catalog: Path, query: str, wanted: int) -> float:
    """Return the instant at which another connection reads so many. Raises TimeoutError."""
    return _until(lambda: (_number(catalog, query) or 0) >= wanted)


def _until(reached: Callable[[], bool]) -> float:
    deadline = time.monotonic() + SECONDS
    while not reached():
        if time.monotonic() > deadline:
            msg = f"no such row in {SECONDS} s"
            raise TimeoutError(msg)
        time.sleep(ASK_SECONDS)
    return time.monotonic()


def _number(catalog: Path, query: str) -> int | None:
    try:
        with closing(sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)) as database:
            found: int | None = database.execute(query).fetchone()[0]
    except sqlite3.OperationalError:  # it is not there yet
        return None
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure_dusk()) + "\n")
