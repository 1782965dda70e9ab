"""The ladder: what to try, and in which order, when a camera gives no photo. Each kind of failure has its own.

Asking again costs nothing, so it comes first; cutting the power is last, and never more often than the camera bears.
Steps that cannot help are left out: a camera that has left the USB bus is not helped by a USB reset (libgphoto2 #61).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Step(StrEnum):
    """A rung. After each of them but GIVE_UP the camera is asked again, by a new process that opens the port anew."""

    ASK_AGAIN = "ask again"
    RELEASE_CLAIM = "release the desktop's claim"
    RESET_USB = "reset the USB device"
    CYCLE_POWER = "cycle the camera's power"
    GIVE_UP = "give up until the next slot"


class Kind(StrEnum):
    """What went wrong, as far as it decides what may help."""

    CLAIMED = "claimed by another program"
    GONE = "not on the bus"
    STUCK = "stuck"
    BAD_PHOTO = "no good photo"
    FULL = "full"
    MISTAKE = "a mistake in the settings"


PAUSES = {Step.ASK_AGAIN: 5.0, Step.RELEASE_CLAIM: 1.0, Step.RESET_USB: 3.0, Step.CYCLE_POWER: 10.0}
"""Seconds between a step and the next try: a camera needs as long to be ready again."""

LADDERS: dict[Kind, tuple[Step, ...]] = {
    Kind.CLAIMED: (Step.RELEASE_CLAIM, Step.ASK_AGAIN, Step.RESET_USB, Step.CYCLE_POWER),
    Kind.GONE: (Step.ASK_AGAIN, Step.CYCLE_POWER),
    Kind.STUCK: (Step.ASK_AGAIN, Step.RESET_USB, Step.CYCLE_POWER),
    Kind.BAD_PHOTO: (Step.ASK_AGAIN,),
    Kind.FULL: (Step.ASK_AGAIN,),
    Kind.MISTAKE: (),
}

KINDS = {-53: Kind.CLAIMED, -60: Kind.CLAIMED, -105: Kind.GONE, -52: Kind.GONE, -5: Kind.MISTAKE}
"""libgphoto2's codes (gphoto2-result.h, gphoto2-port-result.h); all others are STUCK."""


@dataclass(frozen=True)
class Power:
    """Whether the camera's power can be cut, when that was last done, and how long to leave it alone after that."""

    possible: bool
    last: datetime | None
    every: timedelta


@dataclass(frozen=True)
class Decision:
    """The next step and why."""

    step: Step
    reason: str


def kind_of(code: int | None) -> Kind:
    """Given libgphoto2's code, or None for a process that hung or died, return what kind of failure it is."""
    return KINDS.get(code or 0, Kind.STUCK)


def next_step(kind: Kind, tried: Sequence[Step], *, usb: bool, power: Power, now: datetime, last: datetime) -> Decision:
    """Given a failure, the steps tried in this slot and the last instant at which a photo may begin, return the next.

    `usb` is whether the camera is a USB device. A step that leaves no time for the photo is left to the next slot,
    except for the power: the next slot is worth more than what is left of this one.
    """
    for step in LADDERS[kind]:
        if step in tried:
            continue
        if step is Step.RESET_USB and not usb:
            continue
        if step is Step.CYCLE_POWER:
            if power.possible and (power.last is None or now < power.last or now - power.last >= power.every):
                return Decision(step, f"{kind}, and nothing gentler helped")
            continue
        if now + timedelta(seconds=PAUSES[step]) > last:
            continue
        return Decision(step, f"{kind}")
    if kind is Kind.MISTAKE:
        return Decision(Step.GIVE_UP, f"{kind}: trying again changes nothing")
    if now > last:
        return Decision(Step.GIVE_UP, f"{kind}, and the slot is over")
    return Decision(Step.GIVE_UP, f"{kind}, and all that could be tried was")
