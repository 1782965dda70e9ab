"""From settings to adapters: what every edge (a task, the guard, the gallery) opens once a process.

It knows no Prefect; secrets that live in blocks are passed in by those who may load them.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import sqlalchemy as sa

from kootenay.adapters.camera import CameraSpec
from kootenay.adapters.catalog import Catalog, open_catalog
from kootenay.adapters.ledger import Ledger
from kootenay.adapters.spool import Spool
from kootenay.adapters.station import Station
from kootenay.adapters.store import Store, open_store
from kootenay.adapters.transfer import Target, open_target
from kootenay.settings import Settings


@cache
def catalog_at(url: str, password: str | None) -> Catalog:
    """One engine a process: opening one a photo costs 36 times the insert."""
    return open_catalog(url, password)


def catalog_of(settings: Settings) -> Catalog:
    """Given settings, return the catalog; a relative SQLite file lies in `home`."""
    url = sa.make_url(settings.catalog.url)
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        path = settings.path(str(url.database))
        path.parent.mkdir(parents=True, exist_ok=True)
        url = url.set(database=str(path))
    password = settings.catalog.password
    return catalog_at(
        url.render_as_string(hide_password=False), None if password is None else password.get_secret_value()
    )


def store_of(settings: Settings, connect: Callable[[], Any] | None = None) -> Store:
    """Given settings, return the store; S3 without a `connect` of its own uses boto3's chain of credentials."""
    store = settings.store
    return open_store(store.url, settings.path(store.url.removeprefix("file:")), store.public_url, connect or _s3)


@cache
def _s3() -> Any:
    """One client a process: a new one costs 11 ms of CPU, with its session 140."""
    import boto3

    return boto3.client("s3")


def station_of(settings: Settings, name: str) -> Station:
    """Given settings and a camera's name, return that camera where it stands."""
    camera, site = settings.camera(name), settings.site
    spec = CameraSpec(
        name=name,
        driver=camera.driver,
        port=camera.port,
        normal=camera.normal,
        boost=camera.boost,
        deadline_seconds=camera.deadline_seconds,
        place=(site.latitude, site.longitude, site.timezone),
    )
    return Station(
        camera=spec,
        spool=spool_of(settings),
        ledger=ledger_of(settings),
        lock_path=settings.path(f"camera-host/{name}.lock"),
        patience_seconds=camera.grace_seconds,
    )


def spool_of(settings: Settings) -> Spool:
    """Given settings, return the camera host's spool."""
    return Spool(settings.path("camera-host/spool"))


def ledger_of(settings: Settings) -> Ledger:
    """Given settings, return the camera host's ledger."""
    return Ledger(settings.path("camera-host/ledger.db"))


def target_of(settings: Settings) -> AbstractContextManager[Target]:
    """Given settings, return the upload target, to be opened by `with`."""
    upload = settings.upload
    return open_target(
        upload.target,
        settings.path(upload.target.removeprefix("file:")),
        known_hosts=settings.path(upload.known_hosts),
        key_file=settings.path(upload.key_file),
        timeout=upload.timeout_seconds,
    )
