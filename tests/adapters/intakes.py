"""An intake on folders and SQLite below one folder, photos that arrive there, and what a run leaves behind."""

import hashlib
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from kootenay.adapters.archive import open_archive
from kootenay.adapters.catalog import open_catalog
from kootenay.adapters.incoming import open_incoming
from kootenay.adapters.intake import Intake
from kootenay.adapters.renditions import Wish
from kootenay.adapters.store import open_store
from kootenay.rules.daylight import Site
from tests.adapters.conftest import SLOT, STEP, names, sidecar_of

SITE = Site(49.8672, -118.00737, "America/Vancouver")
NOW = datetime(2026, 6, 22, 12, 0, tzinfo=UTC)
SIZES = (64, 32)


def no_client() -> Any:
    """Nothing here is on S3."""
    raise AssertionError


def intake_in(folder: Path, url: str = "", quiet: float = 0) -> Intake:
    """Given a folder, return an intake all of whose places lie in it, and whose photos settle in `quiet` seconds."""
    incoming = open_incoming(
        "", folder / "incoming", folder / "quarantine", folder / "work", timedelta(seconds=quiet), ["lake"], no_client
    )
    return Intake(
        SITE,
        {"lake": STEP},
        incoming,
        open_store("file:", folder / "store", "", no_client),
        open_archive(folder / "archive", "", folder, no_client),
        open_catalog(url or f"sqlite:///{folder / 'catalog.db'}"),
        Wish(SIZES, 85, 1e8),
    )


def picture(number: int) -> bytes:
    """Return a photo that is none of the others, and shows something."""
    content = io.BytesIO()
    shades = Image.radial_gradient("L").rotate(37 * number, fillcolor=number * 7 % 256).resize((96, 72))
    Image.merge("RGB", (shades, shades.transpose(Image.Transpose.FLIP_LEFT_RIGHT), shades)).save(content, "JPEG")
    return content.getvalue()


def arrive(folder: Path, number: int = 0, slot: datetime | None = None, content: bytes | None = None) -> str:
    """Put a photo of the `number`-th slot into the incoming folder as an upload does; return its stem."""
    content = content or picture(number)
    sidecar = sidecar_of(content, slot or SLOT + number * STEP)
    incoming = folder / "incoming"
    incoming.mkdir(exist_ok=True)
    (incoming / f"{sidecar.stem}.jpg").write_bytes(content)
    (incoming / f"{sidecar.stem}.json").write_text(sidecar.to_json())
    return sidecar.stem


def take_all(intake: Intake, now: datetime = NOW) -> list[tuple[str, str]]:
    """Take in what is ready; return each outcome with its note."""
    look = intake.incoming.look(now)
    told = [intake.set_aside(each) for each in look.misfits]
    for orphan in look.orphans:
        intake.finish_removal(orphan)
    told += [intake.take_in(each, now) for each in look.ready]
    intake.point_latest("lake")
    return [(each.outcome.value, each.note) for each in told]


def left_by(folder: Path) -> dict[str, object]:
    """Return all that stands: each file's hash, and the catalog's photos."""
    catalog = open_catalog(f"sqlite:///{folder / 'catalog.db'}")
    places = ("incoming", "store", "archive", "quarantine")
    files = {
        f"{place}/{name}": hashlib.sha256((folder / place / name).read_bytes()).hexdigest()
        for place in places
        if (folder / place).exists()
        for name in names(folder / place)
        if not name.endswith(".lock")
    }
    return files | {"rows": list(catalog.between("lake", SLOT.date() - 9 * timedelta(days=1), SLOT.date()))}
