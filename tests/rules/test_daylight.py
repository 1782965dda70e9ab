"""When there is light: the sun's own rule, its boost, and the clocks of the world."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kootenay.rules.daylight import DAY, OFFICIAL, Site, daylight_windows, light_at, local_day, sun_elevation

LAKE = Site(49.8672, -118.00737, "America/Vancouver")
LONGYEARBYEN = Site(78.2232, 15.6267, "Arctic/Longyearbyen")
FAIRBANKS = Site(64.8401, -147.7200, "America/Anchorage")
SHORT_DAY = Site(67.38, 25.0, "Europe/Helsinki")
EARLY_RISE = Site(0, -67, "America/Vancouver")
"""Its sun rises while its clocks are put forward: its zone lies far west of it."""

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
SLOT = timedelta(minutes=5)

ZONES = sorted(available_timezones())
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SITES = st.builds(Site, st.floats(-90, 90), st.floats(-180, 180), st.sampled_from(ZONES))
SHIFTS = st.sampled_from([0.0, 0.0, 30.0, 400.0, -90.0])
DAYS = st.dates(date(2020, 1, 1), date(2060, 1, 1))


def whole_second_edges(site: Site, day: date) -> tuple[datetime, datetime]:
    """Return the first and the last whole second with light in a day that has one span of it."""
    ((rise, fall),) = daylight_windows(site, day)
    around = [each.replace(microsecond=0) + offset * SECOND for each in (rise, fall) for offset in range(-3, 4)]
    lit = [each for each in around if sun_elevation(site, each) >= OFFICIAL]
    assert abs(lit[0] - rise) <= SECOND
    assert abs(lit[-1] - fall) <= SECOND
    return lit[0], lit[-1]


def slots_of(site: Site, day: date) -> list[datetime]:
    start, end = local_day(site, day)
    return [start + index * SLOT for index in range((end - start) // SLOT)]


def test_the_lakes_longest_day_is_from_04_43_27_to_21_04_24() -> None:
    ((rise, fall),) = daylight_windows(LAKE, date(2026, 6, 21))
    assert abs(rise - datetime(2026, 6, 21, 4, 43, 27, tzinfo=LAKE.zone)) <= MINUTE
    assert abs(fall - datetime(2026, 6, 21, 21, 4, 24, tzinfo=LAKE.zone)) <= MINUTE


@settings(max_examples=150)
@given(SITES, INSTANTS, st.sampled_from([OFFICIAL, -6.0, 0.0, 10.0]), SHIFTS, SHIFTS)
def test_an_instant_is_light_exactly_inside_the_windows_of_its_local_day(
    site: Site, at: datetime, threshold: float, after_rise: float, before_set: float
) -> None:
    light = light_at(site, at, threshold=threshold, after_rise=after_rise, before_set=before_set)
    assert light.shoot == (light.elevation >= threshold) or after_rise or before_set
    day = site.local(at).date()
    windows = daylight_windows(site, day, threshold, after_rise=after_rise, before_set=before_set)
    assert light.shoot == any(rise <= at.replace(microsecond=0) <= fall for rise, fall in windows)


@given(SITES, INSTANTS, st.timedeltas(timedelta(), timedelta(hours=4)))
def test_only_the_boost_has_an_edge_and_it_lies_within_its_reach(site: Site, at: datetime, boost: timedelta) -> None:
    light = light_at(site, at, boost=boost)
    assert light.boost == (light.edge is not None)
    if light.edge is not None:
        assert light.shoot
        assert timedelta() <= light.edge < boost
        assert light_at(site, at, boost=boost * 2).edge == light.edge


@settings(max_examples=60)
@given(SITES, DAYS)
def test_windows_lie_in_their_day_in_order_and_do_not_touch(site: Site, day: date) -> None:
    start, end = local_day(site, day)
    windows = daylight_windows(site, day)
    edges = [start, *(edge for window in windows for edge in window), end]
    assert all(edge.tzinfo is UTC for edge in edges)
    assert edges == sorted(edges)
    assert all(before[1] < after[0] for before, after in pairwise(windows))
    assert all(site.local(edge).date() == day for edge in edges[:-1] if edge != end)


@given(SITES, DAYS)
def test_local_days_follow_each_other_without_gap_or_overlap(site: Site, day: date) -> None:
    start, end = local_day(site, day)
    assert site.local(start).date() == day
    assert site.local(start - SECOND).date() < day
    assert site.local(end - SECOND).date() == day
    assert end == local_day(site, day + timedelta(days=1))[0]
    assert timedelta(hours=22) <= end - start <= timedelta(hours=26)


@settings(max_examples=100)
@given(SITES, INSTANTS)
@example(EARLY_RISE, datetime(2025, 3, 9, 10, 10, tzinfo=UTC))
@example(EARLY_RISE, datetime(2025, 3, 9, 10, 45, tzinfo=UTC))
def test_an_instant_has_the_same_light_in_whatever_zone_it_is_written(site: Site, at: datetime) -> None:
    assert light_at(site, site.local(at)) == light_at(site, at)
    assert sun_elevation(site, site.local(at)) == sun_elevation(site, at)


@pytest.mark.parametrize("day", [date(2026, 6, 21), date(2026, 5, 1), date(2026, 8, 15)], ids=str)
def test_a_polar_day_is_one_window_without_a_boost(day: date) -> None:
    assert daylight_windows(LONGYEARBYEN, day) == [local_day(LONGYEARBYEN, day)]
    lights = [light_at(LONGYEARBYEN, slot) for slot in slots_of(LONGYEARBYEN, day)]
    assert len(lights) == 288
    assert all(light.shoot and not light.boost for light in lights)
    assert all(light.edge is None and light.reason.startswith("daylight") for light in lights)


@pytest.mark.parametrize("shift", [-90, -20, 20, 90], ids=str)
def test_a_polar_day_has_no_ends_to_shift_and_none_in_reach_of_a_long_boost(shift: float) -> None:
    for slot in slots_of(LONGYEARBYEN, date(2026, 6, 21))[::6]:
        light = light_at(LONGYEARBYEN, slot, boost=timedelta(hours=4), after_rise=shift, before_set=shift)
        assert (light.shoot, light.boost, light.edge) == (True, False, None)


@pytest.mark.parametrize("day", [date(2026, 12, 21), date(2026, 11, 15), date(2026, 1, 25)], ids=str)
def test_a_polar_night_has_no_window_and_says_night(day: date) -> None:
    assert daylight_windows(LONGYEARBYEN, day) == []
    lights = [light_at(LONGYEARBYEN, slot) for slot in slots_of(LONGYEARBYEN, day)]
    assert not any(light.shoot or light.boost for light in lights)
    assert all(light.reason.startswith("polar night until 202") for light in lights)
    assert all(": the sun stands at -" in light.reason for light in lights)


@pytest.mark.parametrize(
    ("site", "day", "hours"),
    [
        pytest.param(Site(88, 10, "Europe/Paris"), date(2025, 3, 30), 23, id="spring-in-the-north"),
        pytest.param(Site(88, 10, "Europe/Paris"), date(2025, 6, 21), 24, id="june-in-the-north"),
        pytest.param(Site(-88, 10, "Europe/Paris"), date(2025, 10, 26), 25, id="autumn-in-the-south"),
    ],
)
def test_a_polar_day_is_as_long_as_its_local_day(site: Site, day: date, hours: int) -> None:
    ((start, end),) = daylight_windows(site, day)
    assert end - start == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        pytest.param(date(2025, 3, 30), 23, id="spring"),
        pytest.param(date(2025, 3, 31), 24, id="summer"),
        pytest.param(date(2025, 10, 26), 25, id="autumn"),
        pytest.param(date(2025, 10, 27), 24, id="winter"),
    ],
)
def test_a_clock_change_moves_the_days_ends_and_not_the_sun(day: date, hours: int) -> None:
    paris = Site(48.8566, 2.3522, "Europe/Paris")
    start, end = local_day(paris, day)
    assert end - start == timedelta(hours=hours)
    ((rise, fall),) = daylight_windows(paris, day)
    ((rise_in_utc, fall_in_utc),) = daylight_windows(Site(48.8566, 2.3522, "UTC"), day)
    assert abs(rise - rise_in_utc) <= SECOND
    assert abs(fall - fall_in_utc) <= SECOND


@pytest.mark.parametrize(
    ("after_rise", "before_set"),
    [
        pytest.param(0, 0, id="as-the-sun-does"),
        pytest.param(10, 0, id="later-start"),
        pytest.param(0, 20, id="earlier-end"),
        pytest.param(-30, -40, id="wider"),
        pytest.param(95, 125, id="much-narrower"),
    ],
)
@pytest.mark.parametrize("day", [date(2026, 6, 21), date(2026, 12, 21)], ids=["summer", "winter"])
def test_the_boost_is_from_the_rise_and_to_the_set_as_shifted(day: date, after_rise: float, before_set: float) -> None:
    rise, fall = whole_second_edges(LAKE, day)
    first = rise + timedelta(minutes=after_rise)
    last = fall - timedelta(minutes=before_set)
    expected = {
        first - SECOND: (False, False),
        first: (True, True),
        first + SECOND: (True, True),
        first + QUARTER - SECOND: (True, True),
        first + QUARTER: (True, False),
        first + QUARTER + SECOND: (True, False),
        last - QUARTER - SECOND: (True, False),
        last - QUARTER: (True, False),
        last - QUARTER + SECOND: (True, True),
        last - SECOND: (True, True),
        last: (True, True),
        last + SECOND: (False, False),
    }
    lights = {at: light_at(LAKE, at, after_rise=after_rise, before_set=before_set) for at in expected}
    assert {at: (light.shoot, light.boost) for at, light in lights.items()} == expected


@pytest.mark.parametrize("hours", [-6, -3, 3, 6], ids=str)
def test_the_threshold_itself_is_light(hours: int) -> None:
    at = datetime(2026, 6, 21, 19, 54, tzinfo=UTC) + timedelta(hours=hours)
    height = sun_elevation(LAKE, at)
    assert light_at(LAKE, at, threshold=height).shoot
    assert not light_at(LAKE, at, threshold=height + 1e-6).shoot


@pytest.mark.parametrize("minutes", [0, 1, 7.5, 60], ids=str)
def test_the_boost_is_as_long_as_asked(minutes: float) -> None:
    boost = timedelta(minutes=minutes)
    rise, fall = daylight_windows(LAKE, date(2026, 6, 21))[0]
    at = [rise + 2 * SECOND, rise + boost - 2 * SECOND, rise + boost + 2 * SECOND]
    at += [fall - boost - 2 * SECOND, fall - boost + 2 * SECOND, fall - 2 * SECOND]
    within = minutes > 0
    found = [light_at(LAKE, each, boost=boost) for each in at if rise <= each <= fall]
    expected = [within, within, False, False, within, within] if within else [False] * 4
    assert [light.boost for light in found] == expected


@pytest.mark.parametrize(
    ("offset", "reason"),
    [
        pytest.param(timedelta(minutes=4, seconds=30), "4 min after sunrise", id="boost-of-the-morning"),
        pytest.param(timedelta(hours=8), "daylight: the sun stands at 63.", id="noon"),
        pytest.param(timedelta(hours=16, minutes=14, seconds=30), "6 min before sunset", id="boost-of-the-evening"),
    ],
)
def test_light_is_explained_in_words(offset: timedelta, reason: str) -> None:
    rise, _ = daylight_windows(LAKE, date(2026, 6, 21))[0]
    assert light_at(LAKE, rise + offset).reason.startswith(reason)


@pytest.mark.parametrize("minutes", [0, 1, 14, 22, 39], ids=str)
@pytest.mark.parametrize(("after_rise", "before_set"), [(0, 0), (30, -20)], ids=["as-the-sun-does", "shifted"])
def test_the_edge_is_how_far_in_from_the_rise_or_set_as_shifted(
    minutes: int, after_rise: float, before_set: float
) -> None:
    ((rise, fall),) = daylight_windows(LAKE, date(2026, 6, 21))
    inside, boost = minutes * MINUTE, 40 * MINUTE
    for at in (rise + timedelta(minutes=after_rise) + inside, fall - timedelta(minutes=before_set) - inside):
        light = light_at(LAKE, at, boost=boost, after_rise=after_rise, before_set=before_set)
        assert (light.boost, light.edge) == (True, inside)


def test_the_edge_of_a_short_day_is_the_nearer_one() -> None:
    ((rise, fall),) = daylight_windows(SHORT_DAY, date(2025, 12, 21))
    morning, evening = light_at(SHORT_DAY, rise + 5 * MINUTE), light_at(SHORT_DAY, fall - 5 * MINUTE)
    assert (morning.edge, morning.reason) == (5 * MINUTE, "5 min after sunrise")
    assert (evening.edge, evening.reason) == (5 * MINUTE, "5 min before sunset")


def test_a_day_widened_until_its_nights_are_gone_has_no_edge() -> None:
    for slot in slots_of(FAIRBANKS, date(2026, 6, 21)):
        light = light_at(FAIRBANKS, slot, after_rise=-90, before_set=-90)
        assert (light.shoot, light.edge) == (True, None)


def test_the_two_boosts_of_a_short_day_merge() -> None:
    ((rise, fall),) = daylight_windows(SHORT_DAY, date(2025, 12, 21))
    assert timedelta(minutes=15) < fall - rise < timedelta(minutes=30)
    seconds = int((fall - rise).total_seconds())
    lights = [light_at(SHORT_DAY, rise + offset * SECOND) for offset in range(1, seconds, 10)]
    assert all(light.shoot and light.boost for light in lights)
    assert not light_at(SHORT_DAY, rise - 2 * SECOND).shoot
    assert not light_at(SHORT_DAY, fall + 2 * SECOND).shoot


def test_a_sun_that_sets_past_midnight_gives_its_date_two_windows() -> None:
    day = date(2026, 6, 21)
    start, end = local_day(FAIRBANKS, day)
    (first_rise, first_set), (second_rise, second_set) = daylight_windows(FAIRBANKS, day)
    assert (first_rise, second_set) == (start, end)
    assert f"{FAIRBANKS.local(first_set):%H:%M}" == "00:47"
    assert f"{FAIRBANKS.local(second_rise):%H:%M}" == "02:57"
    assert light_at(FAIRBANKS, first_set - 10 * MINUTE).boost
    assert light_at(FAIRBANKS, second_rise + 10 * MINUTE).boost
    assert not light_at(FAIRBANKS, first_set + 10 * MINUTE).shoot
    assert not light_at(FAIRBANKS, start).boost


@pytest.mark.parametrize(
    ("site", "day", "edges"),
    [
        pytest.param(
            Site(-72.0117, 2.535, "Antarctica/Troll"), date(2026, 11, 9),
            "rise 00:20:50, set 23:10:40, rise 23:55:40", id="two-rises-at-troll",
        ),
        pytest.param(
            Site(64.1466, -21.9426, "Atlantic/Reykjavik"), date(2026, 6, 29),
            "set 00:00:20, rise 03:02:30, set 23:59:00", id="two-sets-at-reykjavik",
        ),
        pytest.param(
            LONGYEARBYEN, date(2026, 8, 25),
            "set 00:29:10, rise 01:32:50, set 23:56:00", id="two-sets-on-the-day-after-the-polar-day",
        ),
    ],
)  # fmt: skip
def test_a_date_with_two_rises_or_two_sets_has_both(site: Site, day: date, edges: str) -> None:
    """Expected are ephem's, every ten seconds."""
    midnights = local_day(site, day)
    windows = daylight_windows(site, day)
    found = [
        (kind, edge) for window in windows for kind, edge in zip(("rise", "set"), window, strict=True)
        if edge not in midnights
    ]  # fmt: skip
    expected = [edge.split() for edge in edges.split(", ")]
    assert [kind for kind, _ in found] == [kind for kind, _ in expected]
    for (kind, edge), (_, clock) in zip(found, expected, strict=True):
        assert abs(site.local(edge).replace(tzinfo=None) - datetime.fromisoformat(f"{day} {clock}")) < MINUTE
        assert light_at(site, edge + MINUTE * (1 if kind == "rise" else -1)).boost
        assert not light_at(site, edge - MINUTE * (1 if kind == "rise" else -1)).shoot


