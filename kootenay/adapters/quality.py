"""A picture measured once, from the lightness of its smallest rendition, and against the photo before.

Of the photo before only a signature is needed: its mean lightness in 8 x 6 cells, to a 256th of a level. Averages over
hundreds of pixels are never the same twice in front of a living scene, not even at night; a picture that was handed
over again has them all.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

from kootenay.adapters.renditions import Luma
from kootenay.rules.quality import Measures

CELLS = (8, 6)
SIGNATURE_BYTES = 2 * CELLS[0] * CELLS[1]
STEPS = 256
"""Of a signature's numbers in one level of lightness."""
WIDTH = 320
"""Pixels at which sharpness is measured; a larger picture is reduced, for it depends on the size."""
CLIPPED = 4
"""Levels from either end that JPEG leaves of what was clipped."""

Array = npt.NDArray[np.float64]


def signature_of(luma: Luma) -> bytes:
    """Given a picture's lightness, return the signature that the next photo is measured against."""
    cells = _image(luma).convert("F").resize(CELLS, Image.Resampling.BOX)
    return np.rint(np.asarray(cells, np.float64) * STEPS).astype("<u2").tobytes()


def measure(luma: Luma, before: bytes | None = None) -> Measures:
    """Given a picture's lightness and the signature of the photo before, return its measures."""
    picture = np.asarray(_image(luma).reduce(max(1, luma.width // WIDTH)), np.float64)
    contrast = float(picture.std())
    difference, same = _against(_cells(signature_of(luma)), before)
    return Measures(
        light=float(picture.mean()),
        contrast=contrast,
        black=float((picture <= CLIPPED).mean()),
        white=float((picture >= 255 - CLIPPED).mean()),
        sharpness=float(_laplacian(picture).var()) / max(contrast**2, 1.0),
        difference=difference,
        same=same,
    )


def _image(luma: Luma) -> Image.Image:
    return Image.frombytes("L", (luma.width, luma.height), luma.samples)


def _laplacian(picture: Array) -> Array:
    around = np.pad(picture, 1, "edge")
    return around[:-2, 1:-1] + around[2:, 1:-1] + around[1:-1, :-2] + around[1:-1, 2:] - 4 * picture


def _against(cells: Array, before: bytes | None) -> tuple[float | None, float | None]:
    """A clipped cell is the same in any two pictures and tells nothing; without other cells nothing is the same."""
    if before is None or len(before) != SIGNATURE_BYTES:
        return None, None
    earlier = _cells(before)
    telling = (cells > CLIPPED) & (cells < 255 - CLIPPED)
    same = float((cells == earlier)[telling].mean()) if telling.any() else 0.0
    return float(np.abs(cells - earlier).mean()), same


def _cells(signature: bytes) -> Array:
    return np.frombuffer(signature, "<u2").astype(np.float64) / STEPS
