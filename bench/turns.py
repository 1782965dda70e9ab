"""Two processes at the same work of which one is always stopped, so that all else the machine does meets both alike."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

TURN_SECONDS = 2.0


class Turns:
    """A command, started when the process that it is compared with is there, and stopped in turn with it."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], folder: Path) -> None:
        self.command, self.env, self.folder = command, env, folder
        self.rival: subprocess.Popen[str] | None = None
        self.pauses: dict[int, list[tuple[float, float]]] = {}
        self.stopped, self.since = 0, 0.0

    def take(self, pid: int) -> None:
        """Let the other one go on when it is time; called often, with the process to compare with."""
        if self.rival is None:
            # Linux shares its CPUs among sessions, and a worker has its own (sched(7), autogroup)
            self.rival = subprocess.Popen(
                self.command,
                env=dict(self.env),
                cwd=self.folder,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        if time.time() - self.since > TURN_SECONDS and self.rival.poll() is None:
            turn = pid if self.stopped == self.rival.pid else self.rival.pid
            self._go_on()
            self.stopped, self.since = (self.rival.pid if turn == pid else pid), time.time()
            os.kill(self.stopped, signal.SIGSTOP)
        elif self.rival.returncode is not None:
            self._go_on()

    def end(self) -> str:
        """Let the command come to its end; return what it said."""
        self._go_on()
        return self.rival.communicate()[0] if self.rival else ""

    def running(self, pid: int, start: float, end: float) -> float:
        """Return the seconds between two instants (epoch) in which a process was not stopped."""
        pauses = self.pauses.get(pid, ())
        return end - start - sum(max(0.0, min(end, until) - max(start, since)) for since, until in pauses)

    def _go_on(self) -> None:
        if self.stopped:
            with suppress(ProcessLookupError):
                os.kill(self.stopped, signal.SIGCONT)
            self.pauses.setdefault(self.stopped, []).append((self.since, time.time()))
            self.stopped = 0
