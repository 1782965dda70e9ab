"""When there is light: the sun's height at a place and an instant, and what that means for a camera.

The rule asks for the elevation at the instant itself, in whole seconds as astral does. Rise and set are found as
roots of that same function between the sun's lowest and highest points, since astral's own `sunrise()` and
`sunset()` raise on ordinary days and answer for the wrong date (its issues #64, #74, #83).
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

import astral
from astral.sun import elevation

OFFICIAL = -0.833
"""Degrees: the sun's centre when its upper edge touches the horizon (US Naval Observatory; 34' of refraction)."""

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
YEAR = 366 * DAY
TURN = timedelta(hours=2)
"""How far the highest and lowest sun may lie from mean noon and midnight: the equation of time (17 min), and beside
the poles an hour more, as the season moves the sun faster there than the day does."""
NEAR_NOON = 5
"""Degrees the sun may stand above its height at mean noon: the equation of time is 4.1° of hour angle."""
CACHED = 2048
"""Solar days remembered: over five years of one camera, in 1 MB."""
FARTHEST_ZONE = 4
"""Hours a zone's standard time may lie from the sun's: the west of China is 3.1 h off, the most on earth."""
POLAR = 85
"""Degrees of latitude from which a longitude says nothing of the clock: stations there keep their supplier's time."""
SOLSTICES = (datetime(2026, 6, 21, tzinfo=UTC), datetime(2026, 12, 21, tzinfo=UTC))

