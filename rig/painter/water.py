"""The lake: what stands above the shore, mirrored in ripples, with the sun's glitter on it."""

import numpy as np

from rig.painter.frame import SHORE
from rig.painter.pixels import Array, mix, ramp, smooth
from rig.painter.scene import COARSE, WHITEST, Scene
from rig.painter.terrain import range_cover
from rig.painter.weather import drift, sample


def compose_view(scene: Scene, sky: Array, lands: list[Array]) -> Array:
    """Given the coarse sky and ranges, return them put together: all that stands above the shore."""
    view = sky.copy()
    for index, land in enumerate(lands):
        _, cover = range_cover(index, (scene.width, scene.rows))
        rows = min(len(cover), len(land), len(view))
        view[-rows:] = mix(view[-rows:], land[-rows:], cover[-rows:])
    return view


def paint_lake(scene: Scene, view: Array) -> Array:
    """Given the coarse view above the shore, return the coarse lake that mirrors it in its ripples."""
    near = (scene.down[scene.sky_rows :] - SHORE) / (1 - SHORE)
    near = np.clip(near, 0, 1)
    far = 1 / (near + 0.10)
    x = (scene.across - 0.5) * far * 0.35
    ripple = sample(x - drift(scene.seconds, 0.01), far * 1.5)
    swell = ripple * (0.003 + 0.016 * near)
    depth = near * (1 - SHORE) * 1.22
    row = np.clip((SHORE - depth + swell) * scene.rows, 0, len(view) - 1.001)
    column = np.arange(scene.width)[None, :] + ripple * 2.5 * near * scene.width / COARSE
    column = np.clip(column, 0, scene.width - 1).astype(np.int32)
    upper = row.astype(np.int32)
    water = mix(view[upper, column], view[upper + 1, column], (row - upper).astype(np.float32))
    water = mix(water * 0.93, scene.colour("water"), 0.16 + 0.46 * near + 0.05 * np.clip(ripple, -1, 1))
    gusts = sample(x * 0.3 + drift(scene.seconds, 0.03), far * 0.4)
    breeze = smooth(0.3, 1.6, gusts)
    water = mix(water, scene.colour("low"), breeze * 0.20 * (1 - 0.7 * near))
    water = mix(water, scene.colour("sunlight"), _glitter(scene, near, x, far))
    return np.clip(water, 0, WHITEST).astype(np.float32)


def _glitter(scene: Scene, near: Array, x: Array, far: Array) -> Array:
    """Given the lake's nearness and coordinates, return how much sun glitters on it, 0..1."""
    sparks = smooth(-0.1, 1.3, sample(2.6 * x, far * 4.6))
    width = 0.013 + 0.050 * near
    away = np.abs(scene.across - scene.sun[0])
    path = np.exp(-((away / width) ** 2) / 2) * (0.25 + 0.75 * sparks)
    path += np.exp(-away / (width * 2.5)) * sparks * 0.35
    power = ramp(scene.elevation, (-3, 3, 25, 60), (0, 0.95, 0.85, 0.6)) * (1 - 0.5 * scene.cover)
    return np.asarray(np.clip(path * power * (1 - 0.35 * near), 0, 1), np.float32)
