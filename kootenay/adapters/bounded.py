"""A program of somebody else's, run so that it cannot hang the caller: in a process group of its own, with a deadline.

It gets SIGTERM, then SIGKILL, and so does all that it started: a hung libgphoto2 swallows the first SIGTERM.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TERM_SECONDS = 5


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit status (negative: the signal that ended it) and all it said."""

    status: int
    out: str
    err: str

    @property
    def last_words(self) -> str:
        """The last line of what it said, errors first."""
        lines = [line.strip() for line in (self.out + "\n" + self.err).splitlines() if line.strip()]
        return lines[-1] if lines else "it said nothing"


def run(arguments: Sequence[str], seconds: float, words: str = "", folder: Path | None = None) -> Ended:
    """Given a program with its arguments, a deadline and what to say to it, run it to its end and read all it says.

    Nothing of its group is left when this returns. Raises OSError when it cannot be started and
    subprocess.TimeoutExpired when the deadline passes.
    """
    child = subprocess.Popen(  # noqa: S603 (callers run their own module, or what the owner of the camera wrote down)
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        cwd=folder,
    )
    try:
        out, err = child.communicate(words, timeout=seconds)
    finally:
        _end(child)
    return Ended(child.returncode, out, err)


def _end(child: subprocess.Popen[str]) -> None:
    """End the child and all of its group, also what a child that is gone has left there."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(TERM_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.communicate(timeout=TERM_SECONDS)
