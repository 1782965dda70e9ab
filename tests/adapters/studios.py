"""A studio on a folder and SQLite, and photos of a lake for it to make films of."""

import hashlib
import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from kootenay.adapters.catalog import Photo, Rendition, open_catalog
from kootenay.adapters.store import FolderStore
from kootenay.adapters.studio import Studio, Wish
from kootenay.rules.daylight import Site
from kootenay.rules.film_plan import Profile
from kootenay.rules.naming import rendition_key
from tests.adapters.conftest import PLACE, STEP

SITE = Site(*PLACE)
DAY = date(2026, 6, 21)
MORNING = datetime(2026, 6, 21, 14, 0, tzinfo=UTC)
SMALL = Profile(width=96, height=54, preset="ultrafast")


def studio_in(folder: Path, **changes: Any) -> Studio:
    """Given a folder, return a studio all of whose places lie in it; changes are to its wish."""
    wish = Wish(**({"profile": SMALL, "threads": 1} | changes))
    catalog = open_catalog(f"sqlite:///{folder / 'catalog.db'}")
    return Studio("lake", STEP, SITE, wish, catalog, FolderStore(folder / "store"), folder / "films")


def take(studio: Studio, count: int, start: datetime = MORNING, first: int = 0, **facts: Any) -> list[Photo]:
    """Put so many photos, a slot apart, into store and catalog, each of its own brightness."""
    photos = []
    for number in range(first, first + count):
        at = start + number * STEP
        image = Image.new("RGB", (96, 54), (40 + number % 150, 90, 120))
        ImageDraw.Draw(image).rectangle((number % 90, 10, number % 90 + 6, 40), (250, 250, 240))
        content = io.BytesIO()
        image.save(content, "JPEG", comment=at.isoformat().encode())
        sha256 = hashlib.sha256(content.getvalue()).hexdigest()
        day = SITE.local(at).date()
        key = rendition_key("lake", day, at, 96, sha256)
        studio.store.put(key, content.getvalue())
        photo = Photo(
            **{
                "camera": "lake",
                "slot": at,
                "taken_at": at + timedelta(seconds=2),
                "offset_minutes": -420,
                "local_date": day,
                "time_source": "sidecar",
                "sha256": sha256,
                "bytes": len(content.getvalue()),
                "width": 96,
                "height": 54,
                "boost": False,
                "elevation": 30.0,
                "archive_path": f"{sha256}.jpg",
                "renditions": (Rendition(96, 54, key, len(content.getvalue())),),
            }
            | facts
        )
        studio.catalog.add_photo(photo)
        photos.append(photo)
    return photos
