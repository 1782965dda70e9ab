"""The ranges' colours: haze, mist, snow and facets towards the sun, painted coarse and drawn crisp."""

import numpy as np
from PIL import Image

from rig.painter.frame import SHORE
from rig.painter.pixels import Array, dithered, mix, smooth
from rig.painter.scene import WHITEST, Scene
from rig.painter.terrain import RANGES, range_cover, ridge_line
from rig.painter.weather import drift, sample


def paint_land(scene: Scene, index: int) -> Array:
    """Given a range, return its coarse colours from its highest row down to the shore, opaque everywhere."""
    span = RANGES[index]
    ridge = ridge_line(index, scene.width)
    top = max(0, int(ridge.min() * scene.rows) - 1)
    down = scene.down[top : scene.sky_rows]
    depth = np.maximum(down - ridge[None, :], 0)
    haze = mix(scene.colour("horizon"), scene.colour("warm"), scene.sunward * scene.warmth)
    haze = haze * 0.42 + scene.colour("shade") * 0.38 + scene.colour("middle") * 0.20
    sink = smooth(0.50, SHORE, down)
    share = span.haze + (0.84 - span.haze) * (0.25 + 0.4 * span.haze) * sink
    land = mix(scene.colour("ground"), haze, share)
    if not span.trees:
        facing = _facing(scene, index, depth)
        land = land + facing[..., None] * (scene.colour("sunlight") - 60) * (0.16 * (1 - sink[..., None]))
    mist = sample(scene.across * 1.2 - drift(scene.seconds, 0.05), down * 2 + 0.13 * index)
    mist = smooth(-1.6, 2.2, mist) * smooth(SHORE - 0.075, SHORE + 0.01, down) * scene.mist
    land = mix(land, scene.colour("horizon") * 0.75 + scene.colour("shade") * 0.25, mist)
    if span.snow:
        line = sample(scene.across * 3, depth * 5) * 0.022
        snow = smooth(0.0, 0.012, 0.492 + 0.05 * scene.winter + line - down - depth * 0.30) * 0.85
        white = mix(scene.colour("shade"), scene.colour("sunlight"), np.clip(0.5 + facing * 0.6, 0, 1))
        land = mix(land, white, snow)
    return np.clip(land, 0, WHITEST).astype(np.float32)


def _facing(scene: Scene, index: int, depth: Array) -> Array:
    """Given depths below a ridge, return how much the slope faces the sun, -1..1, in facets."""
    across = np.broadcast_to(scene.across, depth.shape)
    bend = sample(across * 2.5, depth * 4 + 0.3 * index) * 0.012 + depth * 0.25
    reach = 0.004 + depth * 0.22
    columns = scene.across[0]
    ridge = ridge_line(index, scene.width)
    left = np.interp(across + bend - reach, columns, ridge)
    slope = (np.interp(across + bend + reach, columns, ridge) - left) / (2 * reach)
    side = np.clip((scene.sun[0] - across) * 3, -1, 1)
    return np.asarray(np.tanh(slope * 2.5 * side + 0.1), np.float32)


def draw_range(picture: Image.Image, index: int, land: Array) -> None:
    """Given a picture and a range's coarse colours, draw the range with a crisp edge."""
    top, cover = range_cover(index, picture.size)
    mask = Image.fromarray((cover * 255).astype(np.uint8))
    picture.paste(dithered(land).resize(mask.size, Image.Resampling.BILINEAR), (0, top), mask)
