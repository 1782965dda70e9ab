"""The report: a day's gaps with their reasons, and how the host stands."""

import json
from datetime import UTC, date, datetime, timedelta

from prefect.client.orchestration import get_client

from flows.report import report
from kootenay.adapters.ledger import Entry
from kootenay.rules.slots import SlotState
from kootenay.settings import Settings
from kootenay.wiring import ledger_of

NOON = datetime(2026, 6, 21, 20, 0, tzinfo=UTC)
STEP = timedelta(minutes=5)


def test_a_day_is_shown_with_the_reason_of_every_gap(settings: Settings) -> None:
    ledger = ledger_of(settings)
    ledger.record(
        Entry("lake", NOON, SlotState.TAKEN, "daylight", "ab" * 32, 7, "guard", facts={"battery": "50%"}), NOON
    )
    for number in (1, 2):
        ledger.record(Entry("lake", NOON + number * STEP, SlotState.MISSED, "the camera hung"), NOON)
    state = report(day=date(2026, 6, 21), return_state=True)
    assert (state.name, state.message) == ("Completed", "2026-06-21: 2 missed, 1 taken")
    with get_client(sync_client=True) as client:
        artifacts = client.request("POST", "/artifacts/latest/filter", json={}).json()
    shown = {each["key"]: each["data"] for each in artifacts}
    (row,) = json.loads(shown["gaps-lake"])
    assert (row["from"], row["to"], row["slots"]) == ("13:05 PDT", "13:10 PDT", 2)
    assert row["why"] == "the camera hung"
    assert "taken by: guard 1" in shown["report-lake"]
    assert "camera's battery: 50%" in shown["report-lake"]


def test_a_day_that_nobody_looked_at_is_not_a_day_without_gaps(settings: Settings) -> None:
    state = report(day=date(2026, 6, 20), return_state=True)
    assert state.name == "NothingNew"
    assert "the ledger has no slot of 2026-06-20" in str(state.message)
