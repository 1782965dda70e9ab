"""What all tests share: the parts' count, and an environment in which nothing of the caller's own settings leaks."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rig.databases import MariaDb
from rig.mysql9 import Mysql9
from rig.prefect_host import environment
from rig.processes import free_port
from tests.parts import ELSEWHERE, PARTS, missing

FOLDER = Path(tempfile.mkdtemp(prefix="kootenay-tests-"))
"""Everything that Prefect and the flows write during the tests."""

ALL_PARTS = bool(os.environ.get("KOOTENAY_ALL_PARTS"))
settings = environment(FOLDER, free_port(), {"KOOTENAY_CONFIG": os.devnull})
os.environ.clear()
os.environ.update(settings)

skipped_for: list[str] = []
figures: list[str] = []


@pytest.fixture(scope="session")
def figure() -> Callable[[str], None]:
    """Give a measured figure to the last lines of the run; no test judges by one, for machines are noisy."""
    return figures.append


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    """One server for all tests; each makes a database of its own in it."""
    server = MariaDb(tmp_path_factory.mktemp("mariadb"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mysql9(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mysql9]:
    """As `mariadb`, of the other kind."""
    server = Mysql9(tmp_path_factory.mktemp("mysql9"))
    server.start()
    yield server
    server.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, aloud, the tests whose part is not here; run those of flows last.

    Prefect's threads outlive a flow and draw random numbers, which hypothesis takes for a test that is not repeatable.
    """
    items.sort(key=lambda item: item.path.parent.name == "flows" or item.path.stem == "test_demo")
    absent = missing()
    for item in items:
        for mark in item.iter_markers("real"):
            part = mark.args[0]
            assert part in PARTS, f"{item.nodeid} needs {part!r}, which tests/parts.py does not know"
            if part in absent:
                skipped_for.append(part)
                item.add_marker(pytest.mark.skip(reason=f"the part {part} is missing; python -m tests.parts brings it"))


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(FOLDER, ignore_errors=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where every part is asked for, a missing one is a failure."""
    if set(skipped_for) - ELSEWHERE and ALL_PARTS:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in the last lines how many tests of real parts were skipped."""
    for line in figures:
        terminalreporter.write_line(f"figure: {line}")
    want = f", for want of {', '.join(sorted(set(skipped_for)))}" if skipped_for else ""
    terminalreporter.write_line(f"real-part tests skipped: {len(skipped_for)}{want}")
