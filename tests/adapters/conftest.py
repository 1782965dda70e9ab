"""Builders of the small things that adapters handle: photos, sidecars, a spool with photos, a camera, a catalog."""

import hashlib
import io
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from kootenay.adapters.camera import CameraSpec
from kootenay.adapters.catalog import Catalog, open_catalog
from kootenay.adapters.spool import Spool, SpooledPhoto
from kootenay.rules.daylight import Light
from kootenay.rules.sidecar import Sidecar
from rig.databases import MariaDb
from rig.prefect_host import CHECKOUT

SLOT = datetime(2026, 6, 21, 20, 0, tzinfo=UTC)
STEP = timedelta(minutes=5)
PLACE = (49.8672, -118.00737, "America/Vancouver")
DAYLIGHT = Light(True, False, 60.5, "daylight")
SUNSET = Light(True, True, 2.125, "10 min before sunset", timedelta(minutes=10))


def jpeg(width: int = 64, height: int = 48, colour: Any = (90, 120, 150), mode: str = "RGB", **options: Any) -> bytes:
    """Given a size, a colour and Pillow's options of saving, return a JPEG."""
    content = io.BytesIO()
    Image.new(mode, (width, height), colour).save(content, "JPEG", **options)
    return content.getvalue()


def sidecar_of(content: bytes, slot: datetime = SLOT, camera: str = "lake") -> Sidecar:
    """Given a photo's bytes, return the sidecar that the camera host would write."""
    digest = hashlib.sha256(content).hexdigest()
    return Sidecar(camera, slot, slot + timedelta(seconds=2), digest, len(content), False, 60.5)


def spool_photo(spool: Spool, slot: datetime = SLOT, content: bytes | None = None) -> SpooledPhoto:
    """Take a photo into a spool the way a station does."""
    content = content or jpeg(colour=(slot.hour * 8, slot.minute * 4, 99))
    with spool.workbench("lake") as bench:
        (bench / "photo.jpg").write_bytes(content)
        return spool.keep(bench / "photo.jpg", sidecar_of(content, slot))


def camera_spec(driver: str = "virtual", **changes: Any) -> CameraSpec:
    """Return a camera as kootenay.toml has it, with changes."""
    facts: dict[str, Any] = {
        "name": "lake",
        "driver": driver,
        "normal": {"exposurecompensation": "0"},
        "deadline_seconds": 60,
        "place": PLACE,
    }
    return CameraSpec(**(facts | changes))


def start_python(script: str, *words: object) -> subprocess.Popen[str]:
    """Start a Python process of its own on a script; its output can be read and ends with it."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, words)],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )


def is_running(pid: int) -> bool:
    """Given a process id, return whether that process still runs; one that nobody has buried yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def names(folder: Path) -> list[str]:
    """Given a folder, return the names of all files below it, hidden ones too."""
    return sorted(str((Path(path) / name).relative_to(folder)) for path, _, found in os.walk(folder) for name in found)


databases = itertools.count()


SERVERS = [pytest.param(name, marks=pytest.mark.real(name)) for name in ("mariadb", "mysql9")]


@pytest.fixture(params=["sqlite", *SERVERS])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a new, empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'catalog.db'}"
    server: MariaDb = request.getfixturevalue(request.param)
    name = f"kootenay_{next(databases)}"
    engine = sa.create_engine(server.url("mysql"))
    with engine.begin() as connection:
        connection.execute(sa.text(f"create database {name}"))
    engine.dispose()
    return server.url(name)


@pytest.fixture
def catalog(database: str) -> Iterator[Catalog]:
    """A new, empty catalog."""
    opened = open_catalog(database)
    yield opened
    opened.engine.dispose()
