"""Flags lie far on the faulty side: what may be weather is no fault."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kootenay.rules.quality import Flag, Measures, flags_of

GOOD = Measures(light=120.0, contrast=45.0, black=0.01, white=0.01, sharpness=0.4, difference=3.0, same=0.02)
LEVELS = st.floats(0, 255)
SHARES = st.floats(0, 1)


@pytest.mark.parametrize(
    ("measures", "elevation", "flags"),
    [
        pytest.param(GOOD, 30, (), id="a fine day"),
        pytest.param(replace(GOOD, light=1.0, contrast=0.2, black=1.0, sharpness=0.0), 30, (Flag.DARK,), id="covered"),
        pytest.param(replace(GOOD, light=1.0, contrast=0.2, black=1.0, sharpness=0.0), -20, (), id="a black night"),
        pytest.param(replace(GOOD, light=250.0, contrast=9.0, white=0.9), 30, (Flag.OVEREXPOSED,), id="white-out"),
        pytest.param(replace(GOOD, light=200.0, contrast=30.0, white=0.35), 30, (), id="sun on snow"),
        pytest.param(replace(GOOD, contrast=0.8, sharpness=0.3), 30, (Flag.BLOCKED,), id="tape on the lens"),
        pytest.param(replace(GOOD, contrast=5.0, sharpness=0.002), 30, (), id="dense fog"),
        pytest.param(replace(GOOD, sharpness=0.004), 30, (Flag.BLURRED,), id="defocused"),
        pytest.param(replace(GOOD, difference=0.0, same=1.0), 30, (Flag.FROZEN,), id="the same again"),
        pytest.param(replace(GOOD, difference=0.1, same=0.9), -20, (Flag.FROZEN,), id="the same but for its clock"),
        pytest.param(replace(GOOD, sharpness=0.0, same=1.0), 30, (Flag.BLURRED, Flag.FROZEN), id="two faults"),
        pytest.param(replace(GOOD, difference=None, same=None), 30, (), id="the first photo"),
    ],
)
def test_only_faults_have_flags(measures: Measures, elevation: float, flags: tuple[Flag, ...]) -> None:
    assert flags_of(measures, elevation) == flags


@given(
    st.builds(Measures, LEVELS, st.floats(0, 128), SHARES, SHARES, st.floats(0, 100), st.none() | LEVELS, SHARES),
    st.floats(-90, 90),
)
def test_no_flag_stands_twice_and_all_fit_their_column(measures: Measures, elevation: float) -> None:
    flags = flags_of(measures, elevation)
    assert len(set(flags)) == len(flags) <= 2
    assert len(",".join(flags)) <= 32


@given(st.floats(-90, -math.ulp(0)), st.floats(0, 100))
def test_night_alone_is_never_a_fault(elevation: float, sharpness: float) -> None:
    assert flags_of(Measures(3.0, 1.0, 0.95, 0.0, sharpness), elevation) == ()
