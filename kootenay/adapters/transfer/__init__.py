"""The way to the server: put a photo with its companions and its sidecar there, and fetch the receipts.

A file is written under a name that ingest ignores and renamed over its own; companions go first and the sidecar last.
The server answers with a receipt: the hash of what it has. Each kind of target is a module here, opened by its address.
"""

import contextlib
import json
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from kootenay.adapters.files import write_whole
from kootenay.adapters.spool import SpooledPhoto
from kootenay.errors import PhotoRefusedError, TransferError
from kootenay.rules import naming

RECEIPTS = "receipts"
"""The folder inside the incoming one where ingest leaves a receipt a photo, named like its sidecar."""

STATUS = "status"
"""The folder inside the incoming one where a camera's host says how it stands, in a file named like the camera."""

PART = re.compile(r"\.(?P<stem>[^.]+)\..+\.part")
"""A file on its way: `.STEM.jpg.part`, and `.STEM.jpg.1a2b3c4d.part` in a folder of this machine."""

PROBE = ".kootenay.part"
"""An empty file written, and removed, to learn whether a folder takes files at all."""

STALE_SECONDS = 24 * 3600


class Target(Protocol):
    """An open connection to a server's incoming folder, or to a bucket."""

    def send(self, spooled: SpooledPhoto) -> None:
        """Deliver the photo's files in their order, each whole or not at all.

        Raises PhotoRefusedError when it is this photo that is not taken, TransferRefusedError when none will be, and
        TransferError when the connection or the server's disk failed.
        """

    def receipts(self, awaited: Collection[SpooledPhoto]) -> dict[str, str]:
        """Given photos that were sent, return stem -> SHA-256 of what the server has, for those it has a word on."""

    def forget(self, stem: str) -> None:
        """Remove a receipt that has been acted upon."""

    def tell(self, camera: str, content: bytes) -> None:
        """Put a camera's status there whole, in the place of its last one. Raises TransferError."""

    def tidy(self, waiting: Collection[str]) -> int:
        """Given the stems still to be sent, remove other stems' parts older than a day; return how many."""


@dataclass(frozen=True)
class Access:
    """How a server is reached and trusted.

    `timeout` is in seconds, for each single wait; `bytes_per_second` caps what is sent, 0 is no cap; without a
    `ca_file` the system's authorities vouch for a server's certificate.
    """

    known_hosts: Path = Path("known_hosts")
    key_file: Path = Path("id_ed25519")
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    timeout: float = 30
    bytes_per_second: float = 0


def open_target(url: str, folder: Path, access: Access, connect: Callable[[], Any]) -> AbstractContextManager[Target]:
    """Given an address, return what it names, to be opened by `with`.

    `file:PATH` (already resolved to `folder`), `sftp://user@host[:port]/path`, `ftp://[user@]host[:port]/path` (from
    the login's folder; `//path` from the root), `ftps://` likewise, `s3://bucket/prefix` by the boto3 client that
    `connect` returns. Raises TransferError when the server cannot be reached, TransferRefusedError when it will say no
    again.
    """
    scheme = urlsplit(url).scheme
    if scheme == "sftp":
        from kootenay.adapters.transfer.sftp import open_sftp

        return open_sftp(url, access)
    if scheme in ("ftp", "ftps"):
        from kootenay.adapters.transfer.ftp import open_ftp

        return open_ftp(url, access)
    if scheme == "s3":
        from kootenay.adapters.transfer.s3 import open_s3

        return open_s3(url, access, connect)
    from kootenay.adapters.transfer.folder import FolderTarget

    return contextlib.nullcontext(FolderTarget(folder))


def write_receipt(incoming: Path, stem: str, sha256: str) -> None:
    """The server's half: confirm that the photo `stem` is stored, catalogued and archived with this hash."""
    write_whole(incoming / RECEIPTS / f"{stem}.json", json.dumps({"sha256": sha256}).encode())


def receipt_hash(content: bytes) -> str:
    """Given a receipt, return its hash; anything that is no receipt confirms nothing."""
    try:
        return str(json.loads(content)["sha256"])
    except (ValueError, KeyError, TypeError):
        return ""


def untold(where: str, camera: str) -> tuple[str, str]:
    """Return the first and the last words of an error of `tell`: what was wrong, and what was left untouched."""
    return f"{where} took no status of {camera}", "its last one stands, and no photo is touched"


def readable(receipts: Mapping[str, bytes | None]) -> dict[str, str]:
    """Given receipts by stem, None for one that has gone meanwhile, return the hashes of those that are receipts."""
    hashes = {stem: receipt_hash(content) for stem, content in receipts.items() if content is not None}
    return {stem: sha256 for stem, sha256 in hashes.items() if sha256}


def is_confirmed(spooled: SpooledPhoto, sha256: str) -> bool:
    """Given a photo in the spool and a receipt's hash, return whether the server has the bytes that the camera gave."""
    return sha256 == spooled.sidecar.sha256


def is_stale_part(name: str, modified: float, waiting: Collection[str]) -> bool:
    """Given a file's name, its time in Unix seconds and the stems still to be sent, return whether it is left over."""
    found = PART.fullmatch(name)
    if found is None or found["stem"] in waiting or not naming.is_photo_stem(found["stem"]):
        return False
    return time.time() - modified > STALE_SECONDS


def words_of(error: BaseException) -> str:
    """Given what a library raised, return its words on one line; a lost session often has none."""
    words = str(getattr(error, "strerror", None) or error)
    return " ".join(words.split()) or ("no answer in time" if isinstance(error, TimeoutError) else "connection lost")


def trouble(kind: type[TransferError], what: str, reason: BaseException | str, untouched: str) -> TransferError:
    """Return an error of that kind: what was wrong, the server's or the system's own words, what was left untouched."""
    words = reason if isinstance(reason, str) else words_of(reason)
    return kind(f"{what} ({words}); {untouched}")


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """A file of the spool that cannot be read is that photo's trouble, and not the connection's."""
    try:
        yield
    except OSError as error:
        raise trouble(PhotoRefusedError, f"{path} cannot be read", error, "it was left in the spool") from error
