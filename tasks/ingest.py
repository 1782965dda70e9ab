"""Ingest's touches: a batch of photos from the incoming folder into store, archive and catalog."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from prefect import get_run_logger, task
from prefect.artifacts import create_image_artifact, create_table_artifact

from kootenay.adapters.catalog import Catalog, Photo, Rendition
from kootenay.adapters.exif import evidence_of
from kootenay.adapters.files import set_aside, sha256_of
from kootenay.adapters.host_status import told_in
from kootenay.adapters.photos import (
    Arrival,
    archive_original,
    arrivals,
    check_bytes,
    orphans,
    remove_arrival,
)
from kootenay.adapters.renditions import Renditions, Wish, make_renditions
from kootenay.adapters.store import Store
from kootenay.adapters.transfer import write_receipt
from kootenay.errors import KootenayError, NotAPhotoError
from kootenay.rules import naming
from kootenay.rules.photo_time import PhotoTime, taken_at
from kootenay.settings import Settings
from kootenay.wiring import catalog_of
from tasks import retry
from tasks.blocks import store_with_secrets
from tasks.clock import now


@dataclass(frozen=True)
class Ingested:
    """What became of one arrival: `new`, `known` (catalogued before), `gone`, `quarantined`, or `failed` (it waits)."""

    camera: str
    stem: str
    outcome: str
    day: str = ""
    bytes: int = 0
    reason: str = ""


@task(task_run_name="find photos that arrived")
def find_arrivals(settings: Settings) -> list[Arrival]:
    """Return the photos that are ready; put misfits in quarantine and finish removals that a kill cut short."""
    incoming = settings.path(settings.ingest.incoming)
    ready, misfits = arrivals(incoming)
    for path, reason in misfits:
        _quarantine(settings, [path, path.with_suffix(".json")], reason)
    for orphan in orphans(incoming):
        if catalog_of(settings).has_photo(orphan.sidecar.sha256):
            remove_arrival(orphan)
    return ready


@task(task_run_name="ingest photos", **retry.NETWORK)
def ingest_photos(settings: Settings, batch: Sequence[Arrival]) -> list[Ingested]:
    """Take a batch in, a few photos at a time on threads (Pillow lets go of the GIL)."""
    one = partial(_ingest, settings, store_with_secrets(settings), catalog_of(settings))
    with ThreadPoolExecutor(settings.ingest.at_once) as threads:
        results = list(threads.map(one, batch))
    log = get_run_logger()
    for result in results:
        if result.reason:
            log.warning("%s: %s: %s", result.stem, result.outcome, result.reason)
    log.info("%s to %s: %d photos", results[0].stem, results[-1].stem, len(results))
    return results


@task(task_run_name="take in how the cameras stand")
def ingest_status(settings: Settings) -> int:
    """Take in what camera hosts say of their cameras; return how many said something new.

    What cannot be taken in is a warning: photos come first, and a host says it anew every few minutes.
    """
    log, fresh = get_run_logger(), 0
    try:
        said, misfits = told_in(settings.path(settings.ingest.incoming))
        for path, reason in misfits:
            log.warning("%s", reason)
            _quarantine(settings, [path], reason)
        fresh = sum(catalog_of(settings).put_status(status, now()) for status in said)
    except (KootenayError, OSError) as error:
        log.warning("the status page is not brought up to date: %s", error)
    return fresh


@task(task_run_name="show what arrived")
def publish_ingest(settings: Settings, results: Sequence[Ingested]) -> None:
    """Show a table of what arrived, and the newest photo."""
    rows = [
        {"photo": each.stem, "outcome": each.outcome, "MB": f"{each.bytes / 1e6:.1f}", "why": each.reason}
        for each in results
    ]
    create_table_artifact(rows, key="ingest", description="What arrived, and what became of it")
    for camera in sorted({each.camera for each in results if each.outcome == "new"}):
        latest = catalog_of(settings).latest(camera)
        if latest is None:
            continue
        url = store_with_secrets(settings).url(latest.renditions[-1].key)
        site = settings.site.place
        create_image_artifact(
            image_url=settings.address(url),
            key=f"latest-{camera}",
            description=f"{camera}, {site.local(latest.taken_at):%Y-%m-%d %H:%M %Z}",
        )


def _ingest(settings: Settings, store: Store, catalog: Catalog, arrival: Arrival) -> Ingested:
    """Take one photo in; one that cannot be stays where it is for the next run and does not hold up the others."""
    sidecar = arrival.sidecar
    try:
        photo = _put_everywhere(settings, store, arrival)
        fresh = catalog.add_photo(photo)
        _answer(settings, arrival, sidecar.sha256)
        remove_arrival(arrival)
    except (KootenayError, OSError) as error:
        return _not_ingested(settings, arrival, error)
    day = photo.local_date.isoformat()
    return Ingested(sidecar.camera, sidecar.stem, "new" if fresh else "known", day, sidecar.bytes)


def _not_ingested(settings: Settings, arrival: Arrival, error: Exception) -> Ingested:
    """What is no photo goes to quarantine and its sender is told; any other trouble leaves it for the next run."""
    camera, stem = arrival.sidecar.camera, arrival.sidecar.stem
    try:
        if isinstance(error, NotAPhotoError):
            _answer(settings, arrival, _hash_found(arrival))
            _quarantine(settings, [*arrival.originals, arrival.sidecar_path], str(error))
            return Ingested(camera, stem, "quarantined", reason=str(error))
    except FileNotFoundError:
        pass
    except OSError as trouble:
        return Ingested(camera, stem, "failed", reason=str(trouble))
    if not arrival.photo.exists():
        return Ingested(camera, stem, "gone", reason="another run took it in")
    return Ingested(camera, stem, "failed", reason=str(error))


def _hash_found(arrival: Arrival) -> str:
    """The photo's hash, or that of whichever of its files came damaged: any other than the photo's is sent again."""
    found = ((sha256_of(path), sha256) for path, sha256 in arrival.originals.items())
    return next((mine for mine, theirs in found if mine != theirs), arrival.sidecar.sha256)


def _put_everywhere(settings: Settings, store: Store, arrival: Arrival) -> Photo:
    """Store and archive: before the catalog, so that a kill at any line loses nothing and nobody sees half a photo."""
    sidecar, wish = arrival.sidecar, settings.ingest
    content = arrival.photo.read_bytes()
    evidence = replace(evidence_of(content), sidecar=sidecar, modified=_modified(arrival.photo))
    time = taken_at(settings.site.place, evidence, datetime.now(UTC))
    path = naming.original_path(sidecar.camera, time.local_date, sidecar.slot, sidecar.sha256)
    check_bytes(arrival)
    sizes = Wish(wish.widths, wish.quality, wish.most_megapixels * 1e6)
    renditions = make_renditions(content, arrival.photo.name, sizes)
    photo = _photo(arrival, time, renditions, path)
    for rendition, file in zip(photo.renditions, reversed(renditions.files), strict=True):
        store.put(rendition.key, file.content)
    place = settings.path(settings.archive.folder) / path
    for original, sha256 in arrival.originals.items():
        archive_original(original, place.with_suffix(original.suffix), sha256)
    return photo


def _modified(photo: Path) -> datetime:
    return datetime.fromtimestamp(photo.stat().st_mtime, UTC)


def _answer(settings: Settings, arrival: Arrival, sha256: str) -> None:
    """Tell the sender what has arrived: its own hash lets it forget the photo, another one makes it send again."""
    write_receipt(settings.path(settings.ingest.incoming), arrival.sidecar.stem, sha256)


def _photo(arrival: Arrival, time: PhotoTime, renditions: Renditions, archive_path: str) -> Photo:
    sidecar = arrival.sidecar
    sizes = tuple(
        Rendition(
            file.size.width,
            file.size.height,
            naming.rendition_key(sidecar.camera, time.local_date, sidecar.slot, file.size.width, file.sha256),
            len(file.content),
        )
        for file in reversed(renditions.files)
    )
    return Photo(
        camera=sidecar.camera,
        slot=sidecar.slot,
        taken_at=time.utc,
        offset_minutes=int(time.offset.total_seconds() // 60),
        local_date=time.local_date,
        time_source=time.source,
        sha256=sidecar.sha256,
        bytes=sidecar.bytes,
        width=renditions.original.width,
        height=renditions.original.height,
        boost=sidecar.boost,
        elevation=sidecar.elevation,
        archive_path=archive_path,
        renditions=sizes,
    )


def _quarantine(settings: Settings, files: Sequence[Path], reason: str) -> None:
    set_aside(files, settings.path(settings.ingest.quarantine), reason)
