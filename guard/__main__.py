"""`python -m guard` watches over this host's cameras; `... upload` drains the spool once; `... hook` is gphoto2's."""

import gc
import logging
import os
import signal
import sys
import threading
from queue import SimpleQueue

from kootenay.errors import KootenayError
from kootenay.settings import load_settings, settings_file

USAGE = "usage: python -m guard [upload | hook]: without a word it watches until it is told to end"


def main(words: list[str]) -> int:
    """Run; exit 0, or 1 with one line on standard error."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    verbs = {(): _watch, ("upload",): _upload, ("hook",): _hook}
    verb = verbs.get(tuple(words))
    if verb is None:
        sys.stderr.write(f"{USAGE}\n")
        return 2
    try:
        return verb()
    except KootenayError as error:
        told = str(error)
    except OSError as error:
        told = f"its spool cannot be used: {error}; see `home` in {settings_file()}. No photo was touched"
    sys.stderr.write(f"guard: {told}\n")
    return 1


def _watch() -> int:
    from guard.watch import Watch, keep_draining, keep_watch
    from kootenay.rules.daylight import zone_mismatch

    settings, over = load_settings(), threading.Event()
    ends: SimpleQueue[int] = (
        SimpleQueue()
    )  # a second signal may come within the first: an event's lock would never open

    def end_all(crash: threading.ExceptHookArgs) -> None:
        """No camera stays unwatched in silence: systemd starts all anew."""
        threading.__excepthook__(crash)
        ends.put(1)

    threading.excepthook = end_all
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, lambda *_: ends.put(0))
    watches = [
        threading.Thread(target=keep_watch, args=(watch, over))
        for watch in [Watch(settings, name) for name in settings.cameras]
    ]
    watches.append(threading.Thread(target=keep_draining, args=(settings, over), daemon=True))
    gc.freeze()  # what lives as long as this process is not searched again
    for each in watches:
        each.start()
    if doubt := zone_mismatch(settings.site.place):
        logging.warning("[site] %s", doubt)
    logging.info("watching %s", ", ".join(settings.cameras))
    status = ends.get()
    over.set()
    for each in watches[:-1]:
        each.join()
    return status


def _upload() -> int:
    from guard.upload import drain_once

    sys.stdout.write(f"{drain_once(load_settings())}\n")
    return 0


def _hook() -> int:
    from guard.hook import receive

    sys.stdout.write(receive(load_settings(), os.environ))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
