"""What drifts and wanders: fixed noise, sampled at absolute time, and the cloud cover. Frames minutes apart see the
same noise moved a little.
"""

import math
from functools import lru_cache

import numpy as np

from rig.painter.pixels import Array, smooth

NOISE = 512
WEATHER_SEED = 4


@lru_cache(maxsize=1)
def _noise() -> Array:
    """Return a square of fractal noise that tiles, with mean 0 and deviation 1."""
    white = np.random.default_rng(WEATHER_SEED).standard_normal((NOISE, NOISE), dtype=np.float32)
    down, across = np.fft.fftfreq(NOISE)[:, None] * NOISE, np.fft.rfftfreq(NOISE)[None, :] * NOISE
    distance = np.hypot(down, across)
    cloud = np.fft.irfft2(np.fft.rfft2(white) * (distance + 3.0) ** -1.95 * (distance > 1.5), s=white.shape)
    return np.asarray(cloud / cloud.std(), np.float32)


def sample(x: Array, y: Array) -> Array:
    """Given coordinates that broadcast, in periods of the noise, return the noise there, interpolated."""
    noise = _noise().ravel()
    x, y = x * NOISE + 8192.0, y * NOISE + 8192.0
    left, top = x.astype(np.int32), y.astype(np.int32)
    x, y = x - left, y - top
    row, next_row = (top & (NOISE - 1)) * NOISE, ((top + 1) & (NOISE - 1)) * NOISE
    left, right = left & (NOISE - 1), (left + 1) & (NOISE - 1)
    upper, lower = noise[row + left], noise[next_row + left]
    upper = upper + (noise[row + right] - upper) * x
    lower = lower + (noise[next_row + right] - lower) * x
    return np.asarray(upper + (lower - upper) * y, np.float32)


def drift(seconds: float, periods_per_hour: float) -> np.float32:
    """Given an instant, return how far the noise has been blown by then, 0..1 of a period."""
    return np.float32(seconds / 3600 * periods_per_hour % 1.0)


def cloud_cover(seconds: float) -> float:
    """Given an instant, return how cloudy it is, 0..1: a wander over days and hours."""
    return min(1.0, max(0.0, 0.42 + 0.42 * _wander(seconds, 31) + 0.2 * _wander(seconds, 7)))


def _wander(seconds: float, hours: int) -> float:
    """Given an instant, return smooth noise of -1..1 with one fresh value every so many hours."""
    place = seconds / 3600 / hours
    knot = math.floor(place)
    first, second = (np.random.default_rng([hours, abs(knot + step)]).uniform(-1, 1) for step in (0, 1))
    return float(first + (second - first) * smooth(0, 1, np.float32(place - knot)))
