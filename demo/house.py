"""The demo's house: its folder `.demo/`, its ports and its processes, and how it is left as it was found."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kootenay.adapters.files import lock
from rig.prefect_host import CHECKOUT, environment
from rig.processes import port_is_taken
from rig.scenes import FOLDER_VARIABLE

FOLDER = CHECKOUT / ".demo"
MARK = "this-folder-belongs-to-make-demo"
LEAST_FREE_BYTES = 500_000_000


class DemoError(Exception):
    """The demo cannot go on; the message is the one line that the terminal shows."""


@dataclass(frozen=True)
class Wish:
    """What the caller may choose by environment variables. `slots` None is the whole day."""

    slots: int | None
    prefect_port: int
    gallery_port: int


@dataclass(frozen=True)
class House:
    """A folder, two ports and the environment of all that runs in it."""

    folder: Path
    wish: Wish
    env: dict[str, str]

    @property
    def prefect_url(self) -> str:
        return f"http://127.0.0.1:{self.wish.prefect_port}"

    @property
    def gallery_url(self) -> str:
        return f"http://127.0.0.1:{self.wish.gallery_port}"


def read_wish(env: dict[str, str]) -> Wish:
    """Given the environment, return the caller's wish. Raises DemoError for a value that is no such number."""
    return Wish(
        slots=_number(env, "DEMO_SLOTS", None, 1, 1000),
        prefect_port=_number(env, "DEMO_PREFECT_PORT", 4200, 1, 65535) or 4200,
        gallery_port=_number(env, "DEMO_GALLERY_PORT", 8080, 1, 65535) or 8080,
    )


@contextlib.contextmanager
def moved_in(wish: Wish) -> Iterator[House]:
    """Make `.demo/` ready and hold it. Raises DemoError with what is in the way; nothing was touched then."""
    for name, port in (("DEMO_PREFECT_PORT", wish.prefect_port), ("DEMO_GALLERY_PORT", wish.gallery_port)):
        if port_is_taken(port):
            msg = f"port {port} is taken; nothing was started: end what listens there, or choose another with {name}=N"
            raise DemoError(msg)
    free = shutil.disk_usage(CHECKOUT).free
    if free < LEAST_FREE_BYTES:
        msg = (
            f"{CHECKOUT} has {free / 1e6:.0f} MB of disk left and the demo wants {LEAST_FREE_BYTES / 1e6:.0f}; "
            "nothing was started"
        )
        raise DemoError(msg)
    if FOLDER.exists() and not (FOLDER / MARK).exists():
        msg = f"{FOLDER} is there and is not the demo's; it was left alone: move it away"
        raise DemoError(msg)
    with lock(FOLDER / MARK) as held:
        if not held:
            msg = f"another demo is at home in {FOLDER}; it was left alone: end it there (Ctrl-C)"
            raise DemoError(msg)
        _clear()
        yield House(FOLDER, wish, _environment(wish))


def _environment(wish: Wish) -> dict[str, str]:
    gallery = {
        "KOOTENAY_GALLERY__PORT": str(wish.gallery_port),
        "KOOTENAY_GALLERY__URL": f"http://127.0.0.1:{wish.gallery_port}",
        "KOOTENAY_CONFIG": os.devnull,
        FOLDER_VARIABLE: str(FOLDER / "scenes"),
    }
    return environment(FOLDER, wish.prefect_port, gallery)


def _clear() -> None:
    """An earlier day in the folder makes room; the mark stays, for it is what the lock is held on."""
    earlier = [path for path in FOLDER.iterdir() if path.name != MARK]
    if earlier:
        print("Clearing the day before out of .demo/")
    for path in earlier:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _number(env: dict[str, str], name: str, default: int | None, least: int, most: int) -> int | None:
    text = env.get(name, "")
    if not text:
        return default
    if not (text.isdecimal() and least <= int(text) <= most):
        msg = f"{name}={text} is no number from {least} to {most}; nothing was started"
        raise DemoError(msg)
    return int(text)
