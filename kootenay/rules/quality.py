"""What is wrong with a picture, told from a few numbers of its smallest rendition.

A flag is advice: a flagged photo stays where photos are, a film may leave it out. So each threshold lies far on the
faulty side: fog, snow, night and a calm lake are photos. The figures in brackets are those of scenes painted at all
hours and of what was done to them.
"""

from dataclasses import dataclass
from enum import StrEnum

DAY = 0.0
"""Degrees of the sun's elevation from which a picture must show something: by night black and grey are weather."""
LEAST_LIGHT = 10.0
"""Mean levels of 255 by day [painted: from 110; behind a cap: 0 to 4]."""
MOST_WHITE = 0.5
"""Share of clipped pixels: half a picture without any drawing [painted: under 0.001; sun on snow: up to a third]."""
LEAST_CONTRAST = 2.0
"""Levels of standard deviation: less is one even tone [fog that hides nine tenths: 5; tape on the lens: under 1]."""
NO_FOG = 25.0
"""Levels of standard deviation above which there is more to see than fog, whose softness is no fault."""
LEAST_SHARPNESS = 0.008
"""Of sharpness, which one sharp horizon alone brings to 0.04 [painted: from 0.37; photographed flowers before a soft
ground: from 0.05; defocused by 2 pixels of 320: 0.004]."""
MOST_SAME = 0.75
"""Share of cells equal to a 256th of a level: noise and light never leave many so [painted, five minutes on: to 0.06].
The rest may be a clock that a stuck camera goes on writing into its picture."""


class Flag(StrEnum):
    """Sun is up and the picture is black; it is white; it is one even tone; it has no edges; it came before."""

    DARK = "dark"
    OVEREXPOSED = "overexposed"
    BLOCKED = "blocked"
    BLURRED = "blurred"
    FROZEN = "frozen"


@dataclass(frozen=True)
class Measures:
    """Numbers of a picture's lightness, 0 to 255.

    `light` and `contrast` are its mean and standard deviation; `black` and `white` the shares of clipped pixels;
    `sharpness` the variance of its Laplacian over that of itself, which does not depend on the light. `difference` is
    the mean distance to the photo before, in levels, and `same` the share of cells that are equal; None without one.
    """

    light: float
    contrast: float
    black: float
    white: float
    sharpness: float
    difference: float | None = None
    same: float | None = None


def flags_of(measures: Measures, elevation: float) -> tuple[Flag, ...]:
    """Given a picture's measures and the sun's elevation in degrees, return what is wrong with it, if anything."""
    flags, day = [], elevation >= DAY
    if measures.white > MOST_WHITE:
        flags.append(Flag.OVEREXPOSED)
    elif day and measures.light < LEAST_LIGHT:
        flags.append(Flag.DARK)
    elif day and measures.contrast < LEAST_CONTRAST:
        flags.append(Flag.BLOCKED)
    elif measures.contrast >= NO_FOG and measures.sharpness < LEAST_SHARPNESS:
        flags.append(Flag.BLURRED)
    if measures.same is not None and measures.same >= MOST_SAME:
        flags.append(Flag.FROZEN)
    return tuple(flags)
