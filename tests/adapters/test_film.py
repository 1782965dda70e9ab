"""What films promise: every photo is a frame, unstretched and in its own light, and any player may begin at once."""

import io
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from kootenay.adapters.film import check, encode, top_level_boxes
from kootenay.errors import FilmError
from kootenay.rules.film_plan import Profile
from tests.adapters.conftest import jpeg
from tests.adapters.films import SMALL, frames_of, made, pictures, probe


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return tmp_path / "2026-06-21.mp4"


def still(picture: bytes, profile: Profile, film: Path) -> np.ndarray:
    """Render a picture alone; return its frame as RGB."""
    made([picture] * 2, film, profile)
    with av.open(str(film)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


@pytest.mark.real("ffprobe")
@pytest.mark.parametrize(
    ("count", "profile"),
    [
        pytest.param(40, SMALL, id="small"),
        pytest.param(1, SMALL, id="one photo"),
        pytest.param(25, Profile(width=640, height=360, fps=25, preset="veryfast"), id="as it is made"),
    ],
)
def test_another_decoder_finds_every_frame_and_what_a_phone_needs(film: Path, count: int, profile: Profile) -> None:
    heard: list[int] = []
    encode(pictures(count), frames_of(count), profile, film, heard.append)
    check(film, count, profile)
    (stream,) = probe(film)["streams"]
    assert int(stream["nb_read_frames"]) == count
    assert heard == list(range(1, count + 1))
    assert (stream["codec_name"], stream["pix_fmt"]) == ("h264", "yuv420p")
    assert (stream["width"], stream["height"]) == (profile.width, profile.height)
    assert stream["color_range"] == "tv"
    assert {stream[tag] for tag in ("color_space", "color_primaries", "color_transfer")} == {"bt709"}
    assert stream["avg_frame_rate"] == f"{profile.fps}/1"
    assert float(stream["duration"]) == pytest.approx(count / profile.fps, abs=0.001)
    assert stream["time_base"] == "1/90000"


@pytest.mark.real("ffprobe")
def test_a_player_may_jump_to_any_keyframe(film: Path) -> None:
    made(pictures(30), film)
    command = ["ffprobe", "-v", "error", "-show_entries", "frame=key_frame", "-of", "csv=p=0", str(film)]
    answer = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
    keys = [index for index, line in enumerate(answer) if line.startswith("1")]
    assert len(answer) == 30
    assert keys == list(range(0, 30, SMALL.keyframe_every))


def test_the_index_comes_first(film: Path) -> None:
    made(pictures(30), film)
    boxes = top_level_boxes(film)
    assert boxes[0] == "ftyp"
    assert boxes.index("moov") < boxes.index("mdat")


def test_frames_are_in_the_order_given(film: Path) -> None:
    made(pictures(12), film)
    with av.open(str(film)) as container:
        means = [frame.to_ndarray(format="gray").mean() for frame in container.decode(video=0)]
    assert means == sorted(means)
    assert means[-1] - means[0] > 150


@pytest.mark.parametrize(
    ("size", "box"),
    [
        pytest.param((320, 180), (0, 0, 320, 180), id="the canvas"),
        pytest.param((640, 360), (0, 0, 320, 180), id="larger"),
        pytest.param((160, 90), (0, 0, 320, 180), id="smaller"),
        pytest.param((240, 180), (40, 0, 280, 180), id="narrower"),
        pytest.param((90, 180), (115, 0, 205, 180), id="upright"),
        pytest.param((320, 90), (0, 45, 320, 135), id="wider"),
    ],
)
def test_a_photo_of_another_shape_is_padded_and_never_stretched(
    film: Path, size: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    frame = still(jpeg(*size, (200, 200, 200), quality=95), SMALL, film)
    left, top, right, bottom = box
    bright = np.argwhere(frame.min(axis=2) > 120)
    assert np.abs(bright.min(axis=0) - (top, left)).max() <= 2
    assert np.abs(bright.max(axis=0) + 1 - (bottom, right)).max() <= 2
    outside = np.ones(frame.shape[:2], bool)
    outside[max(0, top - 4) : bottom + 4, max(0, left - 4) : right + 4] = False
    assert not outside.any() or frame[outside].max() < 24


def test_a_circle_stays_round(film: Path) -> None:
    image = Image.new("RGB", (300, 300))
    yy, xx = np.mgrid[:300, :300]
    image.paste((230, 230, 230), mask=Image.fromarray((np.hypot(xx - 150, yy - 150) < 100).astype(np.uint8) * 255))
    content = io.BytesIO()
    image.save(content, "JPEG", quality=95)
    bright = np.argwhere(still(content.getvalue(), SMALL, film).min(axis=2) > 115)
    tall, wide = np.ptp(bright, axis=0) + 1
    assert tall == pytest.approx(120, abs=3)
    assert wide == pytest.approx(tall, abs=2)


def test_photos_of_mixed_sizes_make_one_film(film: Path) -> None:
    mixed = [jpeg(*size) for size in [(320, 180), (640, 360), (240, 180), (90, 180), (33, 17)]]
    made(mixed, film)
    check(film, 5, SMALL)


@pytest.mark.parametrize("level", [0, 16, 64, 128, 192, 235, 255])
def test_a_grey_keeps_its_light(film: Path, level: int) -> None:
    made([jpeg(320, 180, (level, level, level), quality=95)] * 3, film)
    with av.open(str(film)) as container:
        for frame in container.decode(video=0):
            luma = frame.to_ndarray(format="yuv420p")[: SMALL.height]
            assert luma.mean() == pytest.approx(16 + 219 * level / 255, abs=2)


@pytest.mark.parametrize(
    "colour", [(200, 40, 40), (40, 200, 40), (40, 40, 200), (250, 160, 60)], ids=["red", "green", "blue", "dusk"]
)
def test_a_colour_is_coded_as_bt709(film: Path, colour: tuple[int, int, int]) -> None:
    made([jpeg(320, 180, colour, quality=95)] * 3, film)
    red, green, blue = (value / 255 for value in colour)
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    expected = (16 + 219 * light, 128 + 224 * (blue - light) / 1.8556, 128 + 224 * (red - light) / 1.5748)
    with av.open(str(film)) as container:
        planes = next(container.decode(video=0)).to_ndarray(format="yuv420p")
    size, quarter = SMALL.height, SMALL.height // 4
    found = (planes[:size].mean(), planes[size : size + quarter].mean(), planes[size + quarter :].mean())
    assert found == pytest.approx(expected, abs=3)


def test_a_folder_that_is_not_there_makes_no_film(tmp_path: Path) -> None:
    with pytest.raises(FilmError, match="was not made"):
        made(pictures(3), tmp_path / "nowhere" / "film.mp4")


@pytest.mark.parametrize(
    ("planned", "profile"),
    [
        pytest.param(21, SMALL, id="a frame too few"),
        pytest.param(19, SMALL, id="a frame too many"),
        pytest.param(20, Profile(width=640, height=360), id="another size"),
    ],
)
def test_a_film_that_is_not_as_planned_is_refused(film: Path, planned: int, profile: Profile) -> None:
    made(pictures(20), film)
    check(film, 20, SMALL)
    with pytest.raises(FilmError, match="holds 20 frames of 320 x 180, planned were"):
        check(film, planned, profile)


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.95], ids=["nothing", "a header", "half", "nearly all"])
def test_a_film_cut_short_is_refused(film: Path, share: float) -> None:
    made(pictures(20), film)
    film.write_bytes(film.read_bytes()[: int(film.stat().st_size * share)])
    with pytest.raises(FilmError, match="not published"):
        check(film, 20, SMALL)


