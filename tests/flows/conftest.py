"""One real Prefect server for all tests of flows, and a home of one's own for each test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from kootenay.settings import Settings, load_settings
from rig.prefect_host import start_server, wait_for_server
from rig.processes import Keeper


@pytest.fixture(scope="session", autouse=True)
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server on SQLite; without the engine's heartbeat, whose thread costs a second at the end of each flow."""
    keeper = Keeper(tmp_path_factory.mktemp("logs"))
    try:
        start_server(keeper, os.environ)
        wait_for_server(keeper, os.environ)
        with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            yield os.environ["PREFECT_API_URL"]
            APILogWorker.drain_all(timeout=10)
            EventsWorker.drain_all(timeout=10)
    finally:
        keeper.stop_all()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings whose home is the test's own folder, for the test and for the flows it runs."""
    monkeypatch.setenv("KOOTENAY_HOME", str(tmp_path / "home"))
    return load_settings()
