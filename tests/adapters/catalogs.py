"""What the catalog's tests share: photos and films to put in, databases to put them in, and many threads at once."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from kootenay.adapters.catalog import Film, Photo, Rendition
from tests.adapters.conftest import SLOT, STEP

DAY = date(2026, 6, 21)
MARIADB = pytest.param("mariadb", marks=pytest.mark.real("mariadb"))


def photo(number: int = 0, camera: str = "lake", **changes: object) -> Photo:
    slot = SLOT + number * STEP
    digest = hashlib.sha256(f"{camera} {number}".encode()).hexdigest()
    made = Photo(
        camera=camera,
        slot=slot,
        taken_at=slot + timedelta(seconds=1, milliseconds=234),
        offset_minutes=-420,
        local_date=DAY,
        time_source="sidecar",
        sha256=digest,
        bytes=3_000_000_000,
        width=1920,
        height=1080,
        boost=True,
        elevation=-0.123,
        archive_path=f"{camera}/2026/06/21/{digest[:8]}.jpg",
        renditions=tuple(
            Rendition(width, width * 9 // 16, f"{camera}/{digest[:8]}_{width}.jpg", width * 100)
            for width in (320, 640, 1280)
        ),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def film(**changes: object) -> Film:
    made = Film("lake", "day", "2026-06-21", "a" * 64, "film.mp4", "poster.jpg", 96, 12, 1920, 1080, 5_000_000, SLOT)
    return replace(made, **changes)  # type: ignore[arg-type]


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """Do `work(number)` in so many threads that start together; return their results, errors too."""
    together, results = threading.Barrier(count), list[object]()

    def one(number: int) -> None:
        together.wait(30)
        try:
            results.append(work(number))
        except Exception as error:  # noqa: BLE001 (a thread's error is the test's)
            results.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
