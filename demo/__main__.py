"""`make demo`: start everything, live through the day, show the table, and leave nothing behind.

Ctrl-C at any time ends all processes; what was written lies in `.demo/`, and nowhere else.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NoReturn

from demo.house import DemoError, House, moved_in, read_wish
from kootenay.errors import KootenayError
from rig.prefect_host import CHECKOUT, answers, start_server, start_worker, wait_for_server
from rig.processes import Keeper, NotReadyError, adopt_orphans, end_descendants

GALLERY_SECONDS = 30
QUIET_SECONDS = 10
"""Without a terminal, progress is told at most so often."""


def main() -> int:
    """Run the demo; return 0, or 1 with the reason on standard error, or 130 after Ctrl-C in its middle."""
    adopt_orphans()
    for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(kind, _interrupted)  # SIGINT too: a shell's `&` has it ignored, and children would inherit that
    try:
        with moved_in(read_wish(dict(os.environ))) as house:
            os.environ.clear()
            os.environ.update(house.env)
            keeper = Keeper(house.folder / "logs")
            try:
                return _tour(house, keeper)
            finally:
                _leave(keeper)
    except (DemoError, NotReadyError, KootenayError, OSError) as error:
        print(f"\nThe demo stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nThe demo was stopped; nothing runs any more.", file=sys.stderr)
        return 130


def _tour(house: House, keeper: Keeper) -> int:
    began = time.monotonic()
    show = _teller(began)
    show("starting a Prefect server (its first start makes its database)")
    start_server(keeper, house.env)
    keeper.start("gallery", [sys.executable, "-m", "gallery"], house.env, CHECKOUT)

    # Prefect reads its settings when it is imported: not before the environment is the demo's own.
    from prefect.client.orchestration import get_client

    from demo.day import Day
    from demo.report import addresses, complaint, table
    from deployments.setup import make_pools, pools
    from kootenay.settings import load_settings

    settings = load_settings()
    with get_client(sync_client=True) as client:
        day = Day(client, settings, house.gallery_url, house.wish.slots, show, keeper)
        site = settings.site.place
        scenes = [sys.executable, "-m", "rig.scenes", str(site.latitude), str(site.longitude), site.timezone]
        keeper.start("painter", [*scenes, *(slot.isoformat() for slot in day.wanted)], house.env, CHECKOUT)
        wait_for_server(keeper, house.env)
        show("deploying the flows")
        with contextlib.redirect_stdout(None):
            make_pools(client)
        for pool in pools():
            start_worker(keeper, house.env, pool)
        _deploy(house)
        keeper.wait_until("gallery", lambda: answers(f"{house.gallery_url}/health"), GALLERY_SECONDS)
        outcome = day.live()
    print(f"\n\n{table(outcome, time.monotonic() - began)}\n\n{addresses(house, settings, outcome)}\n", flush=True)
    wrong = complaint(outcome, len(day.wanted))
    if wrong:
        raise DemoError(wrong)
    if sys.stdout.isatty():
        _serve()
    return 0


def _deploy(house: House) -> None:
    command = [sys.executable, "-m", "deployments.setup", "--schedules-off"]
    log = house.folder / "logs" / "deploy.log"
    with log.open("wb") as output:
        status = subprocess.run(
            command, cwd=CHECKOUT, env=house.env, stdout=output, stderr=subprocess.STDOUT, check=False
        ).returncode
    if status:
        msg = f"deploying prefect.yaml ended with status {status}; see {log}"
        raise DemoError(msg)


def _serve() -> None:
    print("Serving until Ctrl-C. The schedules are off, for the day was made up; switch one on in the Prefect UI")
    print("and the camera takes the real slots of now.", flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        print("\nGood night.")


def _leave(keeper: Keeper) -> None:
    """End everything; a second Ctrl-C does not cut this short."""
    for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(kind, signal.SIG_IGN)
    keeper.stop_all()
    end_descendants()


def _teller(began: float) -> Callable[[str], None]:
    """Return what shows progress: one line that changes on a terminal, a line now and then elsewhere."""
    live = sys.stdout.isatty()
    last = -QUIET_SECONDS * 2.0

    def show(text: str) -> None:
        nonlocal last
        seconds = time.monotonic() - began
        if live:
            print(f"\r\033[K{seconds:4.0f} s  {text}", end="", flush=True)
        elif seconds - last >= QUIET_SECONDS:
            print(f"{seconds:4.0f} s  {text}", flush=True)
            last = seconds

    return show


def _interrupted(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
