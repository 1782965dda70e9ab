"""What the camera promises when USB fails, on real libgphoto2: rig/faultusb.c fails to order under its virtual camera.

Each fault is one line with its code and what to do, within the deadline; nothing stays running; the next photo comes.
"""

import contextlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kootenay.adapters import bounded
from kootenay.adapters.camera import ADVICE, CHILDREN, CameraSpec, locate, shoot
from kootenay.errors import CameraError, CameraHungError, CardFullError, is_transient
from rig import usb_faults
from rig.usb_faults import Fault
from tests.adapters.conftest import PLACE, SLOT, camera_spec, jpeg, start_python

pytestmark = pytest.mark.real("gcc")

NORMAL = {"exposurecompensation": "0"}
UTC_PLACE = (*PLACE[:2], "UTC")  # the virtual camera shows UTC
ALWAYS = -1
Break = Callable[..., None]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faultusb")
    usb_faults.build(folder)
    return folder


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    folder = tmp_path / "scene"
    folder.mkdir()
    path = folder / "scene.jpg"
    path.write_bytes(jpeg())
    return path


@pytest.fixture
def breaks(driver: Path, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Break:
    """Order what goes wrong in the camera's next processes."""
    monkeypatch.setitem(CHILDREN, "virtual", "rig.usb_faults")
    monkeypatch.setattr(bounded, "TERM_SECONDS", 0.3)
    monkeypatch.setenv("VCAMERADIR", str(scene.parent))
    monkeypatch.setenv(usb_faults.FOLDER_VARIABLE, str(driver))
    monkeypatch.setenv(usb_faults.ORDERS_VARIABLE, str(tmp_path / "orders"))

    def order(*faults: Fault) -> None:
        usb_faults.order(faults, tmp_path / "orders")
        os.utime(scene, (time.time() + 60,) * 2)  # never stale, however slow this machine is

    order()
    return order


def lake(**changes: Any) -> CameraSpec:
    return camera_spec(**({"place": UTC_PLACE} | changes))


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        pytest.param(Fault("open", -53, count=ALWAYS), -53, id="held by another program"),
        pytest.param(Fault("open", -60, count=ALWAYS), -60, id="locked by another program"),
        pytest.param(Fault("open", -105, count=ALWAYS), -105, id="not the camera that was listed"),
        pytest.param(Fault("open", -52, count=ALWAYS), -52, id="gone between list and open"),
        pytest.param(Fault("open", -110, count=ALWAYS), -110, id="busy"),
        pytest.param(Fault("find", -52, count=ALWAYS), -105, id="unplugged"),
        pytest.param(Fault("read", -10, skip=0), -1, id="silent at the first word"),
        pytest.param(Fault("read", -10, skip=1), -7, id="silent as it is opened"),
        pytest.param(Fault("read", -7, skip=1), -7, id="a broken link as it is opened"),
        pytest.param(Fault("write", -7, skip=1), -7, id="a broken link as it is asked"),
    ],
)
def test_a_fault_is_one_line_with_its_code_and_what_to_do_and_the_next_photo_comes(
    tmp_path: Path, breaks: Break, fault: Fault, code: int
) -> None:
    breaks(fault)
    with pytest.raises(CameraError) as caught:
        shoot(lake(), SLOT, tmp_path / "photo.jpg", NORMAL)
    assert caught.value.code == code
    assert ADVICE[code] in str(caught.value)
    assert "\n" not in str(caught.value)
    assert is_transient(caught.value)
    assert _children() == []
    breaks()
    assert shoot(lake(), SLOT, tmp_path / "photo.jpg", NORMAL).warnings == ()


