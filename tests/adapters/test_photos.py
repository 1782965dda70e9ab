"""What arrivals promise: a pair is whole or waits, a misfit has its reason, and an original is archived once."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kootenay.adapters.files import set_aside
from kootenay.adapters.photos import Arrival, archive_original, arrivals, check_bytes, orphans, remove_arrival
from kootenay.errors import ArchiveError, NotAPhotoError
from kootenay.rules.sidecar import Companion
from tests.adapters.conftest import SLOT, STEP, jpeg, names, sidecar_of


def arrive(incoming: Path, content: bytes, slot: Any = SLOT) -> Arrival:
    """Put a photo and its sidecar into the incoming folder."""
    sidecar = sidecar_of(content, slot)
    path = incoming / f"{sidecar.stem}.jpg"
    path.write_bytes(content)
    path.with_suffix(".json").write_text(sidecar.to_json())
    return Arrival(path, sidecar)


def test_a_photo_with_its_sidecar_has_arrived_the_oldest_slot_first(tmp_path: Path) -> None:
    late, early = arrive(tmp_path, jpeg(), SLOT + STEP), arrive(tmp_path, jpeg(), SLOT)
    assert arrivals(tmp_path) == ([early, late], [])
    assert early.sidecar_path.exists()


def test_half_of_a_pair_waits(tmp_path: Path) -> None:
    one, other = arrive(tmp_path, jpeg(), SLOT), arrive(tmp_path, jpeg(), SLOT + STEP)
    one.sidecar_path.unlink()
    other.photo.unlink()
    assert arrivals(tmp_path) == ([], [])
    assert names(tmp_path) == [one.photo.name, other.sidecar_path.name]


def test_hidden_files_half_uploads_links_and_folders_are_no_arrivals(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    incoming = tmp_path / "incoming"
    for folder in (elsewhere, incoming):
        folder.mkdir()
    linked, part, folder_of, hidden, half = (arrive(elsewhere, jpeg(), SLOT + step * STEP) for step in range(5))
    (incoming / linked.photo.name).symlink_to(linked.photo)
    (incoming / linked.sidecar_path.name).symlink_to(linked.sidecar_path)
    (incoming / part.photo.name).symlink_to(part.photo)
    (incoming / part.sidecar_path.name).write_bytes(part.sidecar_path.read_bytes())
    (incoming / folder_of.photo.name).mkdir()
    (incoming / folder_of.sidecar_path.name).write_bytes(folder_of.sidecar_path.read_bytes())
    for path in (hidden.photo, hidden.sidecar_path):
        (incoming / f".{path.name}").write_bytes(path.read_bytes())
    for path in (half.photo, half.sidecar_path):
        (incoming / f".{path.name}.part").write_bytes(path.read_bytes())
    before = names(incoming)
    assert arrivals(incoming) == ([], [])
    assert names(incoming) == before


@pytest.mark.parametrize(
    ("sidecar", "words"),
    [
        pytest.param(b"", "is not a photo's sidecar", id="empty"),
        pytest.param(b"{}", "is not a photo's sidecar", id="says nothing"),
        pytest.param(b"[1, 2]", "is not a photo's sidecar", id="no object"),
        pytest.param(b"\xff\xd8", "is not a photo's sidecar", id="bytes"),
        pytest.param(sidecar_of(b"another").to_json().encode(), "is not the photo its sidecar speaks of", id="other"),
    ],
)
def test_a_sidecar_that_does_not_fit_makes_a_misfit(tmp_path: Path, sidecar: bytes, words: str) -> None:
    good, bad = arrive(tmp_path, jpeg(), SLOT + STEP), arrive(tmp_path, jpeg(), SLOT)
    bad.sidecar_path.write_bytes(sidecar)
    ready, misfits = arrivals(tmp_path)
    assert ready == [good]
    ((path, reason),) = misfits
    assert path == bad.photo
    assert words in reason
    assert "\n" not in reason


def test_bytes_that_are_not_the_senders_are_damaged_on_the_way(tmp_path: Path) -> None:
    arrival = arrive(tmp_path, jpeg())
    check_bytes(arrival)
    arrival.photo.write_bytes(jpeg()[:-10])
    with pytest.raises(NotAPhotoError, match=r"has \d+ bytes .* its sender says [0-9a-f]{12}: damaged on the way"):
        check_bytes(arrival)


def test_an_original_is_archived_once_byte_for_byte(tmp_path: Path) -> None:
    arrival = arrive(tmp_path, jpeg())
    target = tmp_path / "archive" / "lake" / "photo.jpg"
    archive_original(arrival.photo, target, arrival.sidecar.sha256)
    stands = target.stat()
    archive_original(arrival.photo, target, arrival.sidecar.sha256)
    assert target.read_bytes() == jpeg()
    assert (target.stat().st_ino, target.stat().st_mtime_ns) == (stands.st_ino, stands.st_mtime_ns)
    assert arrival.photo.exists()


def test_an_original_never_takes_the_place_of_another(tmp_path: Path) -> None:
    arrival = arrive(tmp_path, jpeg())
    target = tmp_path / "archive" / "photo.jpg"
    target.parent.mkdir()
    target.write_bytes(b"another")
    with pytest.raises(ArchiveError, match="both were left alone"):
        archive_original(arrival.photo, target, arrival.sidecar.sha256)
    assert target.read_bytes() == b"another"
    assert arrival.photo.read_bytes() == jpeg()


def test_a_misfit_is_set_aside_with_its_sidecar_and_the_reason(tmp_path: Path) -> None:
    incoming, quarantine = tmp_path / "incoming", tmp_path / "quarantine"
    incoming.mkdir()
    for content in (b"junk", b"junk"):
        arrival = arrive(incoming, content)
        set_aside([arrival.photo, arrival.sidecar_path], quarantine, "no whole JPEG")
        assert names(incoming) == []
        assert names(quarantine) == sorted(
            [arrival.photo.name, arrival.sidecar_path.name, f"{arrival.photo.stem}.reason.txt"]
        )
        assert (quarantine / f"{arrival.photo.stem}.reason.txt").read_text() == "no whole JPEG\n"
        assert (quarantine / arrival.photo.name).read_bytes() == content
    set_aside([arrival.photo, arrival.sidecar_path], quarantine, "once more, after a kill")


def test_a_removal_that_was_cut_short_is_found_and_finished(tmp_path: Path) -> None:
    whole, orphan = arrive(tmp_path, jpeg(), SLOT), arrive(tmp_path, jpeg(), SLOT + STEP)
    orphan.photo.unlink()
    (tmp_path / "notes.json").write_text("{}")
    assert orphans(tmp_path) == [orphan]
    remove_arrival(orphan)
    assert orphans(tmp_path) == []
    assert names(tmp_path) == sorted(["notes.json", whole.photo.name, whole.sidecar_path.name])
    remove_arrival(whole)
    remove_arrival(whole)
    assert names(tmp_path) == ["notes.json"]


def test_a_photo_is_removed_before_its_sidecar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrival, gone = arrive(tmp_path, jpeg()), list[str]()
    unlink = Path.unlink
    monkeypatch.setattr(Path, "unlink", lambda path, **how: (gone.append(path.suffix), unlink(path, **how))[1])
    remove_arrival(arrival)
    assert gone == [".jpg", ".json"]


def test_a_companion_travels_with_its_photo_and_is_waited_for(tmp_path: Path) -> None:
    raw = b"II*\0 the same shot"
    companion = Companion(".nef", hashlib.sha256(raw).hexdigest(), len(raw))
    sidecar = replace(sidecar_of(jpeg()), companions=(companion,))
    photo = tmp_path / f"{sidecar.stem}.jpg"
    photo.write_bytes(jpeg())
    photo.with_suffix(".json").write_text(sidecar.to_json())
    assert arrivals(tmp_path) == ([], [])
    photo.with_suffix(".nef").write_bytes(raw)
    (arrival,), _ = arrivals(tmp_path)
    check_bytes(arrival)
    photo.with_suffix(".nef").write_bytes(b"damaged")
    with pytest.raises(NotAPhotoError, match=r"\.nef has 7 bytes .* damaged on the way"):
        check_bytes(arrival)
    remove_arrival(arrival)
    assert names(tmp_path) == []
