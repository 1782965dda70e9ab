"""A whole archive again: which days a worker does at a time, and when an original was taken that only has its name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from kootenay.rules.daylight import Site
from kootenay.rules.photo_time import Evidence, PhotoTime, taken_at

CHUNK = 200
"""Photos that a worker does at a time: a minute's work, of which Prefect's own cost is nothing to speak of."""


@dataclass(frozen=True)
class Chunk:
    """Whole local days of one camera, for one worker; `photos` are those known of."""

    camera: str
    first: date
    last: date
    photos: int

    def __str__(self) -> str:
        days = f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"
        return f"{self.camera}, {days}"


def chunks_of(camera: str, days: Mapping[date, int | None], most: int = CHUNK) -> Iterator[Chunk]:
    """Given a camera's days with how many photos each is known to have, return them in chunks of so many photos.

    A day is never divided, and one of which nobody knows how many photos it has is a chunk of its own.
    """
    chunk: Chunk | None = None
    for day in sorted(days):
        count = days[day]
        photos = most if count is None else count
        if chunk and chunk.photos + photos <= most:
            chunk = replace(chunk, last=day, photos=chunk.photos + photos)
            continue
        if chunk:
            yield chunk
        chunk = Chunk(camera, day, day, photos)
    if chunk:
        yield chunk


def time_by_slot(site: Site, slot: datetime, step: timedelta, evidence: Evidence, now: datetime) -> PhotoTime:
    """Given the slot in an original's name, the camera's step and its EXIF, return when it was taken.

    The sidecar that named the slot is gone, but the slot was right: EXIF is believed only within it.
    """
    said = taken_at(site, evidence, now, after=slot - timedelta(microseconds=1))
    if slot <= said.utc < slot + step:
        return said
    offset = site.local(slot).utcoffset()
    assert offset is not None, "an aware instant has an offset"
    return PhotoTime(slot, offset, "name")
