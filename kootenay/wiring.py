"""From settings to adapters: what every edge (a task, the guard, the gallery) opens once a process.

It knows no Prefect; secrets that live in blocks are passed in by those who may load them.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from kootenay.adapters.camera import CameraSpec
from kootenay.adapters.drain import Drain
from kootenay.adapters.ledger import Ledger
from kootenay.adapters.news import News
from kootenay.adapters.spool import Spool
from kootenay.adapters.station import Station
from kootenay.adapters.transfer import Access, Target, open_target
from kootenay.settings import Settings

if TYPE_CHECKING:
    from kootenay.adapters.archive import Archive
    from kootenay.adapters.catalog import Catalog
    from kootenay.adapters.incoming import Incoming
    from kootenay.adapters.intake import Intake
    from kootenay.adapters.store import Store
    from kootenay.adapters.studio import Studio


@cache
def catalog_at(url: str, password: str | None, at_once: int) -> "Catalog":
    """One engine a process: opening one a photo costs 36 times the insert."""
    from kootenay.adapters.catalog import open_catalog

    return open_catalog(url, password, at_once)


def catalog_of(settings: Settings) -> "Catalog":
    """Given settings, return the catalog; a relative SQLite file lies in `home`."""
    import sqlalchemy as sa

    url = sa.make_url(settings.catalog.url)
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        path = settings.path(str(url.database))
        path.parent.mkdir(parents=True, exist_ok=True)
        url = url.set(database=str(path))
    password = settings.catalog.password
    secret = None if password is None else password.get_secret_value()
    return catalog_at(url.render_as_string(hide_password=False), secret, settings.ingest.at_once)


def store_of(settings: Settings, connect: Callable[[], Any] | None = None) -> "Store":
    """Given settings, return the store; S3 without a `connect` of its own uses boto3's chain of credentials."""
    from kootenay.adapters.store import open_store

    store = settings.store
    folder = settings.path(store.url.removeprefix("file:"))
    return open_store(store.url, folder, store.public_url, connect or _s3, store.acl)


def intake_of(settings: Settings, incoming: "Incoming", store: "Store", archive: "Archive") -> "Intake":
    """Given settings and the places that a photo passes, return its way in."""
    from kootenay.adapters.intake import Intake
    from kootenay.adapters.renditions import Wish

    wish = settings.ingest
    return Intake(
        site=settings.site.place,
        steps={name: camera.every for name, camera in settings.cameras.items()},
        incoming=incoming,
        store=store,
        archive=archive,
        catalog=catalog_of(settings),
        wish=Wish(wish.widths, wish.quality, wish.most_megapixels * 1e6, wish.private),
    )


def studio_of(
    settings: Settings, name: str, store: "Store", on_frame: Callable[[int, int], None] = lambda count, of: None
) -> "Studio":
    """Given settings and a camera's name, return where its films are made; `on_frame` hears of each frame encoded."""
    from kootenay.adapters.studio import Studio, Wish

    film, camera = settings.film, settings.camera(name)
    return Studio(
        camera=name,
        every=camera.every,
        site=settings.site.place,
        wish=Wish(film.profile, film.leave_out, film.deflicker, film.seconds, threads=film.threads),
        catalog=catalog_of(settings),
        store=store,
        folder=settings.path(f"server/films/{name}"),
        on_frame=on_frame,
    )


def archive_of(settings: Settings, connect: Callable[[], Any] | None = None) -> "Archive":
    """Given settings, return the archive; S3 without a `connect` of its own uses boto3's chain of credentials."""
    from kootenay.adapters.archive import open_archive

    archive = settings.archive
    return open_archive(settings.path(archive.folder), archive.copy_to, settings.path(archive.copy_to), connect or _s3)


def incoming_of(settings: Settings, connect: Callable[[], Any] | None = None) -> "Incoming":
    """Given settings, return where photos arrive; S3 without a `connect` of its own as the archive."""
    ingest = settings.ingest
    return _incoming_at(
        ingest.incoming,
        settings.path(ingest.incoming),
        settings.path(ingest.quarantine),
        settings.path("server/fetched"),
        timedelta(seconds=ingest.quiet_seconds),
        tuple(settings.cameras),
        connect or _s3,
    )


