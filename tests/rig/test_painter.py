"""What the virtual camera's subject promises: a sun that can be measured in the photo, and no other sun."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kootenay.rules.daylight import Site, sun_elevation
from rig import painter

LAKE = Site(49.8672, -118.00737, "America/Vancouver")
SMALL = (640, 360)
MIDDLE = (1280, 720)


def local(text: str, site: Site = LAKE) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=site.zone)


def photographed(path: Path, site: Site, at: datetime, size: painter.Size) -> Image.Image:
    """Given a site, an instant and a size, return the picture as it comes out of its JPEG."""
    painter.save(painter.paint(site, at, size), path, site.local(at))
    with Image.open(path) as photo:
        photo.load()
    return photo


def discs(picture: Image.Image) -> np.ndarray:
    """Given a picture, return the (y, x) of every pixel clipped in all three channels."""
    return np.argwhere(np.asarray(picture.convert("RGB")).min(axis=2) >= 250)


@pytest.mark.parametrize("size", [painter.SIZE, SMALL], ids=["full", "small"])
def test_the_same_instant_is_the_same_picture(size: painter.Size) -> None:
    at = local("2026-06-21T19:00")
    first, second = painter.paint(LAKE, at, size), painter.paint(LAKE, at.astimezone(UTC), size)
    assert first.mode == "RGB"
    assert first.size == size
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize(
    ("text", "size"),
    [
        pytest.param("2026-06-21T08:00", painter.SIZE, id="full size"),
        pytest.param("2026-06-21T06:15", MIDDLE, id="low in the morning"),
        pytest.param("2026-06-21T12:00", MIDDLE, id="June noon behind clouds"),
        pytest.param("2026-06-21T19:15", MIDDLE, id="evening"),
        pytest.param("2026-06-18T16:00", MIDDLE, id="veiled afternoon"),
        pytest.param("2026-12-07T11:30", MIDDLE, id="overcast December noon"),
        pytest.param("2026-03-20T13:00", MIDDLE, id="equinox"),
        pytest.param("2026-06-21T10:00", SMALL, id="small"),
    ],
)
def test_the_photo_shows_the_sun_at_its_elevation(tmp_path: Path, text: str, size: painter.Size) -> None:
    at = local(text)
    assert painter.disc_visible(LAKE, at, size)
    clipped = discs(photographed(tmp_path / "photo.jpg", LAKE, at, size))
    y, x = clipped.mean(axis=0) + 0.5
    assert painter.elevation_at(y, size) == pytest.approx(sun_elevation(LAKE, at), abs=0.7)
    assert x == pytest.approx(painter.sun_in_frame(LAKE, at, size)[0], abs=0.003 * size[0])
    assert len(clipped) >= math.pi * (0.006 * size[0]) ** 2
    assert np.ptp(clipped, axis=0).max() <= 0.022 * size[0], "only the disc is that bright"


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-21T04:30",
        "2026-06-21T21:10",
        "2026-06-21T21:50",
        "2026-06-22T01:00",
        "2026-12-21T06:00",
        "2026-12-21T18:00",
    ],
)
def test_a_sun_below_the_horizon_leaves_no_disc(tmp_path: Path, text: str) -> None:
    at = local(text)
    assert not painter.disc_visible(LAKE, at, MIDDLE)
    assert len(discs(photographed(tmp_path / "photo.jpg", LAKE, at, MIDDLE))) == 0


def test_the_summer_sun_crosses_the_frame_from_left_to_right() -> None:
    instants = [local("2026-06-21T05:00") + timedelta(minutes=10 * step) for step in range(96)]
    places = [painter.sun_in_frame(LAKE, at)[0] / painter.SIZE[0] for at in instants]
    assert places == sorted(places)
    assert places[0] == pytest.approx(0.09, abs=0.03)
    assert places[-1] == pytest.approx(0.91, abs=0.03)


@pytest.mark.parametrize("elevation", [-20.0, 0.0, 12.5, 63.5])
def test_elevation_at_undoes_sun_in_frame(elevation: float) -> None:
    y = (painter.HORIZON - elevation * painter.DEGREE) * MIDDLE[1]
    assert painter.elevation_at(y, MIDDLE) == pytest.approx(elevation)


def test_the_summer_sun_is_seen_nearly_all_day() -> None:
    seen = [painter.disc_visible(LAKE, local(f"2026-06-21T{hour:02}:15"), MIDDLE) for hour in range(24)]
    assert seen == [6 <= hour <= 19 for hour in range(24)]


@pytest.mark.parametrize("day", ["2026-06-21", "2026-12-10"], ids=["June", "December"])
def test_it_grows_brighter_as_the_sun_climbs(day: str) -> None:
    instants = [local(f"{day}T{hour:02}:00") for hour in range(1, 13)]
    elevations = [sun_elevation(LAKE, at) for at in instants]
    means = [float(np.asarray(painter.paint(LAKE, at, SMALL)).mean()) for at in instants]
    dark = max(mean for mean, elevation in zip(means, elevations, strict=True) if elevation < -10)
    twilight = [mean for mean, elevation in zip(means, elevations, strict=True) if -10 <= elevation < 2]
    light = min(mean for mean, elevation in zip(means, elevations, strict=True) if elevation >= 2)
    assert all(dark < mean < light for mean in twilight)
    assert dark < 45
    assert light > 95


def test_clouds_move_on_but_do_not_flicker() -> None:
    at = local("2026-06-21T10:00")
    before, after = (
        np.asarray(painter.paint(LAKE, instant, SMALL), np.float32)[: SMALL[1] // 3]
        for instant in (at, at + timedelta(minutes=5))
    )
    still = np.abs(after - before).mean()
    moved = np.abs(after[:, 8:] - before[:, :-8]).mean()
    assert 0.5 < moved < still < 12


def test_a_picture_is_continuous_over_midnight() -> None:
    midnight = local("2026-06-22T00:00")
    before, after = (
        np.asarray(painter.paint(LAKE, midnight + timedelta(seconds=step), MIDDLE).reduce(20), np.float32)
        for step in (-1, 1)
    )
    above_the_caption = slice(0, -3)
    assert np.abs(after - before)[above_the_caption].max() <= 2


def test_the_caption_tells_the_minute() -> None:
    at = local("2026-06-21T14:05")
    corner = (slice(round(MIDDLE[1] * 0.95), None), slice(0, MIDDLE[0] // 4))
    first, second = (
        np.asarray(painter.paint(LAKE, at + timedelta(minutes=late), MIDDLE).convert("L"), np.int16)[corner]
        for late in (0, 1)
    )
    assert (np.abs(first - second) > 100).sum() >= 10
    assert (first > 150).any(axis=1).sum() >= 12, "digits are tall enough to read at 1280 pixels"
    assert first.max() < 243


@pytest.mark.parametrize(
    ("site", "text"),
    [
        pytest.param(Site(90, 0, "UTC"), "2026-06-21T12:00", id="north pole"),
        pytest.param(Site(-90, 0, "UTC"), "2026-06-21T12:00", id="south pole"),
        pytest.param(Site(78.2, 15.6, "Arctic/Longyearbyen"), "2026-06-21T00:40", id="midnight sun"),
        pytest.param(Site(78.2, 15.6, "Arctic/Longyearbyen"), "2026-12-21T12:00", id="polar night"),
        pytest.param(Site(-45.0, 168.7, "Pacific/Auckland"), "2026-01-10T13:40", id="south"),
        pytest.param(Site(0, 0, "UTC"), "2026-03-20T12:07", id="sun in the zenith"),
        pytest.param(Site(-16.8, 180, "Pacific/Fiji"), "2026-06-21T08:00", id="east of the date line"),
        pytest.param(Site(51.9, -180, "America/Adak"), "1965-06-21T08:00", id="west of it, before 1970"),
    ],
)
def test_it_paints_anywhere_on_earth(site: Site, text: str) -> None:
    at = local(text, site)
    picture = painter.paint(site, at, SMALL)
    assert picture.size == SMALL
    assert bool(len(discs(picture))) or not painter.disc_visible(site, at, SMALL)


def test_the_southern_sun_goes_from_right_to_left() -> None:
    site = Site(-45.0, 168.7, "Pacific/Auckland")
    morning, noon, evening = (
        painter.sun_in_frame(site, local(f"2026-01-10T{hour:02}:40", site), SMALL)[0] for hour in (8, 13, 19)
    )
    assert morning > noon > evening
    assert noon == pytest.approx(SMALL[0] / 2, abs=SMALL[0] * 0.03)


@pytest.mark.parametrize("size", [(320, 180), (1000, 1000), (1921, 1081)], ids=["tiny", "square", "odd"])
def test_any_size_is_painted_whole(size: painter.Size) -> None:
    picture = painter.paint(LAKE, local("2026-06-21T17:00"), size)
    assert picture.size == size
    assert len(painter.skyline(size)) == size[0]
    assert (painter.skyline(size) < painter.SHORE * size[1]).all()


def test_the_photo_carries_make_model_and_local_time_with_offset(tmp_path: Path) -> None:
    photo = photographed(tmp_path / "photo.jpg", LAKE, datetime(2026, 6, 21, 21, 5, 7, tzinfo=UTC), SMALL)
    exif = photo.getexif()
    details = exif.get_ifd(0x8769)
    assert exif[0x010F]
    assert exif[0x0110]
    assert details[0x9003] == "2026:06:21 14:05:07"
    assert details[0x9011] == "-07:00"
