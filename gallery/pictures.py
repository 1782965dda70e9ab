"""Pictures: a catalogued photo as the templates need it, with the addresses of its sizes.

Width and height always go along, so a page never moves under a reader's eyes while it loads.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from gallery.words import clock, local_time, long_date, zone_name
from kootenay.adapters.catalog import Photo, Rendition
from kootenay.adapters.store import Store
from kootenay.rules.naming import stamp

THUMBNAIL_WIDTH = 640
"""Pixels: two times the room a thumbnail has on a page."""
SCREEN_WIDTH = 1280
"""Pixels: for a browser that knows no srcset."""


@dataclass(frozen=True)
class Picture:
    """An `<img>`: `source_set` offers the sizes, `largest` is the permanent address of the whole photo."""

    source: str
    source_set: str
    largest: str
    width: int
    height: int
    local: datetime
    zone: str
    anchor: str
    boost: bool
    title: str

    @property
    def clock(self) -> str:
        return clock(self.local)

    @property
    def iso(self) -> str:
        return self.local.isoformat(timespec="seconds")

    @property
    def alt(self) -> str:
        return f"{self.title} on {long_date(self.local)} at {self.clock} {self.zone}"

    @property
    def short_alt(self) -> str:
        return f"{self.title} at {self.clock} {self.zone}{', low light' if self.boost else ''}"


@dataclass(frozen=True)
class Hour:
    """The pictures of one hour of a local clock; an hour that comes twice is told apart by its zone."""

    name: str
    pictures: tuple[Picture, ...]


def picture(photo: Photo, title: str, zone: ZoneInfo, store: Store, widest: int | None = None) -> Picture:
    """Given a photo, return it as a picture; `widest` is the largest width in pixels to offer, if not all."""
    sizes = [each for each in photo.renditions if widest is None or each.width <= widest] or photo.renditions[:1]
    plain = [each for each in sizes if each.width <= SCREEN_WIDTH] or sizes[:1]
    local = local_time(photo.taken_at, photo.offset_minutes)
    return Picture(
        source=store.url(plain[0 if widest else -1].key),
        source_set=source_set(sizes, store),
        largest=store.url(photo.renditions[-1].key),
        width=sizes[-1].width,
        height=sizes[-1].height,
        local=local,
        zone=zone_name(local, zone),
        anchor=stamp(photo.slot),
        boost=photo.boost,
        title=title,
    )


def source_set(sizes: Iterable[Rendition], store: Store) -> str:
    """Given renditions, return an `<img srcset>`."""
    return ", ".join(f"{store.url(each.key)} {each.width}w" for each in sizes)


def by_hour(pictures: Sequence[Picture]) -> list[Hour]:
    """Given a day's pictures in order, return them hour by hour."""
    two_zones = len({each.zone for each in pictures}) > 1
    return [
        Hour(f"{hour:02}:00 {zone}" if two_zones else f"{hour:02}:00", tuple(group))
        for (hour, zone), group in groupby(pictures, key=lambda each: (each.local.hour, each.zone))
    ]
