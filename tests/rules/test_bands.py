"""Bands: what is set on a camera by how near the rise or set is."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kootenay.rules.bands import Band, ordered, reach, settings_in
from kootenay.rules.daylight import Light, Site, daylight_windows, light_at

LAKE = Site(49.8672, -118.00737, "America/Vancouver")
NORMAL = {"iso": "100", "exposurecompensation": "0"}
DUSK = [Band(40, {"iso": "400"}), Band(15, {"iso": "800", "exposurecompensation": "1"})]
SECOND = timedelta(seconds=1)

WORDS = st.dictionaries(st.sampled_from(["iso", "aperture", "exposurecompensation"]), st.text(max_size=3))
WIDTHS = st.one_of(st.integers(1, 240), st.floats(0.5, 240))
BANDS = st.lists(st.builds(Band, WIDTHS, WORDS), max_size=5, unique_by=lambda band: band.minutes)
EDGES = st.timedeltas(timedelta(), timedelta(hours=5))


def lit(edge: timedelta | None) -> Light:
    return Light(True, edge is not None, 1.0, "", edge)


@pytest.mark.parametrize(
    ("minutes", "iso", "compensation"),
    [
        pytest.param(0, "800", "1", id="at-the-edge"),
        pytest.param(10, "800", "1", id="in-both"),
        pytest.param(15, "400", "0", id="where-the-narrow-one-ends"),
        pytest.param(20, "400", "0", id="in-the-wide-one"),
        pytest.param(40, "100", "0", id="where-the-wide-one-ends"),
        pytest.param(50, "100", "0", id="in-neither"),
    ],
)
def test_the_narrowest_band_decides_and_bands_do_not_stack(minutes: int, iso: str, compensation: str) -> None:
    found = settings_in(lit(timedelta(minutes=minutes)), NORMAL, DUSK)
    assert found == {"iso": iso, "exposurecompensation": compensation}


def test_far_from_every_edge_and_in_the_dark_the_settings_are_the_normal_ones() -> None:
    for light in (lit(None), Light(False, False, -20.0, "night")):
        assert settings_in(light, NORMAL, DUSK) == NORMAL


@given(EDGES, WORDS, BANDS)
def test_settings_are_those_of_one_band_over_the_normal_ones(
    edge: timedelta, normal: dict[str, str], bands: list[Band]
) -> None:
    holding = sorted((band.minutes, band) for band in bands if edge < band.span)
    chosen = holding[0][1].settings if holding else {}
    found = settings_in(lit(edge), normal, bands)
    assert found.keys() == normal.keys() | chosen.keys()
    assert all(value == chosen.get(key, normal.get(key)) for key, value in found.items())


@given(EDGES, WORDS, BANDS, st.randoms())
def test_the_order_in_which_bands_are_written_means_nothing(
    edge: timedelta, normal: dict[str, str], bands: list[Band], chance: Random
) -> None:
    shuffled = [*bands]
    chance.shuffle(shuffled)
    assert ordered(shuffled) == ordered(bands)
    assert settings_in(lit(edge), normal, shuffled) == settings_in(lit(edge), normal, bands)


@given(EDGES, WORDS, BANDS)
def test_bands_reach_as_far_as_their_widest(edge: timedelta, normal: dict[str, str], bands: list[Band]) -> None:
    assert reach(bands) == max([timedelta(), *(band.span for band in bands)])
    if edge >= reach(bands):
        assert settings_in(lit(edge), normal, bands) == normal


@pytest.mark.parametrize(
    ("inside", "iso"),
    [
        pytest.param(timedelta(), "800", id="first-or-last-light"),
        pytest.param(timedelta(minutes=15) - SECOND, "800", id="a-second-inside-the-narrow-one"),
        pytest.param(timedelta(minutes=15), "400", id="at-15-minutes"),
        pytest.param(timedelta(minutes=40) - SECOND, "400", id="a-second-inside-the-wide-one"),
        pytest.param(timedelta(minutes=40), "100", id="at-40-minutes"),
        pytest.param(timedelta(hours=8), "100", id="noon"),
    ],
)
@pytest.mark.parametrize("of_the_day", ["morning", "evening"])
def test_a_dusk_ramp_mirrors_its_dawn(of_the_day: str, inside: timedelta, iso: str) -> None:
    ((rise, fall),) = daylight_windows(LAKE, date(2026, 6, 21))
    at = rise + inside if of_the_day == "morning" else fall - inside
    assert settings_in(light_at(LAKE, at, boost=reach(DUSK)), NORMAL, DUSK)["iso"] == iso


@pytest.mark.parametrize("minutes", [0, -15, float("nan"), float("inf")], ids=str)
def test_a_band_has_a_width(minutes: float) -> None:
    with pytest.raises(ValueError, match="minutes: it needs"):
        Band(minutes, {})


@pytest.mark.parametrize(
    "use", [ordered, lambda bands: settings_in(lit(None), NORMAL, bands)], ids=["ordered", "settings_in"]
)
def test_two_bands_of_one_width_are_a_mistake(use: Callable[[list[Band]], object]) -> None:
    with pytest.raises(ValueError, match="two bands of 15 minutes"):
        use([Band(15, {"iso": "800"}), Band(40, {}), Band(15.0, {"aperture": "4"})])
