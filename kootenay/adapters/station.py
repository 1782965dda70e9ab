"""The camera's host: camera, spool and ledger under one lock. One slot becomes at most one photo in the spool.

Whoever takes a slot (a scheduled run, a session, the guard) takes it here.
"""

import contextlib
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from kootenay.adapters import clock, ladder
from kootenay.adapters.camera import CameraSpec, Shot, shoot
from kootenay.adapters.files import lock, sha256_of
from kootenay.adapters.ledger import Entry, Ledger
from kootenay.adapters.news import News
from kootenay.adapters.room import TOLD_AT_ONCE, check_full, finding_room, make_room
from kootenay.adapters.spool import Spool
from kootenay.adapters.whole_jpeg import flaw_of
from kootenay.errors import (
    CameraBusyError,
    CameraError,
    CardFullError,
    DiskFullError,
    HostError,
    NotWholeError,
    StaleFrameError,
    TooLateError,
)
from kootenay.rules import naming
from kootenay.rules.alerts import Patience
from kootenay.rules.bands import Band, settings_in
from kootenay.rules.ladder import PAUSES, Kind, Power, Step, kind_of, next_step
from kootenay.rules.sidecar import Companion, Sidecar
from kootenay.rules.slots import SlotPlan, SlotState, is_late

log = logging.getLogger(__name__)
pause = time.sleep
"""Between two tries; tests take the waiting out here."""

LATEST_PHOTOS = 20
"""A photo like one of so many before it is a stale frame (libgphoto2 #1124)."""

POWER_SECONDS = 60
KILLING_SECONDS = 6
LEAST_SECONDS = 10.0

KINDS = {NotWholeError: Kind.BAD_PHOTO, StaleFrameError: Kind.BAD_PHOTO, CardFullError: Kind.FULL}


@dataclass(frozen=True)
class Station:
    """One camera where it stands.

    `every` is its step and `grace` how late after its slot a photo may begin; `floor` the bytes that its disk keeps
    free; `power_command` cuts its power and gives it back, not more often than `power_every`; `patience` is how long
    a trouble may last before it is told.
    """

    camera: CameraSpec
    bands: tuple[Band, ...]
    every: timedelta
    grace: timedelta
    spool: Spool
    ledger: Ledger
    news: News
    lock_path: Path
    floor: int
    power_command: tuple[str, ...]
    power_every: timedelta
    patience: Patience

    @property
    def name(self) -> str:
        return self.camera.name


@dataclass(frozen=True)
class Taken:
    """The photo of a slot; `fresh` is False when it had been taken before."""

    entry: Entry
    fresh: bool
    warnings: tuple[str, ...] = ()


def take(
    station: Station, plan: SlotPlan, now: Callable[[], datetime] = clock.now, *, by: str, rehearse: bool = False
) -> Taken:
    """Given a station and a slot with its light, photograph into the spool and write the ledger; `by` is who asks.

    A camera that gives nothing is helped along its ladder while the slot lasts. In a rehearsal the slot's instant
    stands for the shutter's, and no photo is too late. Raises CameraError, or HostError for the host's own disk
    (nothing kept, the slot stays open).
    """
    slot = plan.slot
    last = now() + station.grace if rehearse else slot + station.grace
    with lock(station.lock_path, max(0.0, (last - now()).total_seconds())) as held:
        low = held and make_room(station.spool, station.ledger, station.news, station.floor, station.every, now())
        if known := _known(station, slot, now, held=held):
            return Taken(known, fresh=False)
        if not held:
            msg = f"camera {station.name!r} is in use by another run; slot {slot:%H:%M} UTC is still open"
            raise CameraBusyError(msg)
        if not rehearse and is_late(slot, now(), station.grace):
            msg = (
                f"it was {(now() - slot).total_seconds():.0f} s after its slot: a photo now would be of another moment"
            )
            raise TooLateError(msg)
        return _finding_room(
            station, partial(_photograph, station, plan, now, last, by=by, rehearse=rehearse), now, low=low
        )


