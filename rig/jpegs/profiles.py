"""ICC profiles made by hand, the pictures that are right under them, and profiles that are none.

A profile is a header of 128 bytes, a table of tags and their data (ICC.1:2010, 7). Where one is right, the picture is
written in its colours, so that whoever ignores it shows other ones.
"""

import io
import struct
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Literal

import numpy as np
from PIL import Image, ImageCms

from rig.jpegs.item import (
    APP2,
    COLOURS,
    GREYS,
    SECRET,
    Item,
    patched,
    picture,
    saved,
    segment,
    whole,
    with_segments,
)
from rig.jpegs.odd import INK, inks_of

White = tuple[float, float, float]
D50: White = (0.9642, 1.0, 0.8249)
Matrix = Sequence[White]
"""Red, green and blue in XYZ, adapted to D50; they add up to it."""
SRGB: Matrix = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
ADOBE: Matrix = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
WIDE: Matrix = ((0.7977, 0.2880, 0.0), (0.1352, 0.7119, 0.0), (0.0313, 0.0001, 0.8249))
P3: Matrix = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
NAME = b"Lake " + SECRET


def profiled() -> Iterator[Item]:
    """Yield a JPEG under every kind of profile, right and wrong."""
    good = picture()
    yield whole("ICC sRGB of LittleCMS", saved(good, icc_profile=_by_lcms("sRGB")))
    right = {
        "sRGB primaries": rgb_profile(SRGB, gamma(2.2)),
        "Adobe's primaries": rgb_profile(ADOBE, gamma(2.2)),
        "ProPhoto's primaries": rgb_profile(WIDE, gamma(1.8)),
        "P3's primaries": rgb_profile(P3, gamma(2.2)),
        "red and blue swapped": rgb_profile(SRGB[::-1], gamma(2.2)),
        "linear light": rgb_profile(SRGB, struct.pack(">4sII", b"curv", 0, 0)),
        "a curve of 64 steps": rgb_profile(SRGB, _table(64)),
        "a curve by its formula": rgb_profile(SRGB, _formula(), version=4),
        "120 kB": rgb_profile(ADOBE, gamma(2.2), extra=120_000),
    }
    for name, profile in right.items():
        yield whole(f"ICC {name}", saved(_in_colours_of(good, profile), icc_profile=profile), tolerance=18)
    adobe = right["Adobe's primaries"]
    swapped = right["red and blue swapped"]
    grey = picture(colours=GREYS).convert("L")
    dark_grey = profile_of(b"GRAY", {b"wtpt": xyz(D50), b"kTRC": gamma(1.0)})
    shown = grey.point([round(255 * (level / 255) ** 2.2) for level in range(256)])
    yield whole("ICC grey", saved(shown, icc_profile=dark_grey), colours=GREYS, tolerance=18)
    inks, cmyk = _inks_of_table(good)
    yield whole("ICC CMYK", saved(inks, icc_profile=cmyk), tolerance=30)
    yield from _wrong(good, grey, {"RGB": swapped, "GRAY": dark_grey, "CMYK": cmyk, "long": right["120 kB"]})
    yield whole(
        "ICC segments in disorder", _in_disorder(_in_colours_of(good, right["120 kB"]), right["120 kB"]), tolerance=18
    )
    yield whole(
        "ICC, progressive", saved(_in_colours_of(good, adobe), icc_profile=adobe, progressive=True), tolerance=18
    )


