"""Chunks by date lose no day and divide none; an original's slot bounds what its EXIF may say."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kootenay.rules.daylight import Site
from kootenay.rules.photo_time import Evidence, Stamp
from kootenay.rules.reingest import Chunk, chunks_of, time_by_slot

SITE = Site(49.8672, -118.00737, "America/Vancouver")
STEP = timedelta(minutes=5)
SLOT = datetime(2026, 6, 21, 20, 0, tzinfo=UTC)
NOW = datetime(2027, 1, 1, tzinfo=UTC)
DAY = date(2026, 6, 21)

days = st.dictionaries(
    st.dates(date(2026, 1, 1), date(2026, 3, 1)), st.none() | st.integers(min_value=1, max_value=400), max_size=40
)


@given(days)
def test_every_day_is_in_one_chunk_in_order_and_none_is_too_large(days: dict[date, int | None]) -> None:
    chunks = list(chunks_of("lake", days))
    for day in days:
        assert sum(chunk.first <= day <= chunk.last for chunk in chunks) == 1
    assert all(one.last < other.first for one, other in pairwise(chunks))
    assert all(chunk.photos <= 200 or chunk.first == chunk.last for chunk in chunks)
    assert sum(chunk.photos for chunk in chunks) == sum(200 if count is None else count for count in days.values())


def test_quiet_days_go_together_and_unknown_ones_alone() -> None:
    counts = {DAY + timedelta(days=number): 80 for number in range(3)} | {DAY + timedelta(days=3): None}
    assert [(chunk.first, chunk.photos) for chunk in chunks_of("lake", counts)] == [
        (DAY, 160),
        (DAY + timedelta(days=2), 80),
        (DAY + timedelta(days=3), 200),
    ]
    assert str(Chunk("lake", DAY, DAY, 1)) == "lake, 2026-06-21"
    assert str(Chunk("lake", DAY, DAY + timedelta(days=1), 1)) == "lake, 2026-06-21 to 2026-06-22"


@pytest.mark.parametrize(
    ("exif", "slot", "utc", "source"),
    [
        pytest.param("2026:06:21 13:04:59", SLOT, "20:04:59", "exif", id="within the slot"),
        pytest.param("2026:06:21 13:05:00", SLOT, "20:00:00", "name", id="after it"),
        pytest.param("2026:06:21 12:59:59", SLOT, "20:00:00", "name", id="before it"),
        pytest.param("2001:01:01 00:00:00", SLOT, "20:00:00", "name", id="an unset clock"),
        pytest.param("", SLOT, "20:00:00", "name", id="none"),
        pytest.param("2026:11:01 01:31:00", datetime(2026, 11, 1, 8, 30, tzinfo=UTC), "08:31:00", "exif", id="first"),
        pytest.param("2026:11:01 01:31:00", datetime(2026, 11, 1, 9, 30, tzinfo=UTC), "09:31:00", "exif", id="second"),
    ],
)
def test_exif_is_believed_within_the_slot_alone(exif: str, slot: datetime, utc: str, source: str) -> None:
    time = time_by_slot(SITE, slot, STEP, Evidence(stamps=(Stamp(exif),) if exif else ()), NOW)
    assert (f"{time.utc:%H:%M:%S}", time.source) == (utc, source)
    assert time.offset == SITE.local(slot).utcoffset()
