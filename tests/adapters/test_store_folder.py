"""What the store promises of a folder: whole files, whatever the disk says, and plain words about it."""

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kootenay.adapters.store import FolderStore, pointer_key
from kootenay.errors import StoreError, StoreRefusedError, is_transient
from rig.prefect_host import CHECKOUT
from tests.adapters.conftest import jpeg, names, start_python
from tests.adapters.stores import KEY, latest, parts_in, photo


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def test_a_file_damaged_on_the_disk_is_noticed_and_left_alone(store: FolderStore) -> None:
    path = store.root / KEY
    path.parent.mkdir(parents=True)
    path.write_bytes(jpeg()[:100])
    with pytest.raises(StoreRefusedError, match="move it away"):
        store.put(KEY, jpeg())
    assert names(store.root) == [KEY]
    assert path.read_bytes() == jpeg()[:100]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO], ids=errno.errorcode.get)
def test_a_disk_that_fails_leaves_no_half_file_and_may_have_room_later(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    store.put(KEY, jpeg())
    store.point_latest("lake", latest(5))

    def full(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    for touch in (lambda: store.put_all(photo()), lambda: store.point_latest("lake", latest(6))):
        with pytest.raises(StoreError, match=rf"was not written \({os.strerror(number)}\); .*make room") as caught:
            touch()
        assert is_transient(caught.value)
        assert "\n" not in str(caught.value)
    assert parts_in(store.root) == []
    assert dict(store.list()) == {KEY: len(jpeg())}
    assert store.latest("lake") == latest(5)
    monkeypatch.undo()
    store.put_all(photo())
    assert store.point_latest("lake", latest(6))


FILL = """
import resource, signal, sys
from pathlib import Path
from kootenay.adapters.store import FolderStore
from kootenay.errors import StoreError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    FolderStore(Path(sys.argv[1])).put("lake/a.jpg", b"x" * 80_000)
except StoreError as error:
    print(error)
"""


def test_a_write_that_the_system_breaks_off_amid_the_file_leaves_nothing(tmp_path: Path) -> None:
    """A file that may not grow past 50 kB: write(2) itself takes half, then refuses."""
    done = subprocess.run(
        [sys.executable, "-c", FILL, tmp_path], capture_output=True, text=True, cwd=CHECKOUT, check=True
    )
    assert f"{tmp_path}/lake/a.jpg was not written (File too large); no part of it stands" in done.stdout
    assert names(tmp_path) == []


def test_a_file_where_a_folder_should_be_is_told_and_left_alone(store: FolderStore) -> None:
    store.root.mkdir()
    (store.root / "lake").write_bytes(b"in the way")
    touches = (
        lambda: store.put("lake/a.jpg", b"x"),
        lambda: store.get("lake/a.jpg"),
        lambda: store.sha256("lake/a.jpg"),
        lambda: store.delete(["lake/a.jpg"]),
    )
    for touch in touches:
        with pytest.raises(StoreRefusedError, match=r"lake/a.jpg .* \((Not a directory|File exists)\);"):
            touch()
    assert not store.has("lake/a.jpg")
    assert (store.root / "lake").read_bytes() == b"in the way"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_somebody_else_is_told(store: FolderStore) -> None:
    store.root.mkdir()
    store.root.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(StoreRefusedError, match=r"was not written \(Permission denied\); .*see the folder's owner"):
        store.put(KEY, jpeg())


def test_a_store_whose_disk_is_not_mounted_is_not_empty(store: FolderStore) -> None:
    with pytest.raises(StoreRefusedError, match=r"cannot be listed .*see that the disk is mounted"):
        list(store.list())


def test_a_listing_leaves_out_what_is_half_written_or_hidden(store: FolderStore) -> None:
    store.put(KEY, jpeg())
    (store.root / "lake" / ".a.jpg.1a2b3c4d.part").write_bytes(b"half")
    store.point_latest("lake", latest(5))
    assert list(store.list()) == [(KEY, len(jpeg()))]


WRITE = """
import sys
from pathlib import Path
from tests.adapters.stores import latest, photo
from kootenay.adapters.store import FolderStore
store = FolderStore(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(10_000):
    store.put_all(photo(number))
    store.point_latest("lake", latest(number))
"""


@pytest.mark.parametrize("milliseconds", [1, 7, 20, 45, 90])
def test_a_writer_that_is_killed_leaves_whole_objects_and_a_whole_pointer(
    store: FolderStore, milliseconds: int
) -> None:
    with start_python(WRITE, store.root) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            writer.wait(milliseconds / 1000)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    known = {key: content for number in range(1000) for key, content in photo(number).items()}
    if store.root.exists():
        found = {key: store.get(key) for key, _ in store.list()}
        assert found.items() <= known.items()
        assert store.latest("lake") is not None or not (store.root / pointer_key("lake")).exists()
    assert store.point_latest("lake", latest(20_000)), "a lock dies with its holder"
    store.put_all(photo(0))
