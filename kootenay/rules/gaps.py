"""Gaps: the slots of a span that have no photo, told as stretches with their reason rather than one by one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from kootenay.rules.slots import SlotState


@dataclass(frozen=True)
class Gap:
    """A stretch of `count` slots, the first and the last included (aware UTC), that have no photo for one reason."""

    first: datetime
    last: datetime
    count: int
    state: SlotState
    reason: str


def gaps(lines: Iterable[tuple[datetime, SlotState, str]]) -> list[Gap]:
    """Given slots in order, each with its state and reason, return the stretches that have no photo, in order.

    Dark slots are one stretch however the sun's height in their reasons differs; the first one's words stand for all.
    """
    found: list[Gap] = []
    open_gap = False
    for slot, state, reason in lines:
        if state.has_photo:
            open_gap = False
            continue
        before = found[-1] if open_gap else None
        if before and before.state is state and (state is SlotState.SKIPPED or before.reason == reason):
            found[-1] = replace(before, last=slot, count=before.count + 1)
        else:
            found.append(Gap(slot, slot, 1, state, reason))
        open_gap = True
    return found