@cache
def _incoming_at(*places: Any) -> "Incoming":
    """One a process: it remembers what it saw first where this machine's clock was set back."""
    from kootenay.adapters.incoming import open_incoming

    return open_incoming(*places)


@cache
def _s3() -> Any:
    """One client a process: a new one costs 11 ms of CPU, with its session 140."""
    import boto3
    from botocore.config import Config

    from kootenay.adapters.store.s3 import client_options

    return boto3.client("s3", config=Config(**client_options()))


def station_of(settings: Settings, name: str, every: timedelta | None = None) -> Station:
    """Given settings and a camera's name, return that camera where it stands; `every` is another step than its own."""
    camera, site = settings.camera(name), settings.site
    spec = CameraSpec(
        name=name,
        driver=camera.driver,
        deadline_seconds=camera.deadline_seconds,
        place=(site.latitude, site.longitude, site.timezone),
        port=camera.port,
        serial=camera.serial,
        model=camera.model,
        normal=camera.normal,
        keep_on_card=camera.keep_on_card,
        folder=settings.path(camera.folder) if camera.folder else None,
        command=camera.command,
    )
    step = every or camera.every
    return Station(
        camera=spec,
        bands=camera.light_bands,
        every=step,
        grace=min(camera.grace, step),
        spool=spool_of(settings),
        ledger=ledger_of(settings),
        news=news_of(settings),
        lock_path=settings.path(f"camera-host/{name}.lock"),
        floor=settings.spool.floor,
        power_command=camera.power_command,
        power_every=timedelta(minutes=camera.power_every_minutes),
        patience=camera.patience,
    )


def drain_of(settings: Settings, open_it: Callable[[], AbstractContextManager[Target]] | None = None) -> Drain:
    """Given settings, return the spool and the way out of it; `open_it` opens a target whose secrets lie in a block."""
    spool = settings.spool
    return Drain(
        spool=spool_of(settings),
        ledger=ledger_of(settings),
        news=news_of(settings),
        lock_path=settings.path("camera-host/upload.lock"),
        open_target=open_it or partial(target_of, settings),
        newest_first=spool.newest_first,
        keep=timedelta(days=spool.keep_days),
        alert_after=timedelta(hours=spool.alert_hours),
        reminder=timedelta(hours=spool.reminder_hours),
    )


def spool_of(settings: Settings) -> Spool:
    """Given settings, return the camera host's spool."""
    return Spool(settings.path("camera-host/spool"))


def news_of(settings: Settings) -> News:
    """Given settings, return the camera host's news; it lies in the ledger's file."""
    return News(ledger_of(settings).database)


def ledger_of(settings: Settings) -> Ledger:
    """Given settings, return the camera host's ledger."""
    return Ledger(settings.path("camera-host/ledger.db"))


def target_of(settings: Settings, connect: Callable[[], Any] | None = None) -> AbstractContextManager[Target]:
    """Given settings, return the upload target, to be opened by `with`.

    S3 without a `connect` of its own uses boto3's chain of credentials.
    """
    upload = settings.upload
    access = Access(
        known_hosts=settings.path(upload.known_hosts),
        key_file=settings.path(upload.key_file),
        password="" if upload.password is None else upload.password.get_secret_value(),
        ca_file=settings.path(upload.ca_file) if upload.ca_file else None,
        timeout=upload.timeout_seconds,
        bytes_per_second=upload.kilobytes_per_second * 1000,
    )
    folder = settings.path(upload.target.removeprefix("file:"))
    return open_target(upload.target, folder, access, connect or partial(_upload_s3, upload.timeout_seconds))


@cache
def _upload_s3(timeout: float) -> Any:
    """A client of its own, for a link that may be slow or dead."""
    import boto3
    from botocore.config import Config

    from kootenay.adapters.transfer.s3 import client_options

    return boto3.client("s3", config=Config(**client_options(timeout)))
