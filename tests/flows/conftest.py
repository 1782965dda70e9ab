"""One real Prefect server for all tests of flows, a home of one's own for each test, and a camera host for some."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from kootenay.settings import Settings, load_settings
from rig.prefect_host import CHECKOUT, environment, start_server, wait_for_server
from rig.processes import Keeper, free_port
from tests.flows.camera_host import CameraHost


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


@pytest.fixture(autouse=True)
def priority() -> Iterator[None]:
    """Flows that step back do so in the tests' own process."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    yield
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, before)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings whose home is the test's own folder, for the test and for the flows it runs."""
    monkeypatch.setenv("KOOTENAY_HOME", str(tmp_path / "home"))
    return load_settings()


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CameraHost]:
    """A camera host in the polar day, deployed to a Prefect server of its own with no schedule on.

    Its camera is a command that costs nothing, with a slot every minute. No worker and no guard runs yet.
    """
    config = tmp_path / "kootenay.toml"
    config.write_text(
        f"""
        [site]
        latitude = {89.0 if datetime.now(UTC).month in range(4, 9) else -89.0}
        longitude = 0.0
        timezone = "UTC"
        [cameras.lake]
        driver = "command"
        command = ["{sys.executable}", "-m", "rig.quick_camera", "{{into}}"]
        normal = {{}}
        bands = []
        every_minutes = 1
        guard_after_seconds = 8
        grace_seconds = 50
        [spool]
        floor_megabytes = 0
        overdue_minutes = 0.5
        """
    )
    heartbeats = {"KOOTENAY_CONFIG": str(config), "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"}
    env = environment(tmp_path / "house", free_port(), heartbeats)
    for name in ("KOOTENAY_CONFIG", "KOOTENAY_HOME", "PREFECT_API_URL"):
        monkeypatch.setenv(name, env[name])
    keeper = Keeper(tmp_path / "logs")
    try:
        start_server(keeper, env)
        wait_for_server(keeper, env)
        deploy = [sys.executable, "-m", "deployments.setup", "--schedules-off"]
        subprocess.run(deploy, cwd=CHECKOUT, env=env, check=True, capture_output=True)
        with temporary_settings({PREFECT_API_URL: env["PREFECT_API_URL"]}), get_client(sync_client=True) as client:
            yield CameraHost(keeper, env, client)
    finally:
        keeper.stop_all()