def test_a_film_that_is_not_there_is_refused(film: Path) -> None:
    assert made([], film).frames == 0
    with pytest.raises(FilmError, match="cannot be played"):
        check(film, 0, SMALL)


def test_a_film_with_its_index_at_the_end_is_refused(film: Path, tmp_path: Path) -> None:
    late = tmp_path / "late.mp4"
    made(pictures(20), film)
    with av.open(str(film)) as source, av.open(str(late), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    assert top_level_boxes(late).index("moov") > top_level_boxes(late).index("mdat")
    with pytest.raises(FilmError, match="index at the end"):
        check(late, 20, SMALL)


@pytest.mark.parametrize(
    ("content", "boxes"),
    [
        pytest.param(b"", [], id="empty"),
        pytest.param(b"\0\0\0\x08free\0\0\0\x0cmdat1234", ["free", "mdat"], id="plain"),
        pytest.param(
            b"\0\0\0\x01mdat" + (20).to_bytes(8, "big") + b"1234\0\0\0\x08moov", ["mdat", "moov"], id="64 bit"
        ),
        pytest.param(b"\0\0\0\x08moov\0\0\0\0mdat1234\0\0\0\x08free", ["moov", "mdat"], id="to the end"),
    ],
)
def test_boxes_are_found_in_their_order(film: Path, content: bytes, boxes: list[str]) -> None:
    film.write_bytes(content)
    assert top_level_boxes(film) == boxes
