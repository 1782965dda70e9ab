"""The demo's day: a real date's slots, taken by real runs of the deployed flows, followed until the film stands.

A session takes the whole day, while single runs, the scheduled way, take the first slot and the last two: whoever
comes first to a slot has it. Upload and ingest are started by events, as they are on a real site.
"""

import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun

from demo.house import DemoError
from kootenay.adapters.catalog import Film, Photo
from kootenay.adapters.ledger import Entry
from kootenay.rules import naming
from kootenay.rules.daylight import local_day
from kootenay.rules.slots import SlotPlan, slots_between, spread
from kootenay.settings import Settings
from kootenay.wiring import catalog_of, ledger_of, spool_of
from rig.processes import Keeper

CAMERA = "lake"
DATE = date(2026, 6, 21)
EVERY = timedelta(minutes=10)
SERVERS = ("prefect-server", "worker-camera-host", "worker-cloud", "gallery")
PATIENCE_SECONDS = 240
"""How long nothing may move before the demo gives up and says so."""

NUDGE_SECONDS = 25
"""After so long without a new photo the next flow is asked for by name, as its schedule would have."""


@dataclass(frozen=True)
class Outcome:
    """What the day came to; `slot_to_page` is the seconds from asking for the first run to its photo on the page."""

    plans: list[SlotPlan]
    entries: list[Entry]
    photos: list[Photo]
    film: Film
    runs: list[FlowRun]
    slot_to_page: float


class Day:
    """The day as the demo follows it, through Prefect's API and the folders that the flows fill."""

    def __init__(
        self,
        client: SyncPrefectClient,
        settings: Settings,
        gallery: str,
        at_most: int | None,
        show: Callable[[str], None],
        keeper: Keeper,
    ) -> None:
        self.client = client
        self.settings = settings
        self.gallery = gallery
        self.at_most = at_most
        self.show = show
        self.keeper = keeper

    @cached_property
    def plans(self) -> list[SlotPlan]:
        """Every slot of the local day with its light."""
        camera, site = self.settings.camera(CAMERA), self.settings.site.place
        slots = slots_between(*local_day(site, DATE), EVERY)
        return camera.plan(site, slots)

    @cached_property
    def wanted(self) -> list[datetime]:
        """The slots that shall have a photo."""
        lit = [plan.slot for plan in self.plans if plan.light.shoot]
        return spread(lit, self.at_most or len(lit))

    def live(self) -> Outcome:
        """Take the day's photos, bring them to the web, make the film. Raises DemoError when a step does not come."""
        asked = time.monotonic()
        self._run("capture/lake", {"slot": self.wanted[0].isoformat()})
        start, end = local_day(self.settings.site.place, DATE)
        session = self._run(
            "capture-session/lake-day",
            {
                "start": start.isoformat(),
                "end": end.isoformat(),
                "every_seconds": EVERY.seconds,
                "at_most": len(self.wanted),
                "rehearse": True,
            },
        )
        slot_to_page = self._until_on_page(self.wanted[0]) - asked
        for slot in self.wanted[:0:-1][:2]:
            self._finish(self._run("capture/lake", {"slot": slot.isoformat()}), f"the slot {slot:%H:%M} UTC")
        self._finish(session, "the session")
        self._until(lambda: len(self._photos()) >= len(self.wanted), "all photos in the catalog")
        film_run = self._run("timelapse/lake-films", {"period": DATE.isoformat()})
        self._settle()
        self._finish(film_run, "the film")
        film = catalog_of(self.settings).film(CAMERA, "day", DATE.isoformat())
        if film is None:
            msg = "the timelapse run ended without a film; its log in the Prefect UI says why"
            raise DemoError(msg)
        return Outcome(
            plans=self.plans,
            entries=ledger_of(self.settings).between(CAMERA, start, end),
            photos=self._photos(),
            film=film,
            runs=self.client.read_flow_runs(limit=200),
            slot_to_page=slot_to_page,
        )

    def _until_on_page(self, slot: datetime) -> float:
        """Wait until a slot's photo is on the page of its day; return the monotonic time of that moment."""
        page = f"{self.gallery}/{CAMERA}/{DATE.isoformat()}"
        self._until(lambda: naming.stamp(slot) in _text(page), "the first photo on the page")
        return time.monotonic()

    def _settle(self) -> None:
        """Wait until every photo is confirmed to the camera host and every run has ended."""
        if spool_of(self.settings).unconfirmed():
            self._finish(self._run("upload/spool", {}), "the receipts")
        self._until(lambda: not self._open_runs(), "the runs to end")

    def _until(self, reached: Callable[[], object], what: str) -> None:
        """Wait, telling progress; an event that was lost is made good by asking for the next run by name."""
        moved = nudged = time.monotonic()
        seen, total = -1, len(self.wanted)
        while not reached():
            for name in SERVERS:
                self.keeper.check(name)
            taken, shown = len(self._taken()), len(self._photos())
            self.show(f"photos taken {taken}/{total}, on the web {shown}/{total}; waiting for {what}")
            now = time.monotonic()
            if taken + shown != seen:
                seen, moved = taken + shown, now
            if now - moved > PATIENCE_SECONDS:
                msg = f"waited {PATIENCE_SECONDS} s in vain for {what}; .demo/logs/ and the runs in Prefect say why"
                raise DemoError(msg)
            if now - max(moved, nudged) > NUDGE_SECONDS and not self._open_runs():
                self._run("upload/spool" if spool_of(self.settings).waiting() else "ingest/incoming", {})
                nudged = now
            time.sleep(0.5)

    def _finish(self, run_id: UUID, what: str) -> None:
        """Wait for a run to end well. Raises DemoError with its message when it does not."""

        def ended() -> bool:
            state = self.client.read_flow_run(run_id).state
            return state is not None and state.is_final()

        self._until(ended, what)
        state = self.client.read_flow_run(run_id).state
        if state is None or not state.is_completed():
            msg = (
                f"{what}: the run ended {state.name if state else 'without a state'}: {state.message if state else ''}"
            )
            raise DemoError(msg)

    def _run(self, deployment: str, parameters: dict[str, Any]) -> UUID:
        found = self.client.read_deployment_by_name(deployment)
        return self.client.create_flow_run_from_deployment(found.id, parameters=parameters).id

    def _open_runs(self) -> list[FlowRun]:
        runs = self.client.read_flow_runs(limit=200)
        return [run for run in runs if run.state is not None and not run.state.is_final()]

    def _photos(self) -> list[Photo]:
        return catalog_of(self.settings).day(CAMERA, DATE)

    def _taken(self) -> list[Entry]:
        entries = ledger_of(self.settings).between(CAMERA, *local_day(self.settings.site.place, DATE))
        return [entry for entry in entries if entry.state.has_photo]


def _text(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 (the demo's own loopback address)
            content: bytes = response.read()
            return content.decode()
    except OSError:
        return ""
