"""What the guard promises: a slot that nobody has taken has its photo all the same, and every slot has its line."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from guard import watch as watch_module
from guard.book import NOBODY, close_gaps, next_look
from guard.upload import drain_once
from guard.watch import Watch, overdue
from kootenay.adapters import clock, station
from kootenay.adapters.files import lock, sha256_of
from kootenay.adapters.station import take
from kootenay.rules.naming import stamp
from kootenay.rules.slots import SlotPlan, SlotState, slots_between
from kootenay.settings import Settings, load_settings
from kootenay.wiring import ledger_of, news_of, spool_of, station_of
from rig.scenes import FOLDER_VARIABLE
from tests.adapters.conftest import DAYLIGHT, jpeg, names

NOON = datetime(2026, 6, 21, 12, 0, tzinfo=UTC)
WINTER = datetime(2026, 12, 21, 12, 0, tzinfo=UTC)
STEP = timedelta(minutes=5)
LOOK = timedelta(seconds=20)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(station, "pause", lambda _: None)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The host's clock, to be set."""
    host = [NOON + LOOK]
    monkeypatch.setattr(clock, "now", lambda: host[0])
    monkeypatch.setattr(station.take, "__defaults__", (lambda: host[0],))
    return host


def states(settings: Settings, start: datetime, end: datetime) -> list[SlotState]:
    return [entry.state for entry in ledger_of(settings).between("fjord", start, end)]


def test_a_slot_that_nobody_took_is_taken_and_told(settings: Settings, at: list[datetime]) -> None:
    told = Watch(settings, "fjord").look(at[0])
    entry = ledger_of(settings).find("fjord", NOON)
    assert entry is not None
    assert (entry.state, entry.by) == (SlotState.TAKEN, "guard")
    assert "taken by the guard" in told
    (spooled,) = spool_of(settings).waiting()
    assert (spooled.sidecar.by, spooled.sidecar.slot) == ("guard", NOON)
    (item,) = news_of(settings).waiting()
    assert (item.kind, item.camera, item.name) == ("guard", "fjord", "2026-06-21T12:00:00Z")


def test_a_slot_that_somebody_took_is_left_alone(settings: Settings, at: list[datetime]) -> None:
    take(station_of(settings, "fjord"), SlotPlan(NOON, DAYLIGHT), lambda: at[0], by="run")
    assert Watch(settings, "fjord").look(at[0]) == ""
    assert len(spool_of(settings).waiting()) == 1
    assert news_of(settings).waiting() == []


def test_a_slot_that_is_being_taken_is_waited_for(settings: Settings, at: list[datetime]) -> None:
    """Somebody holds the camera and lets it go with the photo in the spool; the guard takes none of its own."""
    its = station_of(settings, "fjord")
    begun, over = threading.Event(), threading.Event()

    def taking() -> None:
        with lock(its.lock_path):
            begun.set()
            over.wait(10)
        take(its, SlotPlan(NOON, DAYLIGHT), lambda: at[0], by="run")

    taker = threading.Thread(target=taking)
    taker.start()
    begun.wait(10)
    looking = threading.Thread(target=lambda: Watch(settings, "fjord").look(at[0]))
    looking.start()
    looking.join(0.2)
    assert looking.is_alive()
    over.set()
    taker.join()
    looking.join()
    assert len(spool_of(settings).waiting()) == 1


def test_a_dark_slot_is_skipped_and_says_until_when(settings: Settings, at: list[datetime]) -> None:
    at[0] = WINTER + LOOK
    assert Watch(settings, "fjord").look(at[0]) == ""
    entry = ledger_of(settings).find("fjord", WINTER)
    assert entry is not None
    assert entry.state is SlotState.SKIPPED
    assert "until 2027-02-" in entry.reason


