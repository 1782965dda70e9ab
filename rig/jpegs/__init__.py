"""JPEGs as they may come, made by code and always the same: broken, odd and hostile ones, each with its verdict."""

from collections.abc import Iterator

from rig.jpegs.damaged import damaged
from rig.jpegs.foreign import NAMES, foreign
from rig.jpegs.item import SECRET, Item, picture, saved
from rig.jpegs.odd import odd
from rig.jpegs.profiles import profiled

__all__ = ["NAMES", "SECRET", "Item", "corpus", "picture", "saved"]


def corpus() -> Iterator[Item]:
    """Yield every JPEG of the corpus; names are unique."""
    yield from damaged()
    yield from odd()
    yield from profiled()
    yield from foreign()
