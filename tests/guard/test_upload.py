"""What the guard's upload promises beside the photos: it says how each camera stands, and stays small."""

import logging
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from guard.upload import drain_once
from kootenay.adapters import clock
from kootenay.adapters.host_status import told_in
from kootenay.adapters.ledger import Entry
from kootenay.errors import TransferError
from kootenay.rules.slots import SlotState
from kootenay.settings import Settings, load_settings
from kootenay.wiring import incoming_of, ledger_of, spool_of
from rig.processes import free_port
from tests.adapters.conftest import spool_photo

NOON = datetime(2026, 6, 21, 12, 0, tzinfo=UTC)
STEP = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's clock."""
    monkeypatch.setattr(clock, "now", lambda: NOON)


def test_what_became_of_each_slot_is_told_after_the_photos(settings: Settings) -> None:
    spool_photo(spool_of(settings), NOON - STEP)
    ledger_of(settings).record(Entry("fjord", NOON - STEP, SlotState.MISSED, "the camera hung", by="guard"), NOON)
    assert drain_once(settings).startswith("1 photos sent")
    (status,), misfits = told_in(incoming_of(settings).statuses())
    assert misfits == []
    assert (status.camera, status.said_at) == ("fjord", NOON)
    assert [gap.reason for gap in status.days[-1].gaps] == ["the camera hung"]
    assert spool_of(settings).waiting() == []


def test_a_status_that_cannot_be_told_is_a_warning_and_the_photos_went(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    spool_photo(spool_of(settings), NOON - STEP)
    settings.path("incoming").mkdir(parents=True)
    settings.path("incoming/status").write_bytes(b"a file in the folder's place")
    with caplog.at_level(logging.WARNING):
        assert drain_once(settings).startswith("1 photos sent")
    assert "the status page is not brought up to date: " in caplog.text


def test_an_upload_with_its_status_is_a_small_process(settings: Settings, figure: object) -> None:
    spool_photo(spool_of(settings), NOON - STEP)
    code = (
        "import sys; from guard.upload import drain_once; from kootenay.settings import load_settings;"
        "drain_once(load_settings());"
        "heavy = {'prefect', 'sqlalchemy', 'boto3', 'paramiko', 'PIL', 'numpy'} & set(sys.modules);"
        "print(*heavy, [l.split()[1] for l in open('/proc/self/status') if l.startswith('VmHWM')][0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ), cwd=Path.cwd()
    )
    *heavy, kilobytes = done.stdout.split()
    assert heavy == []
    assert int(kilobytes) < 50_000
    figure(f"guard upload: {int(kilobytes) / 1000:.1f} MB at its peak")  # type: ignore[operator]


def test_a_server_out_of_reach_is_its_own_error_and_not_the_statuss(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool_photo(spool_of(settings), NOON - STEP)
    monkeypatch.setenv("KOOTENAY_UPLOAD__TARGET", f"ftp://lake@127.0.0.1:{free_port()}/")
    with pytest.raises(TransferError, match="nothing was sent, the spool keeps everything"):
        drain_once(load_settings())
    assert len(spool_of(settings).waiting()) == 1
