"""Gaps: the slots of a span that have no photo, told as stretches with their reason rather than one by one."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol

from kootenay.rules.slots import SlotState


class SlotLine(Protocol):
    """What a line of the ledger tells of a slot."""

    @property
    def slot(self) -> datetime: ...
    @property
    def state(self) -> SlotState: ...
    @property
    def reason(self) -> str: ...
    @property
    def by(self) -> str: ...


@dataclass(frozen=True)
class Gap:
    """A stretch of `count` slots, the first and the last included (aware UTC), that have no photo for one reason."""

    first: datetime
    last: datetime
    count: int
    state: SlotState
    reason: str


@dataclass(frozen=True)
class CameraDay:
    """A camera's local day: its first and last slot with a line, how many came to each state, who took, the gaps."""

    day: date
    first: datetime | None
    last: datetime | None
    counts: dict[SlotState, int]
    by: dict[str, int]
    gaps: tuple[Gap, ...]

    @property
    def photos(self) -> int:
        return sum(count for state, count in self.counts.items() if state.has_photo)

    @property
    def expected(self) -> int:
        """Slots with light."""
        return sum(count for state, count in self.counts.items() if state is not SlotState.SKIPPED)


def day_of(day: date, lines: Sequence[SlotLine]) -> CameraDay:
    """Given a local day and its slots' lines in order, return what became of them."""
    return CameraDay(
        day=day,
        first=lines[0].slot if lines else None,
        last=lines[-1].slot if lines else None,
        counts=dict(sorted(Counter(line.state for line in lines).items())),
        by=dict(sorted(Counter(line.by or "a run" for line in lines if line.state.was_taken).items())),
        gaps=tuple(gaps((line.slot, line.state, line.reason) for line in lines)),
    )


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
