"""Gaps: every slot without a photo stands in exactly one stretch, with a reason."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kootenay.rules.gaps import Gap, gaps
from kootenay.rules.slots import SlotState

START = datetime(2026, 6, 21, 4, 0, tzinfo=UTC)
STEP = timedelta(minutes=5)
LINES = st.lists(st.tuples(st.sampled_from(list(SlotState)), st.sampled_from(["hung", "full"])), max_size=40).map(
    lambda found: [(START + number * STEP, state, reason) for number, (state, reason) in enumerate(found)]
)


def test_stretches_of_one_reason_are_one_gap_and_a_photo_ends_it() -> None:
    states = [SlotState.SKIPPED] * 2 + [SlotState.MISSED] * 2 + [SlotState.TAKEN, SlotState.MISSED]
    reasons = ["night: -9°", "night: -8°", "hung", "hung", "daylight", "hung"]
    lines = [(START + n * STEP, state, why) for n, (state, why) in enumerate(zip(states, reasons, strict=True))]
    assert gaps(lines) == [
        Gap(START, START + STEP, 2, SlotState.SKIPPED, "night: -9°"),
        Gap(START + 2 * STEP, START + 3 * STEP, 2, SlotState.MISSED, "hung"),
        Gap(START + 5 * STEP, START + 5 * STEP, 1, SlotState.MISSED, "hung"),
    ]


@given(LINES)
def test_every_slot_without_a_photo_is_in_one_gap(lines: list[tuple[datetime, SlotState, str]]) -> None:
    found = gaps(lines)
    assert sum(gap.count for gap in found) == sum(not state.has_photo for _, state, _ in lines)
    assert all((gap.last - gap.first) == (gap.count - 1) * STEP for gap in found)