def receive(station: Station, plan: SlotPlan, file: Path, now: Callable[[], datetime] = clock.now, *, by: str) -> Taken:
    """Given a photo that another program has just taken, move it into the spool as that of the slot.

    Raises NotWholeError for what is no whole JPEG and DiskFullError; the file is left alone then.
    """
    with lock(station.lock_path, station.grace.total_seconds()) as held:
        low = held and make_room(station.spool, station.ledger, station.news, station.floor, station.every, now())
        if known := _known(station, plan.slot, now, held=held):
            return Taken(known, fresh=False)
        if not held:
            msg = f"camera {station.name!r} is in use by another run; {file} was left where it is"
            raise CameraBusyError(msg)
        if flaw := flaw_of(file):
            msg = f"{file} is no photo ({flaw}); it was left where it is"
            raise NotWholeError(msg)
        taken = _finding_room(station, partial(_copy_in, station, plan, file, now, by=by), now, low=low)
        file.unlink()  # last: a kill or a full disk leaves it where it is
        return taken


def _finding_room(station: Station, keep: Callable[[], Taken], now: Callable[[], datetime], *, low: bool) -> Taken:
    try:
        taken = finding_room(station.spool, keep)
    except DiskFullError as error:
        station.news.trouble("", "disk", str(error), now(), TOLD_AT_ONCE)
        raise
    if not low:
        station.news.well("", "disk", now())
    return taken


def _copy_in(station: Station, plan: SlotPlan, file: Path, now: Callable[[], datetime], *, by: str) -> Taken:
    taken_at = min(now(), datetime.fromtimestamp(file.stat().st_mtime, UTC))
    with station.spool.workbench(station.name) as bench:
        shot = Shot(bench / "photo.jpg", taken_at, "", {})
        shutil.copyfile(file, shot.path)
        return _keep(station, plan, shot, now, by=by, trusted=clock.can_be_trusted())


def _photograph(
    station: Station, plan: SlotPlan, now: Callable[[], datetime], last: datetime, *, by: str, rehearse: bool
) -> Taken:
    trusted = clock.can_be_trusted()
    with station.spool.workbench(station.name) as bench:
        try:
            shot = _shoot(station, plan, bench / "photo.jpg", now, last, trusted=trusted, rehearse=rehearse)
        except CameraError as error:
            station.news.trouble(station.name, "camera", str(error), now(), station.patience)
            raise
        if rehearse:
            shot = replace(shot, taken_at=plan.slot)
        taken = _keep(station, plan, shot, now, by=by, trusted=trusted)
    with contextlib.suppress(HostError):  # the next shot finds them gone
        station.ledger.off_card(station.name, shot.deleted)
    station.news.well(station.name, "camera", now())
    return taken


def _keep(
    station: Station, plan: SlotPlan, shot: Shot, now: Callable[[], datetime], *, by: str, trusted: bool
) -> Taken:
    """From the workbench into the spool, then into the ledger: a kill between them is made good by the next to come."""
    sidecar = Sidecar(
        camera=station.name,
        slot=plan.slot,
        taken_at=shot.taken_at,
        sha256=sha256_of(shot.path),
        bytes=shot.path.stat().st_size,
        boost=plan.light.boost,
        elevation=round(plan.light.elevation, 3),
        model=shot.model,
        settings=shot.settings,
        warnings=shot.warnings,
        by=by,
        clock_trusted=trusted,
        facts=shot.facts,
        companions=tuple(Companion(path.suffix, sha256_of(path), path.stat().st_size) for path in shot.companions),
    )
    station.spool.keep(shot.path, sidecar)
    entry = _record(station, sidecar, plan.light.reason, now, shot.on_card)
    return Taken(entry, fresh=True, warnings=shot.warnings)


