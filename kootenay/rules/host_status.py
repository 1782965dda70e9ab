"""A camera's status: how it and its host stand, as a JSON file that travels to the server after the photos.

Whoever cannot reach the camera host reads there why photos are missing. It is small: on a bad day, when every other
slot has a reason of its own, the reasons that come after the first of a day are counted and not told.
"""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from kootenay.errors import StatusError
from kootenay.rules import naming
from kootenay.rules.gaps import CameraDay, Gap
from kootenay.rules.slots import SlotState

LARGEST = 1024**2
"""Bytes of a document that is looked into; a host's own has a third of that in its worst week."""

Part = TypeVar("Part")

DAYS = 7
"""Local days that a status tells of, today included."""

MOST_GAPS = 40
LONGEST_REASON = 200


@dataclass(frozen=True)
class Backlog:
    """A camera's photos on its host: those still to be sent, their bytes and oldest slot; those without a receipt."""

    waiting: int
    bytes: int
    oldest: datetime | None
    awaiting: int


@dataclass(frozen=True)
class StandingTrouble:
    """What is wrong with a camera or its host: since when, how often it was met, and the newest reason."""

    name: str
    since: datetime
    count: int
    reason: str


@dataclass(frozen=True)
class HostStatus:
    """How a camera stood at `said_at` by its host's clock; the days are in order, the last one is that day.

    `disk_free` is the spool's disk in bytes; `facts` are the camera's own words of itself, of the slot `facts_at`.
    """

    camera: str
    said_at: datetime
    days: tuple[CameraDay, ...]
    backlog: Backlog
    disk_free: int
    facts: dict[str, str] = field(default_factory=dict)
    facts_at: datetime | None = None
    troubles: tuple[StandingTrouble, ...] = ()

    def to_json(self) -> str:
        """Return the status as one JSON document."""
        return json.dumps(asdict(self), default=_text, separators=(",", ":")) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, where: str) -> "HostStatus":
        """Given a document and where it lies, return the status; what a newer host adds is passed over.

        Raises StatusError for anything else.
        """
        try:
            told: dict[str, Any] = json.loads(text)
            if re.fullmatch(naming.CAMERA_NAME, told["camera"]) is None:
                msg = f"{told['camera']!r} is no camera's name"
                raise ValueError(msg)
            return cls(
                camera=told["camera"],
                said_at=_instant(told["said_at"]),
                days=_each(_day, told["days"]),
                backlog=_backlog(told["backlog"]),
                disk_free=_count(told["disk_free"]),
                facts={str(name): str(value) for name, value in told["facts"].items()},
                facts_at=_perhaps(told["facts_at"]),
                troubles=_each(_trouble, told["troubles"]),
            )
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
            words = " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_REASON]
            msg = f"{where} is not a camera's status ({words}); the one before it stands"
            raise StatusError(msg) from error


def brief(day: CameraDay) -> CameraDay:
    """Given a day, return it so that it travels: reasons cut, and gaps after the first `MOST_GAPS` told as one."""
    dark = [gap for gap in day.gaps if gap.state is SlotState.SKIPPED]
    others = [gap for gap in day.gaps if gap.state is not SlotState.SKIPPED]
    told, rest = others[:MOST_GAPS], others[MOST_GAPS:]
    if rest:
        words = f"{len(rest)} gaps in this time; the ledger on the camera host has the reason of each"
        told.append(Gap(rest[0].first, rest[-1].last, sum(gap.count for gap in rest), rest[0].state, words))
    found = (replace(gap, reason=cut(gap.reason)) for gap in (*dark, *told))
    return replace(day, gaps=tuple(sorted(found, key=lambda gap: gap.first)))


def cut(reason: str) -> str:
    """Return a reason on one line, and not too long for the way."""
    words = " ".join(reason.split())
    return words if len(words) <= LONGEST_REASON else f"{words[: LONGEST_REASON - 1]}…"


def _text(value: date) -> str:
    return value.isoformat()


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or not 1970 <= at.year < 9999:
        msg = f"{text} is no instant with its time zone"
        raise ValueError(msg)
    return at.astimezone(UTC)


def _perhaps(text: str | None) -> datetime | None:
    return None if text is None else _instant(text)


def _count(number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**63:
        msg = f"{number!r} is no count"
        raise ValueError(msg)
    return number


def _words(text: object) -> str:
    if not isinstance(text, str):
        msg = f"{text!r} are no words"
        raise TypeError(msg)
    return text


def _each(read: Callable[[dict[str, Any]], Part], told: object) -> tuple[Part, ...]:
    if not isinstance(told, list):
        msg = f"{told!r} is no list"
        raise TypeError(msg)
    return tuple(read(each) for each in told)


def _day(told: dict[str, Any]) -> CameraDay:
    return CameraDay(
        day=date.fromisoformat(told["day"]),
        first=_perhaps(told["first"]),
        last=_perhaps(told["last"]),
        counts={SlotState(state): _count(count) for state, count in told["counts"].items()},
        by={str(who): _count(count) for who, count in told["by"].items()},
        gaps=_each(_gap, told["gaps"]),
    )


def _gap(told: dict[str, Any]) -> Gap:
    first, last = _instant(told["first"]), _instant(told["last"])
    return Gap(first, last, _count(told["count"]), SlotState(told["state"]), _words(told["reason"]))


def _backlog(told: dict[str, Any]) -> Backlog:
    return Backlog(_count(told["waiting"]), _count(told["bytes"]), _perhaps(told["oldest"]), _count(told["awaiting"]))


def _trouble(told: dict[str, Any]) -> StandingTrouble:
    since, count = _instant(told["since"]), _count(told["count"])
    return StandingTrouble(_words(told["name"]), since, count, _words(told["reason"]))
