"""What one shot promises, on libgphoto2's virtual camera, acting a part where virtual cameras are too simple.

The part (tests.adapters.children) adds what real ones do: pairs, left-overs, a full card. All else is libgphoto2.
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kootenay.adapters.camera import CHILDREN, CameraSpec, Shot, shoot
from kootenay.errors import CameraError, CardFullError, NotWholeError, StaleFrameError, is_transient
from tests.adapters.children import CALLS_VARIABLE, PART_VARIABLE
from tests.adapters.conftest import SLOT, camera_spec, jpeg

NORMAL = {"exposurecompensation": "0"}
BOOST = {"exposurecompensation": "1"}
CARD = "/store_00010001/DCIM/100GPHOT"
NEF = b"II*\0 a raw photo"

Take = Callable[..., Shot]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the virtual camera sees."""
    folder = tmp_path / "scene"
    folder.mkdir()
    monkeypatch.setenv("VCAMERADIR", str(folder))
    path = folder / "scene.jpg"
    path.write_bytes(jpeg())
    return path


@pytest.fixture
def take(scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Take:
    """Take a photo with the camera acting a part."""
    monkeypatch.setitem(CHILDREN, "virtual", "tests.adapters.children")
    monkeypatch.setenv(CALLS_VARIABLE, str(tmp_path / "calls"))
    (tmp_path / "bench").mkdir()

    def with_part(camera: CameraSpec | None = None, settings: dict[str, str] = NORMAL, **part: Any) -> Shot:
        options = {name: part.pop(name) for name in ("forget", "trust_clock") if name in part}
        monkeypatch.setenv(PART_VARIABLE, json.dumps(part))
        if scene.exists():
            os.utime(scene, (time.time() - part.get("age", -60),) * 2)  # of no age, however slow this machine is
        return shoot(camera or camera_spec(), SLOT, tmp_path / "bench" / "photo.jpg", settings, **options)

    return with_part


@pytest.fixture
def calls(tmp_path: Path) -> Callable[[str], list[list[Any]]]:
    """What the camera was asked to do, by the kind of call."""

    def of(kind: str) -> list[list[Any]]:
        return [words for first, *words in json.loads((tmp_path / "calls").read_text()) if first == kind]

    return of


Calls = Callable[[str], list[list[Any]]]
KEEPING = camera_spec(keep_on_card=True)


class TestSettings:
    def test_the_boost_is_in_force_at_the_shutter_and_gone_afterwards(self, take: Take, calls: Calls) -> None:
        shot = take(settings=BOOST)
        assert calls("capture") == [["Internal RAM", "1"]]
        assert calls("exit") == [["Internal RAM", "0"]]
        assert shot.warnings == ()
        assert shot.settings == BOOST

    def test_the_boost_is_gone_also_after_a_shot_that_failed(self, take: Take, calls: Calls, scene: Path) -> None:
        scene.unlink()
        with pytest.raises(CameraError) as caught:
            take(settings=BOOST)
        assert caught.value.code == -1
        assert calls("capture") == [["Internal RAM", "1"]]
        assert calls("exit") == [["Internal RAM", "0"]]

    def test_what_a_killed_boost_left_is_set_to_normal_by_the_next_photo(self, take: Take, calls: Calls) -> None:
        with pytest.raises(CameraError, match="its process died"):
            take(settings=BOOST, dies=True)
        assert ["exposurecompensation", "1"] in calls("set")
        assert calls("exit") == []
        take(in_force=BOOST)  # the virtual camera forgets with its process, a real one does not
        assert ["exposurecompensation", "0"] in calls("set")
        assert calls("capture") == [["Internal RAM", "0"]]

    def test_a_value_that_is_in_force_is_not_sent_again(self, take: Take, calls: Calls) -> None:
        take()
        assert [name for name, _ in calls("set")] == ["capturetarget"]

    @pytest.mark.parametrize(
        ("name", "value", "sent"),
        [
            pytest.param("shutterspeed", "1/50", "0.0200s", id="a fraction for a decimal"),
            pytest.param("f-number", "5.6", "f/5.6", id="an f-number"),
            pytest.param("fastfs", "off", 0, id="a toggle"),
            pytest.param("autofocus", "off", "Off", id="another case"),
            pytest.param("5010", "500", "500", id="a menu"),
        ],
    )
    def test_a_value_may_be_written_in_another_notation(
        self, take: Take, calls: Calls, name: str, value: str, sent: Any
    ) -> None:
        shot = take(settings=NORMAL | {name: value})
        assert shot.warnings == ()
        assert [name, sent] in calls("set")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            pytest.param("iso", "800", id="a key it does not have"),
            pytest.param("exposurecompensation", "9", id="a value it does not have"),
            pytest.param("imagesize", "1024x768", id="a key it only shows"),
            pytest.param("fastfs", "perhaps", id="a toggle that is neither on nor off"),
        ],
    )
    def test_what_the_camera_will_not_be_set_to_is_a_warning(self, take: Take, name: str, value: str) -> None:
        (warning,) = take(settings={name: value}).warnings
        assert name in warning
        assert value in warning

    def test_a_value_that_reads_back_as_another_is_a_warning(self, take: Take) -> None:
        (warning,) = take(settings={"datetime": "86400"}).warnings  # which the virtual camera takes and does not keep
        assert warning.startswith("datetime was set to 86400 and reads")


