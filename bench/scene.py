"""What the virtual camera sees: one small JPEG, prepared once, and another one each time by a comment in it."""

import os
import time
from pathlib import Path

COMMENT = b"\xff\xfe"
LENGTH = 2 + 2 + 20
AHEAD_SECONDS = 60
"""The photo is as old as this file, and a capture that finds it older than its shutter refuses it as left over."""


def prepare(scene: Path) -> None:
    """Write a JPEG of 640 by 480 with some detail in it."""
    from PIL import Image

    scene.parent.mkdir(parents=True)
    Image.effect_noise((640, 480), 60).save(scene, "JPEG", quality=90)
    content = scene.read_bytes()
    scene.write_bytes(content[:2] + _comment() + content[2:])


def renew(scene: Path) -> None:
    """Make it another photo of the same size, fresh for the next minute."""
    content = scene.read_bytes()
    content = content[:2] + _comment() + content[2 + LENGTH :]
    scene.write_bytes(content)
    os.utime(scene, (time.time(), time.time() + AHEAD_SECONDS))


def _comment() -> bytes:
    return COMMENT + (LENGTH - 2).to_bytes(2, "big") + b"%020d" % time.time_ns()
