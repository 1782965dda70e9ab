"""What renditions promise: upright, of a known size, telling nothing of the original; or plain words."""

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from kootenay.adapters import renditions
from kootenay.adapters.renditions import Renditions, Wish, make_renditions
from kootenay.errors import NotAPhotoError
from kootenay.rules.renditions import Size
from tests.adapters.conftest import jpeg, start_python

CORNERS = {"top left": (200, 40, 40), "top right": (40, 200, 40), "bottom left": (40, 40, 200)}
TURNED = [
    None,
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.ROTATE_180,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.TRANSPOSE,
    Image.Transpose.ROTATE_90,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_270,
]
"""How the sensor saw an upright scene, by EXIF orientation less one (CIPA DC-008, 4.6.5.1.6)."""

FRESH = """
import sys
from pathlib import Path
from kootenay.adapters.renditions import Wish, make_renditions
from kootenay.errors import NotAPhotoError
try:
    make_renditions(Path(sys.argv[1]).read_bytes(), "photo.jpg", Wish((320,), 85, 1e8))
except NotAPhotoError:
    print("refused")
"""


def saved(image: Image.Image, **options: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, "JPEG", **{"quality": 95} | options)
    return content.getvalue()


def scene(width: int, height: int) -> Image.Image:
    """A picture whose corners differ, so that every turn shows."""
    image = Image.new("RGB", (width, height), (120, 120, 120))
    half = (width // 2, height // 2)
    for (x, y), corner in zip([(0, 0), (half[0], 0), (0, half[1])], CORNERS, strict=True):
        image.paste(CORNERS[corner], (x, y, x + half[0], y + half[1]))
    return image


def noise(width: int = 200, height: int = 150) -> Image.Image:
    return Image.fromarray(np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8))


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def rendered(content: bytes, *widths: int, quality: int = 85, most: float = 1e8) -> Renditions:
    return make_renditions(content, "photo.jpg", Wish(widths, quality, most))


@pytest.mark.parametrize(
    ("original", "widths", "sizes"),
    [
        pytest.param((800, 450), (640, 320), [(640, 360), (320, 180)], id="two sizes"),
        pytest.param((800, 450), (320, 640, 320), [(640, 360), (320, 180)], id="in any order"),
        pytest.param((640, 360), (640,), [(640, 360)], id="its own width"),
        pytest.param((400, 300), (1920, 640, 320), [(320, 240)], id="never enlarged"),
        pytest.param((200, 150), (1920, 640, 320), [(200, 150)], id="smaller than all"),
        pytest.param((801, 333), (320,), [(320, 133)], id="odd"),
        pytest.param((1000, 2), (320,), [(320, 1)], id="a line"),
    ],
)
def test_each_width_is_made_once_and_none_is_enlarged(
    original: tuple[int, int], widths: tuple[int, ...], sizes: list[tuple[int, int]]
) -> None:
    made = rendered(jpeg(*original), *widths)
    assert made.original == Size(*original)
    assert [(file.size.width, file.size.height) for file in made.files] == sizes
    for file in made.files:
        assert opened(file.content).size == (file.size.width, file.size.height)
        assert file.sha256 == hashlib.sha256(file.content).hexdigest()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("widths", [(300, 60), (40,)], ids=["full decode", "decoded small"])
