"""What the ledger promises: a slot never goes back, whoever writes, and every gap has its line."""

import sqlite3
import subprocess
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kootenay.adapters import host_db
from kootenay.adapters.host_db import MIGRATIONS
from kootenay.adapters.ledger import Entry, Ledger
from kootenay.errors import DiskFullError, HostError
from kootenay.rules.slots import SlotState
from tests.adapters.conftest import SLOT, STEP, jpeg, sidecar_of, start_python

NOW = datetime(2026, 6, 21, 20, 1, tzinfo=UTC)
ORDER = list(SlotState)
fresh_slots = (SLOT + number * STEP for number in count())

WRITER = """
import random, sys
from datetime import UTC, datetime
from pathlib import Path
from kootenay.adapters.ledger import Entry, Ledger
from kootenay.errors import DiskFullError, HostError
from kootenay.rules.slots import SlotState
from tests.adapters.conftest import SLOT, STEP

lines = [Entry("lake", SLOT + number * STEP, state, state) for number in range(20) for state in SlotState]
random.Random(sys.argv[2]).shuffle(lines)
print("ready", flush=True)
sys.stdin.readline()
for line in lines:
    Ledger(Path(sys.argv[1])).record(line, datetime.now(UTC))
print("done")
"""

OPENER = """
import sys
from pathlib import Path
from kootenay.adapters.ledger import Ledger
from tests.adapters.conftest import SLOT

print("ready", flush=True)
sys.stdin.readline()
print(Ledger(Path(sys.argv[1])).find("lake", SLOT))
"""

OLD = """
create table slots (
    camera text not null,
    slot text not null,
    state text not null,
    reason text not null,
    sha256 text not null default '',
    bytes integer not null default 0,
    changed_at text not null,
    primary key (camera, slot)
) without rowid
"""
"""The file as the first release made it; its user_version is 0."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return Ledger(tmp_path_factory.mktemp("ledger") / "ledger.db")


def entry(state: SlotState, slot: datetime = SLOT, reason: str = "", camera: str = "lake") -> Entry:
    return Entry(camera, slot, state, reason, "ab" * 32 if state.has_photo else "", 7 if state.has_photo else 0)


def line_of(state: SlotState, slot: datetime = SLOT, **facts: Any) -> Entry:
    return Entry("lake", slot, state, facts.pop("reason", ""), **facts)


def old_file(path: Path) -> None:
    """Make a file of the first release, with two lines in it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(OLD)
        rows = [
            ("lake", "2026-06-21T20:00:00+00:00", "uploaded", "daylight", "ab" * 32, 7, "2026-06-21T20:01:00+00:00"),
            ("lake", "2026-06-21T20:05:00+00:00", "skipped", "night", "", 0, "2026-06-21T20:06:00+00:00"),
        ]
        connection.executemany("insert into slots values (?, ?, ?, ?, ?, ?, ?)", rows)


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("pragma user_version").fetchone()[0])


def all_at_once(processes: Sequence[subprocess.Popen[str]]) -> list[str]:
    """Let processes that say "ready" go on together; return what they say at the end."""
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = []
    for process in processes:
        with process:
            said.append(process.communicate(timeout=60)[0])
    return said


@settings(max_examples=40, deadline=None)
@given(states=st.lists(st.sampled_from(ORDER), min_size=1, max_size=8))
def test_a_slot_never_goes_back(shared: Ledger, states: list[SlotState]) -> None:
    slot, highest = next(fresh_slots), states[0]
    for number, state in enumerate(states):
        shared.record(entry(state, slot, f"line {number}"), NOW)
        highest = max(highest, state, key=ORDER.index)
        found = shared.find("lake", slot)
        assert found == entry(highest, slot, f"line {states.index(highest)}")


@pytest.mark.parametrize("state", ORDER)
def test_a_line_comes_back_as_it_was_written(shared: Ledger, state: SlotState) -> None:
    line = entry(state, next(fresh_slots), "sun at −0.8°, “dusk”")
    shared.record(line, NOW)
    assert Ledger(shared.path).find("lake", line.slot) == line


