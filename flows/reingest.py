"""Re-ingest: a whole archive again, by today's sizes, quality and measures, or into an empty catalog.

Requires: the pool `cloud`; [reingest], [ingest], [store], [archive] and [catalog] in kootenay.toml, all of which every
worker of a cluster must reach.
Safe to repeat because: a photo's row says by which recipe it was made, so a run that was killed goes on where it was;
new renditions have new keys, and the old ones stand until `check_store` deletes them.
"""

from datetime import date
from typing import Any

from prefect import flow
from prefect.states import Failed

from kootenay.settings import CameraName, load_settings
from tasks.outcomes import done, nothing_new, one_line_errors
from tasks.reingest import do_chunks, plan_chunks, point_latest
from tasks.runners import runner_of


@flow(flow_run_name="the archive again")
@one_line_errors
def reingest(camera: CameraName | None = None, since: date | None = None, until: date | None = None) -> Any:
    """Make again every photo that is not of today's recipe, and take in originals that the catalog does not know."""
    settings = load_settings()
    if camera:
        settings.camera(camera)
    runner_of(settings)
    cameras = [camera] if camera else list(settings.cameras)
    span = since or date.min, until or date.max
    chunks = [chunk for name in cameras for chunk in plan_chunks(settings, name, *span)]
    if not chunks:
        return nothing_new("neither catalog nor archive has a photo of these days")
    results = list(do_chunks(settings, chunks))
    for name in cameras:
        point_latest(settings, name)
    made, taken_in = sum(each.made for each in results), sum(each.taken_in for each in results)
    troubles = [trouble for each in results for trouble in each.troubles]
    told = f"{made} photos made again, {taken_in} taken in, {sum(each.done for each in results)} were done"
    if troubles:
        return Failed(message=f"{told}; {len(troubles)} could not be: {troubles[0]}")
    return done(told) if made or taken_in else nothing_new(told)
