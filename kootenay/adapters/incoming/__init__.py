"""The place where photos arrive: a folder, or a prefix of a bucket, behind one small interface.

A look lists what is ready; a claim lets one ingest at a time work on a photo. Claims only save work: a photo that two
took in at once is still one photo, by its hash, so a claim that is lost or comes too late does no harm.
"""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from kootenay.rules import naming, readiness
from kootenay.rules.sidecar import Sidecar


@dataclass(frozen=True)
class Arrival:
    """A photo in the incoming place. `name` is its path there, `IMG_1.jpg` or `lake/IMG_1.jpg`.

    `version` tells it from another file put under the same name later; an orphaned sidecar's photo has none.
    """

    name: str
    camera: str
    sidecar: Sidecar | None
    modified: datetime
    bytes: int
    version: str = ""

    @property
    def stem(self) -> str:
        """The file's name without folder and suffix."""
        return readiness.split(self.name.rpartition("/")[2])[0]

    @property
    def originals(self) -> dict[str, str | None]:
        """The photo and its companions, such as the RAW of the same shot, each with the SHA-256 its sender names."""
        named: dict[str, str | None] = {self.name: None}
        if self.sidecar is not None:
            trunk = readiness.split(self.name)[0]
            named[self.name] = self.sidecar.sha256
            named |= {trunk + each.suffix: each.sha256 for each in self.sidecar.companions}
        return named

    @property
    def files(self) -> list[str]:
        """All of them, the sidecar last. A sidecar that came after the photo was looked at is none of them."""
        return [*self.originals, *([readiness.sidecar_name(self.name)] if self.sidecar else [])]

    @property
    def files_of_misfit(self) -> list[str]:
        """All of them, and what is a sidecar by its name but cannot be read as one."""
        named = [readiness.sidecar_name(self.name)] if naming.is_photo_stem(self.stem) else []
        return [*self.originals, *named]

    @property
    def is_orphan(self) -> bool:
        """Whether this is a sidecar whose photo is gone."""
        return not self.version

    @property
    def order(self) -> tuple[datetime, str]:
        """Oldest slot first, as far as sidecar or name tell it."""
        if self.sidecar is not None:
            return self.sidecar.slot, self.name
        return naming.slot_of(self.stem) or self.modified, self.name


@dataclass(frozen=True)
class Misfit:
    """A photo that cannot be taken in, and why."""

    arrival: Arrival
    reason: str


@dataclass
class Look:
    """What lies in the incoming place.

    `ready` has the oldest slot first. `misfits` belong in quarantine. `waiting` are left until something happens to
    them: broken off, without their RAW, not readable. `settling` were changed just now, so a second look after `quiet`
    will tell. `orphans` are sidecars whose photo is gone: a removal cut short, or a photo taken in before its sidecar
    came. One whose hash the catalog has is to be claimed, its companions that are still there kept, and removed.
    `others` is how many files lie there that are no photos; they are left alone.
    """

    ready: list[Arrival] = field(default_factory=list)
    misfits: list[Misfit] = field(default_factory=list)
    waiting: list[Misfit] = field(default_factory=list)
    orphans: list[Arrival] = field(default_factory=list)
    settling: int = 0
    others: int = 0


@dataclass(frozen=True)
class Claim:
    """A photo that is ours for now: its files on this machine, each with the SHA-256 its sender names, if it does."""

    originals: dict[Path, str | None]


class Incoming(Protocol):
    """What ingest needs of the place where photos arrive."""

    def look(self, now: datetime) -> Look:
        """List everything there. Raises IncomingError rather than list a part of it."""

    def claim(self, arrival: Arrival) -> AbstractContextManager[Claim | None]:
        """Hold a photo against other ingests; None: another has it, or it is gone, or it is no longer the one seen.

        An orphan's claim has the companions that are still there.
        Raises IncomingError when this photo cannot be read; the others may.
        """

    def answer(self, stem: str, sha256: str) -> None:
        """Tell the photo's sender the hash of what has arrived; for a name that no camera host makes, nobody waits."""

    def remove(self, arrival: Arrival) -> None:
        """Take a claimed photo, which store, archive and catalog hold, out of here, its sidecar last; again is fine.

        Another photo that has come under its name meanwhile stays.
        """

    def quarantine(self, arrival: Arrival, reason: str) -> None:
        """Move a claimed photo to the quarantine folder, the reason before it, over nothing that lies there."""

    def statuses(self) -> dict[str, bytes]:
        """Return what camera hosts say of their cameras, by its name (`status/lake.json`); a host replaces its own.

        Of what is too large for one, its beginning.
        """

    def discard_status(self, name: str, reason: str) -> None:
        """Move what cannot be read as a status to the quarantine folder."""


def open_incoming(
    where: str,
    folder: Path,
    quarantine: Path,
    work: Path,
    quiet: timedelta,
    cameras: Collection[str],
    connect: Callable[[], Any],
) -> Incoming:
    """Given a path (already resolved to `folder`) or `s3://bucket/prefix`, return the place where photos arrive.

    `work` is where objects are fetched to, by the boto3 client that `connect` returns. `quiet` is how long a photo
    without sidecar must be left alone. Raises IncomingError.
    """
    if where.startswith("s3://"):
        from kootenay.adapters.incoming.s3 import S3Incoming

        return S3Incoming(connect, where, quarantine, work, quiet, cameras)
    from kootenay.adapters.incoming.folder import FolderIncoming

    return FolderIncoming(folder, quarantine, quiet, cameras)
