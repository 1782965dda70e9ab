"""The way to the server: put a photo with its sidecar into the server's incoming folder, and fetch the receipts.

A file is written under a name that ingest ignores and renamed over its own; the photo goes first and the sidecar last.
The server answers with a receipt: the hash of what it has stored and archived.
"""

import contextlib
import json
import posixpath
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from kootenay.adapters.files import sha256_of, write_whole
from kootenay.adapters.spool import SpooledPhoto
from kootenay.errors import TransferError, TransferRefusedError

if TYPE_CHECKING:
    import paramiko

RECEIPTS = "receipts"
"""The folder inside the incoming one where ingest leaves a receipt a photo, named like its sidecar."""

FOR_GOOD = ("not found in known_hosts", "private key file")
"""Words of paramiko's plain SSHException for what no later try will change."""


class Target(Protocol):
    """An open connection to a server's incoming folder."""

    def send(self, spooled: SpooledPhoto) -> None:
        """Deliver a photo and its sidecar, whole or not at all. Raises TransferError."""

    def receipts(self, awaited: Collection[str]) -> dict[str, str]:
        """Given photo stems, return the hash of what the server has, for those that it has a readable receipt of."""

    def forget(self, stem: str) -> None:
        """Remove a receipt that has been acted upon."""


class FolderTarget:
    """The incoming folder on this machine, or on a mounted one."""

    def __init__(self, incoming: Path) -> None:
        self.incoming = incoming

    def send(self, spooled: SpooledPhoto) -> None:
        try:
            for path in (spooled.photo, spooled.sidecar_path):
                write_whole(self.incoming / path.name, path.read_bytes())
        except OSError as error:
            msg = f"{self.incoming} took no photo ({error.strerror}); {spooled.photo.name} stays in the spool"
            raise TransferError(msg) from error

    def receipts(self, awaited: Collection[str]) -> dict[str, str]:
        paths = {stem: self._folder / f"{stem}.json" for stem in awaited}
        try:
            return _readable({stem: path.read_bytes() for stem, path in paths.items() if path.exists()})
        except OSError as error:
            msg = f"{self._folder} gave no receipts ({error.strerror}); the spool keeps what was sent"
            raise TransferError(msg) from error

    def forget(self, stem: str) -> None:
        try:
            (self._folder / f"{stem}.json").unlink(missing_ok=True)
        except OSError as error:
            msg = f"{self._folder} still has the receipt of {stem} ({error.strerror}); it does no harm there"
            raise TransferError(msg) from error

    @property
    def _folder(self) -> Path:
        return self.incoming / RECEIPTS


class SftpTarget:
    """The incoming folder on a server reached by SSH."""

    def __init__(self, sftp: "paramiko.SFTPClient", incoming: str) -> None:
        self.sftp = sftp
        self.incoming = incoming

    def send(self, spooled: SpooledPhoto) -> None:
        with _one_kind(f"{self.incoming} took no photo", f"{spooled.photo.name} stays in the spool"):
            for path in (spooled.photo, spooled.sidecar_path):
                part = posixpath.join(self.incoming, f".{path.name}.part")
                self.sftp.put(str(path), part, confirm=True)
                self.sftp.posix_rename(part, posixpath.join(self.incoming, path.name))

    def receipts(self, awaited: Collection[str]) -> dict[str, str]:
        with _one_kind(f"{self._folder} gave no receipts", "the spool keeps what was sent"):
            try:
                listed = {Path(entry.filename).stem for entry in self.sftp.listdir_attr(self._folder)}
                return _readable({stem: self._read(f"{stem}.json") for stem in sorted(listed.intersection(awaited))})
            except FileNotFoundError:
                return {}

    def forget(self, stem: str) -> None:
        with (
            _one_kind(f"{self._folder} still has the receipt of {stem}", "it does no harm there"),
            contextlib.suppress(FileNotFoundError),
        ):
            self.sftp.remove(posixpath.join(self._folder, f"{stem}.json"))

    def _read(self, name: str) -> bytes:
        with self.sftp.open(posixpath.join(self._folder, name)) as file:
            return file.read()

    @property
    def _folder(self) -> str:
        return posixpath.join(self.incoming, RECEIPTS)


