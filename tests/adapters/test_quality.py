"""Painted weather is a photo at any hour; a covered, white, defocused or stuck camera is not."""

import io
from datetime import datetime, timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from kootenay.adapters.quality import SIGNATURE_BYTES, measure, signature_of
from kootenay.adapters.renditions import Luma, Wish, make_renditions
from kootenay.rules.daylight import Site, sun_elevation
from kootenay.rules.quality import Flag, flags_of
from rig import painter

LAKE = Site(49.8672, -118.00737, "America/Vancouver")
HOURS = [f"{day}T{hour:02}:00" for day in ("2026-06-21", "2026-12-10") for hour in (0, 4, 5, 8, 12, 16, 21)]
NOON = "2026-06-21T12:00"
WISH = Wish((320,), 85, 1e8)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LAKE.zone)


@cache
def painted(text: str, minutes: int = 0) -> Image.Image:
    return painter.paint(LAKE, local(text) + timedelta(minutes=minutes), (1280, 720))


def small(picture: Image.Image, quality: int = 90) -> Luma:
    """Given a picture, return the lightness that ingest sees of its photo."""
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=quality)
    return make_renditions(content.getvalue(), "photo.jpg", WISH).small


def flags(text: str, picture: Image.Image, before: Image.Image | None = None) -> tuple[Flag, ...]:
    earlier = None if before is None else signature_of(small(before))
    return flags_of(measure(small(picture), earlier), sun_elevation(LAKE, local(text)))


def in_fog(picture: Image.Image, thickness: float) -> Image.Image:
    veil = round(float(np.asarray(picture.convert("L")).mean()))
    return Image.blend(picture, Image.new("RGB", picture.size, (veil, veil, veil)), thickness)


def under_snow(picture: Image.Image) -> Image.Image:
    return picture.point(lambda level: round(255 - (255 - level) * 0.35))


def calm(picture: Image.Image) -> Image.Image:
    """The upper half, and itself upside down in the water."""
    upper = picture.crop((0, 0, picture.width, picture.height // 2))
    mirrored = picture.copy()
    mirrored.paste(ImageOps.flip(upper), (0, picture.height - upper.height))
    return mirrored


WEATHER = {
    "clear": lambda picture: picture,
    "fog": lambda picture: in_fog(picture, 0.7),
    "dense fog": lambda picture: in_fog(picture, 0.9),
    "snow": under_snow,
    "calm": calm,
}


@pytest.mark.parametrize("weather", WEATHER)
@pytest.mark.parametrize("hour", HOURS)
def test_weather_and_night_are_no_faults(hour: str, weather: str) -> None:
    seen = WEATHER[weather]
    assert flags(hour, seen(painted(hour, 5)), seen(painted(hour))) == ()


@pytest.mark.parametrize("hour", [NOON, "2026-12-10T12:00"])
def test_a_covered_lens_is_dark_by_day(hour: str) -> None:
    covered = painted(hour).point(lambda level: level // 64)
    assert flags(hour, covered) == (Flag.DARK,)
    assert flags("2026-12-10T00:00", covered) == ()


def test_a_black_night_twice_is_not_stuck() -> None:
    black = Image.new("RGB", (1280, 720), (2, 2, 2))
    assert flags("2026-12-10T00:00", black, black) == ()


@pytest.mark.parametrize("hour", [NOON, "2026-12-10T12:00"])
def test_a_white_out_is_overexposed(hour: str) -> None:
    assert flags(hour, painted(hour).point(lambda level: min(255, level * 3))) == (Flag.OVEREXPOSED,)


def test_a_taped_lens_is_blocked() -> None:
    noise = np.random.default_rng(1).normal(90, 3, (720, 1280, 3)).clip(0, 255).astype(np.uint8)
    assert flags(NOON, Image.fromarray(noise)) == (Flag.BLOCKED,)


@pytest.mark.parametrize("hour", [NOON, "2026-06-21T08:00", "2026-12-10T12:00", "2026-12-10T16:00"])
@pytest.mark.parametrize("radius", [8, 24])
def test_a_defocused_lens_is_blurred(hour: str, radius: int) -> None:
    assert flags(hour, painted(hour).filter(ImageFilter.GaussianBlur(radius))) == (Flag.BLURRED,)


@pytest.mark.parametrize("hour", HOURS)
def test_the_same_picture_twice_is_frozen_whatever_its_clock_says(hour: str) -> None:
    picture = painted(hour)
    later = picture.copy()
    ImageDraw.Draw(later).text((30, 640), "2026-06-21 12:05:00", fill="white", font_size=30)
    assert flags(hour, picture, picture) == (Flag.FROZEN,)
    assert flags(hour, later, picture) == (Flag.FROZEN,)


def test_the_next_exposure_of_a_scene_that_stands_still_is_not_frozen() -> None:
    """A lamp-lit night, nothing moves, and the sensor's noise is all that differs."""
    random = np.random.default_rng(7)
    still = np.asarray(painted("2026-12-10T00:00"), np.float64)
    first, second = (
        Image.fromarray((still + random.normal(0, 1.5, still.shape)).clip(0, 255).astype(np.uint8)) for _ in range(2)
    )
    measures = measure(small(second), signature_of(small(first)))
    assert measures.difference is not None
    assert measures.difference < 0.1
    assert flags_of(measures, -60) == ()


def test_measures_of_a_picture_known_by_heart() -> None:
    samples = bytes([0, 0, 100, 100, 255, 255, 100, 100] * 6)
    measures = measure(Luma(8, 6, samples), bytes(SIGNATURE_BYTES))
    assert (measures.light, measures.black, measures.white) == (113.75, 0.25, 0.25)
    assert measures.contrast == pytest.approx(91.1, abs=0.1)
    assert measures.difference == 113.75
    assert measures.same == 0


def test_sharpness_hardly_depends_on_light_or_on_the_renditions_size() -> None:
    picture = painted(NOON)
    sharpness = measure(small(picture)).sharpness
    assert measure(small(picture.point(lambda level: level // 2))).sharpness == pytest.approx(sharpness, rel=0.1)
    grey = picture.convert("L")
    assert measure(Luma(*grey.size, grey.tobytes())).sharpness == pytest.approx(sharpness, rel=0.4)


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.none() | st.binary(max_size=100), st.randoms(use_true_random=False))
def test_any_picture_has_finite_measures(width: int, height: int, before: bytes | None, random: object) -> None:
    samples = bytes(random.choices(range(256), k=width * height))  # type: ignore[attr-defined]
    luma = Luma(width, height, samples)
    measures = measure(luma, before)
    assert all(np.isfinite(value) for value in vars(measures).values() if value is not None)
    assert 0 <= measures.black + measures.white <= 1
    assert len(signature_of(luma)) == SIGNATURE_BYTES
    assert measure(luma, signature_of(luma)).difference == 0
