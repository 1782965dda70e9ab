"""Report: a camera's day in its ledger, with the reason of every gap, and how its host stands.

Requires: the pool `camera-host`, for the ledger lies there; [site] and [cameras.*] in kootenay.toml.
Safe to repeat because: it reads, and shows what it read under the same keys.
"""

from datetime import date, timedelta
from typing import Any

from prefect import flow

from kootenay.settings import CameraName, load_settings
from tasks.clock import scheduled
from tasks.outcomes import done, nothing_new, one_line_errors
from tasks.report import publish_report, read_day


@flow(flow_run_name="report of {camera}")
@one_line_errors
def report(camera: CameraName = "lake", day: date | None = None) -> Any:
    """Report on one local day of one camera: `day`, or yesterday."""
    settings = load_settings()
    settings.camera(camera)
    wanted = day or settings.site.place.local(scheduled()).date() - timedelta(days=1)
    entries = read_day(settings, camera, wanted)
    if not entries:
        return nothing_new(f"the ledger has no slot of {wanted}: neither a run nor the guard looked at that day")
    return done(publish_report(settings, camera, wanted, entries))
