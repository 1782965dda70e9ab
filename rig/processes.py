"""Processes that are started, watched and certainly ended: the servers of the demo, the tests and the benchmarks.

Each has a log of its own and a session of its own, so that Ctrl-C reaches their keeper alone and it ends them in order.
"""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
POLL_SECONDS = 0.1


class NotReadyError(Exception):
    """A process ended, or did not answer in time; the message has the end of its log."""


class Keeper:
    """Starts processes and ends them in the reverse order."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str], cwd: Path) -> None:
        """Start a process whose output goes to NAME.log."""
        with (self.logs / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                command,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until(self, name: str, ready: Callable[[], bool], seconds: float) -> None:
        """Wait for a process to be ready. Raises NotReadyError when it ends or the time is over."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.check(name)
            if time.monotonic() > deadline:
                msg = f"{name} did not answer within {seconds:g} s; its log ends: {self.tail(name)}"
                raise NotReadyError(msg)
            time.sleep(POLL_SECONDS)

    def check(self, name: str) -> None:
        """Raise NotReadyError when a process has ended by itself."""
        status = self.running[name].poll()
        if status is not None:
            msg = f"{name} ended with status {status}; its log ends: {self.tail(name)}"
            raise NotReadyError(msg)

    def tail(self, name: str) -> str:
        """Return the last lines of a process's log, on one line."""
        lines = (self.logs / f"{name}.log").read_text(errors="replace").strip().splitlines()
        return " | ".join(line.strip() for line in lines[-3:])

    def stop(self, name: str, patience: float = 15) -> None:
        """Ask a process to end, as a terminal would, and make it after `patience` seconds."""
        process = self.running.pop(name)
        for kind in (signal.SIGINT, signal.SIGTERM):
            if process.poll() is None:
                os.killpg(process.pid, kind)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(patience)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # also what it has left in its group
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)

    def stop_all(self) -> None:
        """End everything, the last started first."""
        for name in reversed(list(self.running)):
            self.stop(name)


def adopt_orphans() -> None:
    """Make this process the parent of whatever its children leave behind (prctl(2)), so that it can end that too."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_descendants() -> None:
    """Kill all children, and theirs as they are inherited, until there are none."""
    while children := children_of(os.getpid()):
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_taken(port: int) -> bool:
    """Given a loopback port, return whether somebody listens on it or holds it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def peak_memory() -> int:
    """Return this process's peak in KiB. `ru_maxrss` would tell that of whoever started it, where that was more."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def children_of(pid: int) -> list[int]:
    """Given a process, return the process ids of its children; one that is gone has none."""
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found
