"""Keeping: which originals may leave the archive's first place, and why. None that the second place does not hold.

By age or because the disk is low, the oldest day first; when the disk is low, no more than must go.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from kootenay.rules import naming

PLACE = re.compile(
    rf"(?P<camera>{naming.CAMERA_NAME})/(?P<year>[0-9]{{4}})/(?P<month>[0-9]{{2}})/(?P<day>[0-9]{{2}})/"
    r"(?P<stem>[^/.]+)\.(?!json$|part$)[a-z0-9]{1,8}"
)


@dataclass(frozen=True, slots=True)
class Original:
    """A photo's file, or its RAW, by its path in the archive; `elsewhere`: the second place lists it, of this size."""

    place: str
    bytes: int
    day: date
    here: bool
    elsewhere: bool


@dataclass(frozen=True)
class Policy:
    """How long originals stay in the first place, 0 for ever, and how many bytes of its disk are to be free."""

    keep_days: int
    floor: int


@dataclass(frozen=True)
class Decision:
    """Whether an original goes from the first place, and the reason."""

    original: Original
    goes: bool
    reason: str


def day_of(place: str) -> date | None:
    """Given a path in the archive, return its local day; None for one that `naming.original_path` never makes."""
    found = PLACE.fullmatch(place)
    if found is None or not found["stem"].startswith(f"{found['camera']}_") or not naming.is_photo_stem(found["stem"]):
        return None
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None


def first_to_stay(policy: Policy, free: int, today: date) -> date:
    """Given the disk's free bytes, return the first day of which every original stays."""
    if free < policy.floor:
        return date.max
    return today - timedelta(days=policy.keep_days) if policy.keep_days else date.min


def retention(originals: Iterable[Original], free: int, policy: Policy, today: date) -> list[Decision]:
    """Given originals of the first place, the oldest day first, return what goes, and what would if it were elsewhere.

    `free` is in bytes; `today` is the site's date.
    """
    decisions = []
    for original in originals:
        if original.day >= first_to_stay(policy, free, today):
            break
        old = policy.keep_days > 0 and original.day < today - timedelta(days=policy.keep_days)
        why = f"older than {policy.keep_days} days" if old else "the disk is low"
        there = "the second place has it" if original.elsewhere else "but the second place has not got it: it stays"
        decisions.append(Decision(original, original.elsewhere, f"{why}, {there}"))
        free += original.bytes if original.elsewhere else 0
    return decisions
