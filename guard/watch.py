"""Watching: after each slot, see whether it has its photo, and take it if nobody has. Once a slot, and then sleep.

The slot goes through the same rules and adapters as a run's, under the same lock; whoever is first has it.
"""

import contextlib
import ctypes
import gc
import logging
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from guard.book import close_gaps, next_look
from kootenay.adapters import clock
from kootenay.adapters.bounded import run
from kootenay.adapters.ledger import Entry
from kootenay.adapters.room import finding_room
from kootenay.adapters.station import take
from kootenay.errors import DiskFullError, KootenayError
from kootenay.rules.slots import SlotPlan, SlotState, slot_of
from kootenay.settings import Settings
from kootenay.wiring import ledger_of, news_of, spool_of, station_of

log = logging.getLogger(__name__)

LIBC = ctypes.CDLL(None)
CHECKOUT = Path(__file__).resolve().parents[1]
DRAIN_SECONDS = 1800
LONGEST_SLEEP = 30.0
"""Seconds: a clock that was set is noticed within so many."""


class Watch:
    """The guard of one camera."""

    def __init__(self, settings: Settings, name: str) -> None:
        self.settings = settings
        self.name = name
        self.camera = settings.camera(name)
        self.site = settings.site.place
        self.ledger = ledger_of(settings)
        self.spool = spool_of(settings)
        self.unwritten: dict[datetime, Entry] = {}
        """Lines for which the disk had no room, by their slots."""

    def look(self, now: datetime) -> str:
        """See to the slot of `now`; return in words what was done, or nothing."""
        slot = slot_of(now, self.camera.every)
        (plan,) = self.camera.plan(self.site, [slot])
        told = ""
        entry = self.ledger.find(self.name, slot)
        if not plan.light.shoot:
            if entry is None:
                self._note(plan, SlotState.SKIPPED, plan.light.reason)
        elif entry is None or not entry.state.was_taken:
            told = self._take(plan)
        try:
            missed = self._close_gaps(now)
        except DiskFullError as error:
            return f"{told} Its lines wait for room: {error}".strip()
        if missed:
            told += f" {len(missed)} earlier slots are missed: {missed[0].reason}"
        return told.strip()

    def _take(self, plan: SlotPlan) -> str:
        try:
            taken = take(station_of(self.settings, self.name), plan, by="guard")
        except (KootenayError, OSError) as error:
            self._note(plan, SlotState.MISSED, str(error))
            return f"{plan.slot:%H:%M} UTC has no photo: {error}"
        if not taken.fresh:
            return ""
        words = f"nobody had taken it {self.camera.guard_after_seconds:g} s after its slot"
        news_of(self.settings).tell(self.name, "guard", f"{plan.slot:%Y-%m-%dT%H:%M:%SZ}", words, clock.now())
        return f"{plan.slot:%H:%M} UTC taken by the guard: {words}"

    def _note(self, plan: SlotPlan, state: SlotState, reason: str) -> None:
        entry = Entry(self.name, plan.slot, state, reason, by="guard")
        try:
            self._record(entry)
        except DiskFullError:
            self.unwritten[plan.slot] = entry

    def _close_gaps(self, now: datetime) -> list[Entry]:
        """What is remembered comes first: other gaps are nobody's."""
        for slot, entry in list(self.unwritten.items()):
            self._record(entry)
            del self.unwritten[slot]
        return close_gaps(self.ledger, self.spool, self.name, self.camera, self.site, now)

    def _record(self, entry: Entry) -> None:
        finding_room(self.spool, partial(self.ledger.record, entry, clock.now()))


def overdue(settings: Settings, now: datetime) -> bool:
    """Return whether the oldest photo in the spool has waited so long that nobody else seems to send it."""
    oldest = spool_of(settings).oldest_waiting()
    return oldest is not None and now - oldest.sidecar.slot > timedelta(minutes=settings.spool.overdue_minutes)


def drain_apart() -> str:
    """Drain the spool in a process of its own, whose memory goes with it; return its last words."""
    try:
        return run([sys.executable, "-m", "guard", "upload"], DRAIN_SECONDS, folder=CHECKOUT).last_words
    except subprocess.TimeoutExpired:
        return f"an upload was stopped after {DRAIN_SECONDS} s; it goes on at the next slot"


def keep_watch(watch: Watch, over: threading.Event) -> None:
    """Look after one camera until `over` is set; trouble with one slot is told and does not end the watch."""
    while _sleep_until(next_look(watch.camera, clock.now()), over):
        try:
            if told := watch.look(clock.now()):
                log.warning("camera %s: %s", watch.name, told)
        except (KootenayError, OSError) as error:
            log.warning("camera %s: %s", watch.name, error)


def keep_draining(settings: Settings, over: threading.Event) -> None:
    """Drain the spool whenever it is overdue, until `over` is set."""
    every = timedelta(minutes=min(camera.every_minutes for camera in settings.cameras.values()))
    while _sleep_until(slot_of(clock.now(), every) + every * 1.5, over):
        try:
            if overdue(settings, clock.now()):
                log.warning("uploads are overdue: %s", drain_apart())
        except OSError as error:
            log.warning("the spool cannot be looked at: %s", error)


def _sleep_until(at: datetime, over: threading.Event) -> bool:
    """Return True at an instant, or False when it is over before; a clock set back or ahead is followed."""
    _give_memory_back()
    while not over.is_set():
        left = (at - clock.now()).total_seconds()
        if left <= 0 or left > timedelta(hours=2).total_seconds():
            return True
        over.wait(min(left, LONGEST_SLEEP))
    return False


def _give_memory_back() -> None:
    """What was needed for a moment goes to the system again: the first start compiles, and that alone is 4 MB."""
    gc.collect()
    with contextlib.suppress(AttributeError):  # glibc's own: malloc_trim(3)
        LIBC.malloc_trim(0)
