"""Archive: originals leave its folder when they are old or the disk is low, and only if the second place holds them.

Requires: the pool `cloud` on the host of the archive's folder; [archive] in kootenay.toml, with `copy_to`.
Safe to repeat because: what leaves is decided anew from what lies there, and each deletion is preceded by a comparison
of hashes with the second place; a kill between two leaves the rest for the next run.
"""

from typing import Any

from prefect import flow
from prefect.states import Failed

from kootenay.rules.keeping import retention
from kootenay.settings import load_settings
from tasks.archive import let_go, publish_plan, read_archive, tidy
from tasks.clock import now
from tasks.outcomes import done, nothing_new, one_line_errors, skipped


@flow(flow_run_name="what leaves the archive")
@one_line_errors
def archive(apply: bool = True) -> Any:
    """Let originals go as [archive] says; without `apply`, show which, and change nothing."""
    settings = load_settings()
    policy = settings.archive.policy
    if not settings.archive.copy_to:
        return skipped("the archive has no second place ([archive] copy_to), so every original stays")
    today = settings.site.place.local(now()).date()
    holdings = read_archive(settings, today)
    decisions = retention(holdings.originals, holdings.free, policy, today)
    going = [each for each in decisions if each.goes]
    if decisions:
        publish_plan(decisions)
    if not apply:
        return done(f"{len(going)} originals would leave, {len(decisions) - len(going)} wait for the second place")
    went, troubles = let_go(settings, going) if going else (0, [])
    free = tidy(settings)
    told = f"{went} originals left, {len(decisions) - len(going)} wait for the second place"
    if troubles:
        return Failed(message=f"{told}; {len(troubles)} could not: {troubles[0]}")
    if free < policy.floor:
        low = f"{free / 1e6:.0f} MB are free of the {policy.floor / 1e6:.0f} that [archive] floor_megabytes asks for"
        return Failed(message=f"{told}; {low}: nothing else may go, make room on the disk")
    return done(told) if decisions else nothing_new("no original is old enough, and the disk has room")
