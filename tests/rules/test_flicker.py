"""Gains take flicker and steps out of a film's light, leave what sun and weather do, and look no farther than told."""

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageStat

from kootenay.rules.daylight import Site
from kootenay.rules.flicker import (
    BRIGHT,
    MOST_CHANGES,
    MOST_GAIN,
    REACH,
    Flashing,
    flashing,
    flicker,
    gains,
    luminance,
)
from rig.painter import paint

Lights = Sequence[float | None]

KNOWN = st.lists(st.floats(0, 255), max_size=60)
LIGHTS = st.lists(st.floats(0, 255) | st.floats(0, 255) | st.none() | st.just(math.nan), max_size=60)
ROUNDING = 0.002
"""Of the light: a second difference weighs three gains, each rounded to a thousandth, by 1, 2 and 1."""


def shown(lights: Lights) -> list[float | None]:
    return [None if light is None else light * gain for light, gain in zip(lights, gains(lights), strict=True)]


@pytest.fixture(scope="module")
def sunset() -> list[float]:
    """The light of a painted lake from three hours before sunset to an hour after, every five minutes."""
    site = Site(49.5, -117.3, "America/Vancouver")
    instants = (datetime(2026, 6, 22, 1, tzinfo=UTC) + slot * timedelta(minutes=5) for slot in range(48))
    return [ImageStat.Stat(paint(site, at, (160, 90)).convert("L")).mean[0] for at in instants]


@pytest.mark.parametrize(
    ("lights", "measure"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param([5, 90], 0, id="two frames"),
        pytest.param([0, 1, 0], 2, id="a blink"),
        pytest.param([10, 20, 30, 40], 0, id="a ramp"),
        pytest.param([0, 1, 0, 1, 0], 2, id="alternating"),
        pytest.param([0, 0, 3, 3], 3, id="a step"),
        pytest.param([0, 1, None, 0, 1, math.nan, 7], 0, id="never three in a row"),
        pytest.param([0, 1, 0, None, 5, 5, 5, 5], math.sqrt(4 / 3), id="two stretches"),
    ],
)
def test_flicker_is_the_root_mean_square_of_second_differences(lights: Lights, measure: float) -> None:
    assert flicker(lights) == pytest.approx(measure)


@given(LIGHTS)
def test_gains_never_make_a_film_flicker_more(lights: Lights) -> None:
    brightest = max((light for light in lights if light and light > 0), default=0.0)
    assert flicker(shown(lights)) <= flicker(lights) + ROUNDING * brightest


@given(st.floats(0, 255), st.floats(0, 255), st.integers(0, 60))
def test_a_steady_light_and_a_steady_ramp_are_left_alone(start: float, end: float, count: int) -> None:
    ramp = [start + (end - start) * index / max(count - 1, 1) for index in range(count)]
    assert gains(ramp) == [1] * count


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1))
def test_any_cubic_curve_is_left_alone_away_from_its_ends(third: float, second: float, first: float) -> None:
    curve = [120 + 50 * (first * x + second * x**2 + third * x**3) / 3 for x in (i / 20 - 1 for i in range(41))]
    assert gains(curve)[REACH:-REACH] == [1] * (41 - 2 * REACH)


@given(LIGHTS)
def test_gains_are_bounded_and_need_a_light(lights: Lights) -> None:
    found = gains(lights)
    assert len(found) == len(lights)
    for light, gain in zip(lights, found, strict=True):
        assert 1 / MOST_GAIN - 0.001 <= gain <= MOST_GAIN
        assert gain == 1 or (light is not None and 0 < light * gain <= 255 * 1.0005)


def test_no_mean_is_to_be_lighter_than_white() -> None:
    """Carried on from 130 and 255, the first light would be 271."""
    assert gains([250.0, 255.0, 130.0])[0] == 1.02


@given(LIGHTS, LIGHTS, LIGHTS)
def test_a_gain_depends_on_no_light_out_of_reach(before: Lights, here: Lights, after: Lights) -> None:
    whole, alone = gains([*before, *here, *after]), gains(here)
    middle = whole[len(before) : len(before) + len(here)]
    assert middle[REACH : len(here) - REACH] == alone[REACH : len(here) - REACH]


@given(KNOWN, KNOWN)
def test_lights_on_either_side_of_an_unknown_one_are_strangers(before: Lights, after: Lights) -> None:
    assert gains([*before, None, *after]) == [*gains(before), 1, *gains(after)]


def test_a_light_that_alternates_becomes_steady() -> None:
    lights = [100 * (1.1 if index % 2 else 0.9) for index in range(40)]
    assert flicker(lights) == pytest.approx(40)
    assert flicker(shown(lights)[2:-2]) < 0.5
    assert flicker(shown(lights)) < 2


