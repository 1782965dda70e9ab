"""How a camera stands travels with every upload run to the catalog, and is never in a photo's way."""

import json
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import State

from flows.ingest import ingest
from flows.upload import upload
from kootenay.adapters import clock
from kootenay.adapters.ledger import Entry
from kootenay.errors import TransferRefusedError
from kootenay.rules.slots import SlotState
from kootenay.settings import Settings
from kootenay.wiring import catalog_of, ledger_of, spool_of
from rig.processes import free_port
from tasks import upload as upload_tasks
from tests.adapters.conftest import SLOT, STEP, spool_photo

NOW = SLOT + 10 * STEP


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's and the server's clock."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


def run(flow: Any) -> State[Any]:
    state: State[Any] = flow(return_state=True)
    return state


def told(settings: Settings) -> Path:
    return settings.path(settings.ingest.incoming) / "status" / "lake.json"


def test_the_reason_of_a_gap_reaches_the_catalog(settings: Settings) -> None:
    ledger_of(settings).record(Entry("lake", SLOT, SlotState.MISSED, "the camera hung"), NOW)
    spool_photo(spool_of(settings), SLOT + STEP)
    assert run(upload).name == "Completed"
    assert run(ingest).name == "Completed"
    status = catalog_of(settings).status("lake")
    assert status is not None
    assert status.said_at == NOW
    assert [gap.reason for gap in status.days[-1].gaps] == ["the camera hung"]
    assert (status.backlog.waiting, status.backlog.awaiting) == (0, 1), "it is told after the photos went"


def test_also_when_nothing_waits(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for later in (timedelta(), timedelta(minutes=10)):
        monkeypatch.setattr(clock, "now", lambda later=later: NOW + later)
        assert [run(upload).name, run(ingest).name] == ["NothingNew", "NothingNew"]
        status = catalog_of(settings).status("lake")
        assert status is not None
        assert status.said_at == NOW + later


def test_a_server_out_of_reach_with_nothing_to_send_fails_no_run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KOOTENAY_UPLOAD__TARGET", f"ftp://lake@127.0.0.1:{free_port()}/")
    with caplog.at_level(logging.WARNING):
        state = run(upload)
    assert state.name == "NothingNew"
    assert "the status page is not brought up to date: ftp://127.0.0.1" in caplog.text


def test_what_was_delivered_is_delivered_when_the_status_cannot_be_told(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    spool_photo(spool_of(settings))
    told(settings).parent.parent.mkdir(parents=True)
    told(settings).parent.write_bytes(b"a file in the folder's place")
    with caplog.at_level(logging.WARNING):
        state = run(upload)
    assert state.name == "Completed"
    assert "1 photos sent" in str(state.message)
    assert len(spool_of(settings).unconfirmed()) == 1
    assert "took no status of lake" in caplog.text


def test_a_backlog_that_does_not_go_is_told_all_the_same(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        msg = "the server takes no photos"
        raise TransferRefusedError(msg)

    monkeypatch.setattr(upload_tasks, "send", refuse)
    spool_photo(spool_of(settings))
    state = run(upload)
    assert (state.name, state.message) == ("Failed", "the server takes no photos")
    assert json.loads(told(settings).read_text())["backlog"]["waiting"] == 1


def test_what_is_no_status_is_set_aside_and_stops_no_photo(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    spool_photo(spool_of(settings))
    run(upload)
    before = told(settings).read_text()
    told(settings).write_text(before[:100])
    with caplog.at_level(logging.WARNING):
        assert "1 new photos" in str(run(ingest).message)
    assert "status/lake.json is not a camera's status" in caplog.text
    assert catalog_of(settings).status("lake") is None
    quarantine = settings.path(settings.ingest.quarantine)
    assert (quarantine / "status" / "lake.json").read_text() == before[:100]
    assert "is not a camera's status" in (quarantine / "status" / "lake.reason.txt").read_text()
    assert not told(settings).exists()
    run(upload)
    run(ingest)
    assert catalog_of(settings).status("lake") is not None


def test_an_older_word_that_comes_late_changes_nothing(settings: Settings) -> None:
    run(upload)
    run(ingest)
    newest = catalog_of(settings).status("lake")
    older = json.loads(told(settings).read_text()) | {"said_at": SLOT.isoformat(), "disk_free": 1}
    told(settings).write_text(json.dumps(older))
    run(ingest)
    assert catalog_of(settings).status("lake") == newest
