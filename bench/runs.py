"""Flow runs that are measured: one started as a worker starts it, or one of a deployment that a worker starts."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAMPLE_SECONDS = 0.1
ASK_SECONDS = 1.0


def flow_run(env: Mapping[str, str], entrypoint: str, parameters: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Ask the server for a run; return the command and the environment by which a process worker starts it."""
    from bench.empty import empty

    with _client(env) as client:
        run = client.create_flow_run(empty, parameters=parameters)
    return [sys.executable, "-m", "prefect.engine", str(run.id)], {**env, "PREFECT__FLOW_ENTRYPOINT": entrypoint}


@dataclass
class Watched:
    """A deployment's run: when it was asked for and began and ended (epoch), its end's message, its process's samples.

    A sample is the instant, the seconds of CPU since the process began, and its highest memory in MiB.
    """

    asked: float
    started: float = 0
    ended: float = 0
    message: str = ""
    pid: int = 0
    samples: list[tuple[float, float, float]] = field(default_factory=list)

    @property
    def cpu(self) -> float:
        """Of the story itself, without the process's start."""
        before = [cpu for at, cpu, _ in self.samples if at <= self.started]
        return self.samples[-1][1] - (before[-1] if before else 0)

    @property
    def peak(self) -> float:
        return self.samples[-1][2]


def watch_deployment(env: Mapping[str, str], name: str, beside: Callable[[int], None] = lambda pid: None) -> Watched:
    """Run a deployment to its end; `beside` is called with its process at each sample.

    Raises RuntimeError unless it is Completed.
    """
    with _client(env) as client:
        deployment = client.read_deployment_by_name(name)
        watched = Watched(time.time())
        run = client.create_flow_run_from_deployment(deployment.id)
        process, ask = None, 0.0
        while not (run.state and run.state.is_final() and run.end_time):
            time.sleep(SAMPLE_SECONDS)
            process = process or _process_of(str(run.id))
            if process:
                with suppress(OSError, StopIteration, IndexError):
                    watched.samples.append(_sample(process))
                    watched.pid = int(process.name)
                    beside(watched.pid)
            if time.monotonic() > ask:
                run, ask = client.read_flow_run(run.id), time.monotonic() + ASK_SECONDS
    watched.message = str(run.state.message)
    if not (run.state.is_completed() and run.start_time and watched.samples):
        msg = f"the run of {name} ended {run.state.name}: {watched.message}"
        raise RuntimeError(msg)
    watched.started, watched.ended = run.start_time.timestamp(), run.end_time.timestamp()
    return watched


def _client(env: Mapping[str, str]) -> Any:
    """One that speaks with the server of `env`, to be opened by `with`."""
    from prefect.client.orchestration import SyncPrefectClient

    return SyncPrefectClient(env["PREFECT_API_URL"])


def _process_of(run: str) -> Path | None:
    """Return where /proc shows the process that a worker started for a run."""
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"PREFECT__FLOW_RUN_ID={run}".encode() in (path / "environ").read_bytes():
                return path
    return None


def _sample(process: Path) -> tuple[float, float, float]:
    """proc_pid_stat(5), proc_pid_status(5)."""
    fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
    status = (process / "status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    return time.time(), sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK"), peak / 1024
