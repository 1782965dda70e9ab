"""The films' story: ahead while the day goes on, the day's film at dusk, weeks and months when they are over."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import State

from flows import timelapse as timelapse_module
from flows.timelapse import timelapse
from kootenay.adapters import clock
from kootenay.rules.slots import last_lit, slots_between
from kootenay.settings import Settings, load_settings
from kootenay.wiring import catalog_of, store_of, studio_of
from tests.adapters.conftest import STEP
from tests.adapters.studios import DAY, MORNING, SITE, take

NOON = datetime(2026, 6, 21, 20, 0, tzinfo=UTC)
MONDAY = datetime(2026, 6, 22, 15, 0, tzinfo=UTC)


@pytest.fixture
def lake(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Small films."""
    for name, value in {"WIDTH": "96", "HEIGHT": "54", "PRESET": "ultrafast", "THREADS": "1"}.items():
        monkeypatch.setenv(f"KOOTENAY_FILM__{name}", value)
    return load_settings()


def at(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(timelapse_module, "scheduled", lambda: now)


def shoot(settings: Settings, count: int, start: datetime = MORNING, first: int = 0) -> None:
    take(studio_of(settings, "lake", store_of(settings)), count, start, first)


def run(period: str = "") -> State[Any]:
    state: State[Any] = timelapse(period=period, return_state=True)
    return state


def test_while_the_day_goes_on_its_pieces_are_made_and_at_its_last_photo_its_film(
    lake: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = catalog_of(lake)
    at(monkeypatch, NOON)
    shoot(lake, 72)
    assert run().message == "2026-06-21: 48 frames ready"
    assert catalog.film("lake", "day", str(DAY)) is None
    start, end = datetime(2026, 6, 21, 7, tzinfo=UTC), datetime(2026, 6, 22, 7, tzinfo=UTC)
    last = last_lit(lake.camera("lake").plan(SITE, slots_between(start, end, STEP)))
    assert last is not None
    at(monkeypatch, last + timedelta(seconds=30))
    shoot(lake, 1, last)
    assert str(run().message).startswith("2026-06-21: 73 frames, ")
    film = catalog.film("lake", "day", str(DAY))
    assert film is not None
    assert film.frames == 73
    assert run().name == "NothingNew"


def test_a_week_ends_with_its_last_day_and_a_late_photo_makes_both_anew(
    lake: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, MONDAY)
    for back in (0, 2):
        shoot(lake, 5, MORNING - timedelta(days=back))
    told = str(run().message)
    assert [each.split(":")[0] for each in told.split("; ")] == ["2026-06-19", "2026-06-21", "2026-W25"]
    shoot(lake, 1, MORNING - timedelta(days=2), first=9)
    told = str(run().message)
    assert [each.split(",")[0] for each in told.split("; ")] == ["2026-06-19: 6 frames", "2026-W25: 11 frames"]


@pytest.mark.parametrize(("period", "frames"), [("2026-06", 10), ("2026", 10), ("last-3", 10), ("2026-06-20", 5)])
def test_one_period_by_name(lake: Settings, monkeypatch: pytest.MonkeyPatch, period: str, frames: int) -> None:
    at(monkeypatch, NOON)
    for back in (0, 1):
        shoot(lake, 5, MORNING - timedelta(days=back))
    assert str(run(period).message).startswith(f"{period}: {frames} frames, ")
    assert run(period).name == "NothingNew"


def test_a_period_that_is_none_is_told_in_one_line(lake: Settings) -> None:
    state = run("June")
    assert state.is_failed()
    assert (
        state.message == "'June' names no period: write 2026-06-21, 2026-W26, 2026-06, 2026 or last-7; nothing was made"
    )


def test_a_photo_that_comes_while_the_film_is_made_leaves_its_mark(
    lake: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    at(monkeypatch, MONDAY)
    shoot(lake, 5)
    made = timelapse_module.make_film

    def meanwhile(*arguments: Any) -> Any:
        film = made(*arguments)
        shoot(lake, 1, first=7)
        monkeypatch.setattr(timelapse_module, "make_film", made)
        return film

    monkeypatch.setattr(timelapse_module, "make_film", meanwhile)
    run()
    assert [each.local_date for each in catalog_of(lake).changed_days("lake")] == [DAY]
    run()
    film = catalog_of(lake).film("lake", "day", str(DAY))
    assert film is not None
    assert film.frames == 6
    assert catalog_of(lake).changed_days("lake") == []
