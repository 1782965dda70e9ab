"""Start Prefect's server as its own command does, with its garbage collected away from its event loop.

On SQLite the collector, when it runs on the loop's thread, may finalise a cursor of a connection whose thread waits
for the database (SQLite's connection mutex is held while it waits). The loop then stands still, and with it the very
transaction that is waited for, until the busy timeout of 60 s: seen in about one day in four of the demo, on Prefect
3.8.8. A thread of its own may wait there without harm.
"""

import gc
import runpy
import sys
import threading
import time

COLLECT_EVERY_SECONDS = 20


def main() -> None:
    """Become `prefect server start` with this command's own arguments."""
    gc.disable()
    threading.Thread(target=_collect, name="garbage", daemon=True).start()
    sys.argv = ["prefect", "server", "start", *sys.argv[1:]]
    runpy.run_module("prefect", run_name="__main__")


def _collect() -> None:
    time.sleep(COLLECT_EVERY_SECONDS)
    gc.collect()
    gc.freeze()  # what the start has made stays; looking through it each time would hold up the loop for half a second
    while True:
        time.sleep(COLLECT_EVERY_SECONDS)
        gc.collect()


if __name__ == "__main__":
    main()
