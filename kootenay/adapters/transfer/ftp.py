"""The incoming folder on an FTP server, in the clear or with TLS (explicit, RFC 4217); logged in by password.

A server without TLS reads along, and so may others: the receipt still tells what arrived. A part that an earlier try
left is gone on with where the server knows SIZE and REST (RFC 3659), and begun again elsewhere.
"""

import contextlib
import ftplib
import io
import socket
import ssl
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from kootenay.adapters.spool import SpooledPhoto
from kootenay.adapters.transfer import (
    PROBE,
    RECEIPTS,
    STATUS,
    Access,
    Target,
    is_stale_part,
    readable,
    trouble,
    untold,
    words_of,
)
from kootenay.adapters.transfer.pace import Outgoing, Pace
from kootenay.errors import PhotoRefusedError, TransferError, TransferRefusedError

OF_ONE_FILE = ("501", "550", "551", "553", "554")
"""Replies (RFC 959, 4.2; RFC 1123, 4.1.3) that may be about one file."""

FULL = ("452", "552")
NOTHING_THERE = ("450", "550")
"""What servers say to the list of a folder that is empty or missing."""


class FtpTarget:
    """A folder of a logged-in FTP session, which has entered it: all names are relative."""

    def __init__(self, ftp: ftplib.FTP, where: str, pace: Pace) -> None:
        self.ftp = ftp
        self.where = where
        self.pace = pace

    def send(self, spooled: SpooledPhoto) -> None:
        untouched = f"{spooled.photo.name} stays in the spool"
        for path in spooled.files:
            with _one_kind(f"{self.where} took no {path.name}", untouched), self._classified(path, untouched):
                self._put(path)

    def receipts(self, awaited: Collection[SpooledPhoto]) -> dict[str, str]:
        stems = {each.sidecar.stem for each in awaited}
        with _one_kind(f"{self.where}/{RECEIPTS} gave no receipts", "the spool keeps what was sent"):
            listed = {PurePosixPath(name).stem for name in self._names(RECEIPTS)}
            return readable({stem: self._read(f"{RECEIPTS}/{stem}.json") for stem in sorted(listed & stems)})

    def forget(self, stem: str) -> None:
        with _one_kind(f"{self.where}/{RECEIPTS} still has the receipt of {stem}", "it does no harm there"):
            try:
                self.ftp.delete(f"{RECEIPTS}/{stem}.json")
            except ftplib.error_perm as error:
                if _code(error) != "550" or self._size(f"{RECEIPTS}/{stem}.json") is not None:
                    raise

    def tell(self, camera: str, content: bytes) -> None:
        part, place = f"{STATUS}/.{camera}.json.part", f"{STATUS}/{camera}.json"
        with _one_kind(*untold(self.where, camera)):
            with contextlib.suppress(ftplib.error_perm):  # it is there, or the next reply tells why not
                self.ftp.mkd(STATUS)
            self.ftp.storbinary(f"STOR {part}", io.BytesIO(content))
            self.ftp.rename(part, place)

    def tidy(self, waiting: Collection[str]) -> int:
        with _one_kind(f"{self.where} was not tidied", "what is left there does no harm"):
            names = [PurePosixPath(name).name for name in self._names("")]
            stale = [name for name in names if is_stale_part(name, self._modified(name), waiting)]
            for name in stale:
                self.ftp.delete(name)
        return len(stale)

    def _put(self, path: Path) -> None:
        part = f".{path.name}.part"
        with Outgoing(path, self.pace) as source:
            self._pour(self._channel(part, source), source)
        stored = self._size(part)
        if stored not in (None, source.size):
            with contextlib.suppress(ftplib.Error):
                self.ftp.delete(part)
            msg = f"{self.where} has {stored} of the {source.size} bytes of {path.name}; it stays in the spool"
            raise TransferError(msg)
        self.ftp.rename(part, path.name)

    def _channel(self, part: str, source: Outgoing) -> socket.socket:
        """Return the data connection into the part, and `source` at the byte from which it goes on."""
        stored = self._size(part)
        try:
            if stored is not None and 0 < stored < source.size:
                with contextlib.suppress(ftplib.error_perm):
                    connection = self.ftp.transfercmd(f"STOR {part}", rest=stored)
                    source.seek(stored)
                    return connection
            return self.ftp.transfercmd(f"STOR {part}")
        except (ConnectionRefusedError, TimeoutError) as error:
            untouched = f"{source.path.name} stays in the spool: see its passive ports, and the firewalls before them"
            raise trouble(TransferError, f"{self.where} gives no data connection", error, untouched) from error

    def _pour(self, connection: socket.socket, source: Outgoing) -> None:
        try:
            with connection:
                while block := source.read():
                    connection.sendall(block)
                if isinstance(connection, ssl.SSLSocket):
                    connection.unwrap()
        except TimeoutError:
            raise
        except PhotoRefusedError:
            with contextlib.suppress(ftplib.Error):
                self.ftp.voidresp()  # the answer to half a file must not be taken for the next one's
            raise
        except OSError:
            self.ftp.voidresp()  # the reason, where the server gives one, waits on the other connection
            raise
        self.ftp.voidresp()

    def _size(self, name: str) -> int | None:
        """Return a file's size; None when there is no such file, or when the server does not tell."""
        self.ftp.voidcmd("TYPE I")  # some servers tell no SIZE in ASCII, which a list leaves behind
        try:
            return self.ftp.size(name)
        except ftplib.error_perm:
            return None

    def _modified(self, name: str) -> float:
        """Return a file's Unix time; one that the server does not tell is not old."""
        try:
            reply = self.ftp.voidcmd(f"MDTM {name}")
            return datetime.strptime(reply[4:18], "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()
        except (ftplib.error_perm, ValueError):
            return float("inf")

    def _names(self, folder: str) -> list[str]:
        try:
            return self.ftp.nlst(*[folder] if folder else [])
        except (ftplib.error_perm, ftplib.error_temp) as error:
            if _code(error) in NOTHING_THERE:
                return []
            raise

    def _read(self, name: str) -> bytes | None:
        content = bytearray()
        try:
            self.ftp.retrbinary(f"RETR {name}", content.extend)
        except ftplib.error_perm as error:
            if _code(error) == "550":
                return None
            raise
        return bytes(content)

    @contextlib.contextmanager
    def _classified(self, path: Path, untouched: str) -> Iterator[None]:
        """Full, refused for this photo or refused for all: the reply's code says which (RFC 959, 4.2)."""
        try:
            yield
        except (ftplib.error_perm, ftplib.error_temp) as error:
            if _code(error) in FULL:
                with contextlib.suppress(ftplib.Error):
                    self.ftp.delete(f".{path.name}.part")  # what is left of its disk is not ours to hold
                raise trouble(TransferError, f"{self.where} is full", error, f"{untouched}: make room there") from error
            if isinstance(error, ftplib.error_temp):
                raise
            if _code(error) in OF_ONE_FILE and self._takes_files():
                raise trouble(PhotoRefusedError, f"{self.where} refuses {path.name}", error, untouched) from error
            todo = f"{untouched}: see that this login may write there"
            raise trouble(TransferRefusedError, f"{self.where} takes no files", error, todo) from error

    def _takes_files(self) -> bool:
        """Return whether an empty file of another name can be written: then a refusal was for one photo."""
        try:
            self.ftp.storbinary(f"STOR {PROBE}", io.BytesIO())
            self.ftp.delete(PROBE)
        except ftplib.error_perm:
            return False
        return True


class _Lenient(ssl.SSLSocket):
    """Many servers end a data connection without TLS's own goodbye: size and reply tell what arrived."""

    def unwrap(self) -> socket.socket:
        try:
            return super().unwrap()
        except (OSError, ValueError):
            return self


class _Ftps(ftplib.FTP_TLS):
    """Data connections go on with the control connection's TLS session, which vsftpd and others insist on."""

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        connection, size = super(ftplib.FTP_TLS, self).ntransfercmd(cmd, rest)
        control: Any = self.sock
        try:
            return self.context.wrap_socket(connection, server_hostname=self.host, session=control.session), size
        except OSError:
            connection.close()
            raise


@contextlib.contextmanager
def open_ftp(url: str, access: Access) -> Iterator[Target]:
    """Given `ftp://[user@]host[:port]/path` or the same with `ftps`, return its folder, to be opened by `with`."""
    parts = urlsplit(url)
    where = f"{parts.scheme}://{parts.hostname}:{parts.port or ftplib.FTP_PORT}"
    folder = unquote(parts.path[1:])
    with contextlib.closing(_client(parts, where, access)) as ftp:
        _log_in(ftp, parts, where, access)
        if folder:
            with _step(where, f"has no folder {folder} for this login", "make it there, or correct [upload] target"):
                ftp.cwd(_on_the_wire(folder))
        yield FtpTarget(ftp, f"{where}/{folder}".rstrip("/"), Pace(access.bytes_per_second))
        with contextlib.suppress(*ftplib.all_errors):
            ftp.quit()


def _client(parts: SplitResult, where: str, access: Access) -> ftplib.FTP:
    """Latin-1 carries any byte, so a server's words cannot stop us; our own are UTF-8 within it."""
    if parts.scheme == "ftp":
        return ftplib.FTP(timeout=access.timeout, encoding="latin-1")  # noqa: S321 (what the settings ask for)
    try:
        context = ssl.create_default_context(cafile=access.ca_file)
    except OSError as error:
        what = f"{access.ca_file} cannot be used, so {where} cannot be trusted"
        raise trouble(TransferRefusedError, what, error, "nothing was sent: see [upload] ca_file") from error
    context.sslsocket_class = _Lenient
    return _Ftps(context=context, timeout=access.timeout, encoding="latin-1")


def _log_in(ftp: ftplib.FTP, parts: SplitResult, where: str, access: Access) -> None:
    with _step(where, "lets nobody in", "see [upload] target"):
        ftp.connect(parts.hostname or "", parts.port or ftplib.FTP_PORT)
    if isinstance(ftp, _Ftps):
        with _step(where, "has no TLS", "ask for it there, or have ftp:// as [upload] target"):
            ftp.auth()
    with _step(where, "denies the login", "see the user in [upload] target, and KOOTENAY_UPLOAD__PASSWORD", access):
        ftp.login(_on_the_wire(unquote(parts.username or "")), _on_the_wire(access.password))
    if isinstance(ftp, _Ftps):
        with _step(where, "does not protect data", "ask for PROT P there"):
            ftp.prot_p()


@contextlib.contextmanager
def _step(where: str, refused: str, todo: str, secret: Access | None = None) -> Iterator[None]:
    """On the way in a 5xx reply will come again, all else may pass.

    A server may repeat the password: then its words are cut, and there is no cause whose traceback would tell them.
    """
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        todo = "nothing was sent: put its authority's certificate where [upload] ca_file says"
        raise trouble(TransferRefusedError, f"{where} is not trusted", error, todo) from error
    except ftplib.error_perm as error:
        words = words_of(error)
        if secret and secret.password:
            words = words.replace(secret.password, "...")
        raise trouble(TransferRefusedError, f"{where} {refused}", words, f"nothing was sent: {todo}") from None
    except ftplib.all_errors as error:
        untouched = "nothing was sent, the spool keeps everything"
        raise trouble(TransferError, f"{where} cannot be reached", error, untouched) from error


@contextlib.contextmanager
def _one_kind(what: str, untouched: str) -> Iterator[None]:
    try:
        yield
    except ftplib.all_errors as error:
        raise trouble(TransferError, what, error, untouched) from error


def _code(error: BaseException) -> str:
    return str(error)[:3]


def _on_the_wire(text: str) -> str:
    return text.encode().decode("latin-1")