@pytest.mark.parametrize(
    ("what", "reads"),
    [
        pytest.param(-10, range(22), id="silence"),
        pytest.param(-7, range(1, 22, 3), id="a broken link"),
        pytest.param(-1, range(2, 22, 3), id="no reason"),
    ],
)
def test_a_read_that_fails_anywhere_ends_in_a_whole_photo_or_in_words(
    tmp_path: Path, breaks: Break, scene: Path, what: int, reads: range
) -> None:
    """A shot's reads fail in turn, from the first word to the last: opened, set, released, fetched, deleted."""
    photos, codes, said = 0, set(), []
    for skip in reads:
        breaks(Fault("read", what, skip=skip))
        try:
            shot = shoot(lake(), SLOT, tmp_path / "photo.jpg", NORMAL)
        except CameraError as error:
            codes.add(error.code)
            said.append(str(error))
        else:
            assert shot.path.read_bytes() == scene.read_bytes()
            photos += 1
        assert _children() == []
    assert photos >= 2
    assert codes
    assert [words for words in said if "\n" in words] == []
    assert codes <= {-1, -7, -10}


def test_a_slow_camera_is_waited_for(tmp_path: Path, breaks: Break) -> None:
    breaks(Fault("read", 700, skip=3))
    started = time.monotonic()
    shoot(lake(), SLOT, tmp_path / "photo.jpg", NORMAL)
    assert time.monotonic() - started > 0.7


def test_a_camera_that_hangs_in_the_library_is_stopped_at_its_deadline(tmp_path: Path, breaks: Break) -> None:
    breaks(Fault("read", 600_000, skip=3))
    started = time.monotonic()
    with pytest.raises(CameraHungError, match="gave nothing within 1 s"):
        shoot(lake(deadline_seconds=1), SLOT, tmp_path / "photo.jpg", NORMAL)
    assert time.monotonic() - started < 4
    assert _children() == []
    breaks()
    shoot(lake(), SLOT, tmp_path / "photo.jpg", NORMAL)


def test_a_camera_that_is_held_still_has_its_port(breaks: Break) -> None:
    breaks(Fault("open", -53, count=ALWAYS))
    assert locate(lake()) == "usb:001,001"


def test_the_cameras_clock_is_read_in_the_sites_time_zone(tmp_path: Path, breaks: Break) -> None:
    """The virtual camera shows UTC, which in Kathmandu is 5:45 h behind; its files do as well, and are fresh."""
    breaks()
    shot = shoot(lake(place=(27.7, 85.3, "Asia/Kathmandu")), SLOT, tmp_path / "photo.jpg", NORMAL)
    assert abs(int(shot.facts["clock_drift_seconds"]) + (5 * 60 + 45) * 60) <= 1
    (warning,) = shot.warnings
    assert warning.startswith("camera clock was 20700 s behind")


def test_a_camera_without_a_subject_gives_no_reason(tmp_path: Path, breaks: Break, scene: Path) -> None:
    breaks()
    scene.unlink()
    with pytest.raises(CameraError) as caught:
        shoot(lake(), SLOT, tmp_path / "photo.jpg", NORMAL)
    assert caught.value.code == -1
    assert ADVICE[-1] in str(caught.value)


