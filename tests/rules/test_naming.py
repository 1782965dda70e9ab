"""Names sort by time, tell photos apart, and are safe as a path, a URL and a key."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kootenay.rules import naming
from kootenay.rules.daylight import Site

CAMERAS = st.from_regex(naming.CAMERA_NAME, fullmatch=True)
SLOTS = st.datetimes(datetime(1970, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0)
)
HASHES = st.text("0123456789abcdef", min_size=64, max_size=64)

SLOT = datetime(2026, 6, 21, 11, 50, tzinfo=UTC)
DAY = date(2026, 6, 21)
HASH = "1a2b3c4d5e6f" + "0" * 52


@given(CAMERAS, SLOTS, HASHES)
def test_every_photos_stem_is_known_as_one(camera: str, slot: datetime, sha256: str) -> None:
    stem = naming.photo_stem(camera, slot, sha256)
    assert naming.is_photo_stem(stem)
    match = naming.PHOTO_STEM.fullmatch(stem)
    assert match is not None
    assert match.group("camera", "slot", "hash") == (camera, naming.stamp(slot), sha256[:8])
    assert naming.slot_stamp(stem) == naming.stamp(slot)


@pytest.mark.parametrize(
    "stem",
    [
        pytest.param("", id="empty"),
        pytest.param("lake", id="camera-alone"),
        pytest.param("lake_20260621T115000Z", id="no-hash"),
        pytest.param("lake_20260621T115000Z_1a2b3c4", id="short-hash"),
        pytest.param("lake_20260621T115000Z_1a2b3c4d5", id="long-hash"),
        pytest.param("lake_20260621T115000Z_1A2B3C4D", id="capital-hash"),
        pytest.param("lake_20260621T115000_1a2b3c4d", id="no-zone"),
        pytest.param("lake_20260621115000Z_1a2b3c4d", id="no-t"),
        pytest.param("lake_٢٠٢٦٠٦٢١T115000Z_1a2b3c4d", id="other-digits-in-the-date"),
        pytest.param("lake_20260621T١١٥٠٠٠Z_1a2b3c4d", id="other-digits-in-the-time"),
        pytest.param("_20260621T115000Z_1a2b3c4d", id="no-camera"),
        pytest.param("Lake_20260621T115000Z_1a2b3c4d", id="capital-camera"),
        pytest.param("-lake_20260621T115000Z_1a2b3c4d", id="camera-begins-with-a-dash"),
        pytest.param("lake-_20260621T115000Z_1a2b3c4d", id="camera-ends-with-a-dash"),
        pytest.param(f"{'a' * 33}_20260621T115000Z_1a2b3c4d", id="camera-too-long"),
        pytest.param("../lake_20260621T115000Z_1a2b3c4d", id="path"),
        pytest.param("lake_20260621T115000Z_1a2b3c4d\n", id="newline"),
        pytest.param("lake_20260621T115000Z_1a2b3c4d.jpg", id="with-its-suffix"),
    ],
)
def test_other_names_are_no_photos_stem(stem: str) -> None:
    assert not naming.is_photo_stem(stem)


@given(st.text())
def test_a_camera_name_is_a_safe_segment(text: str) -> None:
    if re.fullmatch(naming.CAMERA_NAME, text):
        assert re.fullmatch(r"[a-z0-9-]{1,32}", text)
        assert not text.startswith("-")
        assert not text.endswith("-")


@pytest.mark.parametrize("camera", ["a", "7", "ab", "lake-2", "a" * 32], ids=str)
def test_a_camera_may_be_called(camera: str) -> None:
    assert re.fullmatch(naming.CAMERA_NAME, camera)


@given(CAMERAS, st.lists(st.tuples(SLOTS, HASHES), unique_by=lambda photo: photo[0]))
def test_the_stems_of_a_camera_sort_by_time(camera: str, photos: list[tuple[datetime, str]]) -> None:
    stems = [naming.photo_stem(camera, slot, sha256) for slot, sha256 in sorted(photos)]
    assert stems == sorted(stems)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Vancouver", "Europe/Paris", "Pacific/Pago_Pago"])
@given(slots=st.sets(st.integers(0, 3 * 365 * 288), max_size=20))
def test_paths_and_keys_sort_by_time_in_every_zone(zone: str, slots: set[int]) -> None:
    site = Site(0, 0, zone)
    instants = [datetime(2024, 1, 1, tzinfo=UTC) + index * timedelta(minutes=5) for index in sorted(slots)]
    days = [(site.local(at).date(), at) for at in instants]
    paths = [naming.original_path("lake", day, at, HASH) for day, at in days]
    keys = [naming.rendition_key("lake", day, at, 640, HASH) for day, at in days]
    assert paths == sorted(paths)
    assert keys == sorted(keys)
    assert len(set(paths)) == len(set(keys)) == len(instants)


@given(CAMERAS, CAMERAS, SLOTS, SLOTS, HASHES)
def test_a_slots_prefix_begins_the_stems_of_that_slot_and_camera_only(
    camera: str, other: str, slot: datetime, later: datetime, sha256: str
) -> None:
    assume(camera != other)
    assume(slot != later)
    prefix = naming.slot_prefix(camera, slot)
    assert naming.photo_stem(camera, slot, sha256).startswith(prefix)
    assert not naming.photo_stem(other, slot, sha256).startswith(prefix)
    assert not naming.photo_stem(camera, later, sha256).startswith(prefix)


@pytest.mark.parametrize("hours", [-11, -7, 0, 5.75, 14], ids=str)
def test_a_stamp_is_utc_in_whatever_zone_the_instant_is_written(hours: float) -> None:
    assert naming.stamp(SLOT.astimezone(timezone(timedelta(hours=hours)))) == "20260621T115000Z"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param(naming.photo_stem("lake", SLOT, HASH), "lake_20260621T115000Z_1a2b3c4d", id="stem"),
        pytest.param(naming.slot_prefix("lake", SLOT), "lake_20260621T115000Z_", id="prefix"),
        pytest.param(naming.day_folder("lake", date(2026, 6, 1)), "lake/2026/06/01", id="folder"),
        pytest.param(
            naming.original_path("lake", DAY, SLOT, HASH),
            "lake/2026/06/21/lake_20260621T115000Z_1a2b3c4d.jpg",
            id="original",
        ),
        pytest.param(
            naming.rendition_key("lake", DAY, SLOT, 640, HASH),
            "lake/2026/06/21/20260621T115000Z_640_1a2b3c4d5e6f.jpg",
            id="rendition",
        ),
        pytest.param(
            naming.film_key("lake", "day", "2026-06-21", HASH), "lake/films/day/2026-06-21_1a2b3c4d5e6f.mp4", id="film"
        ),
        pytest.param(
            naming.film_key("lake", "day", "2026-06-21", HASH, "jpg"),
            "lake/films/day/2026-06-21_1a2b3c4d5e6f.jpg",
            id="poster",
        ),
    ],
)
def test_a_name_is_written(name: str, said: str) -> None:
    assert name == said
