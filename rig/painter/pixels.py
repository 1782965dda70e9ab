"""Arithmetic on levels and pictures: ramps, soft steps and blends, and the way from levels to bytes."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rig.painter.frame import Size

Array = NDArray[np.floating[Any]]

DITHER_SEED = 3


def ramp(value: float, places: tuple[float, ...], levels: tuple[float, ...]) -> float:
    """Given a value, return its level on the straight line through the points (place, level)."""
    return float(np.interp(value, places, levels))


def smooth(low: float, high: float, value: Array | np.float32) -> Array:
    """Given two edges and values, return 0 below, 1 above, and a soft step between."""
    part = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(part * part * (3 - 2 * part), np.float32)


def mix(under: Array, over: Array, share: Array) -> Array:
    """Given two colours or pictures and a share of 0..1 per pixel, return the blend."""
    return under + (over - under) * share[..., None]


@lru_cache(maxsize=2)
def _dither(rows: int, columns: int) -> Array:
    return np.random.default_rng(DITHER_SEED).random((rows, columns, 1), dtype=np.float32)


def dithered(levels: Array) -> Image.Image:
    """Given levels of 0..255, return them as a picture, always dithered alike against bands."""
    return Image.fromarray((levels + _dither(*levels.shape[:2])).astype(np.uint8))


def enlarged(levels: Array, size: Size) -> Image.Image:
    """Given coarse levels and a size, return them as a picture of that size."""
    return dithered(levels).resize(size, Image.Resampling.BILINEAR)
