"""The camera host on its own, lived through for real: Prefect's server dies, its runs pile up, the guard goes on.

A server, a worker and a guard as processes of their own, on a grid of slots a few seconds apart.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Scheduled

from kootenay.rules.sidecar import Sidecar
from kootenay.rules.slots import slot_of
from kootenay.settings import load_settings
from kootenay.wiring import ledger_of, news_of, spool_of
from rig.prefect_host import CHECKOUT, environment, start_server, start_worker, wait_for_server
from rig.processes import Keeper, children_of, free_port

LATE_RUNS = 60


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Keeper, dict[str, str]]]:
    """A camera host with a Prefect server of its own, whose camera is a command that costs nothing."""
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
    settings = {"KOOTENAY_CONFIG": str(config), "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"}
    env = environment(tmp_path / "house", free_port(), settings)
    for name in ("KOOTENAY_CONFIG", "KOOTENAY_HOME"):
        monkeypatch.setenv(name, env[name])
    monkeypatch.setenv("PREFECT_API_URL", env["PREFECT_API_URL"])
    keeper = Keeper(tmp_path / "logs")
    start_server(keeper, env)
    wait_for_server(keeper, env)
    yield keeper, env
    keeper.stop_all()


def until(reached: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.2)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture
def client(host: tuple[Keeper, dict[str, str]]) -> Iterator[SyncPrefectClient]:
    """A client of that server, with everything deployed and no schedule on."""
    _, env = host
    command = [sys.executable, "-m", "deployments.setup", "--schedules-off"]
    subprocess.run(command, cwd=CHECKOUT, env=env, check=True, capture_output=True)
    with temporary_settings({PREFECT_API_URL: env["PREFECT_API_URL"]}), get_client(sync_client=True) as client:
        yield client


def open_runs(client: SyncPrefectClient) -> list[FlowRun]:
    return [run for run in client.read_flow_runs(limit=200) if run.state is None or not run.state.is_final()]


def ask_for(client: SyncPrefectClient, deployment: str, **parameters: Any) -> UUID:
    found = client.read_deployment_by_name(deployment)
    return client.create_flow_run_from_deployment(found.id, parameters=parameters).id


def test_a_worker_that_was_away_starts_one_capture_and_not_one_a_late_run(
    host: tuple[Keeper, dict[str, str]], client: SyncPrefectClient, figure: Callable[[str], None]
) -> None:
    keeper, env = host
    deployment, now = client.read_deployment_by_name("capture/lake"), datetime.now(UTC)
    for number in range(LATE_RUNS):
        due = Scheduled(scheduled_time=now - timedelta(minutes=5 * (number + 1)))
        client.create_flow_run_from_deployment(deployment.id, state=due)
    start_worker(keeper, env, "camera-host")
    until(lambda: not open_runs(client), 240)
    states = Counter(run.state.name for run in client.read_flow_runs(limit=200) if run.state)
    figure(f"{LATE_RUNS} late runs when a worker came back: {dict(states)}")
    assert states["Cancelled"] >= LATE_RUNS - 3
    assert set(states) <= {"Cancelled", "Skipped"}
    assert spool_of(load_settings()).waiting() == []


def test_a_run_that_a_power_cut_left_running_is_ended_and_lets_the_next_one_in(
    host: tuple[Keeper, dict[str, str]], client: SyncPrefectClient, figure: Callable[[str], None]
) -> None:
    """The worker and its run are killed at once, as by a power cut: nobody is left to say that the run is over."""
    keeper, env = host
    start_worker(keeper, env, "camera-host")
    start = datetime.now(UTC) + timedelta(minutes=10)
    run = ask_for(client, "capture-session/lake-day", start=start.isoformat(), every_seconds=60, at_most=1)

    def state() -> str:
        found = client.read_flow_run(run).state
        return found.name if found else ""

    until(lambda: state() == "Running", 60)
    time.sleep(5)  # its first heartbeat
    worker = keeper.running["worker-camera-host"]
    for pid in (worker.pid, *(each for child in children_of(worker.pid) for each in (child, *children_of(child)))):
        os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    assert state() == "Running"
    until(lambda: state() == "Crashed", 240)
    figure(f"a run left by a power cut is Crashed after {time.monotonic() - began:.0f} s")


def test_the_host_goes_on_without_prefect_and_tells_of_it_afterwards(
    host: tuple[Keeper, dict[str, str]], client: SyncPrefectClient, figure: Callable[[str], None]
) -> None:
    """A session with a slot every five seconds outlives its server; the guard takes the slots after it, and sends."""
    keeper, env = host
    settings, every = load_settings(), timedelta(seconds=5)
    ledger, incoming = ledger_of(settings), settings.path(settings.ingest.incoming)
    start_worker(keeper, env, "camera-host")
    keeper.start("guard", [sys.executable, "-m", "guard"], env, CHECKOUT)
    start = slot_of(datetime.now(UTC), every) + 6 * every
    end = start + 9 * every
    ask_for(client, "capture-session/lake-day", start=start.isoformat(), end=end.isoformat(), every_seconds=5)
    until(lambda: len(ledger.between("lake", start, end)) >= 3, 90)
    keeper.stop("prefect-server")
    until(lambda: len(ledger.between("lake", start, end)) == 9, 90)
    assert all(entry.state.was_taken for entry in ledger.between("lake", start, end))
    guarded = slot_of(end, timedelta(minutes=1)) + timedelta(minutes=1)
    until(lambda: (entry := ledger.find("lake", guarded)) and entry.by == "guard", 150)
    until(lambda: not spool_of(settings).waiting(), 150)
    sent = [Sidecar.from_json(path.read_bytes(), path.name) for path in incoming.glob("*.json")]
    taken = [entry for entry in ledger.between("lake", start, guarded + every) if entry.state.was_taken]
    assert {each.slot for each in sent} >= {entry.slot for entry in taken}
    assert len({each.slot for each in sent}) == len(sent)
    start_server(keeper, env)
    wait_for_server(keeper, env)
    run = ask_for(client, "upload/spool")
    until(lambda: (state := client.read_flow_run(run).state) and state.is_final(), 90)
    assert news_of(settings).waiting() == []
    artifacts = client.request("POST", "/artifacts/filter", json={}).json()
    assert "nobody had taken it" in next(each["data"] for each in artifacts if each["key"] == "camera-host-news")
    pid = keeper.running["guard"].pid
    status = Path(f"/proc/{pid}/status").read_text()
    resident = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1000
    figure(f"guard: {resident:.1f} MB resident after an outage, {cpu_seconds(pid):.2f} s of CPU in all")
