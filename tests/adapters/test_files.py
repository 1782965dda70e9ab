"""What files promise: whole or not there, and a lock that cannot outlive its holder."""

import errno
import hashlib
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from kootenay.adapters import files
from kootenay.adapters.files import lock, move_whole, part_of, sha256_of, write_whole
from tests.adapters.conftest import names, start_python

HOLDER = """
import subprocess, sys, time
from pathlib import Path
from kootenay.adapters.files import lock
with lock(Path(sys.argv[1])) as held:
    child = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL)
    print(held, child.pid, flush=True)
    time.sleep(60)
"""


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


def killed(*_: object) -> None:
    raise Killed


def full_disk(_: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def kill_at_rename(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "replace", killed)


def kill_at_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", killed)


def fill_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", full_disk)


@pytest.mark.parametrize("content", [b"", b"photo", b"\0" * 3_000_000], ids=["nothing", "little", "much"])
def test_the_hash_is_the_hash_of_all_bytes(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    assert sha256_of(tmp_path / "photo.jpg") == hashlib.sha256(content).hexdigest()


def test_a_file_is_written_whole_with_the_folders_it_needs(tmp_path: Path) -> None:
    write_whole(tmp_path / "lake" / "2026" / "photo.jpg", b"photo")
    assert (tmp_path / "lake" / "2026" / "photo.jpg").read_bytes() == b"photo"
    assert names(tmp_path) == ["lake/2026/photo.jpg"]


@pytest.mark.parametrize("kill", [kill_at_rename, kill_at_sync], ids=["at the rename", "at the sync"])
def test_a_kill_leaves_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kill: Callable[[pytest.MonkeyPatch], None]
) -> None:
    write_whole(tmp_path / "photo.jpg", b"old")
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill(patch)
        write_whole(tmp_path / "photo.jpg", b"new")
    assert (tmp_path / "photo.jpg").read_bytes() == b"old"
    write_whole(tmp_path / "photo.jpg", b"new")
    assert (tmp_path / "photo.jpg").read_bytes() == b"new"


def test_a_full_disk_leaves_the_old_content_and_takes_no_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole(tmp_path / "photo.jpg", b"old")
    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        fill_disk(patch)
        write_whole(tmp_path / "photo.jpg", b"new")
    assert (tmp_path / "photo.jpg").read_bytes() == b"old"
    assert names(tmp_path) == ["photo.jpg"]


def test_writers_of_one_file_never_mix_their_bytes(tmp_path: Path) -> None:
    path, size, wrong = tmp_path / "photo.jpg", 200_000, []

    def write(letter: bytes) -> None:
        try:
            for _ in range(30):
                write_whole(path, letter * size)
                found = path.read_bytes()
                if found not in (b"a" * size, b"b" * size):
                    wrong.append(len(found))
        except OSError as error:
            wrong.append(error)

    writers = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert wrong == []
    assert names(tmp_path) == ["photo.jpg"]


def test_a_file_in_the_making_is_hidden_and_no_photo(tmp_path: Path) -> None:
    part = part_of(tmp_path / "lake.jpg")
    assert part.parent == tmp_path
    assert part.name.startswith(".lake.jpg.")
    assert part.suffix == ".part"


def test_a_move_takes_the_place_of_what_stood_there(tmp_path: Path) -> None:
    (tmp_path / "bench.jpg").write_bytes(b"new")
    write_whole(tmp_path / "spool" / "photo.jpg", b"old")
    move_whole(tmp_path / "bench.jpg", tmp_path / "spool" / "photo.jpg")
    assert (tmp_path / "spool" / "photo.jpg").read_bytes() == b"new"
    assert names(tmp_path) == ["spool/photo.jpg"]


@pytest.mark.parametrize("move", [False, True], ids=["write", "move"])
def test_bytes_are_on_the_disk_before_their_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, move: bool
) -> None:
    steps: list[str] = []
    (tmp_path / "spool").mkdir()
    rename, sync, sync_folder = Path.replace, os.fsync, files.sync_folder
    monkeypatch.setattr(os, "fsync", lambda file: (steps.append("sync"), sync(file))[1])
    monkeypatch.setattr(Path, "replace", lambda path, to: (steps.append("rename"), rename(path, to))[1])
    monkeypatch.setattr(files, "sync_folder", lambda path: (steps.append(f"folder {path.name}"), sync_folder(path))[1])
    (tmp_path / "bench.jpg").write_bytes(b"photo")
    if move:
        move_whole(tmp_path / "bench.jpg", tmp_path / "spool" / "photo.jpg")
    else:
        write_whole(tmp_path / "spool" / "photo.jpg", b"photo")
    assert steps == ["sync", "rename", "folder spool", "sync"]


def test_a_lock_has_one_holder_at_a_time(tmp_path: Path) -> None:
    with lock(tmp_path / "camera.lock") as first, lock(tmp_path / "camera.lock") as second:
        assert (first, second) == (True, False)
    with lock(tmp_path / "camera.lock") as again:
        assert again


def test_patience_is_rewarded_when_the_holder_lets_go(tmp_path: Path) -> None:
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with lock(tmp_path / "camera.lock"):
            held.set()
            let_go.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    threading.Timer(0.1, let_go.set).start()
    with lock(tmp_path / "camera.lock", patience=10) as got:
        assert got
        assert let_go.is_set()
    holder.join()


def test_a_lock_dies_with_its_holder_and_its_children_do_not_inherit_it(tmp_path: Path) -> None:
    path = tmp_path / "camera.lock"
    with start_python(HOLDER, path) as holder:
        assert holder.stdout is not None
        held, child = holder.stdout.readline().split()
        try:
            assert held == "True"
            with lock(path) as got:
                assert not got
            holder.kill()
            holder.wait(10)
            with lock(path) as got:
                assert got, "the holder's child is still there and holds nothing"
            os.kill(int(child), 0)
        finally:
            holder.kill()
            os.kill(int(child), signal.SIGKILL)
