"""What the guard and the hook promise on a disk that another program has filled: they go on, and explain it later."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from guard import watch as watch_module
from guard.hook import receive
from guard.upload import drain_once
from guard.watch import Watch, keep_watch
from kootenay.adapters import clock, station
from kootenay.errors import DiskFullError
from kootenay.rules.slots import SlotState
from kootenay.settings import Settings, load_settings
from kootenay.wiring import ledger_of, spool_of
from tests.adapters.conftest import names
from tests.adapters.full_disk import fill, leave, mounted, needs_root
from tests.adapters.test_full_disk import photo_of, stuff

pytestmark = needs_root

NOON = datetime(2026, 6, 21, 12, 0, tzinfo=UTC)
STEP = timedelta(minutes=5)
LOOK = timedelta(seconds=20)


@pytest.fixture(params=["tmpfs", "ext4"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with mounted(request.param, tmp_path) as disk:
        yield disk


@pytest.fixture
def host(disk: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The camera host on the small disk, and its server's folder on another."""
    monkeypatch.setattr(station, "pause", lambda _: None)
    monkeypatch.setenv("KOOTENAY_HOME", str(disk / "home"))
    monkeypatch.setenv("KOOTENAY_UPLOAD__TARGET", f"file:{tmp_path / 'incoming'}")
    return load_settings()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The host's clock, to be set."""
    now = [NOON + LOOK]
    monkeypatch.setattr(clock, "now", lambda: now[0])
    monkeypatch.setattr(station.take, "__defaults__", (lambda: now[0],))
    return now


def slots_of(host: Settings, count: int) -> list[tuple[SlotState, bool]]:
    """Return what became of so many slots from NOON on, and whether the disk is the reason."""
    entries = ledger_of(host).between("fjord", NOON, NOON + count * STEP)
    assert [entry.slot for entry in entries] == [NOON + number * STEP for number in range(count)]
    return [(entry.state, "is full" in entry.reason) for entry in entries]


def test_hours_on_a_full_disk_are_missed_for_that_reason_and_then_all_goes_on(
    host: Settings, at: list[datetime], disk: Path
) -> None:
    watch = Watch(host, "fjord")
    watch.look(at[0])
    filler = fill(disk)
    stuff(ledger_of(host), "fjord", NOON - timedelta(days=1))
    for number in range(1, 60):
        at[0] = NOON + number * STEP + LOOK
        if number == 30:
            watch = Watch(host, "fjord")  # it can also begin on a full disk
        told = watch.look(at[0])
        assert "UTC has no photo: " in told
        assert "is full" in told
        assert "\n" not in told
    assert [each.sidecar.slot for each in spool_of(host).waiting()] == [NOON]
    filler.unlink()
    at[0] = NOON + 60 * STEP + LOOK
    assert "taken by the guard" in watch.look(at[0])
    found = slots_of(host, 61)
    assert (found[0], found[-1]) == ((SlotState.TAKEN, False), (SlotState.TAKEN, False))
    assert {state for state, _ in found[1:-1]} == {SlotState.MISSED}
    assert all(full for _, full in found[30:-1])


def test_confirmed_photos_make_room_for_the_guard(host: Settings, at: list[datetime], disk: Path) -> None:
    watch, spool = Watch(host, "fjord"), spool_of(host)
    for _ in range(4):
        watch.look(at[0])
        at[0] += STEP
    *confirmed, _ = spool.waiting()
    for each in confirmed:
        spool.release(each)
    fill(disk)
    stuff(ledger_of(host))
    assert "taken by the guard" in watch.look(at[0])
    assert names(spool.kept) == []
    assert [each.sidecar.slot for each in spool.waiting()] == [NOON + 3 * STEP, NOON + 4 * STEP]


@pytest.mark.parametrize("disk", ["tmpfs"], indirect=True)
def test_photos_whose_lines_found_no_room_get_them_from_the_spool(
    host: Settings, at: list[datetime], disk: Path
) -> None:
    watch = Watch(host, "fjord")
    watch.look(at[0])
    filler = fill(disk)
    stuff(ledger_of(host), "fjord", NOON - timedelta(days=1))
    for number in range(1, 40):
        leave(filler, 2)  # a page for the photo and one for its sidecar
        at[0] = NOON + number * STEP + LOOK
        watch.look(at[0])
        fill(disk)
    photos = [each.sidecar.slot for each in spool_of(host).waiting()]
    lines = [entry.slot for entry in ledger_of(host).between("fjord", NOON, at[0])]
    assert set(photos) - set(lines)
    filler.unlink()
    at[0] = NOON + 40 * STEP + LOOK
    watch.look(at[0])
    taken = [NOON + number * STEP for number, (state, _) in enumerate(slots_of(host, 41)) if state is SlotState.TAKEN]
    assert taken == [*photos, NOON + 40 * STEP]


def test_its_threads_outlive_a_full_disk(
    host: Settings, at: list[datetime], disk: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    watch, over = Watch(host, "fjord"), threading.Event()
    watch.look(at[0])
    filler = fill(disk)
    rounds = iter(range(20))

    def next_slot(_at: datetime, _over: threading.Event) -> bool:
        at[0] += STEP
        number = next(rounds)
        if number == 15:
            filler.unlink()
        return number < 19

    monkeypatch.setattr(watch_module, "_sleep_until", next_slot)
    keep_watch(watch, over)
    assert [each.sidecar.slot for each in spool_of(host).waiting()] == [
        NOON,
        *(NOON + number * STEP for number in range(16, 20)),
    ]
    assert [state for state, _ in slots_of(host, 20)][1:16] == [SlotState.MISSED] * 15
    assert "Traceback" not in caplog.text


def test_it_drains_a_full_disk(host: Settings, at: list[datetime], disk: Path, tmp_path: Path) -> None:
    for number in range(3):
        at[0] = NOON + number * STEP + LOOK
        Watch(host, "fjord").look(at[0])
    fill(disk)
    stuff(ledger_of(host))
    at[0] += timedelta(days=2)
    assert drain_once(host).startswith("3 photos sent")
    assert drain_once(host).startswith("0 photos sent")
    assert len([name for name in names(tmp_path / "incoming") if name.endswith(".jpg")]) == 3


def test_the_hook_leaves_its_file_alone(host: Settings, at: list[datetime], disk: Path, tmp_path: Path) -> None:
    Watch(host, "fjord")
    shot = tmp_path / "shot.jpg"
    shot.write_bytes(photo_of(NOON))
    filler = fill(disk)
    env = {"ACTION": "download", "ARGUMENT": str(shot)}
    with pytest.raises(DiskFullError):
        receive(host, env)
    assert shot.read_bytes() == photo_of(NOON)
    filler.unlink()
    assert receive(host, env) == "shot.jpg is the photo of 12:00 UTC\n"
