"""Room on the camera host's disk, for a photo and for the lines about it.

It is found in the spool: by the floor that the owner wants free, and on a disk that is full, whatever the floor is, by
what the server has confirmed. That needs no ledger: what lies in the spool's `kept/` is confirmed.
"""

import errno
import logging
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from kootenay.adapters.ledger import Entry, Ledger
from kootenay.adapters.news import News
from kootenay.adapters.spool import Pressed, Spool
from kootenay.errors import CameraError, DiskFullError
from kootenay.rules.alerts import Patience
from kootenay.rules.pressure import Worth
from kootenay.rules.slots import SlotState

log = logging.getLogger(__name__)

T = TypeVar("T")

NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
ANY_STEP = timedelta(minutes=1)
"""Slots are counted for unconfirmed photos alone."""

ENOUGH = 100_000_000
"""Bytes: a photo with its raw file, its sidecar and its line."""

TOLD_AT_ONCE = Patience(timedelta(), timedelta(days=1))

TOO_LITTLE = 65536
"""With less the disk is full: a photo that fails then is not the camera's fault."""


def make_room(spool: Spool, ledger: Ledger, news: News, floor: int, every: timedelta, now: datetime) -> bool:
    """Given the bytes that shall be free, let go what the pressure rule names; return whether the disk is low.

    It comes before anything else is written. The ledger is told of an unconfirmed photo before it is gone; on a full
    disk after, in the room that was its own.
    """
    pressed = spool.pressed(floor, every)
    dear = [each for each in pressed if each.drop.holding.worth >= Worth.UPLOADED]
    spool.let_go(each for each in pressed if each not in dear)
    for each in dear:
        try:
            _tell(ledger, each, now)
        except DiskFullError:
            spool.let_go([each])
            _tell(ledger, each, now)
        spool.let_go([each])
    low = spool.free_bytes() < floor or bool(pressed)
    if low:
        left, wanted = spool.free_bytes() / 1e6, floor / 1e6
        words = (
            f"{spool.root} has {left:.0f} of the {wanted:.0f} MB that shall be free; {len(pressed)} things were let go"
        )
        news.trouble("", "disk", words, now, TOLD_AT_ONCE)
    return low


def finding_room(spool: Spool, write: Callable[[], T]) -> T:
    """Return what `write` returns; when the disk is full, let go what is confirmed or no photo, and try again.

    Raises DiskFullError when nothing of that is left.
    """
    try:
        return write()
    except DiskFullError as error:
        full = error
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        full = DiskFullError(
            f"the disk of {spool.root} is full, and nothing there may go; the photos in it are whole. Free some room "
            "on that disk: all goes on by itself then"
        )
    cheap = [each for each in spool.pressed(ENOUGH, ANY_STEP) if each.drop.holding.worth < Worth.UPLOADED]
    if not cheap:
        raise full
    log.warning("the disk of %s is full: %d things that are confirmed or no photo are let go", spool.root, len(cheap))
    spool.let_go(cheap)
    return finding_room(spool, write)


def check_full(spool: Spool, error: CameraError) -> None:
    """Raise OSError when a photo failed for want of room: no step of the camera's ladder helps then."""
    words = os.strerror(errno.ENOSPC)
    if spool.free_bytes() < TOO_LITTLE or words in str(error):
        raise OSError(errno.ENOSPC, words, str(spool.root)) from error


def _tell(ledger: Ledger, pressed: Pressed, now: datetime) -> None:
    if pressed.sidecar:
        ledger.record(Entry.of_photo(pressed.sidecar, SlotState.DROPPED, pressed.drop.reason), now)
