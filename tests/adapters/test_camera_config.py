"""How a camera's settings are understood: notations, capture targets, kinds of widgets, serial numbers."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from kootenay.adapters.gphoto2_config import apply, correct_clock, drift_of, same, target_of
from kootenay.adapters.gphoto2_find import same_serial
from kootenay.adapters.whole_jpeg import flaw_of
from tests.adapters.conftest import jpeg


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("1/100", "0.0100s", id="a fraction and a decimal"),
        pytest.param("1/8000", "0.0001s", id="a fraction and what is left of it"),
        pytest.param("1/3", "0.3", id="a third"),
        pytest.param("5.6", "f/5.6", id="an f-number"),
        pytest.param("+1", "1", id="a sign"),
        pytest.param("30", "30s", id="seconds"),
        pytest.param("5200", "5200.0", id="a range"),
        pytest.param("auto", "Auto", id="case"),
        pytest.param("on", "1", id="a toggle that is on"),
        pytest.param("off", "0", id="a toggle that is off"),
    ],
)
def test_two_notations_of_one_value_are_the_same(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("1/100", "1/125", id="a third of a stop"),
        pytest.param("30", "1/30", id="a time and its fraction"),
        pytest.param("5200", "5300", id="100 kelvin"),
        pytest.param("0", "0.3", id="a third of nothing"),
        pytest.param("100", "Auto", id="a number and a word"),
        pytest.param("1", "-1", id="a sign"),
        pytest.param("on", "0", id="a toggle"),
        pytest.param("1/0", "0", id="no number"),
        pytest.param("", "0", id="nothing"),
    ],
)
def test_two_values_are_not_the_same(one: str, other: str) -> None:
    assert not same(one, other)


@pytest.mark.parametrize(
    ("choices", "memory", "card"),
    [
        pytest.param(["Internal RAM", "Memory card"], "Internal RAM", "Memory card", id="Canon and Nikon"),
        pytest.param(["sdram", "card+sdram"], "sdram", "card+sdram", id="Sony"),
        pytest.param(["sdram", "card", "card+sdram"], "sdram", "card+sdram", id="Sony with three"),
        pytest.param(["sdram", "card"], "sdram", "card", id="Sony without both"),
        pytest.param(["Memory card 1", "Memory card 2"], None, "Memory card 1", id="two slots and no memory"),
        pytest.param([], None, None, id="Fuji, which has none"),
    ],
)
def test_the_capture_target_is_chosen_by_what_it_is_called(
    choices: list[str], memory: str | None, card: str | None
) -> None:
    assert target_of(choices, card=False) == memory
    assert target_of(choices, card=True) == card


@pytest.mark.parametrize(
    ("wanted", "found", "one"),
    [
        pytest.param("3282801003437093", "00000000000000003282801003437093", True, id="padded by PTP"),
        pytest.param("00a1", "A1", True, id="case"),
        pytest.param("12", "120", False, id="another"),
        pytest.param("0", "", False, id="none shown"),
    ],
)
def test_serial_numbers_are_compared_without_their_leading_zeros(wanted: str, found: str, one: bool) -> None:
    assert same_serial(wanted, found) is one


@pytest.mark.parametrize(
    ("content", "flaw"),
    [
        pytest.param(jpeg(), "", id="whole"),
        pytest.param(jpeg() + b"\0" * 9, "", id="padded"),
        pytest.param(jpeg()[:300] + b"\0" * (len(jpeg()) - 300), "the other", id="as long as a whole one, half zeros"),
        pytest.param(b"MM\0*", "a RAW file", id="big-endian RAW"),
        pytest.param(b"<html>", "a web page", id="web page"),
    ],
)
def test_a_flaw_is_named(tmp_path: Path, content: bytes, flaw: str) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    assert flaw in flaw_of(tmp_path / "photo.jpg")
    assert bool(flaw) == bool(flaw_of(tmp_path / "photo.jpg"))


TYPES = {"RANGE": float, "TOGGLE": int, "DATE": int, "TEXT": str, "RADIO": str, "MENU": str}


class Widget:
    """A widget as strict as python-gphoto2's, which the library does not let anyone make."""

    def __init__(self, gp: Any, kind: str, value: Any, choices: tuple[str, ...] = ()) -> None:
        self.type, self.kind, self.value, self.choices = getattr(gp, f"GP_WIDGET_{kind}"), TYPES[kind], value, choices

    def get_type(self) -> int:
        return int(self.type)

    def get_value(self) -> Any:
        return self.value

    def set_value(self, value: Any) -> None:
        if type(value) is not self.kind:
            msg = f"in method 'gp_widget_set_value', {self.kind.__name__} expected"
            raise TypeError(msg)
        self.value = value

    def count_choices(self) -> int:
        return len(self.choices)

    def get_choice(self, index: int) -> str:
        return self.choices[index]


