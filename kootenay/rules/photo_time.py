"""When a photo was taken, and how that is known.

Cameras write nonsense (an unset clock, blanks, the 31st of June), and few say in which zone. So every source that could
know is asked in a fixed order, the first one whose answer can be true is believed, and its name is kept.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from kootenay.rules import naming
from kootenay.rules.daylight import Site
from kootenay.rules.sidecar import Sidecar

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
"""Exif 1.0 is of 1995. Earlier dates are of clocks without a battery (1970, 1980) or of scanned paper."""
AHEAD = timedelta(days=1)
"""How far after `now` a photo may lie: a clock of another zone is off by hours, an unset one by years."""
WIDEST = timedelta(hours=14)
"""Kiribati's offset; no other is farther from UTC."""

EXIF_TIME = re.compile(r"([0-9]{4})[:/.-]([0-9]{2})[:/.-]([0-9]{2})[ T]([0-9]{2}):([0-9]{2}):([0-9]{2})")
"""CIPA DC-008, 4.6.5.4, has colons; the other signs are what some programs write."""
EXIF_OFFSET = re.compile(r"([+-])([0-9]{1,2}):?([0-5][0-9])")
GPS_DATE = re.compile(r"([0-9]{4})[:/.-]([0-9]{2})[:/.-]([0-9]{2})")
GPS_TIME = re.compile(r"([0-9]{1,10})/([0-9]{1,10}) ([0-9]{1,10})/([0-9]{1,10}) ([0-9]{1,10})/([0-9]{1,10})")
NAME_TIME = re.compile(
    r"(?<![0-9])([0-9]{4})(?P<day>[-_. ]?)([0-9]{2})(?P=day)([0-9]{2})(?:[-_. T]| at )?"
    r"([0-9]{2})(?P<hour>[-_.:]?)([0-9]{2})(?P=hour)([0-9]{2})(?:[-_.]?[0-9]{3})?(?P<utc>Z)?(?![0-9])",
    re.IGNORECASE,
)
"""IMG_20260621_115000, 2026-06-21_11-50-00, Screenshot 2026-06-21 at 11.50.00, 20260621115000123; with or without Z."""
LONGEST_NAME = 255
NAMED_IN_UTC = "PXL_"
"""Google's camera names its photos by UTC and does not say so."""


@dataclass(frozen=True)
class PhotoTime:
    """An instant in UTC, the site's offset then, and the source that named it.

    Sources: sidecar, exif-offset, gps, exif, name, mtime; arrival when none of them can be true.
    """

    utc: datetime
    offset: timedelta
    source: str

    @property
    def local_date(self) -> date:
        """The site's date then, which is the day a photo belongs to."""
        return (self.utc + self.offset).date()


@dataclass(frozen=True)
class Stamp:
    """One of EXIF's times with its own offset and fraction of a second, as they are written there."""

    time: str
    offset: str = ""
    fraction: str = ""


@dataclass(frozen=True)
class Evidence:
    """All that may tell a photo's time, unjudged; what is missing is empty.

    `stamps` are EXIF's times, that of the exposure first. `gps_time` is three rationals, `18/1 50/1 0/1`; `modified`
    is the file's own time, aware.
    """

    sidecar: Sidecar | None = None
    stamps: tuple[Stamp, ...] = ()
    gps_date: str = ""
    gps_time: str = ""
    name: str = ""
    modified: datetime | None = None


def taken_at(site: Site, evidence: Evidence, now: datetime, after: datetime | None = None) -> PhotoTime:
    """Given the site, a photo's evidence and the time, return when it was taken.

    `after` is the instant of the photo that the same camera took before this one: it decides which of autumn's doubled
    hours a clock without a zone means. 01:00 after 01:55 is the second 01:00; without an order it is the first.
    Spring's missing hour is one that the camera's clock, not put forward, shows: 02:30 is half an hour after the leap.

    The offset is always the site's at that instant, also where EXIF names another: the camera stands on the site, and
    its day is the site's. EXIF's offset only turns its own time into UTC.

    A sidecar whose clock was not trusted is not asked, nor the name that the same clock gave; the camera's own clock
    and the file's time are. Anything before digital photography is nobody's word, and anything more than a day after
    `now` only that of a trusted sidecar: a rehearsal's photos are of days to come.
    """
    if (host := evidence.sidecar) and host.clock_trusted and host.taken_at >= EARLIEST:
        return _at(site, host.taken_at, "sidecar")

    def possible(at: datetime | None) -> bool:
        return at is not None and EARLIEST <= at <= now + AHEAD

    stamp = next((each for each in evidence.stamps if possible(_on_the_site(site, _stamped(each), after))), Stamp(""))
    told = _told(site, evidence, stamp, after)
    return next((_at(site, at, source) for source, at in told if at and possible(at)), _at(site, now, "arrival"))


