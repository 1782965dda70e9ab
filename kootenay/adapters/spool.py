"""The spool: photos on the camera host that the server has not confirmed yet. The disk is the truth.

`new/` holds what is still to be sent, `sent/` what was sent and awaits its receipt; photo and sidecar lie side by side,
and the sidecar comes last, so a photo with a sidecar is whole.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from kootenay.adapters.files import move_whole, sync_folder, write_whole
from kootenay.errors import SidecarError
from kootenay.rules import naming
from kootenay.rules.sidecar import Sidecar


@dataclass(frozen=True)
class SpooledPhoto:
    """A photo in the spool with its sidecar."""

    photo: Path
    sidecar: Sidecar

    @property
    def sidecar_path(self) -> Path:
        return self.photo.with_suffix(".json")


class Spool:
    """The folder of one camera host."""

    def __init__(self, root: Path) -> None:
        self.new = root / "new"
        self.sent = root / "sent"
        self.work = root / "work"
        for folder in (self.new, self.sent, self.work):
            folder.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def workbench(self) -> Iterator[Path]:
        """Lend a folder on the spool's own file system, gone afterwards."""
        with TemporaryDirectory(dir=self.work) as folder:
            yield Path(folder)

    def keep(self, photo: Path, sidecar: Sidecar) -> SpooledPhoto:
        """Move a photo from the workbench into `new/`, durably: the photo first, its sidecar last."""
        target = self.new / f"{sidecar.stem}.jpg"
        move_whole(photo, target)
        write_whole(target.with_suffix(".json"), sidecar.to_json().encode())
        return SpooledPhoto(target, sidecar)

    def waiting(self) -> list[SpooledPhoto]:
        """Return the photos still to be sent, the oldest slot first."""
        return self._photos(self.new)

    def unconfirmed(self) -> list[SpooledPhoto]:
        """Return the photos sent whose receipt has not come, the oldest slot first."""
        return self._photos(self.sent)

    def of_slot(self, prefix: str) -> SpooledPhoto | None:
        """Given `naming.slot_prefix`, return a photo of that slot still in the spool."""
        folders = (self.new, self.sent)
        return next((found for folder in folders for found in self._photos(folder, f"{prefix}*")), None)

    def mark_sent(self, spooled: SpooledPhoto) -> None:
        """Move a photo to `sent/`; a kill halfway leaves it to be sent once more."""
        _move(spooled, self.sent)

    def mark_unsent(self, spooled: SpooledPhoto) -> None:
        """Move a photo back to `new/`, to be sent again."""
        _move(spooled, self.new)

    def release(self, spooled: SpooledPhoto) -> None:
        """Forget a photo whose receipt has come: the one place where the camera host deletes a photo.

        The photo first: what a kill may leave is then a few hundred bytes, not a photo that nobody will look for.
        """
        spooled.photo.unlink(missing_ok=True)
        spooled.sidecar_path.unlink(missing_ok=True)

    def _photos(self, folder: Path, pattern: str = "*") -> list[SpooledPhoto]:
        found = (self._read(path) for path in folder.glob(f"{pattern}.json") if naming.is_photo_stem(path.stem))
        return sorted((each for each in found if each), key=lambda each: each.sidecar.slot)

    def _read(self, sidecar_path: Path) -> SpooledPhoto | None:
        """A photo follows its sidecar: when it is in the other folder, a move was cut short or met another reader."""
        photo = sidecar_path.with_suffix(".jpg")
        if not photo.exists():
            other = self.sent if photo.parent == self.new else self.new
            with contextlib.suppress(FileNotFoundError):
                (other / photo.name).replace(photo)
        try:
            sidecar = Sidecar.from_json(sidecar_path.read_bytes(), str(sidecar_path))
        except (SidecarError, FileNotFoundError):
            return None
        return SpooledPhoto(photo, sidecar) if photo.exists() else None


def _move(spooled: SpooledPhoto, folder: Path) -> None:
    """The sidecar goes last: a photo belongs where its sidecar lies."""
    spooled.photo.replace(folder / spooled.photo.name)
    spooled.sidecar_path.replace(folder / spooled.sidecar_path.name)
    sync_folder(folder)
