"""What becomes of a picture in a film: whole or told, upright, in its own light and with its own time."""

import io
import itertools
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import av
import numpy as np
import pytest
from PIL import Image, ImageOps

from kootenay.adapters.film import check, encode
from kootenay.adapters.film.overlay import draw_caption
from kootenay.adapters.film.picture import Canvas
from kootenay.errors import NotAPhotoError
from kootenay.rules.film_plan import Frame
from rig.jpegs import corpus
from tests.adapters.conftest import jpeg, names
from tests.adapters.films import AV1, SMALL, USUAL, frames_of, lumas, made, noise, pictures, planes, probe

BAD = {
    "empty": b"",
    "text": b"no picture",
    "half": noise(1)[0][:9000],
    "header": jpeg(320, 180)[:30],
    "all but its end": noise(1)[0][:-40],
}


@pytest.mark.parametrize("at", [0, 1, 9, 19], ids=["first", "second", "middle", "last"])
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_picture_that_cannot_be_decoded_is_told_and_the_others_are_shown(tmp_path: Path, bad: bytes, at: int) -> None:
    shown = pictures(20)
    encoded = made([*shown[:at], bad, *shown[at + 1 :]], tmp_path / "film.mp4")
    assert (encoded.frames, [index for index, _ in encoded.bad]) == (19, [at])
    assert encoded.bad[0][1].startswith(f"lake/{at}.jpg cannot be decoded: ")
    check(tmp_path / "film.mp4", 19, SMALL)
    wanted = [light for index, light in enumerate(np.linspace(20, 230, 20)) if index != at]
    assert lumas(tmp_path / "film.mp4") == pytest.approx(wanted, abs=2)


def test_pictures_of_which_none_can_be_decoded_make_no_film(tmp_path: Path) -> None:
    encoded = made(list(BAD.values()), tmp_path / "film.mp4")
    assert (encoded.frames, len(encoded.bad)) == (0, len(BAD))
    assert names(tmp_path) == []


@pytest.mark.parametrize("frames", [2, 4])
def test_each_picture_has_its_frame(tmp_path: Path, frames: int) -> None:
    with pytest.raises(ValueError, match="zip"):
        encode(pictures(3), frames_of(frames), SMALL, tmp_path / "film.mp4")
    assert names(tmp_path) == []


TAKEN_ALL_THE_SAME = {
    "progressive, zeros from 1 %, EOI",
    "progressive, zeros from 50 %, EOI",
    "progressive, 64 zeros at 50 % of its scan",
    "restart markers out of order",
    "two frames",
    "no quantization",
}
"""Damage that ffmpeg's decoder does not see; ingest refuses all, and renditions are not progressive."""


def test_what_is_damaged_is_told_and_what_is_whole_is_shown() -> None:
    """As ingest's own corpus says."""
    canvas, wrong = Canvas(320, 180), set()
    for item in corpus():
        try:
            canvas.frame(item.content, item.name)
            taken = True
        except NotAPhotoError:
            taken = False
        if item.verdict != "either" and taken != (item.verdict == "whole"):
            wrong.add(item.name)
    assert wrong == TAKEN_ALL_THE_SAME


KINDS: dict[str, dict[str, Any]] = {
    "4:4:4": {"subsampling": "4:4:4"},
    "4:2:2": {"subsampling": "4:2:2"},
    "progressive": {"progressive": True},
    "grey": {"mode": "L", "colour": 150},
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("size", [(320, 180), (641, 361), (161, 121)], ids=str)
def test_any_jpeg_makes_the_same_frame(tmp_path: Path, kind: dict[str, Any], size: tuple[int, int]) -> None:
    facts = {"colour": (200, 140, 90), "quality": 95} | kind
    made([jpeg(*size, **facts)] * 2, tmp_path / "film.mp4")
    grey = facts.get("mode") == "L"
    red, green, blue = (value / 255 for value in ((150,) * 3 if grey else (200, 140, 90)))
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    found = planes(tmp_path / "film.mp4")
    middle = [found[90, 160], found[202, 80], found[202 + 22, 80]]
    wanted = (16 + 219 * light, 128 + 224 * (blue - light) / 1.8556, 128 + 224 * (red - light) / 1.5748)
    assert middle[0] == pytest.approx(wanted[0], abs=2)
    colours = found[180:225].mean(), found[225:].mean()
    if size == (320, 180):
        assert colours == pytest.approx(wanted[1:], abs=2)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(320, 180), (180, 320), (500, 200)], ids=str)