def _shoot(
    station: Station,
    plan: SlotPlan,
    into: Path,
    now: Callable[[], datetime],
    last: datetime,
    *,
    trusted: bool,
    rehearse: bool,
) -> Shot:
    """Ask for a photo until there is one, or nothing is left to try in this slot."""
    camera, tried = station.camera, list[Step]()
    told: list[str] = []
    settings = settings_in(plan.light, camera.normal, station.bands)
    forget = station.ledger.deletable_on_card(station.name) if camera.keep_on_card else []
    while True:
        spec = camera if rehearse else _within_the_slot(station, plan.slot + station.every - now())
        try:
            shot = shoot(spec, plan.slot, into, settings, forget=forget, trust_clock=trusted)
            _check_fresh(station, shot)
        except CameraError as error:
            check_full(station.spool, error)
            told.append(str(error))
            if isinstance(error, NotWholeError | StaleFrameError):
                stem = f"{station.name}_{naming.stamp(plan.slot)}_{len(tried) + 1}"
                station.spool.set_bad(into, stem, str(error))
            decision = next_step(
                KINDS.get(type(error)) or kind_of(error.code),
                tried,
                usb=camera.driver in ("gphoto2", "virtual"),
                power=_power(station),
                now=now(),
                last=last,
            )
            if decision.step is Step.GIVE_UP:
                raise
            log.warning("camera %s: %s; %s", station.name, error, decision.step)
            tried.append(decision.step)
            told.append(_climb(station, decision.step, now()))
            pause(PAUSES[decision.step])
        else:
            return replace(shot, warnings=(*(words for words in told if words), *shot.warnings))


def _climb(station: Station, step: Step, now: datetime) -> str:
    """Take one step of the ladder; return what was done in words. A step that fails is a warning like any other."""
    try:
        if step is Step.RELEASE_CLAIM:
            return ladder.release_claim()
        if step is Step.RESET_USB:
            return ladder.reset_usb(station.camera)
        if step is Step.CYCLE_POWER:
            station.news.mark(f"power {station.name}", now)
            return ladder.power_cycle(station.power_command, POWER_SECONDS)
    except CameraError as error:
        return str(error)
    return ""


def _power(station: Station) -> Power:
    last = station.news.marked(f"power {station.name}")
    return Power(bool(station.power_command), last, station.power_every)


def _within_the_slot(station: Station, left: timedelta) -> CameraSpec:
    """Return the camera with a deadline that ends, killing included, as the next slot begins, if that leaves time."""
    seconds = max(LEAST_SECONDS, left.total_seconds() - KILLING_SECONDS)
    return replace(station.camera, deadline_seconds=min(station.camera.deadline_seconds, seconds))


def _check_fresh(station: Station, shot: Shot) -> None:
    if sha256_of(shot.path) in station.ledger.latest_hashes(station.name, LATEST_PHOTOS):
        msg = f"camera {station.name!r} handed over a photo it has given before; not kept, it will be asked again"
        raise StaleFrameError(msg)


def _known(station: Station, slot: datetime, now: Callable[[], datetime], *, held: bool) -> Entry | None:
    """The slot's photo, by the ledger or, after a kill between camera, spool and ledger, by what lies in the spool."""
    if held:
        for spooled in station.spool.recover(station.name):
            _record(station, spooled.sidecar, "found after its host had stopped", now)
    entry = station.ledger.find(station.name, slot)
    if entry and entry.state.was_taken:
        return entry
    spooled_photo = station.spool.of_slot(naming.slot_prefix(station.name, slot))
    return None if spooled_photo is None else _record(station, spooled_photo.sidecar, "found in the spool", now)


def _record(station: Station, sidecar: Sidecar, reason: str, now: Callable[[], datetime], on_card: str = "") -> Entry:
    """The spool is the truth: a line that cannot be written now is written by whoever finds the photo there."""
    entry = Entry.of_photo(sidecar, SlotState.TAKEN, reason, on_card)
    try:
        finding_room(station.spool, partial(station.ledger.record, entry, now()))
    except HostError as error:
        log.warning("the photo of %s is in the spool, and its line is not in the ledger yet: %s", sidecar.slot, error)
    return entry
