"""A file on its way out, read no faster than the link may be filled."""

import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from kootenay.adapters.transfer import reading

BLOCK = 32 * 1024
"""Bytes a read at most: what one SFTP request carries (draft-ietf-secsh-filexfer-02, section 3)."""

BURST_SECONDS = 0.1
"""What a late wake-up may make good, so that the average is the rate; never more than this above it."""

READS_A_SECOND = 10


class Pace:
    """A token bucket: `spend` returns when so many bytes may have passed. A rate of 0 is no bound."""

    def __init__(
        self,
        bytes_per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.rate = bytes_per_second
        self._clock = clock
        self._sleep = sleep
        self._due = -math.inf

    @property
    def most_at_once(self) -> int:
        """How many bytes to read at a time, so that a slow link is filled evenly."""
        return max(1, min(BLOCK, int(self.rate / READS_A_SECOND))) if self.rate else BLOCK

    def spend(self, count: int) -> None:
        """Wait until `count` more bytes are due."""
        if not self.rate:
            return
        now = self._clock()
        self._due = max(self._due, now - BURST_SECONDS) + count / self.rate
        if self._due > now:
            self._sleep(self._due - now)


class Outgoing:
    """A file of the spool, opened by `with` and read at a pace. Raises PhotoRefusedError when it cannot be read."""

    def __init__(self, path: Path, pace: Pace) -> None:
        self.path = path
        self.pace = pace
        self.size = 0

    def __enter__(self) -> Self:
        with reading(self.path):
            self._file: BinaryIO = self.path.open("rb")
            self.size = os.fstat(self._file.fileno()).st_size
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def seek(self, offset: int) -> None:
        """Go on from `offset` bytes into the file."""
        self._file.seek(offset)

    def read(self) -> bytes:
        """Return the next block when it is due; nothing at the end."""
        with reading(self.path):
            block = self._file.read(self.pace.most_at_once)
        self.pace.spend(len(block))
        return block
