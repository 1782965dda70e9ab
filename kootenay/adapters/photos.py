"""Photos as files: what arrived whole, and where it goes."""

from dataclasses import dataclass
from pathlib import Path

from kootenay.adapters.files import sha256_of, write_whole
from kootenay.errors import ArchiveError, NotAPhotoError, SidecarError
from kootenay.rules.sidecar import Sidecar


@dataclass(frozen=True)
class Arrival:
    """A photo in the incoming folder with its sidecar, which is written last."""

    photo: Path
    sidecar: Sidecar

    @property
    def sidecar_path(self) -> Path:
        return self.photo.with_suffix(".json")

    @property
    def originals(self) -> dict[Path, str]:
        """The photo and its companions, such as the RAW of the same shot, each with the SHA-256 its sender names."""
        companions = {self.photo.with_suffix(each.suffix): each.sha256 for each in self.sidecar.companions}
        return {self.photo: self.sidecar.sha256} | companions


def arrivals(incoming: Path) -> tuple[list[Arrival], list[tuple[Path, str]]]:
    """Given the incoming folder, return the photos that are ready, oldest slot first, and (path, reason) of misfits.

    A photo without its sidecar is still on its way, as is a sidecar without its photo: both wait.
    """
    ready, misfits = [], []
    for path in sorted(incoming.glob("*.json")):
        photo = path.with_suffix(".jpg")
        if path.name.startswith(".") or path.is_symlink() or photo.is_symlink() or not photo.is_file():
            continue
        try:
            sidecar = Sidecar.from_json(path.read_bytes(), path.name)
        except FileNotFoundError:
            continue
        except SidecarError as error:
            misfits.append((photo, str(error)))
            continue
        arrival = Arrival(photo, sidecar)
        if sidecar.stem != photo.stem:
            misfits.append((photo, f"{photo.name} is not the photo its sidecar speaks of ({sidecar.stem})"))
        elif all(each.is_file() and not each.is_symlink() for each in arrival.originals):
            ready.append(arrival)
    return sorted(ready, key=lambda each: each.sidecar.slot), misfits


def check_bytes(arrival: Arrival) -> None:
    """Raise NotAPhotoError unless the bytes of the photo and its companions are those that its sidecar names."""
    for path, sha256 in arrival.originals.items():
        found = sha256_of(path)
        if found != sha256:
            msg = (
                f"{path.name} has {path.stat().st_size} bytes with SHA-256 {found[:12]}, its sender says "
                f"{sha256[:12]}: damaged on the way"
            )
            raise NotAPhotoError(msg)


def archive_original(photo: Path, target: Path, sha256: str) -> None:
    """Copy an original to its place in the archive, durably and byte for byte; one that stands there is kept.

    Raises ArchiveError when other bytes stand there under that name.
    """
    if not target.exists():
        write_whole(target, photo.read_bytes())
    if sha256_of(target) != sha256:
        msg = f"{target} holds other bytes than {photo.name}; both were left alone: compare them by hand"
        raise ArchiveError(msg)


def remove_arrival(arrival: Arrival) -> None:
    """Take a photo that is stored, catalogued and archived out of the incoming folder, its sidecar last."""
    for path in (*arrival.originals, arrival.sidecar_path):
        path.unlink(missing_ok=True)


def orphans(incoming: Path) -> list[Arrival]:
    """Given the incoming folder, return sidecars without a photo: a removal that a kill cut short."""
    left = []
    for path in incoming.glob("*.json"):
        if path.with_suffix(".jpg").exists():
            continue
        try:
            left.append(Arrival(path.with_suffix(".jpg"), Sidecar.from_json(path.read_bytes(), path.name)))
        except (SidecarError, FileNotFoundError):
            continue
    return left
