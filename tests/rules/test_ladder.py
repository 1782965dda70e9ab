"""The ladder: mild steps first, the power last and seldom, and it always ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kootenay.rules.ladder import LADDERS, PAUSES, Kind, Power, Step, kind_of, next_step

NOW = datetime(2026, 6, 21, 20, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONG = NOW + timedelta(minutes=4)
TICK = timedelta.resolution

AGAIN, RELEASE, RESET, POWER, UP = Step
NO_POWER = Power(False, None, HOUR)
NEVER_CUT = Power(True, None, HOUR)

INSTANTS = st.timedeltas(-timedelta(days=2), timedelta(days=2)).map(lambda away: NOW + away)
POWERS = st.builds(Power, st.booleans(), st.none() | INSTANTS, st.timedeltas(timedelta(), timedelta(days=1)))


def cut(ago: timedelta, possible: bool = True) -> Power:
    """The power was cut so long ago, and bears it once an hour."""
    return Power(possible, NOW - ago, HOUR)


@dataclass(frozen=True)
class Climb:
    """A failure that goes on: a kind for each try, the last of them for ever."""

    kinds: Sequence[Kind]
    usb: bool
    power: Power
    last: datetime
    try_takes: timedelta = timedelta()

    def steps(self) -> list[tuple[Step, datetime]]:
        """Climb as a station does; return each step with the instant at which it was decided."""
        now, power, tried = NOW, self.power, list[Step]()
        climbed: list[tuple[Step, datetime]] = []
        for number in range(20):
            kind = self.kinds[min(number, len(self.kinds) - 1)]
            step = next_step(kind, tried, usb=self.usb, power=power, now=now, last=self.last).step
            climbed.append((step, now))
            if step is UP:
                return climbed
            if step is POWER:
                power = Power(power.possible, now, power.every)
            tried.append(step)
            now += timedelta(seconds=PAUSES[step]) + self.try_takes
        pytest.fail(f"no end: {climbed}")


@pytest.mark.parametrize(
    ("kind", "usb", "power", "steps"),
    [
        pytest.param(Kind.CLAIMED, True, NEVER_CUT, [RELEASE, AGAIN, RESET, POWER, UP], id="claimed"),
        pytest.param(Kind.CLAIMED, True, NO_POWER, [RELEASE, AGAIN, RESET, UP], id="claimed, no power switch"),
        pytest.param(Kind.CLAIMED, False, NEVER_CUT, [RELEASE, AGAIN, POWER, UP], id="claimed, not on USB"),
        pytest.param(Kind.CLAIMED, False, NO_POWER, [RELEASE, AGAIN, UP], id="claimed, neither"),
        pytest.param(Kind.GONE, True, NEVER_CUT, [AGAIN, POWER, UP], id="gone"),
        pytest.param(Kind.GONE, True, NO_POWER, [AGAIN, UP], id="gone, no power switch"),
        pytest.param(Kind.GONE, False, NEVER_CUT, [AGAIN, POWER, UP], id="gone, not on USB"),
        pytest.param(Kind.STUCK, True, NEVER_CUT, [AGAIN, RESET, POWER, UP], id="stuck"),
        pytest.param(Kind.STUCK, True, NO_POWER, [AGAIN, RESET, UP], id="stuck, no power switch"),
        pytest.param(Kind.STUCK, False, NEVER_CUT, [AGAIN, POWER, UP], id="stuck, not on USB"),
        pytest.param(Kind.STUCK, False, NO_POWER, [AGAIN, UP], id="stuck, neither"),
        pytest.param(Kind.STUCK, True, cut(HOUR / 2), [AGAIN, RESET, UP], id="stuck, power cut half an hour ago"),
        pytest.param(Kind.STUCK, True, cut(HOUR), [AGAIN, RESET, POWER, UP], id="stuck, power cut an hour ago"),
        pytest.param(Kind.STUCK, True, cut(-9000 * HOUR), [AGAIN, RESET, POWER, UP], id="stuck, clock set back"),
        pytest.param(Kind.STUCK, True, cut(9 * HOUR, False), [AGAIN, RESET, UP], id="stuck, power switch taken away"),
        pytest.param(Kind.GONE, True, cut(HOUR / 2), [AGAIN, UP], id="gone, power cut half an hour ago"),
        pytest.param(Kind.BAD_PHOTO, True, NEVER_CUT, [AGAIN, UP], id="bad photo"),
        pytest.param(Kind.FULL, True, NEVER_CUT, [AGAIN, UP], id="full"),
        pytest.param(Kind.MISTAKE, True, NEVER_CUT, [UP], id="a mistake"),
    ],
)
def test_a_failure_that_goes_on_climbs_its_ladder(kind: Kind, usb: bool, power: Power, steps: list[Step]) -> None:
    assert [step for step, _ in Climb([kind], usb, power, LONG).steps()] == steps


@pytest.mark.parametrize(
    ("last_cut", "step"),
    [
        pytest.param(NOW, UP, id="this instant"),
        pytest.param(NOW - HOUR + TICK, UP, id="just within the hour"),
        pytest.param(NOW - HOUR, POWER, id="an hour ago"),
        pytest.param(NOW + TICK, POWER, id="in the future: the clock was set back"),
        pytest.param(None, POWER, id="never"),
    ],
)
def test_the_power_is_cut_no_oftener_than_the_camera_bears(last_cut: datetime | None, step: Step) -> None:
    power = Power(True, last_cut, HOUR)
    assert next_step(Kind.GONE, [AGAIN], usb=True, power=power, now=NOW, last=LONG).step is step


@pytest.mark.parametrize(
    ("left", "kind", "steps"),
    [
        pytest.param(60, Kind.STUCK, [AGAIN, RESET, POWER, UP], id="a minute"),
        pytest.param(8, Kind.STUCK, [AGAIN, RESET, POWER, UP], id="exactly enough for all that is gentle"),
        pytest.param(7.9, Kind.STUCK, [AGAIN, POWER, UP], id="enough to ask again"),
        pytest.param(4, Kind.STUCK, [RESET, POWER, UP], id="too little to ask again, enough for a reset"),
        pytest.param(2.9, Kind.STUCK, [POWER, UP], id="the power, for the next slot's sake"),
        pytest.param(0, Kind.STUCK, [POWER, UP], id="nothing left"),
        pytest.param(-30, Kind.STUCK, [POWER, UP], id="the slot is over"),
        pytest.param(2, Kind.CLAIMED, [RELEASE, POWER, UP], id="enough to release the claim"),
        pytest.param(4.9, Kind.BAD_PHOTO, [UP], id="too little for another photo"),
        pytest.param(-30, Kind.MISTAKE, [UP], id="a mistake is one at any time"),
    ],
)
def test_with_little_time_left_only_what_fits_is_tried(left: float, kind: Kind, steps: list[Step]) -> None:
    last = NOW + timedelta(seconds=left)
    assert [step for step, _ in Climb([kind], True, NEVER_CUT, last).steps()] == steps


def test_a_camera_that_leaves_the_bus_while_it_is_stuck_is_not_reset() -> None:
    climb = Climb([Kind.STUCK, Kind.GONE], True, NEVER_CUT, LONG)
    assert [step for step, _ in climb.steps()] == [AGAIN, POWER, UP]


@pytest.mark.parametrize(
    ("kind", "last", "words"),
    [
        pytest.param(Kind.MISTAKE, LONG, "changes nothing", id="a mistake"),
        pytest.param(Kind.FULL, NOW - TICK, "the slot is over", id="no time"),
        pytest.param(Kind.FULL, LONG, "all that could be tried was", id="no step left"),
    ],
)
def test_giving_up_says_why(kind: Kind, last: datetime, words: str) -> None:
    decision = next_step(kind, [AGAIN], usb=True, power=NO_POWER, now=NOW, last=last)
    assert decision.step is UP
    assert decision.reason.startswith(kind)
    assert words in decision.reason


@given(
    kinds=st.lists(st.sampled_from(Kind), min_size=1, max_size=8),
    usb=st.booleans(),
    power=POWERS,
    left=st.floats(-60, 300),
    try_takes=st.timedeltas(timedelta(), timedelta(minutes=2)),
)
def test_every_climb_ends_without_a_step_twice_or_one_that_cannot_help(
    kinds: list[Kind], usb: bool, power: Power, left: float, try_takes: timedelta
) -> None:
    last = NOW + timedelta(seconds=left)
    climbed = Climb(kinds, usb, power, last, try_takes).steps()
    steps = [step for step, _ in climbed]
    assert steps.index(UP) == len(steps) - 1
    assert len(set(steps)) == len(steps)
    assert usb or RESET not in steps
    assert power.possible or POWER not in steps
    for number, (step, now) in enumerate(climbed[:-1]):
        kind = kinds[min(number, len(kinds) - 1)]
        assert step in LADDERS[kind]
        assert step is POWER or now + timedelta(seconds=PAUSES[step]) <= last
        assert kind is not Kind.GONE or step is not RESET


@given(st.sampled_from(Kind), st.permutations(list(PAUSES)), st.integers(0, 4), st.booleans(), POWERS, INSTANTS)
def test_the_power_is_cut_only_when_nothing_gentler_is_left(
    kind: Kind, tried: list[Step], count: int, usb: bool, power: Power, last: datetime
) -> None:
    done = tried[:count]
    decision = next_step(kind, done, usb=usb, power=power, now=NOW, last=last)
    if decision.step is POWER:
        assert power.last is None or not timedelta() <= NOW - power.last < power.every
        gentler = set(LADDERS[kind]) - {POWER, *done} - (set() if usb else {RESET})
        assert all(NOW + timedelta(seconds=PAUSES[step]) > last for step in gentler)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        pytest.param(-53, Kind.CLAIMED, id="GP_ERROR_IO_USB_CLAIM"),
        pytest.param(-60, Kind.CLAIMED, id="GP_ERROR_IO_LOCK"),
        pytest.param(-105, Kind.GONE, id="GP_ERROR_MODEL_NOT_FOUND"),
        pytest.param(-52, Kind.GONE, id="GP_ERROR_IO_USB_FIND"),
        pytest.param(-5, Kind.MISTAKE, id="GP_ERROR_UNKNOWN_PORT"),
        pytest.param(-10, Kind.STUCK, id="GP_ERROR_TIMEOUT"),
        pytest.param(-7, Kind.STUCK, id="GP_ERROR_IO"),
        pytest.param(-1, Kind.STUCK, id="GP_ERROR"),
        pytest.param(0, Kind.STUCK, id="no error, and no photo"),
        pytest.param(None, Kind.STUCK, id="hung or died"),
    ],
)
def test_libgphoto2s_codes_are_of_a_kind(code: int | None, kind: Kind) -> None:
    assert kind_of(code) is kind


def test_every_kind_has_its_ladder_and_every_step_its_pause() -> None:
    assert set(LADDERS) == set(Kind)
    assert set(PAUSES) == set(Step) - {UP}
    assert RESET not in LADDERS[Kind.GONE]
