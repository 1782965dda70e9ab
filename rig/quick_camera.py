"""A camera that costs nothing: a driver "command" that writes a JPEG, another one each time.

For tests and benchmarks of what surrounds the camera. `python -m rig.quick_camera INTO` writes a few bytes that begin
and end as a JPEG does; `... INTO SCENE` the photo SCENE, which stays a photo.
"""

import sys
import time
from pathlib import Path

EMPTY = b"\xff\xd8\xff\xd9"
"""SOI and EOI: the two ends of a JPEG, with nothing between them."""

COMMENT = b"\xff\xfe"


def commented(jpeg: bytes, words: bytes) -> bytes:
    """Given a JPEG and words of under 60 kB, return it with the words as its comment: same picture, other bytes."""
    return jpeg[:2] + COMMENT + (len(words) + 2).to_bytes(2, "big") + words + jpeg[2:]


if __name__ == "__main__":
    into, *scene = map(Path, sys.argv[1:])
    into.write_bytes(commented(scene[0].read_bytes() if scene else EMPTY, str(time.time_ns()).encode()))
