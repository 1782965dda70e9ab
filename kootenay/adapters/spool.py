"""The spool: photos on the camera host that the server has not confirmed yet, and for some days those it has.

The disk is the truth. `new/` holds what is still to be sent, `sent/` what was sent and awaits its receipt, `kept/` what
is confirmed, `bad/` what was no photo, `aside/` what the server will not have. A photo's files lie side by side and the
sidecar comes last, so a photo with a sidecar is whole.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kootenay.adapters.files import move_whole, set_aside, sha256_of, sync_folder, write_whole
from kootenay.errors import SidecarError
from kootenay.rules import naming
from kootenay.rules.pressure import Drop, Holding, Worth, relieve
from kootenay.rules.sidecar import Sidecar

DAY = timedelta(days=1)


@dataclass(frozen=True)
class SpooledPhoto:
    """A photo in the spool with its sidecar."""

    photo: Path
    sidecar: Sidecar

    @property
    def sidecar_path(self) -> Path:
        return self.photo.with_suffix(".json")

    @property
    def files(self) -> tuple[Path, ...]:
        """All that belongs to it, in the order in which it travels: the sidecar last."""
        companions = (self.photo.with_suffix(each.suffix) for each in self.sidecar.companions)
        return (*companions, self.photo, self.sidecar_path)


@dataclass(frozen=True)
class Pressed:
    """Something that disk pressure lets go: why, its files, and its sidecar if it is a photo."""

    drop: Drop
    files: tuple[Path, ...]
    sidecar: Sidecar | None


class Spool:
    """The folder of one camera host."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.new = root / "new"
        self.sent = root / "sent"
        self.kept = root / "kept"
        self.bad = root / "bad"
        self.aside = root / "aside"
        self.work = root / "work"
        for folder in (self.new, self.sent, self.kept, self.bad, self.aside, self.work):
            folder.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def workbench(self, camera: str) -> Iterator[Path]:
        """Lend a camera's folder on the spool's own file system, empty now and gone afterwards.

        The caller holds the camera's lock. What a kill left there is gone: `recover` comes first.
        """
        bench = self.work / camera
        shutil.rmtree(bench, ignore_errors=True)
        bench.mkdir()
        try:
            yield bench
        finally:
            shutil.rmtree(bench, ignore_errors=True)

    def keep(self, photo: Path, sidecar: Sidecar) -> SpooledPhoto:
        """Move a photo and its companions from the workbench into `new/`, durably, and its sidecar last.

        The sidecar is first written on the workbench: from then on a kill loses nothing that `recover` does not find.
        """
        write_whole(photo.with_name(f"{sidecar.stem}.json"), sidecar.to_json().encode())
        return self._adopt(photo, sidecar)

    def recover(self, camera: str) -> list[SpooledPhoto]:
        """Given a camera whose lock is held, finish what a kill in `keep` cut short; return those photos."""
        found = []
        for path in sorted((self.work / camera).glob("*.json")):
            with contextlib.suppress(SidecarError, FileNotFoundError):
                sidecar = Sidecar.from_json(path.read_bytes(), str(path))
                if self._is_whole(path.with_name("photo.jpg"), sidecar):
                    found.append(self._adopt(path.with_name("photo.jpg"), sidecar))
        return found

    def waiting(self) -> list[SpooledPhoto]:
        """Return the photos still to be sent, the oldest slot first."""
        return list(self._photos(self.new))

    def oldest_waiting(self) -> SpooledPhoto | None:
        """Return the photo of the oldest slot. No other is read: after weeks without a link there are thousands."""
        return next(self._photos(self.new), None)

    def unconfirmed(self) -> list[SpooledPhoto]:
        """Return the photos sent whose receipt has not come, the oldest slot first."""
        return list(self._photos(self.sent))

    def confirmed(self) -> list[SpooledPhoto]:
        """Return the photos that the server has and the spool still keeps, the oldest slot first."""
        return list(self._photos(self.kept))

    def of_slot(self, prefix: str) -> SpooledPhoto | None:
        """Given `naming.slot_prefix`, return a photo of that slot still in the spool."""
        folders = (self.new, self.sent, self.kept)
        return next((found for folder in folders for found in self._photos(folder, prefix)), None)

    def mark_sent(self, spooled: SpooledPhoto) -> None:
        """Move a photo to `sent/`; a kill halfway leaves it to be sent once more."""
        _move(spooled, self.sent)

    def mark_unsent(self, spooled: SpooledPhoto) -> None:
        """Move a photo back to `new/`, to be sent again."""
        _move(spooled, self.new)

    def release(self, spooled: SpooledPhoto) -> None:
        """Let go of a photo whose receipt has come; `sweep` deletes it when its days are over."""
        with contextlib.suppress(FileNotFoundError):
            os.utime(spooled.sidecar_path)
        _move(spooled, self.kept)

    def set_bad(self, photo: Path, stem: str, reason: str) -> None:
        """Keep what was no photo (or nothing) under `stem`, with the reason beside it."""
        named = photo.with_name(f"{stem}.jpg")
        with contextlib.suppress(FileNotFoundError):
            photo.replace(named)
        set_aside([named], self.bad, reason)

    def set_aside(self, spooled: SpooledPhoto, reason: str) -> None:
        """Take a photo that cannot be delivered out of the others' way, with the reason beside it; nothing is lost."""
        set_aside(spooled.files, self.aside, reason)

    def sweep(self, now: datetime, keep: timedelta) -> int:
        """Delete what was confirmed longer ago than `keep`, and misfits as old; return how many photos went.

        A photo that has lain without a sidecar for a day, which a power cut may leave, joins the misfits. These days
        count from a file's last move: a camera whose clock is wrong dates its photos wrongly.
        """
        over = [each for each in self._photos(self.kept) if _age(each.sidecar_path, now) > keep]
        for each in over:
            _delete(each.files)
        _delete([path for path in self.bad.iterdir() if _lain(path, now) > keep])
        for path in list(self.new.iterdir()):
            orphan = path.suffix != ".json" and naming.is_photo_stem(path.stem) and _lain(path, now) > DAY
            if orphan and not self._has_sidecar(path.stem):
                set_aside([path], self.bad, "it has no sidecar: its host stopped as it was taken")
        return len(over)

    def free_bytes(self) -> int:
        """Return what the spool's disk has left for this user."""
        return shutil.disk_usage(self.root).free

    def pressed(self, floor: int, every: timedelta) -> list[Pressed]:
        """Given the bytes that shall be free and the slots' step, return what the pressure rule would let go."""
        free = self.free_bytes()
        if free >= floor:
            return []
        held = {each.drop.holding.name: each for each in self._holdings()}
        return [
            replace(held[drop.holding.name], drop=drop)
            for drop in relieve((each.drop.holding for each in held.values()), free, floor, every)
        ]

    def let_go(self, pressed: Iterable[Pressed]) -> None:
        """Delete what is pressed out."""
        for each in pressed:
            _delete(each.files)

    def _holdings(self) -> Iterator[Pressed]:
        for folder, worth in ((self.kept, Worth.CONFIRMED), (self.sent, Worth.UPLOADED), (self.new, Worth.UNSENT)):
            for each in self._photos(folder):
                size = sum(_size(path) for path in each.files)
                holding = Holding(f"{folder.name}/{each.sidecar.stem}", each.sidecar.slot, size, worth)
                yield Pressed(Drop(holding, ""), each.files, each.sidecar)
        for path in self.bad.iterdir():
            with contextlib.suppress(FileNotFoundError):
                at = datetime.fromtimestamp(path.stat().st_ctime, UTC)
                yield Pressed(Drop(Holding(f"bad/{path.name}", at, _size(path), Worth.BAD), ""), (path,), None)

    def _has_sidecar(self, stem: str) -> bool:
        """A photo on its way has it on a workbench; the folders are looked at in the order in which it travels."""
        name = f"{stem}.json"
        return any(self.work.glob(f"*/{name}")) or any(
            (folder / name).exists() for folder in (self.new, self.sent, self.kept)
        )

    def _is_whole(self, photo: Path, sidecar: Sidecar) -> bool:
        """Given where a photo lay before it was adopted, return whether all its files are there to the last byte."""
        hashes = {photo.with_suffix(each.suffix): each.sha256 for each in sidecar.companions} | {photo: sidecar.sha256}
        moved = {path: (self.new / sidecar.stem).with_suffix(path.suffix) for path in hashes}
        return all(sha256_of(path if path.exists() else moved[path]) == sha for path, sha in hashes.items())

    def _adopt(self, photo: Path, sidecar: Sidecar) -> SpooledPhoto:
        """From the workbench into `new/`, the sidecar last; a file that has moved already stays."""
        spooled = SpooledPhoto(self.new / f"{sidecar.stem}.jpg", sidecar)
        for target in spooled.files[:-1]:
            source = photo.with_suffix(target.suffix)
            if source.exists():
                move_whole(source, target)
        move_whole(photo.with_name(f"{sidecar.stem}.json"), spooled.sidecar_path)
        return spooled

    def _photos(self, folder: Path, prefix: str = "") -> Iterator[SpooledPhoto]:
        """The oldest slot first. One pattern for all: each new one would stay in this process's memory."""
        sidecars = [path for path in folder.glob("*.json") if path.name.startswith(prefix)]
        photos = [path for path in sidecars if naming.is_photo_stem(path.stem)]
        for path in sorted(photos, key=lambda path: naming.slot_stamp(path.stem)):
            if found := self._read(path):
                yield found

    def _read(self, sidecar_path: Path) -> SpooledPhoto | None:
        """A photo follows its sidecar: when it is in another folder, a move was cut short or met another reader."""
        try:
            sidecar = Sidecar.from_json(sidecar_path.read_bytes(), str(sidecar_path))
        except (SidecarError, FileNotFoundError):
            return None
        spooled = SpooledPhoto(sidecar_path.with_suffix(".jpg"), sidecar)
        for path in spooled.files[:-1]:
            for other in (self.new, self.sent, self.kept) if not path.exists() else ():
                with contextlib.suppress(FileNotFoundError):
                    (other / path.name).replace(path)
        return spooled if spooled.photo.exists() else None


def _move(spooled: SpooledPhoto, folder: Path) -> None:
    """The sidecar goes last: a photo belongs where its sidecar lies."""
    for path in spooled.files:
        with contextlib.suppress(FileNotFoundError):
            path.replace(folder / path.name)
    sync_folder(folder)


def _age(path: Path, now: datetime) -> timedelta:
    try:
        return timedelta(seconds=now.timestamp() - path.stat().st_mtime)
    except FileNotFoundError:
        return timedelta()


def _lain(path: Path, now: datetime) -> timedelta:
    """Since a file was last moved or changed (inode(7): its change time, which nobody can set)."""
    try:
        return timedelta(seconds=now.timestamp() - path.stat().st_ctime)
    except FileNotFoundError:
        return timedelta()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _delete(paths: Iterable[Path]) -> None:
    """The sidecar is last: what a kill may leave is a few hundred bytes, not a photo that nobody looks for."""
    for path in paths:
        path.unlink(missing_ok=True)
