"""What the camera's host promises: a slot is at most one photo, whoever takes it and whenever he is killed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kootenay.adapters.files import lock, sha256_of
from kootenay.adapters.ledger import Entry, Ledger
from kootenay.adapters.spool import Spool
from kootenay.adapters.station import Station, take
from kootenay.errors import CameraBusyError, CameraError, is_transient
from kootenay.rules.slots import SlotState
from tests.adapters.conftest import (
    DAYLIGHT,
    SLOT,
    STEP,
    SUNSET,
    camera_spec,
    jpeg,
    names,
    sidecar_of,
    spool_photo,
    start_python,
)

TAKER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from kootenay.adapters.station import take
from tests.adapters.conftest import DAYLIGHT, SLOT
from tests.adapters.test_station import station_in

station = station_in(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
taken = take(station, SLOT, DAYLIGHT, lambda: datetime.now(UTC))
print(taken.fresh, taken.entry.state, taken.entry.sha256)
"""


def station_in(folder: Path, driver: str = "virtual", patience: float = 30) -> Station:
    return Station(
        camera_spec(driver), Spool(folder / "spool"), Ledger(folder / "ledger.db"), folder / "lake.lock", patience
    )


def now() -> datetime:
    return datetime.now(UTC)


def test_a_photo_lands_in_spool_and_ledger_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    station, started = station_in(tmp_path), now()
    taken = take(station, SLOT, SUNSET, now)
    (spooled,) = station.spool.waiting()
    sidecar = spooled.sidecar
    assert taken.fresh
    assert taken.entry == station.ledger.find("lake", SLOT)
    assert taken.entry == Entry(
        "lake", SLOT, SlotState.TAKEN, "10 min before sunset", sha256_of(spooled.photo), spooled.photo.stat().st_size
    )
    assert (sidecar.sha256, sidecar.bytes) == (taken.entry.sha256, taken.entry.bytes)
    assert (sidecar.camera, sidecar.slot, sidecar.boost, sidecar.elevation) == ("lake", SLOT, True, 2.125)
    assert sidecar.settings == {"exposurecompensation": "1"}
    assert started < sidecar.taken_at < now()
    assert names(station.spool.work) == []


def test_in_a_rehearsal_the_photo_is_of_its_slot(tmp_path: Path) -> None:
    station = station_in(tmp_path)
    take(station, SLOT, DAYLIGHT, now, rehearse=True)
    assert station.spool.waiting()[0].sidecar.taken_at == SLOT


def test_two_processes_that_take_a_slot_make_one_photo(tmp_path: Path) -> None:
    with start_python(TAKER, tmp_path) as one, start_python(TAKER, tmp_path) as other:
        for process in (one, other):
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in (one, other):
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        answers = [process.communicate(timeout=60)[0].split() for process in (one, other)]
    (spooled,) = Spool(tmp_path / "spool").waiting()
    assert sorted(answer[0] for answer in answers) == ["False", "True"]
    assert [answer[1:] for answer in answers] == [["taken", spooled.sidecar.sha256]] * 2


def test_a_camera_in_use_is_busy_when_patience_ends(tmp_path: Path) -> None:
    station = station_in(tmp_path, patience=0.1)
    with lock(station.lock_path), pytest.raises(CameraBusyError, match=r"'lake' .* 20:00 UTC is still open") as caught:
        take(station, SLOT, DAYLIGHT, now)
    assert is_transient(caught.value)
    assert names(station.spool.new) == []
    assert station.ledger.find("lake", SLOT) is None


def test_a_photo_that_a_kill_left_out_of_the_ledger_is_found_and_no_second_one_taken(tmp_path: Path) -> None:
    station = station_in(tmp_path, driver="gphoto2")  # without a camera: asking it would raise
    content = jpeg()
    spooled = spool_photo(station.spool, content=content)
    taken = take(station, SLOT, DAYLIGHT, now)
    assert not taken.fresh
    assert taken.entry == station.ledger.find("lake", SLOT)
    assert (taken.entry.state, taken.entry.sha256) == (SlotState.TAKEN, sidecar_of(content).sha256)
    assert station.spool.waiting() == [spooled]


@pytest.mark.parametrize("state", [state for state in SlotState if state.has_photo])
def test_a_slot_whose_photo_is_on_its_way_or_gone_is_not_taken_again(tmp_path: Path, state: SlotState) -> None:
    station = station_in(tmp_path, driver="gphoto2")
    entry = Entry("lake", SLOT, state, "", "0" * 64, 7)
    station.ledger.record(entry, now())
    taken = take(station, SLOT, DAYLIGHT, now)
    assert (taken.fresh, taken.entry) == (False, entry)
    assert station.spool.waiting() == []


def test_the_photo_of_another_slot_does_not_stand_for_this_one(tmp_path: Path) -> None:
    station = station_in(tmp_path, driver="gphoto2")
    spool_photo(station.spool, SLOT + STEP)
    with pytest.raises(CameraError):
        take(station, SLOT, DAYLIGHT, now)


def test_a_camera_that_gives_nothing_leaves_the_slot_open(tmp_path: Path) -> None:
    with pytest.raises(CameraError):
        take(station_in(tmp_path, driver="gphoto2"), SLOT, DAYLIGHT, now)
    station = station_in(tmp_path)
    assert station.ledger.find("lake", SLOT) is None
    assert names(tmp_path / "spool") == []
    assert take(station, SLOT, DAYLIGHT, now).fresh


@pytest.mark.parametrize("state", [SlotState.MISSED, SlotState.SKIPPED])
def test_a_slot_without_a_photo_can_still_get_one(tmp_path: Path, state: SlotState) -> None:
    station = station_in(tmp_path)
    station.ledger.record(Entry("lake", SLOT, state, "too late"), now())
    assert take(station, SLOT, DAYLIGHT, now).fresh
    found = station.ledger.find("lake", SLOT)
    assert found is not None
    assert found.state == SlotState.TAKEN
