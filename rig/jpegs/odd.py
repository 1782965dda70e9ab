"""What is whole and yet not what the usual camera writes: every way up, of storing colours, and of saying too much."""

import struct
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
import simplejpeg
from PIL import Image

from rig.jpegs.item import (
    APP1,
    APP13,
    APP14,
    COM,
    GREYS,
    SECRET,
    SIZE,
    Item,
    patched,
    picture,
    refused,
    saved,
    segment,
    segments,
    whole,
    with_segments,
    without,
)

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

INK = 30
"""Levels by which inks without a profile may differ: there is no one way to make them into light."""


def odd() -> Iterator[Item]:
    """Yield every odd but whole JPEG, and the few ways up that are none."""
    yield from _ways_up()
    yield from _stored()
    yield from _sampled()
    yield from _sizes()
    yield from _told()


def _ways_up() -> Iterator[Item]:
    for number, turn in enumerate(TURNED, 1):
        seen = picture().transpose(turn) if turn is not None else picture()
        for progressive in (False, True):
            content = saved(seen, exif=_exif(number), progressive=progressive)
            yield whole(f"orientation {number}{', progressive' if progressive else ''}", content)
    for number in (0, 9, 255, 65535):
        yield whole(f"orientation {number}, which is none", saved(picture(), exif=_exif(number)))
    letters = b"Exif\0\0II*\0" + struct.pack("<IHHHI4sI", 8, 1, 0x0112, 2, 2, b"6", 0)
    yield whole("orientation in letters", with_segments(saved(picture()), segment(APP1, letters)))
    yield whole("EXIF of noise", with_segments(saved(picture()), segment(APP1, b"Exif\0\0" + bytes(range(256)))))
    yield whole("EXIF of nothing", with_segments(saved(picture()), segment(APP1, b"Exif\0\0")))


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def _stored() -> Iterator[Item]:
    good = picture()
    yield whole("quality 100", saved(good, quality=100))
    yield whole("quality 5", saved(good, quality=5), tolerance=40)
    yield whole("progressive", saved(good, progressive=True))
    yield whole("optimized", saved(good, optimize=True))
    for level in (0, 128, 255):
        flat = Image.new("RGB", (640, 480), (level,) * 3)
        shown = {"size": flat.size, "colours": ((level,) * 3,) * 4}
        yield whole(f"all {level}", saved(flat), **shown)
        yield whole(f"all {level}, its data zeros", saved(flat, optimize=True), **shown)
        yield whole(f"all {level}, progressive", saved(flat, progressive=True), **shown)
    yield whole("restarts each row", saved(good, restart_marker_rows=1))
    yield whole("stored as red, green, blue", saved(good, keep_rgb=True, subsampling=0))
    yield whole("without its JFIF", without(saved(good), 0xE0))
    yield whole("Motion JPEG, without Huffman tables", without(saved(good), 0xC4))
    yield whole("grey", saved(picture(colours=GREYS).convert("L")), colours=GREYS)
    yield whole("grey, progressive", saved(picture(colours=GREYS).convert("L"), progressive=True), colours=GREYS)
    yield whole("MPO", saved(good, "MPO", save_all=True, append_images=[Image.new("RGB", SIZE)]))
    yield whole("CMYK of Adobe", saved(inks_of(good)), tolerance=INK)
    yield whole("CMYK of nobody", without(saved(_inverted(inks_of(good))), APP14), tolerance=INK)
    yield whole("YCCK of Adobe", _ycck(inks_of(good)), tolerance=INK)


def inks_of(image: Image.Image) -> Image.Image:
    """Given light, return inks with a black of their own."""
    light = np.asarray(image, np.float64) / 255
    black = 1 - light.max(axis=2, keepdims=True)
    inks = np.concatenate([1 - light / np.maximum(1 - black, 1e-6), black], axis=2)
    return Image.fromarray(np.rint(inks * 255).astype(np.uint8), "CMYK")


