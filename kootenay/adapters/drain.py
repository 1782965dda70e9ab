"""Draining the spool: photos out to the server, receipts back. Upload runs do it, and the guard when they cannot.

One at a time does it, under a lock; whoever comes second finds it being done.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from kootenay.adapters.files import lock, sha256_of
from kootenay.adapters.ledger import Entry, Ledger
from kootenay.adapters.news import News
from kootenay.adapters.room import finding_room
from kootenay.adapters.spool import Spool, SpooledPhoto
from kootenay.adapters.transfer import Target, is_confirmed, reading
from kootenay.errors import DiskFullError, HostError, PhotoRefusedError, TransferError
from kootenay.rules.alerts import Patience
from kootenay.rules.slots import SlotState

log = logging.getLogger(__name__)

MOST_REFUSALS = 5
"""So often a photo is refused by a server that takes others before it is set aside."""


@dataclass(frozen=True)
class Drain:
    """A spool and where it goes.

    `keep` is how long a confirmed photo stays, `alert_after` how old an unsent one may be before somebody is told, and
    `reminder` how long after that he is told again.
    """

    spool: Spool
    ledger: Ledger
    news: News
    lock_path: Path
    open_target: Callable[[], AbstractContextManager[Target]]
    newest_first: bool
    keep: timedelta
    alert_after: timedelta
    reminder: timedelta

    def waiting(self) -> list[SpooledPhoto]:
        """Return the photos still to be sent, in the order in which they shall go."""
        photos = self.spool.waiting()
        return photos[::-1] if self.newest_first else photos


@dataclass(frozen=True)
class Sent:
    """What one batch carried; `refused` are those that were not taken, and `aside` those of them set aside for good."""

    photos: int
    bytes: int
    refused: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()


def send(drain: Drain, batch: Sequence[SpooledPhoto], now: Callable[[], datetime]) -> Sent:
    """Send a batch over one connection; each photo is marked as it goes, so that a second try sends the rest.

    One photo that is refused does not hold up the others. Raises TransferError when the connection fails.
    """
    photos = size = 0
    refused: list[str] = []
    aside: list[str] = []
    with lock(drain.lock_path) as alone:
        if not alone:
            return Sent(0, 0)
        with drain.open_target() as target:
            for spooled in batch:
                if not spooled.photo.exists():
                    continue
                try:
                    _send_one(drain, target, spooled, now)
                except PhotoRefusedError as error:
                    refused.append(spooled.sidecar.stem)
                    if _is_poison(drain, spooled, str(error), now()):
                        aside.append(spooled.sidecar.stem)
                else:
                    photos += 1
                    size += spooled.sidecar.bytes
    return Sent(photos, size, tuple(refused), tuple(aside))


def collect(drain: Drain, now: Callable[[], datetime]) -> tuple[int, int]:
    """Release the photos that the server confirms with their very hash; return how many, and how many came damaged.

    A receipt that names another hash says that the photo was damaged on the way: it will be sent again.
    """
    confirmed = damaged = 0
    with lock(drain.lock_path) as alone:
        awaited = {spooled.sidecar.stem: spooled for spooled in drain.spool.unconfirmed()} if alone else {}
        if not awaited:
            return 0, 0
        with drain.open_target() as target:
            for stem, sha256 in target.receipts(awaited.values()).items():
                if not awaited[stem].photo.exists():
                    continue  # the disk was low, and a capture run has let it go meanwhile
                if is_confirmed(awaited[stem], sha256):
                    _confirm(drain, awaited[stem], now())
                    drain.news.accepted(stem)
                    confirmed += 1
                else:
                    drain.spool.mark_unsent(awaited[stem])
                    damaged += 1
                    again = replace(awaited[stem], photo=drain.spool.new / awaited[stem].photo.name)
                    _is_poison(drain, again, f"{stem} came damaged to the server; it is sent again", now())
                try:
                    target.forget(stem)
                except TransferError as error:
                    log.warning("%s", error)
            target.tidy({spooled.sidecar.stem for spooled in drain.spool.waiting()})
    return confirmed, damaged


def look_after(drain: Drain, now: datetime) -> None:
    """Delete what was kept long enough, and tell of photos that have waited too long."""
    try:
        drain.spool.sweep(now, drain.keep)
    except OSError as error:
        log.warning("the spool is not all tidied, what waits goes on: %s", error)
    waiting = drain.spool.waiting()
    if waiting and now - waiting[0].sidecar.slot > drain.alert_after:
        oldest = waiting[0].sidecar.slot
        words = f"{len(waiting)} photos wait in the spool, the oldest is of {oldest:%Y-%m-%d %H:%M} UTC"
        drain.news.trouble("", "upload", words, now, Patience(timedelta(), drain.reminder))
    else:
        drain.news.well("", "upload", now)


def _send_one(drain: Drain, target: Target, spooled: SpooledPhoto, now: Callable[[], datetime]) -> None:
    sidecar = spooled.sidecar
    companions = {spooled.photo.with_suffix(each.suffix): each.sha256 for each in sidecar.companions}
    for path, sha256 in ({spooled.photo: sidecar.sha256} | companions).items():
        with reading(path):
            found = sha256_of(path)
        if found != sha256:
            msg = f"{path.name} is not what its camera gave: it was damaged on this host's disk"
            raise PhotoRefusedError(msg)
    target.send(spooled)
    finding_room(drain.spool, partial(drain.spool.mark_sent, spooled))
    try:
        _record(drain, spooled, SlotState.UPLOADED, now())
    except HostError as error:
        # Its place in the spool says it too, and its receipt will write the line.
        log.warning("%s was sent, and its line in the ledger does not say so yet: %s", spooled.sidecar.stem, error)


def _confirm(drain: Drain, spooled: SpooledPhoto, now: datetime) -> None:
    """Write the line, then release the photo; on a full disk it makes the room for its own line."""
    try:
        _record(drain, spooled, SlotState.CONFIRMED, now)
    except DiskFullError:
        drain.spool.release(spooled)
        _record(drain, spooled, SlotState.CONFIRMED, now)
    else:
        drain.spool.release(spooled)


def _record(drain: Drain, spooled: SpooledPhoto, state: SlotState, now: datetime) -> None:
    finding_room(drain.spool, partial(drain.ledger.record, Entry.of_photo(spooled.sidecar, state), now))


def _is_poison(drain: Drain, spooled: SpooledPhoto, reason: str, now: datetime) -> bool:
    """Count a refusal; a photo refused too often is set aside, and somebody is told."""
    stem = spooled.sidecar.stem
    log.warning("%s", reason)
    if (drain.news.refused(stem, reason) or 0) < MOST_REFUSALS:
        return False
    # Told first: a kill between the two tells it twice, and not never.
    drain.news.tell(spooled.sidecar.camera, "alert", stem, f"set aside after {MOST_REFUSALS} tries: {reason}", now)
    try:
        finding_room(drain.spool, partial(drain.spool.set_aside, spooled, reason))
    except DiskFullError as error:
        log.warning("%s", error)
        return False
    drain.news.accepted(stem)
    return True
