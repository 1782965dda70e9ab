"""The shapes of the land, which never change: mountain ranges, woods, the near bank and its pines. They are outlines
and masks without colour, and they tell how much sky is left free for the sun.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from kootenay.rules.daylight import Site
from rig.painter.frame import DISC, SHORE, SIZE, Size, sun_in_frame
from rig.painter.pixels import Array

TERRAIN_SEED = 11


@dataclass(frozen=True)
class Range:
    """One range of mountains or hills: its outline as (x, y) in parts of the frame, and what grows on it."""

    outline: tuple[tuple[float, float], ...]
    rough: float
    trees: float
    haze: float
    snow: bool = False


RANGES = (
    Range(
        (
            (0.0, 0.60), (0.09, 0.606), (0.15, 0.572), (0.195, 0.512), (0.235, 0.452), (0.27, 0.418),
            (0.305, 0.462), (0.35, 0.497), (0.385, 0.486), (0.43, 0.535), (0.50, 0.563), (0.555, 0.552),
            (0.60, 0.515), (0.645, 0.47), (0.675, 0.482), (0.725, 0.40), (0.765, 0.447), (0.80, 0.462),
            (0.845, 0.535), (0.885, 0.59), (0.925, 0.606), (1.0, 0.597),
        ),
        rough=0.020, trees=0.0, haze=0.66, snow=True,
    ),
    Range(
        (
            (0.0, 0.60), (0.08, 0.612), (0.15, 0.578), (0.22, 0.545), (0.30, 0.573), (0.38, 0.583),
            (0.47, 0.617), (0.56, 0.61), (0.63, 0.583), (0.70, 0.567), (0.77, 0.548), (0.84, 0.577),
            (0.92, 0.612), (1.0, 0.60),
        ),
        rough=0.012, trees=0.0, haze=0.46,
    ),
    Range(
        (
            (0.0, 0.592), (0.08, 0.617), (0.16, 0.606), (0.26, 0.60), (0.34, 0.625), (0.44, 0.642),
            (0.53, 0.648), (0.62, 0.634), (0.72, 0.614), (0.81, 0.60), (0.88, 0.615), (0.94, 0.622),
            (1.0, 0.60),
        ),
        rough=0.004, trees=0.008, haze=0.25,
    ),
    Range(
        (
            (0.0, 0.622), (0.06, 0.632), (0.14, 0.634), (0.21, 0.648), (0.262, 0.668), (0.28, 0.70),
            (0.594, 0.70), (0.602, 0.668), (0.615, 0.664), (0.63, 0.667), (0.64, 0.70), (0.745, 0.70),
            (0.765, 0.667), (0.83, 0.645), (0.91, 0.635), (1.0, 0.615),
        ),
        rough=0.002, trees=0.022, haze=0.07,
    ),
)  # fmt: skip
PINES = (
    (0.012, 0.30, 0.030),
    (0.047, 0.47, 0.024),
    (0.069, 0.70, 0.014),
    (0.962, 0.56, 0.018),
    (0.99, 0.36, 0.030),
)
"""The pines that frame the picture: x and top in parts of the frame, half the width of their foot."""
BANK = ((0.0, 0.90), (0.10, 0.93), (0.25, 0.952), (0.5, 0.975), (0.75, 0.965), (0.9, 0.938), (1.0, 0.90))


def skyline(size: Size = SIZE) -> NDArray[np.int64]:
    """Given a size, return for each column the pixel row of its highest terrain or tree; above it is sky."""
    top = np.min([ridge_line(index, size[0]) for index in range(len(RANGES))], axis=0) * size[1]
    covered = np.asarray(foreground(size)) > 0
    pines = np.where(covered.any(axis=0), covered.argmax(axis=0), size[1])
    return np.asarray(np.minimum(np.floor(top), pines), np.int64)


def disc_visible(site: Site, at: datetime, size: Size = SIZE) -> bool:
    """Given a site, an aware instant and a size, return whether the sun's whole disc stands before sky."""
    x, y = sun_in_frame(site, at, size)
    radius = DISC * size[0] + 1
    if not (radius <= x < size[0] - radius and radius <= y < size[1]):
        return False
    return bool((skyline(size)[int(x - radius) : int(x + radius) + 1] > y + radius).all())


def _line(across: Array, points: tuple[tuple[float, float], ...]) -> Array:
    """Given columns of 0..1 and points (x, y), return the y of the straight line through them per column."""
    places, heights = np.array(points).T
    return np.asarray(np.interp(across, places, heights), np.float32)


