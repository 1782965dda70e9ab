"""Paints what a webcam at a lake in British Columbia sees at an instant: the virtual camera's subject. The picture is
a calm illustration and a pure function of site, instant and size. Whatever moves (sun, clouds, mist, stars) is
sampled from fixed noise at absolute time, so frames minutes apart show the same clouds moved a little, and a film
of them does not flicker. Soft things (sky, cloud, water) are painted small and enlarged; only edges (ridges, trees,
the sun's disc, the caption) are made at full size. That keeps a frame cheap.
"""

from rig.painter.frame import DEGREE, HORIZON, SHORE, SIZE, Size, elevation_at, sun_in_frame
from rig.painter.picture import paint, save
from rig.painter.terrain import disc_visible, skyline

__all__ = [
    "DEGREE",
    "HORIZON",
    "SHORE",
    "SIZE",
    "Size",
    "disc_visible",
    "elevation_at",
    "paint",
    "save",
    "skyline",
    "sun_in_frame",
]