def test_every_orientation_comes_out_upright(orientation: int, widths: tuple[int, ...]) -> None:
    turn = TURNED[orientation - 1]
    upright = scene(400, 200)
    exif = Image.Exif()
    exif[0x0112] = orientation
    made = rendered(saved(upright if turn is None else upright.transpose(turn), exif=exif), *widths)
    assert made.original == Size(400, 200)
    for file in made.files:
        image = opened(file.content)
        assert image.size == (file.size.width, file.size.width // 2)
        places = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
        found = [image.getpixel((int(x * image.width), int(y * image.height))) for x, y in places]
        assert np.allclose(found, [*CORNERS.values(), (120, 120, 120)], atol=12)


def test_renditions_carry_nothing_of_the_originals_metadata() -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "secret camera", 6
    exif.get_ifd(0x8825)[1] = "N"
    xmp, profile = b"<x:xmpmeta>secret place</x:xmpmeta>", b"secret profile" * 20
    photo = saved(noise(), exif=exif, comment=b"secret words", xmp=xmp, icc_profile=profile)
    assert photo.count(b"secret") >= 4
    for file in rendered(photo, 100, 50).files:
        assert b"secret" not in file.content
        image = opened(file.content)
        assert dict(image.getexif()) == {}
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        pytest.param("RGB", (180, 90, 30), (180, 90, 30), id="colour"),
        pytest.param("L", 140, (140, 140, 140), id="grey"),
        pytest.param("CMYK", (0, 255, 255, 0), (255, 0, 0), id="print"),
    ],
)
def test_any_jpeg_becomes_rgb_of_the_same_colour(mode: str, colour: Any, expected: Any) -> None:
    for file in rendered(jpeg(400, 300, colour, mode), 320, 64).files:
        image = opened(file.content)
        assert image.mode == "RGB"
        assert np.allclose(np.asarray(image).mean(axis=(0, 1)), expected, atol=4)


def test_a_rendition_looks_like_its_original() -> None:
    image = scene(1600, 900)
    for file in rendered(saved(image), 1280, 640, 320, 64).files:
        wanted = np.asarray(image.resize((16, 9), Image.Resampling.BOX), np.float32)
        found = np.asarray(opened(file.content).resize((16, 9), Image.Resampling.BOX), np.float32)
        assert np.abs(found - wanted).mean() < 3


def test_quality_is_the_one_asked_for() -> None:
    low, high = (rendered(saved(noise()), 200, quality=quality).files[0].content for quality in (40, 95))
    assert len(high) > 2 * len(low)
    assert opened(low).quantization == opened(saved(noise(), quality=40)).quantization
    assert opened(high).quantization == opened(saved(noise(), quality=95)).quantization


def test_a_camera_s_multi_picture_jpeg_is_a_photo() -> None:
    photo = io.BytesIO()
    noise().save(photo, "MPO", save_all=True, append_images=[Image.new("RGB", (64, 48))])
    assert rendered(photo.getvalue(), 100).original == Size(200, 150)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "TIFF", "BMP"])
def test_another_kind_of_picture_is_refused(kind: str) -> None:
    photo = io.BytesIO()
    noise().save(photo, kind)
    with pytest.raises(NotAPhotoError):
        rendered(photo.getvalue(), 100)


def test_the_first_file_a_new_process_sees_may_be_no_photo(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"<html>502 Bad Gateway</html>")
    with start_python(FRESH, photo) as process:
        assert process.communicate(timeout=60)[0] == "refused\n"


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow's word on damaged EXIF
@settings(max_examples=100, deadline=None)
@given(
    cut=st.integers(20, 4000),
    damage=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=12),
)
def test_damage_is_survived_or_refused_and_nothing_else(cut: int, damage: list[tuple[int, int]]) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x011A] = 6, "camera", 72.0
    content = bytearray(saved(noise(60, 40), exif=exif)[:cut])
    for place, value in damage:
        if place < len(content):
            content[place] = value
    try:
        made = rendered(bytes(content), 40, 20, most=1e6)
    except NotAPhotoError:
        return
    assert all(opened(file.content).mode == "RGB" for file in made.files)


def with_segment(content: bytes, marker: int, payload: bytes) -> bytes:
    return content[:2] + bytes([0xFF, marker]) + (len(payload) + 2).to_bytes(2, "big") + payload + content[2:]


