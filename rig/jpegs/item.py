"""One JPEG of the corpus with what is to be made of it, the picture most of them show, and their segments."""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

Colour = tuple[int, int, int]
Verdict = Literal["whole", "refused", "either"]

SIZE = (96, 64)
COLOURS: tuple[Colour, ...] = ((200, 60, 50), (60, 170, 80), (50, 80, 180), (200, 190, 120))
"""Of the picture's quarters: top left, top right, bottom left, bottom right."""
GREYS: tuple[Colour, ...] = ((40, 40, 40), (100, 100, 100), (160, 160, 160), (220, 220, 220))
NOISE = 10
"""Levels that pixels lie about their quarter's colour, so that there is something to damage."""
SECRET = b"SECRET"
"""Stands in every piece of metadata that must not be told."""

APP1, APP2, APP13, APP14, COM, SOS = 0xE1, 0xE2, 0xED, 0xEE, 0xFE, 0xDA
SOI, EOI = b"\xff\xd8", b"\xff\xd9"


@dataclass(frozen=True)
class Item:
    """A file and its verdict: `words` is a pattern that the reason of a refusal has; `size` is upright, in pixels.

    `colours` are those of the four quarters, upright, in sRGB, each within `tolerance` levels.
    """

    name: str
    content: bytes
    verdict: Verdict
    words: str = ""
    size: tuple[int, int] = SIZE
    colours: tuple[Colour, ...] = COLOURS
    tolerance: int = 14


def whole(name: str, content: bytes, **expected: Any) -> Item:
    return Item(name, content, "whole", **expected)


def refused(name: str, content: bytes, words: str = "") -> Item:
    return Item(name, content, "refused", words)


def picture(size: tuple[int, int] = SIZE, colours: tuple[Colour, ...] = COLOURS) -> Image.Image:
    """Given a size and the colours of its quarters, return a picture with a little noise, always the same."""
    width, height = size
    pixels = np.random.default_rng(4).integers(-NOISE, NOISE + 1, (height, width, 3))
    for quarter, colour in enumerate(colours):
        rows = slice(None, height // 2) if quarter < 2 else slice(height // 2, None)
        columns = slice(width // 2, None) if quarter % 2 else slice(None, width // 2)
        pixels[rows, columns] += colour
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def saved(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """Given a picture and Pillow's options, return it as a file's bytes."""
    content = io.BytesIO()
    image.save(content, kind, **({"quality": 92} | options if kind in ("JPEG", "MPO") else options))
    return content.getvalue()


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def with_segments(content: bytes, *segments: bytes) -> bytes:
    """Given a JPEG, return it with segments behind its SOI."""
    return content[:2] + b"".join(segments) + content[2:]


def segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, place, length with its marker) of each segment up to the first scan's header."""
    place, marker = 2, 0
    while marker != SOS:
        marker, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4], "big")
        yield marker, place, length + 2
        place += length + 2


def frame(content: bytes) -> int:
    """Given a JPEG, return the place of its frame header's marker (SOF0 to SOF15)."""
    return next(
        place for marker, place, _ in segments(content) if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}
    )


def scan(content: bytes) -> int:
    """Given a JPEG, return where the coded data of its first scan begins."""
    return next(place + length for marker, place, length in segments(content) if marker == SOS)


def patched(content: bytes, place: int, value: bytes) -> bytes:
    return content[:place] + value + content[place + len(value) :]


def without(content: bytes, unwanted: int) -> bytes:
    """Given a JPEG and a marker, return it without the segments of that marker."""
    for marker, place, length in reversed(list(segments(content))):
        if marker == unwanted:
            content = content[:place] + content[place + length :]
    return content