def _wrong(good: Image.Image, grey: Image.Image, profiles: dict[str, bytes]) -> Iterator[Item]:
    """A profile that cannot be the picture's is none: the picture is shown as sRGB."""
    swapped = profiles["RGB"]
    chance = np.random.default_rng(5)
    wrong = {
        "of Lab": _by_lcms("LAB"),
        "of XYZ": _by_lcms("XYZ"),
        "of grey on colours": profiles["GRAY"],
        "of inks on colours": profiles["CMYK"],
        "of noise": chance.bytes(3000),
        "of one byte": b"\0",
        "of nothing but its header": swapped[:128],
        "cut in half": swapped[: len(swapped) // 2],
        "of sRGB that claims 4 GB": b"\xff\xff\xff\xff" + _by_lcms("sRGB")[4:],
        "of a million tags": swapped[:128] + b"\0\x0f\xff\xff" + swapped[132:],
        "of zeros": bytes(3000),
        "in words": b"<?xml version='1.0'?><profile/>" * 30,
        "of noise behind its header": swapped[:132] + chance.bytes(len(swapped) - 132),
    }
    for name, profile in wrong.items():
        yield whole(f"ICC {name}", saved(good, icc_profile=profile))
    yield whole("ICC of colours on grey", saved(grey, icc_profile=swapped), colours=GREYS)
    yield whole("ICC of colours on inks", saved(inks_of(good), icc_profile=swapped), tolerance=INK)
    content = saved(good, icc_profile=profiles["long"])
    first = content.index(b"ICC_PROFILE\0") - 4
    length = int.from_bytes(content[first + 2 : first + 4], "big") + 2
    yield whole("ICC without its first segment", content[:first] + content[first + length :])
    yield whole("ICC of an empty segment", with_segments(saved(good), segment(APP2, b"ICC_PROFILE\0")))


def _by_lcms(space: Literal["LAB", "XYZ", "sRGB"]) -> bytes:
    """LittleCMS writes the time of making into it (bytes 24 to 35)."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes()
    return patched(profile, 24, struct.pack(">6H", 2026, 6, 21, 11, 50, 0))


def profile_of(
    space: bytes, tags: dict[bytes, bytes], *, connection: bytes = b"XYZ ", version: int = 2, kind: bytes = b"mntr"
) -> bytes:
    """Given a colour space and its tags, return the profile."""
    tags = {b"desc": _description(version), b"cprt": _text(version)} | tags
    place, table, data = 132 + 12 * len(tags), b"", b""
    for name, value in tags.items():
        table += struct.pack(">4sII", name, place + len(data), len(value))
        data += value.ljust(-(-len(value) // 4) * 4, b"\0")
    body = struct.pack(">I", len(tags)) + table + data
    header = struct.pack(">I4sI4s4s4s", 128 + len(body), b"lcms", version << 24, kind, space, connection)
    header += struct.pack(">6H4s", 2026, 6, 21, 11, 50, 0, b"acsp").ljust(32, b"\0")
    return header.ljust(68, b"\0") + b"".join(_fixed(part) for part in D50) + bytes(48) + body


def rgb_profile(primaries: Matrix, curve: bytes, *, version: int = 2, extra: int = 0) -> bytes:
    """Given primaries and the curve of each, return the profile of a monitor; `extra` bytes make it long."""
    tags = {name: xyz(primary) for name, primary in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)}
    tags |= {b"wtpt": xyz(D50)} | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return profile_of(b"RGB ", tags | ({b"dscm": b"text" + bytes(extra)} if extra else {}), version=version)


def xyz(value: White) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(_fixed(part) for part in value)


def gamma(exponent: float) -> bytes:
    return struct.pack(">4sIIH", b"curv", 0, 1, round(exponent * 256))


def _table(steps: int) -> bytes:
    values = [round(65535 * (step / (steps - 1)) ** 2.2) for step in range(steps)]
    return struct.pack(f">4sII{steps}H", b"curv", 0, steps, *values)


def _formula() -> bytes:
    """IEC 61966-2-1's own curve, as a parametric one of type 3."""
    return struct.pack(">4sIHH", b"para", 0, 3, 0) + b"".join(
        map(_fixed, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
    )


def _fixed(number: float) -> bytes:
    return struct.pack(">i", round(number * 65536))


def _description(version: int) -> bytes:
    if version >= 4:
        return _text(version)
    return struct.pack(">4sII", b"desc", 0, len(NAME) + 1) + NAME + bytes(1 + 8 + 3 + 67)


def _text(version: int) -> bytes:
    if version < 4:
        return b"text\0\0\0\0" + NAME + b"\0"
    words = NAME.decode().encode("utf-16-be")
    return struct.pack(">4sIII2s2sII", b"mluc", 0, 1, 12, b"en", b"US", len(words), 28) + words


def _in_colours_of(good: Image.Image, profile: bytes) -> Image.Image:
    """Return an sRGB picture in the colours of a profile."""
    found = ImageCms.profileToProfile(
        good, ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(profile))
    )
    assert found is not None
    return found


def _inks_of_table(good: Image.Image) -> tuple[Image.Image, bytes]:
    """Return a picture in inks, and a profile that makes light of them: a table of 2 steps an ink, in Lab."""
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    corners = [tuple(round(255 * (1 - ink) * (1 - inks[3])) for ink in inks[:3]) for inks in product((0, 1), repeat=4)]
    row = Image.new("RGB", (len(corners), 1))
    row.putdata(corners)
    lab = np.asarray(ImageCms.applyTransform(row, to_lab)).astype(np.int16)[0]
    lab[:, 1:] = (lab[:, 1:].astype(np.int8).astype(np.int16) + 128) & 255
    straight = bytes(range(256))
    table = struct.pack(">4sI4B", b"mft1", 0, 4, 3, 2, 0)
    table += b"".join(_fixed(part) for part in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    table += straight * 4 + lab.astype(np.uint8).tobytes() + straight * 3
    profile = profile_of(b"CMYK", {b"wtpt": xyz(D50), b"A2B0": table}, connection=b"Lab ", kind=b"prtr")
    return _matching(good, profile), profile


def _matching(good: Image.Image, profile: bytes) -> Image.Image:
    """Return the picture in inks that the profile shows as nearly the same: of a grid of inks, the nearest ones."""
    steps = np.linspace(0, 255, 33).astype(np.uint8)
    inks = np.stack([*np.meshgrid(steps, steps, steps, indexing="ij"), np.zeros((33, 33, 33), np.uint8)], axis=-1)
    grid = Image.fromarray(inks.reshape(33, -1, 4), "CMYK")
    seen = ImageCms.profileToProfile(
        grid, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert seen is not None
    light = np.asarray(seen, np.int32).reshape(-1, 3)
    quarters = np.zeros((good.height, good.width, 4), np.uint8)
    for quarter, colour in enumerate(COLOURS):
        nearest = inks.reshape(-1, 4)[((light - colour) ** 2).sum(axis=1).argmin()]
        rows = slice(None, good.height // 2) if quarter < 2 else slice(good.height // 2, None)
        quarters[rows, good.width // 2 * (quarter % 2) : good.width // 2 * (quarter % 2 + 1)] = nearest
    return Image.fromarray(quarters, "CMYK")


def _in_disorder(image: Image.Image, profile: bytes) -> bytes:
    """The segments of a long profile are numbered, and may come in any order (ICC.1:2010, B.4)."""
    parts = [profile[place : place + 60_000] for place in range(0, len(profile), 60_000)]
    numbered = [
        segment(APP2, b"ICC_PROFILE\0" + bytes([number, len(parts)]) + part) for number, part in enumerate(parts, 1)
    ]
    return with_segments(saved(image), *reversed(numbered))
