"""The camera's host: camera, spool and ledger under one lock. One slot becomes at most one photo in the spool.

Whoever takes a slot (a scheduled run, a session, the guard) takes it here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kootenay.adapters.camera import CameraSpec, shoot
from kootenay.adapters.files import lock, sha256_of
from kootenay.adapters.ledger import Entry, Ledger
from kootenay.adapters.spool import Spool
from kootenay.errors import CameraBusyError
from kootenay.rules import naming
from kootenay.rules.daylight import Light
from kootenay.rules.sidecar import Sidecar
from kootenay.rules.slots import SlotState


@dataclass(frozen=True)
class Station:
    """One camera where it stands. `patience_seconds` is how long to wait while somebody else uses it."""

    camera: CameraSpec
    spool: Spool
    ledger: Ledger
    lock_path: Path
    patience_seconds: float


@dataclass(frozen=True)
class Taken:
    """The photo of a slot; `fresh` is False when it had been taken before."""

    entry: Entry
    fresh: bool
    warnings: tuple[str, ...] = ()


def take(
    station: Station, slot: datetime, light: Light, now: Callable[[], datetime], *, rehearse: bool = False
) -> Taken:
    """Given a station and a slot with its light, photograph into the spool and write the ledger.

    In a rehearsal the slot's instant stands for the shutter's. Raises CameraError (nothing kept, the slot stays open).
    """
    name = station.camera.name
    with lock(station.lock_path, station.patience_seconds) as held:
        if not held:
            msg = (
                f"camera {name!r} has been in use for {station.patience_seconds:g} s by another run; "
                f"slot {slot:%H:%M} UTC is still open"
            )
            raise CameraBusyError(msg)
        if known := _known(station, slot, now):
            return Taken(known, fresh=False)
        with station.spool.workbench() as bench:
            shot = shoot(station.camera, slot, bench / "photo.jpg", boost=light.boost)
            sidecar = Sidecar(
                camera=name,
                slot=slot,
                taken_at=slot if rehearse else shot.taken_at,
                sha256=sha256_of(shot.path),
                bytes=shot.path.stat().st_size,
                boost=light.boost,
                elevation=round(light.elevation, 3),
                model=shot.model,
                settings=shot.settings,
                warnings=shot.warnings,
            )
            station.spool.keep(shot.path, sidecar)
        return Taken(_record(station, sidecar, light.reason, now), fresh=True, warnings=shot.warnings)


def _known(station: Station, slot: datetime, now: Callable[[], datetime]) -> Entry | None:
    """The slot's photo, by the ledger or, after a kill between spool and ledger, by the spool."""
    entry = station.ledger.find(station.camera.name, slot)
    if entry and entry.state.has_photo:
        return entry
    spooled = station.spool.of_slot(naming.slot_prefix(station.camera.name, slot))
    return None if spooled is None else _record(station, spooled.sidecar, "found in the spool", now)


def _record(station: Station, sidecar: Sidecar, reason: str, now: Callable[[], datetime]) -> Entry:
    entry = Entry.of_photo(sidecar, SlotState.TAKEN, reason)
    station.ledger.record(entry, now())
    return entry
