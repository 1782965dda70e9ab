"""What the way to a real FTP server promises, with TLS or without: healed after a break, classified, and discreet."""

import ftplib
import logging
import os
import socket
import ssl
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from kootenay.adapters.transfer import STALE_SECONDS, write_receipt
from kootenay.errors import PhotoRefusedError, TransferError, TransferRefusedError
from rig.ftp import FtpHost
from rig.link import Link
from rig.processes import free_port
from tests.adapters.conftest import SLOT, STEP, names
from tests.adapters.transfers import SIZE, Opener, files_in, files_of, opener, photo_in, shown_in, some_bytes

SHARES = [0, 0.01, 0.5, 0.999, 1]


@pytest.fixture(params=[False, True], ids=["ftp", "ftps"])
def tls(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    return tmp_path / "incoming"


@pytest.fixture
def start(request: pytest.FixtureRequest, tmp_path: Path, incoming: Path) -> Any:
    """Start a server with options of its own."""

    def start(**options: Any) -> FtpHost:
        host = FtpHost(tmp_path / "ftp", incoming, **options)
        host.start()
        request.addfinalizer(host.stop)
        return host

    return start


@pytest.fixture
def host(start: Any, tls: bool) -> FtpHost:
    server: FtpHost = start(tls=tls)
    return server


@pytest.fixture
def link(host: FtpHost) -> Iterator[Link]:
    """A link to the control port; data goes around it."""
    link = Link(host.port)
    link.start()
    yield link
    link.stop()


def way(host: FtpHost, url: str = "", **access: Any) -> Opener:
    return opener(url or host.url, **{"password": host.password, "ca_file": host.ca_file} | access)


def by(link: Link, host: FtpHost, **access: Any) -> Opener:
    return way(host, host.url.replace(f":{host.port}", f":{link.port}"), **access)


@pytest.mark.parametrize("share", SHARES, ids=lambda share: f"{share:.1%}")
def test_a_link_that_breaks_shows_no_partial_and_the_next_try_sends_the_rest(
    host: FtpHost, incoming: Path, tmp_path: Path, share: float
) -> None:
    spooled = photo_in(tmp_path / "spool", SIZE)
    before = files_of(spooled)
    there = int(SIZE * share)
    with way(host)() as target:
        host.fail_after(there, "cut")
        with pytest.raises(TransferError, match=rf"\(.+\); {spooled.photo.name} stays in the spool") as caught:
            target.send(spooled)
    assert type(caught.value) is TransferError
    assert "()" not in str(caught.value)
    assert files_of(spooled) == before
    assert shown_in(incoming) == []
    assert (incoming / f".{spooled.photo.name}.part").stat().st_size == host.received == there
    with way(host)() as target:
        target.send(spooled)
    assert files_in(incoming) == before
    rest = SIZE - there if there < SIZE else SIZE
    assert host.received == there + rest + len(before[spooled.sidecar_path.name])


def test_a_control_connection_that_breaks_before_the_rename_shows_nothing(
    host: FtpHost, link: Link, incoming: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spooled = photo_in(tmp_path / "spool", SIZE)
    rename = ftplib.FTP.rename

    def cut_and_rename(self: ftplib.FTP, old: str, new: str) -> str:
        link.cut_after(0)
        return rename(self, old, new)

    with by(link, host)() as target, monkeypatch.context() as patched:
        patched.setattr(ftplib.FTP, "rename", cut_and_rename)
        with pytest.raises(TransferError, match="stays in the spool"):
            target.send(spooled)
    assert names(incoming) == [f".{spooled.photo.name}.part"]
    with by(link, host)() as target:
        target.send(spooled)
    assert files_in(incoming) == files_of(spooled)


@pytest.mark.parametrize("there", [0, 1, SIZE // 2, SIZE - 1, SIZE, SIZE + 5])
def test_a_shorter_part_is_gone_on_with_and_any_other_begun_again(
    host: FtpHost, incoming: Path, tmp_path: Path, there: int
) -> None:
    spooled = photo_in(tmp_path / "spool", SIZE)
    (incoming / f".{spooled.photo.name}.part").write_bytes((spooled.photo.read_bytes() + b"extra")[:there])
    with way(host)() as target:
        target.send(spooled)
    assert files_in(incoming) == files_of(spooled)
    sent = host.received - spooled.sidecar_path.stat().st_size
    assert sent == (SIZE - there if 0 < there < SIZE else SIZE)


@pytest.mark.parametrize("without", [{"SIZE"}, {"REST"}, {"SIZE", "REST", "MDTM", "MLSD"}], ids=" and ".join)
def test_an_old_server_begins_again(start: Any, incoming: Path, tmp_path: Path, without: set[str]) -> None:
    host = start(without=without)
    spooled = photo_in(tmp_path / "spool", SIZE)
    part = incoming / f".{spooled.photo.name}.part"
    part.write_bytes(some_bytes(1000))
    dead = incoming / f".{photo_in(tmp_path, slot=SLOT + STEP).photo.name}.part"
    dead.write_bytes(b"half")
    os.utime(dead, (time.time() - STALE_SECONDS - 60,) * 2)
    with way(host)() as target:
        target.send(spooled)
        assert target.tidy(()) == (0 if "MDTM" in without else 1)
        target.forget(spooled.sidecar.stem)
    dead.unlink(missing_ok=True)
    assert files_in(incoming) == files_of(spooled)


def test_a_server_that_writes_less_than_it_says_is_not_believed(
    host: FtpHost, incoming: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spooled = photo_in(tmp_path / "spool")
    with way(host)() as target, monkeypatch.context() as patched:
        patched.setattr(ftplib.FTP, "size", lambda self, name: 77)
        with pytest.raises(TransferError, match="has 77 of the 20000 bytes"):
            target.send(spooled)
        assert names(incoming) == []
    with way(host)() as target:
        target.send(spooled)
    assert files_in(incoming) == files_of(spooled)


def test_a_server_that_ends_tls_without_goodbye_is_borne_with(
    start: Any, incoming: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang_up(self: ssl.SSLSocket) -> socket.socket:
        raise ssl.SSLEOFError(8, "EOF occurred in violation of protocol")

    monkeypatch.setattr(ssl.SSLSocket, "unwrap", hang_up)
    spooled = photo_in(tmp_path / "spool")
    with way(start(tls=True))() as target:
        target.send(spooled)
        write_receipt(incoming, spooled.sidecar.stem, spooled.sidecar.sha256)
        assert target.receipts([spooled]) == {spooled.sidecar.stem: spooled.sidecar.sha256}


def test_a_server_that_falls_silent_is_given_up_at_the_timeout(host: FtpHost, incoming: Path, tmp_path: Path) -> None:
    spooled = photo_in(tmp_path / "spool", SIZE)
    with way(host, timeout=0.5)() as target:
        host.fail_after(1000, "stall")
        with pytest.raises(TransferError, match=r"timed out\); .* stays in the spool") as caught:
            target.send(spooled)
    assert type(caught.value) is TransferError
    assert shown_in(incoming) == []
    with way(host)() as target:
        target.send(spooled)
    assert files_in(incoming) == files_of(spooled)


@pytest.mark.parametrize("when", ["on the way in", "under way"])
def test_a_frozen_link_is_given_up_at_the_timeout(host: FtpHost, link: Link, tmp_path: Path, when: str) -> None:
    spooled = photo_in(tmp_path / "spool")
    if when == "on the way in":
        link.freeze()
        with (
            pytest.raises(TransferError, match=r"cannot be reached .*timed out") as caught,
            by(link, host, timeout=0.5)(),
        ):
            pytest.fail("it was let in")
    else:
        with by(link, host, timeout=0.5)() as target:
            link.freeze()
            with pytest.raises(TransferError, match=r"timed out.* stays in the spool") as caught:
                target.send(spooled)
    assert type(caught.value) is TransferError


def test_data_ports_behind_a_firewall_are_named(host: FtpHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shut = free_port()
    monkeypatch.setattr(ftplib.FTP, "makepasv", lambda self: (self.sendcmd("PASV"), ("127.0.0.1", shut))[1])
    words = r"no data connection \(Connection refused\); .* stays in the spool: see its passive ports"
    with way(host)() as target, pytest.raises(TransferError, match=words) as caught:
        target.send(photo_in(tmp_path / "spool"))
    assert type(caught.value) is TransferError


def test_a_full_server_is_not_the_photos_fault(host: FtpHost, incoming: Path, tmp_path: Path) -> None:
    spooled = photo_in(tmp_path / "spool", SIZE)
    with way(host)() as target:
        host.fail_after(SIZE // 2, "full")
        with pytest.raises(
            TransferError, match=r"is full \(552 Disk full\.\); .* stays in the spool: make room"
        ) as caught:
            target.send(spooled)
        assert type(caught.value) is TransferError
        assert names(incoming) == [], "it gives back what it took"
        target.send(spooled)
    assert files_in(incoming) == files_of(spooled)


def test_a_login_that_may_not_write_is_refused_for_all_photos(start: Any, tls: bool, tmp_path: Path) -> None:
    words = r"takes no files \(550 Not enough privileges\.\); .* see that this login may write"
    with way(start(tls=tls, permissions="elr"))() as target, pytest.raises(TransferRefusedError, match=words):
        target.send(photo_in(tmp_path / "spool"))


def test_one_photo_refused_is_told_with_the_servers_words_and_the_session_lives(
    host: FtpHost, incoming: Path, tmp_path: Path
) -> None:
    poison, good = photo_in(tmp_path / "spool"), photo_in(tmp_path / "spool", slot=SLOT + STEP)
    (incoming / f".{poison.photo.name}.part").mkdir()
    with way(host)() as target:
        with pytest.raises(PhotoRefusedError, match=rf"refuses {poison.photo.name} \(550 Is a directory\.\)"):
            target.send(poison)
        target.send(good)
    assert files_in(incoming) == files_of(good)


@pytest.mark.parametrize("password", ["", "a-wrong-secret"], ids=["none", "wrong"])
def test_a_denied_login_is_final_and_no_password_is_told(
    host: FtpHost, caplog: pytest.LogCaptureFixture, password: str
) -> None:
    caplog.set_level(logging.DEBUG)
    words = r"denies the login \(530 Authentication failed\.\); nothing was sent: .*KOOTENAY_UPLOAD__PASSWORD"
    with pytest.raises(TransferRefusedError, match=words) as caught, way(host, password=password)():
        pytest.fail("it was let in")
    assert password == "" or password not in f"{caught.value}{caught.value.__cause__}{caplog.text}"


def test_no_password_is_told_when_all_goes_well(
    host: FtpHost, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    opens = way(host)
    with opens() as target:
        target.send(photo_in(tmp_path / "spool"))
    assert host.password not in f"{caplog.text}{capfd.readouterr()}{opens}"


def test_a_server_that_repeats_the_password_in_another_centurys_letters_is_not_quoted() -> None:
    answers = [b"220 Gr\xfc\xdfe", b"331 more", b"530 not a-secret!"]
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            client, _ = listener.accept()
            with client:
                for line in answers:
                    client.sendall(line + b"\r\n")
                    client.recv(1000)

        server = Thread(target=answer)
        server.start()
        url = f"ftp://lake@127.0.0.1:{listener.getsockname()[1]}/"
        with (
            pytest.raises(TransferRefusedError, match=r"\(530 not \.\.\.!\)") as caught,
            opener(url, password="a-secret")(),
        ):
            pytest.fail("it was let in")
        server.join()
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("ca_file", "words"),
    [
        pytest.param("system", "is not trusted .*self-signed certificate.* ca_file", id="unknown authority"),
        pytest.param("other", "is not trusted .* ca_file", id="another authority"),
        pytest.param("missing", r"cannot be used.*\(No such file or directory\).*ca_file", id="no file"),
        pytest.param("damaged", "cannot be used.*ca_file", id="damaged file"),
    ],
)
def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    start: Any, tmp_path: Path, incoming: Path, ca_file: str, words: str
) -> None:
    host = start(tls=True)
    other = FtpHost(tmp_path / "other", tmp_path / "other", tls=True)
    other.start()
    other.stop()
    (tmp_path / "damaged").write_text("no certificate")
    files = {"system": None, "other": other.ca_file, "missing": tmp_path / "no", "damaged": tmp_path / "damaged"}
    with pytest.raises(TransferRefusedError, match=words), way(host, ca_file=files[ca_file])():
        pytest.fail("it was let in")


def test_a_certificate_of_another_name_is_not_trusted(start: Any) -> None:
    host = start(tls=True)
    url = host.url.replace("127.0.0.1", "localhost")
    with pytest.raises(TransferRefusedError, match=r"is not trusted .*mismatch"), way(host, url)():
        pytest.fail("it was let in")


def test_a_server_without_tls_is_not_sent_a_password(start: Any) -> None:
    host = start()
    opens = way(host, host.url.replace("ftp:", "ftps:"), ca_file=None)
    with pytest.raises(TransferRefusedError, match=r"has no TLS \(50\d ") as caught, opens():
        pytest.fail("it was let in")
    assert "nothing was sent" in str(caught.value)


def test_a_server_that_does_not_answer_is_asked_again_later(tls: bool) -> None:
    url = f"ftp{'s' if tls else ''}://lake@127.0.0.1:{free_port()}/"
    words = r"cannot be reached \(Connection refused\); nothing was sent, the spool keeps everything"
    with pytest.raises(TransferError, match=words) as caught, opener(url)():
        pytest.fail("somebody answered")
    assert type(caught.value) is TransferError


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        pytest.param("", None, id="the login's own"),
        pytest.param("/", None, id="the login's own, with a slash"),
        pytest.param("/a/b", "a/b", id="below the login's"),
        pytest.param("//a/b", "/a/b", id="from the root"),
        pytest.param("/%2Fa/b", "/a/b", id="from the root as curl has it"),
        pytest.param("/%C3%A9t%C3%A9%20%C2%B0", "été °", id="odd letters"),
    ],
)
def test_the_folder_is_the_logins_or_the_roots(
    start: Any, incoming: Path, tmp_path: Path, path: str, folder: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = start()
    there = incoming / (folder or "").lstrip("/")
    there.mkdir(parents=True, exist_ok=True)
    entered: list[str] = []
    enter = ftplib.FTP.cwd
    monkeypatch.setattr(ftplib.FTP, "cwd", lambda self, name: (entered.append(name), enter(self, name))[1])
    spooled = photo_in(tmp_path / "spool")
    with way(host, host.url.removesuffix("/") + path)() as target:
        target.send(spooled)
    assert files_in(there) == files_of(spooled)
    assert [name.encode("latin-1").decode() for name in entered] == ([folder] if folder else [])


def test_a_folder_that_is_not_there_is_named(host: FtpHost) -> None:
    words = r"has no folder no such for this login \(550 .*\); nothing was sent: make it there"
    with pytest.raises(TransferRefusedError, match=words), way(host, f"{host.url}no%20such")():
        pytest.fail("it was let in")


def test_a_server_without_a_user_is_entered_anonymously(start: Any) -> None:
    host = start(user="anonymous", password="anonymous@", permissions="elr")
    with way(host, host.url.replace("anonymous@", ""), password="")() as target:
        assert target.receipts([]) == {}


def test_many_photos_go_over_one_session(host: FtpHost, link: Link, incoming: Path, tmp_path: Path) -> None:
    photos = [photo_in(tmp_path / "spool", slot=SLOT + number * STEP) for number in range(5)]
    with by(link, host)() as target:
        for each in photos:
            target.send(each)
        link.freeze()
        link.mend()
        target.send(photos[0])
    assert files_in(incoming) == files_of(*photos)


@pytest.mark.parametrize("verb", ["receipts", "forget", "tidy"])
def test_a_lost_session_is_the_same_error_wherever_it_is_noticed(
    host: FtpHost, link: Link, tmp_path: Path, verb: str
) -> None:
    spooled = photo_in(tmp_path / "spool")
    with by(link, host)() as target:
        link.cut_after(0)
        touch = {
            "receipts": partial(target.receipts, [spooled]),
            "forget": partial(target.forget, spooled.sidecar.stem),
            "tidy": partial(target.tidy, ()),
        }
        with pytest.raises(TransferError, match=r"\(.+\); ") as caught:
            touch[verb]()
    assert type(caught.value) is TransferError


def test_a_bandwidth_cap_is_kept(host: FtpHost, incoming: Path, tmp_path: Path) -> None:
    spooled = photo_in(tmp_path / "spool", 300_000)
    with way(host, bytes_per_second=500_000)() as target:
        begun = time.monotonic()
        target.send(spooled)
        took = time.monotonic() - begun
    assert files_in(incoming) == files_of(spooled)
    assert took >= 300_000 / 500_000 - 0.15
