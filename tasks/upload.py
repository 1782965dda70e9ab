"""Upload's touches: photos out of the spool to the server, receipts back."""

from collections.abc import Sequence
from dataclasses import dataclass

from prefect import get_run_logger, task

from kootenay.adapters.files import lock
from kootenay.adapters.ledger import Entry
from kootenay.adapters.spool import SpooledPhoto
from kootenay.adapters.transfer import is_confirmed
from kootenay.errors import TransferError
from kootenay.rules.slots import SlotState
from kootenay.settings import Settings
from kootenay.wiring import ledger_of, spool_of, target_of
from tasks import retry
from tasks.clock import now


@dataclass(frozen=True)
class Sent:
    """What one batch carried."""

    photos: int
    bytes: int


@task(task_run_name="collect receipts", **retry.NETWORK)
def collect_receipts(settings: Settings) -> int:
    """Release the spool's photos that the server confirms with their very hash; return how many.

    A receipt that names another hash says that the photo was damaged on the way: it will be sent again.
    """
    spool, ledger, log = spool_of(settings), ledger_of(settings), get_run_logger()
    awaited = {spooled.sidecar.stem: spooled for spooled in spool.unconfirmed()}
    if not awaited:
        return 0
    confirmed = 0
    with target_of(settings) as target:
        for stem, sha256 in target.receipts(awaited.keys()).items():
            if is_confirmed(awaited[stem], sha256):
                ledger.record(Entry.of_photo(awaited[stem].sidecar, SlotState.CONFIRMED), now())
                spool.release(awaited[stem])
                confirmed += 1
            else:
                spool.mark_unsent(awaited[stem])
                log.warning("%s was damaged on the way and will be sent again", stem)
            try:
                target.forget(stem)
            except TransferError as error:
                log.warning("%s", error)
    log.info("%d photos confirmed by the server, %d not yet", confirmed, len(awaited) - confirmed)
    return confirmed


@task(task_run_name="find photos to send")
def find_waiting(settings: Settings) -> list[SpooledPhoto]:
    """Return the spool's photos that were not sent yet, the oldest slot first."""
    return spool_of(settings).waiting()


@task(task_run_name="send photos", **retry.NETWORK)
def send_photos(settings: Settings, batch: Sequence[SpooledPhoto]) -> Sent:
    """Send a batch over one connection; each photo is marked as it goes, so that a retry sends the rest."""
    spool, ledger = spool_of(settings), ledger_of(settings)
    size = photos = 0
    with lock(settings.path("camera-host/upload.lock")) as alone, target_of(settings) as target:
        for spooled in batch if alone else ():
            if not spooled.photo.exists():
                continue
            target.send(spooled)
            spool.mark_sent(spooled)
            ledger.record(Entry.of_photo(spooled.sidecar, SlotState.UPLOADED), now())
            photos += 1
            size += spooled.sidecar.bytes
    get_run_logger().info("%d photos, %.1f MB sent", photos, size / 1e6)
    return Sent(photos, size)
