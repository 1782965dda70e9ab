"""Upload: drain the camera host's spool to the server, release what it has confirmed, and say how the cameras stand.

Requires: the pool `camera-host`; [upload] in kootenay.toml (SSH key and known_hosts for an sftp:// target).
Safe to repeat because: a photo has one name for ever and is renamed over itself; the spool's copy is only released
for a receipt that names its very hash; a status takes the place of the one before.
"""

import time
from itertools import islice
from typing import Any

from prefect import flow
from prefect.states import Failed

from kootenay.settings import load_settings
from tasks import events
from tasks.outcomes import done, nothing_new, one_line_errors
from tasks.upload import collect_receipts, find_waiting, send_photos, tell_news, tell_status

BATCH = 25
"""Photos a connection: what one retry has to look at again."""


@flow(flow_run_name="spool to server")
@one_line_errors
def upload() -> Any:
    """Send every photo that waits in the spool, in the order that [spool] newest_first asks for."""
    settings = load_settings()
    sent = []
    waiting, began = iter(find_waiting(settings)), time.monotonic()
    try:
        try:
            while batch := list(islice(waiting, BATCH)):
                sent.append(send_photos(settings, batch))
        finally:
            photos, size = sum(each.photos for each in sent), sum(each.bytes for each in sent)
            if photos:
                events.photos_uploaded(photos, size)
            tell_news(settings)
        minutes = (time.monotonic() - began) / 60
        confirmed = collect_receipts(settings)
    finally:
        tell_status(settings)
    refused = [stem for each in sent for stem in each.refused]
    told = f"{photos} photos sent ({size / 1e6:.1f} MB in {minutes:.1f} min), {confirmed} confirmed by the server"
    if refused:
        return Failed(message=f"{told}; the server refused {len(refused)}, the first {refused[0]}: the log says why")
    if not photos and not confirmed:
        return nothing_new("the spool has nothing to send and awaits no receipt that has come")
    return done(told)
