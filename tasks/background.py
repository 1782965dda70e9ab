"""Work that can wait steps back before the work that cannot."""

import os

NICE = 10
"""Of 19: what is left by ingest and the gallery, and by other programs."""


def step_back() -> None:
    """Lower this thread's priority, for good. Linux keeps a niceness for each thread (setpriority(2))."""
    os.setpriority(os.PRIO_PROCESS, 0, max(NICE, os.getpriority(os.PRIO_PROCESS, 0)))
