"""The events that start the next flow at once. They are hints: a schedule finds whatever a lost event announced."""

from datetime import datetime

from prefect.events import emit_event

PHOTO_SPOOLED = "kootenay.photo.spooled"
PHOTOS_UPLOADED = "kootenay.photos.uploaded"
PHOTOS_INGESTED = "kootenay.photos.ingested"
HOST_NEWS = "kootenay.camera-host"
"""Followed by the kind: alert, reminder, recovered, guard."""


def host_news(camera: str, kind: str, name: str, words: str, at: datetime) -> None:
    """Tell a piece of a camera host's news: a trouble, its end, or a slot that the guard took."""
    payload: dict[str, object] = {"camera": camera, "name": name, "words": words, "at": at.isoformat()}
    _emit(f"{HOST_NEWS}.{kind}", f"kootenay.camera.{camera}" if camera else "kootenay.camera-host", payload)


def photo_spooled(camera: str, waiting: int) -> None:
    """Tell that a camera's spool has photos to send."""
    _emit(PHOTO_SPOOLED, f"kootenay.camera.{camera}", {"camera": camera, "photos": waiting})


def photos_uploaded(count: int, size: int) -> None:
    """Tell that the incoming folder has photos to ingest."""
    _emit(PHOTOS_UPLOADED, "kootenay.incoming", {"photos": count, "bytes": size})


def photos_ingested(camera: str, days: list[str], count: int) -> None:
    """Tell that a camera's days have new photos."""
    _emit(PHOTOS_INGESTED, f"kootenay.camera.{camera}", {"camera": camera, "days": days, "photos": count})


def _emit(event: str, resource: str, payload: dict[str, object]) -> None:
    emit_event(event, resource={"prefect.resource.id": resource}, payload=payload)
