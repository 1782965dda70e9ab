"""Daylight held against two computations of the sun that share nothing with it, on every day of a year.

`ephem` computes VSOP87 in C, `skyfield` reads JPL's DE421; they agree with each other to 0.0004°, and with the rule's
own sun to 0.02°. Where the sun turns within 0.05° of the threshold, that hundredth decides whether the light comes at
all that day and moves it by minutes: such a grazing turn says nothing, nor does a rise or set beside it. All others
do.
"""

import math
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache

import ephem
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from skyfield.api import Loader, Time, load, wgs84
from skyfield.jpllib import SpiceKernel
from skyfield_data import get_skyfield_data_path

from kootenay.rules.daylight import DAY, OFFICIAL, Site, daylight_windows, sun_elevation

START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 365
GRAZING = 0.05

Numbers = NDArray[np.float64]
Almanac = Callable[[Site, Numbers], Numbers]
"""The sun's elevation in degrees at a site, at seconds after START; without refraction."""

HOURS: Numbers = np.arange(0, DAYS * 86400 + 1, 3600.0)


def ephem_elevation(site: Site, seconds: Numbers) -> Numbers:
    observer, sun = ephem.Observer(), ephem.Sun()
    observer.lat, observer.lon, observer.pressure = math.radians(site.latitude), math.radians(site.longitude), 0

    def height(at: float) -> float:
        observer.date = ephem.Date("2026/1/1") + at / 86400
        sun.compute(observer)
        return math.degrees(sun.alt)

    return np.array([height(at) for at in seconds])


def de421() -> SpiceKernel:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* has expired", RuntimeWarning)  # a file of leap seconds that is not read
        kernel: SpiceKernel = Loader(get_skyfield_data_path())("de421.bsp")
    return kernel


def skyfield_almanac(kernel: SpiceKernel) -> Almanac:
    timescale = load.timescale(builtin=True)

    def times(seconds: Numbers) -> Time:
        return timescale.utc(START.year, 1, 1, 0, 0, seconds)

    hours = times(HOURS)  # shared by all sites, for the earth's nutation at 8761 instants takes most of a second

    def elevation(site: Site, seconds: Numbers) -> Numbers:
        place = kernel["earth"] + wgs84.latlon(site.latitude, site.longitude)
        at = place.at(hours if seconds is HOURS else times(seconds))
        return np.asarray(at.observe(kernel["sun"]).apparent().altaz()[0].degrees)

    return elevation


@pytest.fixture(scope="module", params=["ephem", "skyfield"])
def almanac(request: pytest.FixtureRequest) -> Iterator[tuple[str, Almanac]]:
    """An almanac and its name."""
    if request.param == "ephem":
        yield "ephem", ephem_elevation
        return
    with closing(de421()) as kernel:
        yield "skyfield", skyfield_almanac(kernel)


GRID = [*range(-70, 71, 10), 49.8672, -65, 65, -67, 67, -89, 89]
LIMITS = {60: "to 60°", 70: "at 65-70°", 90: "at 89°"}
TOLERANCES = {"to 60°": 60, "at 65-70°": 180, "at 89°": 900}
"""Seconds. The sun that rises at 89° climbs a degree in four hours."""


def zone_of(latitude: float) -> str:
    return next(name for limit, name in LIMITS.items() if abs(latitude) <= limit)


@pytest.fixture(scope="module")
def worst(figure: Callable[[str], None]) -> Iterator[dict[tuple[str, str], float]]:
    """Seconds between the rule's rise or set and an almanac's, by almanac and zone; told at the end of the run."""
    found: dict[tuple[str, str], float] = defaultdict(float)
    yield found
    for name in sorted({name for name, _ in found}):
        zones = [f"{zone}: {found[name, zone]:.0f} s" for zone in TOLERANCES if (name, zone) in found]
        figure(f"daylight: worst |rise or set - {name}| {', '.join(zones)}")


@cache
def edges_of_the_year(site: Site, threshold: float) -> Numbers:
    """Return the rule's rise, set, rise, ... as seconds after START, joined across midnights."""
    spans: list[tuple[datetime, datetime]] = []
    for day in (START.date() + index * DAY for index in range(DAYS)):
        for rise, fall in daylight_windows(site, day, threshold):
            if spans and spans[-1][1] == rise:
                rise = spans.pop()[0]
            spans.append((rise, fall))
    return np.array([(edge - START).total_seconds() for span in spans for edge in span])


def turns_of(heights: Numbers) -> tuple[Numbers, Numbers]:
    """Given the hours' elevations, return when the sun turned (seconds after START) and how high: parabolas' tips."""
    before, here, after = heights[:-2], heights[1:-1], heights[2:]
    near = np.flatnonzero((here - before) * (after - here) <= 0)
    before, here, after = before[near], here[near], after[near]
    beside = (before - after) / (before - 2 * here + after) / 2
    return HOURS[1:-1][near] + 3600 * beside, here - (before - after) * beside / 4


@pytest.mark.parametrize(
    ("latitude", "threshold"),
    [
        *(pytest.param(each, OFFICIAL, id=f"{each}°") for each in GRID),
        *(pytest.param(-15, each, id=f"-15°-sun-at-{each}°") for each in (-18, -12, -6, 0, 6, 40)),
    ],
)
def test_light_comes_and_goes_within_a_minute_of(
    almanac: tuple[str, Almanac], latitude: float, threshold: float, worst: dict[tuple[str, str], float]
) -> None:
    """Three minutes where the sun rises at a slant, and never another polar day or night."""
    site = Site(latitude, round(latitude * 47) % 360 - 180, "UTC")
    name, elevation = almanac
    heights = elevation(site, HOURS)
    turns, tips = turns_of(heights)
    edges = edges_of_the_year(site, threshold)
    clear, above = abs(tips - threshold) > GRAZING, tips > threshold
    assert len(turns) >= 2 * DAYS - 1
    assert clear.mean() > 0.98

    passed = np.searchsorted(edges, turns)
    assert np.array_equal((passed % 2 == 1)[clear], above[clear])
    halves = clear[:-1] & clear[1:]
    assert np.array_equal(np.diff(passed)[halves], (above[:-1] != above[1:])[halves])

    half_of = np.searchsorted(turns, edges) - 1
    judged = edges[(half_of >= 0) & (half_of < len(halves)) & halves.take(half_of, mode="clip")]
    speeds = np.interp(judged, HOURS, np.gradient(heights, 3600.0))
    apart = float(np.max(np.abs((elevation(site, judged) - threshold) / speeds), initial=0))
    zone = zone_of(latitude)
    worst[name, zone] = max(worst[name, zone], apart)
    assert apart <= TOLERANCES[zone]
    assert len(judged) > 0.9 * len(edges)


@given(
    st.builds(Site, st.floats(-89.8, 89.8), st.floats(-180, 180), st.just("UTC")),
    st.floats(-6 * 365 * 86400, 34 * 365 * 86400),
)
def test_the_suns_elevation_is_an_almanacs_within_a_twentieth_of_a_degree(site: Site, seconds: float) -> None:
    height = sun_elevation(site, START + timedelta(seconds=seconds))
    assume(abs(height) < 89.9)
    assert height == pytest.approx(ephem_elevation(site, np.array([seconds]))[0], abs=0.05)
