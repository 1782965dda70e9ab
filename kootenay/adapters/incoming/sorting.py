"""From a listing to a look: each photo with its sidecar, judged; sidecars whose photo is gone; the rest counted."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from kootenay.adapters.incoming import Arrival, Look, Misfit
from kootenay.errors import SidecarError
from kootenay.rules import naming, readiness
from kootenay.rules.readiness import Entry, State
from kootenay.rules.sidecar import Sidecar

LARGEST_SIDECAR = 1 << 20
"""In bytes; a sidecar has one or two thousand, so a larger file is none and is not read."""


@dataclass(frozen=True)
class Sorter:
    """`read` and `flaw` are asked for a file by its whole name; one that they cannot read (OSError) waits."""

    quiet: timedelta
    cameras: Collection[str]
    read: Callable[[str], bytes]
    flaw: Callable[[str], str]

    def sort(self, folders: Mapping[str, Mapping[str, Entry]]) -> Look:
        """Given each folder's files ("" is the incoming place itself), return what becomes of them."""
        look = Look()
        for folder, files in folders.items():
            trunk = f"{folder}/" if folder else ""
            photos = [file for file in files if readiness.is_photo(file)]
            ours = set(photos)
            for file in photos:
                ours |= self._sort_photo(trunk, file, files, look)
            stems = {readiness.split(file)[0] for file in photos}
            for file in files:
                stem, suffix = readiness.split(file)
                if suffix == ".json" and naming.is_photo_stem(stem) and stem not in stems:
                    ours |= self._sort_orphan(trunk, file, files, look)
            look.others += len(files.keys() - ours)
        look.ready.sort(key=lambda each: each.order)
        return look

    def _sort_photo(self, trunk: str, file: str, files: Mapping[str, Entry], look: Look) -> set[str]:
        """Put a photo where it belongs; return the files that belong to it."""
        name, entry, passport = trunk + file, files[file], readiness.sidecar_name(file)
        arrival = Arrival(name, "", None, entry.modified, entry.bytes, entry.version)
        try:
            sidecar = self._sidecar(trunk + passport, files[passport]) if passport in files else None
            verdict = readiness.judge(name, entry, sidecar, files, self.quiet, self.cameras, lambda: self.flaw(name))
        except FileNotFoundError:
            return set()  # another ingest has just taken it in
        except OSError as error:
            shown = readiness.printable(str(error.filename or name))
            look.waiting.append(Misfit(arrival, f"{shown} cannot be read ({error.strerror}); it was left alone"))
            return {passport}
        arrival = replace(
            arrival, camera=verdict.camera, sidecar=None if isinstance(sidecar, SidecarError) else sidecar
        )
        if verdict.state is State.READY:
            look.ready.append(arrival)
        elif verdict.state is State.SETTLING:
            look.settling += 1
        else:
            found = look.misfits if verdict.state is State.MISFIT else look.waiting
            found.append(Misfit(arrival, verdict.reason))
        return _files_of(arrival) | ({passport} if sidecar else set())

    def _sort_orphan(self, trunk: str, file: str, files: Mapping[str, Entry], look: Look) -> set[str]:
        try:
            sidecar = self._sidecar(trunk + file, files[file])
        except OSError:
            return set()
        stem = readiness.split(file)[0]
        if not isinstance(sidecar, Sidecar) or sidecar.stem != stem:
            return set()
        orphan = Arrival(f"{trunk}{stem}.jpg", sidecar.camera, sidecar, files[file].modified, 0)
        look.orphans.append(orphan)
        return _files_of(orphan)

    def _sidecar(self, name: str, entry: Entry) -> Sidecar | SidecarError | None:
        """Return a photo's sidecar, or why it is none; None for a file of somebody else's who writes JSON too."""
        try:
            if entry.bytes > LARGEST_SIDECAR:
                msg = f"{readiness.printable(name)} has {entry.bytes} bytes, so it is no photo's sidecar"
                raise SidecarError(msg)
            return Sidecar.from_json(self.read(name), readiness.printable(name))
        except SidecarError as error:
            ours = naming.is_photo_stem(readiness.split(name.rpartition("/")[2])[0])
            return error if ours else None


def _files_of(arrival: Arrival) -> set[str]:
    return {each.rpartition("/")[2] for each in arrival.files_of_misfit}
