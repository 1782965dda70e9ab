"""What the incoming folder promises: every photo that is whole, none that is not, and one ingest at a time for each."""

import contextlib
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kootenay.adapters.incoming import Arrival, Incoming, open_incoming
from kootenay.adapters.incoming.folder import FolderIncoming
from kootenay.adapters.transfer import receipt_hash
from kootenay.errors import IncomingError
from kootenay.rules.readiness import PATIENCE
from kootenay.rules.sidecar import Companion, Sidecar
from tests.adapters.conftest import SLOT, STEP, jpeg, names, sidecar_of, start_python

QUIET = timedelta(seconds=20)
CAMERAS = ("lake", "north")
AS_NOBODY = """
import os, sys
def tell(kind, error, _):
    print(f"{kind.__name__}: {error}")
sys.excepthook = tell
import kootenay.adapters.incoming.folder
os.setuid(65534)
"""
HOLD = """
import sys
from datetime import timedelta, datetime, UTC
from pathlib import Path
from kootenay.adapters.incoming.folder import FolderIncoming
incoming = FolderIncoming(Path(sys.argv[1]), Path("unused"), timedelta(0), ("lake",))
with incoming.claim(incoming.look(datetime.now(UTC)).ready[0]) as claim:
    print("held" if claim else "not held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "incoming"


@pytest.fixture
def incoming(folder: Path, tmp_path: Path) -> Incoming:
    return open_incoming("incoming", folder, tmp_path / "quarantine", tmp_path / "work", QUIET, CAMERAS, pytest.fail)


def soon() -> datetime:
    """The time when what was written just now has been left alone long enough."""
    return datetime.now(UTC) + QUIET


def send(folder: Path, content: bytes | None = None, slot: datetime = SLOT, raw: bytes = b"") -> Path:
    """Do as the upload does: the companion, the photo, the sidecar."""
    content = content or jpeg(colour=(slot.minute * 4, 9, 9))
    sidecar = sidecar_of(content, slot)
    if raw:
        sidecar = replace(sidecar, companions=(Companion(".cr3", sidecar_of(raw).sha256, len(raw)),))
        (folder / f"{sidecar.stem}.cr3").write_bytes(raw)
    photo = folder / f"{sidecar.stem}.jpg"
    photo.write_bytes(content)
    photo.with_suffix(".json").write_text(sidecar.to_json())
    return photo


def only(incoming: Incoming, now: datetime | None = None) -> Arrival:
    (arrival,) = incoming.look(now or datetime.now(UTC)).ready
    return arrival


def test_what_was_sent_is_ready_at_once_the_oldest_slot_first(incoming: Incoming, folder: Path) -> None:
    later, first = send(folder, slot=SLOT + STEP), send(folder, raw=b"raw")
    look = incoming.look(datetime.now(UTC))
    assert [each.name for each in look.ready] == [first.name, later.name]
    assert (look.misfits, look.waiting, look.orphans, look.settling, look.others) == ([], [], [], 0, 0)
    arrival = look.ready[0]
    assert isinstance(arrival.sidecar, Sidecar)
    assert (arrival.camera, arrival.bytes) == ("lake", first.stat().st_size)
    with incoming.claim(arrival) as claim:
        assert claim
        assert claim.originals == {
            first: arrival.sidecar.sha256,
            first.with_suffix(".cr3"): arrival.sidecar.companions[0].sha256,
        }


@pytest.mark.parametrize("modified", [0, 1e9, 4e9], ids=["1970", "2001", "2096"])
def test_a_photo_without_sidecar_is_ready_when_left_alone_whatever_its_own_date(
    incoming: Incoming, folder: Path, modified: float
) -> None:
    (folder / "lake").mkdir()
    photo = folder / "lake" / "IMG 1.JPG"
    photo.write_bytes(jpeg())
    os.utime(photo, (modified, modified))
    early = incoming.look(datetime.now(UTC) + QUIET / 2)
    assert (early.ready, early.settling) == ([], 1)
    arrival = only(incoming, soon())
    assert (arrival.name, arrival.camera, arrival.sidecar) == ("lake/IMG 1.JPG", "lake", None)
    assert arrival.modified.timestamp() == modified
    with incoming.claim(arrival) as claim:
        assert claim
        assert claim.originals == {photo: None}
    incoming.remove(arrival)
    assert names(folder) == []


def test_a_clock_that_was_set_back_costs_a_second_look(incoming: Incoming, folder: Path) -> None:
    (folder / "lake_20260621T200000Z_12345678.jpg").write_bytes(jpeg())
    before = datetime.now(UTC) - timedelta(days=300)
    for elapsed, ready in ((0, 0), (19, 0), (20, 1)):
        look = incoming.look(before + timedelta(seconds=elapsed))
        assert (len(look.ready), look.settling) == (ready, 1 - ready)


def test_a_photo_still_growing_is_never_ready(incoming: Incoming, folder: Path) -> None:
    photo, content = folder / "lake_20260621T200000Z_12345678.jpg", jpeg()
    for share in (0, 1, len(content) // 2, len(content) - 1):
        photo.write_bytes(content[:share])
        look = incoming.look(soon() + PATIENCE / 2)
        assert look.ready == []
        assert look.waiting[0].reason.startswith(f"{photo.name} is ")
    photo.write_bytes(content)
    assert only(incoming, soon()).name == photo.name


def test_what_broke_off_long_ago_is_a_misfit(incoming: Incoming, folder: Path, tmp_path: Path) -> None:
    photo = folder / "lake_20260621T200000Z_12345678.jpg"
    photo.write_bytes(jpeg()[:-9])
    (misfit,) = incoming.look(soon() + PATIENCE).misfits
    assert "breaks off after" in misfit.reason
    with incoming.claim(misfit.arrival) as claim:
        assert claim
        incoming.quarantine(misfit.arrival, misfit.reason)
    assert names(folder) == []
    assert names(tmp_path / "quarantine") == [photo.name, f"{photo.stem}.reason.txt"]


def test_everything_else_is_left_alone_and_counted(incoming: Incoming, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(jpeg())
    for name in ("notes.txt", "clip.mp4", "raw.nef", "other.json", "a.jpg.xmp"):
        (folder / name).write_bytes(b"{}")
    for name in (".hidden.jpg", "x.jpg.part", f".{send(folder).name}.1a2b3c4d.part"):
        (folder / name).write_bytes(jpeg())
    for name in ("receipts", "status", "claims", "elsewhere", "folder.jpg"):
        (folder / name).mkdir()
        (folder / name / "p.jpg").write_bytes(jpeg())
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "north").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.jpg")
    before = names(folder)
    look = incoming.look(soon())
    assert len(look.ready) == 1
    assert (look.misfits, look.waiting, look.settling, look.others) == ([], [], 0, 5)
    assert names(folder) == before


@pytest.mark.parametrize(
    "name",
    [
        b"a\nb.jpg",
        "über\u202e.jpg".encode(),
        b"\xff\xfe.jpg",
        b"a..jpg",
        b"~$(rm -rf).JPEG",
        b"-rf.jpg",
        b"x" * 251 + b".jpg",
    ],
)
def test_any_name_is_taken_claimed_set_aside_and_removed(folder: Path, tmp_path: Path, name: bytes) -> None:
    incoming = FolderIncoming(folder, tmp_path / "quarantine", QUIET, ["lake"])
    path = folder / os.fsdecode(name)
    for last in (incoming.remove, lambda arrival: incoming.quarantine(arrival, "a\nreason \udcff")):
        path.write_bytes(jpeg())
        arrival = only(incoming, soon())
        with incoming.claim(arrival) as claim:
            assert claim
            last(arrival)
        assert names(folder) == []
    assert sum(not each.endswith(".reason.txt") for each in names(tmp_path / "quarantine")) == 1


def test_two_cameras_and_no_word_on_which_is_a_misfit(incoming: Incoming, folder: Path) -> None:
    (folder / "IMG_1.jpg").write_bytes(jpeg())
    (misfit,) = incoming.look(soon()).misfits
    assert "does not say which camera" in misfit.reason


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"x" * 3_000_000], ids=["0", "{", "[]", "ff", "3 MB"])
def test_a_sidecar_that_is_none_makes_a_misfit_of_its_photo(incoming: Incoming, folder: Path, content: bytes) -> None:
    photo = send(folder)
    photo.with_suffix(".json").write_bytes(content)
    assert incoming.look(datetime.now(UTC)).settling == 1
    (misfit,) = incoming.look(soon()).misfits
    incoming.quarantine(misfit.arrival, misfit.reason)
    assert names(folder) == []


def test_a_sidecar_of_megabytes_is_none_and_is_not_read(incoming: Incoming, folder: Path) -> None:
    photo = send(folder)
    with photo.with_suffix(".json").open("a") as file:
        file.write(" " * 3_000_000)
    (misfit,) = incoming.look(soon()).misfits
    assert "so it is no photo's sidecar" in misfit.reason


def test_json_of_somebody_elses_beside_a_photo_is_no_sidecar(incoming: Incoming, folder: Path) -> None:
    (folder / "lake").mkdir()
    (folder / "lake" / "IMG_1.jpg").write_bytes(jpeg())
    (folder / "lake" / "IMG_1.json").write_text('{"title": "IMG_1"}')
    arrival = only(incoming, soon())
    incoming.remove(arrival)
    assert names(folder) == ["lake/IMG_1.json"]


def test_a_sidecar_that_cannot_be_read_is_that_photos_trouble(
    incoming: Incoming, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = send(folder), send(folder, slot=SLOT + STEP)
    read = Path.read_bytes

    def denied(path: Path) -> bytes:
        if path.stem == bad.stem:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", denied)
    look = incoming.look(datetime.now(UTC))
    assert [each.name for each in look.ready] == [good.name]
    (waiting,) = look.waiting
    assert waiting.arrival.name == bad.name
    assert "cannot be read (Permission denied)" in waiting.reason


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_a_photo_that_may_not_be_read_is_told_in_one_line(incoming: Incoming, folder: Path, tmp_path: Path) -> None:
    photo = send(folder)
    photo.chmod(0)
    for path in (folder, tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    held = start_python(AS_NOBODY + HOLD, folder)
    out, _ = held.communicate("")
    trouble = "cannot be read (Permission denied); it was left there"
    assert out == f"IncomingError: {photo.name} in {folder} {trouble}\n"


def test_a_listing_that_fails_is_no_empty_folder(incoming: Incoming, folder: Path) -> None:
    shutil.rmtree(folder)
    with pytest.raises(IncomingError, match=r"cannot be listed; nothing was taken in .No such file") as caught:
        incoming.look(datetime.now(UTC))
    assert "\n" not in str(caught.value)


def test_a_claim_is_held_against_all_others_and_ends_with_its_holder(incoming: Incoming, folder: Path) -> None:
    send(folder)
    arrival = only(incoming)
    for end in (lambda held: held.communicate("")[0], lambda held: held.kill()):
        held = start_python(HOLD, folder)
        try:
            assert held.stdout is not None
            assert held.stdout.readline() == "held\n"
            with incoming.claim(arrival) as claim:
                assert claim is None
            end(held)
            held.wait()
        finally:
            held.kill()
            held.communicate()
        with incoming.claim(arrival) as claim:
            assert claim
            with incoming.claim(arrival) as second:
                assert second is None


@pytest.mark.parametrize(
    "happens",
    [
        pytest.param(Path.unlink, id="gone"),
        pytest.param(lambda photo: photo.write_bytes(jpeg(65)), id="written over"),
        pytest.param(lambda photo: other(photo).replace(photo), id="replaced"),
        pytest.param(lambda photo: (photo.unlink(), photo.symlink_to("/etc/passwd")), id="a link now"),
        pytest.param(lambda photo: (photo.unlink(), photo.mkdir()), id="a folder now"),
    ],
)
def test_what_is_no_longer_the_photo_that_was_seen_is_not_claimed_nor_removed(
    incoming: Incoming, folder: Path, happens: Callable[[Path], object]
) -> None:
    photo = send(folder)
    arrival = only(incoming)
    happens(photo)
    before = names(folder)
    with contextlib.suppress(IncomingError), incoming.claim(arrival) as claim:
        assert claim is None
    if photo.exists():
        incoming.remove(arrival)
        incoming.quarantine(arrival, "why")
        assert names(folder) == before


def other(photo: Path) -> Path:
    path = photo.with_name("other")
    path.write_bytes(photo.read_bytes())
    return path


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_removal_cut_short_is_an_orphan_that_the_next_look_names(incoming: Incoming, folder: Path, left: int) -> None:
    photo = send(folder, raw=b"raw")
    arrival = only(incoming)
    for name in arrival.files[:left]:
        (folder / name).unlink()
    look = incoming.look(datetime.now(UTC))
    for each in (*look.ready, *look.orphans):
        incoming.remove(each)
    assert len(look.orphans) == (left > 0)
    assert names(folder) == []
    assert photo.stem == (look.orphans or look.ready)[0].stem


def test_a_raw_whose_photo_was_taken_in_before_its_sidecar_came_is_still_there_to_be_kept(
    incoming: Incoming, folder: Path
) -> None:
    photo = send(folder, raw=b"raw")
    passport = photo.with_suffix(".json").read_bytes()
    photo.with_suffix(".json").unlink()
    arrival = only(incoming, soon())
    photo.with_suffix(".json").write_bytes(passport)
    incoming.remove(arrival)
    assert len(names(folder)) == 2
    (orphan,) = incoming.look(datetime.now(UTC)).orphans
    with incoming.claim(orphan) as claim:
        assert claim
        assert list(claim.originals) == [photo.with_suffix(".cr3")]
        with incoming.claim(orphan) as second:
            assert second is None
    incoming.remove(orphan)
    assert names(folder) == []


def test_an_orphan_whose_photo_comes_back_is_let_be(incoming: Incoming, folder: Path) -> None:
    photo = send(folder)
    content = photo.read_bytes()
    photo.unlink()
    (orphan,) = incoming.look(datetime.now(UTC)).orphans
    photo.write_bytes(content)
    with incoming.claim(orphan) as claim:
        assert claim is None
    incoming.remove(orphan)
    assert len(names(folder)) == 2


def test_a_receipt_is_written_for_whom_one_waits(incoming: Incoming, folder: Path) -> None:
    photo = send(folder)
    incoming.answer(photo.stem, "ab" * 32)
    incoming.answer("IMG_1", "ab" * 32)
    assert names(folder / "receipts") == [f"{photo.stem}.json"]
    assert receipt_hash((folder / "receipts" / f"{photo.stem}.json").read_bytes()) == "ab" * 32


def test_nothing_in_quarantine_is_replaced_and_a_good_copy_is_ready_again(
    incoming: Incoming, folder: Path, tmp_path: Path
) -> None:
    for number in range(3):
        photo = send(folder, raw=b"raw")
        incoming.quarantine(only(incoming), f"reason {number}")
    kept = tmp_path / "quarantine"
    assert len(names(kept)) == 12
    assert (kept / f"{photo.stem}~3.reason.txt").read_text() == "reason 2\n"
    assert (kept / f"{photo.stem}~2.cr3").read_bytes() == b"raw"
    photo = send(folder, raw=b"raw")
    assert only(incoming).name == photo.name


def test_a_reason_left_alone_by_a_kill_is_used_again(incoming: Incoming, folder: Path, tmp_path: Path) -> None:
    photo = send(folder)
    (tmp_path / "quarantine").mkdir()
    (tmp_path / "quarantine" / f"{photo.stem}.reason.txt").write_text("before the kill")
    incoming.quarantine(only(incoming), "now")
    assert len(names(tmp_path / "quarantine")) == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_a_quarantine_on_another_disk_takes_whole_files(folder: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
    try:
        incoming = FolderIncoming(folder, disk / "quarantine", QUIET, CAMERAS)
        photo = send(folder)
        arrival = only(incoming)
        (disk / "full").write_bytes(bytes(60_000 - 60_000 % 4096))
        large = send(folder, jpeg() + os.urandom(30_000), SLOT + STEP)
        with pytest.raises(IncomingError, match="No space left on device"):
            incoming.quarantine(incoming.look(datetime.now(UTC)).ready[1], "why")
        assert large.exists()
        assert not [name for name in names(disk) if "part" in name]
        (disk / "full").unlink()
        content = photo.read_bytes()
        incoming.quarantine(arrival, "why")
        assert (disk / "quarantine" / photo.name).read_bytes() == content
        assert not photo.exists()
    finally:
        subprocess.run(["umount", disk], check=True)


def test_ten_thousand_photos_are_one_pass(incoming: Incoming, folder: Path, figure: Callable[[str], None]) -> None:
    content = jpeg()
    for number in range(10_000):
        send(folder, content, SLOT + number * timedelta(seconds=1))
    begun = datetime.now(UTC)
    assert len(incoming.look(begun).ready) == 10_000
    figure(f"a look at 10,000 photos with sidecars: {(datetime.now(UTC) - begun).total_seconds():.2f} s")


def test_two_ingests_share_the_work(folder: Path, tmp_path: Path) -> None:
    done: list[str] = []
    start = threading.Barrier(4)

    def ingest() -> None:
        incoming = FolderIncoming(folder, tmp_path / "quarantine", QUIET, CAMERAS)
        ready = incoming.look(datetime.now(UTC)).ready
        start.wait()
        for arrival in ready:
            with incoming.claim(arrival) as claim:
                if claim:
                    done.append(arrival.name)
                    incoming.remove(arrival)

    FolderIncoming(folder, tmp_path / "quarantine", QUIET, CAMERAS)
    sent = [send(folder, slot=SLOT + number * STEP).name for number in range(200)]
    threads = [threading.Thread(target=ingest) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(done) == sorted(sent)
    assert names(folder) == []
