"""The virtual camera on a USB bus that fails to order: claims refused, reads that break, a camera that is gone.

It runs as the camera's child process, as rig.virtual_camera does, with rig/faultusb.c between libgphoto2 and its
virtual USB: the errors are libgphoto2's own.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("faultusb.c")
FOLDER_VARIABLE, ORDERS_VARIABLE, SECOND_VARIABLE = "FAULTUSB_FOLDER", "FAULTUSB_ORDERS", "FAULTUSB_SECOND"


@dataclass(frozen=True)
class Fault:
    """One call that goes wrong: find, open, read, write or event.

    `what` is libgphoto2's error code or, above zero, milliseconds to wait; the first `skip` calls pass, `count` fail.
    """

    call: str
    what: int
    skip: int = 0
    count: int = 1


def build(folder: Path) -> None:
    """Compile the driver into a folder; it stays loaded, for libgphoto2 unloads a driver with each camera.

    Raises subprocess.CalledProcessError with the compiler's words."""
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-Wl,-z,nodelete", "-o", folder / "faultusb.so", SOURCE],
        check=True,
        capture_output=True,
        text=True,
    )


def order(faults: Sequence[Fault], path: Path) -> None:
    """Write down what is to go wrong in every process that starts from now on."""
    path.write_text("".join(f"{fault.call} {fault.what} {fault.skip} {fault.count}\n" for fault in faults))


def stand_between() -> None:
    """Put the driver of FAULTUSB_FOLDER between libgphoto2 and its virtual USB; VCAMERADIR must be set."""
    import gphoto2  # which sets IOLIBS to where the virtual USB is

    assert gphoto2.__version__
    os.environ["FAULTUSB_REAL"] = str(Path(os.environ["IOLIBS"]) / "vusb.so")
    os.environ["IOLIBS"] = os.environ[FOLDER_VARIABLE]


def main() -> int:
    """Answer one request of kootenay.adapters.camera with the photo in VCAMERADIR, or with what goes wrong."""
    from kootenay.adapters import gphoto2_child

    stand_between()
    return gphoto2_child.main()


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)
