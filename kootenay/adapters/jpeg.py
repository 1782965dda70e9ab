"""A JPEG, judged and decoded once: what its header says, then every bit of its picture or plain words why not.

libjpeg fills what is damaged with grey and only warns; Pillow drops those warnings, so TurboJPEG decodes here, which
tells them. A decode at a smaller scale still reads all of the coded data, so nothing is judged twice.
Segments: ISO/IEC 10918-1, annex B.
"""

import io
import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image

from kootenay.errors import NotAPhotoError
from kootenay.rules.renditions import Size

Pixels = npt.NDArray[np.uint8]
"""Rows, columns, and one channel (grey), three (red, green, blue) or four (ink, 0 is none)."""

START, SCAN, END = 0xD8, 0xDA, 0xD9
ALONE = {0x01, *range(0xD0, 0xD8)}
"""Markers without a length."""
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
TAKEN = {0xC0, 0xC1, 0xC2}
"""Frames that are decoded: baseline, extended and progressive, by Huffman codes."""
COLOURS = {1: "GRAY", 3: "RGB", 4: "CMYK"}
"""What a picture of so many components is decoded to."""
MOST_SCANS = 100
"""A camera's progressive photo has about ten; each one more costs as much as a decode."""
UPRIGHT_BY_TURNING = (5, 6, 7, 8)
"""EXIF orientations that swap width and height."""


@dataclass(frozen=True)
class Header:
    """What stands before the picture. `size` is that of the picture as it is stored, not turned upright."""

    size: Size
    components: int
    adobe: bool
    orientation: int
    exif: bytes
    profile: bytes

    @property
    def turned(self) -> bool:
        return self.orientation in UPRIGHT_BY_TURNING

    def upright(self, size: Size) -> Size:
        """Given a stored size, return the upright one, and the other way round."""
        return Size(size.height, size.width) if self.turned else size


def read_header(content: bytes, name: str, most_pixels: float) -> Header:
    """Given a file's bytes, return what its header says, nothing decoded; `most_pixels` bounds the picture.

    Raises NotAPhotoError for what is no JPEG, or one of a kind that no camera writes for people.
    """
    try:
        return _header(_segments(content), most_pixels)
    except (struct.error, IndexError) as error:
        raise _refusal(name, "it ends within its header") from error
    except ValueError as error:
        raise _refusal(name, error) from error


def _refusal(name: str, why: object) -> NotAPhotoError:
    return NotAPhotoError(f"{name} cannot be decoded: {why}")


def _segments(content: bytes) -> list[tuple[int, bytes]]:
    """Return (marker, payload) of each segment before the first scan."""
    if content[:2] != bytes([0xFF, START]):
        msg = "it does not begin as one" if content else "it is empty"
        raise ValueError(msg)
    found, place = [], 2
    while True:
        if content[place] != 0xFF:
            msg = f"no segment begins at byte {place}"
            raise ValueError(msg)
        while content[place] == 0xFF:
            place += 1
        marker = content[place]
        place += 1
        if marker in ALONE:
            continue
        if marker in (START, END):
            msg = f"no picture before byte {place}"
            raise ValueError(msg)
        (length,) = struct.unpack_from(">H", content, place)
        found.append((marker, content[place + 2 : place + length]))
        if marker == SCAN:
            if any(each == 0xC2 for each, _ in found) and content.count(b"\xff\xda") > MOST_SCANS:
                msg = f"over {MOST_SCANS} scans"
                raise ValueError(msg)
            return found
        place += length


def _header(segments: list[tuple[int, bytes]], most_pixels: float) -> Header:
    frame = next(((marker, payload) for marker, payload in segments if marker in FRAMES), None)
    if frame is None:
        msg = "no frame header"
        raise ValueError(msg)
    precision, height, width, components = struct.unpack_from(">BHHB", frame[1])
    if precision != 8:
        msg = f"{precision} bits a sample, 8 are taken"
        raise ValueError(msg)
    if frame[0] not in TAKEN:
        kind = "arithmetic" if frame[0] > 0xC8 else "lossless or hierarchical"
        msg = f"{kind} coding (SOF{frame[0] - 0xC0}), Huffman-coded baseline and progressive are taken"
        raise ValueError(msg)
    if not width or not height or components not in COLOURS:
        msg = f"{width} x {height} pixels of {components} components"
        raise ValueError(msg)
    if width * height > most_pixels:
        msg = f"{width} x {height} pixels, over [ingest] most_megapixels"
        raise ValueError(msg)
    exif = next((data[6:] for marker, data in segments if marker == 0xE1 and data[:6] == b"Exif\0\0"), b"")
    parts = sorted(data[12:] for marker, data in segments if marker == 0xE2 and data[:12] == b"ICC_PROFILE\0")
    return Header(
        size=Size(width, height),
        components=components,
        adobe=any(marker == 0xEE and data[:5] == b"Adobe" for marker, data in segments),
        orientation=_orientation(exif),
        exif=exif,
        profile=b"".join(part[2:] for part in parts),
    )


def _orientation(exif: bytes) -> int:
    """Return tag 0x0112 of the first directory (TIFF 6.0, section 2), 1 for none and for nonsense."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, start)
        for place in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(f"{order}HH", exif, place)
            if tag == 0x0112:
                (value,) = struct.unpack_from(order + {1: "B", 3: "H", 4: "I"}.get(kind, "H"), exif, place + 8)
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def decode(content: bytes, name: str, header: Header, at_least: Size) -> Pixels:
    """Return the whole picture as it is stored, at the smallest of libjpeg's scales that is not below a size.

    Raises NotAPhotoError when anything is missing or damaged up to the end of the picture (EOI). What follows it, as
    zeros, or the other pictures of a multi-picture file, is not looked at.
    """
    try:
        pixels: Pixels = simplejpeg.decode_jpeg(
            content, COLOURS[header.components], min_width=at_least.width, min_height=at_least.height
        )
    except ValueError as error:
        if "subsampling" not in str(error) or header.components != 3:
            raise _refusal(name, error) from error
        return _decode_odd(content, name)
    return np.invert(pixels) if header.adobe and header.components == 4 else pixels  # Adobe stores ink left out


def _decode_odd(content: bytes, name: str) -> Pixels:
    """Colours sampled in a way that TurboJPEG has no name for: Pillow, and its end is looked for, since it does not."""
    if not content.rstrip(b"\0").endswith(bytes([0xFF, END])):
        raise _refusal(name, "its end is missing")
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, TypeError, struct.error, Image.DecompressionBombError) as error:
        raise _refusal(name, error) from error
