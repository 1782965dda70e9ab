"""What the archive promises: originals byte for byte, never overwritten, and none let go that is not elsewhere."""

import hashlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from kootenay.adapters import files
from kootenay.adapters.archive import Archive, open_archive
from kootenay.errors import ArchiveError
from kootenay.rules.naming import original_path
from rig.processes import free_port
from tests.adapters.conftest import SLOT, STEP, jpeg, names, start_python
from tests.adapters.stores import client_at, moto

DAY = date(2026, 6, 21)
COPY = """
import sys
from pathlib import Path
from kootenay.adapters.files import copy_whole
copy_whole(Path(sys.argv[1]), Path(sys.argv[2]))
"""
numbers = count()
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with moto() as port:
        yield client_at(port)


class Copy:
    """The second place, seen past the archive."""

    def __init__(self, s3: Any, root: Path | None) -> None:
        self.s3, self.root, self.bucket = s3, root, f"archive-{next(numbers)}"
        if root:
            root.mkdir()
        else:
            s3.create_bucket(Bucket=self.bucket)

    @property
    def address(self) -> str:
        return str(self.root) if self.root else f"s3://{self.bucket}/originals"

    def write(self, place: str, content: bytes) -> None:
        if self.root:
            (self.root / place).parent.mkdir(parents=True, exist_ok=True)
            (self.root / place).write_bytes(content)
        else:
            self.s3.put_object(Bucket=self.bucket, Key=f"originals/{place}", Body=content)

    def delete(self, place: str) -> None:
        if self.root:
            (self.root / place).unlink()
        else:
            self.s3.delete_object(Bucket=self.bucket, Key=f"originals/{place}")

    def read(self, place: str) -> bytes:
        if self.root:
            return (self.root / place).read_bytes()
        return bytes(self.s3.get_object(Bucket=self.bucket, Key=f"originals/{place}")["Body"].read())


@pytest.fixture(params=["a folder", "a bucket"])
def copy(request: pytest.FixtureRequest, s3: Any, tmp_path: Path) -> Copy:
    return Copy(s3, tmp_path / "copy" if request.param == "a folder" else None)


@pytest.fixture
def archive(tmp_path: Path, copy: Copy) -> Archive:
    return open_archive(tmp_path / "archive", copy.address, Path(copy.address), lambda: copy.s3)


def photo_in(folder: Path, slot: datetime = SLOT, content: bytes | None = None) -> tuple[Path, str, str]:
    """Write a photo; return it, its place in the archive and its hash."""
    content = content or jpeg(colour=(slot.minute * 4, 9, 9))
    sha256 = hashlib.sha256(content).hexdigest()
    folder.mkdir(exist_ok=True)
    path = folder / f"{slot:%H%M}.jpg"
    path.write_bytes(content)
    return path, original_path("lake", slot.date(), slot, sha256), sha256


def test_an_original_and_its_raw_are_kept_in_both_places_and_stay_where_they_are(
    archive: Archive, copy: Copy, tmp_path: Path
) -> None:
    path, place, sha256 = photo_in(tmp_path / "in")
    raw = place.replace(".jpg", ".cr3")
    for each in (place, raw, place):
        archive.keep(path, each, sha256)
    assert names(tmp_path / "archive") == sorted([place, raw])
    assert (tmp_path / "archive" / place).stat().st_ino != path.stat().st_ino, "a link would change with its writer"
    assert archive.read(place) == copy.read(place) == copy.read(raw) == path.read_bytes()
    assert archive.has(place, sha256)
    assert not archive.has(place, "ab" * 32)


@pytest.mark.parametrize("where", ["first", "second"])
def test_other_bytes_are_never_overwritten(archive: Archive, copy: Copy, tmp_path: Path, where: str) -> None:
    path, place, sha256 = photo_in(tmp_path / "in")
    write: Callable[[str, bytes], object] = copy.write
    if where == "first":
        (tmp_path / "archive" / place).parent.mkdir(parents=True)
        write = lambda place, content: (tmp_path / "archive" / place).write_bytes(content)  # noqa: E731
    write(place, b"other")
    with pytest.raises(ArchiveError, match=f"holds other bytes than {path.name} under {place}; both were left alone"):
        archive.keep(path, place, sha256)
    assert archive.read(place) == b"other" if where == "first" else copy.read(place) == b"other"
    assert path.exists()


