"""Time-lapse: a camera's films of days, weeks and months from its renditions, each frame accounted for.

Requires: the pool `cloud`; [film], [store] and [catalog] in kootenay.toml.
Safe to repeat because: a plan's hash names its film, so the same photos make it once; pieces of a day are kept by the
hash of what is in them; a day keeps its mark until its films stand, and a film stands until the next one is checked.
"""

from datetime import date, timedelta
from typing import Any

from prefect import flow

from kootenay.errors import SettingsError
from kootenay.rules.film_periods import Period, period_named, periods_of
from kootenay.settings import CameraName, Settings, load_settings
from tasks.clock import scheduled
from tasks.outcomes import done, nothing_new, one_line_errors, skipped
from tasks.timelapse import changed_days, encode_pieces, make_film, note_filmed, publish_film


@flow(flow_run_name="films of {camera}")
@one_line_errors
def timelapse(camera: CameraName = "lake", period: str = "") -> Any:
    """Bring a camera's films up to date with its photos, or the film of one period alone.

    `period` is 2026-06-21, 2026-W26, 2026-06, 2026 or last-7. Without it, days that still go on have their pieces
    encoded, and days that are over their films, with the weeks and months that end with them or hold them.
    """
    settings = load_settings()
    settings.camera(camera)
    today = settings.site.place.local(scheduled()).date()
    if period:
        words, fresh, stands = _film(settings, camera, _period(period, today))
        return done(words) if fresh else nothing_new(words) if stands else skipped(words)
    changed = changed_days(settings, camera)
    if not changed:
        return nothing_new("every film has all its photos already")
    told = [f"{day.day}: {encode_pieces(settings, camera, day.day)} frames ready" for day in changed if not day.over]
    over = [day for day in changed if day.over]
    told += [_film(settings, camera, each)[0] for each in _due(settings, [day.day for day in over], today)]
    for day in over:
        note_filmed(settings, camera, day)
    return done("; ".join(told))


def _due(settings: Settings, days: list[date], today: date) -> list[Period]:
    """Given days that are over, return the periods to make: the days first, then what holds them and is over too."""
    wanted = {*settings.film.kinds, "last"}
    until = today if today in days else today - timedelta(days=1)
    found = dict.fromkeys(
        period
        for day in days
        for period in periods_of(day, today, settings.film.last_days)
        if period.kind in wanted and (period.kind == "last" or period.last <= until)
    )
    kinds = ("day", "week", "month", "year", "last")
    return sorted(found, key=lambda period: (kinds.index(period.kind), period.first))


def _film(settings: Settings, camera: str, period: Period) -> tuple[str, bool, bool]:
    """Make a period's film unless it stands; return the words for it, whether it is new, and whether there is one."""
    made = make_film(settings, camera, period)
    if made is None:
        return f"{period.name}: too few photos for a film", False, False
    film = made.film
    if not made.fresh:
        return f"{period.name}: the film has all its {film.frames} photos already", False, True
    publish_film(settings, film)
    return f"{period.name}: {film.frames} frames, {film.seconds:.1f} s, {film.bytes / 1e6:.1f} MB", True, True


def _period(name: str, today: date) -> Period:
    try:
        return period_named(name, today)
    except ValueError as error:
        msg = f"{error}; nothing was made"
        raise SettingsError(msg) from None
