"""What photos promise: upright renditions of a known size that tell nothing of the original, or plain words."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kootenay.adapters.files import set_aside
from kootenay.adapters.photos import (
    Arrival,
    archive_original,
    arrivals,
    check_bytes,
    make_renditions,
    orphans,
    remove_arrival,
)
from kootenay.errors import ArchiveError, NotAPhotoError
from kootenay.rules.renditions import Size
from kootenay.rules.sidecar import Companion
from tests.adapters.conftest import SLOT, STEP, jpeg, names, sidecar_of, start_python

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
from kootenay.adapters.photos import make_renditions
from kootenay.errors import NotAPhotoError
try:
    make_renditions(Path(sys.argv[1]), (320,), 85, 1e8)
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


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return tmp_path / "photo.jpg"


def arrive(incoming: Path, content: bytes, slot: Any = SLOT) -> Arrival:
    """Put a photo and its sidecar into the incoming folder."""
    sidecar = sidecar_of(content, slot)
    path = incoming / f"{sidecar.stem}.jpg"
    path.write_bytes(content)
    path.with_suffix(".json").write_text(sidecar.to_json())
    return Arrival(path, sidecar)


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
    photo: Path, original: tuple[int, int], widths: tuple[int, ...], sizes: list[tuple[int, int]]
) -> None:
    photo.write_bytes(jpeg(*original))
    made = make_renditions(photo, widths, 85, 1e8)
    assert made.original == Size(*original)
    assert [(file.size.width, file.size.height) for file in made.files] == sizes
    for file in made.files:
        assert opened(file.content).size == (file.size.width, file.size.height)
        assert file.sha256 == hashlib.sha256(file.content).hexdigest()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("widths", [(300, 60), (40,)], ids=["full decode", "decoded small"])
def test_every_orientation_comes_out_upright(photo: Path, orientation: int, widths: tuple[int, ...]) -> None:
    turn = TURNED[orientation - 1]
    upright = scene(400, 200)
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo.write_bytes(saved(upright if turn is None else upright.transpose(turn), exif=exif))
    made = make_renditions(photo, widths, 85, 1e8)
    assert made.original == Size(400, 200)
    for file in made.files:
        image = opened(file.content)
        assert image.size == (file.size.width, file.size.width // 2)
        places = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
        found = [image.getpixel((int(x * image.width), int(y * image.height))) for x, y in places]
        assert np.allclose(found, [*CORNERS.values(), (120, 120, 120)], atol=12)


def test_renditions_carry_nothing_of_the_originals_metadata(photo: Path) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "secret camera", 6
    exif.get_ifd(0x8825)[1] = "N"
    xmp, profile = b"<x:xmpmeta>secret place</x:xmpmeta>", b"secret profile" * 20
    photo.write_bytes(saved(noise(), exif=exif, comment=b"secret words", xmp=xmp, icc_profile=profile))
    assert photo.read_bytes().count(b"secret") >= 4
    for file in make_renditions(photo, (100, 50), 85, 1e8).files:
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
def test_any_jpeg_becomes_rgb_of_the_same_colour(photo: Path, mode: str, colour: Any, expected: Any) -> None:
    photo.write_bytes(jpeg(400, 300, colour, mode))
    for file in make_renditions(photo, (320, 64), 85, 1e8).files:
        image = opened(file.content)
        assert image.mode == "RGB"
        assert np.allclose(np.asarray(image).mean(axis=(0, 1)), expected, atol=4)


def test_a_rendition_looks_like_its_original(photo: Path) -> None:
    image = scene(1600, 900)
    photo.write_bytes(saved(image))
    for file in make_renditions(photo, (1280, 640, 320, 64), 85, 1e8).files:
        wanted = np.asarray(image.resize((16, 9), Image.Resampling.BOX), np.float32)
        found = np.asarray(opened(file.content).resize((16, 9), Image.Resampling.BOX), np.float32)
        assert np.abs(found - wanted).mean() < 3


def test_quality_is_the_one_asked_for(photo: Path) -> None:
    photo.write_bytes(saved(noise()))
    low, high = (make_renditions(photo, (200,), quality, 1e8).files[0].content for quality in (40, 95))
    assert len(high) > 2 * len(low)
    assert opened(low).quantization == opened(saved(noise(), quality=40)).quantization
    assert opened(high).quantization == opened(saved(noise(), quality=95)).quantization


def test_a_camera_s_multi_picture_jpeg_is_a_photo(photo: Path) -> None:
    noise().save(photo, "MPO", save_all=True, append_images=[Image.new("RGB", (64, 48))])
    assert make_renditions(photo, (100,), 85, 1e8).original == Size(200, 150)


@pytest.mark.parametrize("share", [0, 0.001, 0.01, 0.05, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_photo_is_refused(photo: Path, share: float) -> None:
    content = saved(noise())
    photo.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(NotAPhotoError, match=r"photo\.jpg cannot be decoded") as caught:
        make_renditions(photo, (100,), 85, 1e8)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "TIFF", "BMP"])
def test_another_kind_of_picture_is_refused(photo: Path, kind: str) -> None:
    noise().save(photo, kind)
    with pytest.raises(NotAPhotoError):
        make_renditions(photo, (100,), 85, 1e8)


def test_the_first_file_a_new_process_sees_may_be_no_photo(photo: Path) -> None:
    photo.write_bytes(b"<html>502 Bad Gateway</html>")
    with start_python(FRESH, photo) as process:
        assert process.communicate(timeout=60)[0] == "refused\n"


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow's word on damaged EXIF
@settings(max_examples=100, deadline=None)
@given(
    cut=st.integers(20, 4000),
    damage=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=12),
)
def test_damage_is_survived_or_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, cut: int, damage: list[tuple[int, int]]
) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x011A] = 6, "camera", 72.0
    content = bytearray(saved(noise(60, 40), exif=exif)[:cut])
    for place, value in damage:
        if place < len(content):
            content[place] = value
    path = tmp_path_factory.getbasetemp() / "damaged.jpg"
    path.write_bytes(content)
    try:
        made = make_renditions(path, (40, 20), 85, 1e6)
    except NotAPhotoError:
        return
    assert all(opened(file.content).mode == "RGB" for file in made.files)


@pytest.mark.parametrize("size", [(60_000, 60_000), (12_000, 12_000)], ids=["3600 megapixels", "144 megapixels"])
def test_a_header_over_the_limit_is_refused_undecoded(
    photo: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    content = jpeg(16, 16)
    start = content.index(b"\xff\xc0")
    width, height = (side.to_bytes(2, "big") for side in size)
    photo.write_bytes(content[: start + 5] + height + width + content[start + 9 :])
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(NotAPhotoError):
        make_renditions(photo, (320,), 85, 100e6)


@pytest.mark.parametrize(("most", "taken"), [(64 * 48, True), (64 * 48 - 1, False)], ids=["at", "over"])
def test_the_limit_itself_is_allowed(photo: Path, most: int, taken: bool) -> None:
    photo.write_bytes(jpeg(64, 48))
    if taken:
        assert make_renditions(photo, (32,), 85, most).original == Size(64, 48)
    else:
        with pytest.raises(NotAPhotoError, match="64 x 48 pixels, over"):
            make_renditions(photo, (32,), 85, most)


def test_a_photo_with_its_sidecar_has_arrived_the_oldest_slot_first(tmp_path: Path) -> None:
    late, early = arrive(tmp_path, jpeg(), SLOT + STEP), arrive(tmp_path, jpeg(), SLOT)
    assert arrivals(tmp_path) == ([early, late], [])
    assert early.sidecar_path.exists()


def test_half_of_a_pair_waits(tmp_path: Path) -> None:
    one, other = arrive(tmp_path, jpeg(), SLOT), arrive(tmp_path, jpeg(), SLOT + STEP)
    one.sidecar_path.unlink()
    other.photo.unlink()
    assert arrivals(tmp_path) == ([], [])
    assert names(tmp_path) == [one.photo.name, other.sidecar_path.name]


def test_hidden_files_half_uploads_links_and_folders_are_no_arrivals(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    incoming = tmp_path / "incoming"
    for folder in (elsewhere, incoming):
        folder.mkdir()
    linked, part, folder_of, hidden, half = (arrive(elsewhere, jpeg(), SLOT + step * STEP) for step in range(5))
    (incoming / linked.photo.name).symlink_to(linked.photo)
    (incoming / linked.sidecar_path.name).symlink_to(linked.sidecar_path)
    (incoming / part.photo.name).symlink_to(part.photo)
    (incoming / part.sidecar_path.name).write_bytes(part.sidecar_path.read_bytes())
    (incoming / folder_of.photo.name).mkdir()
    (incoming / folder_of.sidecar_path.name).write_bytes(folder_of.sidecar_path.read_bytes())
    for path in (hidden.photo, hidden.sidecar_path):
        (incoming / f".{path.name}").write_bytes(path.read_bytes())
    for path in (half.photo, half.sidecar_path):
        (incoming / f".{path.name}.part").write_bytes(path.read_bytes())
    before = names(incoming)
    assert arrivals(incoming) == ([], [])
    assert names(incoming) == before


@pytest.mark.parametrize(
    ("sidecar", "words"),
    [
        pytest.param(b"", "is not a photo's sidecar", id="empty"),
        pytest.param(b"{}", "is not a photo's sidecar", id="says nothing"),
        pytest.param(b"[1, 2]", "is not a photo's sidecar", id="no object"),
        pytest.param(b"\xff\xd8", "is not a photo's sidecar", id="bytes"),
        pytest.param(sidecar_of(b"another").to_json().encode(), "is not the photo its sidecar speaks of", id="other"),
    ],
)
def test_a_sidecar_that_does_not_fit_makes_a_misfit(tmp_path: Path, sidecar: bytes, words: str) -> None:
    good, bad = arrive(tmp_path, jpeg(), SLOT + STEP), arrive(tmp_path, jpeg(), SLOT)
    bad.sidecar_path.write_bytes(sidecar)
    ready, misfits = arrivals(tmp_path)
    assert ready == [good]
    ((path, reason),) = misfits
    assert path == bad.photo
    assert words in reason
    assert "\n" not in reason


def test_bytes_that_are_not_the_senders_are_damaged_on_the_way(tmp_path: Path) -> None:
    arrival = arrive(tmp_path, jpeg())
    check_bytes(arrival)
    arrival.photo.write_bytes(jpeg()[:-10])
    with pytest.raises(NotAPhotoError, match=r"has \d+ bytes .* its sender says [0-9a-f]{12}: damaged on the way"):
        check_bytes(arrival)


def test_an_original_is_archived_once_byte_for_byte(tmp_path: Path) -> None:
    arrival = arrive(tmp_path, jpeg())
    target = tmp_path / "archive" / "lake" / "photo.jpg"
    archive_original(arrival.photo, target, arrival.sidecar.sha256)
    stands = target.stat()
    archive_original(arrival.photo, target, arrival.sidecar.sha256)
    assert target.read_bytes() == jpeg()
    assert (target.stat().st_ino, target.stat().st_mtime_ns) == (stands.st_ino, stands.st_mtime_ns)
    assert arrival.photo.exists()


def test_an_original_never_takes_the_place_of_another(tmp_path: Path) -> None:
    arrival = arrive(tmp_path, jpeg())
    target = tmp_path / "archive" / "photo.jpg"
    target.parent.mkdir()
    target.write_bytes(b"another")
    with pytest.raises(ArchiveError, match="both were left alone"):
        archive_original(arrival.photo, target, arrival.sidecar.sha256)
    assert target.read_bytes() == b"another"
    assert arrival.photo.read_bytes() == jpeg()


def test_a_misfit_is_set_aside_with_its_sidecar_and_the_reason(tmp_path: Path) -> None:
    incoming, quarantine = tmp_path / "incoming", tmp_path / "quarantine"
    incoming.mkdir()
    for content in (b"junk", b"junk"):
        arrival = arrive(incoming, content)
        set_aside([arrival.photo, arrival.sidecar_path], quarantine, "no whole JPEG")
        assert names(incoming) == []
        assert names(quarantine) == sorted(
            [arrival.photo.name, arrival.sidecar_path.name, f"{arrival.photo.stem}.reason.txt"]
        )
        assert (quarantine / f"{arrival.photo.stem}.reason.txt").read_text() == "no whole JPEG\n"
        assert (quarantine / arrival.photo.name).read_bytes() == content
    set_aside([arrival.photo, arrival.sidecar_path], quarantine, "once more, after a kill")


def test_a_removal_that_was_cut_short_is_found_and_finished(tmp_path: Path) -> None:
    whole, orphan = arrive(tmp_path, jpeg(), SLOT), arrive(tmp_path, jpeg(), SLOT + STEP)
    orphan.photo.unlink()
    (tmp_path / "notes.json").write_text("{}")
    assert orphans(tmp_path) == [orphan]
    remove_arrival(orphan)
    assert orphans(tmp_path) == []
    assert names(tmp_path) == sorted(["notes.json", whole.photo.name, whole.sidecar_path.name])
    remove_arrival(whole)
    remove_arrival(whole)
    assert names(tmp_path) == ["notes.json"]


def test_a_photo_is_removed_before_its_sidecar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrival, gone = arrive(tmp_path, jpeg()), list[str]()
    unlink = Path.unlink
    monkeypatch.setattr(Path, "unlink", lambda path, **how: (gone.append(path.suffix), unlink(path, **how))[1])
    remove_arrival(arrival)
    assert gone == [".jpg", ".json"]


def test_a_companion_travels_with_its_photo_and_is_waited_for(tmp_path: Path) -> None:
    raw = b"II*\0 the same shot"
    companion = Companion(".nef", hashlib.sha256(raw).hexdigest(), len(raw))
    sidecar = replace(sidecar_of(jpeg()), companions=(companion,))
    photo = tmp_path / f"{sidecar.stem}.jpg"
    photo.write_bytes(jpeg())
    photo.with_suffix(".json").write_text(sidecar.to_json())
    assert arrivals(tmp_path) == ([], [])
    photo.with_suffix(".nef").write_bytes(raw)
    (arrival,), _ = arrivals(tmp_path)
    check_bytes(arrival)
    photo.with_suffix(".nef").write_bytes(b"damaged")
    with pytest.raises(NotAPhotoError, match=r"\.nef has 7 bytes .* damaged on the way"):
        check_bytes(arrival)
    remove_arrival(arrival)
    assert names(tmp_path) == []
