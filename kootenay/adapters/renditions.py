"""A photo in the sizes people look at, all from one decode.

TurboJPEG shrinks while it decodes, and each size is made from the next larger one by Lanczos: by SIMD where there is a
wheel of it, else by Pillow. docs/bench.md has what the ways cost. Renditions are sRGB and say nothing of their
original, unless that is wished. All that takes long lets go of the GIL.
"""

import contextlib
import ctypes
import hashlib
import io
import struct
from dataclasses import dataclass

import numpy as np
import simplejpeg
from PIL import Image, ImageCms

from kootenay.adapters.jpeg import Header, Pixels, decode, read_header
from kootenay.rules.renditions import Size, rendition_sizes

try:
    import cykooz_resizer as simd
except ImportError:  # no wheel for this machine, as for ARM
    simd = None

MMAP_THRESHOLD, TRIM_THRESHOLD, ARENA_MAX = -3, -1, -8
with contextlib.suppress(AttributeError, OSError):  # another C library than glibc
    # mallopt(3): else each picture's memory goes back to Linux and is cleared anew, a sixth of a photo's CPU
    for parameter, value in {MMAP_THRESHOLD: 32 << 20, TRIM_THRESHOLD: 256 << 20, ARENA_MAX: 1}.items():
        ctypes.CDLL(None).mallopt(parameter, value)

ENGINE = 1
"""Raised when the same wish gives other pixels or other measures, so that `reingest` finds what is to be made anew."""


@dataclass(frozen=True)
class Wish:
    """What to make of a photo: widths in pixels, libjpeg's quality of 1 to 95, and the most pixels to decode.

    Unless `private`, renditions keep the original's EXIF, without its orientation and thumbnail.
    """

    widths: tuple[int, ...]
    quality: int
    most_pixels: float
    private: bool = True

    @property
    def recipe(self) -> str:
        """What a photo's row says of how it was made: the same wish and engine give the same pictures and measures."""
        said = f"{sorted(set(self.widths))} {self.quality} {self.private} {ENGINE}"
        return hashlib.sha256(said.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class RenditionFile:
    """A rendition in memory."""

    size: Size
    content: bytes
    sha256: str


@dataclass(frozen=True)
class Luma:
    """A picture's lightness in rows of bytes, 0 to 255."""

    width: int
    height: int
    samples: bytes


@dataclass(frozen=True)
class Renditions:
    """All sizes of one photo, largest first, the upright size of its original, and the smallest one's lightness.

    `note` is what a person should know of a photo that was taken in all the same, or empty.
    """

    original: Size
    files: tuple[RenditionFile, ...]
    small: Luma
    note: str = ""


def make_renditions(content: bytes, name: str, wish: Wish) -> Renditions:
    """Given a JPEG, return it upright in each width, decoded once. Raises NotAPhotoError for anything else."""
    header = read_header(content, name, wish.most_pixels)
    original = header.upright(header.size)
    sizes = rendition_sizes(original, wish.widths)
    largest = header.upright(sizes[0])
    pixels = _resized(decode(content, name, header, largest), largest)
    pixels, note = _in_srgb(pixels, header.profile)
    pixels = _turned(pixels, header.orientation)
    exif = b"" if wish.private else _exif_to_keep(header)
    files = []
    for size in sizes:
        pixels = _resized(pixels, size)
        jpeg = simplejpeg.encode_jpeg(pixels, wish.quality, "RGB", "420", fastdct=False)
        jpeg = jpeg[:2] + exif + jpeg[2:]
        files.append(RenditionFile(size, jpeg, hashlib.sha256(jpeg).hexdigest()))
    small = Luma(sizes[-1].width, sizes[-1].height, Image.fromarray(pixels).convert("L").tobytes())
    return Renditions(original, tuple(files), small, note)


def _resized(pixels: Pixels, size: Size) -> Pixels:
    height, width, channels = pixels.shape
    if (width, height) == (size.width, size.height):
        return pixels
    if simd is None:
        image = _image(pixels).resize((size.width, size.height), Image.Resampling.LANCZOS)
        return np.asarray(image).reshape(size.height, size.width, channels)
    kind = {1: simd.PixelType.U8, 3: simd.PixelType.U8x3, 4: simd.PixelType.U8x4}[channels]
    lanczos = simd.ResizeAlg.convolution(simd.FilterType.lanczos3)
    small = simd.ImageData(size.width, size.height, kind)
    large = simd.ImageData(width, height, kind, pixels.tobytes())
    simd.Resizer().resize(large, small, simd.ResizeOptions(lanczos, use_alpha=False))
    return np.frombuffer(small.get_buffer(), np.uint8).reshape(size.height, size.width, channels)


def _image(pixels: Pixels) -> Image.Image:
    """Return the same picture as one of Pillow's: grey, red-green-blue or ink by its channels."""
    if pixels.shape[2] == 1:
        return Image.fromarray(pixels[:, :, 0])
    return Image.fromarray(pixels, "CMYK" if pixels.shape[2] == 4 else "RGB")


def _in_srgb(pixels: Pixels, profile: bytes) -> tuple[Pixels, str]:
    """Given a picture in the colours of an ICC profile (or none), return it in sRGB, and what was wrong about that."""
    note = ""
    if profile:
        try:
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if pixels.shape[2] == 3 and ImageCms.getProfileDescription(given).startswith("sRGB"):
                return pixels, ""
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(_image(pixels), given, srgb, outputMode="RGB")
            return np.asarray(converted), ""
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
            note = f"its colour profile cannot be used ({error}), its colours are shown as if it had none"
    return (pixels if pixels.shape[2] == 3 else np.asarray(_image(pixels).convert("RGB"))), note


def _turned(pixels: Pixels, orientation: int) -> Pixels:
    """Return the picture as people saw it (CIPA DC-008, 4.6.5.1.6: where its first row and column are)."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return np.ascontiguousarray(pixels[rows, columns])


def _exif_to_keep(header: Header) -> bytes:
    """Return the segment for a rendition, empty where there is nothing, or nothing that can be read."""
    tags = Image.Exif()
    try:
        tags.load(header.exif)
        tags.pop(0x0112, None)
        kept = tags.tobytes() if tags else b""
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error):
        return b""
    return b"\xff\xe1" + struct.pack(">H", len(kept) + 2) + kept if 0 < len(kept) < 65534 else b""
