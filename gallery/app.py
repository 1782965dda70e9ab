"""The application: routes, headers, and what is said when something is missing or broken.

Fixed routes come before `/{camera}/`, so no camera can stand in front of them.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus

import sqlalchemy as sa
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response

from gallery.answers import Pages, WithHeaders, security_headers
from gallery.files import Assets, Media
from gallery.views import Views, note_silence
from kootenay.adapters.store import FolderStore
from kootenay.errors import CatalogError
from kootenay.settings import Settings
from kootenay.wiring import catalog_of, store_of

READ = ["GET", "HEAD"]
RETRY_SECONDS = 30


def create_app(settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> FastAPI:
    """Given settings, return the site as an application. Raises CatalogError when there is no catalog."""
    catalog, store, assets = catalog_of(settings), store_of(settings), Assets()
    pages = Pages(site=settings.site, gallery=settings.gallery, cameras=settings.cameras, asset=assets.url)
    views = Views(settings, catalog, store, pages, now)
    headers = security_headers(store.url(""))
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.add_middleware(GZipMiddleware, compresslevel=6)
    app.add_middleware(WithHeaders, headers=headers)
    _answer_errors(app, pages, headers)
    app.add_api_route("/", views.home, methods=READ)
    app.add_api_route("/health", views.health, methods=READ)
    app.add_api_route("/static/{name}", assets.answer, methods=READ)
    if isinstance(store, FolderStore):
        app.add_api_route("/media/{key:path}", Media(store.root).answer, methods=READ)
    app.add_api_route("/{camera}", views.without_slash, methods=READ)
    app.add_api_route("/{camera}/", views.latest, methods=READ)
    app.add_api_route("/{camera}/latest.jpg", views.latest_photo, methods=READ)
    app.add_api_route("/{camera}/status", views.status, methods=READ)
    app.add_api_route("/{camera}/{day}", views.day, methods=READ)
    return app


def _answer_errors(app: FastAPI, pages: Pages, headers: dict[str, str]) -> None:
    @app.exception_handler(HTTPException)
    def refused(_request: Request, error: HTTPException) -> Response:
        missing = error.status_code == HTTPStatus.NOT_FOUND
        heading = "Nothing here" if missing else error.detail
        text = "There is nothing at this address, or not any more." if missing else "The site cannot do this."
        answer = pages.message(error.status_code, heading, text, links=[("/", "The latest photo")])
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(CatalogError)
    @app.exception_handler(sa.exc.SQLAlchemyError)
    def without_catalog(request: Request, error: Exception) -> Response:
        note_silence(request.url.path, error)
        text = "The list of photos cannot be read just now. This page asks again by itself."
        return pages.message(503, "One moment", text, retry=RETRY_SECONDS)

    @app.exception_handler(Exception)
    def broken(_request: Request, _error: Exception) -> Response:
        text = "Something went wrong here. It has been written down for those who look after the site."
        answer = pages.message(500, "This page is broken", text, links=[("/", "The latest photo")])
        answer.headers.update(headers)  # Starlette answers a 500 outside all middleware
        return answer
