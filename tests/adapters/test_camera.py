"""What the camera promises, on libgphoto2's own virtual PTP camera: one whole photo within a deadline, or words."""

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kootenay.adapters import camera
from kootenay.adapters.camera import ADVICE, CHILDREN, shoot
from kootenay.errors import CameraError, is_transient
from kootenay.rules.daylight import Site
from rig.painter import paint, save
from tests.adapters.conftest import PLACE, SLOT, camera_spec, is_running, jpeg, start_python

WATCHED = """
import json, os, sys
scene, request = sys.argv[1], json.loads(sys.argv[2])
os.environ["VCAMERADIR"] = scene
import gphoto2
from kootenay.adapters import gphoto2_child

seen = []

class Camera:
    def __init__(self):
        self.real = gphoto2.Camera()
    def __getattr__(self, name):
        if name in ("capture", "exit"):
            seen.append(self.real.get_single_config("exposurecompensation").get_value())
        return getattr(self.real, name)

class Library:
    def __getattr__(self, name):
        return Camera if name == "Camera" else getattr(gphoto2, name)

try:
    answer = gphoto2_child.photograph(Library(), request)
except gphoto2.GPhoto2Error as error:
    answer = {"code": error.code}
print(json.dumps({"seen": seen, "answer": answer}))
"""


def watched(scene: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Photograph in a process of its own; `seen` is the real camera's value at the shutter and as it is let go."""
    with start_python(WATCHED, scene, json.dumps(request)) as process:
        out, _ = process.communicate(timeout=60)
    answer: dict[str, Any] = json.loads(out.splitlines()[-1])
    return answer


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A folder for the virtual camera to look at, with one photo."""
    folder = tmp_path / "scene"
    folder.mkdir()
    (folder / "scene.jpg").write_bytes(jpeg())
    return folder


@pytest.fixture
def request_of(tmp_path: Path) -> dict[str, Any]:
    return {
        "into": str(tmp_path / "photo.jpg"),
        "port": "",
        "settings": {"exposurecompensation": "1"},
        "restore": {"exposurecompensation": "0"},
    }


@pytest.fixture
def misbehaving(monkeypatch: pytest.MonkeyPatch) -> None:
    """The virtual camera's process is tests.adapters.children, and stubborn ones are given up sooner."""
    monkeypatch.setitem(CHILDREN, "virtual", "tests.adapters.children")
    monkeypatch.setattr(camera, "TERM_SECONDS", 0.3)


@pytest.mark.parametrize(
    "at", [SLOT, datetime(2026, 12, 21, 16, 30, tzinfo=UTC)], ids=["a June noon", "a December morning"]
)
def test_the_photo_is_the_painted_scene_byte_for_byte(tmp_path: Path, at: datetime) -> None:
    site = Site(*PLACE)
    save(paint(site, at), tmp_path / "painted.jpg", site.local(at))
    before = datetime.now(UTC)
    shot = shoot(camera_spec(), at, tmp_path / "photo.jpg", boost=False)
    assert shot.path.read_bytes() == (tmp_path / "painted.jpg").read_bytes()
    assert before < shot.taken_at < datetime.now(UTC)
    assert shot.model == "GP VC"
    assert shot.settings == {"exposurecompensation": "0"}
    assert shot.warnings == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["painted.jpg", "photo.jpg"]


def test_the_boost_is_in_force_at_the_shutter_and_gone_afterwards(scene: Path, request_of: dict[str, Any]) -> None:
    result = watched(scene, request_of)
    assert result["seen"] == ["1", "0"]
    assert result["answer"]["warnings"] == []
    assert result["answer"]["bytes"] == (scene / "scene.jpg").stat().st_size
    assert Path(request_of["into"]).read_bytes() == (scene / "scene.jpg").read_bytes()


def test_the_boost_is_gone_also_after_a_shot_that_failed(scene: Path, request_of: dict[str, Any]) -> None:
    (scene / "scene.jpg").unlink()
    assert watched(scene, request_of) == {"seen": ["1", "0"], "answer": {"code": -1}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("iso", "800", id="a key it does not have"),
        pytest.param("exposurecompensation", "9", id="a value it does not have"),
        pytest.param("imagesize", "1024x768", id="a key it only shows"),
    ],
)
def test_what_the_camera_will_not_be_set_to_is_a_warning(
    scene: Path, request_of: dict[str, Any], name: str, value: str
) -> None:
    answer = watched(scene, request_of | {"settings": {name: value}, "restore": {}})["answer"]
    (warning,) = answer["warnings"]
    assert name in warning
    assert value in warning
    assert answer["bytes"] == (scene / "scene.jpg").stat().st_size


