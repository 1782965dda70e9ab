"""What the camera promises, on libgphoto2's own virtual PTP camera: one whole photo within a deadline, or words."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kootenay.adapters import bounded
from kootenay.adapters.camera import ADVICE, CHILDREN, shoot
from kootenay.errors import CameraError, CameraHungError, NotWholeError, is_transient
from kootenay.rules.daylight import Site
from rig.painter import paint, save
from tests.adapters.conftest import PLACE, SLOT, camera_spec, is_running, jpeg

NORMAL = {"exposurecompensation": "0"}
BOOST = {"exposurecompensation": "1"}


@pytest.fixture
def misbehaving(monkeypatch: pytest.MonkeyPatch) -> None:
    """The virtual camera's process is tests.adapters.children, and stubborn ones are given up sooner."""
    monkeypatch.setitem(CHILDREN, "virtual", "tests.adapters.children")
    monkeypatch.setattr(bounded, "TERM_SECONDS", 0.3)


@pytest.mark.parametrize(
    "at", [SLOT, datetime(2026, 12, 21, 16, 30, tzinfo=UTC)], ids=["a June noon", "a December morning"]
)
def test_the_photo_is_the_painted_scene_byte_for_byte(tmp_path: Path, at: datetime) -> None:
    site = Site(*PLACE)
    save(paint(site, at), tmp_path / "painted.jpg", site.local(at))
    before = datetime.now(UTC)
    shot = shoot(camera_spec(), at, tmp_path / "photo.jpg", NORMAL)
    assert shot.path.read_bytes() == (tmp_path / "painted.jpg").read_bytes()
    assert before < shot.taken_at < datetime.now(UTC)
    assert shot.model == "GP VC"
    assert shot.settings == {"exposurecompensation": "0"}
    assert shot.warnings == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["painted.jpg", "photo.jpg"]


def test_a_warning_reaches_the_caller_and_the_photo_is_taken_all_the_same(tmp_path: Path) -> None:
    shot = shoot(camera_spec(), SLOT, tmp_path / "photo.jpg", BOOST | {"iso": "800"})
    (warning,) = shot.warnings
    assert warning.startswith("iso could not be set to 800")
    assert shot.settings == {"exposurecompensation": "1", "iso": "800"}
    assert shot.path.read_bytes().startswith(b"\xff\xd8")


def test_what_the_camera_knows_of_itself_is_recorded(tmp_path: Path) -> None:
    facts = shoot(camera_spec(), SLOT, tmp_path / "photo.jpg", NORMAL).facts
    assert facts["serial"] == "0.1"
    assert facts["battery"] == "50%"
    assert int(facts["card_free_mb"]) > 0
    assert facts["card_free_images"] == "150"
    assert abs(int(facts["clock_drift_seconds"])) <= 1


@pytest.mark.parametrize(
    ("port", "code"),
    [pytest.param("", -105, id="no camera"), pytest.param("nonsense", -5, id="no such port")],
)
def test_no_camera_is_one_line_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: str, code: int
) -> None:
    monkeypatch.delenv("VCAMERADIR", raising=False)
    with pytest.raises(CameraError) as caught:
        shoot(camera_spec("gphoto2", port=port), SLOT, tmp_path / "photo.jpg", NORMAL)
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
    with pytest.raises(CameraHungError, match=r"gave nothing within 2\.5 s") as caught:
        shoot(camera_spec(port=how, deadline_seconds=deadline), SLOT, tmp_path / "photo.jpg", NORMAL)
    assert time.monotonic() - started < deadline + 4
    assert is_transient(caught.value)
    pids = [int(pid) for pid in (tmp_path / "photo.jpg.pids").read_text().split()]
    assert [pid for pid in pids if not _gone(pid)] == []


def test_a_stopped_camera_process_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "TERM_SECONDS", 0.3)
    stopped: list[int] = []
    watcher = threading.Thread(target=_stop_camera_process, args=(stopped,))
    watcher.start()
    started = time.monotonic()
    with pytest.raises(CameraHungError, match="switch it off and on"):
        shoot(camera_spec(deadline_seconds=1.5), SLOT, tmp_path / "photo.jpg", NORMAL)
    watcher.join()
    assert time.monotonic() - started < 5
    assert len(stopped) == 1
    assert _gone(stopped[0])


@pytest.mark.usefixtures("misbehaving")
def test_nothing_of_a_camera_process_stays_after_its_answer(tmp_path: Path) -> None:
    shoot(camera_spec(port="leaves a child"), SLOT, tmp_path / "photo.jpg", NORMAL)
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
        shoot(camera_spec(port=how), SLOT, tmp_path / "photo.jpg", NORMAL)
    assert cause in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.code is None


@pytest.mark.usefixtures("misbehaving")
@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(None, "no file", id="no file"),
        pytest.param(b"", "an empty file", id="empty"),
        pytest.param(jpeg()[:400], "a JPEG that breaks off after 400 bytes;", id="half"),
        pytest.param(jpeg()[:-1], "a JPEG that breaks off", id="a byte short"),
        pytest.param(jpeg()[:400] + b"\0" * 400, "after 400 bytes, the other 400 are zeros", id="half, then zeros"),
        pytest.param(b"\0" * 400, "something of 400 bytes that is no JPEG", id="zeros"),
        pytest.param(b"II*\0" + jpeg(), "a RAW file of", id="raw"),
        pytest.param(b"\n<!DOCTYPE html><p>busy", "a web page of 23 bytes", id="web page"),
    ],
)
def test_what_is_no_whole_jpeg_is_refused_and_left_for_a_look(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "given").write_bytes(content)
    with pytest.raises(NotWholeError) as caught:
        shoot(camera_spec(port="hands over a file"), SLOT, tmp_path / "photo.jpg", NORMAL)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert is_transient(caught.value)
    if content is not None:
        assert (tmp_path / "photo.jpg").read_bytes() == content


@pytest.mark.usefixtures("misbehaving")
@pytest.mark.parametrize("content", [jpeg(), jpeg() + b"\0" * 500], ids=["bare", "padded to a block"])
def test_a_whole_jpeg_is_taken(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "given").write_bytes(content)
    shot = shoot(camera_spec(port="hands over a file"), SLOT, tmp_path / "photo.jpg", NORMAL)
    assert shot.path.read_bytes() == content


@pytest.mark.usefixtures("misbehaving")
def test_the_photo_of_an_earlier_try_is_not_taken_for_this_one(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(jpeg())
    with pytest.raises(NotWholeError, match="gave no file"):
        shoot(camera_spec(port="hands over a file"), SLOT, tmp_path / "photo.jpg", NORMAL)


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
