"""A camera's settings through libgphoto2: read, set and read back, whatever kind of widget each is.

A camera that will not be set is a warning, never an error: the photo is worth more than its settings.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

CAPTURE_TARGET = "capturetarget"
CLOCKS = ("datetimeutc", "datetime")
"""Canon's newer ones have both, and only the first is free of time zones (libgphoto2 #443)."""

CLOCK_TOLERANCE_SECONDS = 2.0
YES, NO = {"1", "on", "true", "yes"}, {"0", "off", "false", "no"}


def same(wanted: str, found: str) -> bool:
    """Given two values in a camera's notations, return whether they mean the same: "1/100" and "0.0100s".

    A decimal stands for every number that it rounds: cameras show 1/8000 as 0.0001s and a third as 0.3.
    """
    if wanted.casefold() == found.casefold():
        return True
    if wanted.casefold() in YES | NO and found in ("0", "1"):
        return (wanted.casefold() in YES) == (found == "1")
    one, other = _number(wanted), _number(found)
    return one is not None and other is not None and abs(one[0] - other[0]) <= max(one[1], other[1])


def _number(value: str) -> tuple[float, float] | None:
    """The number that a setting's value is, and half of its last decimal: a time, a fraction, an f-number."""
    match = re.fullmatch(r"(?:f/?)?([+-]?\d+(?:\.(\d+))?)(?:/(\d+))?\s*s?", value.strip(), re.IGNORECASE)
    if match is None or (match[3] and not int(match[3])):
        return None
    rounding = 0.5001 * 10.0 ** -len(match[2]) if match[2] else 0.0
    return float(match[1]) / int(match[3] or 1), rounding


def target_of(choices: Iterable[str], *, card: bool) -> str | None:
    """Given the choices of a camera's capture target, return that of its card, or of its memory; None without one.

    Sony's "card+sdram" comes before its "card", which hands nothing over (gphoto2 #561).
    """
    on_card = [choice for choice in choices if "card" in choice.casefold()]
    in_memory = [choice for choice in choices if "ram" in choice.casefold() and choice not in on_card]
    wanted = sorted(on_card, key=lambda choice: "ram" not in choice.casefold()) if card else in_memory
    return wanted[0] if wanted else None


def read(gp: Any, camera: Any, name: str) -> str:
    """Return the value of a key in words, or "" when the camera has no such key."""
    try:
        return str(camera.get_single_config(name).get_value())
    except gp.GPhoto2Error:
        return ""


def apply(gp: Any, camera: Any, settings: Mapping[str, str]) -> list[str]:
    """Set each key that differs and read it back; return what was not to be had."""
    return [warning for name, wanted in settings.items() if (warning := _apply_one(gp, camera, name, wanted))]


def _apply_one(gp: Any, camera: Any, name: str, wanted: str) -> str:
    try:
        widget = camera.get_single_config(name)
        if same(wanted, str(widget.get_value())):
            return ""
        widget.set_value(_value_for(gp, widget, wanted))
        camera.set_single_config(name, widget)
        found = str(camera.get_single_config(name).get_value())
    except (gp.GPhoto2Error, TypeError, ValueError) as error:
        return f"{name} could not be set to {wanted}: {error}"
    return "" if same(wanted, found) else f"{name} was set to {wanted} and reads {found}"


def _value_for(gp: Any, widget: Any, wanted: str) -> Any:
    """The value as the widget takes it: ranges are floats, toggles and dates integers, the rest words."""
    kind = widget.get_type()
    if kind == gp.GP_WIDGET_RANGE:
        return float(wanted)
    if kind == gp.GP_WIDGET_TOGGLE:
        if wanted.casefold() not in YES | NO:
            msg = "it is on or off"
            raise ValueError(msg)
        return int(wanted.casefold() in YES)
    if kind == gp.GP_WIDGET_DATE:
        return int(wanted)
    choices = _choices(gp, widget)
    return wanted if wanted in choices else next((choice for choice in choices if same(wanted, choice)), wanted)


def _choices(gp: Any, widget: Any) -> list[str]:
    if widget.get_type() not in (gp.GP_WIDGET_RADIO, gp.GP_WIDGET_MENU):
        return []
    return [widget.get_choice(index) for index in range(widget.count_choices())]


def aim(gp: Any, camera: Any, *, card: bool) -> list[str]:
    """Have the next photos written to the card, or to the camera's memory.

    Set each time, also when it reads so already: what it reads is libgphoto2's memory, not the camera's (#374).
    """
    place = "card" if card else "memory"
    try:
        widget = camera.get_single_config(CAPTURE_TARGET)
    except gp.GPhoto2Error:
        return [f"this camera cannot be told to keep photos on its {place}"] if card else []
    target = target_of(_choices(gp, widget), card=card)
    if target is None:
        return [f"{CAPTURE_TARGET} has no choice for the camera's {place}"]
    try:
        widget.set_value(target)
        camera.set_single_config(CAPTURE_TARGET, widget)
    except gp.GPhoto2Error as error:
        return [f"{CAPTURE_TARGET} could not be set to {target}: {error}"]
    found = read(gp, camera, CAPTURE_TARGET)
    return [] if same(target, found) else [f"{CAPTURE_TARGET} was set to {target} and reads {found}"]


def drift_of(gp: Any, camera: Any) -> float | None:
    """Return how many seconds the camera's clock is ahead of this host's; None when it shows none."""
    for name in CLOCKS:
        try:
            widget = camera.get_single_config(name)
        except gp.GPhoto2Error:
            continue
        if widget.get_type() == gp.GP_WIDGET_DATE:
            return float(widget.get_value()) + 0.5 - datetime.now(UTC).timestamp()  # it shows whole seconds only
    return None


def correct_clock(gp: Any, camera: Any, drift: float) -> tuple[float, list[str]]:
    """Given a clock's drift, put the clock right where it is more than 2 s off; return the drift left, and words."""
    if abs(drift) <= CLOCK_TOLERANCE_SECONDS:
        return drift, []
    words = f"camera clock was {abs(drift):.0f} s {'ahead' if drift > 0 else 'behind'}"
    for name in CLOCKS:
        try:
            widget = camera.get_single_config(name)
            widget.set_value(int(datetime.now(UTC).timestamp()))
            camera.set_single_config(name, widget)
        except (gp.GPhoto2Error, TypeError):
            continue
        left = drift_of(gp, camera)
        if left is not None and abs(left) <= CLOCK_TOLERANCE_SECONDS:
            return left, [f"{words}, corrected"]
    return drift, [f"{words} and could not be corrected: set it by hand"]
