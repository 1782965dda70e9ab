"""Apply prefect.yaml to the Prefect server that PREFECT_API_URL names: pools, automations, then every deployment.

Safe to repeat: what exists is left or brought up to the file. With `--schedules-off` nothing starts by the clock until
somebody switches a schedule on in the Prefect UI.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx
import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectAlreadyExists
from prefect.settings import PREFECT_API_URL

CHECKOUT = Path(__file__).resolve().parents[1]


def table() -> dict[str, Any]:
    """Return prefect.yaml."""
    content: dict[str, Any] = yaml.safe_load((CHECKOUT / "prefect.yaml").read_text())
    return content


def pools() -> list[str]:
    """Return the names of the work pools that prefect.yaml speaks of."""
    return sorted({deployment["work_pool"]["name"] for deployment in table()["deployments"]})


def main() -> int:
    """Make the pools, then deploy everything; exit with the status of `prefect deploy`."""
    parser = argparse.ArgumentParser(prog="python -m deployments.setup", description="Apply prefect.yaml.")
    parser.add_argument("--schedules-off", action="store_true", help="deploy every schedule switched off")
    wish = parser.parse_args()
    try:
        with get_client(sync_client=True) as client:
            make_pools(client)
            make_automations(client)
    except httpx.TransportError as error:
        where = PREFECT_API_URL.value()
        print(f"no Prefect server answers at {where} ({error}); nothing was deployed: make server", file=sys.stderr)
        return 1
    return deploy(without_schedules(table()) if wish.schedules_off else table())


def make_pools(client: SyncPrefectClient) -> None:
    """Make the work pools that are not there."""
    for name in pools():
        try:
            client.create_work_pool(WorkPoolCreate(name=name, type="process"))
            print(f"work pool {name}: made")
        except ObjectAlreadyExists:
            print(f"work pool {name}: there")


def automations() -> list[AutomationCore]:
    """Return what deployments/automations.yaml says."""
    content = yaml.safe_load((CHECKOUT / "deployments" / "automations.yaml").read_text())
    return [AutomationCore.model_validate(each) for each in content["automations"]]


def make_automations(client: SyncPrefectClient) -> None:
    """Bring the automations up to their file; one is known by its name."""
    for wanted in automations():
        known = client.read_automations_by_name(wanted.name)
        if known:
            client.update_automation(known[0].id, wanted)
        else:
            client.create_automation(wanted)
        print(f"automation {wanted.name!r}: {'there' if known else 'made'}")


def without_schedules(content: dict[str, Any]) -> dict[str, Any]:
    """Given prefect.yaml, return it with every schedule switched off."""
    deployments = [
        deployment | {"schedules": [schedule | {"active": False} for schedule in deployment.get("schedules", [])]}
        for deployment in content["deployments"]
    ]
    return content | {"deployments": deployments}


def deploy(content: dict[str, Any]) -> int:
    """Given prefect.yaml's content, apply all of it; return the status of `prefect deploy`."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(content, file)
        file.flush()
        command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", file.name]
        return subprocess.run(command, cwd=CHECKOUT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
