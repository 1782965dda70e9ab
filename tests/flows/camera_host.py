"""A camera host to be lived through for real: Prefect's server, a worker and a guard as processes of their own."""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import State
from prefect.states import Pending

from rig.prefect_host import CHECKOUT, start_worker
from rig.processes import Keeper, children_of

FINAL = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]


def until(reached: Callable[[], object], seconds: float) -> float:
    """Wait until something is true, and return how many seconds that took; fail when it takes more than `seconds`."""
    began = time.monotonic()
    while not reached():
        assert time.monotonic() - began < seconds, "it did not come in time"
        time.sleep(0.2)
    return time.monotonic() - began


@dataclass
class CameraHost:
    """A camera host and the server it works for. `env` is what its processes are started with."""

    keeper: Keeper
    env: dict[str, str]
    client: SyncPrefectClient

    def start_worker(self, **more: str) -> None:
        start_worker(self.keeper, self.env | more, "camera-host")

    def start_guard(self) -> None:
        self.keeper.start("guard", [sys.executable, "-m", "guard"], self.env, CHECKOUT)

    def cut_power(self, name: str) -> None:
        """Kill a process and all that it has started at once: nobody is left to say a last word."""
        process = self.keeper.running.pop(name)
        pids = [process.pid]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)  # else it would see its children die
            pids += children_of(pid)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        process.wait(15)

    def ask(self, deployment: str, **parameters: Any) -> UUID:
        found = self.client.read_deployment_by_name(deployment)
        return self.client.create_flow_run_from_deployment(found.id, parameters=parameters).id

    def state(self, run: UUID) -> State[Any]:
        return self.client.read_flow_run(run).state or Pending()

    def end_of(self, run: UUID, seconds: float) -> State[Any]:
        """Wait for the end of a run and return it."""
        until(lambda: self.state(run).is_final(), seconds)
        return self.state(run)

    def count(self, **state: Any) -> int:
        """Return how many runs have a state, as Prefect's filter of flow runs says it."""
        return int(self.client.request("POST", "/flow_runs/count", json={"flow_runs": {"state": state}}).json())
