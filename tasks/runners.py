"""Who runs mapped tasks: threads or processes of this machine, or a cluster's workers. One place names the packages."""

from importlib import import_module
from typing import Any

from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from kootenay.errors import SettingsError
from kootenay.settings import Settings


def runner_of(settings: Settings) -> TaskRunner[Any]:
    """Given settings, return the task runner that [reingest] names. Raises SettingsError where its package is not."""
    wish = settings.reingest
    if wish.runner == "threads":
        return ThreadPoolTaskRunner(max_workers=wish.workers)
    if wish.runner == "processes":
        return ProcessPoolTaskRunner(max_workers=wish.workers)
    if wish.runner == "dask":
        here = {"n_workers": wish.workers, "threads_per_worker": 1, "dashboard_address": None}
        return _cluster("dask", "DaskTaskRunner", {"cluster_kwargs": here}, wish.address)
    return _cluster(
        "ray", "RayTaskRunner", {"init_kwargs": {"num_cpus": wish.workers, "include_dashboard": False}}, wish.address
    )


def _cluster(kind: str, name: str, here: dict[str, Any], address: str) -> TaskRunner[Any]:
    try:
        package = import_module(f"prefect_{kind}")
    except ImportError as error:
        how = "--group cluster" if kind == "dask" else "prefect-ray==0.6.0"
        msg = (
            f'[reingest] runner = "{kind}" needs prefect-{kind}, which is not installed here ({error}). Nothing was '
            f"started: .venv/bin/uv pip install {how}, or choose threads or processes"
        )
        raise SettingsError(msg) from error
    runner: TaskRunner[Any] = getattr(package, name)(**({"address": address} if address else here))
    return runner