def test_a_picture_is_shown_upright(tmp_path: Path, orientation: int, size: tuple[int, int]) -> None:
    """Its top left quarter is bright; what Pillow makes of its EXIF is the judge."""
    image = Image.new("RGB", size, (40, 40, 40))
    image.paste((220, 220, 220), (0, 0, size[0] // 2, size[1] // 2))
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = io.BytesIO()
    image.save(content, "JPEG", quality=95, exif=exif)
    with Image.open(content) as stored:
        wanted = ImageOps.pad(ImageOps.exif_transpose(stored), (320, 180))
    made([content.getvalue()] * 2, tmp_path / "film.mp4")
    with av.open(str(tmp_path / "film.mp4")) as container:
        found = next(container.decode(video=0)).to_ndarray(format="gray")
    off = np.abs(found.astype(int) - np.asarray(wanted.convert("L"), int)) > 24
    assert off.mean() < 0.03


@pytest.mark.parametrize("gain", [0.5, 0.8, 0.999, 1.0, 1.1, 1.37, 2.0])
@pytest.mark.parametrize("level", [0, 40, 90, 160, 255])
def test_a_gain_multiplies_the_light(tmp_path: Path, gain: float, level: int) -> None:
    made([jpeg(320, 180, (level,) * 3, quality=95)] * 2, tmp_path / "film.mp4", gain=gain)
    assert lumas(tmp_path / "film.mp4") == pytest.approx([min(255, level * gain)] * 2, abs=2)


@pytest.mark.parametrize("gain", [0.6, 1.4])
def test_a_gain_leaves_black_bars_black_and_colours_as_full(tmp_path: Path, gain: float) -> None:
    colour = (120, 80, 40)
    made([jpeg(180, 180, colour, quality=95)] * 2, tmp_path / "film.mp4", gain=gain)
    with av.open(str(tmp_path / "film.mp4")) as container:
        frame = next(container.decode(video=0)).reformat(format="rgb24", src_colorspace=5, dst_color_range=2)
    found = frame.to_ndarray()
    assert found[:, :60].max() < 10
    assert found[90, 160] == pytest.approx([round(value * gain) for value in colour], abs=16)
    assert np.argsort(found[90, 160]).tolist() == [2, 1, 0]


def test_gains_even_out_a_flicker(tmp_path: Path) -> None:
    light = [100, 140, 100, 70, 100, 150]
    shown = [jpeg(320, 180, (level,) * 3, quality=95) for level in light]
    frames = [replace(frame, gain=100 / level) for frame, level in zip(frames_of(6), light, strict=True)]
    encode(shown, frames, SMALL, tmp_path / "film.mp4")
    assert lumas(tmp_path / "film.mp4") == pytest.approx([100] * 6, abs=2)


CAPTIONED = replace(SMALL, width=640, height=360, overlay=True)
VANCOUVER = ZoneInfo("America/Vancouver")


def captioned(film: Path, level: int, frame: Frame) -> np.ndarray:
    """Return the light of a film of one grey picture with its caption."""
    encode([jpeg(640, 360, (level,) * 3, quality=95)] * 2, [frame] * 2, CAPTIONED, film)
    with av.open(str(film)) as container:
        return next(container.decode(video=0)).to_ndarray(format="gray").astype(int)


@pytest.mark.parametrize("level", [0, 60, 128, 200, 255])
def test_a_caption_can_be_read_on_any_light(tmp_path: Path, level: int) -> None:
    found = captioned(tmp_path / "film.mp4", level, frames_of(1, offset_minutes=-420, zone="PDT")[0])
    rows, columns = np.nonzero(np.abs(found - level) > 30)
    assert rows.min() > 320
    assert columns.max() < 320
    corner = found[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert (corner > 215).mean() > 0.05 or level == 255
    assert (corner < 40).mean() > 0.05 or level == 0
    assert np.ptp(corner) > 180


def test_a_caption_is_each_photos_own_time_through_the_change_of_the_clocks(tmp_path: Path) -> None:
    """2026-11-01: half past one comes twice in Vancouver, first PDT, then PST."""
    frames = []
    for hour in (8, 9):
        at = datetime(2026, 11, 1, hour, 30, tzinfo=UTC)
        local = at.astimezone(VANCOUVER)
        offset = local.utcoffset()
        assert offset is not None
        frames.append(Frame(at, "x", int(offset.total_seconds()) // 60, local.tzname() or ""))
    assert [frame.caption for frame in frames] == ["2026-11-01 01:30 PDT", "2026-11-01 01:30 PST"]
    summer, winter = (captioned(tmp_path / f"{frame.zone}.mp4", 100, frame) for frame in frames)
    differs = np.nonzero((np.abs(summer - winter) > 60).any(axis=0))[0]
    drawn = np.nonzero((np.abs(summer - 100) > 60).any(axis=0))[0]
    assert len(differs)
    assert differs.min() > drawn.min() + 0.8 * np.ptp(drawn)
    assert np.ptp(differs) < 0.1 * np.ptp(drawn)


@pytest.mark.parametrize("other", [0, 3, 9, 11, 14, 15], ids=lambda place: "2026-06-21 14:05"[place])
def test_digits_keep_their_places_from_frame_to_frame(other: int) -> None:
    text = "2026-06-21 14:05 UTC+05:30"
    drawn = []
    for caption in (text, text[:other] + "8" + text[other + 1 :]):
        frame = Canvas(640, 360).frame(jpeg(640, 360, (100,) * 3), "")
        draw_caption(frame, caption)
        drawn.append(frame.to_ndarray(format="gray").astype(int))
    changed = np.nonzero((drawn[0] != drawn[1]).any(axis=0))[0]
    assert np.ptp(changed) < 13


@pytest.mark.parametrize("size", [(64, 36), (16, 16), (4096, 16), (1080, 1920)], ids=str)
def test_a_caption_is_cut_off_where_it_does_not_fit(size: tuple[int, int]) -> None:
    frame = Canvas(*size).frame(jpeg(*size), "")
    draw_caption(frame, "2026-06-21 14:05 UTC+05:30")
    assert frame.to_ndarray(format="gray").max() > 225


def test_a_film_without_the_overlay_shows_no_caption(tmp_path: Path) -> None:
    made([jpeg(320, 180, (100,) * 3, quality=95)] * 2, tmp_path / "film.mp4", zone="PDT")
    assert np.ptp(planes(tmp_path / "film.mp4")[:180].astype(int)) < 8


@pytest.mark.real("ffprobe")
@pytest.mark.parametrize("profile", [AV1, replace(AV1, overlay=True, width=640, height=360)], ids=["plain", "caption"])
@pytest.mark.parametrize("count", [1, 2, 49])
def test_av1_is_what_another_decoder_says_it_is(tmp_path: Path, profile: Any, count: int) -> None:
    film = tmp_path / "film.mp4"
    assert made(pictures(count, profile.width, profile.height), film, profile).frames == count
    check(film, count, profile)
    (stream,) = probe(film)["streams"]
    assert (stream["codec_name"], stream["pix_fmt"], stream["color_range"]) == ("av1", "yuv420p", "tv")
    assert {stream[tag] for tag in ("color_space", "color_primaries", "color_transfer")} == {"bt709"}
    assert int(stream["nb_read_frames"]) == count
    assert (stream["time_base"], stream["avg_frame_rate"]) == ("1/90000", f"{profile.fps}/1")
    assert lumas(film) == pytest.approx(np.linspace(20, 230, count).astype(int), abs=3 if not profile.overlay else 12)


def test_a_film_is_the_same_whenever_it_is_made(tmp_path: Path) -> None:
    """So that a piece made on another host, or after a failure, joins those that are there."""
    for profile, number in itertools.product((USUAL, AV1), range(2)):
        made(noise(30), tmp_path / f"{profile.codec}{number}.mp4", profile)
    for codec in ("h264", "av1"):
        assert (tmp_path / f"{codec}0.mp4").read_bytes() == (tmp_path / f"{codec}1.mp4").read_bytes()
