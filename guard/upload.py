"""Draining the spool without Prefect, for when uploads are overdue: the same as the upload run does, once."""

from itertools import islice

from kootenay.adapters import clock
from kootenay.adapters.drain import collect, look_after, send
from kootenay.settings import Settings
from kootenay.wiring import drain_of

BATCH = 25


def drain_once(settings: Settings) -> str:
    """Send what waits, collect receipts; return in words what came of it. Raises TransferError; the spool is whole."""
    drain = drain_of(settings)
    look_after(drain, clock.now())
    photos = size = 0
    waiting = iter(drain.waiting())
    while batch := list(islice(waiting, BATCH)):
        sent = send(drain, batch, clock.now)
        photos, size = photos + sent.photos, size + sent.bytes
    confirmed, _ = collect(drain, clock.now)
    return f"{photos} photos sent ({size / 1e6:.1f} MB), {confirmed} confirmed by the server"
