"""Where things stand in the frame: the camera's geometry, alike for every instant. X is linear in azimuth and y in
elevation, so a pixel can be turned back into an elevation. It knows nothing of weather, terrain or colour.
"""

from datetime import UTC, datetime

from astral import Observer
from astral.sun import azimuth

from kootenay.rules.daylight import Site, sun_elevation

Size = tuple[int, int]

SIZE: Size = (1920, 1080)
HORIZON = 0.625
"""Of the height, from the top: where a sun at elevation 0 stands."""
DEGREE = 0.0088
"""Of the height: one degree of elevation, so that 71 degrees reach the frame's upper edge."""
SPREAD = 0.88 / 270
"""Of the width: one degree of azimuth, so that the 270 degrees before the camera fill 6 % to 94 %."""
SHORE = 0.668
"""Of the height: the water's far edge."""
DISC = 0.0095
"""Of the width: the radius of the sun's disc."""


def sun_in_frame(site: Site, at: datetime, size: Size = SIZE) -> tuple[float, float]:
    """Given a site, an aware instant and a size, return the pixel (x, y) of the sun's centre, seen or not.

    x is linear in azimuth and y in elevation. The camera looks south, in the southern hemisphere north, so
    the sun crosses the frame from left to right, in the south from right to left.
    """
    width, height = size
    x = 0.5 + bearing(site, at) * SPREAD
    return x * width, (HORIZON - sun_elevation(site, at) * DEGREE) * height


def elevation_at(y: float, size: Size = SIZE) -> float:
    """Given a pixel row and a size, return the elevation in degrees of a sun whose centre stands there."""
    return (HORIZON - y / size[1]) / DEGREE


def bearing(site: Site, at: datetime) -> float:
    """Given a site and an instant, return the degrees from the camera's axis to the sun, right positive."""
    axis = 180 if site.latitude >= 0 else 0
    degrees = azimuth(Observer(site.latitude, site.longitude), at.astimezone(UTC))
    return (degrees - axis + 180) % 360 - 180