def swapped_profile() -> bytes:
    """An ICC profile like sRGB with its red and its green changed for each other."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for old, new in [(b"rXYZ", b"tmpX"), (b"gXYZ", b"rXYZ"), (b"tmpX", b"gXYZ")]:
        srgb = srgb.replace(old, new, 1)
    return srgb.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))


@pytest.mark.parametrize(
    ("profile", "expected", "note"),
    [
        pytest.param(b"", (200, 60, 40), "", id="none"),
        pytest.param(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), (200, 60, 40), "", id="sRGB"),
        pytest.param(swapped_profile(), (60, 200, 40), "", id="another"),
        pytest.param(b"no profile at all", (200, 60, 40), "its colour profile cannot be used", id="broken"),
        pytest.param(swapped_profile()[:300], (200, 60, 40), "its colour profile cannot be used", id="cut short"),
    ],
)
def test_colours_are_srgb_whatever_their_profile(profile: bytes, expected: tuple[int, ...], note: str) -> None:
    made = rendered(saved(Image.new("RGB", (400, 300), (200, 60, 40)), icc_profile=profile or None), 320, 64)
    for file in made.files:
        image = opened(file.content)
        assert "icc_profile" not in image.info
        assert np.allclose(np.asarray(image).mean(axis=(0, 1)), expected, atol=6)
    assert made.note.startswith(note)
    assert bool(made.note) == bool(note)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_a_profile_of_other_channels_than_the_photo_s_is_noted(mode: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain, odd = (saved(noise().convert(mode), icc_profile=icc) for icc in (None, profile))
    assert rendered(odd, 100).files == rendered(plain, 100).files
    assert "cannot be used" in rendered(odd, 100).note


def test_exif_is_kept_where_it_is_wished_but_for_orientation_and_thumbnail() -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "a camera", 6
    exif.get_ifd(0x8769)[0x9003] = "2026:06:21 12:00:00"
    photo = saved(noise(), exif=exif)
    (file,) = make_renditions(photo, "photo.jpg", Wish((100,), 85, 1e8, private=False)).files
    kept = opened(file.content).getexif()
    assert dict(kept) | {0x8769: 0} == {0x010F: "a camera", 0x8769: 0}
    assert kept.get_ifd(0x8769) == {0x9003: "2026:06:21 12:00:00"}
    assert opened(file.content).size == (100, 133)
    assert file.sha256 == hashlib.sha256(file.content).hexdigest()


@pytest.mark.parametrize("exif", [b"", b"junk", b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff"], ids=repr)
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow's word on damaged EXIF
def test_exif_that_cannot_be_read_is_no_misfit(exif: bytes) -> None:
    photo = with_segment(saved(noise()), 0xE1, b"Exif\0\0" + exif)
    for private in (True, False):
        (file,) = make_renditions(photo, "photo.jpg", Wish((100,), 85, 1e8, private)).files
        assert dict(opened(file.content).getexif()) == {}


def test_without_simd_the_renditions_look_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for photo in (saved(scene(800, 600)), saved(scene(800, 600).convert("L")), saved(scene(800, 600).convert("CMYK"))):
        fast = rendered(photo, 640, 320)
        with monkeypatch.context() as patch:
            patch.setattr(renditions, "simd", None)
            slow = rendered(photo, 640, 320)
        for one, other in zip(fast.files, slow.files, strict=True):
            difference = np.asarray(opened(one.content), int) - np.asarray(opened(other.content))
            assert np.abs(difference).mean() < 0.5


def test_the_smallest_renditions_lightness_comes_along() -> None:
    made = rendered(saved(scene(400, 200)), 300, 60)
    small = np.frombuffer(made.small.samples, np.uint8).reshape(made.small.height, made.small.width)
    wanted = np.asarray(opened(made.files[-1].content).convert("L"), int)
    assert small.shape == (30, 60)
    assert np.abs(small - wanted).mean() < 3


def test_a_recipe_is_another_when_another_picture_would_come_out_of_it() -> None:
    wish = Wish((640, 320), 85, 1e8)
    others = [Wish((640,), 85, 1e8), Wish((640, 320), 86, 1e8), Wish((640, 320), 85, 1e8, private=False)]
    assert len({wish.recipe, *(each.recipe for each in others)}) == 4
    assert Wish((320, 640, 320), 85, 1e6).recipe == wish.recipe
