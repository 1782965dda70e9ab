"""Flicker: a film's mean luma frame by frame, made even by gains that leave sunrise, weather and night as they were.

What flickers is what bends the curve of light from one frame to the next: cloud edges, metering, a step of the ISO.
Gains lessen the sum of the squared second differences by projected gradient descent, a few steps of a length that can
never raise it (2 / L at most, L = 16 being the largest eigenvalue of D'D for second differences D; Nesterov,
Introductory Lectures on Convex Optimization, 2.2). A steady light, a steady ramp and, away from a stretch's ends, any
cubic curve have nothing to lessen and keep their light. Each step looks two frames far, so a gain is settled once
`REACH` frames have followed: what comes later changes nothing.

Lights are mean luma, 0 to 255; None where nobody measured, or to part what does not belong together.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

STEPS = (1 / 8, 1 / 8, 1 / 8, 1 / 8, 1 / 8, 1 / 16)
"""Their lengths: 2 / L reaches farthest, and 1 / L at last leaves nothing of a light that alternates. More would blend
more, and a late photo would change more [white noise: to a tenth; a step: to a fifth; a painted sunset: by 1 %]."""
REACH = 2 * len(STEPS)
"""Frames: a gain depends on no light farther away than this."""
MOST_GAIN = 1.6
"""A stop and a half at a gamma of 2.2: more lifts noise and JPEG's blocks out of the dark, and turns clipped white into
a grey that shows. A larger step becomes the smaller for it, and stays."""
WHITE = 255.0

FLASH = 0.1
"""Of relative luminance: a change to the opposite from which on it is half a flash (WCAG 2.3.1, general flash)."""
BRIGHT = 0.8
"""Of relative luminance: no flash where the darker picture is as bright as this (WCAG 2.3.1)."""
MOST_CHANGES = 6
"""In any second: three flashes of two opposing changes each (WCAG 2.3.1)."""


@dataclass(frozen=True)
class Flashing:
    """More flashes than three a second: from frame `first` to frame `last` the light changes over `changes` times."""

    first: int
    last: int
    changes: int


def flicker(lights: Sequence[float | None]) -> float:
    """Given a film's lights in order, return the root mean square of their second differences, in levels of luma.

    Three lights in a row make a difference; 0 where there are none.
    """
    bends = [bend for _, stretch in _stretches(lights) for bend in _bends(stretch)]
    return math.sqrt(sum(bend * bend for bend in bends) / len(bends)) if bends else 0.0


def gains(lights: Sequence[float | None]) -> list[float]:
    """Given a film's lights in order, return what to multiply each frame's luma by, to thousandths; 1 without a light.

    `flicker` of what is shown is never above that of the lights, but for the gains' rounding.
    """
    factors = [1.0] * len(lights)
    for first, stretch in _stretches(lights):
        for index, (seen, shown) in enumerate(zip(stretch, _evened(stretch), strict=True), first):
            factors[index] = round(shown / seen, 3) if seen else 1.0
    return factors


def flashing(lights: Sequence[float | None], fps: float) -> list[Flashing]:
    """Given a film's lights as shown and its frames a second, return where it flashes more than WCAG 2.3.1 allows.

    The mean of the whole picture speaks: it misses a flash in a part of it that another part makes up for.
    """
    changes = _changes(lights)
    found: list[Flashing] = []
    for start, end in zip(changes, changes[MOST_CHANGES:], strict=False):
        if end - start >= fps:
            continue
        if found and start <= found[-1].last:
            start = found.pop().first
        found.append(Flashing(start, end, sum(start <= each <= end for each in changes)))
    return found


def _stretches(lights: Sequence[float | None]) -> Iterator[tuple[int, list[float]]]:
    """Yield the runs of lights that are known, each with the index of its first."""
    numbered = [(index, math.nan if light is None else light) for index, light in enumerate(lights)]
    for known, run in groupby(numbered, key=lambda each: math.isfinite(each[1])):
        if known:
            stretch = list(run)
            yield stretch[0][0], [light for _, light in stretch]


def _bends(lights: Sequence[float]) -> list[float]:
    return [before - 2 * here + after for before, here, after in zip(lights, lights[1:], lights[2:], strict=False)]


def _evened(seen: Sequence[float]) -> list[float]:
    """Return the light to show for each light seen, within the most gain of it and no lighter than white."""
    bounds, shown = [_bounds(light) for light in seen], list(seen)
    for step in STEPS if len(seen) > 2 else ():
        slopes = _bends([0.0, 0.0, *_bends(shown), 0.0, 0.0])
        shown = [
            min(max(light - step * slope, least), most)
            for light, slope, (least, most) in zip(shown, slopes, bounds, strict=True)
        ]
    return shown


def _bounds(light: float) -> tuple[float, float]:
    """Return the least and the most to make of a light; less than a level is black, which no gain lifts."""
    if light < 1:
        return light, light
    return light / MOST_GAIN, min(light * MOST_GAIN, max(light, WHITE))


def _changes(lights: Sequence[float | None]) -> list[int]:
    """Return the frames at which the luminance has risen, or fallen, by a flash's worth since it last turned."""
    changes: list[int] = []
    rising, low, high = None, math.inf, -math.inf
    for index, light in enumerate(lights):
        if light is None or not math.isfinite(light):
            continue
        here = luminance(light)
        low, high = min(low, here), max(high, here)
        up = rising is not True and here - low >= FLASH and low < BRIGHT
        down = rising is not False and high - here >= FLASH and here < BRIGHT
        if up or down:
            changes.append(index)
            rising, low, high = up, here, here
    return changes


def luminance(light: float) -> float:
    """Given a luma of 0 to 255, return the relative luminance, 0 to 1, that sRGB gives a grey of it (IEC 61966-2-1)."""
    value = min(light / WHITE, 1.0)
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
