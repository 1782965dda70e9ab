"""What is drawn last and at full size into the enlarged picture: stars, the sun's disc, the caption."""

import math
from datetime import datetime

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from rig.painter.frame import DISC, HORIZON, SHORE
from rig.painter.pixels import Array, ramp
from rig.painter.scene import Scene

STAR_SEED = 8


def draw_stars(picture: Image.Image, scene: Scene, veil: Array) -> None:
    """Given a picture of the sky, draw the stars that night and clouds leave, turning with the earth."""
    dark = ramp(scene.elevation, (-14, -7), (1, 0))
    if dark == 0:
        return
    random = np.random.default_rng(STAR_SEED)
    width, height = scene.size
    canvas = ImageDraw.Draw(picture, "RGBA")
    turned = scene.seconds / 86164 % 1
    for start, y, bright, big in zip(*random.random((4, 420)), strict=True):
        x, y = (start + turned) % 1, y**1.3 * HORIZON
        clear = 1 - veil[int(y * scene.rows), int(x * scene.width)]
        radius = width / 2400 * (1.0 + 1.6 * big**6)
        level = int(230 * dark * clear * (0.15 + 0.85 * bright**2) * (1 - (y / HORIZON) ** 3))
        left, top = x * width, y * height
        canvas.ellipse((left - radius, top - radius, left + radius, top + radius), (226, 232, 242, level))


def draw_disc(picture: Image.Image, scene: Scene) -> None:
    """Given a picture of the sky, draw the sun's disc into it, white to the rim whatever the clouds."""
    width, height = scene.size
    radius = DISC * width
    x, y = scene.sun[0] * width, scene.sun[1] * height
    left, top, side = math.floor(x - radius) - 1, math.floor(y - radius) - 1, math.ceil(2 * radius) + 3
    places = np.arange(side, dtype=np.float32) + 0.5
    dry = places[:, None] + top < math.floor(SHORE * height)
    distance = np.hypot(places[None, :] + left - x, places[:, None] + top - y)
    mask = Image.fromarray((np.clip(radius - distance + 0.5, 0, 1) * dry * 255).astype(np.uint8))
    picture.paste((255, 255, 254), (left, top), mask)


def draw_caption(picture: Image.Image, local: datetime) -> None:
    """Given a picture and its local instant, write date, time and zone small into the lower left corner."""
    width, height = picture.size
    font = ImageFont.load_default(size=max(8, height * 0.028))
    canvas = ImageDraw.Draw(picture, "RGBA")
    place = (width * 0.016, height * 0.976)
    canvas.text(place, f"{local:%Y-%m-%d  %H:%M %Z}", (236, 232, 222, 215), font, anchor="ls")
