"""What a visitor reads about dates, ages and films."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gallery import words

NOON = datetime(2026, 6, 21, 12, tzinfo=UTC)
DAYS = [date(2026, 6, 22), date(2026, 6, 20), date(2026, 6, 11)]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        pytest.param("2026-06-21", date(2026, 6, 21), id="a-day"),
        pytest.param("2024-02-29", date(2024, 2, 29), id="leap-day"),
        pytest.param("2026-02-29", None, id="no-leap-year"),
        pytest.param("2026-13-01", None, id="no-such-month"),
        pytest.param("0000-01-01", None, id="no-such-year"),
        pytest.param("2026-6-21", None, id="one-digit"),
        pytest.param("20260621", None, id="iso-basic"),
        pytest.param("2026-W25-7", None, id="iso-week"),
        pytest.param("٢٠٢٦-٠٦-٢١", None, id="other-digits"),
        pytest.param("2026-06-21\n", None, id="newline"),
        pytest.param("latest", None, id="word"),
        pytest.param("", None, id="empty"),
    ],
)
def test_a_day_is_written_in_one_way_only(text: str, day: date | None) -> None:
    assert words.parse_day(text) == day


@pytest.mark.parametrize(
    ("age", "said"),
    [
        pytest.param(timedelta(seconds=-20), "just now", id="clocks-differ-a-little"),
        pytest.param(timedelta(seconds=59), "just now", id="under-a-minute"),
        pytest.param(timedelta(minutes=1), "1 minute ago", id="one-minute"),
        pytest.param(timedelta(minutes=59, seconds=59), "59 minutes ago", id="never-rounded-up"),
        pytest.param(timedelta(hours=1), "1 hour ago", id="one-hour"),
        pytest.param(timedelta(hours=47), "47 hours ago", id="under-two-days"),
        pytest.param(timedelta(days=2), "2 days ago", id="two-days"),
        pytest.param(timedelta(days=1234), "1,234 days ago", id="years"),
        pytest.param(-timedelta(hours=2), "2 hours ahead of the clock here", id="future"),
    ],
)
def test_age_is_said_in_one_unit(age: timedelta, said: str) -> None:
    assert words.ago(NOON - age, NOON) == said


@pytest.mark.parametrize(
    ("zone", "offset", "name"),
    [
        pytest.param("America/Vancouver", -420, "PDT", id="summer"),
        pytest.param("Europe/Paris", 120, "CEST", id="europe"),
        pytest.param("America/Vancouver", -480, "UTC-08:00", id="another-offset-than-the-zone-has"),
        pytest.param("America/Sao_Paulo", -180, "UTC-03:00", id="zone-without-letters"),
        pytest.param("Asia/Kathmandu", 345, "UTC+05:45", id="quarter-hours"),
    ],
)
def test_zone_is_the_one_the_photo_was_catalogued_in(zone: str, offset: int, name: str) -> None:
    assert words.zone_name(words.local_time(NOON, offset), ZoneInfo(zone)) == name


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        pytest.param(8.17, "8 seconds", id="short"),
        pytest.param(1, "1 second", id="one"),
        pytest.param(60, "1 minute", id="whole-minute"),
        pytest.param(132, "2 minutes 12 seconds", id="long"),
    ],
)
def test_length_of_a_film(seconds: float, said: str) -> None:
    assert words.length_of(seconds) == said


def test_titles_and_places() -> None:
    assert words.in_sentence("The lake") == "the lake"
    assert words.in_sentence("Mount Baker") == "Mount Baker"
    assert words.coordinates(-33.8568, 151.2153) == "33.857° S, 151.215° E"
