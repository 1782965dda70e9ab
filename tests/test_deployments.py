"""prefect.yaml loads, fits the flows it names, and says the same as the code where both speak."""

import os
import subprocess
import sys
from typing import Any

import pytest
import yaml
from prefect import Flow
from prefect.flows import load_flow_from_entrypoint

from deployments.setup import CHECKOUT, pools, table, without_schedules
from kootenay.settings import load_settings
from tasks import events

DEPLOYMENTS: list[dict[str, Any]] = table()["deployments"]


def flow_of(deployment: dict[str, Any]) -> Flow[..., Any]:
    return load_flow_from_entrypoint(str(CHECKOUT / deployment["entrypoint"]))


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["name"])
class TestADeployment:
    def test_names_a_flow_and_parameters_that_the_flow_takes(self, deployment: dict[str, Any]) -> None:
        flow = flow_of(deployment)
        assert flow.validate_parameters(deployment.get("parameters", {})) is not None

    def test_says_what_it_is_for(self, deployment: dict[str, Any]) -> None:
        assert deployment["description"].strip().endswith(".")

    def test_has_schedules_in_the_sites_zone(self, deployment: dict[str, Any]) -> None:
        zone = load_settings().site.timezone
        assert {schedule["timezone"] for schedule in deployment.get("schedules", [])} <= {zone}

    def test_waits_for_events_that_some_task_sends(self, deployment: dict[str, Any]) -> None:
        sent = {value for name, value in vars(events).items() if name.isupper()}
        expected = {event for trigger in deployment.get("triggers", []) for event in trigger["expect"]}
        assert expected <= sent


def test_the_pools_are_those_of_the_two_hosts() -> None:
    assert pools() == ["camera-host", "cloud"]


def test_names_are_unique_for_a_flow() -> None:
    names = [(deployment["entrypoint"], deployment["name"]) for deployment in DEPLOYMENTS]
    assert len(names) == len(set(names))


def test_the_schedule_of_slots_is_the_cameras_own_step() -> None:
    single = next(each for each in DEPLOYMENTS if each["entrypoint"].endswith(":capture"))
    minutes = load_settings().camera(single["parameters"]["camera"]).every_minutes
    assert [schedule["cron"] for schedule in single["schedules"]] == [f"*/{minutes} * * * *"]


def test_a_long_session_holds_no_lease_that_a_server_restart_could_end() -> None:
    session = next(each for each in DEPLOYMENTS if each["entrypoint"].endswith(":capture_session"))
    assert "concurrency_limit" not in session


def test_late_captures_do_not_queue_up() -> None:
    single = next(each for each in DEPLOYMENTS if each["entrypoint"].endswith(":capture"))
    assert single["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}


def test_schedules_off_changes_nothing_else() -> None:
    off = without_schedules(table())
    assert all(not schedule["active"] for each in off["deployments"] for schedule in each["schedules"])
    for each in off["deployments"]:
        for schedule in each["schedules"]:
            del schedule["active"]
        if not each["schedules"]:
            del each["schedules"]
    assert off == table()


def test_the_prefect_of_the_table_is_the_prefect_of_the_lock() -> None:
    version = yaml.safe_load((CHECKOUT / "prefect.yaml").read_text())["prefect-version"]
    assert f"prefect=={version} " in (CHECKOUT / "requirements.lock").read_text()


def test_prefects_own_settings_are_read_from_the_checkout() -> None:
    code = (
        "from prefect.settings import get_current_settings as now; s = now(); "
        "print(s.api.url, s.server.analytics_enabled, s.server.concurrency.lease_storage, s.logging.extra_loggers)"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, env=env, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == [
        "http://127.0.0.1:4200/api",
        "False",
        "prefect.server.concurrency.lease_storage.filesystem",
        "['kootenay']",
    ]
