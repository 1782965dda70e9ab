"""When there is light: the sun's height at a place and an instant, and what that means for a camera.

The rule asks for the elevation at the instant itself. Rise and set times are found as roots of that same
function, since astral's own `sunrise()` and `sunset()` raise on ordinary days and answer for the wrong date
(its issues #64, #74, #83).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import astral
from astral.sun import elevation

OFFICIAL = -0.833
"""Degrees: the sun's centre when its upper edge touches the horizon (US Naval Observatory; 34' of refraction)."""

STEP = timedelta(minutes=5)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Site:
    """A place: latitude and longitude in degrees (north and east positive), and its IANA time zone."""

    latitude: float
    longitude: float
    timezone: str

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @cached_property
    def _observer(self) -> astral.Observer:
        return astral.Observer(self.latitude, self.longitude)

    def local(self, at: datetime) -> datetime:
        """Given an aware instant, return it in this site's zone."""
        return at.astimezone(self.zone)


@dataclass(frozen=True)
class Light:
    """What the light at an instant means: shoot or not, with the boost or not, and why in words."""

    shoot: bool
    boost: bool
    elevation: float
    reason: str


def sun_elevation(site: Site, at: datetime) -> float:
    """Given a site and an aware instant, return the sun's geometric elevation in degrees (no refraction)."""
    return float(elevation(site._observer, at.astimezone(UTC), with_refraction=False))


def light_at(
    site: Site,
    at: datetime,
    *,
    threshold: float = OFFICIAL,
    boost: timedelta = timedelta(minutes=15),
    after_rise: float = 0,
    before_set: float = 0,
) -> Light:
    """Given a site and an aware instant, return whether to shoot, whether boosted, and why.

    `threshold` is the elevation in degrees from which there is light (itself included). `after_rise` and
    `before_set` are minutes to wait after the rise and to stop before the set; negative ones widen the day.
    The boost covers [rise, rise + boost) and (set - boost, set] of the day so shifted; a sun that does not
    set within a day has no edge and so no boost.
    """
    at = at.astimezone(UTC)
    height = sun_elevation(site, at)
    reach = boost + timedelta(minutes=abs(after_rise) + abs(before_set)) + 2 * STEP
    window = next(
        (
            (rise, fall)
            for rise, fall in _windows(site, at - reach, at + reach, threshold)
            if (rise is None or rise + timedelta(minutes=after_rise) <= at)
            and (fall is None or at <= fall - timedelta(minutes=before_set))
        ),
        None,
    )
    if window is None:
        return Light(False, False, height, f"night: the sun stands at {height:.1f}°, under {threshold:g}°")
    rise, fall = window
    since_rise = None if rise is None else at - rise - timedelta(minutes=after_rise)
    until_set = None if fall is None else fall - timedelta(minutes=before_set) - at
    if since_rise is not None and since_rise < boost:
        return Light(True, True, height, f"{_minutes(since_rise)} after sunrise")
    if until_set is not None and until_set < boost:
        return Light(True, True, height, f"{_minutes(until_set)} before sunset")
    return Light(True, False, height, f"daylight: the sun stands at {height:.1f}°")


def daylight_windows(site: Site, local_date: date, threshold: float = OFFICIAL) -> list[tuple[datetime, datetime]]:
    """Given a site and one of its local dates, return that date's spans of light as aware UTC pairs, in order.

    A span that reaches past midnight is cut there, so a polar day is one span of 23, 24 or 25 hours and a
    polar night is an empty list.
    """
    start, end = local_day(site, local_date)
    return [(rise or start, fall or end) for rise, fall in _windows(site, start, end, threshold)]


def local_day(site: Site, local_date: date) -> tuple[datetime, datetime]:
    """Given a site and a local date, return the aware UTC instants at which that date begins and ends."""
    midnights = (local_date, local_date + timedelta(days=1))
    start, end = (datetime.combine(day, time(), site.zone).astimezone(UTC) for day in midnights)
    return start, end


def _windows(
    site: Site, start: datetime, end: datetime, threshold: float
) -> Iterator[tuple[datetime | None, datetime | None]]:
    """Yield (rise, set) of each span of light that touches [start, end]; None where it goes on past an edge."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    lit = sun_elevation(site, start) >= threshold
    rise: datetime | None = None
    for before, after in _steps(start, end):
        if (sun_elevation(site, after) >= threshold) == lit:
            continue
        crossing = _crossing(site, before, after, threshold, rising=not lit)
        if lit:
            yield rise, crossing
        else:
            rise = crossing
        lit = not lit
    if lit:
        yield rise, None


def _steps(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    for index in range(math.ceil((end - start) / STEP)):
        yield start + index * STEP, min(start + (index + 1) * STEP, end)


def _crossing(site: Site, dark_side: datetime, light_side: datetime, threshold: float, *, rising: bool) -> datetime:
    """Bisect to one second; the instant returned lies on the lit side, so it is itself daylight."""
    low, high = dark_side, light_side
    while high - low > SECOND:
        middle = low + (high - low) / 2
        if (sun_elevation(site, middle) >= threshold) == rising:
            high = middle
        else:
            low = middle
    return high if rising else low


def _minutes(span: timedelta) -> str:
    return f"{int(span.total_seconds() // 60)} min"
