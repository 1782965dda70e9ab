"""What runs promise on a camera host whose disk another program has filled: one line, nothing lost, and on they go."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows import capture as capture_module
from flows.capture import capture, capture_session
from flows.upload import upload
from kootenay.adapters import station
from kootenay.rules.slots import SlotState
from kootenay.settings import Settings, load_settings
from kootenay.wiring import ledger_of, spool_of
from tasks import capture as capture_tasks
from tests.adapters.conftest import names
from tests.adapters.full_disk import fill, mounted, needs_root

pytestmark = needs_root

NOON = datetime(2026, 6, 21, 20, 0, tzinfo=UTC)
STEP = timedelta(minutes=5)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted("tmpfs", tmp_path) as disk:
        yield disk


@pytest.fixture
def small(disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A camera host on the small disk; its server's folder is on another."""
    monkeypatch.setattr(station, "pause", lambda _: None)
    monkeypatch.setenv("KOOTENAY_HOME", str(disk / "home"))
    monkeypatch.setenv("KOOTENAY_SPOOL__FLOOR_MEGABYTES", "0")
    monkeypatch.setenv("KOOTENAY_UPLOAD__TARGET", f"file:{tmp_path / 'incoming'}")
    return load_settings()


def run(flow: Any, **parameters: Any) -> Any:
    return flow(**parameters, return_state=True)


def test_a_run_fails_in_one_line_and_the_next_takes_the_slot(small: Settings, disk: Path) -> None:
    run(capture, slot=NOON - STEP)
    filler = fill(disk)
    for _ in range(2):
        state = run(capture, slot=NOON)
        assert state.is_failed()
        assert "is full, and nothing there may go" in state.message
        assert "\n" not in state.message
    assert [each.sidecar.slot for each in spool_of(small).waiting()] == [NOON - STEP]
    filler.unlink()
    assert run(capture, slot=NOON).is_completed()
    assert [each.sidecar.slot for each in spool_of(small).waiting()] == [NOON - STEP, NOON]


def test_a_session_outlives_a_full_disk(small: Settings, disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, fillers = [NOON - STEP / 2], list[Path]()

    def wait_until(at: datetime) -> None:
        clock[0] = at
        if at == NOON + STEP:
            fillers.append(fill(disk))
        if at == NOON + 4 * STEP:
            fillers[0].unlink()

    for module in (capture_module, capture_tasks):
        monkeypatch.setattr(module, "now", lambda: clock[0])
    monkeypatch.setattr(capture_module, "wait_until", wait_until)
    state = run(capture_session, end=NOON + 6 * STEP)
    assert "3 of 6 slots have no photo" in state.message
    taken = [NOON, NOON + 4 * STEP, NOON + 5 * STEP]
    assert [each.sidecar.slot for each in spool_of(small).waiting()] == taken
    lines = ledger_of(small).between("lake", NOON, NOON + 6 * STEP)
    assert [entry.slot for entry in lines if entry.state is SlotState.TAKEN] == taken
    assert all("is full" in entry.reason for entry in lines if entry.state is SlotState.MISSED)


def test_a_full_host_uploads(small: Settings, disk: Path, tmp_path: Path) -> None:
    for number in range(2):
        run(capture, slot=NOON + number * STEP)
    fill(disk)
    assert str(run(upload).message).startswith("2 photos sent")
    assert run(upload).name == "NothingNew"
    assert len([name for name in names(tmp_path / "incoming") if name.endswith(".jpg")]) == 2
