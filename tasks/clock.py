"""The clock of the flows, and the instant a run was meant for."""

import time
from datetime import UTC, datetime

from prefect.context import FlowRunContext
from prefect.runtime import flow_run

from kootenay.adapters import clock


def now() -> datetime:
    """Return the time."""
    return clock.now()


def wait_until(at: datetime) -> None:
    """Return at an instant, or at once when it has passed."""
    time.sleep(max(0.0, (at - now()).total_seconds()))


def by_schedule() -> bool:
    """Return whether a schedule asked for this run, rather than a person or an event."""
    run = getattr(FlowRunContext.get(), "flow_run", None)
    return bool(run and run.auto_scheduled)


def scheduled() -> datetime:
    """Return when this run was due to start, which for a run asked for at once is when it was asked for.

    Prefect gives an instant of a class of its own, which divides by no plain timedelta.
    """
    start = flow_run.scheduled_start_time
    return now() if start is None else datetime.fromtimestamp(start.timestamp(), UTC)
