"""What a photo's EXIF says of its time and of which way is up, read from the bytes themselves.

Pillow's reader warns of each tag that it cannot read, thousands of times for one hostile block, and Python's filters of
warnings belong to all threads at once. Here only what is asked for is read, a few bytes of it. Nothing is raised
whatever the bytes: what cannot be read is not there.
"""

import struct
from collections.abc import Iterator

from kootenay.rules.photo_time import Evidence, Stamp

ORIENTATION, TIME, EXIF_IFD, GPS_IFD = 0x0112, 0x0132, 0x8769, 0x8825
ORIGINAL, DIGITIZED = 0x9003, 0x9004
OFFSET, OFFSET_ORIGINAL, OFFSET_DIGITIZED = 0x9010, 0x9011, 0x9012
FRACTION, FRACTION_ORIGINAL, FRACTION_DIGITIZED = 0x9290, 0x9291, 0x9292
GPS_TIME, GPS_DATE = 0x0007, 0x001D
"""CIPA DC-008 (Exif 3.0), 4.6."""

TEXTS = (1, 2, 7, 129)
"""BYTE, ASCII, UNDEFINED, UTF-8: some cameras write text under any of them."""
SHORT, LONG, RATIONAL = 3, 4, 5
INTEGERS = {SHORT: "H", LONG: "I"}
BYTES_OF = {1: 1, 2: 1, 7: 1, 129: 1, SHORT: 2, LONG: 4, RATIONAL: 8}
LONGEST = 64
"""Bytes of a value that are read; a time has 20."""

APP1, SOS, EOI = 0xE1, 0xDA, 0xD9
ALONE = {0x01, *range(0xD0, 0xD9)}
"""Markers without a length: TEM, RST0 to RST7 and SOI (ITU-T T.81, B.1.1.3)."""
EXIF = b"Exif\0"

Values = dict[int, tuple[int, bytes]]
"""By tag, the type and the bytes of its value."""


def evidence_of(content: bytes) -> Evidence:
    """Given a JPEG's bytes, return what its EXIF says of the time, unjudged."""
    tiff = _Tiff(content)
    main, details, gps = tiff.main, tiff.under(EXIF_IFD), tiff.under(GPS_IFD)
    stamps = (
        Stamp(_text(details, ORIGINAL), _text(details, OFFSET_ORIGINAL), _text(details, FRACTION_ORIGINAL)),
        Stamp(_text(details, DIGITIZED), _text(details, OFFSET_DIGITIZED), _text(details, FRACTION_DIGITIZED)),
        Stamp(_text(main, TIME), _text(details, OFFSET), _text(details, FRACTION)),
    )
    said = tuple(stamp for stamp in stamps if stamp.time)
    return Evidence(stamps=said, gps_date=_text(gps, GPS_DATE), gps_time=tiff.rationals(gps, GPS_TIME))


def orientation_of(content: bytes) -> int:
    """Given a JPEG's bytes, return EXIF's orientation, 1 to 8; nonsense is 1, upright."""
    tiff = _Tiff(content)
    found = tiff.number(tiff.main, ORIENTATION)
    return found if 1 <= found <= 8 else 1


class _Tiff:
    """The TIFF structure inside a JPEG's EXIF; its first image file directory is `main`."""

    def __init__(self, content: bytes) -> None:
        self.block = next(_exif_blocks(content), b"")
        self.order = {b"II*\0": "<", b"MM\0*": ">"}.get(self.block[:4])
        start = self._unpacked("I", self.block[4:8])
        self.main = self._directory(start[0]) if start else {}

    def under(self, tag: int) -> Values:
        """Return the directory that a tag of the main one points at."""
        start = self.number(self.main, tag)
        return self._directory(start) if start else {}

    def number(self, values: Values, tag: int) -> int:
        kind, value = values.get(tag, (0, b""))
        found = self._unpacked(INTEGERS[kind], value) if kind in INTEGERS else ()
        return found[0] if found else 0

    def rationals(self, values: Values, tag: int) -> str:
        """Return a value's rationals as `18/1 50/1 0/1`."""
        kind, value = values.get(tag, (0, b""))
        found = self._unpacked("I" * (len(value) // 4), value) if kind == RATIONAL else ()
        return " ".join(f"{above}/{below}" for above, below in zip(found[::2], found[1::2], strict=False))

    def _directory(self, start: int) -> Values:
        count = self._unpacked("H", self.block[start : start + 2])
        found: Values = {}
        for index in range(min(count[0], len(self.block) // 12) if count else 0):
            place = start + 2 + 12 * index
            entry = self._unpacked("HHI", self.block[place : place + 8])
            if not entry:
                break
            tag, kind, values = entry
            size = BYTES_OF.get(kind, 0) * values
            where = self._unpacked("I", self.block[place + 8 : place + 12]) if size > 4 else (place + 8,)
            if where and size:
                found.setdefault(tag, (kind, self.block[where[0] : where[0] + min(size, LONGEST)]))
        return found

    def _unpacked(self, layout: str, value: bytes) -> tuple[int, ...]:
        if self.order is None or len(value) < struct.calcsize(self.order + layout):
            return ()
        return struct.unpack_from(self.order + layout, value)


def _exif_blocks(content: bytes) -> Iterator[bytes]:
    """Yield what stands in each APP1 segment of EXIF before the picture's first scan."""
    at = 2
    while content.startswith(b"\xff\xd8") and at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker in (SOS, EOI):
            return
        if marker == 0xFF:  # fill bytes may stand before any marker
            at += 1
            continue
        if marker in ALONE:
            at += 2
            continue
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        if marker == APP1 and content.startswith(EXIF, at + 4):
            yield content[at + 4 + len(EXIF) + 1 : at + 2 + length]
        at += 2 + max(2, length)


def _text(values: Values, tag: int) -> str:
    kind, value = values.get(tag, (0, b""))
    return value.split(b"\0")[0].decode("ascii", "replace").strip() if kind in TEXTS else ""
