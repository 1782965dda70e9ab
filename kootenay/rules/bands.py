"""Bands: what is set on a camera in which light, by how near the rise or set is.

A boost is one band, a dusk ramp is several. They do not stack: the narrowest band that holds the instant decides,
and lies over what is set in plain daylight.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from kootenay.rules.daylight import Light


@dataclass(frozen=True)
class Band:
    """The first and last `minutes` of light, and the camera's own keys and values that are set in them."""

    minutes: float
    settings: Mapping[str, str]

    def __post_init__(self) -> None:
        if not 0 < self.minutes < math.inf:
            msg = f"a band of {self.minutes:g} minutes: it needs a width, such as 15"
            raise ValueError(msg)

    @property
    def span(self) -> timedelta:
        return timedelta(minutes=self.minutes)


def ordered(bands: Iterable[Band]) -> list[Band]:
    """Given bands, return them the narrowest first. Raises ValueError when two of one width leave the choice open."""
    narrowest_first = sorted(bands, key=lambda band: band.minutes)
    for band, wider in pairwise(narrowest_first):
        if band.minutes == wider.minutes:
            msg = f"two bands of {band.minutes:g} minutes: only one of them could be set; make them one"
            raise ValueError(msg)
    return narrowest_first


def reach(bands: Iterable[Band]) -> timedelta:
    """Given bands, return the widest one's span: what `light_at` must be given as its boost to tell them apart."""
    return max((band.span for band in bands), default=timedelta())


def settings_in(light: Light, normal: Mapping[str, str], bands: Iterable[Band]) -> dict[str, str]:
    """Given a light, return what is set on the camera in it: `normal`, and over it the narrowest band that holds it.

    A band ends as the boost does: it holds [rise, rise + minutes) and (set - minutes, set]. Raises as `ordered` does.
    """
    holding = (band.settings for band in ordered(bands) if light.edge is not None and light.edge < band.span)
    return {**normal, **next(holding, {})}
