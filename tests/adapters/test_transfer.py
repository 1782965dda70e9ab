"""What the way to the server promises, to a real sshd too: a photo is there whole or not at all, and errors say so."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from kootenay.adapters.spool import Spool, SpooledPhoto
from kootenay.adapters.transfer import (
    FolderTarget,
    SftpTarget,
    Target,
    is_confirmed,
    open_target,
    receipt_hash,
    write_receipt,
)
from kootenay.errors import TransferError, TransferRefusedError, is_transient
from rig.processes import free_port
from rig.sftp import SftpHost
from tests.adapters.conftest import SLOT, STEP, names, sidecar_of, spool_photo

Opener = Callable[[], AbstractContextManager[Target]]
BIG = 150_000_000


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpHost]:
    folder = tmp_path_factory.mktemp("sshd")
    server = SftpHost(folder / "etc", folder / "incoming of all")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    folder = tmp_path / "incoming"
    folder.mkdir()
    return folder


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
def open_sftp(request: pytest.FixtureRequest, incoming: Path) -> Opener:
    """A way to `incoming` through the real server."""
    host: SftpHost = request.getfixturevalue("host")
    url = host.url.removesuffix(str(host.incoming)) + str(incoming)
    return partial(open_target, url, Path("unused"), known_hosts=host.known_hosts, key_file=host.key_file, timeout=20)


@pytest.fixture(params=["folder", pytest.param("sftp", marks=pytest.mark.real("sshd"))])
def opened(request: pytest.FixtureRequest, incoming: Path) -> Iterator[Target]:
    """`incoming`, opened each way there is."""
    if request.param == "sftp":
        opener: Opener = request.getfixturevalue("open_sftp")
    else:
        nothing = Path("unused")
        opener = partial(open_target, "file:incoming", incoming, known_hosts=nothing, key_file=nothing, timeout=1)
    with opener() as target:
        assert isinstance(target, SftpTarget if request.param == "sftp" else FolderTarget)
        yield target


def test_a_photo_and_its_sidecar_arrive_byte_for_byte(opened: Target, spool: Spool, incoming: Path) -> None:
    spooled = spool_photo(spool)
    opened.send(spooled)
    assert names(incoming) == [spooled.photo.name, spooled.sidecar_path.name]
    for path in (spooled.photo, spooled.sidecar_path):
        assert (incoming / path.name).read_bytes() == path.read_bytes()
    assert spool.waiting() == [spooled]


def test_the_photo_goes_first_and_a_sidecar_that_fails_is_a_transfer_that_failed(
    opened: Target, spool: Spool, incoming: Path
) -> None:
    spooled = spool_photo(spool)
    (incoming / spooled.sidecar_path.name).mkdir()
    with pytest.raises(TransferError, match="stays in the spool") as caught:
        opened.send(spooled)
    assert (incoming / spooled.photo.name).read_bytes() == spooled.photo.read_bytes()
    assert "\n" not in str(caught.value)
    (incoming / spooled.sidecar_path.name).rmdir()
    opened.send(spooled)
    assert names(incoming) == [spooled.photo.name, spooled.sidecar_path.name]


def test_a_photo_that_fails_sends_no_sidecar(opened: Target, spool: Spool, incoming: Path) -> None:
    spooled = spool_photo(spool)
    (incoming / spooled.photo.name).mkdir()
    with pytest.raises(TransferError):
        opened.send(spooled)
    assert not (incoming / spooled.sidecar_path.name).exists()


def test_a_file_of_that_name_is_replaced(opened: Target, spool: Spool, incoming: Path) -> None:
    spooled = spool_photo(spool)
    for path in (spooled.photo, spooled.sidecar_path):
        (incoming / path.name).write_bytes(b"an earlier try, longer than what comes" * 1000)
    opened.send(spooled)
    opened.send(spooled)
    assert {name: (incoming / name).read_bytes() for name in names(incoming)} == {
        path.name: path.read_bytes() for path in (spooled.photo, spooled.sidecar_path)
    }


def test_a_target_that_is_no_folder_takes_nothing(opened: Target, spool: Spool, incoming: Path) -> None:
    incoming.rmdir()
    incoming.write_bytes(b"a file")
    with pytest.raises(TransferError, match="stays in the spool"):
        opened.send(spool_photo(spool))
    assert len(spool.waiting()) == 1


def test_receipts_are_read_and_forgotten(opened: Target, incoming: Path) -> None:
    assert opened.receipts({"lake_a"}) == {}
    write_receipt(incoming, "lake_a", "1" * 64)
    write_receipt(incoming, "lake_b", "2" * 64)
    (incoming / "receipts" / "lake_c.json").write_bytes(b"{half a rec")
    (incoming / "receipts" / ".lake_d.json.part").write_bytes(b"")
    assert opened.receipts({"lake_a", "lake_b", "lake_c"}) == {"lake_a": "1" * 64, "lake_b": "2" * 64}
    opened.forget("lake_a")
    opened.forget("lake_a")
    assert opened.receipts({"lake_a", "lake_b", "lake_c"}) == {"lake_b": "2" * 64}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b"null", b"7", b'{"sha": "1"}', b"\xff\xfe"], ids=lambda content: str(content)
)
def test_what_is_no_receipt_confirms_nothing(spool: Spool, content: bytes) -> None:
    assert receipt_hash(content) == ""
    assert not is_confirmed(spool_photo(spool), receipt_hash(content))


def test_only_the_very_bytes_that_lie_here_are_confirmed(spool: Spool) -> None:
    spooled = spool_photo(spool)
    sha256 = spooled.sidecar.sha256
    assert is_confirmed(spooled, sha256)
    assert not is_confirmed(spooled, sha256.replace(sha256[0], "x"))
    spooled.photo.write_bytes(b"damaged")
    assert not is_confirmed(spooled, sha256)


def test_the_sender_confirms_what_the_server_wrote(opened: Target, spool: Spool, incoming: Path) -> None:
    spooled = spool_photo(spool)
    opened.send(spooled)
    write_receipt(incoming, spooled.sidecar.stem, spooled.sidecar.sha256)
    assert is_confirmed(spooled, opened.receipts({spooled.sidecar.stem})[spooled.sidecar.stem])


@pytest.mark.real("sshd")
@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        pytest.param("unknown host", "not found in known_hosts", id="host key unknown"),
        pytest.param("changed host", "do not trust each other", id="host key changed"),
        pytest.param("no known_hosts", "ssh-keyscan", id="no known_hosts"),
        pytest.param("damaged known_hosts", "no host key", id="known_hosts damaged"),
        pytest.param("stranger's key", "key_file", id="key not let in"),
        pytest.param("no key", "key_file", id="no key"),
        pytest.param("damaged key", "private key file", id="key damaged"),
    ],
)
def test_a_server_that_will_say_no_again_is_not_asked_again(
    host: SftpHost, tmp_path: Path, mistake: str, words: str
) -> None:
    stranger = host.stranger_key.with_suffix(".pub").read_text().strip()
    written = {
        "unknown host": f"[127.0.0.2]:{host.port} {stranger}\n",
        "changed host": f"[127.0.0.1]:{host.port} {stranger}\n",
        "damaged known_hosts": f"[127.0.0.1]:{host.port} ssh-ed25519 AAAAC\n",
        "damaged key": "-----BEGIN OPENSSH PRIVATE KEY-----\n",
    }
    (tmp_path / "written").write_text(written.get(mistake, ""))
    known_hosts, key_file = {
        "unknown host": (tmp_path / "written", host.key_file),
        "changed host": (tmp_path / "written", host.key_file),
        "no known_hosts": (tmp_path / "nothing", host.key_file),
        "damaged known_hosts": (tmp_path / "written", host.key_file),
        "stranger's key": (host.known_hosts, host.stranger_key),
        "no key": (host.known_hosts, tmp_path / "nothing"),
        "damaged key": (host.known_hosts, tmp_path / "written"),
    }[mistake]
    opener = open_target(host.url, Path("unused"), known_hosts=known_hosts, key_file=key_file, timeout=20)
    with pytest.raises(TransferRefusedError, match=words) as caught, opener:
        pytest.fail("it was let in")
    assert "nothing was sent" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not is_transient(caught.value)


@pytest.mark.real("sshd")
def test_a_server_that_does_not_answer_is_asked_again_later(host: SftpHost) -> None:
    url = f"sftp://someone@127.0.0.1:{free_port()}/incoming"
    opener = open_target(url, Path("unused"), known_hosts=host.known_hosts, key_file=host.key_file, timeout=5)
    with pytest.raises(TransferError, match="the spool keeps everything") as caught, opener:
        pytest.fail("somebody answered")
    assert is_transient(caught.value)


@pytest.mark.real("sshd")
@pytest.mark.parametrize("how", ["killed", "stalled"])
def test_a_session_lost_in_the_middle_leaves_the_spool_whole_and_only_hidden_files(
    host: SftpHost, open_sftp: Opener, spool: Spool, incoming: Path, how: str
) -> None:
    spooled = spool_photo(spool)
    with spooled.photo.open("r+b") as photo:
        photo.truncate(BIG)
    cut: list[list[str]] = []

    def cut_when_under_way() -> None:
        deadline = time.monotonic() + 20
        while not any(path.stat().st_size for path in incoming.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.001)
        if how == "killed":
            host.end_sessions()
        else:
            for pid in host.sessions():
                os.kill(pid, signal.SIGSTOP)
        cut.append(names(incoming))

    cutter = threading.Thread(target=cut_when_under_way)
    with open_sftp() as target:
        assert isinstance(target, SftpTarget)
        channel = target.sftp.get_channel()
        assert channel is not None
        channel.settimeout(1 if how == "stalled" else 20)
        cutter.start()
        with pytest.raises(TransferError, match=rf"\(.+\); {spooled.photo.name} stays in the spool") as caught:
            target.send(spooled)
        host.end_sessions()
    cutter.join()
    assert cut == [[f".{spooled.photo.name}.part"]]
    assert names(incoming) == cut[0]
    assert is_transient(caught.value)
    assert spool.waiting() == [spooled]
    assert spooled.photo.stat().st_size == BIG
    with spooled.photo.open("r+b") as photo:
        photo.truncate(spooled.sidecar.bytes)
    with open_sftp() as target:
        target.send(spooled)
    assert names(incoming) == [spooled.photo.name, spooled.sidecar_path.name]
    assert (incoming / spooled.photo.name).read_bytes() == spooled.photo.read_bytes()


@pytest.mark.real("sshd")
@pytest.mark.parametrize(
    ("touch", "words"),
    [
        pytest.param(lambda target: target.receipts({"lake_a"}), "gave no receipts", id="receipts"),
        pytest.param(lambda target: target.forget("lake_a"), "still has the receipt", id="forget"),
        pytest.param(None, "stays in the spool", id="send"),
    ],
)
def test_a_lost_session_is_the_same_error_wherever_it_is_noticed(
    host: SftpHost, open_sftp: Opener, spool: Spool, touch: Callable[[Target], None] | None, words: str
) -> None:
    spooled = spool_photo(spool)
    with open_sftp() as target:
        host.end_sessions()
        with pytest.raises(TransferError, match=words) as caught:
            touch(target) if touch else target.send(spooled)
    assert "()" not in str(caught.value)
    assert is_transient(caught.value)
    assert spool.waiting() == [spooled]


@pytest.mark.real("sshd")
def test_an_odd_path_in_the_address_is_unquoted(host: SftpHost, spool: Spool) -> None:
    spooled = spool_photo(spool, SLOT + STEP)
    url = host.url.replace(" ", "%20")
    with open_target(url, Path("unused"), known_hosts=host.known_hosts, key_file=host.key_file, timeout=20) as target:
        target.send(spooled)
    assert (host.incoming / spooled.photo.name).read_bytes() == spooled.photo.read_bytes()


def test_a_sidecar_names_the_photo_it_travels_with(spool: Spool) -> None:
    spooled: SpooledPhoto = spool_photo(spool)
    assert sidecar_of(spooled.photo.read_bytes()).stem == spooled.photo.stem == spooled.sidecar_path.stem