def test_noise_is_brought_to_a_tenth_and_a_sunset_stays(sunset: list[float]) -> None:
    noise = random.Random(1)
    lights = [light * noise.gauss(1, 0.03) for light in sunset]
    assert flicker(lights) > 6
    assert flicker(shown(lights)) < 1
    assert shown(lights) == pytest.approx(sunset, rel=0.06)
    assert shown(sunset) == pytest.approx(sunset, rel=0.012)


@pytest.mark.parametrize("factor", [1.5, 1.9], ids="{}x".format)
def test_the_step_of_a_boost_becomes_a_slope(sunset: list[float], factor: float) -> None:
    """The ISO goes up for a quarter of an hour before sunset, and back: three frames."""
    boosted = [min(light * factor, 255) if 36 <= slot < 39 else light for slot, light in enumerate(sunset)]
    assert flicker(shown(boosted)) < flicker(boosted) / 4
    assert gains(boosted)[: 36 - REACH] == gains(sunset)[: 36 - REACH]


def test_a_step_that_stays_becomes_a_slope(sunset: list[float]) -> None:
    stepped = [light * 1.5 if slot >= 36 else light for slot, light in enumerate(sunset)]
    assert flicker(shown(stepped)) < flicker(stepped) / 4
    steps = [abs(after / before - 1) for before, after in zip(shown(stepped)[30:], shown(stepped)[31:], strict=False)]  # type: ignore[operator]
    assert max(steps) < 0.15


def flash(high: float, low: float, count: int, hold: int = 1) -> list[float]:
    return [light for index in range(count) for light in [high if index % 2 else low] * hold]


@pytest.mark.parametrize(
    ("lights", "fps", "found"),
    [
        pytest.param(flash(200, 20, 13), 12, [Flashing(1, 12, 12)], id="every frame at 12"),
        pytest.param(flash(200, 20, 13), 7, [Flashing(1, 12, 12)], id="every frame at 7"),
        pytest.param(flash(200, 20, 40), 6, [], id="three flashes a second"),
        pytest.param(flash(200, 20, 40, hold=2), 12, [], id="three flashes a second, held"),
        pytest.param(flash(200, 20, 7), 12, [], id="three flashes and no more"),
        pytest.param(flash(200, 20, 8), 12, [Flashing(1, 7, 7)], id="a change more than three flashes"),
        pytest.param([100] * 50 + flash(200, 20, 9) + [100] * 50, 24, [Flashing(50, 59, 10)], id="amid calm"),
        pytest.param([*flash(200, 20, 8), *[20] * 30, *flash(200, 20, 8)], 12, 2, id="twice"),
        pytest.param(flash(120, 100, 40), 12, [], id="too little of a change"),
        pytest.param(flash(255, 232, 40), 12, [], id="the darker one is bright"),
        pytest.param([232, 255, *flash(200, 20, 6)], 12, [], id="bright at first, then three"),
        pytest.param([255, 232, *flash(200, 20, 7)], 12, [Flashing(2, 8, 7)], id="dark at the third"),
        pytest.param([20 + 2 * index for index in range(100)], 60, [], id="a sunrise"),
        pytest.param([*flash(200, 20, 4), None, *flash(200, 20, 4)], 12, [Flashing(1, 8, 7)], id="one not measured"),
        pytest.param([None, math.nan] * 20, 12, [], id="nothing known"),
    ],
)  # fmt: skip
def test_more_than_three_flashes_a_second_are_found(lights: Lights, fps: float, found: list[Flashing] | int) -> None:
    assert (len(flashing(lights, fps)) if isinstance(found, int) else flashing(lights, fps)) == found


@given(LIGHTS, st.integers(1, 60))
def test_what_flashes_has_more_changes_than_are_safe(lights: Lights, fps: int) -> None:
    found = flashing(lights, fps)
    assert all(each.changes > MOST_CHANGES and each.first < each.last < len(lights) for each in found)
    assert all(before.last < after.first for before, after in pairwise(found))
    assert not found or fps > MOST_CHANGES


@given(KNOWN, st.integers(1, 30))
def test_frames_shown_twice_at_twice_the_speed_flash_alike(lights: list[float], fps: int) -> None:
    twice = [light for light in lights for _ in range(2)]
    found = [Flashing(2 * each.first, 2 * each.last, each.changes) for each in flashing(lights, fps)]
    assert flashing(twice, 2 * fps) == found


def test_gains_take_flashes_away() -> None:
    lights = flash(150, 100, 48)
    assert flashing(lights, 12)
    assert flashing(shown(lights), 12) == []


@pytest.mark.parametrize(("light", "expected"), [(0, 0), (10, 0.003035), (128, 0.215861), (255, 1), (300, 1)], ids=str)
def test_luminance_is_srgbs(light: float, expected: float) -> None:
    assert luminance(light) == pytest.approx(expected, abs=1e-6)
    assert luminance(232) > BRIGHT
