"""The camera host on its own, lived through for real: Prefect's server dies, its runs pile up, the guard goes on."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prefect.client.schemas.schedules import RRuleSchedule

from kootenay.rules.sidecar import Sidecar
from kootenay.rules.slots import slot_of
from kootenay.settings import load_settings
from kootenay.wiring import ledger_of, news_of, spool_of
from rig.prefect_host import start_server, wait_for_server
from tests.flows.camera_host import FINAL, CameraHost, until

LATE_RUNS = 864
"""Three days of a slot every five minutes."""


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_worker_that_was_away_for_days_starts_a_capture_or_two_and_not_one_a_late_run(
    host: CameraHost, figure: Callable[[str], None]
) -> None:
    """The runs are Prefect's own, made by a schedule that ended a moment ago."""
    first = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5 * LATE_RUNS)
    rule = f"DTSTART:{first:%Y%m%dT%H%M%SZ}\nFREQ=MINUTELY;INTERVAL=5;COUNT={LATE_RUNS}"
    deployment = host.client.read_deployment_by_name("capture/lake").id
    host.client.create_deployment_schedules(deployment, [(RRuleSchedule(rrule=rule, timezone="UTC"), True)])
    span = {"start_time": first.isoformat(), "min_runs": LATE_RUNS, "max_runs": LATE_RUNS}
    host.client.request("POST", f"/deployments/{deployment}/schedule", json=span)
    assert host.count() == LATE_RUNS
    host.start_worker()
    took = until(lambda: host.count(type={"not_any_": FINAL}) == 0, 400)
    cancelled, skipped = (host.count(name={"any_": [name]}) for name in ("Cancelled", "Skipped"))
    figure(f"{LATE_RUNS} late runs: {cancelled} Cancelled, {skipped} Skipped, {took:.0f} s after a worker came back")
    assert cancelled + skipped == LATE_RUNS
    assert spool_of(load_settings()).waiting() == []


def test_a_run_that_a_power_cut_left_running_is_ended_and_lets_the_next_one_in(
    host: CameraHost, figure: Callable[[str], None]
) -> None:
    """The worker, its run and the run's camera are killed at once, while the camera gives nothing."""
    host.start_worker(KOOTENAY_CAMERAS__LAKE__COMMAND='["sh", "-c", "sleep 40", "{into}"]')
    cut = host.ask("capture/lake")
    until(lambda: host.state(cut).name == "Running", 60)
    time.sleep(5)  # its first heartbeat
    host.cut_power("worker-camera-host")
    began = time.monotonic()
    host.start_worker()
    early = host.end_of(host.ask("capture/lake"), 60)
    assert (early.name, early.message) == ("Cancelled", "Deployment concurrency limit reached.")
    assert host.state(cut).name == "Running"
    until(lambda: host.state(cut).name == "Crashed", 240)
    crashed = time.monotonic() - began
    late = host.end_of(host.ask("capture/lake"), 60)
    figure(
        f"a run left by a power cut is Crashed after {crashed:.0f} s, "
        f"and the next is {late.name} {time.monotonic() - began - crashed:.0f} s after that"
    )
    assert late.name == "Completed"
    assert len(spool_of(load_settings()).waiting()) == 1


def test_the_host_goes_on_without_prefect_and_tells_of_it_afterwards(
    host: CameraHost, figure: Callable[[str], None]
) -> None:
    """A session with a slot every five seconds outlives its server; the guard takes the slots after it, and sends."""
    settings, every = load_settings(), timedelta(seconds=5)
    ledger, incoming = ledger_of(settings), settings.path(settings.ingest.incoming)
    host.start_worker()
    host.start_guard()
    start = slot_of(datetime.now(UTC), every) + 6 * every
    end = start + 9 * every
    host.ask("capture-session/lake-day", start=start.isoformat(), end=end.isoformat(), every_seconds=5)
    until(lambda: len(ledger.between("lake", start, end)) >= 3, 90)
    host.keeper.stop("prefect-server")
    until(lambda: len(ledger.between("lake", start, end)) == 9, 90)
    assert all(entry.state.was_taken for entry in ledger.between("lake", start, end))
    guarded = slot_of(end, timedelta(minutes=1)) + timedelta(minutes=1)
    until(lambda: (entry := ledger.find("lake", guarded)) and entry.by == "guard", 150)
    until(lambda: not spool_of(settings).waiting(), 150)
    sent = [Sidecar.from_json(path.read_bytes(), path.name) for path in incoming.glob("*.json")]
    taken = [entry for entry in ledger.between("lake", start, guarded + every) if entry.state.was_taken]
    assert {each.slot for each in sent} >= {entry.slot for entry in taken}
    assert len({each.slot for each in sent}) == len(sent)
    start_server(host.keeper, host.env)
    wait_for_server(host.keeper, host.env)
    host.end_of(host.ask("upload/spool"), 240)
    assert news_of(settings).waiting() == []
    artifacts = host.client.request("POST", "/artifacts/filter", json={}).json()
    assert "nobody had taken it" in next(each["data"] for each in artifacts if each["key"] == "camera-host-news")
    pid = host.keeper.running["guard"].pid
    status = Path(f"/proc/{pid}/status").read_text()
    resident = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1000
    figure(f"guard: {resident:.1f} MB resident after an outage, {cpu_seconds(pid):.2f} s of CPU in all")
