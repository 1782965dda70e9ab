"""The report's touches: a day's slots out of the ledger, and the host's standing, shown to people."""

from datetime import date

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from kootenay.adapters.host_status import backlog_of
from kootenay.adapters.ledger import Entry
from kootenay.rules.daylight import local_day
from kootenay.rules.gaps import day_of
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
    account, backlog = day_of(day, entries), backlog_of(spool_of(settings), camera)
    rows = [
        {
            "from": f"{local(gap.first):%H:%M %Z}",
            "to": f"{local(gap.last):%H:%M %Z}",
            "slots": gap.count,
            "state": gap.state.value,
            "why": gap.reason,
        }
        for gap in account.gaps
    ]
    create_table_artifact(rows, key=f"gaps-{camera}", description=f"Why **{camera}** has no photo, {day}")
    told = f"{day}: " + ", ".join(f"{count} {state}" for state, count in account.counts.items())
    facts = next((entry.facts for entry in reversed(entries) if entry.facts), {})
    oldest = f", the oldest of {local(backlog.oldest):%Y-%m-%d %H:%M %Z}" if backlog.oldest else ""
    lines = [
        f"# {camera}, {told}",
        f"- taken by: {', '.join(f'{by} {count}' for by, count in account.by.items()) or 'nobody'}",
        f"- spool at {local(now()):%H:%M %Z}: {backlog.waiting} to be sent{oldest}; "
        f"{backlog.awaiting} await their receipt",
        f"- disk: {spool_of(settings).free_bytes() / 1e9:.1f} GB left",
        *(f"- camera's {name.replace('_', ' ')}: {value}" for name, value in sorted(facts.items())),
    ]
    create_markdown_artifact("\n".join(lines), key=f"report-{camera}", description=f"Camera **{camera}**, {day}")
    return told
