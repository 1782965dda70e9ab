"""Alerts: a trouble that lasts is told once, again now and then, and once more when it is over."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Telling(StrEnum):
    """What there is to tell of a trouble."""

    ALERT = "alert"
    REMINDER = "reminder"
    RECOVERED = "recovered"


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a camera or its host, since when, how often it was met, and when it was last told."""

    since: datetime
    count: int
    reason: str
    told_at: datetime | None = None


@dataclass(frozen=True)
class Patience:
    """How long a trouble may last before it is told, and how long until it is told again."""

    first: timedelta
    again: timedelta


def met(trouble: Trouble | None, reason: str, now: datetime) -> Trouble:
    """Given what was known of a trouble, return it as it is after it was met once more."""
    if trouble is None:
        return Trouble(now, 1, reason)
    return replace(trouble, count=trouble.count + 1, reason=reason)


def telling_of(trouble: Trouble, now: datetime, patience: Patience) -> Telling | None:
    """Given a trouble that lasts, return what to tell now, if anything.

    A clock that was far ahead and has been set back must not silence it for years, so time counts in both directions.
    """
    if trouble.told_at is None:
        return Telling.ALERT if abs(now - trouble.since) >= patience.first else None
    return Telling.REMINDER if abs(now - trouble.told_at) >= patience.again else None


def telling_at_end(trouble: Trouble) -> Telling | None:
    """Given a trouble that is over, return what to tell: nothing of one that was never told."""
    return Telling.RECOVERED if trouble.told_at else None