def test_a_warning_reaches_the_caller_and_the_photo_is_taken_all_the_same(tmp_path: Path) -> None:
    spec = camera_spec(boost={"exposurecompensation": "1", "iso": "800"})
    shot = shoot(spec, SLOT, tmp_path / "photo.jpg", boost=True)
    (warning,) = shot.warnings
    assert warning.startswith("iso could not be set to 800")
    assert shot.settings == {"exposurecompensation": "1", "iso": "800"}
    assert shot.path.read_bytes().startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    ("port", "code"),
    [pytest.param("", -105, id="no camera"), pytest.param("nonsense", -5, id="no such port")],
)
def test_no_camera_is_one_line_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: str, code: int
) -> None:
    monkeypatch.delenv("VCAMERADIR", raising=False)
    with pytest.raises(CameraError) as caught:
        shoot(camera_spec("gphoto2", port=port), SLOT, tmp_path / "photo.jpg", boost=False)
    assert caught.value.code == code
    assert ADVICE[code] in str(caught.value)
    assert "\n" not in str(caught.value)
    assert is_transient(caught.value)


@pytest.mark.usefixtures("misbehaving")
@pytest.mark.parametrize(
    ("how", "deadline"),
    [
        pytest.param("hangs", 2.5, id="it hangs and ignores SIGTERM"),
        pytest.param("leaves a child that holds its output", 2.5, id="it is gone and its child holds the line"),
    ],
)
def test_a_hung_camera_is_given_up_with_its_whole_process_group(tmp_path: Path, how: str, deadline: float) -> None:
    started = time.monotonic()
    with pytest.raises(CameraError, match=r"gave nothing within 2\.5 s") as caught:
        shoot(camera_spec(port=how, deadline_seconds=deadline), SLOT, tmp_path / "photo.jpg", boost=False)
    assert time.monotonic() - started < deadline + 4
    assert is_transient(caught.value)
    pids = [int(pid) for pid in (tmp_path / "photo.jpg.pids").read_text().split()]
    assert [pid for pid in pids if not _gone(pid)] == []


def test_a_stopped_camera_process_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "TERM_SECONDS", 0.3)
    stopped: list[int] = []
    watcher = threading.Thread(target=_stop_camera_process, args=(stopped,))
    watcher.start()
    started = time.monotonic()
    with pytest.raises(CameraError, match="switch it off and on"):
        shoot(camera_spec(deadline_seconds=1.5), SLOT, tmp_path / "photo.jpg", boost=False)
    watcher.join()
    assert time.monotonic() - started < 5
    assert len(stopped) == 1
    assert _gone(stopped[0])


@pytest.mark.usefixtures("misbehaving")
def test_nothing_of_a_camera_process_stays_after_its_answer(tmp_path: Path) -> None:
    shoot(camera_spec(port="leaves a child"), SLOT, tmp_path / "photo.jpg", boost=False)
    _, child = (tmp_path / "photo.jpg.pids").read_text().split()
    assert _gone(int(child))


@pytest.mark.usefixtures("misbehaving")
@pytest.mark.parametrize(
    ("how", "cause"),
    [
        pytest.param("dies", "its process died (it said nothing)", id="by a signal"),
        pytest.param("raises", "its process died (ImportError: no module named gphoto2)", id="by an error"),
    ],
)
def test_a_camera_process_that_dies_is_one_line_with_its_last_words(tmp_path: Path, how: str, cause: str) -> None:
    with pytest.raises(CameraError) as caught:
        shoot(camera_spec(port=how), SLOT, tmp_path / "photo.jpg", boost=False)
    assert cause in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.code is None


@pytest.mark.usefixtures("misbehaving")
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="no file"),
        pytest.param(b"", id="empty"),
        pytest.param(jpeg()[:400], id="half"),
        pytest.param(jpeg()[:-1], id="a byte short"),
        pytest.param(jpeg()[:400] + b"\0" * 400, id="half, then zeros"),
        pytest.param(b"II*\0" + jpeg(), id="raw"),
    ],
)
def test_what_is_no_whole_jpeg_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(CameraError, match=f"gave {len(content or b'')} bytes that are no whole JPEG"):
        shoot(camera_spec(port="answers"), SLOT, tmp_path / "photo.jpg", boost=False)


@pytest.mark.usefixtures("misbehaving")
@pytest.mark.parametrize("content", [jpeg(), jpeg() + b"\0" * 500], ids=["bare", "padded to a block"])
def test_a_whole_jpeg_is_taken(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    shot = shoot(camera_spec(port="answers"), SLOT, tmp_path / "photo.jpg", boost=False)
    assert shot.path.read_bytes() == content


def _gone(pid: int, within: float = 5) -> bool:
    return _until(lambda: not is_running(pid), within)


def _until(reached: Callable[[], bool], within: float) -> bool:
    deadline = time.monotonic() + within
    while not (done := reached()) and time.monotonic() < deadline:
        time.sleep(0.005)
    return done


def _stop_camera_process(stopped: list[int]) -> None:
    """Send SIGSTOP to the camera process that this process starts."""

    def found() -> bool:
        for task in Path("/proc/self/task").iterdir():
            with contextlib.suppress(OSError):
                for pid in (task / "children").read_text().split():
                    if b"rig.virtual_camera" in Path(f"/proc/{pid}/cmdline").read_bytes():
                        os.kill(int(pid), signal.SIGSTOP)
                        stopped.append(int(pid))
                        return True
        return False

    _until(found, 5)
