"""What a camera host promises on a disk that is full: no photo is lost, and with room all goes on by itself."""

import contextlib
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from kootenay.adapters import station as station_module
from kootenay.adapters.drain import MOST_REFUSALS, Drain, collect, look_after, send
from kootenay.adapters.ledger import Entry, Ledger
from kootenay.adapters.spool import SpooledPhoto
from kootenay.adapters.station import Station, receive, take
from kootenay.adapters.transfer import write_receipt
from kootenay.adapters.transfer.folder import FolderTarget
from kootenay.errors import DiskFullError, PhotoRefusedError
from kootenay.rules.slots import SlotPlan, SlotState
from rig.quick_camera import EMPTY, commented
from tests.adapters.conftest import DAYLIGHT, SLOT, STEP, camera_spec, names, spool_photo
from tests.adapters.full_disk import BLOCK, fill, leave, mounted, needs_root
from tests.adapters.test_station import station_in

pytestmark = needs_root

PHOTO = 25 * BLOCK
PLAN = SlotPlan(SLOT, DAYLIGHT)
EARLIER = [SLOT - number * STEP for number in range(8, 0, -1)]


@pytest.fixture(params=["tmpfs", "ext4"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with mounted(request.param, tmp_path) as disk:
        yield disk


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(station_module, "pause", lambda _: None)


def photo_of(slot: datetime) -> bytes:
    """A photo of PHOTO bytes, like no other."""
    left, photo = PHOTO, EMPTY
    while left > len(photo):
        words = f"{slot} ".encode() * 3000
        photo = commented(photo, words[: min(50_000, left - len(photo) - 4)])
    return photo


def host_on(disk: Path, tmp_path: Path, floor: int = 0) -> Station:
    """A host whose camera gives photos of PHOTO bytes, with eight of them in the spool and in the ledger."""
    scene = tmp_path / "scene.jpg"
    scene.write_bytes(photo_of(SLOT)[: -BLOCK + 100] + EMPTY[-2:])
    command = (sys.executable, "-m", "rig.quick_camera", "{into}", str(scene))
    station = station_in(disk, camera=camera_spec("command", command=command, normal={}), bands=(), floor=floor)
    for slot in EARLIER:
        spooled = spool_photo(station.spool, slot, photo_of(slot))
        station.ledger.record(Entry.of_photo(spooled.sidecar, SlotState.TAKEN), slot)
    return station


def confirm(station: Station, number: int) -> None:
    for spooled in station.spool.waiting()[:number]:
        station.spool.mark_sent(spooled)
        station.ledger.record(Entry.of_photo(spooled.sidecar, SlotState.CONFIRMED), SLOT)
    for spooled in station.spool.unconfirmed():
        station.spool.release(spooled)


def stuff(ledger: Ledger, camera: str = "lake", slot: datetime = SLOT) -> None:
    """Write lines next to that of a slot, long ones and then short ones, until there is no room for one more."""
    number = count(1)
    for reason in ("r" * 20_000, "r" * 2000, ""):
        with contextlib.suppress(DiskFullError):
            while True:
                beside = slot + 10 * STEP - timedelta(seconds=next(number))
                ledger.record(Entry(camera, beside, SlotState.MISSED, reason), SLOT)


def waiting(station: Station) -> list[datetime]:
    return [each.sidecar.slot for each in station.spool.waiting()]


def state(station: Station, slot: datetime) -> SlotState | None:
    entry = station.ledger.find("lake", slot)
    return None if entry is None else entry.state


def test_the_ledger_can_be_read_and_written_while_its_pages_have_room_and_then_waits_for_some(disk: Path) -> None:
    ledger = Ledger(disk / "ledger.db")
    for number in range(30):
        ledger.record(Entry("lake", SLOT + number * STEP, SlotState.TAKEN, ""), SLOT)
    filler = fill(disk)
    ledger.record(Entry("lake", SLOT + 30 * STEP, SlotState.TAKEN, ""), SLOT)
    stuff(ledger)
    known = Ledger(disk / "ledger.db").find("lake", SLOT)
    assert known == Entry("lake", SLOT, SlotState.TAKEN, "")
    new = Entry("lake", SLOT - STEP, SlotState.TAKEN, "r" * 2000)
    with pytest.raises(DiskFullError, match=r"ledger.db could not be written, its disk is full; no photo") as caught:
        ledger.record(new, SLOT)
    assert "\n" not in str(caught.value)
    with pytest.raises(DiskFullError, match=r"other\.db could not be written"):
        Ledger(disk / "other.db")
    filler.unlink()
    ledger.record(new, SLOT)
    assert ledger.between("lake", SLOT - STEP, SLOT + STEP) == [new, known]


@pytest.mark.parametrize("floor", [0, 2 * PHOTO], ids=["no floor", "a floor"])
def test_confirmed_photos_make_room_and_the_camera_goes_on(disk: Path, tmp_path: Path, floor: int) -> None:
    station = host_on(disk, tmp_path, floor)
    confirm(station, 4)
    fill(disk)
    stuff(station.ledger)
    assert take(station, PLAN, lambda: SLOT, by="run").fresh
    assert waiting(station) == [*EARLIER[4:], SLOT]
    assert [state(station, slot) for slot in EARLIER] == [SlotState.CONFIRMED] * 4 + [SlotState.TAKEN] * 4
    assert state(station, SLOT) is SlotState.TAKEN


def test_with_a_floor_and_nothing_confirmed_every_second_photo_goes_and_the_ledger_says_so(
    disk: Path, tmp_path: Path
) -> None:
    station = host_on(disk, tmp_path, 2 * PHOTO)
    fill(disk)
    stuff(station.ledger)
    assert take(station, PLAN, lambda: SLOT, by="run").fresh
    left = waiting(station)
    assert 3 <= len(left) - 1 < 8
    assert left[-1] == SLOT
    for slot in EARLIER:
        assert state(station, slot) is (SlotState.TAKEN if slot in left else SlotState.DROPPED)


def test_without_a_floor_nothing_unconfirmed_goes_and_the_slot_is_told_in_one_line(disk: Path, tmp_path: Path) -> None:
    station = host_on(disk, tmp_path)
    filler = fill(disk)
    stuff(station.ledger)
    for _ in range(3):
        with pytest.raises(
            DiskFullError, match=r"spool is full, and nothing there may go; .* goes on by itself"
        ) as told:
            take(station, PLAN, lambda: SLOT, by="run")
        assert "\n" not in str(told.value)
        assert waiting(station) == EARLIER
    filler.unlink()
    assert take(station, PLAN, lambda: SLOT, by="run").fresh
    assert waiting(station) == [*EARLIER, SLOT]
    assert station.news.troubles("lake") == {}


def test_that_it_is_full_is_told_once_and_so_is_its_end(disk: Path, tmp_path: Path) -> None:
    station = host_on(disk, tmp_path)
    filler = fill(disk)
    for _ in range(3):
        with pytest.raises(DiskFullError):
            take(station, PLAN, lambda: SLOT, by="run")
    assert "is full" in station.news.troubles("")["disk"].reason
    filler.unlink()
    take(station, PLAN, lambda: SLOT, by="run")
    assert [(item.kind, item.name) for item in station.news.waiting()] == [("alert", "disk"), ("recovered", "disk")]


def test_a_disk_that_fills_as_the_camera_writes_is_no_trouble_of_the_camera(disk: Path, tmp_path: Path) -> None:
    station = host_on(disk, tmp_path)
    filler = fill(disk)
    leave(filler, 6)
    with pytest.raises(DiskFullError):
        take(station, PLAN, lambda: SLOT, by="run")
    assert station.news.troubles("lake") == {}
    assert names(station.spool.bad) == names(station.spool.work) == []


@pytest.mark.parametrize("disk", ["tmpfs"], indirect=True)
def test_a_photo_that_took_the_last_room_is_in_the_spool_and_its_slot_is_not_taken_again(
    disk: Path, tmp_path: Path
) -> None:
    """In memory each file costs whole pages and nothing else, so that what is left can be told beforehand."""
    station = host_on(disk, tmp_path)
    filler = fill(disk)
    stuff(station.ledger)
    leave(filler, PHOTO // BLOCK + 1)
    assert take(station, PLAN, lambda: SLOT, by="run").fresh
    assert state(station, SLOT) is None
    assert waiting(station) == [*EARLIER, SLOT]
    assert not take(station, PLAN, lambda: SLOT, by="guard").fresh
    filler.unlink()
    assert not take(station, PLAN, lambda: SLOT, by="guard").fresh
    assert state(station, SLOT) is SlotState.TAKEN
    assert waiting(station) == [*EARLIER, SLOT]


def test_a_hook_leaves_its_file_alone_until_there_is_room(disk: Path, tmp_path: Path) -> None:
    station = host_on(disk, tmp_path)
    file = disk / "shot.jpg"
    file.write_bytes(photo_of(SLOT))
    filler = fill(disk)
    with pytest.raises(DiskFullError):
        receive(station, PLAN, file, lambda: SLOT, by="hook")
    assert file.read_bytes() == photo_of(SLOT)
    assert waiting(station) == EARLIER
    filler.unlink()
    assert receive(station, PLAN, file, lambda: SLOT, by="hook").fresh
    assert not file.exists()
    assert waiting(station) == [*EARLIER, SLOT]


class Server(FolderTarget):
    """A server on another disk, which counts what it is sent and may refuse one slot."""

    def __init__(self, incoming: Path, refuses: datetime | None = None) -> None:
        super().__init__(incoming)
        incoming.mkdir()
        self.sent: list[datetime] = []
        self.refuses = refuses

    def send(self, spooled: SpooledPhoto) -> None:
        if spooled.sidecar.slot == self.refuses:
            msg = "it will not have it"
            raise PhotoRefusedError(msg)
        super().send(spooled)
        self.sent.append(spooled.sidecar.slot)


def drain_of(station: Station, server: Server) -> Drain:
    facts: dict[str, Any] = {
        "open_target": lambda: contextlib.nullcontext(server),
        "newest_first": False,
        "keep": timedelta(days=7),
        "alert_after": timedelta(hours=1),
        "reminder": timedelta(days=1),
    }
    lock_path = station.lock_path.with_name("upload.lock")
    return Drain(spool=station.spool, ledger=station.ledger, news=station.news, lock_path=lock_path, **facts)


def drain_once(drain: Drain) -> None:
    look_after(drain, SLOT + timedelta(hours=9))
    send(drain, drain.waiting(), lambda: SLOT)
    collect(drain, lambda: SLOT)


def test_a_full_host_sends_each_photo_once_and_what_is_confirmed_makes_room(disk: Path, tmp_path: Path) -> None:
    station, server = host_on(disk, tmp_path), Server(tmp_path / "incoming")
    drain = drain_of(station, server)
    fill(disk)
    stuff(station.ledger)
    for _ in range(2):
        drain_once(drain)
        assert server.sent == EARLIER
        assert station.spool.waiting() == []
    for spooled in station.spool.unconfirmed():
        write_receipt(tmp_path / "incoming", spooled.sidecar.stem, spooled.sidecar.sha256)
    drain_once(drain)
    assert [state(station, slot) for slot in EARLIER] == [SlotState.CONFIRMED] * 8
    assert station.spool.unconfirmed() == []
    assert take(station, PLAN, lambda: SLOT, by="run").fresh


def test_on_a_full_host_a_refused_photo_holds_up_no_other(disk: Path, tmp_path: Path) -> None:
    station, server = host_on(disk, tmp_path), Server(tmp_path / "incoming", EARLIER[0])
    drain = drain_of(station, server)
    filler = fill(disk)
    stuff(station.ledger)
    for _ in range(MOST_REFUSALS + 2):
        drain_once(drain)
    assert server.sent == EARLIER[1:]
    filler.unlink()
    for _ in range(MOST_REFUSALS):
        drain_once(drain)
    assert names(station.spool.new) == []
    assert any(name.endswith(".reason.txt") for name in names(station.spool.aside))
