"""Ingest: from the incoming folder to the web. Each photo is checked, sized, stored, archived, catalogued, confirmed.

Requires: the pool `cloud` on the host of the incoming folder; [ingest], [store] and [catalog] in kootenay.toml.
Safe to repeat because: store keys and archive paths carry content hashes, the catalog is unique on the original's
hash, and a photo leaves the incoming folder only when all three hold it.
"""

from collections import Counter
from itertools import islice
from typing import Any

from prefect import flow
from prefect.states import Failed

from kootenay.settings import load_settings
from tasks import events
from tasks.ingest import Ingested, find_arrivals, ingest_photos, ingest_status, publish_ingest
from tasks.outcomes import done, nothing_new, one_line_errors

BATCH = 20
"""Photos a task run: enough that Prefect's cost per task vanishes, few enough to watch."""


@flow(flow_run_name="incoming to gallery")
@one_line_errors
def ingest() -> Any:
    """Take in every photo that has arrived whole, the oldest slot first."""
    settings = load_settings()
    results: list[Ingested] = []
    ready = iter(find_arrivals(settings))
    while batch := list(islice(ready, BATCH)):
        results += ingest_photos(settings, batch)
    ingest_status(settings)
    if not results:
        return nothing_new("no whole photo with its sidecar is in the incoming folder")
    publish_ingest(settings, results)
    fresh = [each for each in results if each.outcome == "new"]
    for camera in sorted({each.camera for each in fresh}):
        its = [each for each in fresh if each.camera == camera]
        events.photos_ingested(camera, sorted({each.day for each in its}), len(its))
    count = Counter(each.outcome for each in results)
    known = count["known"] + count["gone"]
    told = f"{count['new']} new photos, {count['quarantined']} in quarantine, {known} known before"
    if count["failed"]:
        reason = next(each.reason for each in results if each.outcome == "failed")
        return Failed(message=f"{told}; {count['failed']} wait for the next run: {reason}")
    return done(told)
