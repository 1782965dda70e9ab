"""Slots: the instants at which a photo is due, on a UTC grid that no process start and no clock change can move.

One slot, at most one photo: the slot is a photo's identity on the camera host.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from kootenay.rules.daylight import Light, Site, light_at

Item = TypeVar("Item")


class SlotState(StrEnum):
    """What became of a slot, in the order of events; a slot never goes back."""

    MISSED = "missed"
    SKIPPED = "skipped"
    TAKEN = "taken"
    UPLOADED = "uploaded"
    CONFIRMED = "confirmed"

    @property
    def has_photo(self) -> bool:
        return not self.precedes(SlotState.TAKEN)

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


def plan_slots(site: Site, slots: Iterable[datetime], *, threshold: float, boost: timedelta) -> list[SlotPlan]:
    """Given a site and slots, return each with its light."""
    return [SlotPlan(slot, light_at(site, slot, threshold=threshold, boost=boost)) for slot in slots]


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
