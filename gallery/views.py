"""Views: what a visitor asks for, from the catalog to a page. Sync like SQLAlchemy; FastAPI threads them."""

import logging
from collections.abc import Callable
from datetime import date, datetime

import sqlalchemy as sa
from fastapi import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from gallery.answers import Pages
from gallery.pictures import THUMBNAIL_WIDTH, Picture, by_hour, picture
from gallery.standing import standing_of
from gallery.status import status_words
from gallery.words import full_date, in_sentence, parse_day
from kootenay.adapters.catalog import Catalog, Photo
from kootenay.adapters.store import Store
from kootenay.errors import CatalogError
from kootenay.settings import CameraSettings, Settings

RECENT_DAYS = 14
FRESH_SECONDS = 30
log = logging.getLogger("gallery")


class Views:
    """The pages of the site; `now` returns the time as aware UTC."""

    def __init__(
        self, settings: Settings, catalog: Catalog, store: Store, pages: Pages, now: Callable[[], datetime]
    ) -> None:
        self.settings = settings
        self.catalog = catalog
        self.store = store
        self.pages = pages
        self.now = now

    def home(self, request: Request) -> Response:
        """Route: the latest photo of the first camera."""
        return self.latest(request, next(iter(self.settings.cameras)))

    def without_slash(self, camera: str) -> Response:
        """Route: /lake, which people type, is /lake/."""
        self._camera(camera)
        return RedirectResponse(f"/{camera}/", status_code=308)

    def latest(self, request: Request, camera: str) -> Response:
        """Route: a camera's latest photo, how the camera stands, and its recent days."""
        known = self._camera(camera)
        photo = self.catalog.latest(camera)
        days = self.catalog.recent_days(camera, RECENT_DAYS)
        return self.pages.page(
            request,
            "latest.html",
            name=camera,
            camera=known,
            picture=photo and self._picture(photo),
            day=photo and photo.local_date,
            day_count=days.get(photo.local_date, 0) if photo else 0,
            standing=standing_of(self.settings.site.place, known, photo, self.now()),
            days=list(days.items()),
        )

    def status(self, request: Request, camera: str) -> Response:
        """Route: how a camera and its host stand, and why photos of the last days are missing."""
        known, site, now = self._camera(camera), self.settings.site.place, self.now()
        said = self.catalog.status(camera)
        return self.pages.page(
            request,
            "status.html",
            name=camera,
            camera=known,
            standing=standing_of(site, known, self.catalog.latest(camera), now),
            status=said and status_words(site, known.every, said, now),
            days=self.catalog.recent_days(camera, RECENT_DAYS),
        )

    def day(self, request: Request, camera: str, day: str) -> Response:
        """Route: a local day: its film, and its photos hour by hour."""
        known = self._camera(camera)
        local_date = parse_day(day)
        if local_date is None:
            return self._no_date(camera, known, day)
        photos = self.catalog.day(camera, local_date)
        before, after = self.catalog.days_around(camera, local_date)
        if not photos:
            return self._no_photos(camera, known, local_date, before, after)
        film = self.catalog.film(camera, "day", local_date.isoformat())
        pictures = [self._picture(photo, THUMBNAIL_WIDTH) for photo in photos]
        return self.pages.page(
            request,
            "day.html",
            name=camera,
            camera=known,
            day=local_date,
            before=before,
            after=after,
            film=film,
            film_url=film and self.store.url(film.key),
            poster_url=film and self.store.url(film.poster_key),
            pictures=pictures,
            hours=by_hour(pictures),
        )

    def latest_photo(self, camera: str) -> Response:
        """Route: /lake/latest.jpg, for a page or a device elsewhere that shows one picture."""
        self._camera(camera)
        photo = self.catalog.latest(camera)
        if photo is None:
            raise HTTPException(404)
        headers = {"Cache-Control": f"public, max-age={FRESH_SECONDS}"}
        return RedirectResponse(self.store.url(photo.renditions[-1].key), status_code=302, headers=headers)

    def health(self) -> Response:
        """Route: whether the catalog answers, for a balancer or a watchdog."""
        headers = {"Cache-Control": "no-store"}
        try:
            self.catalog.latest(next(iter(self.settings.cameras)))
        except (CatalogError, sa.exc.SQLAlchemyError) as error:
            note_silence("/health", error)
            return JSONResponse({"status": "the catalog does not answer"}, status_code=503, headers=headers)
        return JSONResponse({"status": "ok"}, headers=headers)

    def _camera(self, name: str) -> CameraSettings:
        if name not in self.settings.cameras:
            raise HTTPException(404)
        return self.settings.cameras[name]

    def _picture(self, photo: Photo, widest: int | None = None) -> Picture:
        title = self.settings.cameras[photo.camera].title
        return picture(photo, title, self.settings.site.zone, self.store, widest)

    def _no_date(self, camera: str, known: CameraSettings, text: str) -> Response:
        links = [(f"/{camera}/", f"The latest photo of {in_sentence(known.title)}")]
        words = f"“{text}” is not a day. A day is written year, month, day: 2026-06-21."
        return self.pages.message(400, "Not a day", words, links=links)

    def _no_photos(
        self, camera: str, known: CameraSettings, day: date, before: date | None, after: date | None
    ) -> Response:
        near = [(f"/{camera}/{each}", full_date(each)) for each in (before, after) if each]
        text = f"{known.title} has no photos of {full_date(day)}."
        text += " The nearest days that have some:" if near else ""
        links = near or [(f"/{camera}/", f"The latest photo of {in_sentence(known.title)}")]
        return self.pages.message(404, "No photos of this day", text, links=links)


def note_silence(path: str, error: Exception) -> None:
    """Log in one line that the catalog did not answer; whose page it was for, and why."""
    log.error("%s: the catalog does not answer: %s", path, str(getattr(error, "orig", None) or error).splitlines()[0])
