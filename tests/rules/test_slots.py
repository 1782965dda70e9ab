"""Slots: one grid in UTC, whatever the clocks on the wall do."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kootenay.rules.daylight import OFFICIAL, Site, light_at, local_day
from kootenay.rules.slots import (
    EPOCH,
    SlotState,
    is_late,
    is_trusted,
    plan_slots,
    slot_of,
    slots_between,
    spread,
    unaccounted,
)

FIVE = timedelta(minutes=5)
PARIS = Site(48.8566, 2.3522, "Europe/Paris")

AWARE = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.timezones())  # noqa: DTZ001
STEPS = st.integers(1, 60).map(lambda minutes: timedelta(minutes=minutes))
STATES = list(SlotState)


@given(AWARE, STEPS)
def test_the_slot_of_an_instant_is_the_latest_on_the_grid_not_after_it(at: datetime, every: timedelta) -> None:
    slot = slot_of(at, every)
    assert slot.tzinfo is UTC
    assert slot <= at < slot + every
    assert (slot - EPOCH) % every == timedelta()


@given(AWARE, STEPS)
def test_a_slot_is_its_own_slot(at: datetime, every: timedelta) -> None:
    slot = slot_of(at, every)
    assert slot_of(slot, every) == slot
    assert slot_of(slot + every - timedelta.resolution, every) == slot
    assert slot_of(slot - timedelta.resolution, every) == slot - every


def test_the_grid_of_five_minutes_is_on_the_fives_of_the_clock() -> None:
    assert slot_of(datetime(2026, 6, 21, 11, 52, 17, 5, tzinfo=UTC), FIVE) == datetime(2026, 6, 21, 11, 50, tzinfo=UTC)


@given(AWARE, st.timedeltas(-timedelta(hours=3), timedelta(days=2)), STEPS)
def test_slots_between_are_the_grid_from_the_start_to_before_the_end(
    start: datetime, span: timedelta, every: timedelta
) -> None:
    end = start.astimezone(UTC) + span
    slots = slots_between(start, end, every)
    assert all(start <= slot < end for slot in slots)
    assert all(slot.tzinfo is UTC and slot_of(slot, every) == slot for slot in slots)
    assert all(after - before == every for before, after in pairwise(slots))
    if slots:
        assert slots[0] - every < start
        assert slots[-1] + every >= end
    else:
        assert slot_of(end - timedelta.resolution, every) < start


@given(AWARE, st.lists(st.timedeltas(timedelta(), timedelta(hours=9)), min_size=2, max_size=2), STEPS)
def test_slots_between_partition_time(start: datetime, spans: list[timedelta], every: timedelta) -> None:
    first = start.astimezone(UTC)
    middle = first + spans[0]
    last = middle + spans[1]
    parts = slots_between(first, middle, every) + slots_between(middle, last, every)
    assert parts == slots_between(first, last, every)


@pytest.mark.parametrize(
    ("zone", "day", "count"),
    [
        pytest.param("Europe/Paris", date(2025, 3, 30), 276, id="paris-spring"),
        pytest.param("Europe/Paris", date(2025, 7, 14), 288, id="paris-summer"),
        pytest.param("Europe/Paris", date(2025, 10, 26), 300, id="paris-autumn"),
        pytest.param("America/Vancouver", date(2025, 3, 9), 276, id="vancouver-spring"),
        pytest.param("America/Vancouver", date(2025, 11, 2), 300, id="vancouver-autumn"),
        pytest.param("America/Santiago", date(2024, 9, 8), 276, id="no-midnight"),
        pytest.param("America/Havana", date(2024, 11, 3), 300, id="midnight-twice"),
        pytest.param("Australia/Lord_Howe", date(2024, 10, 6), 282, id="half-an-hour-less"),
        pytest.param("Australia/Lord_Howe", date(2025, 4, 6), 294, id="half-an-hour-more"),
        pytest.param("Asia/Kathmandu", date(2025, 1, 1), 288, id="offset-of-45-minutes"),
    ],
)
def test_a_day_of_the_wall_clock_has_every_slot_once(zone: str, day: date, count: int) -> None:
    site = Site(0, 0, zone)
    slots = slots_between(*local_day(site, day), FIVE)
    assert len(slots) == len(set(slots)) == count
    assert {site.local(slot).date() for slot in slots} == {day}
    before, after = (local_day(site, day + timedelta(days=days)) for days in (-1, 1))
    assert slots_between(*before, FIVE)[-1] + FIVE == slots[0]
    assert slots_between(*after, FIVE)[0] - FIVE == slots[-1]


@pytest.mark.parametrize("threshold", [OFFICIAL, -6.0], ids=str)
def test_a_plan_gives_each_slot_its_light_in_order(threshold: float) -> None:
    slots = slots_between(*local_day(PARIS, date(2026, 2, 1)), timedelta(minutes=20))
    boost = timedelta(minutes=40)
    plan = plan_slots(PARIS, slots, threshold=threshold, boost=boost)
    assert [each.slot for each in plan] == slots
    assert [each.light for each in plan] == [light_at(PARIS, each, threshold=threshold, boost=boost) for each in slots]
    assert sum(each.light.boost for each in plan) == 4


@given(st.lists(st.integers(), unique=True), st.integers(2, 30))
def test_spread_keeps_order_count_first_and_last(items: list[int], count: int) -> None:
    chosen = spread(items, count)
    assert len(chosen) == min(count, len(items))
    assert chosen == [item for item in items if item in set(chosen)]
    if items:
        assert (chosen[0], chosen[-1]) == (items[0], items[-1])


@given(st.integers(2, 500), st.integers(2, 500))
def test_spread_is_even_within_one_item(length: int, count: int) -> None:
    assume(count <= length)
    gaps = [after - before for before, after in pairwise(spread(range(length), count))]
    assert max(gaps) - min(gaps) <= 1


@pytest.mark.parametrize(
    ("items", "count", "chosen"),
    [
        pytest.param([], 3, [], id="nothing"),
        pytest.param([1, 2, 3], 0, [], id="none-of-them"),
        pytest.param([1, 2, 3, 4, 5], 1, [3], id="one-is-the-middle"),
        pytest.param([1, 2, 3, 4, 5], 2, [1, 5], id="two-are-the-ends"),
        pytest.param([1, 2, 3, 4, 5], 3, [1, 3, 5], id="three"),
        pytest.param([1, 2, 3], 9, [1, 2, 3], id="all-there-are"),
    ],
)
def test_spread_chooses(items: list[int], count: int, chosen: list[int]) -> None:
    assert spread(items, count) == chosen


@pytest.mark.parametrize(
    ("seconds", "late"),
    [
        pytest.param(-1, False, id="early"),
        pytest.param(0, False, id="on-time"),
        pytest.param(60, False, id="at-the-grace"),
        pytest.param(60.000001, True, id="just-over"),
        pytest.param(86400, True, id="a-day-later"),
    ],
)
def test_a_run_is_late_only_over_its_grace(seconds: float, late: bool) -> None:
    slot = datetime(2026, 6, 21, 12, tzinfo=UTC)
    assert is_late(slot, slot + timedelta(seconds=seconds), timedelta(minutes=1)) is late


def test_a_slots_life_has_one_direction() -> None:
    assert STATES == ["missed", "skipped", "taken", "uploaded", "dropped", "confirmed"]
    for index, state in enumerate(STATES):
        assert [state.precedes(other) for other in STATES] == [other > index for other in range(len(STATES))]


def test_a_slot_was_taken_from_taken_on() -> None:
    assert [state for state in STATES if state.was_taken] == ["taken", "uploaded", "dropped", "confirmed"]


def test_a_dropped_slot_was_taken_and_has_no_photo() -> None:
    assert [state for state in STATES if state.has_photo] == ["taken", "uploaded", "confirmed"]


@given(AWARE, st.timedeltas(-timedelta(hours=1), timedelta(days=1)), STEPS, st.integers(1, 50), st.data())
def test_every_slot_of_the_last_so_many_is_known_or_unaccounted_and_never_both(
    since: datetime, span: timedelta, every: timedelta, most: int, data: st.DataObject
) -> None:
    until = since.astimezone(UTC) + span
    slots = slots_between(since, until, every)
    known = data.draw(st.sets(st.sampled_from(slots) if slots else st.nothing()))
    gaps = unaccounted(since, until, every, known, most)
    assert gaps == [slot for slot in slots[-most:] if slot not in known]


@given(AWARE, st.integers(1, 50))
def test_a_clock_set_years_ahead_accounts_for_no_more_slots_than_the_most(since: datetime, most: int) -> None:
    until = since.astimezone(UTC) + timedelta(days=40 * 365)
    gaps = unaccounted(since, until, FIVE, (), most)
    assert len(gaps) == most
    assert gaps[-1] + FIVE >= until


@pytest.mark.parametrize("back", [timedelta(), FIVE, timedelta(days=9000)], ids=["still", "a slot back", "years back"])
def test_a_clock_set_back_leaves_nothing_to_account_for(back: timedelta) -> None:
    since = datetime(2026, 6, 21, 12, tzinfo=UTC)
    assert unaccounted(since, since - back, FIVE, (), 100) == []


@pytest.mark.parametrize(
    ("after", "synchronised", "trusted"),
    [
        pytest.param(timedelta(days=30), True, True, id="kept right"),
        pytest.param(timedelta(), True, True, id="the day it was made"),
        pytest.param(timedelta(days=30), False, False, id="kept by nobody"),
        pytest.param(-timedelta.resolution, True, False, id="older than the software"),
        pytest.param(-timedelta(days=20000), False, False, id="1970"),
    ],
)
def test_a_time_is_believed_when_the_clock_is_kept_and_not_before_the_software(
    after: timedelta, synchronised: bool, trusted: bool
) -> None:
    built = datetime(2026, 11, 25, tzinfo=UTC)
    assert is_trusted(built + after, synchronised, built) is trusted
