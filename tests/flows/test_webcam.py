"""The webcam's stories, run as they are deployed, on the virtual PTP camera and a real Prefect server."""

import logging
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State

from flows import capture as capture_module
from flows.capture import capture, capture_session
from flows.ingest import ingest
from flows.timelapse import timelapse
from flows.upload import upload
from kootenay.adapters import station
from kootenay.adapters.camera import CHILDREN
from kootenay.rules.daylight import local_day
from kootenay.rules.slots import SlotState
from kootenay.settings import Settings
from kootenay.wiring import catalog_of, ledger_of, spool_of, store_of
from rig.painter import paint, save
from tasks import capture as capture_tasks

NOON = datetime(2026, 6, 21, 20, 0, tzinfo=UTC)
EVENING = datetime(2026, 6, 22, 4, 0, tzinfo=UTC)
NIGHT = datetime(2026, 6, 22, 8, 0, tzinfo=UTC)
DAY = date(2026, 6, 21)


def run(flow: Any, **parameters: Any) -> State[Any]:
    state: State[Any] = flow(**parameters, return_state=True)
    return state


def entry_at(settings: Settings, slot: datetime) -> Any:
    return ledger_of(settings).find("lake", slot)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries happen, their waiting does not."""
    monkeypatch.setattr(station, "pause", lambda _: None)


@pytest.fixture
def broken_camera(monkeypatch: pytest.MonkeyPatch, no_waiting: None) -> None:
    """libgphoto2 itself, on a machine without a camera."""
    monkeypatch.setitem(CHILDREN, "virtual", CHILDREN["gphoto2"])


class TestCapture:
    def test_a_slot_with_light_becomes_one_photo_in_the_spool(self, settings: Settings) -> None:
        assert run(capture, slot=NOON).is_completed()
        (spooled,) = spool_of(settings).waiting()
        assert spooled.sidecar.slot == spooled.sidecar.taken_at == NOON
        assert not spooled.sidecar.boost
        assert entry_at(settings, NOON).state is SlotState.TAKEN

    def test_a_slot_that_has_its_photo_is_left_alone(self, settings: Settings) -> None:
        run(capture, slot=NOON)
        again = run(capture, slot=NOON)
        assert (again.name, again.message) == ("Skipped", "this slot has its photo")
        assert len(spool_of(settings).waiting()) == 1

    def test_any_instant_within_a_slot_is_that_slot(self, settings: Settings) -> None:
        run(capture, slot=NOON + timedelta(minutes=4, seconds=59))
        assert [each.sidecar.slot for each in spool_of(settings).waiting()] == [NOON]

    def test_the_last_minutes_of_light_are_boosted(self, settings: Settings) -> None:
        run(capture, slot=EVENING)
        (spooled,) = spool_of(settings).waiting()
        assert spooled.sidecar.boost
        assert spooled.sidecar.settings["exposurecompensation"] == "1"
        assert spooled.sidecar.warnings == ()

    def test_night_is_skipped_with_its_reason(self, settings: Settings) -> None:
        state = run(capture, slot=NIGHT)
        assert state.is_completed()
        assert state.name == "Skipped"
        assert "night" in str(state.message)
        assert entry_at(settings, NIGHT).state is SlotState.SKIPPED
        assert spool_of(settings).waiting() == []

    def test_a_run_that_starts_too_late_takes_no_photo(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(capture_module, "by_schedule", lambda: True)
        monkeypatch.setattr(capture_module, "scheduled", lambda: NOON)
        monkeypatch.setattr(capture_module, "now", lambda: NOON + timedelta(minutes=4))
        assert run(capture).name == "Skipped"
        assert spool_of(settings).waiting() == []
        assert entry_at(settings, NOON).state is SlotState.MISSED
        assert entry_at(settings, NOON).reason == "the run started 240 s after its slot"

    def test_a_run_that_starts_a_moment_early_waits_for_its_slot(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Prefect's server lets a prefetched run begin up to half a second before its time."""
        clock = [NOON - timedelta(seconds=0.3)]
        monkeypatch.setattr(capture_module, "by_schedule", lambda: True)
        monkeypatch.setattr(capture_module, "scheduled", lambda: NOON)
        for module in (capture_module, capture_tasks):
            monkeypatch.setattr(module, "now", lambda: clock[0])
        monkeypatch.setattr(capture_module, "wait_until", lambda at: clock.append(max(at, clock.pop())))
        assert run(capture).name == "Completed"
        assert clock == [NOON]
        assert entry_at(settings, NOON).state is SlotState.TAKEN

    def test_a_run_asked_for_by_hand_takes_the_slot_of_now_however_late_in_it(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(capture_module, "scheduled", lambda: NOON + timedelta(minutes=4))
        monkeypatch.setattr(capture_tasks, "now", lambda: NOON + timedelta(minutes=4, seconds=3))
        assert run(capture).name == "Completed"
        assert entry_at(settings, NOON).state is SlotState.TAKEN

    def test_a_real_camera_rehearses_nothing(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KOOTENAY_CAMERAS__LAKE__DRIVER", "gphoto2")
        state = run(capture, slot=NOON)
        assert state.is_failed()
        assert "is a real one" in str(state.message)
        assert entry_at(settings, NOON) is None

    @pytest.mark.usefixtures("broken_camera")
    def test_a_camera_that_is_not_there_fails_in_one_line_that_says_what_to_do(
        self, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.ERROR, logger="prefect.flow_runs"):
            state = run(capture, slot=NOON)
        assert state.is_failed()
        assert state.message == entry_at(settings, NOON).reason
        assert "\n" not in str(state.message)
        assert "cable" in str(state.message)
        assert entry_at(settings, NOON).state is SlotState.MISSED
        assert "Traceback" not in "".join(
            record.getMessage() + str(record.exc_info or "") for record in caplog.records if "flow" in record.name
        )

    @pytest.mark.usefixtures("broken_camera")
    def test_a_missed_slot_is_taken_by_a_later_run(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        run(capture, slot=NOON)
        monkeypatch.setitem(CHILDREN, "virtual", "rig.virtual_camera")
        assert run(capture, slot=NOON).is_completed()
        assert entry_at(settings, NOON).state is SlotState.TAKEN

    def test_a_camera_nobody_knows_is_one_line_with_the_known_ones(self, settings: Settings) -> None:
        state = run(capture, camera="pond")
        assert state.is_failed()
        assert "kootenay.toml knows lake" in str(state.message)

    def test_a_mistake_in_the_settings_is_one_line(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KOOTENAY_SITE__TIMEZONE", "Mars/Olympus")
        state = run(capture, slot=NOON)
        assert state.is_failed()
        assert "site.timezone" in str(state.message)
        assert "\n" not in str(state.message)


class TestSession:
    def test_a_rehearsal_takes_its_slots_now_each_in_its_own_light(self, settings: Settings) -> None:
        start, end = local_day(settings.site.place, DAY)
        state = run(capture_session, start=start, end=end, every_seconds=600, at_most=3, rehearse=True)
        assert state.is_completed()
        photos = spool_of(settings).waiting()
        assert [settings.site.place.local(each.sidecar.slot).strftime("%H:%M") for each in photos] == [
            "04:50",
            "12:50",
            "21:00",
        ]
        assert [each.sidecar.boost for each in photos] == [True, False, True]
        states = [entry.state for entry in ledger_of(settings).between("lake", start, end)]
        assert (states.count(SlotState.SKIPPED), states.count(SlotState.TAKEN)) == (144 - 98, 3)

    @pytest.mark.usefixtures("broken_camera")
    def test_missed_slots_fail_the_session_and_stand_in_the_ledger(self, settings: Settings) -> None:
        state = run(capture_session, start=NOON, end=NOON + timedelta(minutes=10), rehearse=True)
        assert state.is_failed()
        assert "2 of 2 slots have no photo, the first at 13:00 PDT" in str(state.message)
        assert entry_at(settings, NOON).state is SlotState.MISSED

    def test_a_session_waits_for_each_slot(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = [NOON - timedelta(minutes=3)]
        awaited: list[datetime] = []

        def wait_until(at: datetime) -> None:
            awaited.append(at)
            clock[0] = at

        for module in (capture_module, capture_tasks):
            monkeypatch.setattr(module, "now", lambda: clock[0])
        monkeypatch.setattr(capture_module, "wait_until", wait_until)
        assert run(capture_session, end=NOON + timedelta(minutes=10)).is_completed()
        assert awaited == [NOON, NOON + timedelta(minutes=5)]
        assert len(spool_of(settings).waiting()) == 2


@pytest.fixture
def taken(settings: Settings) -> Settings:
    """Three photos of a day in the spool."""
    start, end = local_day(settings.site.place, DAY)
    run(capture_session, start=start, end=end, every_seconds=600, at_most=3, rehearse=True)
    return settings


class TestTheWayToTheWeb:
    def test_each_photo_arrives_once_in_every_place_and_byte_for_byte(self, taken: Settings, tmp_path: Path) -> None:
        given = {each.sidecar.slot: each.photo.read_bytes() for each in spool_of(taken).waiting()}
        for flow in (upload, ingest, upload, timelapse):
            state = run(flow, **({"period": str(DAY)} if flow is timelapse else {}))
            assert state.is_completed(), state.message
        photos = catalog_of(taken).day("lake", DAY)
        assert [photo.slot for photo in photos] == sorted(given)
        for photo in photos:
            original = taken.path(taken.archive.folder) / photo.archive_path
            assert original.read_bytes() == given[photo.slot]
            assert [each.width for each in photo.renditions] == [320, 640, 1280, 1920]
            assert [len(store_of(taken).get(each.key)) for each in photo.renditions] == [
                each.bytes for each in photo.renditions
            ]
        film = catalog_of(taken).film("lake", "day", "2026-06-21")
        assert film is not None
        assert film.frames == 3
        assert len(store_of(taken).get(film.key)) == film.bytes

    def test_what_the_camera_gave_is_what_was_painted_for_its_slot(self, taken: Settings, tmp_path: Path) -> None:
        site = taken.site.place
        for spooled in spool_of(taken).waiting():
            at = spooled.sidecar.slot
            save(paint(site, at), tmp_path / "scene.jpg", site.local(at))
            assert spooled.photo.read_bytes() == (tmp_path / "scene.jpg").read_bytes()

    def test_the_spool_is_released_for_a_receipt_and_not_before(self, taken: Settings) -> None:
        run(upload)
        assert len(spool_of(taken).unconfirmed()) == 3
        run(upload)
        assert len(spool_of(taken).unconfirmed()) == 3
        run(ingest)
        run(upload)
        assert spool_of(taken).unconfirmed() == []
        start, end = local_day(taken.site.place, DAY)
        states = [entry.state for entry in ledger_of(taken).between("lake", start, end) if entry.state.has_photo]
        assert states == [SlotState.CONFIRMED] * 3

    def test_a_second_run_finds_nothing_new(self, taken: Settings) -> None:
        for flow, parameters in ((upload, {}), (ingest, {}), (upload, {}), (timelapse, {"period": str(DAY)})):
            run(flow, **parameters)
        film = catalog_of(taken).film("lake", "day", "2026-06-21")
        names = [run(upload).name, run(ingest).name, run(timelapse, period=str(DAY)).name]
        assert names == ["NothingNew"] * 3
        assert catalog_of(taken).film("lake", "day", "2026-06-21") == film

    def test_a_photo_sent_twice_is_one_photo(self, taken: Settings) -> None:
        incoming = taken.path(taken.ingest.incoming)
        run(upload)
        copies = {path.name: path.read_bytes() for path in incoming.iterdir() if path.is_file()}
        run(ingest)
        for name, content in copies.items():
            (incoming / name).write_bytes(content)
        state = run(ingest)
        assert "0 new photos, 0 in quarantine, 3 known before" in str(state.message)
        assert len(catalog_of(taken).day("lake", DAY)) == 3

    def test_a_photo_damaged_on_the_way_is_set_aside_and_a_good_copy_is_welcome(self, taken: Settings) -> None:
        run(upload)
        photo = min(taken.path(taken.ingest.incoming).glob("*.jpg"))
        whole, sidecar = photo.read_bytes(), photo.with_suffix(".json").read_bytes()
        photo.write_bytes(whole[: len(whole) // 2])
        assert "2 new photos, 1 in quarantine" in str(run(ingest).message)
        quarantine = taken.path(taken.ingest.quarantine)
        assert "damaged on the way" in (quarantine / f"{photo.stem}.reason.txt").read_text()
        photo.write_bytes(whole)
        photo.with_suffix(".json").write_bytes(sidecar)
        assert "1 new photos" in str(run(ingest).message)
        assert len(catalog_of(taken).day("lake", DAY)) == 3

    def test_a_photo_damaged_on_the_way_is_sent_again_by_itself(self, taken: Settings) -> None:
        run(upload)
        photo = min(taken.path(taken.ingest.incoming).glob("*.jpg"))
        photo.write_bytes(photo.read_bytes()[:1000])
        run(ingest)
        assert "0 photos sent (0.0 MB in 0.0 min), 2 confirmed" in str(run(upload).message)
        assert "1 photos sent" in str(run(upload).message)
        assert "1 new photos" in str(run(ingest).message)
        run(upload)
        assert spool_of(taken).waiting() == spool_of(taken).unconfirmed() == []
        assert len(catalog_of(taken).day("lake", DAY)) == 3

    def test_one_photo_that_cannot_be_kept_does_not_hold_up_the_others(self, taken: Settings) -> None:
        run(upload)
        oldest = min(taken.path(taken.ingest.incoming).glob("*.jpg"))
        place = taken.path(taken.archive.folder) / "lake/2026/06/21" / oldest.name
        place.mkdir(parents=True)
        state = run(ingest)
        assert state.is_failed()
        assert "2 new photos, 0 in quarantine, 0 known before; 1 wait for the next run" in str(state.message)
        place.rmdir()
        assert "1 new photos" in str(run(ingest).message)

    def test_a_late_photo_makes_the_film_anew_and_the_old_one_stood_until_then(self, taken: Settings) -> None:
        for flow, parameters in ((upload, {}), (ingest, {}), (timelapse, {"period": str(DAY)})):
            run(flow, **parameters)
        run(capture, slot=NOON + timedelta(minutes=10))
        for flow in (upload, ingest):
            run(flow)
        old = catalog_of(taken).film("lake", "day", "2026-06-21")
        run(timelapse, period=str(DAY))
        new = catalog_of(taken).film("lake", "day", "2026-06-21")
        assert old is not None
        assert new is not None
        assert (old.frames, new.frames) == (3, 4)

    def test_a_day_with_too_few_photos_is_skipped(self, settings: Settings) -> None:
        state = run(timelapse, period=str(DAY))
        assert (state.name, state.message) == ("Skipped", "2026-06-21: too few photos for a film")

    def test_runs_say_what_they_are_and_what_they_did(self, taken: Settings) -> None:
        state = run(upload)
        assert "3 photos sent" in str(state.message)
        with get_client(sync_client=True) as client:
            names = {flow_run.name for flow_run in client.read_flow_runs(limit=200)}
        assert "spool to server" in names
        assert any(name.startswith("lake 2026-06-21") for name in names)