def test_a_slot_is_the_same_in_every_time_zone(shared: Ledger) -> None:
    slot = next(fresh_slots)
    local = slot.astimezone(ZoneInfo("America/Vancouver"))
    shared.record(entry(SlotState.TAKEN, local), NOW)
    shared.record(entry(SlotState.UPLOADED, slot), NOW)
    found = shared.find("lake", local)
    assert found is not None
    assert found.state == SlotState.UPLOADED
    assert found.slot.utcoffset() == timedelta(0)


def test_cameras_do_not_share_slots(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.record(entry(SlotState.TAKEN, camera="lake"), NOW)
    assert ledger.find("pier", SLOT) is None
    assert ledger.between("pier", SLOT, SLOT + STEP) == []


def test_between_has_the_first_instant_and_not_the_last_and_is_in_order(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    slots = [SLOT + number * STEP for number in range(5)]
    for slot in reversed(slots):
        ledger.record(entry(SlotState.SKIPPED, slot), NOW)
    zone = ZoneInfo("Asia/Kathmandu")
    found = ledger.between("lake", slots[1].astimezone(zone), slots[4].astimezone(zone))
    assert [line.slot for line in found] == slots[1:4]


def test_several_processes_write_one_ledger(tmp_path: Path) -> None:
    path = tmp_path / "camera-host" / "ledger.db"
    writers = [start_python(WRITER, path, number) for number in range(3)]
    assert all_at_once(writers) == ["done\n"] * 3
    lines = Ledger(path).between("lake", SLOT, SLOT + 20 * STEP)
    assert [line.slot for line in lines] == [SLOT + number * STEP for number in range(20)]
    assert {line.state for line in lines} == {SlotState.CONFIRMED}


def test_a_new_ledger_may_be_opened_by_many_at_once(tmp_path: Path) -> None:
    troubles: list[Exception] = []

    def open_ledger(path: Path, together: threading.Barrier) -> None:
        together.wait(10)
        try:
            Ledger(path)
        except Exception as error:  # noqa: BLE001 (a thread's error is the test's)
            troubles.append(error)

    for number in range(15):
        together = threading.Barrier(6)
        openers = [threading.Thread(target=open_ledger, args=(tmp_path / f"{number}.db", together)) for _ in range(6)]
        for opener in openers:
            opener.start()
        for opener in openers:
            opener.join()
    assert troubles == []


@pytest.mark.parametrize(
    ("known", "later", "expected"),
    [
        pytest.param({"reason": "daylight"}, {}, {"reason": "daylight"}, id="reason"),
        pytest.param({"reason": "daylight"}, {"reason": "low disk"}, {"reason": "low disk"}, id="another reason"),
        pytest.param({"on_card": "/DCIM/1.JPG"}, {}, {"on_card": "/DCIM/1.JPG"}, id="place on the card"),
        pytest.param({"facts": {"battery": "50%"}}, {}, {"facts": {"battery": "50%"}}, id="the camera's facts"),
        pytest.param({"by": "guard"}, {}, {"by": "guard"}, id="who took it"),
        pytest.param({"by": "guard"}, {"by": "hook"}, {"by": "hook"}, id="another who"),
    ],
)
def test_what_a_later_line_leaves_empty_stays(
    tmp_path: Path, known: dict[str, Any], later: dict[str, Any], expected: dict[str, Any]
) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.record(line_of(SlotState.TAKEN, **known), NOW)
    ledger.record(line_of(SlotState.UPLOADED, **later), NOW)
    assert ledger.find("lake", SLOT) == line_of(SlotState.UPLOADED, **expected)


def test_why_there_was_no_photo_is_no_reason_of_the_photo_that_came_after_all(shared: Ledger) -> None:
    slot = next(fresh_slots)
    shared.record(line_of(SlotState.MISSED, slot, reason="the host was off"), NOW)
    shared.record(line_of(SlotState.TAKEN, slot), NOW)
    assert shared.find("lake", slot) == line_of(SlotState.TAKEN, slot)


def test_an_untrusted_clock_is_remembered_through_a_slots_life(shared: Ledger) -> None:
    slot = next(fresh_slots)
    sidecar = replace(sidecar_of(jpeg(), slot), clock_trusted=False, by="guard", facts={"battery": "50%"})
    for state in (SlotState.TAKEN, SlotState.UPLOADED, SlotState.CONFIRMED):
        shared.record(Entry.of_photo(sidecar, state), NOW)
    found = shared.find("lake", slot)
    assert found == Entry.of_photo(sidecar, SlotState.CONFIRMED)
    assert not found.clock_trusted


def test_a_file_of_the_first_release_is_brought_up_to_date_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    old_file(path)
    ledger = Ledger(path)
    assert ledger.between("lake", SLOT, SLOT + 2 * STEP) == [
        line_of(SlotState.UPLOADED, reason="daylight", sha256="ab" * 32, bytes=7),
        line_of(SlotState.SKIPPED, SLOT + STEP, reason="night"),
    ]
    ledger.record(line_of(SlotState.CONFIRMED, sha256="ab" * 32, bytes=7, by="upload"), NOW)
    ledger.account("lake", [], SLOT + STEP, NOW)
    assert Ledger(path).find("lake", SLOT) == line_of(
        SlotState.CONFIRMED, reason="daylight", sha256="ab" * 32, bytes=7, by="upload"
    )
    assert version_of(path) == len(MIGRATIONS)


def test_a_migration_that_is_killed_halfway_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ledger.db"
    old_file(path)
    with monkeypatch.context() as patch, pytest.raises(sqlite3.OperationalError, match="no_such_thing"):
        patch.setattr(host_db, "MIGRATIONS", (MIGRATIONS[0], f"{MIGRATIONS[1]}; drop table no_such_thing"))
        Ledger(path)
    assert version_of(path) == 1
    assert len(Ledger(path).between("lake", SLOT, SLOT + 2 * STEP)) == 2
    assert version_of(path) == len(MIGRATIONS)


def test_an_old_file_opened_by_many_at_once_is_brought_up_to_date_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    old_file(path)
    said = all_at_once([start_python(OPENER, path) for _ in range(4)])
    assert said == [f"{Ledger(path).find('lake', SLOT)}\n"] * 4
    assert version_of(path) == len(MIGRATIONS)


def test_slots_without_a_line_get_one_and_those_with_a_line_keep_it(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    assert ledger.watched_until("lake") is None
    ledger.record(line_of(SlotState.TAKEN, reason="daylight"), NOW)
    missed = [line_of(SlotState.MISSED, SLOT + number * STEP, reason="off") for number in range(3)]
    ledger.account("lake", missed, SLOT + 3 * STEP, NOW)
    lines = ledger.between("lake", SLOT, SLOT + 9 * STEP)
    assert lines == [line_of(SlotState.TAKEN, reason="daylight"), *missed[1:]]
    assert ledger.watched_until("lake") == SLOT + 3 * STEP
    assert ledger.watched_until("pier") is None
    ledger.account("lake", [], SLOT + 4 * STEP, NOW)
    assert Ledger(ledger.path).watched_until("lake") == SLOT + 4 * STEP


def test_the_latest_hashes_are_those_of_a_cameras_last_photos(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    for number in (2, 0, 3, 1):
        ledger.record(line_of(SlotState.TAKEN, SLOT + number * STEP, sha256=f"{number}"), NOW)
    ledger.record(line_of(SlotState.SKIPPED, SLOT + 4 * STEP), NOW)
    ledger.record(Entry("pier", SLOT + 5 * STEP, SlotState.TAKEN, "", "9"), NOW)
    assert ledger.latest_hashes("lake", 2) == {"2", "3"}
    assert ledger.latest_hashes("lake", 99) == {"0", "1", "2", "3"}
    assert ledger.latest_hashes("dock", 2) == set()


def on_card(ledger: Ledger, number: int, *states: SlotState, place: str = "", camera: str = "lake") -> None:
    """Write the lines of a photo that stays on the card."""
    slot = SLOT + number * STEP
    ledger.record(Entry(camera, slot, SlotState.TAKEN, "", on_card=place or f"/DCIM/{number}.JPG"), NOW)
    for state in states:
        ledger.record(Entry(camera, slot, state, ""), NOW)


def test_only_confirmed_photos_may_be_deleted_on_the_card_the_oldest_first(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    on_card(ledger, 4, SlotState.CONFIRMED)
    on_card(ledger, 0, SlotState.UPLOADED, SlotState.CONFIRMED)
    on_card(ledger, 1)
    on_card(ledger, 2, SlotState.UPLOADED)
    on_card(ledger, 3, SlotState.DROPPED)
    on_card(ledger, 5, SlotState.CONFIRMED, camera="pier")
    ledger.record(line_of(SlotState.CONFIRMED, SLOT + 6 * STEP), NOW)
    assert ledger.deletable_on_card("lake") == ["/DCIM/0.JPG", "/DCIM/4.JPG"]


def test_what_is_off_the_card_is_not_deleted_again(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    for camera in ("lake", "pier"):
        on_card(ledger, 0, SlotState.CONFIRMED, camera=camera)
        on_card(ledger, 1, SlotState.CONFIRMED, camera=camera)
    ledger.off_card("lake", ["/DCIM/0.JPG", "/DCIM/elsewhere.JPG"])
    ledger.off_card("lake", [])
    assert ledger.deletable_on_card("lake") == ["/DCIM/1.JPG"]
    assert ledger.deletable_on_card("pier") == ["/DCIM/0.JPG", "/DCIM/1.JPG"]


def test_a_place_on_the_card_that_a_newer_photo_has_taken_is_not_deleted_for_the_old_one(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    on_card(ledger, 0, SlotState.CONFIRMED, place="/DCIM/1.JPG")
    on_card(ledger, 0, SlotState.CONFIRMED, place="/DCIM/1.JPG", camera="pier")
    on_card(ledger, 9, place="/DCIM/1.JPG")
    assert ledger.deletable_on_card("lake") == []
    assert ledger.deletable_on_card("pier") == ["/DCIM/1.JPG"]
    ledger.record(line_of(SlotState.CONFIRMED, SLOT + 9 * STEP), NOW)
    assert ledger.deletable_on_card("lake") == ["/DCIM/1.JPG"]


def aside(path: Path) -> dict[str, bytes]:
    """Return what was moved aside, by what it was."""
    found = {}
    for each in path.parent.glob(f"{path.name}.damaged-*"):
        suffix = each.name.rpartition("Z")[2]
        assert suffix not in found
        found[suffix] = each.read_bytes()
    return found


@pytest.mark.parametrize(
    "content",
    [b"no database " * 1000, b"\0" * 8192, b"SQLite format 3\0" + b"\xff" * 8176],
    ids=["text", "zeros, as a power cut leaves them", "a torn first page"],
)
def test_a_file_that_is_no_database_is_moved_aside_and_a_new_one_begun(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).write_bytes(b"no journal")
    ledger = Ledger(path)
    ledger.record(line_of(SlotState.TAKEN), NOW)
    assert Ledger(path).find("lake", SLOT) == line_of(SlotState.TAKEN)
    assert aside(path)[""] == content
    (warning,) = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert f"{path} is damaged" in warning
    assert "ledger.db.damaged-" in warning


def test_the_journal_of_a_damaged_file_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    Ledger(path).record(line_of(SlotState.TAKEN), NOW)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("pragma journal_mode=persist")
        other.execute("begin immediate")
        other.execute("insert into marks values ('a mark', 'in the journal')")
        journal = path.with_name("ledger.db-journal").read_bytes()
        path.write_bytes(b"no database " * 1000)
        Ledger(path).record(line_of(SlotState.TAKEN), NOW)
        found = aside(path)
    assert found == {"": b"no database " * 1000, "-journal": journal}
    assert Ledger(path).find("lake", SLOT) == line_of(SlotState.TAKEN)


def spoil(ledger: Ledger) -> bytes:
    """Leave a ledger's first page whole and no other; return what its file is then."""
    for number in range(30):
        ledger.record(line_of(SlotState.TAKEN, SLOT + number * STEP, reason="r" * 400), NOW)
    whole = ledger.path.read_bytes()
    damaged = whole[:4096] + b"\xee" * (len(whole) - 4096)
    ledger.path.write_bytes(damaged)
    return damaged


def test_damage_that_only_shows_as_it_is_read_is_met_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = Ledger(path)
    damaged = spoil(ledger)
    other = Ledger(path)
    with pytest.raises(HostError, match=r"malformed.*moved aside"):
        ledger.find("lake", SLOT)
    assert aside(path)[""] == damaged
    assert other.find("lake", SLOT) is None
    ledger.record(line_of(SlotState.TAKEN), NOW)
    assert other.find("lake", SLOT) == line_of(SlotState.TAKEN)


def test_who_meets_the_damage_later_leaves_the_new_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger, other = Ledger(path), Ledger(path)
    damaged = spoil(ledger)

    def read_late() -> None:
        with other.database.reading() as connection:
            connection.execute("pragma user_version").fetchone()
            with pytest.raises(HostError, match=r"malformed.*moved aside"):
                ledger.find("lake", SLOT)
            ledger.record(line_of(SlotState.TAKEN), NOW)
            connection.execute("select count(reason) from slots").fetchone()

    with pytest.raises(HostError, match=r"malformed.*moved aside"):
        read_late()
    assert aside(path)[""] == damaged
    assert other.find("lake", SLOT) == line_of(SlotState.TAKEN)


def test_damage_met_by_many_at_once_is_moved_aside_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"no database " * 1000)
    assert all_at_once([start_python(OPENER, path) for _ in range(4)]) == ["None\n"] * 4
    assert aside(path) == {"": b"no database " * 1000}


def test_a_file_of_before_with_a_write_ahead_log_is_kept_and_has_none_any_more(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    Ledger(path).record(line_of(SlotState.TAKEN), NOW)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        assert other.execute("pragma journal_mode=wal").fetchone() == ("wal",)
    assert Ledger(path).find("lake", SLOT) == line_of(SlotState.TAKEN)
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("pragma journal_mode").fetchone() != ("wal",)


def test_a_locked_file_is_not_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ledger.db"
    old_file(path)
    monkeypatch.setattr(host_db, "BUSY_SECONDS", 0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin exclusive")
        with pytest.raises(HostError, match=r"ledger.db cannot be used \(database is locked\); no photo was lost"):
            Ledger(path)
    assert aside(path) == {}
    assert Ledger(path).find("lake", SLOT) is not None


def test_a_full_disk_is_not_damage_and_is_told_as_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, connect = tmp_path / "ledger.db", sqlite3.connect
    ledger = Ledger(path)
    ledger.record(line_of(SlotState.TAKEN), NOW)

    def full(*words: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*words, **options)
        connection.execute("pragma max_page_count = 1")  # as many as there are
        return connection

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", full)
        with pytest.raises(DiskFullError, match=r"\.db could not be written, its disk is full; no photo was lost"):
            ledger.record(line_of(SlotState.TAKEN, SLOT + STEP, reason="r" * 100_000), NOW)
        with pytest.raises(DiskFullError, match=r"\.db could not be written, its disk is full; no photo was lost"):
            Ledger(tmp_path / "other.db")
    assert list(tmp_path.glob("*.damaged-*")) == []
    assert ledger.between("lake", SLOT, SLOT + 9 * STEP) == [line_of(SlotState.TAKEN)]
