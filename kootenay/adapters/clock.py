"""The host's clock, and whether anybody keeps it right."""

import ctypes
from datetime import UTC, datetime

from kootenay.rules.slots import is_trusted

BUILT = datetime(2026, 11, 25, tzinfo=UTC)
"""No photo of this software is older: a host whose clock says so has woken up without one."""

STA_UNSYNC = 0x0040
TIMEX_BYTES = 208
STATUS_AT = 40
"""struct timex on 64-bit Linux (adjtimex(2)): modes, offset, freq, maxerror, esterror, status, ..."""


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def is_synchronised() -> bool:
    """Return whether the kernel says that a time service keeps this clock (chrony, ntpd and timesyncd all tell it).

    A kernel that will not say is believed to be right.
    """
    timex = ctypes.create_string_buffer(TIMEX_BYTES)
    try:
        if ctypes.CDLL(None).adjtimex(timex) < 0:
            return True
    except (OSError, AttributeError):
        return True
    status = int.from_bytes(timex.raw[STATUS_AT : STATUS_AT + 4], "little")
    return not status & STA_UNSYNC


def can_be_trusted() -> bool:
    """Return whether the time can be believed: synchronised, and not before this software was made."""
    return is_trusted(now(), is_synchronised(), BUILT)
