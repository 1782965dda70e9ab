"""What every way to the server promises: a photo is there whole or not at all, in its order, and errors say so."""

import errno
import os
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from kootenay.adapters.files import part_of
from kootenay.adapters.transfer import STALE_SECONDS, Target, is_confirmed, reading, receipt_hash, write_receipt
from kootenay.adapters.transfer.pace import Outgoing
from kootenay.errors import PhotoRefusedError, TransferError, TransferRefusedError, is_transient
from rig.ftp import FtpHost
from rig.sftp import SftpHost
from tests.adapters.conftest import SLOT, STEP, names, sidecar_of
from tests.adapters.transfers import SIZE, Opener, files_in, files_of, opener, photo_in, shown_in


@pytest.fixture(scope="module")
def sftp_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpHost]:
    folder = tmp_path_factory.mktemp("sshd")
    server = SftpHost(folder / "etc", folder / "incoming")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    folder = tmp_path / "incoming"
    folder.mkdir()
    return folder


def by_sftp(request: pytest.FixtureRequest, incoming: Path) -> Opener:
    host: SftpHost = request.getfixturevalue("sftp_host")
    url = host.url.removesuffix(str(host.incoming)) + str(incoming)
    return opener(url, known_hosts=host.known_hosts, key_file=host.key_file)


def by_ftp(request: pytest.FixtureRequest, incoming: Path, *, tls: bool) -> Opener:
    host = FtpHost(incoming.parent / "ftp", incoming, tls=tls)
    host.start()
    request.addfinalizer(host.stop)
    return opener(host.url, password=host.password, ca_file=host.ca_file)


def by_folder(_: pytest.FixtureRequest, incoming: Path) -> Opener:
    return opener("file:incoming", incoming)


@pytest.fixture(
    params=[
        pytest.param(by_folder, id="folder"),
        pytest.param(by_sftp, id="sftp", marks=pytest.mark.real("sshd")),
        pytest.param(partial(by_ftp, tls=False), id="ftp"),
        pytest.param(partial(by_ftp, tls=True), id="ftps"),
    ]
)
def opened(request: pytest.FixtureRequest, incoming: Path) -> Iterator[Target]:
    """`incoming`, opened each way there is."""
    with request.param(request, incoming)() as target:
        yield target


def test_all_files_of_a_photo_arrive_byte_for_byte_and_its_sidecar_last(
    opened: Target, tmp_path: Path, incoming: Path
) -> None:
    spooled = photo_in(tmp_path / "spool", raw=50_000)
    before = files_of(spooled)
    opened.send(spooled)
    assert files_in(incoming) == before == files_of(spooled)
    by_time = sorted(incoming.iterdir(), key=lambda path: path.stat().st_ctime_ns)
    assert [path.suffix for path in by_time] == [".cr3", ".jpg", ".json"]


def test_a_file_that_fails_is_a_photo_that_failed_and_what_follows_it_is_not_sent(
    opened: Target, tmp_path: Path, incoming: Path
) -> None:
    spooled = photo_in(tmp_path / "spool", raw=1000)
    for number, path in enumerate(spooled.files):
        (incoming / path.name).mkdir()
        with pytest.raises(PhotoRefusedError, match=f"{spooled.photo.name} stays in the spool") as caught:
            opened.send(spooled)
        assert "\n" not in str(caught.value)
        assert is_transient(caught.value)
        arrived = [name for name in names(incoming) if not name.startswith(".")]
        assert arrived == sorted(each.name for each in spooled.files[:number])
        (incoming / path.name).rmdir()
    opened.send(spooled)
    assert files_in(incoming) == files_of(spooled)


def test_a_photo_that_is_refused_does_not_stand_in_the_next_ones_way(
    opened: Target, tmp_path: Path, incoming: Path
) -> None:
    poison, good = photo_in(tmp_path / "spool"), photo_in(tmp_path / "spool", slot=SLOT + STEP)
    (incoming / poison.photo.name).mkdir()
    with pytest.raises(PhotoRefusedError, match=poison.photo.name):
        opened.send(poison)
    opened.send(good)
    assert files_of(good).items() <= files_in(incoming).items()


