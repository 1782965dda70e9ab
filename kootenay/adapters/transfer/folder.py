"""The incoming folder on this machine, or on a mounted one."""

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path

from kootenay.adapters.files import write_whole
from kootenay.adapters.spool import SpooledPhoto
from kootenay.adapters.transfer import RECEIPTS, STATUS, is_stale_part, readable, reading, trouble, untold
from kootenay.errors import PhotoRefusedError, TransferError


class FolderTarget:
    """A folder; its parts have names of their own, for another process may write the same photo."""

    def __init__(self, incoming: Path) -> None:
        self.incoming = incoming

    def send(self, spooled: SpooledPhoto) -> None:
        for path in spooled.files:
            with reading(path):
                content = path.read_bytes()
            with _one_kind(f"{self.incoming} took no {path.name}", f"{spooled.photo.name} stays in the spool"):
                write_whole(self.incoming / path.name, content)

    def receipts(self, awaited: Collection[SpooledPhoto]) -> dict[str, str]:
        paths = {each.sidecar.stem: self._receipt(each.sidecar.stem) for each in awaited}
        with _one_kind(f"{self.incoming / RECEIPTS} gave no receipts", "the spool keeps what was sent"):
            return readable({stem: path.read_bytes() for stem, path in paths.items() if path.exists()})

    def forget(self, stem: str) -> None:
        with _one_kind(f"{self.incoming / RECEIPTS} still has the receipt of {stem}", "it does no harm there"):
            self._receipt(stem).unlink(missing_ok=True)

    def tell(self, camera: str, content: bytes) -> None:
        with _one_kind(*untold(str(self.incoming), camera)):
            write_whole(self.incoming / STATUS / f"{camera}.json", content)

    def tidy(self, waiting: Collection[str]) -> int:
        with _one_kind(f"{self.incoming} was not tidied", "what is left there does no harm"):
            stale = [
                path
                for path in self.incoming.glob(".*.part")
                if is_stale_part(path.name, path.stat().st_mtime, waiting)
            ]
            for path in stale:
                path.unlink(missing_ok=True)
        return len(stale)

    def _receipt(self, stem: str) -> Path:
        return self.incoming / RECEIPTS / f"{stem}.json"


@contextlib.contextmanager
def _one_kind(what: str, untouched: str) -> Iterator[None]:
    """A folder in a file's place is in that photo's way alone; all else is the folder's or the disk's trouble."""
    try:
        yield
    except OSError as error:
        kind = PhotoRefusedError if isinstance(error, IsADirectoryError) else TransferError
        raise trouble(kind, what, error, untouched) from error
