"""What can be done about a camera that gives no photo, from the mildest to the roughest: the hands, not the decision.

End who else holds it, reset its USB port, cut its power. Each returns in words what was done.
"""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from kootenay.adapters.bounded import run
from kootenay.adapters.camera import CameraSpec, locate
from kootenay.errors import CameraError

HOLDERS = ("gvfs-gphoto2-volume-monitor", "gvfsd-gphoto2")
"""What a desktop opens every camera with."""

NOT_ON_THE_BUS = {-105, -52}
GIO_SECONDS = 10
USBDEVFS_RESET = 0x5514
"""_IO('U', 20) of linux/usbdevice_fs.h."""

USB = Path("/dev/bus/usb")
PROC = Path("/proc")


def release_claim() -> str:
    """End the desktop's hold on this user's cameras."""
    done = []
    if gio := shutil.which("gio"):
        with contextlib.suppress(subprocess.TimeoutExpired, OSError):
            ended = run([gio, "mount", "-s", "gphoto2"], GIO_SECONDS)
            done.append("unmounted the desktop's cameras" if ended.status == 0 else f"gio: {ended.last_words}")
    for pid, name in _holders():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
            done.append(f"ended {name} ({pid})")
    return "; ".join(done) or "nobody of this desktop holds the camera"


def _holders() -> Iterator[tuple[int, str]]:
    for process in PROC.iterdir():
        if not process.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            name = Path((process / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")).name
            if name in HOLDERS and process.stat().st_uid == os.getuid():
                yield int(process.name), name


def reset_usb(camera: CameraSpec) -> str:
    """Given a camera, reset its USB port, as unplugging it would.

    Raises CameraError when it is not on the bus (libgphoto2 #61), not on USB, not to be told from others, or not this
    user's to reset.
    """
    try:
        port = locate(camera)
    except CameraError as error:
        if error.code not in NOT_ON_THE_BUS:
            raise
        msg = f"camera {camera.name!r} is not on the bus: a USB reset cannot help, only power can"
        raise CameraError(msg, error.code) from None
    device = _device_of(camera, port)
    try:
        with device.open("wb") as file:
            fcntl.ioctl(file, USBDEVFS_RESET, 0)
    except FileNotFoundError:
        msg = f"camera {camera.name!r} is not on the bus: a USB reset cannot help, only power can"
        raise CameraError(msg) from None
    except OSError as error:
        msg = f"camera {camera.name!r}: {device} cannot be reset ({error.strerror}); look at the rights on it"
        raise CameraError(msg) from None
    return f"reset the USB port {port}"


def _device_of(camera: CameraSpec, port: str) -> Path:
    place = re.fullmatch(r"usb:(\d+),(\d+)", port)
    if place is None:
        msg = f"camera {camera.name!r} is at {port}, which is no USB port: only power can help"
        raise CameraError(msg)
    return USB / place[1] / place[2]


def power_cycle(command: Sequence[str], timeout: float) -> str:
    """Given the owner's command that cuts the camera's power and gives it back, run it within `timeout` seconds.

    Raises CameraError with its last words.
    """
    shown = " ".join(command)
    try:
        ended = run(command, timeout)
    except subprocess.TimeoutExpired:
        msg = f"the power command `{shown}` did not end within {timeout:g} s and was stopped: run it by hand"
        raise CameraError(msg) from None
    except OSError as error:
        msg = f"the power command `{shown}` cannot be started ({error.strerror}): run it by hand"
        raise CameraError(msg) from None
    if ended.status != 0:
        msg = f"the power command `{shown}` ended with status {ended.status} ({ended.last_words}): run it by hand"
        raise CameraError(msg)
    return f"cut the camera's power and gave it back with `{shown}`"
