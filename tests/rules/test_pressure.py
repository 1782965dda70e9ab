"""Disk pressure: no more goes than must, the confirmed first, and an even record is what stays."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kootenay.rules.pressure import REASONS, Holding, Worth, relieve
from kootenay.rules.slots import slot_of

FIVE = timedelta(minutes=5)
START = datetime(2026, 6, 21, 11, 0, tzinfo=UTC)
UNCONFIRMED = (Worth.UPLOADED, Worth.UNSENT)


def holding(number: int, worth: Worth, size: int = 1, every: timedelta = FIVE) -> Holding:
    return Holding(f"{worth.name.lower()}/{number}", slot_of(START, every) + number * every, size, worth)


def names(holdings: list[Holding], free: int, floor: int, every: timedelta = FIVE) -> list[str]:
    return [drop.holding.name for drop in relieve(holdings, free, floor, every)]


HOLDINGS = st.lists(
    st.builds(holding, st.integers(0, 400), st.sampled_from(Worth), st.integers(1, 20)),
    max_size=40,
    unique_by=lambda each: each.name,
)
SIZES = st.integers(0, 500)


@given(HOLDINGS, SIZES, st.integers(0, 500))
def test_nothing_goes_while_there_is_room(holdings: list[Holding], floor: int, more: int) -> None:
    assert relieve(holdings, floor + more, floor, FIVE) == []


@given(HOLDINGS, SIZES, SIZES)
def test_it_stops_as_soon_as_there_is_enough_and_not_before(holdings: list[Holding], free: int, floor: int) -> None:
    drops = relieve(holdings, free, floor, FIVE)
    freed = [drop.holding.bytes for drop in drops]
    assert free + sum(freed[:-1]) < floor or not drops
    assert free + sum(freed) >= floor or len(drops) == len(holdings)


@given(HOLDINGS, SIZES, SIZES)
def test_nothing_dearer_goes_while_anything_cheaper_is_left(holdings: list[Holding], free: int, floor: int) -> None:
    gone = [drop.holding for drop in relieve(holdings, free, floor, FIVE)]
    assert [each.worth for each in gone] == sorted(each.worth for each in gone)
    left = [each for each in holdings if each not in gone]
    if any(each.worth in UNCONFIRMED for each in gone):
        assert all(each.worth in UNCONFIRMED for each in left)
    if any(each.worth is Worth.UNSENT for each in gone):
        assert all(each.worth is Worth.UNSENT for each in left)


@given(HOLDINGS, SIZES, SIZES, st.randoms(use_true_random=False))
def test_what_goes_does_not_depend_on_the_order_of_looking(
    holdings: list[Holding], free: int, floor: int, random: Random
) -> None:
    shuffled = random.sample(holdings, len(holdings))
    assert relieve(shuffled, free, floor, FIVE) == relieve(holdings, free, floor, FIVE)


@pytest.mark.parametrize("worth", Worth, ids=lambda worth: worth.name.lower())
def test_each_is_told_why_it_goes(worth: Worth) -> None:
    (drop,) = relieve([holding(0, worth)], 0, 1, FIVE)
    assert drop.reason == REASONS[worth]


@pytest.mark.parametrize("worth", [Worth.CONFIRMED, Worth.BAD], ids=["confirmed", "bad"])
def test_of_what_nobody_needs_the_oldest_goes_first(worth: Worth) -> None:
    holdings = [holding(number, worth) for number in (3, 0, 2, 1)]
    assert names(holdings, 0, 3) == [f"{worth.name.lower()}/{number}" for number in (0, 1, 2)]


@pytest.mark.parametrize("worth", UNCONFIRMED, ids=["uploaded", "unsent"])
@pytest.mark.parametrize("every", [timedelta(minutes=1), FIVE, timedelta(minutes=20)], ids=["1 min", "5 min", "20 min"])
@pytest.mark.parametrize(
    ("halvings", "gap"),
    [pytest.param(1, 2, id="half"), pytest.param(2, 4, id="three quarters"), pytest.param(3, 8, id="seven eighths")],
)
def test_what_stays_of_the_unconfirmed_is_an_even_record(
    worth: Worth, every: timedelta, halvings: int, gap: int
) -> None:
    holdings = [holding(number, worth, every=every) for number in range(64)]
    gone = {drop.holding for drop in relieve(holdings, 0, 64 - 64 // gap, every)}
    left = [each.slot for each in holdings if each not in gone]
    assert len(left) == 64 >> halvings
    assert {after - before for before, after in pairwise(left)} == {gap * every}


def test_of_a_halving_the_oldest_goes_first() -> None:
    holdings = [holding(number, Worth.UNSENT) for number in range(8)]
    first_odd = next(each.slot for each in holdings if (each.slot.minute // 5) % 2)
    gone = relieve(holdings, 0, 4, FIVE)
    assert [drop.holding.slot for drop in gone] == [first_odd + 2 * number * FIVE for number in range(4)]


def test_pressure_that_comes_again_goes_on_with_the_same_halving() -> None:
    holdings = [holding(number, Worth.UNSENT) for number in range(32)]
    at_once = names(holdings, 0, 24)
    gone: list[str] = []
    for _ in range(24):
        left = [each for each in holdings if each.name not in gone]
        gone += names(left, 0, 1)
    assert gone == at_once
