"""Alerts: a trouble that lasts is told once, again now and then, and once more when it is over."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kootenay.rules.alerts import Patience, Telling, Trouble, met, telling_at_end, telling_of

NOW = datetime(2026, 6, 21, 20, 0, tzinfo=UTC)
TICK = timedelta.resolution
MINUTE = timedelta(minutes=1)
PATIENCE = Patience(first=15 * MINUTE, again=60 * MINUTE)
ALERT, REMINDER, RECOVERED = Telling

SPANS = st.timedeltas(timedelta(), timedelta(days=2))
PATIENCES = st.builds(Patience, SPANS, st.timedeltas(TICK, timedelta(days=1)))
TIMES = st.lists(SPANS, max_size=40).map(lambda spans: [NOW + span for span in sorted(spans)])


def lived(times: Sequence[datetime], patience: Patience) -> tuple[Trouble | None, list[tuple[datetime, Telling]]]:
    """Meet one trouble at those times; return it as it stands then, and what was told when."""
    trouble: Trouble | None = None
    told: list[tuple[datetime, Telling]] = []
    for now in times:
        trouble = met(trouble, f"at {now:%H:%M}", now)
        if telling := telling_of(trouble, now, patience):
            told.append((now, telling))
            trouble = replace(trouble, told_at=now)
    return trouble, told


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        pytest.param([], [], id="never met"),
        pytest.param([0], [], id="once"),
        pytest.param([0, 5, 10, 14.99], [], id="shorter than the first patience"),
        pytest.param([0, 15], [(15, ALERT)], id="as long as the first patience"),
        pytest.param([0, 90], [(90, ALERT)], id="met again only much later"),
        pytest.param([0, 20, 25, 79.99], [(20, ALERT)], id="told once"),
        pytest.param([0, 20, 80], [(20, ALERT), (80, REMINDER)], id="reminded an hour after the alert"),
        pytest.param(
            [0, 20, 80, 139, 140, 141], [(20, ALERT), (80, REMINDER), (140, REMINDER)], id="reminded every hour"
        ),
        pytest.param([0, 20, 19, 18], [(20, ALERT)], id="clock set back a little"),
        pytest.param([0, -10, -14.99], [], id="clock set back a little before the alert"),
        pytest.param([0, -9000], [(-9000, ALERT)], id="clock set back by days before the alert"),
        pytest.param([0, 20, -9000, -8995], [(20, ALERT), (-9000, REMINDER)], id="clock set back by days"),
    ],
)
def test_a_trouble_is_told_once_and_again_now_and_then(minutes: list[float], told: list[tuple[float, Telling]]) -> None:
    _, found = lived([NOW + at * MINUTE for at in minutes], PATIENCE)
    assert found == [(NOW + at * MINUTE, telling) for at, telling in told]


def test_without_patience_it_is_told_the_first_time() -> None:
    _, told = lived([NOW, NOW, NOW + MINUTE], Patience(timedelta(), 60 * MINUTE))
    assert told == [(NOW, ALERT)]


@given(TIMES, PATIENCES)
def test_however_often_it_is_met_it_is_told_no_oftener_than_patience_allows(
    times: list[datetime], patience: Patience
) -> None:
    trouble, told = lived(times, patience)
    assert [telling for _, telling in told] == [ALERT, REMINDER, *[REMINDER] * len(told)][: len(told)]
    assert all(after - before >= patience.again for (before, _), (after, _) in pairwise(told))
    if told:
        assert told[0][0] - times[0] >= patience.first
        assert len(told) <= 1 + (times[-1] - times[0] - patience.first) // patience.again
        assert times[-1] - told[-1][0] < patience.again
    elif trouble:
        assert times[-1] - times[0] < patience.first


@given(TIMES.filter(bool), PATIENCES)
def test_a_trouble_knows_its_beginning_its_count_and_its_latest_reason(
    times: list[datetime], patience: Patience
) -> None:
    trouble, told = lived(times, patience)
    last_told = told[-1][0] if told else None
    assert trouble == Trouble(times[0], len(times), f"at {times[-1]:%H:%M}", last_told)


@given(TIMES.filter(bool), PATIENCES)
def test_its_end_is_told_only_if_it_was(times: list[datetime], patience: Patience) -> None:
    trouble, told = lived(times, patience)
    assert trouble is not None
    assert telling_at_end(trouble) == (RECOVERED if told else None)
