"""A PTP camera without a camera: libgphoto2's own virtual one, looking at a painted lake.

It runs as the camera's child process. The scene is painted for the slot's instant and put where the virtual camera
looks (VCAMERADIR); from there on it is the same code, the same library and the same protocol as with a real one.
"""

import json
import os
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from kootenay.adapters import gphoto2_child
from kootenay.rules.daylight import Site
from rig.scenes import put_scene


def main() -> int:
    """Answer one request of kootenay.adapters.camera with a photo of the painted scene."""
    request = json.loads(sys.stdin.read())
    if request["do"] != "photograph":
        os.environ["VCAMERADIR"] = os.curdir
        return gphoto2_child.answer(request)
    with tempfile.TemporaryDirectory(dir=Path(request["into"]).parent) as folder:
        scene = Path(folder) / "scene.jpg"
        put_scene(Site(*request["place"]), datetime.fromisoformat(request["at"]), scene)
        os.environ["VCAMERADIR"] = folder  # read when gphoto2 is imported
        _spare_the_sleeps(scene)
        return gphoto2_child.answer(request)


def _spare_the_sleeps(scene: Path) -> None:
    """libgphoto2 sleeps 0.3 s as a Nikon deletes a photo and 0.3 s as it goes, two thirds of a rehearsed slot.

    Both end with this process anyway. And as the virtual camera's photo is as old as the file it is made of, the
    scene is of the very moment.
    """
    import gphoto2 as gp

    kept: list[Any] = []

    class AlwaysOn(gp.Camera):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            kept.append(self)  # being freed is an exit as well

        def capture(self, kind: int) -> Any:
            """Take the scene as it is now."""
            os.utime(scene)
            return super().capture(kind)

        def file_delete(self, folder: str, name: str) -> None:
            """Keep it."""

        def exit(self) -> None:
            """Stay."""

    gp.Camera = AlwaysOn


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # the camera's own end would sleep as well
