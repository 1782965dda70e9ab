"""Ingest: from the incoming place to the web. Each photo is checked, sized, stored, archived, catalogued, confirmed.

Requires: the pool `cloud` on a host that reaches the incoming place; [ingest], [store], [archive] and [catalog] in
kootenay.toml.
Safe to repeat because: store keys and archive paths carry content hashes, the catalog is unique on the original's
hash, and a photo leaves the incoming place only when all three hold it. Two runs at once share the photos.
"""

from collections import Counter
from datetime import timedelta
from itertools import islice
from typing import Any

from prefect import flow
from prefect.states import Failed

from kootenay.settings import load_settings
from tasks import events
from tasks.clock import now, wait_until
from tasks.ingest import find_arrivals, ingest_photos, ingest_status, publish_ingest
from tasks.outcomes import done, nothing_new, one_line_errors

BATCH = 40
"""Photos a task run: enough that Prefect's cost per task vanishes, few enough to watch."""

LOOKS = 2
"""What is just being written is looked at again once it should be quiet."""


@flow(flow_run_name="incoming to gallery")
@one_line_errors
def ingest() -> Any:
    """Take in every photo that has arrived whole, the oldest slot first; what is being written, a little later."""
    settings = load_settings()
    results: list[Any] = []
    for look in range(LOOKS):
        if look:
            wait_until(now() + timedelta(seconds=settings.ingest.quiet_seconds))
        found = find_arrivals(settings)
        results += found.set_aside
        ready = iter(found.ready)
        while batch := list(islice(ready, BATCH)):
            results += ingest_photos(settings, batch)
        if not found.settling:
            break
    ingest_status(settings)
    if not results:
        return nothing_new(found.waiting[0] if found.waiting else "no whole photo is in the incoming place")
    publish_ingest(settings, results)
    fresh = [each for each in results if each.outcome == "new"]
    for camera in sorted({each.camera for each in fresh}):
        its = [each for each in fresh if each.camera == camera]
        events.photos_ingested(camera, sorted({each.day for each in its}), len(its))
    count = Counter(each.outcome.value for each in results)
    known = count["known"] + count["gone"]
    told = f"{count['new']} new photos, {count['quarantined']} in quarantine, {known} known before"
    if count["failed"]:
        reason = next(each.note for each in results if each.outcome == "failed")
        return Failed(message=f"{told}; {count['failed']} wait for the next run: {reason}")
    return done(told)
