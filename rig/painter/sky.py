"""The sky down to the shore: its gradient, the glow around the sun, and the clouds, all painted coarse."""

import numpy as np

from rig.painter.frame import HORIZON
from rig.painter.pixels import Array, mix, ramp, smooth
from rig.painter.scene import COARSE, WHITEST, Scene
from rig.painter.weather import drift, sample


def paint_sky(scene: Scene) -> tuple[Array, Array]:
    """Given a scene, return its coarse sky down to the shore, and how much the clouds veil each pixel."""
    down = scene.down[: scene.sky_rows]
    height = np.maximum((HORIZON - down) / HORIZON, 0)
    sky = np.repeat(_gradient(scene, height[:, 0])[:, None, :], scene.width, axis=1)
    sky = mix(sky, scene.colour("warm"), scene.sunward * np.exp(-height / 0.30) * scene.warmth)
    glow = _glow(scene, down)
    sky = mix(sky, scene.colour("sunlight"), glow)
    veil = _paint_clouds(scene, sky, height, glow)
    return np.minimum(sky, np.array(WHITEST, np.float32)), veil


def _gradient(scene: Scene, height: Array) -> Array:
    """Given heights of 0..1 over the horizon, return the sky's colours there without a kink between them."""
    stops = np.array([scene.colour(name) for name in ("horizon", "low", "middle", "zenith")])
    fine = np.linspace(-0.25, 1.25, 301)
    kernel = np.hanning(53) / np.hanning(53).sum()
    channels = []
    for channel in range(3):
        sharp = np.interp(fine, (0.0, 0.22, 0.55, 1.0), stops[:, channel])
        channels.append(np.interp(height, fine[26:-26], np.convolve(sharp, kernel, "valid")))
    return np.stack(channels, axis=1).astype(np.float32)


def _glow(scene: Scene, down: Array) -> Array:
    """Given coarse rows, return the light that the sun scatters around itself, 0..1."""
    aspect = scene.size[1] / scene.size[0]
    distance = np.hypot(scene.across - scene.sun[0], (down - scene.sun[1]) * aspect)
    low = ramp(scene.elevation, (4, 30), (1, 0))
    power = ramp(scene.elevation, (-7, 0), (0, 1))
    near = 0.75 * np.exp(-distance / 0.022)
    wide = (0.30 + 0.22 * low) * np.exp(-distance / (0.10 + 0.06 * low))
    return np.asarray(np.clip((near + wide) * power, 0, 0.96), np.float32)


def _paint_clouds(scene: Scene, sky: Array, height: Array, glow: Array) -> Array:
    """Given a coarse sky, paint its clouds into it and return how much they veil it, 0..1."""
    far = 1 / (height + 0.30)
    x, y = (scene.across - 0.5) * far * 0.42, far * 0.46
    wind = drift(scene.seconds, 0.055)
    body = sample(x - wind, y)
    puffs = sample(3.1 * x - drift(scene.seconds, 0.19), 3.1 * y + 0.4)
    shape = 0.88 * body + 0.34 * puffs
    edge = 1.45 - 2.1 * scene.cover
    fade = smooth(0.02, 0.30, height)
    veil = smooth(edge, edge + 0.75, shape) * (0.25 + 0.70 * fade)
    thick = smooth(edge + 0.15, edge + 2.0, shape)
    slope_down, slope_across = np.gradient(body + 0.16 * puffs)
    right = np.clip((scene.sun[0] - scene.across) * 4, -1, 1)
    over = ramp(scene.elevation, (-4, 12), (-0.6, 1.0))
    relief = (slope_down * over - slope_across * right) * (scene.width / COARSE) * (7.0 - 3.5 * scene.cover)
    light = np.clip(0.64 + 0.5 * np.tanh(2 * relief) - 0.6 * thick + 0.5 * glow, 0, 1).astype(np.float32)
    bright = scene.colour("sunlight")
    shade = mix(scene.colour("shade"), scene.colour("horizon"), 0.35 * (1 - fade))
    far_light = ramp(scene.elevation, (-8, 8), (0.75, 0.2))
    light = light * (1 - far_light * (1 - scene.sunward))
    sky[...] = mix(sky, mix(shade, bright, light), veil)
    wisps = sample(0.55 * x - wind * 2 + 0.3, y * 2.2 + 0.17)
    sky[...] = mix(sky, bright, smooth(0.2, 2.6, wisps) * 0.45 * fade * (1 - veil))
    return veil
