"""A Prefect server and its workers on loopback, with everything they write in one folder."""

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from rig.processes import Keeper

CHECKOUT = Path(__file__).resolve().parents[1]
PYTHONS = {"PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH", "PYTHONSTARTUP", "PYTHONWARNINGS"}
FIRST_START_SECONDS = 120
"""The first start migrates its database: 16 to 18 s on two quiet cores."""


def environment(folder: Path, port: int, settings: Mapping[str, str]) -> dict[str, str]:
    """Given a folder of one's own, a port and KOOTENAY_* settings, return the environment for all its processes.

    Nothing of the caller's own Prefect or Kootenay leaks in, and nothing is written outside the folder.
    """
    inherited = {name: value for name, value in os.environ.items() if not _meddles(name)}
    for part in ("home", "tmp", "prefect"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    return inherited | {
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "DO_NOT_TRACK": "1",
        "OPENBLAS_NUM_THREADS": "1",  # starting its threads is a third of what importing numpy costs
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "2",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "KOOTENAY_CHECKOUT": str(CHECKOUT),
        "KOOTENAY_HOME": str(folder / "data"),
        **settings,
    }


def _meddles(name: str) -> bool:
    """Whether a variable of the caller's would change what runs here; all of it is loopback and our own Python."""
    return name.startswith(("PREFECT_", "KOOTENAY_", "AWS_")) or name.lower().endswith("_proxy") or name in PYTHONS


def start_server(keeper: Keeper, env: Mapping[str, str]) -> None:
    """Start the Prefect server of `environment`; `wait_for_server` tells when it answers."""
    port = env["PREFECT_API_URL"].removesuffix("/api").rsplit(":", 1)[1]
    command = [sys.executable, "-m", "deployments.server", "--host", "127.0.0.1", "--port", port]
    keeper.start("prefect-server", command, env, CHECKOUT)


def wait_for_server(keeper: Keeper, env: Mapping[str, str]) -> None:
    """Wait until the server answers."""
    keeper.wait_until("prefect-server", lambda: answers(f"{env['PREFECT_API_URL']}/ready"), FIRST_START_SECONDS)


def start_worker(keeper: Keeper, env: Mapping[str, str], pool: str) -> None:
    """Start a worker for a pool; `--type` keeps it up when the server is not."""
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, "--type", "process"]
    keeper.start(f"worker-{pool}", [*command, "--name", pool], env, CHECKOUT)


def answers(url: str) -> bool:
    """Given a loopback address, return whether it answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 (loopback http only)
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
