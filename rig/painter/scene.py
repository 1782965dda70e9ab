"""What an instant means for every brush: where the sun is, its colours, the weather, the season. A scene also
carries the coarse canvas on which soft things are painted before they are enlarged.
"""

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from kootenay.rules.daylight import Site, sun_elevation
from rig.painter.frame import SHORE, SPREAD, Size, bearing, sun_in_frame
from rig.painter.pixels import Array, ramp
from rig.painter.weather import cloud_cover

WHITEST = (243, 242, 238)
"""The brightest colour of anything but the sun's disc, so that the disc can be found in a photo."""
COARSE = 800
"""Pixels: the width at which soft things are painted."""

ELEVATIONS = (-18, -10, -5, -1, 3, 10, 25, 60)
PALETTE = {
    "zenith": "080c20 0e1638 1e2c60 3a5496 466eb0 407cc2 3074c2 286cbc",
    "middle": "0c142e 1c2854 424884 707ab2 8c9fca 7cb0da 62a8e0 58a2e0",
    "low": "14203e 343a68 886894 c296ac dcb6b2 d0cfd2 a2cee8 94c8ea",
    "horizon": "1c2a4a 544c76 ce868a eeb096 f8c898 f0dcb8 d6e4e6 cae2ec",
    "warm": "28304e 96626e fa9e68 ffb05c ffba60 ffd68c faeece f0f0e0",
    "sunlight": "283250 504c6e d6787c fca078 ffc48c ffe2ba faf3e6 f6f6f2",
    "shade": "0e1428 1e2446 544874 806c92 9688a4 a0aac0 a6bcd2 acc4da",
    "ground": "03050c 070a16 101224 161a2a 1a242c 1a2e2e 1a3630 1c3a32",
    "water": "040814 0a1026 1c2242 283858 2c4c68 245670 1c5c76 1a5e78",
}
"""The picture's colours at each of the sun's ELEVATIONS."""


@dataclass(frozen=True)
class Scene:
    """What an instant means for every brush: sun, weather, season, and the coarse canvas."""

    elevation: float
    bearing: float
    sun: tuple[float, float]
    seconds: float
    cover: float
    winter: float
    size: Size
    width: int
    sky_rows: int
    rows: int

    @staticmethod
    def of(site: Site, at: datetime, size: Size) -> "Scene":
        width = min(COARSE, size[0])
        rows = max(2, round(width * size[1] / size[0]))
        x, y = sun_in_frame(site, at, size)
        return Scene(
            elevation=sun_elevation(site, at),
            bearing=bearing(site, at),
            sun=(x / size[0], y / size[1]),
            seconds=at.timestamp(),
            cover=cloud_cover(at.timestamp()),
            winter=_winter(site, at),
            size=size,
            width=width,
            sky_rows=math.ceil(rows * SHORE),
            rows=rows,
        )

    def colour(self, name: str) -> Array:
        """Given a name in PALETTE, return its colour under this sun as three levels of 0..255."""
        keys = np.array([tuple(bytes.fromhex(key)) for key in PALETTE[name].split()], np.float32)
        levels = [np.interp(self.elevation, ELEVATIONS, keys[:, channel]) for channel in range(3)]
        return np.array(levels, np.float32) * self._time_of_day(name)

    def _time_of_day(self, name: str) -> Array:
        """Mornings are rosy, evenings amber."""
        if name not in ("warm", "sunlight", "horizon"):
            return np.ones(3, np.float32)
        evening = ramp(self.bearing, (-180, -130, -50, 50, 130, 180), (0.5, 0, 0, 1, 1, 0.5))
        evening *= ramp(self.elevation, (4, 20), (1, 0))
        return np.array([1, 1 - 0.10 * evening, 1.04 - 0.24 * evening], np.float32)

    @property
    def warmth(self) -> float:
        """How much the horizon below the sun is warmed, 0..1."""
        return ramp(self.elevation, (-14, -6, -1, 6, 25), (0.1, 0.9, 1.0, 0.9, 0.45))

    @property
    def mist(self) -> float:
        """How much mist lies over the far shore, 0..1: most soon after sunrise, little in the afternoon."""
        morning = ramp(self.bearing, (-180, -110, -60, 10), (0.25, 1, 1, 0.25))
        return morning * ramp(self.elevation, (-9, 0, 8, 40), (0.2, 0.9, 0.9, 0.15))

    @property
    def across(self) -> Array:
        """The coarse columns, 0..1, as one row."""
        return ((np.arange(self.width, dtype=np.float32) + 0.5) / self.width)[None, :]

    @property
    def down(self) -> Array:
        """The coarse rows, 0..1, as one column."""
        return ((np.arange(self.rows, dtype=np.float32) + 0.5) / self.rows)[:, None]

    @property
    def sunward(self) -> Array:
        """How near each coarse column is to the sun's azimuth, 0..1, the same on both sides of due away."""
        angle = (self.across - 0.5) / SPREAD - self.bearing
        return np.asarray(np.exp((np.cos(np.radians(angle)) - 1) * 2.2), np.float32)


def _winter(site: Site, at: datetime) -> float:
    """Given a site and an instant, return how deep in winter it is there, 0..1."""
    year = (at.timestamp() / 86400 - 20) / 365.2425
    return 0.5 + math.copysign(0.5, site.latitude) * math.cos(2 * math.pi * year)