def test_two_ingests_may_keep_the_same_original_at_once(archive: Archive, tmp_path: Path) -> None:
    path, place, sha256 = photo_in(tmp_path / "in", content=jpeg() + os.urandom(3_000_000))
    troubles: list[BaseException] = []

    def keep() -> None:
        try:
            archive.keep(path, place, sha256)
        except BaseException as error:  # noqa: BLE001
            troubles.append(error)

    threads = [threading.Thread(target=keep) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert troubles == []
    assert names(tmp_path / "archive") == [place]


def test_a_race_with_other_bytes_is_lost_politely(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, place, sha256 = photo_in(tmp_path / "in")
    real = os.link

    def late(part: Path, target: Path) -> None:
        target.write_bytes(b"other")
        real(part, target)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(ArchiveError, match="holds other bytes"):
        archive.keep(path, place, sha256)
    assert names(tmp_path / "archive") == [place]


@pytest.mark.parametrize("there", [False, True], ids=["free", "taken"])
def test_a_file_system_without_hard_links_is_fine(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    path, place, sha256 = photo_in(tmp_path / "in")

    def refuse(part: Path, target: Path) -> None:
        if there:
            target.write_bytes(b"other")
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    if there:
        with pytest.raises(ArchiveError, match="holds other bytes"):
            archive.keep(path, place, sha256)
    else:
        archive.keep(path, place, sha256)
        assert archive.read(place) == path.read_bytes()


def test_an_original_that_changed_since_it_was_checked_is_not_kept(archive: Archive, tmp_path: Path) -> None:
    path, place, _ = photo_in(tmp_path / "in")
    with pytest.raises(ArchiveError, match=f"cannot keep {place} .*not what was checked.*; {path.name} was left"):
        archive.keep(path, place, "ab" * 32)
    assert names(tmp_path / "archive") == []


def test_a_disk_that_gives_back_other_bytes_keeps_nothing(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, place, sha256 = photo_in(tmp_path / "in")
    monkeypatch.setattr(files, "sha256_of", lambda path: sha256 if path.suffix != ".part" else "ab" * 32)
    with pytest.raises(ArchiveError, match="the disk gives back other bytes than were written"):
        archive.keep(path, place, sha256)
    assert names(tmp_path / "archive") == []


@needs_root
def test_a_full_disk_is_told_in_one_line_and_forgotten_when_there_is_room(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk], check=True)
    try:
        archive = open_archive(disk / "archive", "", Path(), pytest.fail)
        filler = disk / "filler"
        filler.write_bytes(bytes(160 * 1024))
        path, place, sha256 = photo_in(tmp_path / "in", content=jpeg() + os.urandom(100_000))
        for _ in range(3):
            with pytest.raises(ArchiveError, match="No space left on device") as caught:
                archive.keep(path, place, sha256)
            assert "\n" not in str(caught.value)
            assert names(disk / "archive") == []
        filler.unlink()
        archive.keep(path, place, sha256)
        assert archive.read(place) == path.read_bytes()
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_kill_in_the_middle_of_a_copy_leaves_no_original_and_the_next_try_makes_it(
    archive: Archive, tmp_path: Path
) -> None:
    path, place, sha256 = photo_in(tmp_path / "in")
    pipe = tmp_path / "in" / "slow.jpg"
    os.mkfifo(pipe)
    copying = start_python(COPY, pipe, tmp_path / "archive" / place)
    with os.fdopen(os.open(pipe, os.O_RDWR), "wb", buffering=0) as slow:  # for reading too: it waits for no partner
        slow.write(path.read_bytes()[:500])
        while not [name for name in names(tmp_path / "archive") if name.endswith(".part")]:
            assert copying.poll() is None
            time.sleep(0.01)
        copying.kill()
        copying.communicate()
    (part,) = names(tmp_path / "archive")
    assert part.endswith(".part")
    assert list(archive.oldest_first(date.max)) == []
    archive.keep(path, place, sha256)
    assert archive.read(place) == path.read_bytes()


def test_a_bucket_that_is_away_keeps_the_photo_where_it_is(tmp_path: Path) -> None:
    away = client_at(free_port())
    archive = open_archive(tmp_path / "archive", "s3://lake/originals", Path(), lambda: away)
    path, place, sha256 = photo_in(tmp_path / "in")
    with pytest.raises(ArchiveError, match=r"s3://lake/originals does not show .*Could not connect") as caught:
        archive.keep(path, place, sha256)
    assert "\n" not in str(caught.value)
    assert path.exists()


def test_a_bucket_that_is_not_there_is_named(s3: Any, tmp_path: Path) -> None:
    archive = open_archive(tmp_path / "archive", "s3://no-such-lake", Path(), lambda: s3)
    with pytest.raises(ArchiveError, match=r"s3://no-such-lake cannot keep .*NoSuchBucket"):
        archive.keep(*photo_in(tmp_path / "in"))


def test_a_second_folder_that_is_not_mounted_is_no_place(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"copy .*absent is no folder; nothing was changed: mount its disk"):
        open_archive(tmp_path / "archive", "absent", tmp_path / "absent", pytest.fail)


@pytest.mark.parametrize("place", ["../x.jpg", "/etc/x.jpg", "lake/2026/06/21/x.jpg"])
def test_a_path_that_is_no_originals_is_refused(archive: Archive, tmp_path: Path, place: str) -> None:
    path, _, sha256 = photo_in(tmp_path / "in")
    with pytest.raises(ArchiveError, match="is no path of an original"):
        archive.keep(path, place, sha256)


def test_an_original_is_let_go_and_still_read_from_the_second_place(archive: Archive, tmp_path: Path) -> None:
    path, place, sha256 = photo_in(tmp_path / "in")
    archive.keep(path, place, sha256)
    (original,) = archive.oldest_first(date.max)
    assert (original.place, original.here, original.elsewhere) == (place, True, True)
    for _ in range(2):
        archive.let_go(original)
    assert names(tmp_path / "archive") == []
    assert archive.read(place) == path.read_bytes()
    assert archive.has(place, sha256)
    (left,) = archive.between("lake", DAY, DAY)
    assert (left.here, left.elsewhere) == (False, True)
    assert list(archive.oldest_first(date.max)) == []


@pytest.mark.parametrize("harm", ["absent", "other bytes of the same size"])
def test_an_original_that_the_second_place_does_not_hold_stays(
    archive: Archive, copy: Copy, tmp_path: Path, harm: str
) -> None:
    path, place, sha256 = photo_in(tmp_path / "in")
    archive.keep(path, place, sha256)
    (original,) = archive.oldest_first(date.max)
    copy.delete(place)
    if harm != "absent":
        copy.write(place, bytes(path.stat().st_size))
    with pytest.raises(ArchiveError, match="nothing was deleted"):
        archive.let_go(original)
    assert (tmp_path / "archive" / place).read_bytes() == path.read_bytes()


def test_without_a_second_place_nothing_is_let_go(tmp_path: Path) -> None:
    archive = open_archive(tmp_path / "archive", "", Path(), pytest.fail)
    path, place, sha256 = photo_in(tmp_path / "in")
    archive.keep(path, place, sha256)
    (original,) = archive.oldest_first(date.max)
    assert not original.elsewhere
    with pytest.raises(ArchiveError, match="has no second place; nothing was deleted"):
        archive.let_go(original)


def test_what_somebody_else_put_there_is_not_listed_and_stale_parts_go(archive: Archive, tmp_path: Path) -> None:
    path, place, sha256 = photo_in(tmp_path / "in")
    archive.keep(path, place, sha256)
    root, day = tmp_path / "archive", (tmp_path / "archive" / place).parent
    (day / "holiday.jpg").write_bytes(b"mine")
    (day / ".holiday.jpg.1a2b3c4d.part").write_bytes(b"mine")
    (day / place.rpartition("/")[2].replace(".jpg", ".png")).symlink_to("/etc/passwd")
    (root / "lake/2026/13/45").mkdir(parents=True)
    (root / "Photos of Kim/2026/06/21").mkdir(parents=True)
    part = day / f".{Path(place).name}.1a2b3c4d.part"
    part.write_bytes(b"half")
    assert [each.place for each in archive.oldest_first(date.max)] == [place]
    assert archive.first.tidy() == 0
    for each in (part, day / ".holiday.jpg.1a2b3c4d.part"):
        os.utime(each, (0, 0))
    assert archive.first.tidy() == 1
    assert (day / ".holiday.jpg.1a2b3c4d.part").exists()


def test_days_come_in_order_over_all_cameras(archive: Archive, tmp_path: Path) -> None:
    for number, camera in enumerate(["north", "lake", "north"]):
        slot = datetime(2026, 6, 21 + number, 20, tzinfo=UTC)
        for later in (STEP, timedelta()):
            path, _, sha256 = photo_in(tmp_path / "in", slot + later)
            archive.keep(path, original_path(camera, slot.date(), slot + later, sha256), sha256)
    found = [(each.day.day, each.place[:4]) for each in archive.oldest_first(date(2026, 6, 23))]
    assert found == [(21, "nort")] * 2 + [(22, "lake")] * 2
    assert [each.day.day for each in archive.between("north", DAY, date(2026, 6, 23))] == [21, 21, 23, 23]


def test_an_original_nobody_has_is_told(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match=r"the archive has no lake/x .looked in"):
        archive.read("lake/x")


def test_a_damaged_original_is_brought_back_and_what_was_there_is_kept(
    archive: Archive, copy: Copy, tmp_path: Path
) -> None:
    photo, place, sha256 = photo_in(tmp_path)
    archive.keep(photo, place, sha256)
    first = tmp_path / "archive" / place
    assert archive.first_sha256(place) == archive.second_sha256(place) == sha256
    for damage in (b"rotten", b"rotten", b"more rotten"):
        first.write_bytes(damage)
        archive.restore(place, sha256)
        assert first.read_bytes() == photo.read_bytes()
    aside = {path.read_bytes() for path in first.parent.glob("*.damaged")}
    assert aside == {b"rotten", b"more rotten"}
    archive.restore(place, sha256)
    assert [each.place for each in archive.between("lake", DAY, DAY)] == [place]


def test_nothing_is_brought_back_from_a_second_place_that_is_damaged_too(
    archive: Archive, copy: Copy, tmp_path: Path
) -> None:
    photo, place, sha256 = photo_in(tmp_path)
    archive.keep(photo, place, sha256)
    (tmp_path / "archive" / place).write_bytes(b"rotten")
    with pytest.raises(ArchiveError, match="no second place has"):
        archive.restore(place, "0" * 64)
    assert (tmp_path / "archive" / place).read_bytes() == b"rotten"
    alone = open_archive(tmp_path / "archive", "", tmp_path, dict)
    with pytest.raises(ArchiveError, match="no second place has"):
        alone.restore(place, sha256)
    assert alone.second_sha256(place) == ""


def test_a_cameras_days_are_those_of_either_place(archive: Archive, copy: Copy, tmp_path: Path) -> None:
    assert archive.days("lake") == []
    for number in (3, 0):
        archive.keep(*photo_in(tmp_path, SLOT + timedelta(days=number)))
    (path,) = (tmp_path / "archive").rglob("lake_20260621*")
    shutil.rmtree(path.parent)
    (tmp_path / "archive" / "lake" / "2026" / "02" / "31").mkdir(parents=True)
    assert archive.days("lake") == [DAY, DAY + timedelta(days=3)]
    assert archive.days("pier") == []