class Camera:
    """A camera that is no more than its widgets: the virtual one has no range, and a clock that cannot be set."""

    def __init__(self, gp: Any, **widgets: Widget) -> None:
        self.gp, self.widgets = gp, widgets

    def get_single_config(self, name: str) -> Widget:
        if name not in self.widgets:
            raise self.gp.GPhoto2Error(self.gp.GP_ERROR_BAD_PARAMETERS)
        return self.widgets[name]

    def set_single_config(self, name: str, widget: Widget) -> None:
        self.widgets[name] = widget


@pytest.fixture
def gp(monkeypatch: pytest.MonkeyPatch) -> Any:
    """libgphoto2; what its import does to the environment is undone."""
    for name in ("IOLIBS", "CAMLIBS"):
        monkeypatch.setenv(name, os.environ.get(name, os.devnull))
    import gphoto2

    return gphoto2


@pytest.mark.parametrize(
    ("kind", "before", "wanted", "after", "choices"),
    [
        pytest.param("RANGE", 4000.0, "5200", 5200.0, (), id="a range"),
        pytest.param("TOGGLE", 0, "on", 1, (), id="a toggle"),
        pytest.param("TOGGLE", 2, "0", 0, (), id="a toggle that is neither"),
        pytest.param("DATE", 0, "86400", 86400, (), id="a date"),
        pytest.param("TEXT", "", "Kootenay", "Kootenay", (), id="a text"),
        pytest.param("RADIO", "100", "200", "200", ("100", "200"), id="a choice"),
        pytest.param("MENU", "f/4", "5.6", "f/5.6", ("f/4", "f/5.6"), id="a menu"),
        pytest.param("RADIO", "0.1", "0.0001", "0.0001", ("0.000", "0.0001"), id="the exact choice before a rounder"),
    ],
)
def test_every_kind_of_widget_can_be_set(
    gp: Any, kind: str, before: Any, wanted: str, after: Any, choices: tuple[str, ...]
) -> None:
    camera = Camera(gp, key=Widget(gp, kind, before, choices))
    assert apply(gp, camera, {"key": wanted}) == []
    assert camera.widgets["key"].get_value() == after


@pytest.mark.parametrize(("kind", "wanted"), [("RANGE", "warm"), ("TOGGLE", "perhaps"), ("DATE", "today")])
def test_a_value_of_another_kind_is_a_warning(gp: Any, kind: str, wanted: str) -> None:
    camera = Camera(gp, key=Widget(gp, kind, 4000.0 if kind == "RANGE" else 0))
    (warning,) = apply(gp, camera, {"key": wanted})
    assert warning.startswith(f"key could not be set to {wanted}")


class TestClock:
    @pytest.mark.parametrize(
        ("off", "words"), [(-90, "90 s behind"), (3600, "3600 s ahead")], ids=["behind", "an hour ahead"]
    )
    @pytest.mark.parametrize("name", ["datetime", "datetimeutc"])
    def test_one_that_is_off_is_put_right(self, gp: Any, name: str, off: int, words: str) -> None:
        camera = Camera(gp, **{name: Widget(gp, "DATE", int(time.time()) + off)})
        drift = drift_of(gp, camera)
        assert drift is not None
        assert abs(drift - off) < 2
        left, warnings = correct_clock(gp, camera, drift)
        assert abs(left) < 2
        assert warnings == [f"camera clock was {words}, corrected"]

    def test_one_that_is_right_is_left_alone(self, gp: Any) -> None:
        camera = Camera(gp, datetime=Widget(gp, "DATE", int(time.time())))
        drift = drift_of(gp, camera)
        assert drift is not None
        assert correct_clock(gp, camera, drift) == (drift, [])

    def test_a_camera_that_shows_none_has_no_drift(self, gp: Any) -> None:
        assert drift_of(gp, Camera(gp)) is None
        assert drift_of(gp, Camera(gp, datetime=Widget(gp, "TEXT", "noon"))) is None