def open_target(
    url: str, folder: Path, *, known_hosts: Path, key_file: Path, timeout: float
) -> AbstractContextManager[Target]:
    """Given `file:PATH` (already resolved to `folder`) or `sftp://user@host[:port]/path`, return it opened.

    Raises TransferError when the server cannot be reached, TransferRefusedError when it will say no again.
    """
    if url.startswith("file:"):
        return contextlib.nullcontext(FolderTarget(folder))
    return _sftp(url, known_hosts, key_file, timeout)


def write_receipt(incoming: Path, stem: str, sha256: str) -> None:
    """The server's half: confirm that the photo `stem` is stored, catalogued and archived with this hash."""
    write_whole(incoming / RECEIPTS / f"{stem}.json", json.dumps({"sha256": sha256}).encode())


def receipt_hash(content: bytes) -> str:
    """Given a receipt, return its hash; anything that is no receipt confirms nothing."""
    try:
        return str(json.loads(content)["sha256"])
    except (ValueError, KeyError, TypeError):
        return ""


def _readable(receipts: dict[str, bytes]) -> dict[str, str]:
    hashes = {stem: receipt_hash(content) for stem, content in receipts.items()}
    return {stem: sha256 for stem, sha256 in hashes.items() if sha256}


def is_confirmed(spooled: SpooledPhoto, sha256: str) -> bool:
    """Given a photo in the spool and a receipt's hash, return whether it confirms the very bytes that lie here."""
    return sha256 == spooled.sidecar.sha256 == sha256_of(spooled.photo)


@contextlib.contextmanager
def _one_kind(what: str, untouched: str) -> Iterator[None]:
    """A lost session is an OSError, an EOFError or an SSHException, depending on where in paramiko it is noticed."""
    import paramiko

    try:
        yield
    except (OSError, EOFError, paramiko.SSHException) as error:
        msg = f"{what} ({str(error) or 'connection lost'}); {untouched}"
        raise TransferError(msg) from error


@contextlib.contextmanager
def _sftp(url: str, known_hosts: Path, key_file: Path, timeout: float) -> Iterator[Target]:
    import paramiko
    from paramiko.hostkeys import InvalidHostKey

    parts = urlsplit(url)
    where = f"{parts.hostname}:{parts.port or 22}"
    if not known_hosts.is_file():
        msg = (
            f"{known_hosts} is missing, so {where} cannot be trusted; nothing was sent: ssh-keyscan the server into it"
        )
        raise TransferRefusedError(msg)
    if not key_file.is_file():
        msg = f"{key_file} is missing, so {where} lets nobody in; nothing was sent: see [upload] key_file"
        raise TransferRefusedError(msg)
    with paramiko.SSHClient() as client:
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        try:
            client.load_host_keys(str(known_hosts))
            client.connect(
                parts.hostname or "",
                parts.port or 22,
                username=parts.username,
                key_filename=str(key_file),
                look_for_keys=False,
                allow_agent=False,
                timeout=timeout,
                banner_timeout=timeout,
                auth_timeout=timeout,
                channel_timeout=timeout,
            )
            sftp = client.open_sftp()
        except InvalidHostKey as error:
            msg = f"{known_hosts} has a line that is no host key ({error.line.strip()}); nothing was sent: correct it"
            raise TransferRefusedError(msg) from error
        except (paramiko.AuthenticationException, paramiko.BadHostKeyException) as error:
            msg = f"{where} and this host do not trust each other ({error}); nothing was sent: see [upload] key_file"
            raise TransferRefusedError(msg) from error
        except (OSError, EOFError, paramiko.SSHException) as error:
            msg = f"{where} cannot be reached ({error}); nothing was sent, the spool keeps everything"
            for_good = any(words in str(error) for words in FOR_GOOD)
            raise (TransferRefusedError if for_good else TransferError)(msg) from error
        channel = sftp.get_channel()
        if channel is not None:
            channel.settimeout(timeout)
        yield SftpTarget(sftp, unquote(parts.path))
