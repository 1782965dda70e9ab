"""Words: how dates, times, ages and films are said to a visitor.

Pure functions; a photo's local time comes from the offset it was catalogued with, never the server's zone.
"""

import re
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from kootenay.adapters.catalog import Film

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MINUTE, HOUR, TWO_DAYS = timedelta(minutes=1), timedelta(hours=1), timedelta(days=2)


def parse_day(text: str) -> date | None:
    """Given what stands in an address, return the date when it is one written as 2026-06-21, else None."""
    try:
        return date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        return None


def local_time(at: datetime, offset_minutes: int) -> datetime:
    """Given an aware instant and the UTC offset it was catalogued with, return the local time of the site."""
    return at.astimezone(timezone(timedelta(minutes=offset_minutes)))


def zone_name(local: datetime, zone: ZoneInfo) -> str:
    """Given a local time, return `PDT` when the zone calls that offset so, else `UTC-07:00`."""
    named = local.astimezone(zone)
    name = named.tzname() or ""
    if named.utcoffset() == local.utcoffset() and name.isalpha():
        return name
    return f"UTC{local:%z}"[:6] + ":" + f"{local:%z}"[3:]


def clock(local: datetime) -> str:
    """Return `14:05`."""
    return f"{local:%H:%M}"


def long_date(day: date) -> str:
    """Return `21 June 2026`."""
    return f"{day.day} {day:%B} {day.year}"


def full_date(day: date) -> str:
    """Return `Sunday 21 June 2026`."""
    return f"{day:%A} {long_date(day)}"


def count_of(number: int, thing: str) -> str:
    """Return `1 photo` or `98 photos`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def span(age: timedelta) -> str:
    """Given a length of time, return it in the unit people would use: `3 minutes`, `2 hours`, `5 days`."""
    if age < HOUR:
        return count_of(max(0, age // MINUTE), "minute")
    if age < TWO_DAYS:
        return count_of(age // HOUR, "hour")
    return count_of(age.days, "day")


def ago(taken_at: datetime, now: datetime) -> str:
    """Given when a photo was taken, return `just now`, `3 minutes ago`, `2 hours ahead of the clock here`."""
    age = now - taken_at
    if age <= -5 * MINUTE:
        return f"{span(-age)} ahead of the clock here"
    return "just now" if age < MINUTE else f"{span(age)} ago"


def in_sentence(title: str) -> str:
    """Given a camera's title, return it as it stands inside a sentence: `the lake`, but `Mount Baker`."""
    return f"the {title.removeprefix('The ')}" if title.startswith("The ") else title


def length_of(seconds: float) -> str:
    """Given seconds of film, return `8 seconds` or `1 minute 12 seconds`."""
    minutes, rest = divmod(round(seconds), 60)
    parts = [count_of(minutes, "minute")] if minutes else []
    return " ".join(parts + ([count_of(rest, "second")] if rest or not minutes else []))


def megabytes(size: int) -> str:
    """Given bytes, return `3.2 MB`."""
    return f"{size / 1e6:.1f} MB"


def about_film(film: Film) -> str:
    """Given a film, return what a visitor may want to know before loading it."""
    return f"{count_of(film.frames, 'photo')} in {length_of(film.seconds)}, without sound"


def coordinates(latitude: float, longitude: float) -> str:
    """Given degrees, return `49.867° N, 118.007° W`."""
    north = "N" if latitude >= 0 else "S"
    east = "E" if longitude >= 0 else "W"
    return f"{abs(latitude):.3f}° {north}, {abs(longitude):.3f}° {east}"
