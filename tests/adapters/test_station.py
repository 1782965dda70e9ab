"""What the camera's host promises: a slot is at most one photo, whoever takes it and whenever he is killed."""

import re
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kootenay.adapters import clock
from kootenay.adapters import station as station_module
from kootenay.adapters.files import lock, sha256_of
from kootenay.adapters.ledger import Entry, Ledger
from kootenay.adapters.news import News
from kootenay.adapters.spool import Spool
from kootenay.adapters.station import Station, receive, take
from kootenay.errors import CameraBusyError, CameraError, NotWholeError, StaleFrameError, TooLateError, is_transient
from kootenay.rules.alerts import Patience
from kootenay.rules.bands import Band
from kootenay.rules.slots import SlotPlan, SlotState
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
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from kootenay.adapters.station import take
from tests.adapters.test_station import PLAN, station_in

station = station_in(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
taken = take(station, PLAN, by="run", rehearse=True)
print(taken.fresh, taken.entry.state, taken.entry.sha256)
"""


PLAN = SlotPlan(SLOT, DAYLIGHT)
DUSK = SlotPlan(SLOT, SUNSET)


def station_in(folder: Path, driver: str = "virtual", patience: float = 30, **changes: Any) -> Station:
    ledger = Ledger(folder / "ledger.db")
    facts = {
        "camera": camera_spec(driver),
        "bands": (Band(15, {"exposurecompensation": "1"}),),
        "every": STEP,
        "grace": timedelta(seconds=patience),
        "spool": Spool(folder / "spool"),
        "ledger": ledger,
        "news": News(ledger.database),
        "lock_path": folder / "lake.lock",
        "floor": 0,
        "power_command": (),
        "power_every": timedelta(minutes=30),
        "patience": Patience(timedelta(0), timedelta(days=1)),
    }
    return Station(**(facts | changes))


def now() -> datetime:
    return datetime.now(UTC)


def test_a_photo_lands_in_spool_and_ledger_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    station, started = station_in(tmp_path), now()
    taken = take(station, DUSK, lambda: SLOT, by="run")
    (spooled,) = station.spool.waiting()
    sidecar = spooled.sidecar
    assert taken.fresh
    assert taken.entry == station.ledger.find("lake", SLOT)
    assert taken.entry == Entry.of_photo(sidecar, SlotState.TAKEN, "10 min before sunset")
    assert (sidecar.sha256, sidecar.bytes) == (sha256_of(spooled.photo), spooled.photo.stat().st_size)
    assert (sidecar.by, sidecar.clock_trusted) == ("run", clock.can_be_trusted())
    assert (sidecar.sha256, sidecar.bytes) == (taken.entry.sha256, taken.entry.bytes)
    assert (sidecar.camera, sidecar.slot, sidecar.boost, sidecar.elevation) == ("lake", SLOT, True, 2.125)
    assert sidecar.settings == {"exposurecompensation": "1"}
    assert started < sidecar.taken_at < now()
    assert names(station.spool.work) == []


def test_in_a_rehearsal_the_photo_is_of_its_slot(tmp_path: Path) -> None:
    station = station_in(tmp_path)
    take(station, PLAN, by="run", rehearse=True)
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
        take(station, PLAN, by="run", rehearse=True)
    assert is_transient(caught.value)
    assert names(station.spool.new) == []
    assert station.ledger.find("lake", SLOT) is None


def test_a_photo_that_a_kill_left_out_of_the_ledger_is_found_and_no_second_one_taken(tmp_path: Path) -> None:
    station = station_in(tmp_path, driver="gphoto2")  # without a camera: asking it would raise
    content = jpeg()
    spooled = spool_photo(station.spool, content=content)
    taken = take(station, PLAN, by="run", rehearse=True)
    assert not taken.fresh
    assert taken.entry == station.ledger.find("lake", SLOT)
    assert (taken.entry.state, taken.entry.sha256) == (SlotState.TAKEN, sidecar_of(content).sha256)
    assert station.spool.waiting() == [spooled]


@pytest.mark.parametrize("state", [state for state in SlotState if state.was_taken])
def test_a_slot_whose_photo_is_on_its_way_or_gone_is_not_taken_again(tmp_path: Path, state: SlotState) -> None:
    station = station_in(tmp_path, driver="gphoto2")
    entry = Entry("lake", SLOT, state, "", "0" * 64, 7)
    station.ledger.record(entry, now())
    taken = take(station, PLAN, by="run", rehearse=True)
    assert (taken.fresh, taken.entry) == (False, entry)
    assert station.spool.waiting() == []


def test_the_photo_of_another_slot_does_not_stand_for_this_one(tmp_path: Path) -> None:
    station = station_in(tmp_path, driver="gphoto2")
    spool_photo(station.spool, SLOT + STEP)
    with pytest.raises(CameraError):
        take(station, PLAN, by="run", rehearse=True)


def test_a_camera_that_gives_nothing_leaves_the_slot_open(tmp_path: Path) -> None:
    with pytest.raises(CameraError):
        take(station_in(tmp_path, driver="gphoto2"), PLAN, by="run", rehearse=True)
    station = station_in(tmp_path)
    assert station.ledger.find("lake", SLOT) is None
    assert names(tmp_path / "spool") == []
    assert take(station, PLAN, by="run", rehearse=True).fresh


@pytest.mark.parametrize("state", [SlotState.MISSED, SlotState.SKIPPED])
def test_a_slot_without_a_photo_can_still_get_one(tmp_path: Path, state: SlotState) -> None:
    station = station_in(tmp_path)
    station.ledger.record(Entry("lake", SLOT, state, "too late"), now())
    assert take(station, PLAN, by="run", rehearse=True).fresh
    found = station.ledger.find("lake", SLOT)
    assert found is not None
    assert found.state == SlotState.TAKEN


# ---- what a camera that fails is helped by, and what a kill leaves

QUICK = (sys.executable, "-m", "rig.quick_camera", "{into}")
ANSWERS = """
import sys, pathlib
state = pathlib.Path(sys.argv[1])
count = int(state.read_text()) + 1 if state.exists() else 1
state.write_text(str(count))
words = sys.argv[3:][min(count, len(sys.argv) - 3) - 1]
if words == "fails":
    sys.exit("the camera says no")
number = {"photo": str(count), "same photo": ""}.get(words)
pathlib.Path(sys.argv[2]).write_bytes(words.encode() if number is None else
    bytes([255, 216, 255, 254, 0, 8]) + number.zfill(6).encode() + bytes([255, 217]))
"""


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waiting between two tries is taken out, and written down."""
    taken: list[float] = []
    monkeypatch.setattr(station_module, "pause", taken.append)
    return taken


def answering(folder: Path, *words: str, **changes: Any) -> Station:
    """A station whose camera answers in turn: "fails", "photo", or the very bytes."""
    command = (sys.executable, "-c", ANSWERS, str(folder / "count"), "{into}", *words)
    return station_in(folder, camera=camera_spec("command", command=command, normal={}), bands=(), **changes)


def test_a_camera_that_fails_once_is_asked_again_within_the_slot(tmp_path: Path, pauses: list[float]) -> None:
    station = answering(tmp_path, "fails", "photo")
    taken = take(station, PLAN, lambda: SLOT, by="run")
    assert taken.fresh
    assert any("the camera says no" in warning for warning in taken.warnings)
    assert pauses == [5.0]
    assert station.news.waiting() == []


def test_a_camera_whose_power_can_be_cut_has_it_cut_last_and_not_again_too_soon(
    tmp_path: Path, pauses: list[float]
) -> None:
    power = ("/bin/sh", "-c", f"echo cut >> {tmp_path / 'power'}")
    station = answering(tmp_path, "fails", power_command=power)
    for minutes in (0, 5, 10, 31):
        slot = SLOT + timedelta(minutes=minutes)
        with pytest.raises(CameraError, match="says no"):
            take(station, SlotPlan(slot, DAYLIGHT), lambda: slot, by="run")  # noqa: B023
    assert (tmp_path / "power").read_text() == "cut\ncut\n"


@pytest.mark.parametrize(
    ("first", "words"),
    [
        pytest.param("", "0 bytes|empty|no file|nothing", id="empty"),
        pytest.param("<html>camera is busy</html>", "JPEG", id="a web page"),
    ],
)
def test_what_is_no_photo_is_kept_in_bad_with_the_reason_and_one_more_is_asked_for(
    tmp_path: Path, pauses: list[float], first: str, words: str
) -> None:
    station = answering(tmp_path, first, "photo")
    assert take(station, PLAN, lambda: SLOT, by="run").fresh
    (reason,) = station.spool.bad.glob("*.reason.txt")
    assert re.search(words, reason.read_text())
    assert len(station.spool.waiting()) == 1


def test_a_frame_that_was_given_before_is_no_photo_of_this_slot(tmp_path: Path, pauses: list[float]) -> None:
    station = answering(tmp_path, "same photo")
    assert take(station, PLAN, lambda: SLOT, by="run").fresh
    later = SLOT + STEP
    with pytest.raises(StaleFrameError, match="given before"):
        take(station, SlotPlan(later, DAYLIGHT), lambda: later, by="run")
    assert len(list(station.spool.bad.glob("*.jpg"))) == 2
    assert [each.sidecar.slot for each in station.spool.waiting()] == [SLOT]


def test_a_slot_is_not_taken_later_than_its_grace_also_after_waiting_for_the_camera(tmp_path: Path) -> None:
    station, clock_ = answering(tmp_path, "photo", patience=60), [SLOT + timedelta(seconds=59.5)]
    with lock(station.lock_path):
        taker = threading.Thread(target=lambda: errors.append(error_of(station, clock_)))
        errors: list[Exception | None] = []
        taker.start()
        time.sleep(0.1)
        clock_[0] = SLOT + timedelta(seconds=61)
    taker.join()
    assert isinstance(errors[0], TooLateError)
    assert station.spool.waiting() == []


def error_of(station: Station, clock_: list[datetime]) -> Exception | None:
    try:
        take(station, PLAN, lambda: clock_[0], by="run")
    except CameraError as error:
        return error
    return None


def test_a_full_disk_lets_confirmed_photos_go_and_the_camera_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = answering(tmp_path, "photo", floor=1000)
    confirmed = spool_photo(station.spool, SLOT - STEP)
    station.spool.mark_sent(confirmed)
    station.spool.release(station.spool.unconfirmed()[0])
    unsent = spool_photo(station.spool, SLOT - 2 * STEP)
    kept = station.spool.kept
    monkeypatch.setattr(Spool, "free_bytes", lambda _: 1000 - sum(path.stat().st_size for path in kept.iterdir()))
    assert take(station, PLAN, lambda: SLOT, by="run").fresh
    assert names(station.spool.kept) == []
    assert unsent.sidecar.slot in [each.sidecar.slot for each in station.spool.waiting()]


def test_a_photo_another_program_took_joins_the_spool_and_a_second_one_is_left(tmp_path: Path) -> None:
    station = station_in(tmp_path)
    for name in ("first.jpg", "second.jpg"):
        (tmp_path / name).write_bytes(jpeg(colour=(len(name), 9, 9)))
    assert receive(station, PLAN, tmp_path / "first.jpg", lambda: SLOT, by="hook").fresh
    assert not receive(station, PLAN, tmp_path / "second.jpg", lambda: SLOT, by="hook").fresh
    assert (tmp_path / "second.jpg").exists()
    assert not (tmp_path / "first.jpg").exists()
    (spooled,) = station.spool.waiting()
    assert spooled.sidecar.by == "hook"
    (tmp_path / "half.jpg").write_bytes(jpeg()[:200])
    with pytest.raises(NotWholeError, match="was left where it is"):
        receive(station, SlotPlan(SLOT + STEP, DAYLIGHT), tmp_path / "half.jpg", lambda: SLOT + STEP, by="hook")
    assert (tmp_path / "half.jpg").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.adapters.test_station import PLAN, QUICK, SLOT, camera_spec, station_in
from kootenay.adapters.station import take

station = station_in(Path(sys.argv[1]), camera=camera_spec("command", command=QUICK, normal={}), bands=())
left = int(sys.argv[2])
OURS = ("station.py", "spool.py", "ledger.py", "files.py", "news.py", "camera.py", "host_db.py")

def lines(frame, event, _):
    global left
    if not frame.f_code.co_filename.endswith(OURS):
        return None
    if event == "line":
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return lines

sys.settrace(lines)
take(station, PLAN, lambda: SLOT, by="run")
sys.settrace(None)
print(left)
"""


def test_a_kill_at_any_line_costs_no_photo_and_doubles_none(tmp_path: Path) -> None:
    """kill -9 at line n of what a capture runs through, for n over its whole length; then the slot is taken again."""
    budget = 100_000
    with start_python(KILLED, tmp_path / "whole", budget) as process:
        length = budget - int(process.communicate(timeout=60)[0])
    assert length > 100
    quick = {"camera": camera_spec("command", command=QUICK, normal={}), "bands": ()}
    for line in range(1, length + 1, max(1, length // 60)):
        folder = tmp_path / str(line)
        with start_python(KILLED, folder, line) as process:
            process.communicate(timeout=60)
        assert process.returncode == -9
        station = station_in(folder, **quick)
        left_by_the_kill = station.spool.waiting()
        take(station, PLAN, lambda: SLOT, by="guard")
        (spooled,) = station.spool.waiting()
        assert sha256_of(spooled.photo) == spooled.sidecar.sha256
        assert left_by_the_kill in ([], [spooled])
        entry = station.ledger.find("lake", SLOT)
        assert entry is not None
        assert (entry.state, entry.sha256) == (SlotState.TAKEN, spooled.sidecar.sha256)
        assert names(station.spool.work) == []
