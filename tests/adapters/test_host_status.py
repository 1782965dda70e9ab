"""How a camera's host says how it stands, and how the server reads it: the whole truth, never in a photo's way."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from time import perf_counter

import pytest

from kootenay.adapters.drain import Drain
from kootenay.adapters.files import lock
from kootenay.adapters.host_status import status_of, tell, told_in
from kootenay.adapters.incoming.folder import FolderIncoming
from kootenay.adapters.ledger import Entry, Ledger
from kootenay.adapters.news import News
from kootenay.adapters.spool import Spool
from kootenay.adapters.transfer import Target
from kootenay.adapters.transfer.folder import FolderTarget
from kootenay.errors import TransferError
from kootenay.rules.alerts import Patience
from kootenay.rules.daylight import Site, local_day
from kootenay.rules.gaps import Gap
from kootenay.rules.host_status import LARGEST, Backlog, HostStatus, StandingTrouble
from kootenay.rules.slots import SlotState, slots_between
from tests.adapters.conftest import PLACE, SLOT, STEP, names, spool_photo

SITE = Site(*PLACE)
DAY = date(2026, 6, 21)
NOW = SLOT + 3 * STEP
PATIENCE = Patience(timedelta(), timedelta(days=1))


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    return tmp_path / "incoming"


@pytest.fixture
def drain(tmp_path: Path, incoming: Path) -> Drain:
    ledger = Ledger(tmp_path / "ledger.db")
    return drain_to(lambda: nullcontext(FolderTarget(incoming)), ledger, Spool(tmp_path / "spool"), tmp_path)


def drain_to(
    open_target: Callable[[], AbstractContextManager[Target]], ledger: Ledger, spool: Spool, folder: Path
) -> Drain:
    hour = timedelta(hours=1)
    lock_path = folder / "upload.lock"
    return Drain(spool, ledger, News(ledger.database), lock_path, open_target, False, 7 * hour, hour, hour)


def note(
    drain: Drain, slot: datetime, state: SlotState, reason: str = "", camera: str = "lake", **more: object
) -> None:
    drain.ledger.record(Entry(camera, slot, state, reason, **more), NOW)  # type: ignore[arg-type]


def status(drain: Drain, camera: str = "lake", now: datetime = NOW) -> HostStatus:
    return status_of(drain.ledger, drain.news, drain.spool, camera, SITE, now)


def test_a_host_that_has_seen_nothing_says_so(drain: Drain) -> None:
    said = status(drain)
    assert (said.camera, said.said_at) == ("lake", NOW)
    assert [day.day for day in said.days] == [DAY - timedelta(days=back) for back in range(6, -1, -1)]
    assert all(day.first is None and day.gaps == () for day in said.days)
    assert said.backlog == Backlog(0, 0, None, 0)
    assert (said.facts, said.facts_at, said.troubles) == ({}, None, ())
    assert said.disk_free > 0


def test_each_slot_of_the_last_seven_local_days_is_told_and_no_other(drain: Drain) -> None:
    first, _ = local_day(SITE, DAY - timedelta(days=6))
    _, last = local_day(SITE, DAY)
    for slot in (first - STEP, first, last - STEP, last):
        note(drain, slot, SlotState.MISSED, f"hung at {slot}")
    days = status(drain).days
    assert [gap.reason for day in days for gap in day.gaps] == [f"hung at {slot}" for slot in (first, last - STEP)]
    assert (days[0].first, days[-1].last) == (first, last - STEP)


def test_gaps_come_with_their_reasons_and_photos_with_who_took_them(drain: Drain) -> None:
    note(drain, SLOT, SlotState.CONFIRMED, by="session")
    for number in (1, 2):
        note(drain, SLOT + number * STEP, SlotState.MISSED, "the camera\nhung")
    note(drain, SLOT, SlotState.MISSED, "of another camera", camera="ridge")
    today = status(drain).days[-1]
    assert today.gaps == (Gap(SLOT + STEP, SLOT + 2 * STEP, 2, SlotState.MISSED, "the camera hung"),)
    assert (today.photos, today.expected, today.by) == (1, 3, {"session": 1})


def test_what_the_camera_told_of_itself_last_is_told_with_its_slot(drain: Drain) -> None:
    note(drain, SLOT, SlotState.TAKEN, facts={"battery": "62%"})
    note(drain, SLOT + STEP, SlotState.TAKEN, facts={"battery": "61%"})
    note(drain, SLOT + 2 * STEP, SlotState.MISSED, "hung")
    assert (status(drain).facts, status(drain).facts_at) == ({"battery": "61%"}, SLOT + STEP)


def test_what_waits_is_told_of_this_camera_alone(drain: Drain) -> None:
    photos = [spool_photo(drain.spool, SLOT + number * STEP) for number in range(3)]
    drain.spool.mark_sent(photos[0])
    size = sum(each.sidecar.bytes for each in photos[1:])
    assert status(drain).backlog == Backlog(2, size, SLOT + STEP, 1)
    assert status(drain, "ridge").backlog == Backlog(0, 0, None, 0)


def test_troubles_are_the_cameras_own_and_its_hosts_until_they_are_over(drain: Drain) -> None:
    for camera, name in (("lake", "camera"), ("ridge", "camera"), ("", "disk"), ("lake", "camera")):
        drain.news.trouble(camera, name, f"the {name}\nof {camera}", SLOT, PATIENCE)
    camera = StandingTrouble("camera", SLOT, 2, "the camera of lake")
    disk = StandingTrouble("disk", SLOT, 1, "the disk of")
    assert status(drain).troubles == (disk, camera)
    drain.news.well("lake", "camera", NOW)
    assert status(drain).troubles == (disk,)


def test_a_week_of_288_slots_a_day_is_gathered_in_a_moment_and_small(drain: Drain) -> None:
    slots = slots_between(*local_day(SITE, DAY), STEP)
    for back in range(7):
        entries = [Entry("lake", slot - timedelta(days=back), SlotState.SKIPPED, "night") for slot in slots[:100]]
        taken = [Entry("lake", slot - timedelta(days=back), SlotState.CONFIRMED, "day") for slot in slots[100:]]
        drain.ledger.account("lake", entries + taken, NOW, NOW)
    start = perf_counter()
    said = status(drain)
    assert perf_counter() - start < 1
    assert sum(sum(day.counts.values()) for day in said.days) == 7 * 288
    assert len(said.to_json()) < 4000


def test_what_is_told_is_what_the_server_reads(drain: Drain, incoming: Path) -> None:
    note(drain, SLOT, SlotState.MISSED, "hung")
    assert tell(drain, ["lake", "ridge"], SITE, lambda: NOW)
    assert names(incoming) == ["status/lake.json", "status/ridge.json"]
    said, misfits = told_in(said_in(incoming))
    assert misfits == []
    assert [replace(each, disk_free=0) for each in said] == [
        replace(status(drain, camera), disk_free=0) for camera in ("lake", "ridge")
    ]
    assert told_in(said_in(incoming)) == (said, [])


def test_who_finds_somebody_draining_leaves_it_to_him(drain: Drain, incoming: Path) -> None:
    with lock(drain.lock_path) as alone:
        assert alone
        assert not tell(drain, ["lake"], SITE, lambda: NOW)
    assert not incoming.exists()


def test_what_cannot_be_told_leaves_the_spool_as_it_was(drain: Drain, incoming: Path) -> None:
    spooled = spool_photo(drain.spool)
    incoming.write_bytes(b"a file")
    with pytest.raises(TransferError, match="took no status of lake"):
        tell(drain, ["lake"], SITE, lambda: NOW)
    assert drain.waiting() == [spooled]


def said_in(incoming: Path) -> dict[str, bytes]:
    """Return what ingest reads there."""
    return FolderIncoming(incoming, incoming.with_name("quarantine"), timedelta(), ["lake"]).statuses()


def test_no_folder_of_statuses_is_nothing_said(incoming: Path) -> None:
    assert told_in(said_in(incoming)) == ([], [])


def test_what_is_no_status_is_named_with_its_reason_and_hides_no_other(drain: Drain, incoming: Path) -> None:
    tell(drain, ["lake"], SITE, lambda: NOW)
    folder = incoming / "status"
    whole = (folder / "lake.json").read_bytes()
    (folder / "half.json").write_bytes(whole[:50])
    (folder / "ridge.json").write_bytes(whole)
    (folder / "huge.json").write_bytes(b" " * (LARGEST + 1))
    (folder / "newer.json").write_text(json.dumps(json.loads(whole) | {"camera": "newer", "weather": "fine"}))
    (folder / ".lake.json.part").write_bytes(b"on its way")
    (folder / ".hidden.json").write_bytes(b"")
    (folder / "a-folder.json").mkdir()
    (folder / "a-link.json").symlink_to("/etc/passwd")
    said, misfits = told_in(said_in(incoming))
    assert [each.camera for each in said] == ["lake", "newer"]
    reasons = dict(misfits)
    assert sorted(reasons) == ["status/half.json", "status/huge.json", "status/ridge.json"]
    assert "status/half.json is not a camera's status" in reasons["status/half.json"]
    assert "too many for a camera's status" in reasons["status/huge.json"]
    assert "speaks of another camera, lake" in reasons["status/ridge.json"]
