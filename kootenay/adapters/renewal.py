"""A photo from its archived original: its renditions made again, or its row made where the catalog has none."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import PurePosixPath

from kootenay.adapters.archive import Archive
from kootenay.adapters.catalog import Photo
from kootenay.adapters.exif import evidence_of
from kootenay.adapters.intake import Intake, objects_of
from kootenay.adapters.renditions import Renditions, make_renditions
from kootenay.errors import ArchiveError, NotAPhotoError, StoreRefusedError
from kootenay.rules import naming
from kootenay.rules.daylight import sun_elevation
from kootenay.rules.keeping import day_of
from kootenay.rules.reingest import Chunk, time_by_slot

ONE_DAY = timedelta(days=1)


def renew(intake: Intake, photo: Photo) -> Photo:
    """Make a catalogued photo's renditions and measures again by today's wish; return it as it is catalogued now.

    Raises ArchiveError without a whole original, NotAPhotoError, and what store and catalog raise.
    """
    content = _original(intake.archive, photo.archive_path, photo.sha256)
    made = make_renditions(content, PurePosixPath(photo.archive_path).name, intake.wish)
    fresh = intake.sized(photo, made)
    _put(intake, fresh, made)
    intake.catalog.replace_photo(fresh)
    return fresh


def adopt(intake: Intake, place: str, now: datetime) -> Photo | None:
    """Take in an original that lies in the archive; return None when the catalog has its bytes already.

    Its name tells camera, slot and hash, and its folder the day; what only its sidecar knew is lost. Raises as `renew`.
    """
    name, day = naming.PHOTO_STEM.fullmatch(PurePosixPath(place).stem), day_of(place)
    slot = naming.slot_of(PurePosixPath(place).stem)
    if name is None or slot is None or day is None or name["camera"] not in intake.steps:
        msg = f"{place} is no original of a camera in kootenay.toml; it was left alone"
        raise ArchiveError(msg)
    content = _original(intake.archive, place, name["hash"])
    sha256 = hashlib.sha256(content).hexdigest()
    if intake.catalog.has_photo(sha256):
        return None
    time = time_by_slot(intake.site, slot, intake.steps[name["camera"]], evidence_of(content), now)
    made = make_renditions(content, PurePosixPath(place).name, intake.wish)
    photo = Photo(
        camera=name["camera"],
        slot=slot,
        taken_at=time.utc,
        offset_minutes=int(time.offset.total_seconds() // 60),
        local_date=day,
        time_source=time.source,
        sha256=sha256,
        bytes=len(content),
        width=0,
        height=0,
        boost=False,
        elevation=sun_elevation(intake.site, time.utc),
        archive_path=place,
        name=PurePosixPath(place).name,
    )
    photo = intake.sized(photo, made)
    _put(intake, photo, made)
    return photo if intake.catalog.add_photo(photo) else None


@dataclass(frozen=True)
class Renewed:
    """What became of a chunk's photos: made again, taken in, found done; and why each trouble was one."""

    made: int = 0
    taken_in: int = 0
    done: int = 0
    troubles: tuple[str, ...] = ()


def renew_chunk(intake: Intake, chunk: Chunk, now: datetime) -> Renewed:
    """Make a chunk's photos again unless they are of today's recipe, and take in originals the catalog has not.

    A photo without a whole original is a trouble and holds up no other; anything else is raised, and what was done
    until then is found done the next time.
    """
    made = taken_in = done = 0
    troubles, known = [], set()
    originals = [each.place for each in intake.archive.between(chunk.camera, chunk.first, chunk.last)]
    for photo in intake.catalog.between(chunk.camera, chunk.first, chunk.last):
        known.add(photo.archive_path)
        if photo.recipe == intake.wish.recipe:
            done += 1
            continue
        try:
            renew(intake, photo)
            made += 1
        except (ArchiveError, NotAPhotoError) as error:
            troubles.append(str(error))
    for place in originals:
        if place in known or not place.endswith(".jpg"):
            continue
        try:
            taken_in += adopt(intake, place, now) is not None
        except (ArchiveError, NotAPhotoError) as error:
            troubles.append(str(error))
    return Renewed(made, taken_in, done, tuple(troubles))


def days_with_photos(intake: Intake, camera: str, since: date, until: date) -> dict[date, int | None]:
    """Given a camera and a span, return its days with the photos that the catalog has of each.

    None where it has none, but the archive has a folder.
    """
    days: dict[date, int | None] = {day: None for day in intake.archive.days(camera) if since <= day <= until}
    first, last = intake.catalog.days_around(camera, date.min)[1], intake.catalog.days_around(camera, date.max)[0]
    month = max(first, since).replace(day=1) if first else date.max
    while last and month <= min(last, until):
        counts = intake.catalog.month_counts(camera, month.year, month.month)
        days |= {day: count for day, count in counts.items() if since <= day <= until}
        month = (month + 31 * ONE_DAY).replace(day=1)
    return days


def _original(archive: Archive, place: str, sha256: str) -> bytes:
    """Return an original whose hash begins so, from whichever place has it whole."""
    content = archive.read(place)
    if _begins(content, sha256):
        return content
    if archive.second is not None and archive.second_sha256(place).startswith(sha256):
        return archive.second.read(place)
    msg = f"{place} in the archive holds other bytes than it was named for; nothing was changed: run check_store"
    raise ArchiveError(msg)


def _begins(content: bytes, sha256: str) -> bool:
    return hashlib.sha256(content).hexdigest().startswith(sha256)


def _put(intake: Intake, photo: Photo, made: Renditions) -> None:
    """Put a photo's objects; one that stands there damaged is deleted first, for nothing is overwritten."""
    objects = objects_of(photo, made)
    try:
        intake.store.put_all(objects)
    except StoreRefusedError:
        found = {key: intake.store.sha256(key) for key in objects}
        damaged = [key for key, its in found.items() if its and not _begins(objects[key], its)]
        if not damaged:
            raise
        intake.store.delete(damaged)
        intake.store.put_all(objects)
