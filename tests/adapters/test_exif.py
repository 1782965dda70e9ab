"""EXIF is read as Pillow and cameras write it; whatever else stands there is nothing, quickly and without a word."""

import io
import struct
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kootenay.adapters.exif import evidence_of, orientation_of
from kootenay.rules.photo_time import Evidence, Stamp

MAIN, DETAILS, GPS = 0, 0x8769, 0x8825


def photo(exif: bytes | Image.Exif = b"", **options: Any) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (16, 16), (90, 120, 150)).save(content, "JPEG", exif=exif, **options)
    return content.getvalue()


def exif_of(tags: dict[int, dict[int, Any]], order: str = "<") -> Image.Exif:
    exif = Image.Exif()
    exif.endian = order
    for directory, values in tags.items():
        (exif if directory == MAIN else exif.get_ifd(directory)).update(values)
    return exif


def with_block(tiff: bytes, content: bytes | None = None) -> bytes:
    """Given a TIFF structure, return a JPEG whose EXIF it is."""
    content = content or photo()
    return content[:2] + b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff + content[2:]


def directory(*entries: tuple[int, int, int, bytes]) -> bytes:
    """Given (tag, type, count, four bytes), return a TIFF structure with these in its one directory."""
    packed = b"".join(struct.pack("<HHI", *entry[:3]) + entry[3] for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed + bytes(4)


WHOLE = {
    MAIN: {0x0112: 6, 0x0132: "2026:06:22 08:00:00", 0x0110: "A camera"},
    DETAILS: {
        0x9003: "2026:06:21 11:50:00",
        0x9011: "-07:00",
        0x9291: "25",
        0x9004: "2026:06:21 11:50:01",
        0x9010: "+02:00",
    },
    GPS: {0x001D: "2026:06:21", 0x0007: (18.0, 50.0, 0.5)},
}


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
def test_every_time_is_read_with_its_own_offset(order: str) -> None:
    found = evidence_of(photo(exif_of(WHOLE, order)))
    assert found == Evidence(
        stamps=(
            Stamp("2026:06:21 11:50:00", "-07:00", "25"),
            Stamp("2026:06:21 11:50:01"),
            Stamp("2026:06:22 08:00:00", "+02:00"),
        ),
        gps_date="2026:06:21",
        gps_time="18/1 50/1 1/2",
    )


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
def test_orientation_is_read(number: int, order: str) -> None:
    assert orientation_of(photo(exif_of({MAIN: {0x0112: number}}, order))) == number


@pytest.mark.parametrize(
    "entry",
    [
        (0x0112, 3, 1, b"\0\0\0\0"),
        (0x0112, 3, 1, b"\x09\0\0\0"),
        (0x0112, 3, 1, b"\xff\xff\0\0"),
        (0x0112, 2, 2, b"6\0\0\0"),
        (0x0112, 12, 1, b"\x06\0\0\0"),
        (0x0112, 3, 0, b"\x06\0\0\0"),
        (0x0112, 3, 100, b"\xff\xff\xff\xff"),
        (0x0112, 60000, 1, b"\x06\0\0\0"),
    ],
    ids=["0", "9", "65535", "text", "double", "none", "outside", "no type"],
)
def test_an_orientation_that_cannot_be_is_upright(entry: tuple[int, int, int, bytes]) -> None:
    assert orientation_of(with_block(directory(entry))) == 1


def test_the_first_of_two_exif_blocks_counts() -> None:
    first, second = exif_of({MAIN: {0x0132: "first"}}), exif_of({MAIN: {0x0132: "second"}})
    content = with_block(first.tobytes()[6:], with_block(second.tobytes()[6:]))
    assert [stamp.time for stamp in evidence_of(content).stamps] == ["first"]


def test_exif_stands_behind_other_segments_and_fill_bytes() -> None:
    content = photo(exif_of(WHOLE))
    moved = content[:2] + b"\xff\xff\xff\xfe\0\5abc" + content[2:]
    assert evidence_of(moved) == evidence_of(content)


def test_what_stands_behind_the_picture_is_not_its_exif() -> None:
    assert evidence_of(photo() + photo(exif_of(WHOLE))) == Evidence()


@pytest.mark.parametrize(
    ("kind", "time"), [(2, "26"), (7, "26"), (129, "26"), (4, ""), (5, ""), (13, "")], ids=lambda value: str(value)
)
def test_a_time_of_another_type_is_none(kind: int, time: str) -> None:
    found = evidence_of(with_block(directory((0x0132, kind, 3, b"26\0\0"))))
    assert "".join(stamp.time for stamp in found.stamps) == time


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"\xff\xd8",
        b"\xff\xd8\xff",
        b"\xff\xd8" + b"\xff" * 50,
        b"\xff\xd8\xff\xe1",
        b"\xff\xd8\xff\xe1\0\0",
        b"\xff\xd8\xff\xe1\xff\xffExif\0\0",
        b"\xff\xd8\xff\xe1\0\x08Exif\0\0II*\0",
        with_block(b"II*\0\xff\xff\xff\xff"),
        with_block(b"II*\0\x08\0\0\0\xff\xff"),
        with_block(directory((DETAILS, 4, 1, b"\x08\0\0\0"), (GPS, 4, 1, b"\x08\0\0\0"))),
        with_block(directory((DETAILS, 4, 1, b"\xff\xff\xff\xff"))),
        b"\x89PNG\r\n\x1a\n",
        b"<html>",
    ],
    ids=range(15),
)
def test_hostile_blocks_say_nothing(content: bytes) -> None:
    assert evidence_of(content) == Evidence()
    assert orientation_of(content) == 1


def test_a_block_that_claims_gigabytes_costs_next_to_nothing() -> None:
    claims = [(tag, 7, 0xFFFFFFF0, b"\x08\0\0\0") for tag in range(1, 5001)]
    content = with_block(directory(*claims))
    tracemalloc.start()
    evidence_of(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6


EXAMPLE = photo(exif_of(WHOLE))
END = EXAMPLE.index(b"\xff\xdb")


@given(st.lists(st.tuples(st.integers(0, END), st.integers(0, 255)), min_size=1, max_size=12), st.integers(0, END))
def test_a_damaged_block_raises_nothing(changes: list[tuple[int, int]], cut: int) -> None:
    damaged = bytearray(EXAMPLE)
    for place, value in changes:
        damaged[place] = value
    for content in (bytes(damaged), bytes(damaged[:cut])):
        assert isinstance(evidence_of(content), Evidence)
        assert 1 <= orientation_of(content) <= 8


@given(st.binary(max_size=200))
def test_noise_raises_nothing(noise: bytes) -> None:
    for content in (noise, with_block(noise), with_block(b"II*\0" + noise), with_block(b"MM\0*\0\0\0\x08" + noise)):
        assert isinstance(evidence_of(content), Evidence)
        assert 1 <= orientation_of(content) <= 8
