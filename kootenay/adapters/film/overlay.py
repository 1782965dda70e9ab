"""A caption in a frame's lower left corner: white with a black rim, so that it can be read on snow and at night.

It is drawn into the planes as they are, glyph by glyph, each painted once a size: a tenth of a millisecond a frame.
"""

from functools import lru_cache

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from kootenay.adapters.film.picture import planes_of

Share = npt.NDArray[np.float32]
"""Rows and columns of 0 to 1."""

WHITE, NO_COLOUR = 235, 128
SMALLEST, ROWS = 12, 32
"""Pixels, and how many such rows a canvas has."""


def draw_caption(frame: av.VideoFrame, caption: str) -> None:
    """Write a line of text into a frame; what does not fit is cut off."""
    em = max(SMALLEST, frame.height // ROWS)
    glyphs = [_glyph(character, em) for character in caption]
    light, cover = (np.hstack([glyph[kind] for glyph in glyphs]) for kind in (0, 1))
    left, bottom = em // 2 & ~1, frame.height - (em // 2 & ~1)
    luma, *colours = planes_of(frame)
    _blend(luma, light * (WHITE - 16) + 16, cover, left, bottom)
    for plane in colours:
        _blend(plane, np.full_like(cover[::2, ::2], NO_COLOUR), cover[::2, ::2], left // 2, bottom // 2)


def _blend(plane: npt.NDArray[np.uint8], over: Share, cover: Share, left: int, bottom: int) -> None:
    place = plane[max(0, bottom - len(over)) : bottom, left : left + over.shape[1]]
    over, cover = (each[-place.shape[0] :, : place.shape[1]] for each in (over, cover))
    place[:] = np.rint(place + (over - place) * cover)


@lru_cache(maxsize=256)
def _glyph(character: str, em: int) -> tuple[Share, Share]:
    """Return how white a character is, and how much it covers with its rim. Digits are equally wide, so none jumps."""
    font = ImageFont.load_default(em)
    rim = max(1, em // 12)
    like = "0123456789" if character.isdecimal() else character
    advance = max(font.getlength(each) for each in like)
    size = (2 * round((advance + rim) / 2), 2 * round(0.7 * em + rim))
    at = ((size[0] - font.getlength(character)) / 2, size[1] / 2)

    def painted(rim: int) -> Share:
        image = Image.new("L", size)
        ImageDraw.Draw(image).text(at, character, fill=255, font=font, anchor="lm", stroke_width=rim)
        return np.asarray(image, np.float32) / np.float32(255)

    return painted(0), painted(rim)