class TestSeveralCameras:
    @pytest.fixture(autouse=True)
    def _second(self, monkeypatch: pytest.MonkeyPatch, breaks: Break) -> None:
        """On usb:001,002 is another of the same model, with the serial number 0.2."""
        breaks()
        monkeypatch.setenv(usb_faults.SECOND_VARIABLE, "1")

    @pytest.mark.parametrize(
        ("address", "serial"),
        [
            pytest.param({"serial": "0.1"}, "0.1", id="by serial, the first"),
            pytest.param({"serial": "0.2"}, "0.2", id="by serial, the second"),
            pytest.param({"serial": "00000.2"}, "0.2", id="by serial, padded with zeros"),
            pytest.param({"port": "usb:001,002"}, "0.2", id="by port"),
        ],
    )
    def test_the_one_that_is_meant_takes_the_photo(self, tmp_path: Path, address: dict[str, str], serial: str) -> None:
        shot = shoot(lake(**address), SLOT, tmp_path / "photo.jpg", NORMAL)
        assert shot.facts["serial"] == serial
        assert shot.warnings == ()

    @pytest.mark.parametrize("address", [{}, {"model": "d750"}], ids=["unnamed", "by model"])
    def test_of_two_that_may_be_meant_the_first_is_taken_and_that_is_said(
        self, tmp_path: Path, address: dict[str, str]
    ) -> None:
        shot = shoot(lake(**address), SLOT, tmp_path / "photo.jpg", NORMAL)
        assert shot.facts["serial"] == "0.1"
        (warning,) = shot.warnings
        assert warning.startswith("2 cameras are here")
        assert "usb:001,002" in warning

    @pytest.mark.parametrize(
        ("address", "found"),
        [
            pytest.param({"serial": "7"}, "Nikon DSC D750 at usb:001,002 with serial 0.2", id="by serial"),
            pytest.param({"model": "canon"}, "Nikon DSC D750 at usb:001,001", id="by model"),
            pytest.param({"port": "usb:001,009"}, "Nikon DSC D750 at usb:001,001", id="by port"),
        ],
    )
    def test_one_that_is_not_here_is_an_error_that_lists_what_is(
        self, tmp_path: Path, address: dict[str, str], found: str
    ) -> None:
        with pytest.raises(CameraError) as caught:
            shoot(lake(**address), SLOT, tmp_path / "photo.jpg", NORMAL)
        assert caught.value.code == -105
        assert found in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_another_one_that_is_held_is_no_obstacle(self, tmp_path: Path, breaks: Break) -> None:
        breaks(Fault("open", -53))
        shot = shoot(lake(serial="0.2"), SLOT, tmp_path / "photo.jpg", NORMAL)
        assert shot.facts["serial"] == "0.2"

    def test_one_that_is_held_is_not_taken_for_gone(self, tmp_path: Path, breaks: Break) -> None:
        breaks(Fault("open", -53, skip=1, count=ALWAYS))
        with pytest.raises(CameraError) as caught:
            shoot(lake(serial="0.2"), SLOT, tmp_path / "photo.jpg", NORMAL)
        assert caught.value.code == -53

    def test_its_port_is_found_without_a_photo(self) -> None:
        assert locate(lake(serial="0.2")) == "usb:001,002"


FILLED = """
import json, os, sys
from kootenay.adapters import gphoto2_child
from kootenay.errors import CameraError
import gphoto2

request, said = json.loads(sys.argv[1]), []

class Camera(gphoto2.Camera):
    def file_delete(self, folder, name):
        pass  # it makes no room there, and takes 0.3 s

camera = Camera()
gphoto2_child.open_camera = lambda gp, request: (camera, [])
gphoto2_child.close = lambda gp, camera: None
camera.init()
for _ in range(28):
    os.utime(sys.argv[2])
    try:
        gphoto2_child.photograph(gphoto2, request)
        said.append("photo")
    except CameraError as error:
        said.append([type(error).__name__, error.code, str(error)])
    except gphoto2.GPhoto2Error as error:
        said.append(["GPhoto2Error", error.code, str(error)])
print(json.dumps(said))
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.parametrize("keep", [True, False], ids=["on the card", "in memory"])
def test_the_virtual_cameras_real_full_card_is_known_for_one(
    tmp_path: Path, scene: Path, monkeypatch: pytest.MonkeyPatch, keep: bool
) -> None:
    """It holds 26 photos a process, and what it deletes does not make room."""
    monkeypatch.setenv("VCAMERADIR", str(scene.parent))
    request = {
        "into": str(tmp_path / "photo.jpg"),
        "settings": {},
        "restore": {},
        "keep_on_card": keep,
        "forget": [],
        "set_clock": False,
    }
    with start_python(FILLED, json.dumps(request), scene) as process:
        said = json.loads(process.communicate(timeout=120)[0].splitlines()[-1])
    assert said[:26] == ["photo"] * 26
    kind, code, words = said[26]
    assert kind == CardFullError.__name__
    assert code in (-3, -1)
    assert "empty it" in words


def _children() -> list[int]:
    """This process's children that still run."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found += [int(pid) for pid in (task / "children").read_text().split()]
    return [pid for pid in found if b"rig.usb_faults" in _command_of(pid)]


def _command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
