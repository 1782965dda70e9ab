"""What a command costs: CPU of it and of every child it waited for, its time, and the memory of its largest process.

The command is started by a small process of the standard library alone, because Linux counts the memory of whoever
starts a program as that program's first peak (exec keeps `maxrss`): no peak is below its own, about 10 MiB.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Seconds of CPU and of time, the peak of the largest process in MiB, and what was said on standard output."""

    cpu: float
    wall: float
    peak: float
    out: str = ""


def cost_of(command: Sequence[str], env: Mapping[str, str], folder: Path) -> Cost:
    """Run a command in a folder to its end. Raises RuntimeError with its last words when it does not exit with 0."""
    with tempfile.NamedTemporaryFile("r") as report:
        starter = [sys.executable, "-I", "-S", __file__, report.name, *command]
        done = subprocess.run(starter, env=dict(env), cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            msg = f"{' '.join(command)} ended with {done.returncode}: {(done.stdout + done.stderr)[-1500:]}"
            raise RuntimeError(msg)
        return Cost(**json.load(report), out=done.stdout)


def _start(report: str, command: list[str]) -> int:
    started = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)  # of the process and its waited-for children: getrusage(2), wait4(2)
    figures = {
        "cpu": usage.ru_utime + usage.ru_stime,
        "wall": time.monotonic() - started,
        "peak": usage.ru_maxrss / 1024,
    }
    Path(report).write_text(json.dumps(figures))
    return os.waitstatus_to_exitcode(status) & 0xFF


if __name__ == "__main__":
    sys.exit(_start(sys.argv[1], sys.argv[2:]))
