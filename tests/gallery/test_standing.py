"""Why there is no newer photo: night, dawn, polar night, or a camera that is late."""

from datetime import UTC, date, datetime, timedelta
from time import perf_counter

import pytest

from gallery.standing import last_slot, next_slot, standing_of
from kootenay.adapters.catalog import Photo
from kootenay.rules.daylight import Site, light_at
from kootenay.settings import CameraSettings

LAKE = Site(49.8672, -118.00737, "America/Vancouver")
TROMSO = Site(69.65, 18.96, "Europe/Oslo")
CAMERA = CameraSettings()


def local(site: Site, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=site.zone).astimezone(UTC)


def photo(taken_at: datetime) -> Photo:
    return Photo("lake", taken_at, taken_at, 0, date(2026, 6, 21), "exif", "", 0, 0, 0, False, 0, "")


@pytest.mark.parametrize(
    ("site", "last", "now", "kind", "note"),
    [
        pytest.param(LAKE, "2026-06-21T14:00", "2026-06-21T14:03", "fresh", "A new photo every 5 minutes of", id="day"),
        pytest.param(LAKE, "2026-06-21T14:00", "2026-06-21T14:14", "fresh", "A new photo", id="one-still-on-its-way"),
        pytest.param(
            LAKE, "2026-06-21T14:00", "2026-06-21T17:10", "late",
            "The camera is late: the last photo is 3 hours old.", id="late",
        ),
        pytest.param(
            LAKE, "2026-06-21T21:00", "2026-06-21T23:00", "night",
            "Night at the lake: the next photo at 04:45.", id="night",
        ),
        pytest.param(
            LAKE, "2026-06-21T21:00", "2026-06-21T21:03", "night",
            "Night at the lake: the next photo at 04:45.", id="last-slot-taken-though-sun-is-up",
        ),
        pytest.param(
            LAKE, "2026-06-21T14:00", "2026-06-21T23:00", "late",
            "The camera is late: the last photo is 9 hours old. Night at the lake: the next photo at 04:45.",
            id="late-since-before-the-night",
        ),
        pytest.param(LAKE, "2026-06-20T21:00", "2026-06-21T04:42", "dawn", "Day breaks at the lake", id="dawn"),
        pytest.param(LAKE, "2026-06-20T21:00", "2026-06-21T04:54", "dawn", "the first photo is", id="first-on-its-way"),
        pytest.param(LAKE, "2026-06-20T21:00", "2026-06-21T04:55", "late", "The camera is late", id="first-is-missing"),
        pytest.param(LAKE, None, "2026-06-21T14:00", "late", "no photo of it has arrived yet", id="never-a-photo"),
        pytest.param(
            TROMSO, "2026-11-26T11:45", "2026-12-10T12:00", "night",
            "Polar night at the lake: the next photo on 15 January 2027 at 11:", id="polar-night",
        ),
        pytest.param(LAKE, "2026-06-21T21:00", "2026-06-21T17:00", "late", "clock is ahead", id="photo-of-the-future"),
        pytest.param(TROMSO, "2026-06-21T00:00", "2026-06-21T00:03", "fresh", "A new photo", id="midnight-sun"),
    ],
)  # fmt: skip
def test_the_page_says_why_there_is_no_newer_photo(
    site: Site, last: str | None, now: str, kind: str, note: str
) -> None:
    newest = None if last is None else photo(local(site, last))
    standing = standing_of(site, CAMERA, newest, local(site, now))
    assert standing.kind == kind
    assert note in standing.note
    assert bool(standing.age) != standing.note.startswith("The camera is late")


def test_a_camera_whose_settings_leave_no_light_says_so() -> None:
    standing = standing_of(LAKE, CameraSettings(threshold=80), None, datetime(2026, 6, 21, 12, tzinfo=UTC))
    assert standing.note == "Its settings leave the lake without light for a year."


@pytest.mark.parametrize("hour", range(0, 48, 3))
def test_slots_around_now_have_light_and_their_gap_has_none(hour: int) -> None:
    now = datetime(2026, 3, 7, 1, 2, 3, tzinfo=UTC) + timedelta(hours=hour)
    before, after = last_slot(LAKE, CAMERA, now), next_slot(LAKE, CAMERA, now)
    assert before is not None
    assert after is not None
    assert before <= now < after
    assert light_at(LAKE, before).shoot
    assert light_at(LAKE, after).shoot
    between = before + CAMERA.every
    while between < after:
        assert not light_at(LAKE, between).shoot
        between += CAMERA.every


def test_polar_night_is_looked_through_in_a_blink() -> None:
    start = perf_counter()
    next_slot(Site(80, 20, "Arctic/Longyearbyen"), CAMERA, datetime(2026, 10, 30, tzinfo=UTC))
    assert perf_counter() - start < 1
