"""Time-lapse: the film of a camera's day, from its renditions, checked frame by frame before anyone sees it.

Requires: the pool `cloud`; [film], [store] and [catalog] in kootenay.toml.
Safe to repeat because: the plan's hash names the film, so the same photos make it once, and a late photo makes it anew
in the place of the old one, which stands until the new one is checked.
"""

from datetime import date, timedelta
from typing import Any

from prefect import flow

from kootenay.settings import CameraName, Settings, load_settings
from tasks.clock import scheduled
from tasks.outcomes import done, nothing_new, one_line_errors, skipped
from tasks.timelapse import make_film, plan_film, publish_film, standing_film

FEWEST_FRAMES = 2
MADE, STANDS, TOO_FEW = "made", "stands", "too few"


@flow(flow_run_name="films of {camera}")
@one_line_errors
def timelapse(camera: CameraName = "lake", day: date | None = None) -> Any:
    """Make the film of one local day of one camera: of `day`, or of today and, for photos that came late, yesterday."""
    settings = load_settings()
    settings.camera(camera)
    today = settings.site.place.local(scheduled()).date()
    days = [day] if day else [today - timedelta(days=1), today]
    told = {each: _film(settings, camera, each) for each in days}
    message = "; ".join(f"{each}: {words}" for each, (_, words) in told.items())
    outcomes = {outcome for outcome, _ in told.values()}
    if MADE in outcomes:
        return done(message)
    return nothing_new(message) if STANDS in outcomes else skipped(message)


def _film(settings: Settings, camera: str, day: date) -> tuple[str, str]:
    """Make a day's film unless it stands; return what came of it, and the words for it."""
    plan = plan_film(settings, camera, day)
    if len(plan.frames) < FEWEST_FRAMES:
        return TOO_FEW, f"{len(plan.frames)} photos, too few for a film"
    if standing_film(settings, plan):
        return STANDS, f"the film has all its {len(plan.frames)} photos already"
    film = make_film(settings, plan)
    publish_film(settings, film)
    return MADE, f"{film.frames} frames, {film.seconds:.1f} s, {film.bytes / 1e6:.1f} MB"
