"""A photo's way in: from the incoming place to store, archive and catalog, its sender told, the pointer moved.

The order makes a kill at any line harmless: store, archive, row, receipt, and only then does the photo leave the
incoming place. Store keys and archive paths carry content hashes, and the catalog is unique on the original's.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import PurePosixPath

from kootenay.adapters.archive import Archive
from kootenay.adapters.catalog import Catalog, Photo, Rendition
from kootenay.adapters.exif import evidence_of
from kootenay.adapters.files import sha256_of
from kootenay.adapters.incoming import Arrival, Claim, Incoming, Misfit
from kootenay.adapters.quality import measure, signature_of
from kootenay.adapters.renditions import Renditions, Wish, make_renditions
from kootenay.adapters.store import Latest, LatestSize, Store
from kootenay.errors import KootenayError, NotAPhotoError, is_transient
from kootenay.rules import naming
from kootenay.rules.daylight import Site, sun_elevation
from kootenay.rules.photo_time import PhotoTime, taken_at
from kootenay.rules.quality import flags_of
from kootenay.rules.readiness import printable
from kootenay.rules.slots import slot_of

DOUBLED = timedelta(hours=1)
"""Between the two instants that a doubled hour of autumn's clock may mean."""

NO_PHOTO = "0" * 64
"""A hash that nothing has."""


class Outcome(StrEnum):
    """What became of an arrival.

    A known one's bytes were catalogued before; one that is gone was another run's; a failed one waits for the next run.
    """

    NEW = "new"
    KNOWN = "known"
    GONE = "gone"
    QUARANTINED = "quarantined"
    FAILED = "failed"


@dataclass(frozen=True)
class Arrived:
    """An arrival and what became of it; `day` is its local date, `note` what a person should know of it.

    `may_pass` says of a failed one that trying again soon may help.
    """

    name: str
    camera: str
    outcome: Outcome
    day: str = ""
    bytes: int = 0
    note: str = ""
    may_pass: bool = False


