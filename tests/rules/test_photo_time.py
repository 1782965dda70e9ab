"""A photo belongs to the day on the site's clocks when it was taken."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kootenay.rules.daylight import Site
from kootenay.rules.photo_time import taken_at
from kootenay.rules.sidecar import Sidecar

SITES = st.sampled_from(sorted(available_timezones())).map(lambda zone: Site(0, 0, zone))
INSTANTS = st.datetimes(datetime(1970, 1, 2), datetime(9998, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def sidecar_at(instant: datetime, slot: datetime | None = None) -> Sidecar:
    return Sidecar("lake", slot or instant, instant, "0" * 64, 1, False, 10.0)


@pytest.mark.parametrize(
    ("zone", "instant", "day", "hours"),
    [
        pytest.param("America/Vancouver", "2025-06-22T04:04:00+00:00", date(2025, 6, 21), -7, id="evening-in-the-west"),
        pytest.param("America/Vancouver", "2025-01-01T07:59:59+00:00", date(2024, 12, 31), -8, id="last-of-the-year"),
        pytest.param("America/Vancouver", "2025-01-01T08:00:00+00:00", date(2025, 1, 1), -8, id="first-of-the-year"),
        pytest.param(
            "Pacific/Kiritimati", "2026-06-20T18:00:00+00:00", date(2026, 6, 21), 14, id="morning-in-the-east"
        ),
        pytest.param("Pacific/Pago_Pago", "2026-06-22T05:00:00+00:00", date(2026, 6, 21), -11, id="the-last-zone"),
        pytest.param("Pacific/Apia", "2011-12-30T09:59:59+00:00", date(2011, 12, 29), -10, id="before-samoa-leapt"),
        pytest.param("Pacific/Apia", "2011-12-30T10:00:00+00:00", date(2011, 12, 31), 14, id="after-samoa-leapt"),
        pytest.param("Europe/Paris", "2025-10-26T00:30:00+00:00", date(2025, 10, 26), 2, id="first-half-past-two"),
        pytest.param("Europe/Paris", "2025-10-26T01:30:00+00:00", date(2025, 10, 26), 1, id="second-half-past-two"),
        pytest.param("Asia/Kathmandu", "2026-01-01T18:15:00+00:00", date(2026, 1, 2), 5.75, id="offset-of-45-minutes"),
    ],
)
def test_a_photo_belongs_to_the_sites_date(zone: str, instant: str, day: date, hours: float) -> None:
    found = taken_at(Site(0, 0, zone), sidecar_at(datetime.fromisoformat(instant)))
    assert found.local_date == day
    assert found.offset == timedelta(hours=hours)
    assert found.utc == datetime.fromisoformat(instant)


@given(SITES, INSTANTS)
def test_date_and_offset_are_those_of_the_sites_clock(site: Site, instant: datetime) -> None:
    found = taken_at(site, sidecar_at(instant))
    local = site.local(instant)
    assert (found.local_date, found.offset) == (local.date(), local.utcoffset())
    assert found.utc == instant


@pytest.mark.parametrize("hours", [-8, 0, 9], ids=str)
def test_the_offset_in_which_the_camera_host_writes_does_not_matter(hours: int) -> None:
    instant = datetime(2026, 6, 21, 6, 30, tzinfo=UTC)
    site = Site(49.8672, -118.00737, "America/Vancouver")
    found = taken_at(site, sidecar_at(instant.astimezone(timezone(timedelta(hours=hours)))))
    assert found == taken_at(site, sidecar_at(instant))
    assert found.utc.tzinfo is UTC


def test_the_photos_own_instant_decides_and_not_its_slot() -> None:
    slot = datetime(2026, 6, 20, 23, 59, tzinfo=UTC)
    found = taken_at(Site(0, 0, "UTC"), sidecar_at(slot + timedelta(minutes=2), slot))
    assert found.local_date == date(2026, 6, 21)
    assert found.source == "sidecar"


def test_the_offset_is_that_of_the_photos_own_instant() -> None:
    slot = datetime(2025, 3, 30, 0, 59, 30, tzinfo=UTC)
    found = taken_at(Site(0, 0, "Europe/Paris"), sidecar_at(slot + timedelta(minutes=1), slot))
    assert found.offset == timedelta(hours=2)
