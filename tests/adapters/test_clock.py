"""The clock: the time is in UTC, and who keeps it is asked of the kernel."""

import ctypes
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kootenay.adapters import clock

TIME_ERROR = 5
"""What adjtimex(2) returns for a clock that nobody keeps."""

STATUS_AT = 40 if struct.calcsize("l") == 8 else 20
"""Where gcc puts the status in struct timex: after an int and four longs."""


def kernel(status: int, answer: int = 0) -> Callable[[Any], Any]:
    """Return a C library whose kernel answers so, and which writes where the real one would."""

    class Library:
        @staticmethod
        def adjtimex(timex: Any) -> int:
            head = bytes(timex._obj)
            assert struct.unpack_from("I", head)[0] == 0, "only root may set the clock, and nobody asked to"
            ctypes.memmove(ctypes.addressof(timex._obj) + STATUS_AT, struct.pack("i", status), 4)
            return answer

    return lambda name: Library()


def absent(name: object) -> Any:
    """A C library without the call, as on other systems."""
    return object()


def unloadable(name: object) -> Any:
    msg = "no C library"
    raise OSError(msg)


def test_the_time_is_aware_utc_and_now() -> None:
    before = datetime.now(UTC)
    found = clock.now()
    assert found.tzinfo is UTC
    assert before <= found <= datetime.now(UTC)


def test_the_real_kernel_says_whether_it_is_synchronised() -> None:
    raw = ctypes.create_string_buffer(512)
    answer = ctypes.CDLL(None).adjtimex(raw)
    (status,) = struct.unpack_from("i", raw, STATUS_AT)
    assert answer >= 0
    assert clock.is_synchronised() is not bool(status & 0x40)
    if not clock.is_synchronised():
        assert answer == TIME_ERROR


@pytest.mark.parametrize(
    ("library", "synchronised"),
    [
        pytest.param(kernel(0), True, id="kept, no flag at all"),
        pytest.param(kernel(0x2001), True, id="kept, by PLL in nanoseconds"),
        pytest.param(kernel(0x0040, TIME_ERROR), False, id="kept by nobody"),
        pytest.param(kernel(0x2041, TIME_ERROR), False, id="kept no longer"),
        pytest.param(kernel(0x0040, -1), True, id="a kernel that will not say"),
        pytest.param(absent, True, id="a system without the call"),
        pytest.param(unloadable, True, id="no C library"),
    ],
)
def test_a_clock_is_synchronised_unless_the_kernel_says_it_is_not(
    monkeypatch: pytest.MonkeyPatch, library: Any, synchronised: bool
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", library)
    assert clock.is_synchronised() is synchronised


@pytest.mark.parametrize(
    ("at", "synchronised", "trusted"),
    [
        pytest.param(clock.BUILT + timedelta(days=9), True, True, id="kept"),
        pytest.param(clock.BUILT + timedelta(days=9), False, False, id="kept by nobody"),
        pytest.param(datetime(1970, 1, 1, 0, 1, tzinfo=UTC), True, False, id="1970"),
        pytest.param(datetime(1970, 1, 1, 0, 1, tzinfo=UTC), False, False, id="1970, kept by nobody"),
    ],
)
def test_a_time_is_trusted_when_it_is_kept_and_not_before_the_software(
    monkeypatch: pytest.MonkeyPatch, at: datetime, synchronised: bool, trusted: bool
) -> None:
    monkeypatch.setattr(clock, "now", lambda: at)
    monkeypatch.setattr(clock, "is_synchronised", lambda: synchronised)
    assert clock.can_be_trusted() is trusted
