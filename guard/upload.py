"""Draining the spool without Prefect, for when uploads are overdue: the same as the upload run does, once."""

import logging
from itertools import islice

from kootenay.adapters import clock
from kootenay.adapters.drain import Drain, collect, look_after, send
from kootenay.adapters.host_status import tell
from kootenay.errors import KootenayError
from kootenay.settings import Settings
from kootenay.wiring import drain_of

log = logging.getLogger(__name__)

BATCH = 25


def drain_once(settings: Settings) -> str:
    """Send what waits, collect receipts; return in words what came of it. Raises TransferError; the spool is whole."""
    drain = drain_of(settings)
    look_after(drain, clock.now())
    photos = size = 0
    waiting = iter(drain.waiting())
    try:
        while batch := list(islice(waiting, BATCH)):
            sent = send(drain, batch, clock.now)
            photos, size = photos + sent.photos, size + sent.bytes
        confirmed, _ = collect(drain, clock.now)
    finally:
        _tell(settings, drain)
    return f"{photos} photos sent ({size / 1e6:.1f} MB), {confirmed} confirmed by the server"


def _tell(settings: Settings, drain: Drain) -> None:
    """A status that cannot be told is a warning: no photo is touched, and the next to drain says it anew."""
    try:
        tell(drain, settings.cameras, settings.site.place, clock.now)
    except (KootenayError, OSError) as error:
        log.warning("the status page is not brought up to date: %s", error)
