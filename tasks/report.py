"""The report's touches: a day's slots out of the ledger, and the host's standing, shown to people."""

from collections import Counter
from datetime import date

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from kootenay.adapters.ledger import Entry
from kootenay.rules.daylight import local_day
from kootenay.rules.gaps import gaps
from kootenay.settings import Settings
from kootenay.wiring import ledger_of, spool_of
from tasks.clock import now


@task(task_run_name="slots of {day}")
def read_day(settings: Settings, camera: str, day: date) -> list[Entry]:
    """Given a camera's local day, return the ledger's lines of it, in order."""
    return ledger_of(settings).between(camera, *local_day(settings.site.place, day))


@task(task_run_name="show the report of {day}")
def publish_report(settings: Settings, camera: str, day: date, entries: list[Entry]) -> str:
    """Show each gap of a day with its reason, and how the camera host stands; return the day in one line."""
    local = settings.site.place.local
    rows = [
        {
            "from": f"{local(gap.first):%H:%M %Z}",
            "to": f"{local(gap.last):%H:%M %Z}",
            "slots": gap.count,
            "state": gap.state.value,
            "why": gap.reason,
        }
        for gap in gaps((entry.slot, entry.state, entry.reason) for entry in entries)
    ]
    create_table_artifact(rows, key=f"gaps-{camera}", description=f"Why **{camera}** has no photo, {day}")
    states = Counter(entry.state.value for entry in entries)
    who = Counter(entry.by or "a run" for entry in entries if entry.state.was_taken)
    told = f"{day}: " + ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    facts = next((entry.facts for entry in reversed(entries) if entry.facts), {})
    spool = spool_of(settings)
    waiting, awaited = spool.waiting(), spool.unconfirmed()
    oldest = f", the oldest of {local(waiting[0].sidecar.slot):%Y-%m-%d %H:%M %Z}" if waiting else ""
    lines = [
        f"# {camera}, {told}",
        f"- taken by: {', '.join(f'{by} {count}' for by, count in sorted(who.items())) or 'nobody'}",
        f"- spool at {local(now()):%H:%M %Z}: {len(waiting)} to be sent{oldest}; {len(awaited)} await their receipt",
        f"- disk: {spool.free_bytes() / 1e9:.1f} GB left",
        *(f"- camera's {name.replace('_', ' ')}: {value}" for name, value in sorted(facts.items())),
    ]
    create_markdown_artifact("\n".join(lines), key=f"report-{camera}", description=f"Camera **{camera}**, {day}")
    return told
