"""What befalls a film: a kill at any step, a full disk, any length. Nothing is left that is not a whole film."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kootenay.adapters.film import check, check_joined, encode, join
from kootenay.errors import FilmError
from kootenay.rules.film_plan import Profile
from rig.prefect_host import CHECKOUT
from tests.adapters.conftest import names
from tests.adapters.films import PROFILES, SMALL, USUAL, frames_of, made, noise, pictures
from tests.adapters.full_disk import BLOCK, fill, leave, mounted, needs_root

KILLED = """
import os, signal, sys
from importlib import import_module
from pathlib import Path
from kootenay.adapters.film import encode, join
from tests.adapters.films import USUAL, frames_of, pictures

def die_at(step, call):
    film, name, *inner = step.split(".")
    module = import_module("kootenay.adapters.film." + film)
    for each in inner:
        module, name = getattr(module, name), each
    do, calls = getattr(module, name), iter(range(1, call))
    def dying(*args, **kwargs):
        if next(calls, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return do(*args, **kwargs)
    setattr(module, name, dying)

die_at(sys.argv[2], int(sys.argv[3]))
into = Path(sys.argv[1])
if "join" in sys.argv[2] or sys.argv[4:]:
    join([Path(each) for each in sys.argv[4:]], into, USUAL)
else:
    encode(pictures(30), frames_of(30), USUAL, into)
"""

STEPS = [
    ("picture.read_header", 1),
    ("mp4._nameless", 1),
    ("encode._stream", 1),
    ("encode.brighten", 2),
    ("encode.brighten", 15),
    ("encode.brighten", 30),
    ("mp4.os.fsync", 1),
    ("mp4._name", 1),
    ("mp4.os.link", 1),
]
JOIN_STEPS = [
    ("join.profile_of", 1),
    ("mp4._nameless", 1),
    ("join.ticks", 1),
    ("join.ticks", 50),
    ("join.ticks", 85),
    ("mp4.os.fsync", 1),
    ("mp4.os.link", 1),
]


def killed(into: Path, step: str, call: int, *parts: Path) -> None:
    """Make a film in a process that dies at a step, without a chance to tidy up."""
    command = [sys.executable, "-c", KILLED, str(into), step, str(call), *map(str, parts)]
    died = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr


@pytest.mark.parametrize(("step", "call"), STEPS, ids=str)
def test_a_film_whose_making_was_killed_leaves_nothing_behind(tmp_path: Path, step: str, call: int) -> None:
    film = tmp_path / "film.mp4"
    killed(film, step, call)
    assert names(tmp_path) == []
    made(pictures(30), film, USUAL)
    check(film, 30, USUAL)


@pytest.mark.parametrize(("step", "call"), JOIN_STEPS, ids=str)
def test_a_film_whose_joining_was_killed_leaves_nothing_behind(tmp_path: Path, step: str, call: int) -> None:
    parts = [tmp_path / f"{number}.mp4" for number in range(3)]
    for part in parts:
        made(pictures(10), part, USUAL)
    before = {part: part.read_bytes() for part in parts}
    film = tmp_path / "film.mp4"
    killed(film, step, call, *parts)
    assert names(tmp_path) == [part.name for part in parts]
    assert {part: part.read_bytes() for part in parts} == before
    check_joined(film, join(parts, film, USUAL), USUAL)


@pytest.mark.parametrize(("step", "call"), [step for step in STEPS if "link" not in step[0]], ids=str)
def test_an_earlier_film_stands_when_the_making_of_another_is_killed(tmp_path: Path, step: str, call: int) -> None:
    film = tmp_path / "film.mp4"
    made(pictures(5), film, USUAL)
    killed(film, step, call)
    assert names(tmp_path) == ["film.mp4"]
    check(film, 5, USUAL)


def test_a_source_that_fails_leaves_an_earlier_film_and_nothing_else(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    made(pictures(5), film)

    def failing() -> Iterator[bytes]:
        yield from pictures(7)
        msg = "the store is away"
        raise ConnectionError(msg)

    with pytest.raises(FilmError, match="the store is away"):
        encode(failing(), frames_of(8), SMALL, film)
    assert names(tmp_path) == ["film.mp4"]
    check(film, 5, SMALL)


TOLD = """
import sys
from pathlib import Path
from kootenay.adapters.film import join
from kootenay.errors import FilmError
from kootenay.rules.film_plan import Profile
from tests.adapters.films import SMALL, made, noise

into, *parts = map(Path, sys.argv[1:])
try:
    join(parts, into, SMALL) if parts else made(noise(40), into)
except FilmError as error:
    print(error)
"""
FREE = f"{TOLD}\nimport os\nprint(os.statvfs(into.parent).f_bfree)"
NO_ROOM = "the film film.mp4 was not made: No space left on device; an earlier film still stands\n"


def told(*paths: Path) -> str:
    """Make or join a film in a process of its own: PyAV never closes a file of which it could not write the first byte.

    Returns what it said.
    """
    command = [sys.executable, "-c", TOLD, *map(str, paths)]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout


@needs_root
@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9])
def test_a_film_for_which_the_disk_has_no_room_is_told_and_leaves_it_as_it_was(
    tmp_path: Path, kind: str, share: float
) -> None:
    shown = noise(40)
    made(shown, tmp_path / "sized.mp4")
    size = (tmp_path / "sized.mp4").stat().st_size
    with mounted(kind, tmp_path) as disk:
        film = disk / "film.mp4"
        made(pictures(5), film)
        filler = fill(disk)
        leave(filler, int(size * share) // BLOCK)
        assert told(film) == NO_ROOM
        assert set(names(disk)) - {"lost+found"} == {"film.mp4", "filler"}
        check(film, 5, SMALL)
        filler.unlink()
        assert told(film) == ""
        check(film, 40, SMALL)


@needs_root
@pytest.mark.parametrize("share", [0, 0.5, 0.95])
def test_a_joined_film_for_which_the_disk_has_no_room_leaves_its_parts(tmp_path: Path, share: float) -> None:
    parts = [tmp_path / f"{number}.mp4" for number in range(3)]
    for part in parts:
        made(noise(15), part)
    with mounted("tmpfs", tmp_path) as disk:
        filler = fill(disk)
        leave(filler, int(sum(part.stat().st_size for part in parts) * share) // BLOCK)
        assert told(disk / "film.mp4", *parts) == NO_ROOM
        assert names(disk) == ["filler"]
        filler.unlink()
        assert told(disk / "film.mp4", *parts) == ""
        check_joined(disk / "film.mp4", [15, 15, 15], SMALL)


@needs_root
def test_what_a_failed_film_took_is_free_again_at_once(tmp_path: Path) -> None:
    """Though PyAV may hold its file, and whoever tells the failure holds PyAV's."""
    with mounted("ext4", tmp_path) as disk:
        filler = fill(disk)
        leave(filler, 100)
        command = [sys.executable, "-c", FREE, disk / "film.mp4"]
        answer = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
        assert answer.startswith(NO_ROOM)
        assert int(answer.splitlines()[1]) > 95


def test_a_file_system_without_nameless_files_takes_films_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As vfat and older overlays: `open` says so, and the standard library's way round it is taken as well."""
    monkeypatch.setattr(os, "O_TMPFILE", 0)
    monkeypatch.setattr(tempfile, "_O_TMPFILE_WORKS", False)
    for count in (5, 30):
        made(pictures(count), tmp_path / "film.mp4")
        check(tmp_path / "film.mp4", count, SMALL)
        assert names(tmp_path) == ["film.mp4"]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_no_encoder_takes_more_than_its_turn(tmp_path: Path, profile: Profile) -> None:
    """SVT-AV1 gives itself and its caller real-time priority where root runs it, which can stop a machine."""
    found = set()

    def look(_: int) -> None:
        found.update(os.sched_getscheduler(int(thread.name)) for thread in Path("/proc/self/task").iterdir())

    encode(pictures(60), frames_of(60), profile, tmp_path / "film.mp4", look)
    look(0)
    assert found == {os.SCHED_OTHER}


MEASURED = """
import sys
from itertools import islice, cycle
from pathlib import Path
from kootenay.adapters.film import encode
from kootenay.rules.film_plan import Profile
from rig.processes import peak_memory
from tests.adapters.films import frames_of, noise
count = int(sys.argv[2])
profile = Profile(width=640, height=360, overlay=True)
encode(islice(cycle(noise(4, 640, 360)), count), frames_of(count), profile, Path(sys.argv[1]))
print(peak_memory())
"""


def test_a_long_film_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    peaks = {}
    for count in (40, 400):
        command = [sys.executable, "-c", MEASURED, str(tmp_path / f"{count}.mp4"), str(count)]
        peaks[count] = int(subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout)
    assert peaks[400] < 1.05 * peaks[40]
