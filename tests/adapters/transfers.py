"""What the tests of the ways to a server share: photos with companions, and what has arrived."""

import hashlib
import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kootenay.adapters.spool import SpooledPhoto
from kootenay.adapters.transfer import Access, Target, open_target
from kootenay.rules.sidecar import Companion
from tests.adapters.conftest import SLOT, names, sidecar_of

Opener = Callable[[], AbstractContextManager[Target]]
SIZE = 1_500_000
SMALL = 20_000


def some_bytes(size: int, seed: int = 1) -> bytes:
    """Bytes that nothing compresses; the same for the same seed."""
    return random.Random(seed).randbytes(size)


def photo_in(folder: Path, size: int = SMALL, raw: int = 0, slot: datetime = SLOT) -> SpooledPhoto:
    """Write a photo of `size` bytes, a companion of `raw` bytes if any, and its sidecar into a spool's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    content, companion = some_bytes(size, slot.minute), some_bytes(raw, slot.minute + 100)
    sidecar = sidecar_of(content, slot)
    if raw:
        facts = Companion(".cr3", hashlib.sha256(companion).hexdigest(), raw)
        sidecar = replace(sidecar, companions=(facts,))
        (folder / f"{sidecar.stem}.cr3").write_bytes(companion)
    spooled = SpooledPhoto(folder / f"{sidecar.stem}.jpg", sidecar)
    spooled.photo.write_bytes(content)
    spooled.sidecar_path.write_text(sidecar.to_json())
    return spooled


def files_of(*spooled: SpooledPhoto) -> dict[str, bytes]:
    """Given photos in a spool, return their files' bytes by name."""
    return {path.name: path.read_bytes() for each in spooled for path in each.files}


def files_in(folder: Path) -> dict[str, bytes]:
    """Given a folder, return the bytes of all files below it by name, hidden ones too."""
    return {name: (folder / name).read_bytes() for name in names(folder)}


def shown_in(folder: Path) -> list[str]:
    """Given a folder, return the names of the files that ingest would look at."""
    return [name for name in names(folder) if not name.startswith(".")]


def opener(url: str, folder: Path = Path("unused"), **access: Any) -> Opener:
    """Given an address and how its server is trusted, return a way to open it."""
    return partial(open_target, url, folder, Access(**{"timeout": 20} | access), lambda: pytest.fail("no S3 here"))
