"""A JPEG, judged and decoded once: what its header says, then every bit of its picture or plain words why not.

libjpeg fills what is damaged with grey and only warns; Pillow drops those warnings, so TurboJPEG decodes here, which
tells them. A decode at a smaller scale still reads all of the coded data, so nothing is judged twice.
Segments: ISO/IEC 10918-1, annex B.
"""

import io
import re
import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image

from kootenay.adapters.exif import orientation_of
from kootenay.errors import NotAPhotoError
from kootenay.rules.readiness import printable
from kootenay.rules.renditions import Size

Pixels = npt.NDArray[np.uint8]
"""Rows, columns, and one channel (grey), three (red, green, blue) or four (ink, 0 is none)."""

Segments = list[tuple[int, bytes]]

START, SCAN, END, HUFFMAN = 0xD8, 0xDA, 0xD9, 0xC4
ALONE = {0x01, *range(0xD0, 0xD8)}
"""Markers without a length."""
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
TAKEN = {0xC0, 0xC1, 0xC2}
"""Frames that are decoded: baseline, extended and progressive, by Huffman codes."""
MARKER = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])")
"""Any that ends coded data: in these, 0 follows 0xFF, or a restart's number (B.1.1.5)."""
HOLE = bytes(32)
"""No encoder writes so many zeros for a picture that is not flat: they are a block's 63 frequencies, all of them -1."""
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
        segments, scan = _segments(content)
        header = _header(segments, orientation_of(content), most_pixels)
        _refuse_zeros(content, scan)
    except (struct.error, IndexError) as error:
        raise _refusal(name, "it ends within its header") from error
    except ValueError as error:
        raise _refusal(name, error) from error
    return header


def _refusal(name: str, why: object) -> NotAPhotoError:
    return NotAPhotoError(f"{printable(name)} cannot be decoded: {why}")


def _segments(content: bytes) -> tuple[Segments, int]:
    """Return (marker, payload) of each segment up to the first scan's header, and where the coded data begin."""
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
            return found, place + length
        place += length


def _header(segments: Segments, orientation: int, most_pixels: float) -> Header:
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
        orientation=orientation,
        exif=exif,
        profile=b"".join(part[2:] for part in parts),
    )


def _refuse_zeros(content: bytes, scan: int) -> None:
    """Raise ValueError for a hole of zeros in coded data, which libjpeg takes for a pattern in four cases of ten."""
    if content.find(HOLE, scan) < 0:
        return
    codes: dict[int, int] = {}
    place = 2
    while (found := MARKER.search(content, place)) and found[1][0] != END:
        (length,) = struct.unpack_from(">H", content, found.end())
        payload = content[found.end() + 2 : found.end() + length]
        place = found.end() + length
        if found[1][0] == HUFFMAN:
            codes |= _shortest_codes(payload)
        elif found[1][0] == SCAN:
            following = MARKER.search(content, place)
            hole = content.find(HOLE, place, following.start() if following else len(content))
            if hole >= 0 and not _zeros_mean_flat(payload, codes):
                msg = f"zeros stand in its coded data from byte {hole}: a part of it was lost"
                raise ValueError(msg)


def _shortest_codes(tables: bytes) -> dict[int, int]:
    """Given Huffman tables, return each one's symbol of the code that is all zeros, by class and number (B.2.4.2)."""
    found, place = {}, 0
    while place + 17 < len(tables):
        found[tables[place]] = tables[place + 17]
        place += 17 + sum(tables[place + 1 : place + 17])
    return found


def _zeros_mean_flat(scan: bytes, codes: dict[int, int]) -> bool:
    """Given a scan's header (B.2.3), return whether zeros are a block like the one before with nothing in it.

    So encoders that make their own codes write a black picture or a white sky.
    """
    tables, (first, last, approximation) = scan[2], scan[-3:]
    light = first > 0 or approximation >> 4 > 0 or codes.get(tables >> 4, 0) == 0
    return light and (last == 0 or codes.get(tables & 15 | 16, 1) == 0)


def decode(content: bytes, name: str, header: Header, at_least: Size) -> Pixels:
    """Return the whole picture as it is stored, or its half, quarter or eighth where that is not below a size.

    Raises NotAPhotoError when anything is missing or damaged up to the end of the picture (EOI). What follows it, as
    zeros, or the other pictures of a multi-picture file, is not looked at. libjpeg's other scales are less like the
    photo where they are hardly larger than what is asked for.
    """
    scales = [Size(-(-header.size.width // part), -(-header.size.height // part)) for part in (8, 4, 2)]
    scaled = next((at for at in scales if at.width >= at_least.width and at.height >= at_least.height), header.size)
    try:
        pixels: Pixels = simplejpeg.decode_jpeg(
            content, COLOURS[header.components], min_width=scaled.width, min_height=scaled.height
        )
    except ValueError as error:
        if "ICC marker" in str(error):  # the picture is whole, only what its colours mean is not
            return decode(_without_profile(content), name, header, at_least)
        if "subsampling" not in str(error) or header.components != 3:
            raise _refusal(name, error) from error
        return _decode_odd(content, name)
    return np.invert(pixels) if header.adobe and header.components == 4 else pixels  # Adobe stores ink left out


def _without_profile(content: bytes) -> bytes:
    segments, scan = _segments(content)
    kept = (
        struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload for marker, payload in segments if marker != 0xE2
    )
    return content[:2] + b"".join(kept) + content[scan:]


def _decode_odd(content: bytes, name: str) -> Pixels:
    """Colours sampled in a way that TurboJPEG has no name for: Pillow, and its end is looked for, since it does not."""
    if not content.rstrip(b"\0").endswith(bytes([0xFF, END])):
        raise _refusal(name, "its end is missing")
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, TypeError, struct.error, Image.DecompressionBombError) as error:
        raise _refusal(name, error) from error
