"""The incoming folder on a server reached by SSH, whose own key is pinned; logged in by key.

A part that an earlier try left is gone on with. Errors of a file and of the session are both OSErrors in paramiko:
what tells them apart is whether the session still lives.
"""

import contextlib
import errno
import posixpath
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

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
)
from kootenay.adapters.transfer.pace import Outgoing, Pace
from kootenay.errors import PhotoRefusedError, TransferError, TransferRefusedError

if TYPE_CHECKING:
    import paramiko

FOR_GOOD = ("not found in known_hosts", "private key file")
"""Words of paramiko's plain SSHException for what no later try will change."""


class SftpTarget:
    """A folder of an open SFTP session."""

    def __init__(self, sftp: "paramiko.SFTPClient", incoming: str, pace: Pace) -> None:
        self.sftp = sftp
        self.incoming = incoming
        self.pace = pace

    def send(self, spooled: SpooledPhoto) -> None:
        untouched = f"{spooled.photo.name} stays in the spool"
        for path in spooled.files:
            with _one_kind(f"{self.incoming} took no {path.name}", untouched), self._its_own_fault(path, untouched):
                self._put(path)

    def receipts(self, awaited: Collection[SpooledPhoto]) -> dict[str, str]:
        stems = {each.sidecar.stem for each in awaited}
        with _one_kind(f"{self._at(RECEIPTS)} gave no receipts", "the spool keeps what was sent"):
            try:
                listed = {Path(entry.filename).stem for entry in self.sftp.listdir_attr(self._at(RECEIPTS))}
            except FileNotFoundError:
                return {}
            return readable({stem: self._read(f"{stem}.json") for stem in sorted(listed & stems)})

    def forget(self, stem: str) -> None:
        with (
            _one_kind(f"{self._at(RECEIPTS)} still has the receipt of {stem}", "it does no harm there"),
            contextlib.suppress(FileNotFoundError),
        ):
            self.sftp.remove(self._at(RECEIPTS, f"{stem}.json"))

    def tell(self, camera: str, content: bytes) -> None:
        part, place = self._at(STATUS, f".{camera}.json.part"), self._at(STATUS, f"{camera}.json")
        with _one_kind(*untold(self.incoming, camera)):
            with contextlib.suppress(OSError):  # it is there, or opening a file in it tells why not
                self.sftp.mkdir(self._at(STATUS))
            with self.sftp.open(part, "wb") as file:
                file.write(content)
            self.sftp.posix_rename(part, place)

    def tidy(self, waiting: Collection[str]) -> int:
        with _one_kind(f"{self.incoming} was not tidied", "what is left there does no harm"):
            stale = [
                entry.filename
                for entry in self.sftp.listdir_attr(self.incoming)
                if is_stale_part(entry.filename, entry.st_mtime or 0, waiting)
            ]
            for name in stale:
                self.sftp.remove(self._at(name))
        return len(stale)

    def _put(self, path: Path) -> None:
        part = self._at(f".{path.name}.part")
        with Outgoing(path, self.pace) as source:
            offset = self._resumable(part, source.size)
            with self.sftp.open(part, "r+b" if offset else "wb") as file:
                self._pour(source, offset, file)
            stored = self.sftp.stat(part).st_size
        if stored != source.size:
            self._give_up(part, f"{stored} of {source.size} bytes are there")
        self.sftp.posix_rename(part, self._at(path.name))

    def _resumable(self, part: str, size: int) -> int:
        """Return how many bytes of an earlier try can be gone on from."""
        try:
            stored = self.sftp.stat(part).st_size or 0
        except FileNotFoundError:
            return 0
        return stored if stored < size else 0

    def _pour(self, source: Outgoing, offset: int, file: "paramiko.SFTPFile") -> None:
        """Write without waiting for each answer, which would cost a round trip a block; the last block awaits all."""
        source.seek(offset)
        file.seek(offset)
        block = source.read()
        try:
            while block:
                following = source.read()
                file.set_pipelined(bool(following))
                file.write(block)
                block = following
        except OSError as error:
            if not self._lives(error):
                raise
            self._give_up(posixpath.join(self.incoming, f".{source.path.name}.part"), str(error))

    def _give_up(self, part: str, why: str) -> None:
        """Answers came late, so the part may have holes: it goes, and a full disk gets its space back."""
        with contextlib.suppress(OSError):
            self.sftp.remove(part)
        msg = f"{self.incoming} did not write all ({why}); the photo stays in the spool: see whether its disk is full"
        raise TransferError(msg)

    @contextlib.contextmanager
    def _its_own_fault(self, path: Path, untouched: str) -> Iterator[None]:
        """A file refused while the session lives is that photo's trouble, when the folder takes others."""
        try:
            yield
        except OSError as error:
            if not self._lives(error):
                raise
            self._check_folder(untouched)
            raise trouble(PhotoRefusedError, f"{self.incoming} refuses {path.name}", error, untouched) from error

    def _check_folder(self, untouched: str) -> None:
        """SFTP has no word for a full disk (its SSH_FX_FAILURE is for anything), so only the clear ones are final."""
        try:
            self.sftp.open(self._at(PROBE), "wb").close()
            self.sftp.remove(self._at(PROBE))
        except OSError as error:
            kind = TransferRefusedError if error.errno in (errno.EACCES, errno.ENOENT) else TransferError
            todo = "see that the folder is there, has room and is this user's to write"
            raise trouble(kind, f"{self.incoming} takes no files", error, f"{untouched}: {todo}") from error

    def _lives(self, error: OSError) -> bool:
        channel = self.sftp.get_channel()
        if isinstance(error, TimeoutError) or channel is None or channel.closed:
            return False
        return channel.get_transport().is_active()

    def _read(self, name: str) -> bytes | None:
        with contextlib.suppress(FileNotFoundError), self.sftp.open(self._at(RECEIPTS, name)) as file:
            return file.read()
        return None

    def _at(self, *names: str) -> str:
        return posixpath.join(self.incoming, *names)


