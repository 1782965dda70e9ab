"""Work that is killed after so many lines of ours: how a script shows that the next run comes to the same end."""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any


def in_a_child(work: Callable[[], Any]) -> int:
    """Do `work` in a process of its own; return how that ended (waitpid(2)), 0 unless it was killed or raised."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 (whatever it was, the parent is told)
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def killed_after(count: int, below: str, work: Callable[[], Any]) -> int:
    """Do `work` in a process that is killed as it comes to its `count`-th line below a folder; return how it ended."""
    left = count

    def lines(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if below not in frame.f_code.co_filename:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return lines

    def traced() -> None:
        sys.settrace(lines)
        work()
        sys.settrace(None)

    return in_a_child(traced)