class TestPairs:
    def test_the_raw_of_a_pair_lies_beside_its_jpeg(self, take: Take, calls: Calls, scene: Path) -> None:
        part = {"shows": {"imageformat": "RAW + Large Fine JPEG"}, "follows": {f"{CARD}/GPH_0099.NEF": NEF.hex()}}
        shot = take(**part)
        assert shot.path.read_bytes() == scene.read_bytes()
        (companion,) = shot.companions
        assert companion == shot.path.with_name("photo.nef")
        assert companion.read_bytes() == NEF
        assert calls("delete") == [["GPH_0099.JPG"], ["GPH_0099.NEF"]]
        assert shot.warnings == ()

    def test_it_may_be_the_raw_that_comes_first(self, take: Take, scene: Path) -> None:
        part = {"shows": {"imagequality": "NEF+Fine"}, "names": f"{CARD}/DSC_1.NEF"}
        shot = take(**part, follows={f"{CARD}/DSC_1.JPG": scene.read_bytes().hex()})
        assert shot.path.read_bytes() == scene.read_bytes()
        assert [path.name for path in shot.companions] == ["photo.nef"]

    def test_a_second_file_that_nobody_announced_is_taken_along(self, take: Take) -> None:
        shot = take(follows={f"{CARD}/GPH_0099.NEF": NEF.hex()})
        assert [path.name for path in shot.companions] == ["photo.nef"]

    def test_a_raw_alone_is_refused_with_what_to_set(self, take: Take, calls: Calls) -> None:
        with pytest.raises(NotWholeError, match=r"DSC_1\.NEF and no JPEG: set its image format to JPEG or RAW"):
            take(names=f"{CARD}/DSC_1.NEF")
        assert calls("delete") == []

    def test_a_file_too_many_stays_in_the_camera_with_a_warning(self, take: Take) -> None:
        shot = take(follows={f"{CARD}/GPH_0100.JPG": jpeg().hex()})
        assert shot.companions == ()
        assert any("GPH_0100.JPG is one file too many" in warning for warning in shot.warnings)

    def test_half_a_jpeg_is_not_deleted_from_the_camera(self, take: Take, calls: Calls, scene: Path) -> None:
        scene.write_bytes(jpeg()[:400])
        with pytest.raises(NotWholeError, match="breaks off after 400 bytes"):
            take()
        assert calls("delete") == []


class TestLeftOvers:
    def test_one_in_memory_is_cleared_away_and_not_taken_for_this_shot(
        self, take: Take, calls: Calls, scene: Path
    ) -> None:
        shot = take(left_over={"/capt0000.jpg": jpeg(colour="red").hex()})
        assert shot.path.read_bytes() == scene.read_bytes()
        assert shot.warnings == ("capt0000.jpg of an earlier shot was still in the camera; not taken for this one",)
        assert ["capt0000.jpg"] in calls("delete")

    def test_one_on_the_card_stays_there(self, take: Take, calls: Calls, scene: Path) -> None:
        shot = take(left_over={f"{CARD}/GPH_0001.JPG": jpeg(colour="red").hex()})
        assert shot.path.read_bytes() == scene.read_bytes()
        assert ["GPH_0001.JPG"] not in calls("delete")

    @pytest.mark.parametrize("age", [301, 10 * 24 * 3600], ids=["of the last slot", "of another day"])
    def test_a_photo_that_is_older_than_the_request_is_refused(self, take: Take, scene: Path, age: int) -> None:
        with pytest.raises(StaleFrameError) as caught:
            take(age=age)
        taken = time.strftime("%H:%M:%S", time.gmtime(int(scene.stat().st_mtime)))
        assert f"the camera handed over an older photo of {taken}" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert is_transient(caught.value)

    def test_a_file_whose_clock_is_another_zones_is_fresh(self, take: Take, scene: Path) -> None:
        """libgphoto2 reads some cameras' files as UTC and their clocks as local time (libgphoto2 #23)."""
        assert take(age=7 * 3600).path.read_bytes() == scene.read_bytes()