def _inverted(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.invert(np.asarray(image)), image.mode)


def _ycck(inks: Image.Image) -> bytes:
    """Adobe's transform 2: the three inks as if they were light, in YCbCr; black as it is; all inverted but they."""
    samples = np.asarray(inks)
    luma = np.asarray(Image.fromarray(samples[:, :, :3]).convert("YCbCr"))
    stored = np.concatenate([luma, 255 - samples[:, :, 3:]], axis=2)
    content = saved(_inverted(Image.fromarray(stored, "CMYK")))
    at = next(place for marker, place, _ in segments(content) if marker == APP14)
    return patched(content, at + 15, b"\2")


def _sampled() -> Iterator[Item]:
    pixels = np.ascontiguousarray(np.asarray(picture()))
    for sampling in ("444", "422", "420", "440", "411"):
        yield whole(f"colours sampled {sampling}", simplejpeg.encode_jpeg(pixels, 92, "RGB", sampling))
    for layout in ("yuvj420p", "yuvj422p", "yuvj444p"):
        yield whole(f"ffmpeg's {layout}", _by_ffmpeg(layout))


def _by_ffmpeg(layout: str) -> bytes:
    """ffmpeg names sampling factors that no other encoder does: 4:2:2 is 2x2, 1x2, 1x2."""
    codec = av.CodecContext.create("mjpeg", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt, codec.time_base = *SIZE, layout, Fraction(1, 25)
    codec.options = {"qmin": "2", "qmax": "2"}
    frame = av.VideoFrame.from_ndarray(np.asarray(picture()), "rgb24").reformat(
        format=layout, dst_color_range="JPEG", dst_colorspace="ITU601"
    )
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])


def _sizes() -> Iterator[Item]:
    flat = ((120, 130, 140),) * 4
    for size in [(1, 1), (7, 5), (8, 8), (17, 33), (1, 300), (300, 1), (65500, 1), (1, 65500)]:
        yield whole(f"{size[0]} x {size[1]}", saved(picture(size, flat)), size=size, colours=flat)
    for size in [(95, 63), (97, 65)]:
        yield whole(f"{size[0]} x {size[1]}", saved(picture(size)), size=size)


def _told() -> Iterator[Item]:
    """What must not be told: who, where, with what; and what would only be carried along."""
    secret = SECRET.decode()
    exif = Image.Exif()
    exif.update({0x010F: secret, 0x0110: secret, 0x013B: secret, 0x8298: secret, 0x0112: 1})
    exif.get_ifd(0x8769).update({0xA430: secret, 0xA431: secret, 0xA435: secret, 0x927C: SECRET, 0x9286: SECRET})
    exif.get_ifd(0x8825).update({1: "N", 2: (49.0, 52.0, 1.9), 3: "W", 4: (118.0, 0.0, 26.5), 0x1B: SECRET})
    yield whole("EXIF that tells all", saved(picture(), exif=exif, comment=SECRET))
    good = saved(picture())
    said = {
        "XMP": segment(APP1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"),
        "IPTC": segment(APP13, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0b\x1c\x02\x50\0\6" + SECRET),
        "a comment": segment(COM, SECRET),
        "a thousand comments": segment(COM, SECRET) * 1000,
        "an unknown segment": segment(0xEA, SECRET * 9000),
        "a thumbnail": segment(APP1, b"Exif\0\0" + _thumbnail()),
    }
    for what, segments_ in said.items():
        yield whole(what, with_segments(good, segments_))
    yield refused("nothing but comments", good[:2] + segment(COM, SECRET) * 1000 + good[-2:])


def _thumbnail() -> bytes:
    """A second directory whose JPEG is of another colour and holds the secret (Exif's IFD1)."""
    small = with_segments(saved(Image.new("RGB", (16, 16))), segment(COM, SECRET))
    first = struct.pack("<IHI", 8, 0, 14)
    second = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 44, 0x0202, 4, 1, len(small), 0)
    return b"II*\0" + first + second + small
