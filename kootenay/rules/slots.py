"""Slots: the instants at which a photo is due, on a UTC grid that no process start and no clock change can move.

One slot, at most one photo: the slot is a photo's identity on the camera host.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import TypeVar

from kootenay.rules.daylight import Light, Site, light_at

Item = TypeVar("Item")


class SlotState(StrEnum):
    """What became of a slot, in the order of events; a slot never goes back.

    A dropped one was taken and given up unconfirmed, for want of disk.
    """

    MISSED = "missed"
    SKIPPED = "skipped"
    TAKEN = "taken"
    UPLOADED = "uploaded"
    DROPPED = "dropped"
    CONFIRMED = "confirmed"

    @property
    def was_taken(self) -> bool:
        return not self.precedes(SlotState.TAKEN)

    @property
    def has_photo(self) -> bool:
        return self.was_taken and self is not SlotState.DROPPED

    def precedes(self, other: "SlotState") -> bool:
        """Given another state, return whether it comes later in a slot's life."""
        order = list(SlotState)
        return order.index(self) < order.index(other)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SlotPlan:
    """A slot and the light that decides it."""

    slot: datetime
    light: Light


def slot_of(at: datetime, every: timedelta) -> datetime:
    """Given an aware instant and the grid's step, return the latest slot not after it, in UTC."""
    return EPOCH + (at - EPOCH) // every * every


def slots_between(start: datetime, end: datetime, every: timedelta) -> list[datetime]:
    """Given two aware instants, return the slots in [start, end), in order, in UTC."""
    first = slot_of(start, every)
    if first < start:
        first += every
    count = max(0, -((first - end) // every))
    return [first + index * every for index in range(count)]


def plan_slots(
    site: Site,
    slots: Iterable[datetime],
    *,
    threshold: float,
    boost: timedelta,
    after_rise: float = 0,
    before_set: float = 0,
) -> list[SlotPlan]:
    """Given a site and slots, return each with its light; the other arguments are those of `light_at`."""
    light = partial(light_at, site, threshold=threshold, boost=boost, after_rise=after_rise, before_set=before_set)
    return [SlotPlan(slot, light(slot)) for slot in slots]


def last_lit(plans: Iterable[SlotPlan]) -> datetime | None:
    """Given slots in order, return the last one with light, None when there is none."""
    return next((plan.slot for plan in reversed(list(plans)) if plan.light.shoot), None)


def unaccounted(
    since: datetime, until: datetime, every: timedelta, known: Collection[datetime], most: int
) -> list[datetime]:
    """Given a span and the slots that have a line, return the slots in [since, until) that have none, in order.

    A clock that was set far ahead makes a span of years; only the last `most` slots of it are looked at.
    """
    earliest = max(since, until - most * every)
    return [slot for slot in slots_between(earliest, until, every) if slot not in known]


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """Given a sequence, return `count` of its items spread evenly, the first and the last among them."""
    if count >= len(items):
        return list(items)
    if count == 1:
        return [items[len(items) // 2]]
    return [items[round(index * (len(items) - 1) / (count - 1))] for index in range(count)]


def is_late(slot: datetime, now: datetime, grace: timedelta) -> bool:
    """Given a slot and the time, return whether a photo taken now would be a photo of another moment."""
    return now - slot > grace


def is_trusted(now: datetime, synchronised: bool, built: datetime) -> bool:
    """Given the host's time, whether its clock is synchronised, and when this software was made, return whether the
    time can be believed. A host without a battery wakes up in the past (1970, or its last shutdown)."""
    return synchronised and now >= built
