"""What waiting costs and how well it ends: the guard through dark slots, and runs that Prefect was told of ahead."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kootenay.rules.slots import slot_of
from rig.prefect_host import CHECKOUT, environment, start_worker
from rig.processes import Keeper

DARK = """
    [site]
    latitude = {latitude}
    longitude = 0.0
    timezone = "UTC"
    [cameras.lake]
    driver = "command"
    command = ["/bin/false", "{{into}}"]
    normal = {{}}
    bands = []
    every_minutes = 1
    guard_after_seconds = 5
    grace_seconds = 50
    [spool]
    floor_megabytes = 0
    """
MINUTE = timedelta(minutes=1)
SLOTS = 3
LOOK_OVER = timedelta(seconds=20)
"""After a slot: the guard has looked at it."""

LATE_RUNS = 8
APART = timedelta(seconds=20)
AHEAD = timedelta(seconds=50)
WORKER_SECONDS = "2"


def idle_guard(keeper: Keeper, folder: Path, latitude: float) -> dict[str, float]:
    """Run a guard in the dark for three slots after its first look; return CPU seconds a slot, and MB at the end."""
    env = environment(folder / "guard", 1, {"KOOTENAY_CONFIG": str(_config(folder, latitude))})
    keeper.start("guard", [sys.executable, "-m", "guard"], env, CHECKOUT)
    pid = keeper.running["guard"].pid
    first = slot_of(datetime.now(UTC) + LOOK_OVER, MINUTE) + MINUTE
    _sleep_until(first + LOOK_OVER)
    before = _cpu_seconds(pid)
    _sleep_until(first + SLOTS * MINUTE + LOOK_OVER)
    keeper.check("guard")
    cost = (_cpu_seconds(pid) - before) / SLOTS
    return {"cpu_per_slot": round(cost, 4), "resident": round(_resident(pid) / 1e6, 1), "slots": SLOTS}


def late_starts(keeper: Keeper, env: Mapping[str, str], folder: Path, latitude: float) -> dict[str, Any]:
    """Schedule runs of capture/lake ahead, 20 s apart; return by how many seconds they started late."""
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings
    from prefect.states import Scheduled

    env = {**env, "KOOTENAY_CONFIG": str(_config(folder, latitude)), "PREFECT_WORKER_QUERY_SECONDS": WORKER_SECONDS}
    setup = [sys.executable, "-m", "deployments.setup", "--schedules-off"]
    subprocess.run(setup, cwd=CHECKOUT, env=env, check=True, capture_output=True)
    start_worker(keeper, env, "camera-host")
    with temporary_settings({PREFECT_API_URL: env["PREFECT_API_URL"]}), get_client(sync_client=True) as client:
        deployment, first = client.read_deployment_by_name("capture/lake"), datetime.now(UTC) + AHEAD
        asked = [
            client.create_flow_run_from_deployment(
                deployment.id, state=Scheduled(scheduled_time=first + number * APART)
            ).id
            for number in range(LATE_RUNS)
        ]
        _sleep_until(first + LATE_RUNS * APART)
        runs = [client.read_flow_run(each) for each in asked]
    late = [
        (run.start_time - run.expected_start_time).total_seconds()
        for run in runs
        if run.start_time and run.expected_start_time
    ]
    return {
        "runs": len(late),
        "min": round(min(late), 3),
        "median": round(statistics.median(late), 3),
        "max": round(max(late), 3),
        "states": sorted({run.state.name or "" for run in runs if run.state}),
    }


def _config(folder: Path, latitude: float) -> Path:
    config = folder / "dark.toml"
    config.write_text(DARK.format(latitude=latitude))
    return config


def _sleep_until(at: datetime) -> None:
    time.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds()))


def _cpu_seconds(pid: int) -> float:
    """CPU of a running process and of the children it has waited for (proc_pid_stat(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> int:
    """Bytes (proc_pid_status(5))."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) * 1024
