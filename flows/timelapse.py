"""Time-lapse: the film of a camera's day, from its renditions, checked frame by frame before anyone sees it.

Requires: the pool `cloud`; [film], [store] and [catalog] in kootenay.toml.
Safe to repeat because: the plan's hash names the film, so the same photos make it once, and a late photo makes it anew
in the place of the old one, which stands until the new one is checked.
"""

from datetime import date
from typing import Any

from prefect import flow

from kootenay.settings import CameraName, load_settings
from tasks.clock import scheduled
from tasks.outcomes import done, nothing_new, one_line_errors, skipped
from tasks.timelapse import make_film, plan_film, publish_film, standing_film

FEWEST_FRAMES = 2


@flow(flow_run_name="film of {camera}")
@one_line_errors
def timelapse(camera: CameraName = "lake", day: date | None = None) -> Any:
    """Make the film of one local day of one camera: of today, unless a day is given."""
    settings = load_settings()
    settings.camera(camera)
    local_date = day or settings.site.place.local(scheduled()).date()
    plan = plan_film(settings, camera, local_date)
    if len(plan.frames) < FEWEST_FRAMES:
        return skipped(f"{local_date} has {len(plan.frames)} photos of {camera}: too few for a film")
    if standing_film(settings, plan):
        return nothing_new(f"the film of {local_date} has all its {len(plan.frames)} photos already")
    film = make_film(settings, plan)
    publish_film(settings, film)
    return done(f"{film.frames} frames, {film.seconds:.1f} s, {film.bytes / 1e6:.1f} MB")
