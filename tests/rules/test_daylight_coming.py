"""When the light comes back: the first instant that has it, the words of the dark, and what the answer costs."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kootenay.rules import daylight
from kootenay.rules.daylight import OFFICIAL, YEAR, Light, Site, daylight_windows, light_at, next_light, sun_elevation

LAKE = Site(49.8672, -118.00737, "America/Vancouver")
LONGYEARBYEN = Site(78.2232, 15.6267, "Arctic/Longyearbyen")
SOUTH_POLE = Site(-90, 0, "Pacific/Auckland")
SECOND = timedelta(seconds=1)

SITES = st.builds(Site, st.floats(-90, 90), st.floats(-180, 180), st.just("UTC"))
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0)
)
THRESHOLDS = st.sampled_from([OFFICIAL, -18.0, -6.0, 0.0, 20.0, 62.0])
SHIFTS = st.sampled_from([0.0, 10.0, 200.0, -45.0])


@settings(max_examples=150)
@given(SITES, INSTANTS, THRESHOLDS, SHIFTS, SHIFTS, st.floats(0, 1))
def test_it_is_dark_until_the_next_light_and_light_then(
    site: Site, at: datetime, threshold: float, after_rise: float, before_set: float, part: float
) -> None:
    def light(when: datetime) -> Light:
        return light_at(site, when, threshold=threshold, after_rise=after_rise, before_set=before_set)

    coming = next_light(site, at, threshold, after_rise=after_rise, before_set=before_set)
    assert light(at).shoot == (coming == at)
    end = at + YEAR if coming is None else coming
    assert at <= end <= at + YEAR + timedelta(days=1)
    if end > at:
        assert not light(at + (end - at - SECOND) * part).shoot
        assert not light(end - SECOND).shoot
    assert coming is None or (coming.tzinfo is UTC and light(coming).shoot)


@pytest.mark.parametrize(
    ("site", "threshold"),
    [
        pytest.param(LAKE, 63.6, id="just-over-the-lakes-highest-sun"),
        pytest.param(LAKE, 90, id="straight-up"),
        pytest.param(SOUTH_POLE, 24, id="over-the-poles-highest-sun"),
    ],
)
def test_a_threshold_the_sun_never_reaches_brings_no_light(site: Site, threshold: float) -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    hours = (at + timedelta(hours=hour) for hour in range(366 * 24))
    assert max(sun_elevation(site, hour) for hour in hours) < threshold
    assert next_light(site, at, threshold) is None
    assert light_at(site, at, threshold=threshold).reason.endswith(
        f"under {threshold:g}°; no light for a year at this threshold"
    )


def test_a_threshold_reached_for_minutes_a_year_brings_those() -> None:
    highest = max(sun_elevation(LAKE, datetime(2026, 6, 21, 19, 54, second, tzinfo=UTC)) for second in range(60))
    coming = next_light(LAKE, datetime(2025, 12, 1, tzinfo=UTC), highest - 0.00001)
    assert coming is not None
    assert LAKE.local(coming).date() in (date(2026, 6, 20), date(2026, 6, 21))


@pytest.mark.parametrize(
    ("site", "at", "reason"),
    [
        pytest.param(
            LAKE, "2026-06-21T04:00", "night until 04:43 PDT: the sun stands at -5.9°, under -0.833°", id="before-dawn"
        ),
        pytest.param(
            LAKE, "2026-06-21T22:00", "night until 04:43 PDT: the sun stands at -7.2°, under -0.833°", id="after-dusk"
        ),
        pytest.param(
            LAKE, "2026-10-31T23:00", "night until 06:41 PST: the sun stands at -49.6°, under -0.833°",
            id="the-night-before-the-clocks-go-back",
        ),
        pytest.param(
            LONGYEARBYEN, "2026-12-01T12:00",
            "polar night until 2027-02-16 11:21 CET: the sun stands at -10.1°, under -0.833°", id="polar-night",
        ),
        pytest.param(
            LONGYEARBYEN, "2026-02-14T11:57",
            "polar night until 2026-02-15 11:58 CET: the sun stands at -", id="more-than-a-day-before-its-end",
        ),
        pytest.param(
            LONGYEARBYEN, "2026-02-14T12:15", "night until 11:58 CET: the sun stands at -", id="last-day-of-it",
        ),
        pytest.param(
            SOUTH_POLE, "2026-06-21T12:00", "polar night until 2026-09-20 21:57 NZST: the sun stands at -23.",
            id="south-pole",
        ),
        pytest.param(
            Site(-1.29, 36.82, "Asia/Dubai"), "2026-06-21T00:00", "night until 07:33 +04: the sun", id="nameless-zone"
        ),
    ],
)  # fmt: skip
def test_the_dark_says_when_the_light_comes_back(site: Site, at: str, reason: str) -> None:
    light = light_at(site, datetime.fromisoformat(at).replace(tzinfo=site.zone))
    assert (light.shoot, light.boost, light.edge) == (False, False, None)
    assert light.reason.startswith(reason)


def test_a_day_that_never_comes_up_to_a_high_threshold_is_no_polar_night() -> None:
    light = light_at(LAKE, datetime(2026, 12, 1, 20, tzinfo=UTC), threshold=30)
    assert light.reason.startswith("night until 2027-02-22 11:51 PST")


@pytest.mark.parametrize(
    ("minutes", "after_rise", "reason"),
    [
        pytest.param(-10, 60, "night until 05:43 PDT: the sun stands at -2.1°, under -0.833°", id="before-the-rise"),
        pytest.param(30, 60, "night until 05:43 PDT: the sun stands at 3.1°, in the minutes left out", id="after-it"),
        pytest.param(-60, -20, "night until 04:23 PDT: the sun stands at -7.6°, under -0.833°", id="widened"),
        pytest.param(
            300, 1000, "night: the sun stands at 44.7°, in the minutes left out", id="nothing-left-of-any-day"
        ),
    ],
)
def test_the_dark_says_until_as_the_day_is_shifted(minutes: int, after_rise: float, reason: str) -> None:
    ((rise, _),) = daylight_windows(LAKE, date(2026, 6, 21))
    assert light_at(LAKE, rise + timedelta(minutes=minutes), after_rise=after_rise).reason.startswith(reason)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The instants at which the sun's height is computed, at 5 µs each; a Raspberry Pi takes 25."""
    instants: list[datetime] = []
    real = daylight.sun_elevation

    def counting(site: Site, at: datetime) -> float:
        instants.append(at)
        return real(site, at)

    monkeypatch.setattr(daylight, "sun_elevation", counting)
    return instants


@pytest.mark.parametrize(
    ("site", "at", "shoot", "at_most"),
    [
        pytest.param(Site(49.01, 2, "UTC"), datetime(2026, 6, 21, 12, tzinfo=UTC), True, 200, id="day"),
        pytest.param(Site(49.02, 2, "UTC"), datetime(2026, 6, 21, 23, tzinfo=UTC), False, 400, id="night"),
        pytest.param(Site(78.01, 15, "UTC"), datetime(2026, 12, 1, tzinfo=UTC), False, 1200, id="polar-night"),
    ],
)
def test_the_first_slot_asks_for_the_sun_some_hundred_times_and_the_others_of_its_day_once(
    asked: list[datetime], site: Site, at: datetime, shoot: bool, at_most: int
) -> None:
    light_at(site, at)
    assert len(asked) <= at_most
    slots = [at + timedelta(minutes=minutes) for minutes in range(0, 50, 5)]
    asked.clear()
    assert [light_at(site, slot).shoot for slot in slots] == [shoot] * len(slots)
    assert asked == slots