@pytest.mark.parametrize("latitude", [-15, 0, 50, 67, 80, 89.7, -89.7], ids=str)
@pytest.mark.parametrize("day", [date(2026, 2, 11), date(2026, 3, 20), date(2026, 11, 3)], ids=str)
def test_moments_of_light_and_of_night_are_found_where_the_sun_turns(latitude: float, day: date) -> None:
    """Sundials are up to 16 minutes off the clock in those months; beside the poles the season moves the turn."""
    site = Site(latitude, 90, "UTC")
    start, end = local_day(site, day)
    heights = {
        at: sun_elevation(site, at)
        for at in (start + index * 5 * SECOND for index in range((end - start) // SECOND // 5))
    }
    highest, lowest = max(heights, key=heights.__getitem__), min(heights, key=heights.__getitem__)
    assert light_at(site, highest, threshold=heights[highest] - 1e-6).shoot
    assert not light_at(site, lowest, threshold=heights[lowest] + 1e-6).shoot


def kind_of(site: Site, day: date) -> str:
    windows = daylight_windows(site, day)
    if not windows:
        return "polar night"
    return "polar day" if windows == [local_day(site, day)] else "ordinary"


TRANSITIONS = {
    LONGYEARBYEN: [(2, 15), (4, 19), (8, 25), (10, 27)],
    Site(69.6492, 18.9553, "Europe/Oslo"): [(1, 15), (5, 19), (7, 26), (11, 28)],
    Site(-77.846, 166.676, "Antarctica/McMurdo"): [(2, 20), (4, 25), (8, 19), (10, 24)],
}


@pytest.mark.parametrize("site", TRANSITIONS, ids=["longyearbyen", "tromso", "mcmurdo"])
def test_a_polar_year_turns_four_times_and_every_slot_of_those_days_follows_the_sun(site: Site) -> None:
    year = [date(2026, 1, 1) + index * DAY for index in range(365)]
    turns = [day for before, day in pairwise(year) if kind_of(site, before) != kind_of(site, day)]
    assert [(day.month, day.day) for day in turns] == TRANSITIONS[site]
    for slot in (slot for turn in turns for day in (turn - DAY, turn) for slot in slots_of(site, day)):
        light = light_at(site, slot)
        assert light.shoot == (sun_elevation(site, slot) >= OFFICIAL)
        within = [light_at(site, slot + step).shoot for step in (SECOND - QUARTER, QUARTER - SECOND)]
        assert light.boost == (light.shoot and not all(within))


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        pytest.param("Europe/Paris", date(2026, 3, 29), id="paris-spring"),
        pytest.param("Europe/Paris", date(2026, 10, 25), id="paris-autumn"),
        pytest.param("America/Vancouver", date(2026, 3, 8), id="vancouver-spring"),
        pytest.param("America/Santiago", date(2026, 9, 6), id="no-midnight"),
        pytest.param("Australia/Lord_Howe", date(2026, 4, 5), id="half-an-hour-more"),
    ],
)
def test_a_clock_change_costs_and_doubles_no_slot_with_light(zone: str, day: date) -> None:
    """Whether the change falls in the night, as at this zone's own meridian, or at noon, as on the far side of it."""
    for longitude in (-180, -90, 0, 90):
        site = Site(45, longitude, zone)
        (start, _), (_, end) = local_day(site, day - DAY), local_day(site, day + DAY)
        everything = [slot for index in (-1, 0, 1) for slot in slots_of(site, day + index * DAY)]
        assert everything == [start + index * SLOT for index in range((end - start) // SLOT)]
        windows = [window for index in (-1, 0, 1) for window in daylight_windows(site, day + index * DAY)]
        lit = [slot for slot in everything if light_at(site, slot).shoot]
        assert lit == [slot for slot in everything if any(rise <= slot <= fall for rise, fall in windows)]
        assert len(lit) == pytest.approx(sum((fall - rise) / SLOT for rise, fall in windows), abs=len(windows))


@pytest.mark.parametrize(
    "site",
    [
        pytest.param(Site(1.8721, -157.4278, "Pacific/Kiritimati"), id="kiritimati"),
        pytest.param(Site(-13.8333, -171.7667, "Pacific/Apia"), id="samoa"),
        pytest.param(Site(-14.2756, -170.7020, "Pacific/Pago_Pago"), id="american-samoa"),
        pytest.param(Site(-16.8, 180.0, "Pacific/Fiji"), id="on-the-meridian-east"),
        pytest.param(Site(-16.8, -180.0, "Pacific/Fiji"), id="on-the-meridian-west"),
        pytest.param(Site(-43.95, -176.55, "Pacific/Chatham"), id="chatham"),
    ],
)
@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 6, 30), date(2028, 2, 29)], ids=str)
def test_at_the_date_line_a_local_date_has_its_own_sun(site: Site, day: date) -> None:
    ((rise, fall),) = daylight_windows(site, day)
    assert site.local(rise).date() == site.local(fall).date() == day
    assert 4 <= site.local(rise).hour <= 8
    assert 16 <= site.local(fall).hour <= 21
    assert light_at(site, rise + (fall - rise) / 2).elevation > 20


def test_the_date_that_samoa_left_out_has_no_light() -> None:
    apia = Site(-13.8333, -171.7667, "Pacific/Apia")
    start, end = local_day(apia, date(2011, 12, 30))
    assert start == end
    assert daylight_windows(apia, date(2011, 12, 30)) == []


@pytest.mark.parametrize("threshold", [-18, -12, -6, OFFICIAL, 0, 6, 40], ids=str)
@pytest.mark.parametrize("day", [date(2026, 3, 20), date(2026, 9, 1)], ids=str)
def test_a_window_begins_and_ends_where_the_sun_crosses_the_threshold(day: date, threshold: float) -> None:
    site = Site(38.5, -120, "Etc/GMT+8")
    ((rise, fall),) = daylight_windows(site, day, threshold)
    assert sun_elevation(site, rise) >= threshold > sun_elevation(site, rise - 2 * SECOND)
    assert sun_elevation(site, fall) >= threshold > sun_elevation(site, fall + 2 * SECOND)
