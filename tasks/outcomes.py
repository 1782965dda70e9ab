"""How a run ends when it has nothing to do, or a person has something to do."""

import functools
import sqlite3
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from kootenay.errors import KootenayError

P = ParamSpec("P")
R = TypeVar("R")


def skipped(reason: str) -> State[Any]:
    """End a run that rightly did nothing, with the reason."""
    get_run_logger().info("Skipped: %s", reason)
    return Completed(name="Skipped", message=reason)


def nothing_new(what: str) -> State[Any]:
    """End a run that looked and found nothing to do."""
    get_run_logger().info("Nothing new: %s", what)
    return Completed(name="NothingNew", message=what)


def done(message: str) -> State[Any]:
    """End a run that did its work, and say what it did where the list of runs shows it."""
    get_run_logger().info(message)
    return Completed(message=message)


def one_line_errors(story: Callable[P, R]) -> Callable[P, R | State[Any]]:
    """Given a flow's function, return one whose expected errors end the run Failed with one line, no traceback."""

    @functools.wraps(story)
    def told(*args: P.args, **kwargs: P.kwargs) -> R | State[Any]:
        try:
            return story(*args, **kwargs)
        except (KootenayError, OSError, sqlite3.Error) as error:
            message = str(error) if isinstance(error, KootenayError) else f"{type(error).__name__}: {error}"
            get_run_logger().error("%s", message)
            return Failed(message=message)

    return told