def _at(site: Site, at: datetime, source: str) -> PhotoTime:
    offset = site.local(at).utcoffset()
    assert offset is not None, "an aware instant has an offset"
    return PhotoTime(at.astimezone(UTC), offset, source)


def _told(
    site: Site, evidence: Evidence, stamp: Stamp, after: datetime | None
) -> Iterator[tuple[str, datetime | None]]:
    """Yield every source but the sidecar with what it says, the most trusted first."""
    naive, offset = _stamped(stamp), _offset(stamp.offset)
    if naive and offset is not None:
        yield "exif-offset", naive.replace(tzinfo=timezone(offset))
    yield "gps", _by_gps(evidence.gps_date, evidence.gps_time)
    yield "exif", _on_the_site(site, naive, after)
    if evidence.sidecar is None or evidence.sidecar.clock_trusted:
        yield from (("name", at) for at in _named(site, evidence.name[:LONGEST_NAME], after))
    yield "mtime", evidence.modified


def _stamped(stamp: Stamp) -> datetime | None:
    """EXIF pads with blanks and zero bytes; a fraction that is no number is none."""
    found = EXIF_TIME.fullmatch(stamp.time.strip(" \0"))
    at = _naive(*found.groups()) if found else None
    fraction = stamp.fraction.strip(" \0")[:6]
    if at and re.fullmatch("[0-9]+", fraction):
        at = at.replace(microsecond=int(fraction.ljust(6, "0")))
    return at


def _offset(text: str) -> timedelta | None:
    text = text.strip(" \0")
    if text.upper() == "Z":
        return timedelta()
    if (found := EXIF_OFFSET.fullmatch(text)) is None:
        return None
    sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return None if offset > WIDEST else -offset if sign == "-" else offset


def _by_gps(date_text: str, time_text: str) -> datetime | None:
    """GPSDateStamp and GPSTimeStamp are UTC; the seconds may have a fraction."""
    day, time = GPS_DATE.fullmatch(date_text.strip(" \0")), GPS_TIME.fullmatch(time_text)
    if day is None or time is None:
        return None
    numbers = [int(number) for number in time.groups()]
    if 0 in numbers[1::2]:
        return None
    hour, minute, second = (above / below for above, below in zip(numbers[::2], numbers[1::2], strict=True))
    if hour >= 24 or minute >= 60 or second >= 60 or (midnight := _naive(*day.groups(), 0, 0, 0)) is None:
        return None
    return midnight.replace(tzinfo=UTC) + timedelta(hours=hour, minutes=minute, seconds=second)


def _named(site: Site, name: str, after: datetime | None) -> Iterator[datetime | None]:
    """Yield the instants in a file's name. Our own names carry the slot; a time without Z is the site's."""
    if own := naming.PHOTO_STEM.match(name):
        name = own["slot"]
    for found in NAME_TIME.finditer(name):
        at = _naive(*found.group(1, 3, 4, 5, 7, 8))
        if at and (found["utc"] or name.startswith(NAMED_IN_UTC)):
            yield at.replace(tzinfo=UTC)
        else:
            yield _on_the_site(site, at, after)


def _naive(*numbers: str | int) -> datetime | None:
    """Given year to second, return the time on some clock, unless there is none such; second 60 is none."""
    year, month, day, hour, minute, second = map(int, numbers)
    try:
        at = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None
    return at if EARLIEST.year <= year < 9999 else None


def _on_the_site(site: Site, naive: datetime | None, after: datetime | None) -> datetime | None:
    """Given a time on the site's clock, return its instant; of two, the second only when `after` lies between them."""
    if naive is None:
        return None
    first, second = (naive.replace(tzinfo=site.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return second if after is not None and first <= after < second else first