def _octaves(across: Array, first: int, count: int, seed: int) -> Array:
    """Given columns of 0..1, return a jagged line of about -1..1: straight pieces upon straight pieces."""
    random = np.random.default_rng([TERRAIN_SEED, seed])
    line = np.zeros_like(across)
    for octave in range(count):
        knots = first * 2**octave
        places = (np.arange(knots + 1) + random.uniform(-0.35, 0.35, knots + 1)) / knots
        line += np.interp(across, places, random.uniform(-1, 1, knots + 1)).astype(np.float32) * 0.55**octave
    return line


def _conifers(across: Array, spacing: float, seed: int) -> Array:
    """Given columns of 0..1, return the outline of a conifer wood, 0..1, a tree every `spacing`."""
    random = np.random.default_rng([TERRAIN_SEED, seed])
    count = math.ceil(1 / spacing) + 3
    shift, tall = random.uniform(-0.45, 0.45, count), random.uniform(0.35, 1.0, count) ** 1.3
    cell = (across / spacing).astype(np.int64) + 1
    wood = np.zeros_like(across)
    for neighbour in (-1, 0, 1):
        tree = cell + neighbour
        apart = np.abs(across / spacing - (tree - 0.5 + shift[tree])) / (0.30 + 0.35 * tall[tree])
        wood = np.maximum(wood, tall[tree] * np.clip(1 - apart, 0, 1) ** 1.25)
    return wood


@lru_cache(maxsize=16)
def ridge_line(index: int, width: int) -> Array:
    """Given a range and a width in pixels, return the y of its edge per column, 0..1 of the frame."""
    span = RANGES[index]
    across = ((np.arange(width) + 0.5) / width).astype(np.float32)
    line = _line(across, span.outline)
    line += span.rough * _octaves(across, 18, 6, index)
    if span.trees:
        line -= span.trees * _conifers(across, span.trees * 0.24, index)
    return line


def range_cover(index: int, size: Size) -> tuple[int, Array]:
    """Given a range and a size, return its first row and its cover, 0..1, from there to the shore."""
    ridge = ridge_line(index, size[0]) * size[1]
    top = max(0, int(ridge.min()) - 1)
    rows = np.arange(top, max(top + 1, math.ceil(size[1] * SHORE)), dtype=np.float32)[:, None]
    return top, np.clip(rows + 1 - ridge[None, :], 0, 1)


@lru_cache(maxsize=2)
def foreground(size: Size) -> Image.Image:
    """Given a size, return the mask of the near bank and the pines that frame the picture."""
    width, height = size
    across = ((np.arange(width) + 0.5) / width).astype(np.float32)
    bank = _line(across, BANK)
    bank = (bank - 0.016 * _conifers(across, 0.0028, 90) + 0.006 * _octaves(across, 24, 5, 91)) * height
    mask = np.zeros((height, width), np.uint8)
    top = int(bank.min()) - 1
    rows = np.arange(top, height, dtype=np.float32)[:, None]
    mask[top:] = (np.clip(rows + 1 - bank[None, :], 0, 1) * 255).astype(np.uint8)
    picture = Image.fromarray(mask)
    for number, (x, peak, foot) in enumerate(PINES):
        _draw_pine(picture, x, peak, foot, number)
    return picture


def _draw_pine(mask: Image.Image, x: float, peak: float, foot: float, seed: int) -> None:
    """Given a mask, draw one tall conifer into it, its boughs hanging and ragged."""
    random = np.random.default_rng([TERRAIN_SEED, 70, seed])
    width, height = mask.size
    tall, left = 0.97 - peak, x - foot * 1.2
    box = (round(foot * 2.4 * width), round(tall * height))
    patch = Image.new("L", (box[0] * 2, box[1] * 2))
    draw = ImageDraw.Draw(patch)
    centre, bottom = box[0], box[1] * 2
    trunk = box[0] * 0.05
    draw.polygon([(centre - 1, 0), (centre + 1, 0), (centre + trunk, bottom), (centre - trunk, bottom)], 255)
    boughs = 24 + int(tall * 52)
    for bough in range(boughs):
        start = (bough / boughs) ** 1.12
        for side in (-1, 1):
            reach = box[0] / 1.2 * (0.05 + 0.95 * start**0.8) * random.uniform(0.5, 1.0)
            root, hang = start * bottom, bottom / boughs * random.uniform(1.2, 2.6)
            tip, fold = centre + side * reach, centre + side * reach * 0.55
            lower, end = root + hang * 0.86, root + hang * 1.25
            draw.polygon([(centre, root), (tip, root + hang), (fold, lower), (centre, end)], 255)
    small = patch.reduce(2)
    mask.paste(255, (round(left * width), round(peak * height)), small)
