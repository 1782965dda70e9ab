"""Status: what a camera's host said last of it, as its page tells it: how it is now, and seven days with every gap.

Pure functions; the words are for whoever wonders why a photo is missing. Night is no trouble.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import dropwhile
from typing import Literal

from gallery.words import ago, clock, count_of, long_date, megabytes, span
from kootenay.rules.daylight import Site, local_day
from kootenay.rules.gaps import CameraDay, Gap
from kootenay.rules.host_status import HostStatus
from kootenay.rules.slots import SlotState

SILENT = timedelta(hours=1)
"""A host says how it stands every ten minutes, and ingest takes that in as often."""

STRIP = 1440
"""Units of a strip's width: a minute each, on a day of 24 hours."""


@dataclass(frozen=True)
class Stretch:
    """A part of a day's strip, in its units; `kind` is photo, dark or missed."""

    kind: str
    start: int
    width: int


@dataclass(frozen=True)
class DayWords:
    """A day: its tally, its gaps as (when and how many, why), its night in one line, and all of it as a strip."""

    day: date
    tally: str
    gaps: tuple[tuple[str, str], ...]
    night: str
    strip: tuple[Stretch, ...]


@dataclass(frozen=True)
class StatusWords:
    """A status in words; `kind` is late when nothing was heard for so long that somebody should look."""

    kind: Literal["fresh", "late"]
    heard: str
    troubles: tuple[tuple[str, str], ...]
    gauges: tuple[tuple[str, str], ...]
    days: tuple[DayWords, ...]


def status_words(site: Site, every: timedelta, status: HostStatus, now: datetime) -> StatusWords:
    """Given where a camera stands, its step, what its host said last and the time, return it in words, newest first.

    Days before the first of which its ledger knows anything are left out.
    """
    said = site.local(status.said_at)
    since = f"{clock(said)} on {long_date(said)}"
    late = now - status.said_at > SILENT
    heard = (
        f"Nothing has been heard of its host for {span(now - status.said_at)}: this is how it stood at {since}."
        if late
        else f"Its host was last heard of {ago(status.said_at, now)}."
    )
    when = _teller(site, status.said_at)
    recorded = list(dropwhile(lambda day: day.first is None, status.days))
    return StatusWords(
        kind="late" if late else "fresh",
        heard=heard,
        troubles=tuple(
            (each.reason[:1].upper() + each.reason[1:], f"since {when(each.since)}, met {_times(each.count)}")
            for each in status.troubles
        ),
        gauges=tuple(_gauges(status, when)),
        days=tuple(_day(site, every, day, said.date()) for day in reversed(recorded)),
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _teller(site: Site, said_at: datetime) -> Callable[[datetime], str]:
    """Return what tells an instant: its time, and its day unless it is the day of the status."""
    today = site.local(said_at).date()

    def when(at: datetime) -> str:
        local = site.local(at)
        return clock(local) if local.date() == today else f"{clock(local)} on {long_date(local)}"

    return when


def _gauges(status: HostStatus, when: Callable[[datetime], str]) -> Iterator[tuple[str, str]]:
    backlog, facts = status.backlog, status.facts
    yield "To be sent", _waiting(status, when)
    if backlog.awaiting:
        yield "Sent, not yet confirmed", count_of(backlog.awaiting, "photo")
    yield "The host’s disk", f"{gigabytes(status.disk_free)} free"
    if "battery" in facts:
        yield "Battery", facts["battery"]
    if card := _card(facts):
        yield "The camera’s card", card
    if "temperature" in facts:
        yield "Temperature", facts["temperature"]
    if "shutter_count" in facts:
        count = facts["shutter_count"]
        yield "Shutter count", f"{int(count):,}" if count.isdecimal() and count.isascii() else count


def _waiting(status: HostStatus, when: Callable[[datetime], str]) -> str:
    backlog = status.backlog
    if backlog.oldest is None:
        return "nothing"
    return f"{count_of(backlog.waiting, 'photo')}, {megabytes(backlog.bytes)}, the oldest of {when(backlog.oldest)}"


def _card(facts: dict[str, str]) -> str:
    room, images = facts.get("card_free_mb", ""), facts.get("card_free_images", "")
    parts = [f"{gigabytes(int(room) * 10**6)} free"] if room.isdecimal() and room.isascii() else []
    parts += [f"room for {count_of(int(images), 'photo')}"] if images.isdecimal() and images.isascii() else []
    return ", ".join(parts)


def gigabytes(size: int) -> str:
    """Given bytes, return `12.3 GB`."""
    return f"{size / 1e9:.1f} GB"


def _day(site: Site, every: timedelta, told: CameraDay, today: date) -> DayWords:
    dark = [gap for gap in told.gaps if gap.state is SlotState.SKIPPED]
    nights = ", ".join(_stretch(site, gap) for gap in dark)
    return DayWords(
        day=told.day,
        tally=_tally(told, today),
        gaps=tuple(
            (f"{_stretch(site, gap)}, {_lost(gap)}", gap.reason)
            for gap in told.gaps
            if gap.state is not SlotState.SKIPPED
        ),
        night=f"Night: {nights}." if nights else "",
        strip=tuple(_strip(site, every, told)),
    )


def _tally(told: CameraDay, today: date) -> str:
    if told.first is None:
        return "no record of this day"
    if not told.expected:
        return "dark so far" if told.day == today else "dark all day"
    so_far = " so far" if told.day == today else ""
    if told.photos == told.expected:
        return f"all {count_of(told.photos, 'photo')}{so_far}" if told.photos > 1 else f"the only photo{so_far}"
    return f"{told.photos:,} of {count_of(told.expected, 'photo')}{so_far}"


def _stretch(site: Site, gap: Gap) -> str:
    first, last = clock(site.local(gap.first)), clock(site.local(gap.last))
    return first if gap.count == 1 else f"{first} to {last}"


def _lost(gap: Gap) -> str:
    if gap.state is SlotState.DROPPED:
        return f"{count_of(gap.count, 'photo')} given up"
    return f"{count_of(gap.count, 'slot')} missed"


def _strip(site: Site, every: timedelta, told: CameraDay) -> Iterator[Stretch]:
    if told.first is None or told.last is None:
        return
    start, end = local_day(site, told.day)

    def stretch(kind: str, first: datetime, last: datetime) -> Stretch:
        left, right = ((at - start) / (end - start) * STRIP for at in (first, last + every))
        return Stretch(kind, round(left), max(2, round(right) - round(left)))

    yield stretch("photo", told.first, told.last)
    for gap in told.gaps:
        yield stretch("dark" if gap.state is SlotState.SKIPPED else "missed", gap.first, gap.last)
