"""Retry policies by name. Whether an error is worth another try is decided by kootenay.errors, not here."""

from typing import Any, TypedDict

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import exponential_backoff

from kootenay.errors import is_transient


class Policy(TypedDict):
    """The part of `@task`'s arguments that a policy fills."""

    retries: int
    retry_delay_seconds: Any
    retry_jitter_factor: float | None
    retry_condition_fn: Any


def worth_retrying(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Given a failed task run, return whether its error may pass by itself."""
    try:
        state.result()
    except Exception as error:  # noqa: BLE001 (every error is classified)
        return is_transient(error)
    return False


NETWORK = Policy(
    retries=4,
    retry_delay_seconds=exponential_backoff(2),
    retry_jitter_factor=0.5,
    retry_condition_fn=worth_retrying,
)
"""A server, a bucket or a database out of reach: 2, 4, 8 and 16 s, spread out."""
