"""The whole picture, every layer in its order from the sky to the caption, and the JPEG a camera makes of it."""

from datetime import datetime
from pathlib import Path

import numpy as np
from PIL import Image

from kootenay.rules.daylight import Site
from rig.painter.finish import draw_caption, draw_disc, draw_stars
from rig.painter.frame import SIZE, Size
from rig.painter.land import draw_range, paint_land
from rig.painter.pixels import enlarged
from rig.painter.scene import Scene
from rig.painter.sky import paint_sky
from rig.painter.terrain import RANGES, foreground
from rig.painter.water import compose_view, paint_lake


def paint(site: Site, at: datetime, size: Size = SIZE) -> Image.Image:
    """Given a site, an aware instant and a size in pixels, return the picture (RGB) the webcam would take."""
    scene = Scene.of(site, at, size)
    sky, veil = paint_sky(scene)
    lands = [paint_land(scene, index) for index in range(len(RANGES))]
    view = compose_view(scene, sky, lands)
    # Where the crisp land ends, the bare sky beneath it would shine through as a bright line along the shore.
    sky[-2:] = 0.2 * sky[-2:] + 0.8 * view[-2:]
    picture = enlarged(np.concatenate((sky, paint_lake(scene, view))), size)
    draw_stars(picture, scene, veil)
    draw_disc(picture, scene)
    for index, land in enumerate(lands):
        draw_range(picture, index, land)
    bank = tuple(int(level) for level in scene.colour("ground") * 0.45)
    picture.paste(bank, (0, 0), foreground(size))
    draw_caption(picture, site.local(at))
    return picture


def save(image: Image.Image, path: Path, local: datetime) -> None:
    """Given a picture, a path and its instant in the site's zone, write a JPEG with a camera's EXIF."""
    offset = local.strftime("%z")
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Kootenay", "Painted Webcam"
    exif[0x0132] = local.strftime("%Y:%m:%d %H:%M:%S")
    exif.get_ifd(0x8769).update({0x9003: exif[0x0132], 0x9011: f"{offset[:3]}:{offset[3:5]}"})
    image.save(path, "JPEG", quality=90, subsampling="4:2:0", exif=exif)
