"""A film's period: its name, its local days, and the films that have a share in a day. Weeks are ISO 8601's.

A period's film is its days' films one after another, a chapter a day. Days are the site's own, whatever their hours.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from kootenay.rules.film_plan import FilmPlan, Profile, digest

DAY = timedelta(days=1)
LAST = re.compile(r"last-([1-9][0-9]{0,3})")


@dataclass(frozen=True)
class Period:
    """A stretch of local days, the first and the last included: kind `day`, `week`, `month`, `year` or `last`.

    Its name is `2026-06-21`, `2026-W26`, `2026-06`, `2026` or `last-7`.
    """

    kind: str
    name: str
    first: date
    last: date

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.first + index * DAY for index in range((self.last - self.first).days + 1))


@dataclass(frozen=True)
class Part:
    """A day's film as a longer one takes it: the manifest and profile it was made from, and its frames."""

    day: date
    manifest: str
    profile_id: str
    frames: int


@dataclass(frozen=True)
class Chapter:
    """A day in a longer film: its title and its first and last moment, in seconds of the film."""

    title: str
    start: float
    end: float


@dataclass(frozen=True)
class PeriodPlan:
    """A film of several days to be: `parts` in the days' order, to be shown at `fps` frames a second."""

    camera: str
    period: Period
    profile: Profile
    parts: tuple[Part, ...]
    fps: int

    @property
    def manifest(self) -> str:
        """SHA-256 over all that decides the film; a day that changes changes it."""
        days = [(part.day.isoformat(), part.manifest, part.frames) for part in self.parts]
        return digest([self.camera, self.period.kind, self.period.name, self.profile.id, self.fps, days])

    @property
    def frames(self) -> int:
        return sum(part.frames for part in self.parts)

    @property
    def foreign(self) -> tuple[Part, ...]:
        """The days whose film cannot be joined as it is, made under another profile: to be encoded anew."""
        return tuple(part for part in self.parts if part.profile_id != self.profile.id)

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        chapters, start = [], 0
        for part in self.parts:
            end = start + part.frames
            chapters.append(Chapter(part.day.isoformat(), start / self.fps, end / self.fps))
            start = end
        return tuple(chapters)

    @property
    def why_not(self) -> str:
        """Why this is no film; empty if it is one."""
        return "" if self.parts else f"no day of {self.period.name} has a film"


def part_of(plan: FilmPlan) -> Part:
    """Given a day film's plan, return it as a part of a longer film."""
    return Part(date.fromisoformat(plan.period), plan.manifest, plan.profile.id, len(plan.frames))


def plan_period_film(
    camera: str, period: Period, parts: Iterable[Part], profile: Profile, shown_fps: int = 0
) -> PeriodPlan:
    """Given a camera's day films in any order, return the plan of the period's; days outside of it have no share."""
    chosen = sorted((part for part in parts if period.first <= part.day <= period.last), key=lambda part: part.day)
    return PeriodPlan(camera, period, profile, tuple(chosen), shown_fps or profile.fps)


def day_of(day: date) -> Period:
    return Period("day", day.isoformat(), day, day)


def week_of(day: date) -> Period:
    """Given a day, return its ISO week, Monday to Sunday; it belongs to the year of its Thursday."""
    year, week, weekday = day.isocalendar()
    first = day - (weekday - 1) * DAY
    return Period("week", f"{year}-W{week:02d}", first, first + 6 * DAY)


def month_of(day: date) -> Period:
    first = day.replace(day=1)
    return Period("month", f"{day:%Y-%m}", first, (first + 31 * DAY).replace(day=1) - DAY)


def year_of(day: date) -> Period:
    return Period("year", f"{day.year}", date(day.year, 1, 1), date(day.year, 12, 31))


def last_days(count: int, today: date) -> Period:
    """Given a number of days and the site's date, return the period of so many days that ends today."""
    return Period("last", f"last-{count}", today - (count - 1) * DAY, today)


def periods_of(day: date, today: date, lasts: Iterable[int] = ()) -> tuple[Period, ...]:
    """Given a local day, the site's date and the lengths of the films of last days, return all that hold that day.

    The day itself comes first, and what is made of it after.
    """
    recent = (last_days(count, today) for count in lasts)
    held = (period for period in recent if period.first <= day <= period.last)
    return (day_of(day), week_of(day), month_of(day), year_of(day), *held)


def period_named(name: str, today: date) -> Period:
    """Given a period's name and the site's date, return the period. Raises ValueError for what names none."""
    if found := LAST.fullmatch(name):
        return last_days(int(found[1]), today)
    shapes = {4: ("-01-01", year_of), 7: ("-01", month_of), 8: ("", week_of), 10: ("", day_of)}
    try:
        rest, period_of = shapes[len(name)]
        period = period_of(date.fromisoformat(name + rest))
    except (KeyError, ValueError):
        period = None
    if period is None or period.name != name:
        msg = f"{name!r} names no period: write 2026-06-21, 2026-W26, 2026-06, 2026 or last-7"
        raise ValueError(msg)
    return period