Span = tuple[datetime, datetime]


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
    """What the light at an instant means: shoot or not, with the boost or not, and why in words.

    `edge` is how far the instant lies inside the light from the nearer of rise and set; None in the dark, and where
    neither lies within the boost's reach.
    """

    shoot: bool
    boost: bool
    elevation: float
    reason: str
    edge: timedelta | None = None


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
    set has no edge and so no boost. In the dark the reason says when the light comes back.
    """
    at = at.astimezone(UTC).replace(microsecond=0)
    height = sun_elevation(site, at)
    for start, end in _light(site, at - boost, at + boost, threshold, after_rise, before_set):
        if start <= at <= end:
            edge = min(at - start, end - at)
            if edge >= boost:
                return Light(True, False, height, f"daylight: the sun stands at {height:.1f}°")
            side = "after sunrise" if edge == at - start else "before sunset"
            return Light(True, True, height, f"{int(edge.total_seconds() // 60)} min {side}", edge)
    coming = next_light(site, at, threshold, after_rise=after_rise, before_set=before_set)
    return Light(False, False, height, _why_dark(site, at, height, threshold, coming))


def next_light(
    site: Site, after: datetime, threshold: float = OFFICIAL, *, after_rise: float = 0, before_set: float = 0
) -> datetime | None:
    """Given a site and an aware instant, return the first one not before it that has light, in UTC.

    None means that a year brings none. The other arguments are those of `light_at`.
    """
    after = after.astimezone(UTC)
    for day in (after + index * DAY for index in range(YEAR // DAY)):
        for start, end in _light(site, day, day + DAY, threshold, after_rise, before_set):
            if end >= after:
                return max(start, after)
    return None


def daylight_windows(
    site: Site, local_date: date, threshold: float = OFFICIAL, *, after_rise: float = 0, before_set: float = 0
) -> list[Span]:
    """Given a site and one of its local dates, return that date's spans of light as aware UTC pairs, in order.

    A span is from its first second with light to its last. One that reaches past midnight is cut there, so a polar
    day is one span of 23, 24 or 25 hours and a polar night is an empty list. The other arguments are those of
    `light_at`.
    """
    start, end = local_day(site, local_date)
    spans = _light(site, start, end, threshold, after_rise, before_set)
    cut = [(max(rise, start), min(fall, end)) for rise, fall in spans]
    return [(rise, fall) for rise, fall in cut if rise < fall]


def local_day(site: Site, local_date: date) -> Span:
    """Given a site and a local date, return the aware UTC instants at which that date begins and ends."""
    midnights = (local_date, local_date + DAY)
    start, end = (datetime.combine(day, time(), site.zone).astimezone(UTC) for day in midnights)
    return start, end


def zone_mismatch(site: Site) -> str | None:
    """Given a site, return in a line why its longitude and its zone cannot both be right, or None.

    Judged by the zone's standard time at both solstices of 2026. Beside the poles any zone is right.
    """
    apart = _hours_off(site, site.longitude)
    if abs(site.latitude) >= POLAR or apart <= FARTHEST_ZONE:
        return None
    question = "which of the two is wrong?"
    if _hours_off(site, -site.longitude) <= FARTHEST_ZONE:
        question = "is its sign wrong?"
    elif abs(site.longitude) <= 90 and _hours_off(site, site.latitude) <= FARTHEST_ZONE:
        question = "are latitude and longitude swapped?"
    return f"longitude {site.longitude} lies {apart:.1f} h from {site.timezone}: {question}"


def _light(
    site: Site, start: datetime, end: datetime, threshold: float, after_rise: float, before_set: float
) -> list[Span]:
    """Return the spans of light about [start, end], shifted and in order; their cut ends lie outside of it."""
    later, earlier = timedelta(minutes=after_rise), timedelta(minutes=before_set)
    reach = abs(later) + abs(earlier)
    days = _solar_days(site, start - reach, end + reach)
    spans = _joined(span for day in days if (span := _solar_day(site, day, threshold)) is not None)
    if not reach:
        return spans
    return _joined((rise + later, fall - earlier) for rise, fall in spans if rise + later <= fall - earlier)


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Make one of those that overlap or adjoin, as the solar days of a polar day do; their ends are in order too."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and start - joined[-1][1] <= SECOND:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _solar_days(site: Site, start: datetime, end: datetime) -> Iterator[date]:
    """Yield the days, by mean solar time, whose spans of light can touch [start, end]."""
    first = (start + _mean_solar(site) - TURN).date()
    last = (end + _mean_solar(site) + TURN).date()
    return (first + index * DAY for index in range((last - first) // DAY + 1))


@lru_cache(CACHED)
def _solar_day(site: Site, day: date, threshold: float) -> Span | None:
    """Return the first and last second of light from the day's lowest sun to the next day's, or None.

    The sun climbs from the lowest to the highest and sinks to the next lowest: no half has more than one crossing.
    """
    midnight = datetime.combine(day, time(), UTC) - _mean_solar(site)
    noon = midnight + DAY / 2

    def lit(at: datetime) -> bool:
        return sun_elevation(site, at) >= threshold

    if sun_elevation(site, noon) < threshold - NEAR_NOON or not lit(highest := _highest(site, noon)):
        return None
    rise = _first(_lowest(site, midnight), highest, lit)
    dark = _first(highest, _lowest(site, midnight + DAY), lambda at: not lit(at))
    return rise, dark - SECOND


def _highest(site: Site, noon: datetime) -> datetime:
    return _first(noon - TURN, noon + TURN, lambda at: sun_elevation(site, at + SECOND) <= sun_elevation(site, at))


@lru_cache(CACHED)
def _lowest(site: Site, midnight: datetime) -> datetime:
    return _first(
        midnight - TURN, midnight + TURN, lambda at: sun_elevation(site, at + SECOND) >= sun_elevation(site, at)
    )


def _first(start: datetime, end: datetime, holds: Callable[[datetime], bool]) -> datetime:
    """Return the first second from `start` at which something holds that then goes on holding; `end` if none before."""
    seconds = range((end - start) // SECOND)
    return start + bisect_left(seconds, True, key=lambda second: holds(start + second * SECOND)) * SECOND


def _mean_solar(site: Site) -> timedelta:
    """Return mean solar time minus UTC, in whole seconds."""
    return timedelta(seconds=round(site.longitude * 240))


def _why_dark(site: Site, at: datetime, height: float, threshold: float, coming: datetime | None) -> str:
    left_out = "in the minutes left out after its rise or before its set"
    sun = f"the sun stands at {height:.1f}°, {f'under {threshold:g}°' if height < threshold else left_out}"
    if coming is None:
        return f"night: {sun}; no light for a year at this threshold"
    local = site.local(coming)
    if coming - at <= DAY:
        return f"night until {local:%H:%M %Z}: {sun}"
    return f"{'polar night' if threshold <= 0 else 'night'} until {local:%Y-%m-%d %H:%M %Z}: {sun}"


def _hours_off(site: Site, longitude: float) -> float:
    """Return the hours between the sun's time at a longitude and the zone's standard time, where they are nearest."""
    times = [site.local(solstice) for solstice in SOLSTICES]
    offsets = [((each.utcoffset() or timedelta()) - (each.dst() or timedelta())) / timedelta(hours=1) for each in times]
    return min(abs(hours - _across_the_date_line(longitude, hours) / 15) for hours in offsets)


def _across_the_date_line(longitude: float, hours: float) -> float:
    """Return a longitude as its zone counts it: the line bends to 150° W about Kiribati and to 170° E about Attu."""
    if hours >= 12 and longitude <= -150:
        return longitude + 360
    if hours <= -10 and longitude >= 170:
        return longitude - 360
    return longitude
