"""A photo in the sizes people look at, all from one decode.

Pillow reads and resizes. `draft` lets the JPEG decoder shrink while it decodes, and each size is made from the next
larger one; renditions carry no metadata of the original.
"""

import hashlib
import io
import struct
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from kootenay.errors import NotAPhotoError
from kootenay.rules.renditions import Size, rendition_sizes

UPRIGHT_BY_TURNING = (5, 6, 7, 8)
"""EXIF orientations that swap width and height."""


@dataclass(frozen=True)
class Wish:
    """What to make of a photo: widths in pixels, libjpeg's quality of 1 to 95, and the most pixels to decode."""

    widths: tuple[int, ...]
    quality: int
    most_pixels: float
    private: bool = True


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
    """All sizes of one photo, largest first, the upright size of its original, and the smallest one's lightness."""

    original: Size
    files: tuple[RenditionFile, ...]
    small: Luma


def make_renditions(content: bytes, name: str, wish: Wish) -> Renditions:
    """Given a JPEG, return it upright in each width, decoded once. Raises NotAPhotoError for anything else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit here is `most_pixels`
        try:
            with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
                return _rendered(image, name, wish)
        except (
            UnidentifiedImageError,
            OSError,
            SyntaxError,
            ValueError,
            TypeError,
            struct.error,
            Image.DecompressionBombError,
        ) as error:
            msg = f"{name} cannot be decoded ({error}): no whole JPEG"
            raise NotAPhotoError(msg) from error


def _rendered(image: Image.Image, name: str, wish: Wish) -> Renditions:
    if image.width * image.height > wish.most_pixels:
        msg = f"{name} has {image.width} x {image.height} pixels, over [ingest] most_megapixels: not decoded"
        raise NotAPhotoError(msg)
    turned = image.getexif().get(0x0112, 1) in UPRIGHT_BY_TURNING
    original = Size(image.height, image.width) if turned else Size(image.width, image.height)
    sizes = rendition_sizes(original, wish.widths)
    largest = (sizes[0].height, sizes[0].width) if turned else (sizes[0].width, sizes[0].height)
    image.draft("RGB", largest)
    upright = ImageOps.exif_transpose(image).convert("RGB")
    files = []
    for size in sizes:
        upright = upright.resize((size.width, size.height), Image.Resampling.LANCZOS)
        content = _jpeg(upright, wish.quality)
        files.append(RenditionFile(size, content, hashlib.sha256(content).hexdigest()))
    return Renditions(original, tuple(files), Luma(*upright.size, upright.convert("L").tobytes()))


def _jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, comment=b"")  # else Pillow keeps the original's
    return buffer.getvalue()