def test_a_file_of_that_name_is_replaced_in_one_step(opened: Target, tmp_path: Path, incoming: Path) -> None:
    spooled = photo_in(tmp_path / "spool")
    for path in spooled.files:
        (incoming / path.name).write_bytes(b"an earlier try, longer than what comes" * 1000)
    opened.send(spooled)
    opened.send(spooled)
    assert files_in(incoming) == files_of(spooled)


@pytest.mark.parametrize("harm", ["gone", "a folder"])
def test_a_file_of_the_spool_that_cannot_be_read_is_that_photos_trouble(
    opened: Target, tmp_path: Path, incoming: Path, harm: str
) -> None:
    poison, good = photo_in(tmp_path / "spool"), photo_in(tmp_path / "spool", slot=SLOT + STEP)
    poison.photo.unlink()
    if harm == "a folder":
        poison.photo.mkdir()
    with pytest.raises(PhotoRefusedError, match=f"{poison.photo} cannot be read"):
        opened.send(poison)
    opened.send(good)
    assert files_in(incoming) == files_of(good)


def test_a_file_of_the_spool_that_fails_under_way_leaves_the_session_in_step(
    opened: Target, tmp_path: Path, incoming: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison, good = photo_in(tmp_path / "spool", SIZE), photo_in(tmp_path / "spool", SIZE, slot=SLOT + STEP)
    read, read_bytes = Outgoing.read, Path.read_bytes

    def fail_at_once(self: Path) -> bytes:
        if self == poison.photo:
            raise OSError(errno.EIO, "Input/output error")
        return read_bytes(self)

    def fail_at_the_second_block(self: Outgoing) -> bytes:
        with reading(self.path):
            if self.path == poison.photo and self._file.tell():
                raise OSError(errno.EIO, "Input/output error")
        return read(self)

    monkeypatch.setattr(Outgoing, "read", fail_at_the_second_block)
    monkeypatch.setattr(Path, "read_bytes", fail_at_once)
    for _ in range(2):
        with pytest.raises(PhotoRefusedError, match=r"cannot be read \(Input/output error\)"):
            opened.send(poison)
        opened.send(good)
    assert shown_in(incoming) == sorted(files_of(good))
    assert files_of(good).items() <= files_in(incoming).items()


def test_a_target_that_is_no_folder_any_more_takes_nothing(opened: Target, tmp_path: Path, incoming: Path) -> None:
    incoming.rmdir()
    incoming.write_bytes(b"a file")
    spooled = photo_in(tmp_path / "spool")
    before = files_of(spooled)
    with pytest.raises(TransferError, match="stays in the spool") as caught:
        opened.send(spooled)
    assert not isinstance(caught.value, PhotoRefusedError)
    assert files_of(spooled) == before


def test_receipts_are_read_and_forgotten(opened: Target, tmp_path: Path, incoming: Path) -> None:
    sent = [photo_in(tmp_path / "spool", slot=SLOT + number * STEP) for number in range(4)]
    first, second, damaged, unasked = (each.sidecar.stem for each in sent)
    assert opened.receipts(sent) == {}
    write_receipt(incoming, first, "1" * 64)
    write_receipt(incoming, second, "2" * 64)
    write_receipt(incoming, unasked, "3" * 64)
    (incoming / "receipts" / f"{damaged}.json").write_bytes(b"{half a rec")
    (incoming / "receipts" / f".{first}.json.part").write_bytes(b"")
    assert opened.receipts(sent[:3]) == {first: "1" * 64, second: "2" * 64}
    opened.forget(first)
    opened.forget(first)
    assert opened.receipts(sent[:3]) == {second: "2" * 64}
    assert opened.receipts([]) == {}


def test_the_sender_confirms_what_the_server_wrote(opened: Target, tmp_path: Path, incoming: Path) -> None:
    spooled = photo_in(tmp_path / "spool")
    opened.send(spooled)
    write_receipt(incoming, spooled.sidecar.stem, spooled.sidecar.sha256)
    assert is_confirmed(spooled, opened.receipts([spooled])[spooled.sidecar.stem])


def test_parts_of_dead_uploads_are_tidied_away_and_nothing_else(opened: Target, tmp_path: Path, incoming: Path) -> None:
    dead, waiting, fresh = (photo_in(tmp_path / "spool", slot=SLOT + number * STEP).photo for number in range(3))
    old = [
        f".{dead.name}.part",
        part_of(dead).name,
        f".{waiting.name}.part",
        dead.name,
        ".bash_history.part",
        ".of.somebody.else.part",
    ]
    for name in [*old, f".{fresh.name}.part"]:
        (incoming / name).write_bytes(b"half")
    for name in old:
        os.utime(incoming / name, (time.time() - STALE_SECONDS - 60,) * 2)
    assert opened.tidy({waiting.stem}) == 2
    assert names(incoming) == sorted([*old[2:], f".{fresh.name}.part"])
    assert opened.tidy({waiting.stem}) == 0


def test_a_status_is_told_whole_and_takes_the_place_of_the_one_before(opened: Target, incoming: Path) -> None:
    for content in (b"long ago, and longer than what comes" * 10_000, b"just now"):
        opened.tell("lake", content)
        opened.tell("ridge", b"the other camera")
        assert files_in(incoming) == {"status/lake.json": content, "status/ridge.json": b"the other camera"}


def test_a_status_that_cannot_be_told_is_one_line_and_the_next_photo_goes(
    opened: Target, tmp_path: Path, incoming: Path
) -> None:
    (incoming / "status").write_bytes(b"a file in the folder's place")
    with pytest.raises(
        TransferError, match=r"took no status of lake .+; its last one stands, and no photo is"
    ) as caught:
        opened.tell("lake", b"just now")
    assert "\n" not in str(caught.value)
    assert "()" not in str(caught.value)
    spooled = photo_in(tmp_path / "spool")
    opened.send(spooled)
    assert files_of(spooled).items() <= files_in(incoming).items()


def test_who_reads_a_status_while_it_is_told_never_reads_half_of_one(opened: Target, incoming: Path) -> None:
    whole = {bytes([letter]) * 300_000 for letter in b"abcd"}
    opened.tell("lake", min(whole))
    over, seen = threading.Event(), set[bytes]()

    def read() -> None:
        while not over.is_set():
            seen.add((incoming / "status" / "lake.json").read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for content in [*whole] * 5:
            opened.tell("lake", content)
    finally:
        over.set()
        reader.join()
    assert len(seen) > 1
    assert seen <= whole


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b"null", b"7", b'{"sha": "1"}', b"\xff\xfe"], ids=lambda content: str(content)
)
def test_what_is_no_receipt_confirms_nothing(tmp_path: Path, content: bytes) -> None:
    assert receipt_hash(content) == ""
    assert not is_confirmed(photo_in(tmp_path), receipt_hash(content))


def test_only_the_bytes_that_the_camera_gave_are_confirmed(tmp_path: Path) -> None:
    """Also when the copy that lies here was damaged since: what matters is that the server has the photo."""
    spooled = photo_in(tmp_path)
    sha256 = spooled.sidecar.sha256
    assert is_confirmed(spooled, sha256)
    assert not is_confirmed(spooled, sha256.replace(sha256[0], "x"))
    spooled.photo.write_bytes(b"damaged")
    assert is_confirmed(spooled, sha256)


def test_a_full_disk_of_this_machine_is_not_the_photos_fault(
    tmp_path: Path, incoming: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("kootenay.adapters.transfer.folder.write_whole", no_room)
    with (
        opener("file:incoming", incoming)() as target,
        pytest.raises(TransferError, match=r"\(No space left on device\)") as caught,
    ):
        target.send(photo_in(tmp_path / "spool"))
    assert not isinstance(caught.value, PhotoRefusedError | TransferRefusedError)


def test_a_sidecar_names_the_photo_it_travels_with(tmp_path: Path) -> None:
    spooled = photo_in(tmp_path, raw=10)
    stem = sidecar_of(spooled.photo.read_bytes()).stem
    assert {path.stem for path in spooled.files} == {stem}
