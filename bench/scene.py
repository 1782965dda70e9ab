"""What the virtual camera sees: one small JPEG, prepared once, and another one each time by a comment in it."""

import time
from pathlib import Path

COMMENT = b"\xff\xfe"
LENGTH = 2 + 2 + 20


def prepare(scene: Path) -> None:
    """Write a JPEG of 640 by 480 with some detail in it."""
    from PIL import Image

    scene.parent.mkdir(parents=True)
    Image.effect_noise((640, 480), 60).save(scene, "JPEG", quality=90)
    content = scene.read_bytes()
    scene.write_bytes(content[:2] + _comment() + content[2:])


def renew(scene: Path) -> bytes:
    """Make it another photo of this moment, of the same size; return it."""
    content = scene.read_bytes()
    content = content[:2] + _comment() + content[2 + LENGTH :]
    scene.write_bytes(content)
    return content


def _comment() -> bytes:
    return COMMENT + (LENGTH - 2).to_bytes(2, "big") + b"%020d" % time.time_ns()
