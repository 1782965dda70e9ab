"""Camera processes that misbehave, run in place of the real one; the request's port says how.

`python -m tests.adapters.children` gets a request on standard input like every camera process.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "w").close()
time.sleep(600)
"""
ANSWER = {"taken_at": "2026-06-21T20:00:01+00:00", "camera": {}, "warnings": []}


def main() -> None:
    request = json.loads(sys.stdin.read())
    into, how = Path(request["into"]), request["port"]
    if how == "hangs":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        leave_behind(into, keeps_output=True)
        time.sleep(600)
    elif how == "leaves a child that holds its output":
        leave_behind(into, keeps_output=True)
    elif how == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "raises":
        msg = "no module named gphoto2"
        raise ImportError(msg)
    elif how == "leaves a child":
        leave_behind(into, keeps_output=False)
        into.write_bytes(b"\xff\xd8\xff\xd9")
        answer()
    elif how == "answers":
        answer()


def leave_behind(into: Path, *, keeps_output: bool) -> None:
    """Start a child that ignores SIGTERM, and write down both process ids."""
    output = None if keeps_output else subprocess.DEVNULL
    command = [sys.executable, "-c", STUBBORN, f"{into}.on"]
    child = subprocess.Popen(command, stdout=output, stderr=output)
    while not Path(f"{into}.on").exists():
        time.sleep(0.01)
    Path(f"{into}.pids").write_text(f"{os.getpid()} {child.pid}")


def answer() -> None:
    sys.stdout.write(json.dumps(ANSWER))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)