@dataclass(frozen=True)
class Intake:
    """The places that a photo passes; `steps` are the cameras' slots, for photos that no camera host vouches for."""

    site: Site
    steps: Mapping[str, timedelta]
    incoming: Incoming
    store: Store
    archive: Archive
    catalog: Catalog
    wish: Wish

    def take_in(self, arrival: Arrival, now: datetime) -> Arrived:
        """Take one photo in. One that cannot be stays where it is for the next run, and nothing is raised."""
        try:
            with self.incoming.claim(arrival) as claim:
                if claim is None:
                    return _arrived(arrival, Outcome.GONE, note="another run has it, or has taken it in")
                return self._take_in(arrival, claim, now)
        except (KootenayError, OSError) as error:
            return replace(_arrived(arrival, Outcome.FAILED, note=str(error)), may_pass=is_transient(error))

    def set_aside(self, misfit: Misfit) -> Arrived:
        """Put what is no photo into quarantine; a camera host that sent it sends it again."""
        try:
            with self.incoming.claim(misfit.arrival) as claim:
                if claim is None:
                    return _arrived(misfit.arrival, Outcome.GONE, note="another run has it, or has set it aside")
                self.incoming.answer(misfit.arrival.stem, NO_PHOTO)
                self.incoming.quarantine(misfit.arrival, misfit.reason)
        except (KootenayError, OSError) as error:
            return _arrived(misfit.arrival, Outcome.FAILED, note=f"{misfit.reason}; not set aside: {error}")
        return _arrived(misfit.arrival, Outcome.QUARANTINED, note=misfit.reason)

    def finish_removal(self, orphan: Arrival) -> None:
        """Remove a sidecar whose photo is gone because it was taken in: a kill cut its removal short.

        Or it came so late that its photo was taken in without it: what it names is kept first.
        """
        known = self.catalog.by_sha256(orphan.sidecar.sha256) if orphan.sidecar else None
        if known is None:
            return
        with self.incoming.claim(orphan) as claim:
            if claim is None:
                return
            for companion, sha256 in claim.originals.items():
                place = PurePosixPath(known.archive_path).with_suffix(companion.suffix)
                self.archive.keep(companion, str(place), sha256 or sha256_of(companion))
            self.incoming.answer(orphan.stem, known.sha256)
            self.incoming.remove(orphan)

    def point_latest(self, camera: str) -> None:
        """Let the store's pointer name the camera's latest photo; each run does, so a kill delays it at most."""
        photo = self.catalog.latest(camera)
        if photo is not None and photo.renditions:
            sizes = tuple(LatestSize(each.width, each.height, each.key) for each in photo.renditions)
            self.store.point_latest(camera, Latest(photo.taken_at, sizes))

    def _take_in(self, arrival: Arrival, claim: Claim, now: datetime) -> Arrived:
        try:
            content, sha256 = _read(arrival, claim)
            known = self.catalog.by_sha256(sha256)
            stands = known is not None and all(self.store.has(each.key) for each in known.renditions)
            made = None if stands else make_renditions(content, printable(arrival.name), self.wish)
        except NotAPhotoError as error:
            self.incoming.answer(arrival.stem, _hash_found(claim))
            self.incoming.quarantine(arrival, str(error))
            return _arrived(arrival, Outcome.QUARANTINED, note=str(error))
        photo = known or self._identified(arrival, content, sha256, now)
        if made:
            photo = self.sized(photo, made)
            self.store.put_all(objects_of(photo, made))
        for number, (original, its_own) in enumerate(claim.originals.items()):
            place = PurePosixPath(photo.archive_path).with_suffix(original.suffix if number else ".jpg")
            self.archive.keep(original, str(place), its_own or sha256)
        fresh = known is None and self.catalog.add_photo(photo)
        if known and made:
            self.catalog.replace_renditions(sha256, photo.renditions)
        self.incoming.answer(arrival.stem, sha256)
        self.incoming.remove(arrival)
        if not fresh:
            return _arrived(arrival, Outcome.KNOWN, photo.local_date, "its bytes were known" + _as(known, arrival))
        note = "; ".join(filter(None, (made.note, *photo.flags))) if made else ""
        return _arrived(arrival, Outcome.NEW, photo.local_date, note)

    def sized(self, photo: Photo, made: Renditions) -> Photo:
        """Given a photo and its sizes, return it with their keys, measured against the photo before it."""
        before = self.catalog.photo_before(photo.camera, photo.taken_at)
        measures = measure(made.small, before.signature if before else None)
        return replace(
            photo,
            width=made.original.width,
            height=made.original.height,
            **asdict(measures),
            flags=flags_of(measures, photo.elevation),
            signature=signature_of(made.small),
            recipe=self.wish.recipe,
            renditions=tuple(
                Rendition(
                    each.size.width,
                    each.size.height,
                    naming.rendition_key(photo.camera, photo.local_date, photo.slot, each.size.width, each.sha256),
                    len(each.content),
                )
                for each in reversed(made.files)
            ),
        )

    def _identified(self, arrival: Arrival, content: bytes, sha256: str, now: datetime) -> Photo:
        """Return what is known of a photo before it is looked at: whose it is, when it was taken, where it will lie."""
        camera, sidecar = arrival.camera, arrival.sidecar
        time = self._time(arrival, content, now)
        slot = sidecar.slot if sidecar else slot_of(time.utc, self.steps[camera])
        vouched = sidecar is not None and time.source == "sidecar"
        return Photo(
            camera=camera,
            slot=slot,
            taken_at=time.utc,
            offset_minutes=int(time.offset.total_seconds() // 60),
            local_date=time.local_date,
            time_source=time.source,
            sha256=sha256,
            bytes=len(content),
            width=0,
            height=0,
            boost=sidecar.boost if sidecar else False,
            elevation=sidecar.elevation if sidecar and vouched else sun_elevation(self.site, time.utc),
            archive_path=naming.original_path(camera, time.local_date, slot, sha256),
            name=printable(arrival.name),
            by=sidecar.by if sidecar else "",
            clock_trusted=sidecar.clock_trusted if sidecar else True,
        )

    def _time(self, arrival: Arrival, content: bytes, now: datetime) -> PhotoTime:
        """The photo before it tells which of autumn's doubled hours is meant, where no camera host does."""
        said = evidence_of(content)
        evidence = replace(
            said, sidecar=arrival.sidecar, name=arrival.name.rpartition("/")[2], modified=arrival.modified
        )
        time = taken_at(self.site, evidence, now)
        if arrival.sidecar is not None:
            return time
        before = self.catalog.photo_before(arrival.camera, time.utc + DOUBLED)
        return taken_at(self.site, evidence, now, before.taken_at if before else None)


def objects_of(photo: Photo, made: Renditions) -> dict[str, bytes]:
    """Given a photo and its sizes, return the store's objects by their keys."""
    return {each.key: file.content for each, file in zip(photo.renditions, reversed(made.files), strict=True)}


def _read(arrival: Arrival, claim: Claim) -> tuple[bytes, str]:
    """Return the photo's bytes and hash. Raises NotAPhotoError unless all its files are those that its sender named."""
    photo, *companions = claim.originals
    content = photo.read_bytes()
    found = {photo: hashlib.sha256(content).hexdigest()} | {path: sha256_of(path) for path in companions}
    for path, sha256 in claim.originals.items():
        if sha256 not in (None, found[path]):
            msg = (
                f"{printable(path.name)} has {path.stat().st_size} bytes with SHA-256 {found[path][:12]}, its sender "
                f"says {sha256[:12]}: damaged on the way"
            )
            raise NotAPhotoError(msg)
    return content, found[photo]


def _hash_found(claim: Claim) -> str:
    """The photo's hash, or that of whichever of its files came damaged: any other than the photo's is sent again."""
    found = {path: sha256_of(path) for path in claim.originals}
    damaged = (found[path] for path, sha256 in claim.originals.items() if sha256 not in (None, found[path]))
    return next(damaged, next(iter(found.values())))


def _arrived(arrival: Arrival, outcome: Outcome, day: date | None = None, note: str = "") -> Arrived:
    return Arrived(
        printable(arrival.name), arrival.camera, outcome, day.isoformat() if day else "", arrival.bytes, note
    )


def _as(known: Photo | None, arrival: Arrival) -> str:
    return f" as {known.name}" if known and known.name not in ("", printable(arrival.name)) else ""
