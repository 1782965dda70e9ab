"""Renditions: which sizes a photo is offered in."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Size:
    """Pixels."""

    width: int
    height: int


def rendition_sizes(original: Size, widths: Iterable[int]) -> list[Size]:
    """Given the upright original's size and the wanted widths, return the sizes to make, largest first.

    A photo is never enlarged: one smaller than every wanted width is offered once, as it is.
    """
    wanted = sorted({width for width in widths if width <= original.width}, reverse=True)
    return [
        Size(width, max(1, round(original.height * width / original.width))) for width in wanted or [original.width]
    ]
