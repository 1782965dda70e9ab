"""Camera processes that misbehave, run in place of the real one, and a real one that acts a part.

`python -m tests.adapters.children` gets a request on standard input like every camera process; its port says how it
misbehaves. With a part in CAMERA_PART, libgphoto2's own virtual camera does what virtual ones do not: it hands over
pairs and left-overs, says what it has, and is full. It writes what it was asked to do into CAMERA_CALLS.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

PART_VARIABLE, CALLS_VARIABLE = "CAMERA_PART", "CAMERA_CALLS"
STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "w").close()
time.sleep(600)
"""
ANSWER = {"taken_at": "2026-06-21T20:00:01+00:00"}


def main() -> int:
    request = json.loads(sys.stdin.read())
    if PART_VARIABLE in os.environ:
        return act(request, json.loads(os.environ[PART_VARIABLE]), Path(os.environ[CALLS_VARIABLE]))
    into, how = Path(request["into"]), request["port"]
    if how == "hangs":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        leave_behind(into, keeps_output=True)
        time.sleep(600)
    elif how == "leaves a child that holds its output":
        leave_behind(into, keeps_output=True)
    elif how == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "raises":
        msg = "no module named gphoto2"
        raise ImportError(msg)
    elif how == "leaves a child":
        leave_behind(into, keeps_output=False)
        into.write_bytes(b"\xff\xd8\xff\xd9")
        answer()
    elif how == "hands over a file":
        given = into.with_name("given")
        if given.exists():
            into.write_bytes(given.read_bytes())
        answer()
    return 0


def leave_behind(into: Path, *, keeps_output: bool) -> None:
    """Start a child that ignores SIGTERM, and write down both process ids."""
    output = None if keeps_output else subprocess.DEVNULL
    command = [sys.executable, "-c", STUBBORN, f"{into}.on"]
    child = subprocess.Popen(command, stdout=output, stderr=output)
    while not Path(f"{into}.on").exists():
        time.sleep(0.01)
    Path(f"{into}.pids").write_text(f"{os.getpid()} {child.pid}")


def answer() -> None:
    sys.stdout.write(json.dumps(ANSWER))


class File:
    """A file of the camera, where it lies and what is in it; what is in memory is gone once it was fetched."""

    def __init__(self, path: str, content: str) -> None:
        self.folder, _, self.name = path.rpartition("/")
        self.folder = self.folder or "/"
        self.content = bytes.fromhex(content)

    def save(self, target: str) -> None:
        Path(target).write_bytes(self.content)


class Value:
    """A key's value that the camera only shows."""

    def __init__(self, value: str) -> None:
        self.value = value

    def get_value(self) -> str:
        return self.value


def act(request: dict[str, Any], part: dict[str, Any], calls: Path) -> int:
    """Carry out a request with the real virtual camera acting a part.

    The part: `shows` {key: value}, `left_over` and `follows` {path: hex content}, `refuses` [code or 0 of each
    capture], `names` the first file, `cannot_delete` [name], `in_force` {key: value} from before, `free_images`, and
    `dies` at its capture. Left-overs that were not drained come as the next photo.
    """
    import gphoto2 as gp

    from kootenay.adapters import gphoto2_child

    noted: list[list[Any]] = []
    left_over = [File(path, content) for path, content in part.get("left_over", {}).items()]
    follows = [File(path, content) for path, content in part.get("follows", {}).items()]
    refuses = part.get("refuses", [])
    served = {(file.folder, file.name): file for file in [*left_over, *follows]}
    shots: list[Any] = []
    kept: list[Any] = []

    class Actor(gp.Camera):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            kept.append(self)

        def init(self) -> None:
            super().init()
            for name, value in part.get("in_force", {}).items():
                widget = super().get_single_config(name)
                widget.set_value(value)
                super().set_single_config(name, widget)

        def get_storageinfo(self) -> Any:
            if "free_images" not in part:
                return super().get_storageinfo()
            images = gp.GP_STORAGEINFO_FREESPACEIMAGES
            kind = gp.GP_STORAGEINFO_ST_REMOVABLE_RAM
            return [SimpleNamespace(type=kind, fields=images, freekbytes=0, freeimages=part["free_images"])]

        def note(self, *words: Any) -> None:
            noted.append(list(words))
            calls.write_text(json.dumps(noted))

        def value(self, name: str) -> Any:
            return super().get_single_config(name).get_value()

        def get_single_config(self, name: str) -> Any:
            return Value(part["shows"][name]) if name in part.get("shows", {}) else super().get_single_config(name)

        def set_single_config(self, name: str, widget: Any) -> None:
            self.note("set", name, widget.get_value())
            super().set_single_config(name, widget)

        def wait_for_event(self, timeout: int) -> Any:
            if left_over:
                return gp.GP_EVENT_FILE_ADDED, left_over.pop(0)
            if shots and follows:
                return gp.GP_EVENT_FILE_ADDED, follows.pop(0)
            return super().wait_for_event(timeout)

        def capture(self, kind: int) -> Any:
            self.note("capture", self.value("capturetarget"), self.value("exposurecompensation"))
            if part.get("dies"):
                os.kill(os.getpid(), signal.SIGKILL)
            if refuses and (code := refuses.pop(0)):
                raise gp.GPhoto2Error(code)
            if left_over:
                return left_over.pop(0)
            shots.append(super().capture(kind))
            if "names" in part:
                photo = super().file_get(shots[0].folder, shots[0].name, gp.GP_FILE_TYPE_NORMAL)
                file = File(part["names"], bytes(photo.get_data_and_size()).hex())
                served[file.folder, file.name] = file
                return file
            return shots[0]

        def file_get(self, folder: str, name: str, kind: int) -> Any:
            self.note("get", name)
            if (folder, name) not in served:
                return super().file_get(folder, name, kind)
            return served.pop((folder, name)) if folder == "/" else served[folder, name]

        def file_delete(self, folder: str, name: str) -> None:
            self.note("delete", name)
            if name in part.get("cannot_delete", []):
                raise gp.GPhoto2Error(gp.GP_ERROR_CAMERA_ERROR)
            if served.pop((folder, name), None) is None and folder == "/":
                raise gp.GPhoto2Error(gp.GP_ERROR_FILE_NOT_FOUND)

        def exit(self) -> None:
            self.note("exit", self.value("capturetarget"), self.value("exposurecompensation"))

    gp.Camera = Actor
    return gphoto2_child.answer(request)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)
