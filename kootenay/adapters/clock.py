"""The host's clock, and whether anybody keeps it right."""

import ctypes
from datetime import UTC, datetime

from kootenay.rules.slots import is_trusted

BUILT = datetime(2026, 11, 25, tzinfo=UTC)
"""No photo of this software is older: a host whose clock says so has woken up without one."""

STA_UNSYNC = 0x0040


class Timex(ctypes.Structure):
    """The head of struct timex (adjtimex(2)), whose longs are as wide as the machine's; `modes` 0 only reads."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def is_synchronised() -> bool:
    """Return whether the kernel says that a time service keeps this clock (chrony, ntpd and timesyncd all tell it).

    A kernel that will not say is believed to be right.
    """
    timex = Timex()
    try:
        if ctypes.CDLL(None).adjtimex(ctypes.byref(timex)) < 0:
            return True
    except (OSError, AttributeError):
        return True
    return not timex.status & STA_UNSYNC


def can_be_trusted() -> bool:
    """Return whether the time can be believed: synchronised, and not before this software was made."""
    return is_trusted(now(), is_synchronised(), BUILT)
