"""Disk pressure: what the camera host lets go when its disk is nearly full, and in which order.

What the server has confirmed goes first, then what was no photo. An unconfirmed photo goes only when there is nothing
else, and then so that what stays is an even record: every second slot first, then every second of those left.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from kootenay.rules.slots import EPOCH


class Worth(IntEnum):
    """How dear a thing in the spool is; the cheapest goes first."""

    CONFIRMED = 0
    BAD = 1
    UPLOADED = 2
    UNSENT = 3


@dataclass(frozen=True)
class Holding:
    """Something the spool holds: its name, the slot it is of (aware UTC), its size in bytes and its worth."""

    name: str
    slot: datetime
    bytes: int
    worth: Worth


@dataclass(frozen=True)
class Drop:
    """A holding to let go, and why."""

    holding: Holding
    reason: str


REASONS = {
    Worth.CONFIRMED: "the disk is low, and the server has it",
    Worth.BAD: "the disk is low, and it is no photo",
    Worth.UPLOADED: "the disk is low, and nothing the server has confirmed is left: every second slot goes first",
    Worth.UNSENT: "the disk is low, and nothing that was sent is left: every second slot goes first",
}


def relieve(holdings: Iterable[Holding], free: int, floor: int, every: timedelta) -> list[Drop]:
    """Given what the spool holds and the disk's free bytes, return what to let go until `floor` bytes are free.

    `every` is the cameras' step, by which slots are counted.
    """
    drops: list[Drop] = []
    for holding in sorted(holdings, key=lambda each: _dearness(each, every)):
        if free >= floor:
            break
        drops.append(Drop(holding, REASONS[holding.worth]))
        free += holding.bytes
    return drops


def _dearness(holding: Holding, every: timedelta) -> tuple[int, int, datetime, str]:
    """Worth first, then how many halvings of the grid a slot outlives, then age."""
    number = (holding.slot - EPOCH) // every
    halvings = (number & -number).bit_length() if holding.worth >= Worth.UPLOADED else 0
    return holding.worth, halvings, holding.slot, holding.name
