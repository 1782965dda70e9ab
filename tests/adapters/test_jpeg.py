"""What the judgement of a JPEG promises: a whole picture or plain words, and nothing decoded that is too large."""

import io
import struct
from typing import Any

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from kootenay.adapters.jpeg import MOST_SCANS, Pixels, decode, read_header
from kootenay.errors import NotAPhotoError
from kootenay.rules.renditions import Size

FIRST_SCAN = b"\xff\xda"


def saved(image: Image.Image | None = None, **options: Any) -> bytes:
    content = io.BytesIO()
    (image or noise()).save(content, "JPEG", **{"quality": 90} | options)
    return content.getvalue()


def noise(width: int = 200, height: int = 150) -> Image.Image:
    return Image.fromarray(np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8))


def decoded(content: bytes, width: int = 20, most: float = 1e8) -> Pixels:
    header = read_header(content, "photo.jpg", most)
    return decode(content, "photo.jpg", header, Size(width, width))


def refusal(content: bytes, width: int = 20) -> str:
    with pytest.raises(NotAPhotoError, match=r"^photo\.jpg cannot be decoded: .") as caught:
        decoded(content, width)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def with_frame(content: bytes, marker: int = 0xC0, precision: int = 8) -> bytes:
    place = content.index(b"\xff\xc0")
    return (
        content[:place]
        + bytes([0xFF, marker])
        + content[place + 2 : place + 4]
        + bytes([precision])
        + (content[place + 5 :])
    )


def oddly_sampled() -> bytes:
    """A grey picture of 48 x 16 pixels, three samples of light to one of colour: which TurboJPEG has no name for.

    By the tables of ISO/IEC 10918-1, K.3, a block of nothing is 00 1010 in light and 00 00 in colour.
    """
    content = bytearray(saved(Image.new("RGB", (48, 16), (128, 128, 128)), subsampling="4:4:4"))
    content[content.index(b"\xff\xc0") + 11] = 0x31
    start = content.index(FIRST_SCAN)
    scan = start + 2 + int.from_bytes(content[start + 2 : start + 4], "big")
    bits = ("001010" * 3 + "0000" * 2) * 4
    bits += "1" * (-len(bits) % 8)
    return bytes(content[:scan]) + int(bits, 2).to_bytes(len(bits) // 8, "big") + b"\xff\xd9"


@pytest.mark.parametrize("width", [20, 200], ids=["decoded small", "full decode"])
@pytest.mark.parametrize("kind", [{}, {"progressive": True}, {"restart_marker_blocks": 5}], ids=str)
class TestDamage:
    @pytest.mark.parametrize("left_out", [1, 2, 3, 100, 5000])
    def test_a_photo_without_its_end_is_refused(self, kind: dict[str, Any], width: int, left_out: int) -> None:
        refusal(saved(**kind)[:-left_out], width)

    @pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
    def test_a_photo_whose_rest_is_zeros_is_refused(self, kind: dict[str, Any], width: int, share: float) -> None:
        content = saved(**kind)
        kept = int(len(content) * share)
        refusal(content[:kept] + bytes(len(content) - kept), width)

    @pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
    def test_a_hole_of_zeros_is_refused(self, kind: dict[str, Any], width: int, share: float) -> None:
        content = saved(**kind)
        hole = int(len(content) * share)
        refusal(content[:hole] + bytes(64) + content[hole + 64 :], width)

    def test_what_follows_the_end_is_no_damage(self, kind: dict[str, Any], width: int) -> None:
        content = saved(**kind)
        whole = decoded(content, width)
        for tail in (bytes(1000), b"\n", b"PK\3\4 an archive", saved(noise(64, 48)), saved()[:300]):
            assert np.array_equal(decoded(content + tail, width), whole)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "it is empty", id="empty"),
        pytest.param(b"<html>502 Bad Gateway</html>", "does not begin as one", id="a page"),
        pytest.param(b"\0\0" + saved(), "does not begin as one", id="something before it"),
        pytest.param(b"\xff\xd8", "it ends within its header", id="its first bytes"),
        pytest.param(saved()[:300], "it ends within its header", id="its first tables"),
        pytest.param(b"\xff\xd8\xff\xd9", "no picture before byte 4", id="no picture"),
        pytest.param(b"\xff\xd8\0\0" + saved()[2:], "no segment begins at byte 2", id="junk in its header"),
        pytest.param(with_frame(saved(), precision=12), "12 bits a sample, 8 are taken", id="12 bits"),
        pytest.param(with_frame(saved(), 0xC9), "arithmetic coding", id="arithmetic"),
        pytest.param(with_frame(saved(), 0xCA), "arithmetic coding", id="arithmetic, progressive"),
        pytest.param(with_frame(saved(), 0xC3), "lossless or hierarchical coding", id="lossless"),
        pytest.param(with_frame(saved(), 0xC5), "lossless or hierarchical coding", id="hierarchical"),
        pytest.param(with_frame(saved(), 0xE9), "no frame header", id="no frame"),
        pytest.param(saved(progressive=True) + FIRST_SCAN * MOST_SCANS, "over 100 scans", id="a bomb of scans"),
    ],
)
def test_what_is_no_photo_is_told_in_plain_words(content: bytes, words: str) -> None:
    assert words in refusal(content)


