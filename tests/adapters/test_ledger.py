"""What the ledger promises: a slot never goes back, whoever writes, and every gap has its line."""

import threading
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kootenay.adapters.ledger import Entry, Ledger
from kootenay.rules.slots import SlotState
from tests.adapters.conftest import SLOT, STEP, start_python

NOW = datetime(2026, 6, 21, 20, 1, tzinfo=UTC)
ORDER = list(SlotState)
fresh_slots = (SLOT + number * STEP for number in count())

WRITER = """
import random, sys
from datetime import UTC, datetime
from pathlib import Path
from kootenay.adapters.ledger import Entry, Ledger
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


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return Ledger(tmp_path_factory.mktemp("ledger") / "ledger.db")


def entry(state: SlotState, slot: datetime = SLOT, reason: str = "", camera: str = "lake") -> Entry:
    return Entry(camera, slot, state, reason, "ab" * 32 if state.has_photo else "", 7 if state.has_photo else 0)


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
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        with writer:
            assert writer.communicate(timeout=60)[0] == "done\n"
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