def test_a_camera_that_fails_leaves_the_reason_and_an_alert(
    settings: Settings, at: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOOTENAY_CAMERAS__FJORD__COMMAND", '["/bin/false", "{into}"]')
    broken = load_settings()
    for minutes in range(0, 25, 5):
        at[0] = NOON + timedelta(minutes=minutes) + LOOK
        Watch(broken, "fjord").look(at[0])
    assert states(settings, NOON, NOON + 5 * STEP) == [SlotState.MISSED] * 5
    entry = ledger_of(settings).find("fjord", NOON)
    assert entry is not None
    assert "/bin/false ended with status 1" in entry.reason
    assert [item.kind for item in news_of(settings).waiting()] == ["alert"]
    at[0] = NOON + 5 * STEP + LOOK
    Watch(settings, "fjord").look(at[0])
    assert [item.kind for item in news_of(settings).waiting()] == ["alert", "recovered", "guard"]


def test_slots_at_which_nobody_was_there_have_a_line_too(settings: Settings, at: list[datetime]) -> None:
    Watch(settings, "fjord").look(at[0])
    at[0] = NOON + timedelta(hours=6) + LOOK
    told = Watch(settings, "fjord").look(at[0])
    assert "71 earlier slots are missed" in told
    found = states(settings, NOON, NOON + timedelta(hours=6) + STEP)
    assert found == [SlotState.TAKEN] + [SlotState.MISSED] * 71 + [SlotState.TAKEN]
    entry = ledger_of(settings).find("fjord", NOON + STEP)
    assert entry is not None
    assert entry.reason == NOBODY


def test_a_clock_that_was_years_ahead_fills_no_years(settings: Settings, at: list[datetime]) -> None:
    its = settings.camera("fjord")
    ledger, spool = ledger_of(settings), spool_of(settings)
    close_gaps(ledger, spool, "fjord", its, settings.site.place, NOON)
    missed = close_gaps(ledger, spool, "fjord", its, settings.site.place, NOON + timedelta(days=4000))
    assert len(missed) <= 10_000
    assert close_gaps(ledger, spool, "fjord", its, settings.site.place, NOON + STEP) == []
    assert ledger.watched_until("fjord") == NOON + STEP


@pytest.mark.parametrize("step_back", [timedelta(minutes=1), timedelta(minutes=17), timedelta(days=400)], ids=str)
def test_a_clock_that_is_set_back_takes_no_slot_twice(
    settings: Settings, at: list[datetime], step_back: timedelta
) -> None:
    for minutes in range(0, 30, 5):
        at[0] = NOON + timedelta(minutes=minutes) + LOOK
        Watch(settings, "fjord").look(at[0])
    before = {each.sidecar.stem for each in spool_of(settings).waiting()}
    at[0] -= step_back
    again = at[0]
    Watch(settings, "fjord").look(again)
    after = [each.sidecar for each in spool_of(settings).waiting()]
    assert len({each.slot for each in after}) == len(after)
    assert before <= {each.stem for each in after}


def test_the_guard_looks_once_a_slot_after_its_grace(settings: Settings) -> None:
    its = settings.camera("fjord")
    assert next_look(its, NOON) == NOON + LOOK
    assert next_look(its, NOON + LOOK) == NOON + STEP + LOOK
    assert next_look(its, NOON + LOOK - timedelta(seconds=1)) == NOON + LOOK


def test_a_whole_polar_day_of_288_slots_on_the_real_library_without_anybody_else(
    settings: Settings, at: list[datetime], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """libgphoto2 and its virtual camera: each slot one photo, in order, each another one; then all are sent, once."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setenv("KOOTENAY_CAMERAS__FJORD__DRIVER", "virtual")
    monkeypatch.setenv("KOOTENAY_CAMERAS__FJORD__COMMAND", "[]")
    settings = load_settings()
    watch = Watch(settings, "fjord")
    start = NOON.replace(hour=0)
    slots = slots_between(start, start + timedelta(days=1), STEP)
    given = []
    for number, slot in enumerate(slots):
        scene = tmp_path / f"{stamp(slot)}.jpg"
        scene.write_bytes(jpeg(comment=f"slot {number}"))
        given.append(sha256_of(scene))
        at[0] = slot + LOOK
        watch.look(at[0])
    waiting = spool_of(settings).waiting()
    assert [each.sidecar.slot for each in waiting] == slots
    assert [each.sidecar.sha256 for each in waiting] == given
    assert len(set(given)) == 288
    assert states(settings, start, start + timedelta(days=1)) == [SlotState.TAKEN] * 288
    assert overdue(settings, at[0])
    incoming = settings.path("incoming")
    assert drain_once(settings).startswith("288 photos sent")
    assert len([name for name in names(incoming) if name.endswith(".jpg")]) == 288
    assert not overdue(settings, at[0])


def test_trouble_with_one_slot_does_not_end_the_watch(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    over, looks = threading.Event(), []

    def look(self: Watch, now: datetime) -> str:
        looks.append(now)
        if len(looks) == 3:
            over.set()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Watch, "look", look)
    monkeypatch.setattr(watch_module, "_sleep_until", lambda _at, over: not over.is_set())
    watch_module.keep_watch(Watch(settings, "fjord"), over)
    assert len(looks) == 3
    assert "No space left" in caplog.text