@pytest.mark.parametrize("size", [(60_000, 60_000), (12_000, 12_000), (0, 100), (100, 0)], ids=str)
def test_a_size_that_cannot_be_is_refused_undecoded(monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    content = saved(noise(16, 16))
    start = content.index(b"\xff\xc0")
    monkeypatch.setattr(simplejpeg, "decode_jpeg", lambda *_, **__: pytest.fail("it was decoded"))
    refusal(content[: start + 5] + struct.pack(">HH", *size) + content[start + 9 :])


@pytest.mark.parametrize(("most", "taken"), [(64 * 48, True), (64 * 48 - 1, False)], ids=["at", "over"])
def test_the_limit_itself_is_allowed(most: int, taken: bool) -> None:
    content = saved(noise(64, 48))
    if taken:
        assert decoded(content, 64, most).shape == (48, 64, 3)
    else:
        with pytest.raises(NotAPhotoError, match="64 x 48 pixels, over"):
            decoded(content, 64, most)


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
def test_a_decode_is_the_picture(subsampling: str, progressive: bool) -> None:
    image = noise(20, 15).resize((200, 150), Image.Resampling.BICUBIC)
    found = decoded(saved(image, subsampling=subsampling, progressive=progressive), 200)
    assert np.abs(found.astype(int) - np.asarray(image)).mean() < 4


def test_a_decode_is_no_larger_than_it_must_be_and_never_smaller() -> None:
    content = saved(noise(800, 800))
    assert [decoded(content, width).shape[1] for width in (800, 401, 400, 150, 1)] == [800, 800, 400, 200, 100]
    assert decoded(saved(noise(81, 31)), 10).shape == (16, 41, 3)


def test_colours_sampled_oddly_are_decoded_too() -> None:
    found = decoded(oddly_sampled(), 48)
    assert found.shape == (16, 48, 3)
    assert np.all(found == 128)
    assert "its end is missing" in refusal(oddly_sampled()[:-2])


@pytest.mark.parametrize(
    ("exif", "orientation"),
    [
        *[pytest.param(struct.pack("<4sIHHHIH", b"II*\0", 8, 1, 0x112, 3, 1, n), n, id=f"{n}") for n in range(1, 9)],
        pytest.param(struct.pack(">4sIHHHIH", b"MM\0*", 8, 1, 0x112, 3, 1, 6), 6, id="big endian"),
        pytest.param(struct.pack(">4sIHHHII", b"MM\0*", 8, 1, 0x112, 4, 1, 6), 6, id="a long"),
        pytest.param(struct.pack("<4sIHHHIH", b"II*\0", 8, 1, 0x112, 3, 1, 0), 1, id="0"),
        pytest.param(struct.pack("<4sIHHHIH", b"II*\0", 8, 1, 0x112, 3, 1, 9), 1, id="9"),
        pytest.param(struct.pack("<4sIHHHIH", b"II*\0", 8, 1, 0x112, 3, 1, 65535), 1, id="65535"),
        pytest.param(struct.pack("<4sIHHHI4s", b"II*\0", 8, 1, 0x112, 2, 4, b"six\0"), 1, id="a word"),
        pytest.param(struct.pack("<4sI", b"II*\0", 0xFFFFFFFF), 1, id="a directory nowhere"),
        pytest.param(struct.pack("<4sIH", b"II*\0", 8, 65535), 1, id="a directory cut short"),
        pytest.param(b"no directory", 1, id="no TIFF"),
        pytest.param(b"", 1, id="none"),
    ],
)
def test_orientation_is_1_where_it_is_nonsense(exif: bytes, orientation: int) -> None:
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 8) + b"Exif\0\0" + exif
    content = saved()
    header = read_header(content[:2] + segment + content[2:], "photo.jpg", 1e8)
    assert header.orientation == orientation
    assert header.size == Size(200, 150)
    assert header.upright(header.size) == (Size(150, 200) if orientation >= 5 else Size(200, 150))