@contextlib.contextmanager
def open_sftp(url: str, access: Access) -> Iterator[Target]:
    """Given `sftp://user@host[:port]/path`, return its folder, to be opened by `with`."""
    import paramiko

    parts = urlsplit(url)
    where, incoming = f"{parts.hostname}:{parts.port or 22}", unquote(parts.path)
    _check_files(where, access)
    with paramiko.SSHClient() as client:
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        with _reached(where, access):
            client.load_host_keys(str(access.known_hosts))
            client.connect(
                parts.hostname or "",
                parts.port or 22,
                username=unquote(parts.username or ""),
                key_filename=str(access.key_file),
                look_for_keys=False,
                allow_agent=False,
                timeout=access.timeout,
                banner_timeout=access.timeout,
                auth_timeout=access.timeout,
                channel_timeout=access.timeout,
            )
            sftp = client.open_sftp()
            channel = sftp.get_channel()
            if channel is not None:
                channel.settimeout(access.timeout)
            is_folder = _is_folder(sftp, incoming)
        if not is_folder:
            msg = f"{where} has no folder {incoming}; nothing was sent: make it there, or correct [upload] target"
            raise TransferRefusedError(msg)
        yield SftpTarget(sftp, incoming, Pace(access.bytes_per_second))


def _check_files(where: str, access: Access) -> None:
    if not access.known_hosts.is_file():
        todo = "nothing was sent: ssh-keyscan the server into it"
        msg = f"{access.known_hosts} is missing, so {where} cannot be trusted; {todo}"
        raise TransferRefusedError(msg)
    if not access.key_file.is_file():
        msg = f"{access.key_file} is missing, so {where} lets nobody in; nothing was sent: see [upload] key_file"
        raise TransferRefusedError(msg)


def _is_folder(sftp: "paramiko.SFTPClient", path: str) -> bool:
    try:
        return stat.S_ISDIR(sftp.stat(path).st_mode or 0)
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _reached(where: str, access: Access) -> Iterator[None]:
    import paramiko
    from paramiko.hostkeys import InvalidHostKey

    try:
        yield
    except InvalidHostKey as error:
        line = error.line.strip()
        msg = f"{access.known_hosts} has a line that is no host key ({line}); nothing was sent: correct it"
        raise TransferRefusedError(msg) from error
    except (paramiko.AuthenticationException, paramiko.BadHostKeyException) as error:
        untouched = "nothing was sent: see [upload] key_file"
        what = f"{where} and this host do not trust each other"
        raise trouble(TransferRefusedError, what, error, untouched) from error
    except (OSError, EOFError, paramiko.SSHException) as error:
        for_good = any(words in str(error) for words in FOR_GOOD)
        kind = TransferRefusedError if for_good else TransferError
        untouched = "nothing was sent, the spool keeps everything"
        raise trouble(kind, f"{where} cannot be reached", error, untouched) from error


@contextlib.contextmanager
def _one_kind(what: str, untouched: str) -> Iterator[None]:
    """A lost session is an OSError, an EOFError or an SSHException, depending on where in paramiko it is noticed."""
    import paramiko

    try:
        yield
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise trouble(TransferError, what, error, untouched) from error
