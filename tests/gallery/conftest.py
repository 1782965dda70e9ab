"""A home with a catalog and a folder store, filled through the adapters that ingest uses."""

import hashlib
import io
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from kootenay.adapters.catalog import Film, Photo, Rendition
from kootenay.rules.naming import film_key, rendition_key
from kootenay.rules.slots import slot_of
from kootenay.settings import Settings, load_settings
from kootenay.wiring import catalog_of, store_of

WIDTHS = (320, 640, 1280)


@cache
def jpeg(width: int, shade: int) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (width, width * 9 // 16), (shade % 256, shade // 256, 120)).save(content, "JPEG")
    return content.getvalue()


class Home:
    """Photos and films go in; each photo's colour is its own, so that no two are the same file."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.catalog = catalog_of(settings)
        self.store = store_of(settings)
        self.photos = 0

    def add(
        self,
        taken_at: datetime,
        camera: str = "lake",
        boost: bool = False,
        widths: tuple[int, ...] = WIDTHS,
    ) -> Photo:
        local = self.settings.site.place.local(taken_at)
        self.photos += 1
        slot = slot_of(taken_at, timedelta(minutes=5))
        renditions = []
        for width in widths:
            content = jpeg(width, self.photos)
            digest = hashlib.sha256(content).hexdigest()
            key = rendition_key(camera, local.date(), slot, width, digest)
            self.store.put(key, content)
            renditions.append(Rendition(width, width * 9 // 16, key, len(content)))
        photo = Photo(
            camera=camera,
            slot=slot,
            taken_at=taken_at,
            offset_minutes=int(local.utcoffset() / timedelta(minutes=1)),
            local_date=local.date(),
            time_source="exif",
            sha256=hashlib.sha256(f"{camera} {self.photos}".encode()).hexdigest(),
            bytes=len(content),
            width=1280,
            height=720,
            boost=boost,
            elevation=10.0,
            archive_path="",
            renditions=tuple(renditions),
        )
        assert self.catalog.add_photo(photo)
        return photo

    def add_film(self, period: str, content: bytes = b"\0" * 4096) -> Film:
        poster = jpeg(1280, 7)
        key = film_key("lake", "day", period, hashlib.sha256(content).hexdigest())
        poster_key = film_key("lake", "day", period, hashlib.sha256(poster).hexdigest(), "jpg")
        self.store.put(key, content)
        self.store.put(poster_key, poster)
        film = Film(
            "lake", "day", period, "0" * 64, key, poster_key, 98, 12, 1280, 720, len(content), datetime.now(UTC)
        )
        self.catalog.put_film(film)
        return film


@pytest.fixture(scope="session")
def make_home() -> Callable[[Path], Home]:
    """For tests that share one home: given a folder, make it one."""
    return lambda folder: Home(load_settings(home=folder))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("KOOTENAY_CONFIG", os.devnull)
    return Home(load_settings(home=tmp_path))
