"""A photo belongs to the day on the site's clocks when it was taken, as the best of its witnesses tells it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kootenay.rules.daylight import Site
from kootenay.rules.photo_time import AHEAD, EARLIEST, Evidence, Stamp, taken_at
from kootenay.rules.sidecar import Sidecar

LAKE = Site(49.8672, -118.00737, "America/Vancouver")
PARIS = Site(48.85, 2.35, "Europe/Paris")
NOW = datetime(2026, 7, 1, tzinfo=UTC)
SITES = st.sampled_from(sorted(available_timezones())).map(lambda zone: Site(0, 0, zone))
INSTANTS = st.datetimes(datetime(1995, 1, 2), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def sidecar_at(instant: datetime, slot: datetime | None = None) -> Sidecar:
    return Sidecar("lake", slot or instant, instant, "0" * 64, 1, False, 10.0)


def by_sidecar(instant: datetime) -> Evidence:
    return Evidence(sidecar=sidecar_at(instant))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


EVERYTHING = Evidence(
    sidecar=sidecar_at(at("2026-06-21T18:01:00+00:00")),
    stamps=(Stamp("2026:06:21 11:02:00", "-07:00"),),
    gps_date="2026:06:21",
    gps_time="18/1 3/1 0/1",
    name="IMG_20260621_110500.jpg",
    modified=at("2026-06-21T18:06:00+00:00"),
)
NAIVE = (Stamp("2026:06:21 11:04:00"),)


@pytest.mark.parametrize(
    ("lacking", "source", "minute"),
    [
        pytest.param({}, "sidecar", 1, id="sidecar"),
        pytest.param({"sidecar": None}, "exif-offset", 2, id="exif with its offset"),
        pytest.param({"sidecar": None, "stamps": NAIVE}, "gps", 3, id="gps"),
        pytest.param({"sidecar": None, "stamps": NAIVE, "gps_time": ""}, "exif", 4, id="exif on the site's clock"),
        pytest.param({"sidecar": None, "stamps": NAIVE, "gps_date": ""}, "exif", 4, id="gps without a date"),
        pytest.param({"sidecar": None, "stamps": (), "gps_time": ""}, "name", 5, id="name"),
        pytest.param({"sidecar": None, "stamps": (), "gps_time": "", "name": "DSC_0042.JPG"}, "mtime", 6, id="mtime"),
    ],
)
def test_the_best_witness_is_believed(lacking: dict[str, object], source: str, minute: int) -> None:
    found = taken_at(LAKE, replace(EVERYTHING, **lacking), NOW)  # type: ignore[arg-type]
    assert (found.source, found.utc) == (source, datetime(2026, 6, 21, 18, minute, tzinfo=UTC))
    assert found.offset == timedelta(hours=-7)
    assert len(found.source) <= 16, "the catalog's column"


def test_without_any_witness_a_photo_is_of_its_arrival() -> None:
    found = taken_at(LAKE, Evidence(), NOW)
    assert (found.source, found.utc, found.local_date) == ("arrival", NOW, date(2026, 6, 30))


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
    found = taken_at(Site(0, 0, zone), by_sidecar(datetime.fromisoformat(instant)), NOW)
    assert found.local_date == day
    assert found.offset == timedelta(hours=hours)
    assert found.utc == datetime.fromisoformat(instant)


@given(SITES, INSTANTS)
def test_date_and_offset_are_those_of_the_sites_clock(site: Site, instant: datetime) -> None:
    found = taken_at(site, by_sidecar(instant), NOW)
    local = site.local(instant)
    assert (found.local_date, found.offset) == (local.date(), local.utcoffset())
    assert (found.utc, found.source) == (instant, "sidecar")


@pytest.mark.parametrize("hours", [-8, 0, 9], ids=str)
def test_the_offset_in_which_the_camera_host_writes_does_not_matter(hours: int) -> None:
    instant = datetime(2026, 6, 21, 6, 30, tzinfo=UTC)
    found = taken_at(LAKE, by_sidecar(instant.astimezone(timezone(timedelta(hours=hours)))), NOW)
    assert found == taken_at(LAKE, by_sidecar(instant), NOW)
    assert found.utc.tzinfo is UTC


def test_the_photos_own_instant_decides_and_not_its_slot() -> None:
    slot = datetime(2026, 6, 20, 23, 59, tzinfo=UTC)
    evidence = Evidence(sidecar=sidecar_at(slot + timedelta(minutes=2), slot))
    assert taken_at(Site(0, 0, "UTC"), evidence, NOW).local_date == date(2026, 6, 21)


def test_a_rehearsals_photo_is_of_a_day_to_come() -> None:
    assert taken_at(LAKE, by_sidecar(at("2027-06-21T20:00:00+00:00")), NOW).local_date == date(2027, 6, 21)


def test_a_clock_that_nobody_set_is_believed_neither_in_the_sidecar_nor_in_the_name() -> None:
    wrong = at("2026-06-20T03:00:00+00:00")
    sidecar = replace(sidecar_at(wrong), clock_trusted=False)
    evidence = replace(EVERYTHING, sidecar=sidecar, stamps=NAIVE, gps_time="", name=f"{sidecar.stem}.jpg")
    assert taken_at(LAKE, evidence, NOW).source == "exif"
    assert taken_at(LAKE, replace(evidence, stamps=()), NOW).source == "mtime"


@pytest.mark.parametrize(
    ("offset", "utc"),
    [
        pytest.param("-07:00", "2026-06-21T18:00:00+00:00", id="the site's"),
        pytest.param("+09:00", "2026-06-21T02:00:00+00:00", id="of a camera from elsewhere"),
        pytest.param("+0545", "2026-06-21T05:15:00+00:00", id="no colon"),
        pytest.param("Z", "2026-06-21T11:00:00+00:00", id="Z"),
        pytest.param("-00:00", "2026-06-21T11:00:00+00:00", id="minus nothing"),
    ],
)
def test_exifs_offset_makes_utc_of_its_time_and_the_day_is_the_sites(offset: str, utc: str) -> None:
    found = taken_at(LAKE, Evidence(stamps=(Stamp("2026:06:21 11:00:00", offset, "25"),)), NOW)
    assert found.utc == at(utc) + timedelta(milliseconds=250)
    assert (found.source, found.offset) == ("exif-offset", timedelta(hours=-7))


@pytest.mark.parametrize("offset", ["", "   :  ", "+99:99", "+14:01", "-15:00", "+07:60", "seven", "+", "٠٧:٠٠"])
def test_an_offset_that_cannot_be_leaves_the_sites_clock(offset: str) -> None:
    found = taken_at(LAKE, Evidence(stamps=(Stamp("2026:06:21 11:00:00", offset),)), NOW)
    assert (found.source, found.utc) == ("exif", at("2026-06-21T18:00:00+00:00"))


@pytest.mark.parametrize(
    "time",
    [
        "",
        "0000:00:00 00:00:00",
        "    :  :     :  :  ",
        "1970:01:01 00:00:00",
        "1980:01:01 00:00:00",
        "2098:06:21 11:00:00",
        "9999:12:31 23:59:59",
        "0001:01:01 00:00:00",
        "2026:06:31 11:00:00",
        "2026:13:01 11:00:00",
        "2026:06:21 24:00:00",
        "2026:06:21 11:00:60",
        "2026:06:21",
        "2026:07:03 11:00:00",
        "1782064800",
        "٢٠٢٦:06:21 11:00:00",
        "2026:06:21 11:00:00 and more",
    ],
)
@pytest.mark.parametrize("offset", ["", "+02:00"], ids=["naive", "offset"])
def test_nonsense_falls_through(time: str, offset: str) -> None:
    assert taken_at(LAKE, Evidence(stamps=(Stamp(time, offset),)), NOW).source == "arrival"
    spare = (Stamp(time, offset), Stamp("2026:06:21 11:00:00"))
    assert taken_at(LAKE, Evidence(stamps=spare), NOW).utc == at("2026-06-21T18:00:00+00:00")


def test_the_day_of_an_edit_is_not_the_photos() -> None:
    stamps = (Stamp("2026:06:21 11:00:00"), Stamp("2026:06:29 20:00:00", "+02:00"))
    assert taken_at(LAKE, Evidence(stamps=stamps), NOW).utc == at("2026-06-21T18:00:00+00:00")


@pytest.mark.parametrize(
    ("day", "time"),
    [
        ("2026:06:21", "18/1 50/1 0/0"),
        ("2026:06:21", "24/1 0/1 0/1"),
        ("2026:06:21", "18/1 60/1 0/1"),
        ("2026:06:21", "18/1 50/1 60/1"),
        ("2026:06:21", "18/1 50/1"),
        ("2026:06:21", "18.0 50.0 0.0"),
        ("2026:06:21", "-1/1 50/1 0/1"),
        ("2026:02:30", "18/1 50/1 0/1"),
        ("1999:08", "18/1 50/1 0/1"),
        ("1980:01:06", "0/1 0/1 0/1"),
        ("", "18/1 50/1 0/1"),
    ],
)
def test_a_gps_time_that_cannot_be_is_none(day: str, time: str) -> None:
    assert taken_at(LAKE, Evidence(gps_date=day, gps_time=time), NOW).source == "arrival"


def test_gps_seconds_have_fractions() -> None:
    found = taken_at(LAKE, Evidence(gps_date="2026:06:21", gps_time="18/1 50/1 2575/100"), NOW)
    assert found.utc == at("2026-06-21T18:50:25.750000+00:00")


FIRST, SECOND = at("2025-11-02T01:00:00-07:00"), at("2025-11-02T01:00:00-08:00")


@pytest.mark.parametrize(
    ("after", "utc"),
    [
        pytest.param(None, FIRST, id="no order"),
        pytest.param(FIRST - timedelta(minutes=5), FIRST, id="after 00:55"),
        pytest.param(FIRST + timedelta(minutes=55), SECOND, id="after 01:55"),
        pytest.param(FIRST, SECOND, id="after 01:00, of a camera of an hour"),
        pytest.param(SECOND + timedelta(minutes=30), FIRST, id="arrived out of order"),
    ],
)
@pytest.mark.parametrize(
    "evidence", [Evidence(stamps=(Stamp("2025:11:02 01:00:00"),)), Evidence(name="2025-11-02_01-00-00.jpg")]
)
def test_autumns_doubled_hour_is_decided_by_order(evidence: Evidence, after: datetime | None, utc: datetime) -> None:
    assert taken_at(LAKE, evidence, NOW, after).utc == utc


def test_a_night_of_five_minutes_over_autumns_change_keeps_its_order() -> None:
    instants = [FIRST - timedelta(minutes=30) + step * timedelta(minutes=5) for step in range(40)]
    after = None
    for instant in instants:
        shown = Stamp(f"{LAKE.local(instant):%Y:%m:%d %H:%M:%S}")
        after = taken_at(LAKE, Evidence(stamps=(shown,)), NOW, after).utc
        assert after == instant


def test_springs_missing_hour_is_of_a_clock_not_put_forward() -> None:
    found = taken_at(LAKE, Evidence(stamps=(Stamp("2026:03:08 02:30:00"),)), NOW)
    assert found.utc == at("2026-03-08T02:30:00-08:00")
    assert found.offset == timedelta(hours=-7)


@pytest.mark.parametrize(
    ("name", "utc"),
    [
        ("lake_20260621T115000Z_1a2b3c4d.jpg", "2026-06-21T11:50:00+00:00"),
        ("cam-20200101-101010_20260621T115000Z_1a2b3c4d.jpg", "2026-06-21T11:50:00+00:00"),
        ("IMG_20260621_115000.jpg", "2026-06-21T11:50:00-07:00"),
        ("IMG_20260621_115000_1.jpg", "2026-06-21T11:50:00-07:00"),
        ("20260621_115000123.jpg", "2026-06-21T11:50:00-07:00"),
        ("2026-06-21_11-50-00.jpg", "2026-06-21T11:50:00-07:00"),
        ("2026-06-21 11.50.00.jpg", "2026-06-21T11:50:00-07:00"),
        ("2026-06-21T11:50:00Z.jpg", "2026-06-21T11:50:00+00:00"),
        ("20260621115000.jpg", "2026-06-21T11:50:00-07:00"),
        ("20260621115000Z.jpg", "2026-06-21T11:50:00+00:00"),
        ("lake/cam_01_20260621115000123_TIMING.jpg", "2026-06-21T11:50:00-07:00"),
        ("01-20260621115000-00.jpg", "2026-06-21T11:50:00-07:00"),
        ("MDAlarm_20260621-115000.jpg", "2026-06-21T11:50:00-07:00"),
        ("Screenshot_20260621-115000.jpg", "2026-06-21T11:50:00-07:00"),
        ("Screenshot 2026-06-21 at 11.50.00.jpg", "2026-06-21T11:50:00-07:00"),
        ("Screenshot_2026-06-21-11-50-00-123_com.app.jpg", "2026-06-21T11:50:00-07:00"),
        ("PXL_20260621_115000123.jpg", "2026-06-21T11:50:00+00:00"),
        ("99991231235959 and 20260621115000.jpg", "2026-06-21T11:50:00-07:00"),
    ],
)
def test_names_tell_the_time(name: str, utc: str) -> None:
    found = taken_at(LAKE, Evidence(name=name), NOW)
    assert (found.source, found.utc) == ("name", at(utc))


@pytest.mark.parametrize(
    "name",
    [
        "DSC_0042.JPG",
        "20260621.jpg",
        "IMG_20261321_115000.jpg",
        "IMG_20260621_116000.jpg",
        "1202606211150007.jpg",
        "19700101_000000.jpg",
        "0" * 100_000,
        "2026-06-21_" * 10_000,
    ],
    ids=lambda name: name[:24],
)
def test_other_names_tell_nothing(name: str) -> None:
    assert taken_at(LAKE, Evidence(name=name), NOW).source == "arrival"


@pytest.mark.parametrize("when", [EARLIEST - timedelta(seconds=1), NOW + AHEAD + timedelta(seconds=1)])
def test_a_files_time_that_cannot_be_is_none(when: datetime) -> None:
    assert taken_at(LAKE, Evidence(modified=when), NOW).source == "arrival"


WORDS = st.one_of(
    st.text(max_size=40),
    st.text("0123456789:-/ TZ+.\0", max_size=40),
    st.from_regex(r"[0-9]{4}:[0-9]{2}:[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"),
    st.from_regex(r"[0-9]{1,10}/[0-9]{1,10} [0-9]{1,10}/[0-9]{1,10} [0-9]{1,10}/[0-9]{1,10}", fullmatch=True),
    st.from_regex(r"[+-][0-9]{2}:?[0-9]{2}", fullmatch=True),
    st.from_regex(r"[A-Z]{0,3}_?[0-9]{8}[_T-]?[0-9]{6}Z?"),
)
STAMPS = st.lists(st.builds(Stamp, WORDS, WORDS, WORDS), max_size=3).map(tuple)
ANY = st.builds(Evidence, st.none(), STAMPS, WORDS, WORDS, WORDS, st.none() | st.datetimes(timezones=st.just(UTC)))


@given(SITES, ANY, INSTANTS, st.none() | INSTANTS)
@example(LAKE, Evidence(stamps=(Stamp("9999:12:31 23:59:59", "-14:00"),)), NOW, None)
@example(LAKE, Evidence(gps_date="2026:06:21", gps_time="1/9999999999 9999999999/1 0/1"), NOW, None)
def test_whatever_a_photo_says_it_has_a_time_that_can_be(
    site: Site, evidence: Evidence, now: datetime, after: datetime | None
) -> None:
    found = taken_at(site, evidence, now, after)
    assert EARLIEST <= found.utc <= now + AHEAD
    assert found.utc.tzinfo is UTC
    assert abs(found.offset) <= timedelta(hours=14)
    assert found.local_date == site.local(found.utc).date()
    assert found.source in {"exif-offset", "gps", "exif", "name", "mtime", "arrival"}


@given(SITES, st.datetimes(datetime(1995, 1, 3), datetime(2026, 6, 28)), st.none() | INSTANTS)  # noqa: DTZ001
def test_a_clock_without_a_zone_shows_the_sites_time(site: Site, shown: datetime, after: datetime | None) -> None:
    found = taken_at(site, Evidence(stamps=(Stamp(f"{shown:%Y:%m:%d %H:%M:%S}"),)), NOW, after)
    local = site.local(found.utc).replace(tzinfo=None)
    missing = shown.replace(microsecond=0, tzinfo=site.zone).astimezone(UTC).astimezone(site.zone)
    if missing.replace(tzinfo=None) == shown.replace(microsecond=0):
        assert local == shown.replace(microsecond=0)
        assert found.local_date == shown.date()
    else:
        assert local > shown, "in a missing hour the site's clocks were already ahead"