class TestCard:
    def test_a_photo_goes_to_memory_and_is_deleted_once_it_is_here(self, take: Take, calls: Calls) -> None:
        shot = take()
        assert calls("capture")[0][0] == "Internal RAM"
        assert calls("delete") == [["GPH_0099.JPG"]]
        assert shot.on_card == ""

    def test_a_photo_that_cannot_be_deleted_is_a_warning(self, take: Take) -> None:
        (warning,) = take(cannot_delete=["GPH_0099.JPG"]).warnings
        assert warning.startswith(f"{CARD}/GPH_0099.JPG could not be deleted from the camera")

    def test_a_photo_may_stay_on_the_card_and_its_place_is_known(self, take: Take, calls: Calls) -> None:
        shot = take(KEEPING)
        assert calls("capture")[0][0] == "Memory card"
        assert calls("delete") == []
        assert shot.on_card == f"{CARD}/GPH_0099.JPG"

    def test_the_target_is_set_each_time_also_when_it_reads_so_already(self, take: Take, calls: Calls) -> None:
        take()
        assert ["capturetarget", "Internal RAM"] in calls("set")

    def test_a_camera_that_keeps_its_secret_is_a_warning(self, take: Take) -> None:
        shot = take(KEEPING, names="/capt0000.jpg")
        assert shot.on_card == ""
        assert any("does not say where on its card" in warning for warning in shot.warnings)

    def test_confirmed_photos_are_deleted_and_one_that_is_gone_counts(
        self, take: Take, calls: Calls, scene: Path
    ) -> None:
        (scene.parent / "old.jpg").write_bytes(scene.read_bytes())
        forget = ["/store_00010001/old.jpg", "/store_00010001/gone.jpg", "/no/such/folder.jpg"]
        shot = take(KEEPING, forget=forget)
        assert calls("delete") == [["old.jpg"]]
        assert shot.deleted == tuple(forget)
        assert shot.warnings == ()

    def test_the_raw_of_a_confirmed_pair_goes_with_it(self, take: Take, calls: Calls, scene: Path) -> None:
        for name in ("old.jpg", "old.nef", "older.jpg"):
            (scene.parent / name).write_bytes(scene.read_bytes())
        take(KEEPING, forget=["/store_00010001/old.jpg"])
        assert sorted(calls("delete")) == [["old.jpg"], ["old.nef"]]

    def test_one_that_cannot_be_deleted_is_a_warning_and_stays_on_the_list(self, take: Take, scene: Path) -> None:
        for name in ("old.jpg", "other.jpg"):
            (scene.parent / name).write_bytes(scene.read_bytes())
        forget = ["/store_00010001/old.jpg", "/store_00010001/other.jpg"]
        shot = take(KEEPING, forget=forget, cannot_delete=["old.jpg"])
        assert shot.deleted == ("/store_00010001/other.jpg",)
        assert len(shot.warnings) == 1
        assert shot.warnings[0].startswith("/store_00010001/old.jpg could not be deleted from the card")

    def test_a_full_card_costs_no_photo(self, take: Take, calls: Calls, scene: Path) -> None:
        shot = take(KEEPING, refuses=[-3])
        assert [target for target, _ in calls("capture")] == ["Memory card", "Internal RAM"]
        assert shot.path.read_bytes() == scene.read_bytes()
        assert shot.on_card == ""
        assert shot.warnings == ("the card is full of photos that are not confirmed yet: this one is not on it",)

    def test_a_camera_without_room_that_gives_no_reason_is_full_as_well(self, take: Take) -> None:
        shot = take(KEEPING, refuses=[-1], free_images=0)
        assert shot.facts["card_free_images"] == "0"
        assert shot.warnings == ("the card is full of photos that are not confirmed yet: this one is not on it",)

    @pytest.mark.parametrize(
        ("keep", "refuses"),
        [
            pytest.param(False, [-3], id="in memory"),
            pytest.param(False, [-115], id="said otherwise"),
            pytest.param(True, [-3, -1], id="on the card, and in memory neither"),
        ],
    )
    def test_no_room_anywhere_is_said_in_one_line(self, take: Take, keep: bool, refuses: list[int]) -> None:
        with pytest.raises(CardFullError) as caught:
            take(replace(KEEPING, keep_on_card=keep), refuses=refuses)
        assert caught.value.code == refuses[-1]
        assert "card is full" in str(caught.value)
        assert "empty it" in str(caught.value)
        assert "\n" not in str(caught.value)


class TestClock:
    @pytest.fixture
    def zoned(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The virtual camera shows UTC; to a host elsewhere that is hours off."""
        monkeypatch.setenv("TZ", "XXX+1")

    @pytest.mark.usefixtures("zoned")
    def test_one_that_is_off_is_recorded_and_set(self, take: Take, calls: Calls) -> None:
        """Setting the virtual camera's has no effect, and that is said."""
        shot = take()
        assert abs(int(shot.facts["clock_drift_seconds"]) - 3600) <= 1
        assert "datetime" in [name for name, _ in calls("set")]
        (warning,) = shot.warnings
        assert warning.startswith("camera clock was 3600 s ahead")
        assert "could not be corrected" in warning

    @pytest.mark.usefixtures("zoned")
    def test_one_is_not_set_by_a_host_whose_own_is_not_to_be_trusted(self, take: Take, calls: Calls) -> None:
        shot = take(trust_clock=False)
        assert abs(int(shot.facts["clock_drift_seconds"]) - 3600) <= 1
        assert "datetime" not in [name for name, _ in calls("set")]
        assert shot.warnings == ()

    def test_one_that_is_right_is_left_alone(self, take: Take, calls: Calls) -> None:
        take()
        assert "datetime" not in [name for name, _ in calls("set")]
