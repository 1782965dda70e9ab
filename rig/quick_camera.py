"""A camera that costs nothing: a driver "command" that writes a small JPEG, another one each time.

For tests and benchmarks of what surrounds the camera. `python -m rig.quick_camera INTO [NUMBER]` prints nothing.
"""

import sys
import time
from pathlib import Path

COMMENT = b"\xff\xfe"


def jpeg_like(words: bytes) -> bytes:
    """Given words of under 60 kB, return a file that begins and ends as a JPEG does, with the words as its comment."""
    return b"\xff\xd8" + COMMENT + (len(words) + 2).to_bytes(2, "big") + words + b"\xff\xd9"


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(jpeg_like(" ".join(sys.argv[2:]).encode() or str(time.time_ns()).encode()))
