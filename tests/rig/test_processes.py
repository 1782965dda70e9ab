"""What the keeper of processes promises: each one's log, an answer or the reason, and an end that nothing outlives."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rig.prefect_host import CHECKOUT
from rig.processes import Keeper, NotReadyError, free_port, port_is_taken

ENV = dict(os.environ)
SAY_AND_STAY = "import time; print('one\\ntwo\\n three\\nfour', flush=True); time.sleep(600)"
DEAF = """
import signal, sys, time
for kind in (signal.SIGINT, signal.SIGTERM):
    signal.signal(kind, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""
POLITE = """
import signal, sys, time
def bow(*_):
    print("good bye", flush=True)
    sys.exit(0)
signal.signal(signal.SIGINT, bow)
print("ready", flush=True)
time.sleep(600)
"""
LEAVES_A_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print(child.pid, "ready", flush=True)
time.sleep(600)
"""
ORPHANS = """
import subprocess, sys
from pathlib import Path
from rig.processes import adopt_orphans, end_descendants

adopt_orphans()
nest = '''
import subprocess, sys
deep = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True, start_new_session=True)
deep.stdout.readline()
print(deep.pid, flush=True)
'''
between = subprocess.run([sys.executable, "-c", nest, sys.argv[1]], stdout=subprocess.PIPE, text=True)
direct = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True)
direct.stdout.readline()
pids = [int(between.stdout), direct.pid]
before = [Path(f"/proc/{pid}").exists() for pid in pids]
end_descendants()
print(*before, *(Path(f"/proc/{pid}").exists() for pid in pids))
"""


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path / "logs")
    yield keeper
    for process in keeper.running.values():
        process.kill()
        process.wait()


def start(keeper: Keeper, name: str, script: str, *words: str) -> subprocess.Popen[bytes]:
    keeper.start(name, [sys.executable, "-c", script, *words], ENV, CHECKOUT)
    return keeper.running[name]


def said(keeper: Keeper, name: str, word: str) -> Callable[[], bool]:
    return lambda: word in keeper.tail(name)


def is_gone(pid: int) -> bool:
    """One that nobody has buried yet is gone too."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


def test_a_process_has_its_own_log_session_folder_and_environment(keeper: Keeper, tmp_path: Path) -> None:
    script = (
        "import os, sys; print(os.getcwd(), os.environ['WORD']); print(os.getsid(0) == os.getpid(), file=sys.stderr)"
    )
    keeper.start("one", [sys.executable, "-c", script], ENV | {"WORD": "hello"}, tmp_path)
    keeper.start("two", [sys.executable, "-c", "print(2)"], ENV, tmp_path)
    for process in keeper.running.values():
        assert process.wait(30) == 0
    assert sorted((tmp_path / "logs" / "one.log").read_text().splitlines()) == sorted([f"{tmp_path} hello", "True"])
    assert (tmp_path / "logs" / "two.log").read_text() == "2\n"


def test_the_tail_is_the_last_three_lines_on_one(keeper: Keeper) -> None:
    start(keeper, "talker", SAY_AND_STAY)
    keeper.wait_until("talker", said(keeper, "talker", "four"), 30)
    assert keeper.tail("talker") == "two | three | four"


def test_waiting_ends_when_the_process_answers(keeper: Keeper) -> None:
    answers = iter([False, False, True])
    start(keeper, "server", SAY_AND_STAY)
    keeper.wait_until("server", lambda: next(answers), 30)
    assert list(answers) == []
    keeper.check("server")


def test_a_process_that_ends_is_not_waited_for(keeper: Keeper) -> None:
    start(keeper, "server", "import sys; sys.exit('port 4200 is taken')")
    started = time.monotonic()
    with pytest.raises(NotReadyError, match="server ended with status 1; its log ends: port 4200 is taken"):
        keeper.wait_until("server", lambda: False, 60)
    assert time.monotonic() - started < 30


def test_a_process_that_does_not_answer_is_given_up_with_the_end_of_its_log(keeper: Keeper) -> None:
    start(keeper, "server", SAY_AND_STAY)
    keeper.wait_until("server", said(keeper, "server", "four"), 30)
    with pytest.raises(NotReadyError, match=r"server did not answer within 0\.2 s; its log ends: two \| three \| four"):
        keeper.wait_until("server", lambda: False, 0.2)


def test_a_process_is_asked_as_a_terminal_would(keeper: Keeper) -> None:
    process = start(keeper, "polite", POLITE)
    keeper.wait_until("polite", said(keeper, "polite", "ready"), 30)
    keeper.stop("polite")
    assert process.returncode == 0
    assert keeper.tail("polite") == "ready | good bye"
    assert keeper.running == {}


def test_a_process_that_will_not_hear_is_killed(keeper: Keeper) -> None:
    process = start(keeper, "deaf", DEAF)
    keeper.wait_until("deaf", said(keeper, "deaf", "ready"), 30)
    started = time.monotonic()
    keeper.stop("deaf", patience=0.2)
    assert process.returncode == -signal.SIGKILL
    assert time.monotonic() - started < 5


def test_what_a_process_leaves_in_its_group_ends_with_it(keeper: Keeper) -> None:
    start(keeper, "parent", LEAVES_A_CHILD, DEAF)
    keeper.wait_until("parent", said(keeper, "parent", "ready"), 30)
    child = int(keeper.tail("parent").split()[0])
    keeper.stop("parent")
    assert is_gone(child)


def test_a_process_that_has_ended_is_stopped_without_a_word(keeper: Keeper) -> None:
    start(keeper, "short", "").wait(30)
    keeper.stop("short")
    assert keeper.running == {}


def test_all_are_stopped_the_last_started_first(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    processes = [start(keeper, name, SAY_AND_STAY) for name in ("server", "worker", "gallery")]
    for name in list(keeper.running):
        keeper.wait_until(name, said(keeper, name, "four"), 30)
    order, stop = list[str](), Keeper.stop
    monkeypatch.setattr(Keeper, "stop", lambda self, name: (order.append(name), stop(self, name))[1])
    keeper.stop_all()
    assert order == ["gallery", "worker", "server"]
    assert all(process.returncode is not None for process in processes)


def test_no_descendant_outlives_its_keeper_wherever_it_hides() -> None:
    command = [sys.executable, "-c", ORPHANS, DEAF]
    answer = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout.split() == ["True", "True", "False", "False"]


def test_a_free_port_is_free_and_a_taken_one_is_taken() -> None:
    port = free_port()
    assert not port_is_taken(port)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen()
        assert port_is_taken(port)
    assert not port_is_taken(port)
