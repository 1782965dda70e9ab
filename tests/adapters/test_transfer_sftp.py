"""What the way to a real sshd promises: its key is pinned, a broken link is healed, and only the rest is sent again."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kootenay.adapters.transfer import Target
from kootenay.adapters.transfer.sftp import SftpTarget
from kootenay.errors import PhotoRefusedError, TransferError, TransferRefusedError, is_transient
from rig.link import Link
from rig.processes import free_port
from rig.sftp import SftpHost
from tests.adapters.conftest import names
from tests.adapters.transfers import SIZE, Opener, files_in, files_of, opener, photo_in, shown_in, some_bytes

pytestmark = pytest.mark.real("sshd")

BIG = 150_000_000
OVERHEAD = 30_000
"""More bytes than an SSH session costs beside the data."""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpHost]:
    folder = tmp_path_factory.mktemp("sshd")
    server = SftpHost(folder / "etc", folder / "incoming of all")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def link(host: SftpHost) -> Iterator[Link]:
    link = Link(host.port)
    link.start()
    yield link
    link.stop()


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    folder = tmp_path / "incoming"
    folder.mkdir()
    return folder


def way(host: SftpHost, port: int, incoming: Path, known_hosts: Path, **access: float) -> Opener:
    """A way to `incoming` by a port that leads to the host, whose key is known there too."""
    known_hosts.write_text(host.known_hosts.read_text().replace(f":{host.port} ", f":{port} "))
    user = host.url.partition("@")[0]
    return opener(f"{user}@127.0.0.1:{port}{incoming}", known_hosts=known_hosts, key_file=host.key_file, **access)


@pytest.fixture
def linked(host: SftpHost, link: Link, incoming: Path, tmp_path: Path) -> Opener:
    return way(host, link.port, incoming, tmp_path / "known", timeout=10)


@pytest.fixture
def direct(host: SftpHost, incoming: Path, tmp_path: Path) -> Opener:
    return way(host, host.port, incoming, tmp_path / "known_directly")


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999, 1], ids=lambda share: f"{share:.1%}")
def test_a_link_that_breaks_shows_no_partial_and_the_next_try_sends_the_rest(
    host: SftpHost,
    linked: Opener,
    link: Link,
    incoming: Path,
    tmp_path: Path,
    share: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spooled = photo_in(tmp_path / "spool", SIZE)
    before = files_of(spooled)
    with linked() as target:
        if share < 1:
            link.cut_after(int(SIZE * share))
        else:
            break_before_rename(target, link, monkeypatch)
        with pytest.raises(TransferError, match=rf"\(.+\); {spooled.photo.name} stays in the spool") as caught:
            target.send(spooled)
    assert type(caught.value) is TransferError
    assert "()" not in str(caught.value)
    assert files_of(spooled) == before
    assert shown_in(incoming) == []
    wait_for_the_end_of_sessions(host)
    part = incoming / f".{spooled.photo.name}.part"
    there = part.stat().st_size if part.exists() else 0
    assert there <= share * SIZE
    passed = link.upstream
    with linked() as target:
        target.send(spooled)
    assert files_in(incoming) == before
    rest = SIZE - there if there < SIZE else SIZE
    assert link.upstream - passed < rest * 1.02 + OVERHEAD


def wait_for_the_end_of_sessions(host: SftpHost) -> None:
    deadline = time.monotonic() + 20
    while host.sessions() and time.monotonic() < deadline:
        time.sleep(0.005)


def break_before_rename(target: Target, link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(target, SftpTarget)
    rename = target.sftp.posix_rename

    def cut_and_rename(old: str, new: str) -> None:
        link.cut_after(0)
        rename(old, new)

    monkeypatch.setattr(target.sftp, "posix_rename", cut_and_rename)


@pytest.mark.parametrize("there", [1, SIZE // 2, SIZE - 1])
def test_only_what_a_part_lacks_is_sent(linked: Opener, link: Link, incoming: Path, tmp_path: Path, there: int) -> None:
    spooled = photo_in(tmp_path / "spool", SIZE)
    (incoming / f".{spooled.photo.name}.part").write_bytes(spooled.photo.read_bytes()[:there])
    with linked() as target:
        target.send(spooled)
    assert files_in(incoming) == files_of(spooled)
    assert link.upstream < (SIZE - there) * 1.02 + OVERHEAD


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(b"", id="empty"),
        pytest.param(some_bytes(SIZE), id="as long"),
        pytest.param(some_bytes(SIZE + 5), id="longer"),
    ],
)
def test_a_part_that_is_no_shorter_is_begun_again(direct: Opener, incoming: Path, tmp_path: Path, part: bytes) -> None:
    spooled = photo_in(tmp_path / "spool", SIZE)
    (incoming / f".{spooled.photo.name}.part").write_bytes(part)
    with direct() as target:
        target.send(spooled)
    assert files_in(incoming) == files_of(spooled)


def test_a_part_that_the_servers_crash_has_zeroed_is_healed_by_sending_again(
    direct: Opener, incoming: Path, tmp_path: Path
) -> None:
    spooled = photo_in(tmp_path / "spool", SIZE)
    (incoming / f".{spooled.photo.name}.part").write_bytes(bytes(1000))
    with direct() as target:
        target.send(spooled)
        assert files_in(incoming) != files_of(spooled), "no receipt will confirm this"
        target.send(spooled)
    assert files_in(incoming) == files_of(spooled)


@pytest.mark.parametrize("when", ["on the way in", "under way"])
def test_a_frozen_link_is_given_up_at_the_timeout(
    host: SftpHost, link: Link, incoming: Path, tmp_path: Path, when: str
) -> None:
    spooled = photo_in(tmp_path / "spool", SIZE)
    opener = way(host, link.port, incoming, tmp_path / "known", timeout=1)
    if when == "on the way in":
        link.freeze()
        with pytest.raises(TransferError, match="cannot be reached") as caught, opener():
            pytest.fail("it was let in")
    else:
        with opener() as target:
            link.freeze()
            with pytest.raises(TransferError, match="stays in the spool") as caught:
                target.send(spooled)
    assert type(caught.value) is TransferError
    assert shown_in(incoming) == []
    link.mend()
    with way(host, link.port, incoming, tmp_path / "known")() as target:
        target.send(spooled)
    assert files_in(incoming) == files_of(spooled)


def test_a_full_disk_is_not_the_photos_fault_and_the_part_gives_its_space_back(
    direct: Opener, incoming: Path, tmp_path: Path
) -> None:
    spooled = photo_in(tmp_path / "spool", SIZE)
    part = incoming / f".{spooled.photo.name}.part"
    part.symlink_to("/dev/full")
    with direct() as target:
        with pytest.raises(TransferError, match=r"\(Failure\); .* stays in the spool: .*disk is full") as caught:
            target.send(spooled)
        assert type(caught.value) is TransferError
        assert not part.is_symlink()
        target.send(spooled)
    assert files_in(incoming) == files_of(spooled)


def test_a_folder_that_is_not_there_is_named_on_the_way_in(host: SftpHost, tmp_path: Path) -> None:
    opener = way(host, host.port, tmp_path / "no such", tmp_path / "known")
    with pytest.raises(TransferRefusedError, match=f"has no folder {tmp_path / 'no such'}; nothing was sent"), opener():
        pytest.fail("it was let in")


def test_a_folder_that_goes_meanwhile_is_the_servers_trouble_and_not_the_photos(
    direct: Opener, incoming: Path, tmp_path: Path
) -> None:
    with direct() as target:
        incoming.rmdir()
        with pytest.raises(TransferRefusedError, match=r"takes no files \(No such file\)"):
            target.send(photo_in(tmp_path / "spool"))


def test_a_part_that_cannot_be_opened_is_that_photos_trouble(direct: Opener, incoming: Path, tmp_path: Path) -> None:
    spooled = photo_in(tmp_path / "spool")
    (incoming / f".{spooled.photo.name}.part").mkdir()
    with direct() as target, pytest.raises(PhotoRefusedError, match=rf"refuses {spooled.photo.name} \(Failure\)"):
        target.send(spooled)


def test_a_bandwidth_cap_is_kept(host: SftpHost, incoming: Path, tmp_path: Path) -> None:
    spooled = photo_in(tmp_path / "spool", 300_000)
    opener = way(host, host.port, incoming, tmp_path / "known", bytes_per_second=500_000)
    with opener() as target:
        begun = time.monotonic()
        target.send(spooled)
        took = time.monotonic() - begun
    assert files_in(incoming) == files_of(spooled)
    assert took >= 300_000 / 500_000 - 0.15


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
    opens = opener(host.url, known_hosts=known_hosts, key_file=key_file)
    with pytest.raises(TransferRefusedError, match=words) as caught, opens():
        pytest.fail("it was let in")
    assert "nothing was sent" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not is_transient(caught.value)


def test_a_server_that_does_not_answer_is_asked_again_later(host: SftpHost) -> None:
    url = f"sftp://someone@127.0.0.1:{free_port()}/incoming"
    opens = opener(url, known_hosts=host.known_hosts, key_file=host.key_file)
    with pytest.raises(TransferError, match="the spool keeps everything") as caught, opens():
        pytest.fail("somebody answered")
    assert is_transient(caught.value)


@pytest.mark.parametrize("how", ["killed", "stalled"])
def test_a_session_lost_in_the_middle_leaves_the_spool_whole_and_only_hidden_files(
    host: SftpHost, direct: Opener, tmp_path: Path, incoming: Path, how: str
) -> None:
    spooled = photo_in(tmp_path / "spool")
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
    with direct() as target:
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
    assert spooled.photo.stat().st_size == BIG
    with spooled.photo.open("r+b") as photo:
        photo.truncate(spooled.sidecar.bytes)
    with direct() as target:
        target.send(spooled)
    assert files_in(incoming) == files_of(spooled)


@pytest.mark.parametrize("verb", ["send", "receipts", "forget", "tidy"])
def test_a_lost_session_is_the_same_error_wherever_it_is_noticed(
    host: SftpHost, direct: Opener, tmp_path: Path, verb: str
) -> None:
    spooled = photo_in(tmp_path / "spool")
    verbs: dict[str, tuple[Callable[[Target], object], str]] = {
        "send": (lambda target: target.send(spooled), "stays in the spool"),
        "receipts": (lambda target: target.receipts([spooled]), "gave no receipts"),
        "forget": (lambda target: target.forget(spooled.sidecar.stem), "still has the receipt"),
        "tidy": (lambda target: target.tidy(()), "was not tidied"),
    }
    touch, words = verbs[verb]
    before = files_of(spooled)
    with direct() as target:
        host.end_sessions()
        with pytest.raises(TransferError, match=words) as caught:
            touch(target)
    assert "()" not in str(caught.value)
    assert type(caught.value) is TransferError
    assert files_of(spooled) == before


def test_an_odd_path_in_the_address_is_unquoted(host: SftpHost, tmp_path: Path) -> None:
    spooled = photo_in(tmp_path / "spool")
    opens = opener(host.url.replace(" ", "%20"), known_hosts=host.known_hosts, key_file=host.key_file)
    with opens() as target:
        target.send(spooled)
    assert files_in(host.incoming) == files_of(spooled)
