"""What the spool promises: a kill at any step loses no photo and doubles none, once the step is done again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kootenay.adapters.spool import Spool, SpooledPhoto
from kootenay.rules.naming import slot_prefix
from tests.adapters.conftest import SLOT, STEP, jpeg, names, sidecar_of, spool_photo


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def kill_at(patch: pytest.MonkeyPatch, verb: str, step: int, when: str) -> None:
    """Be killed just before or just after the step-th call of a verb of Path."""
    real, calls = getattr(Path, verb), []

    def counted(path: Path, *args: Any, **options: Any) -> Any:
        calls.append(path)
        if len(calls) == step and when == "before":
            raise Killed
        result = real(path, *args, **options)
        if len(calls) == step:
            raise Killed
        return result

    patch.setattr(Path, verb, counted)


STEPS = pytest.mark.parametrize(
    ("step", "when"),
    [(step, when) for step in (1, 2) for when in ("before", "after")],
    ids=lambda value: str(value),
)


@STEPS
def test_a_kill_while_a_photo_is_kept_neither_loses_nor_doubles_it(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, step: int, when: str
) -> None:
    content = jpeg()
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, "replace", step, when)
        spool_photo(spool, content=content)
    if not Spool(spool.new.parent).waiting():
        spool_photo(spool, content=content)
    (spooled,) = spool.waiting()
    assert spooled.photo.read_bytes() == content
    assert spooled.sidecar == sidecar_of(content)


@STEPS
def test_a_kill_while_a_photo_is_marked_sent_neither_loses_nor_doubles_it(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, step: int, when: str
) -> None:
    spooled = spool_photo(spool)
    content = spooled.photo.read_bytes()
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, "replace", step, when)
        spool.mark_sent(spooled)
    assert len(spool.waiting() + spool.unconfirmed()) == 1
    for each in spool.waiting():
        spool.mark_sent(each)
    (sent,) = spool.unconfirmed()
    assert spool.waiting() == []
    assert sent.photo.read_bytes() == content
    assert names(spool.new) == []
    assert names(spool.sent) == [sent.photo.name, sent.sidecar_path.name]


@STEPS
def test_a_kill_while_a_photo_is_released_leaves_no_photo_for_ever(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, step: int, when: str
) -> None:
    spool.mark_sent(spool_photo(spool))
    other = spool_photo(spool, SLOT + STEP)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, "unlink", step, when)
        spool.release(spool.unconfirmed()[0])
    for each in spool.unconfirmed():
        spool.release(each)
    assert spool.unconfirmed() == []
    assert [name for name in names(spool.sent) if name.endswith(".jpg")] == []
    assert spool.waiting() == [other]


def test_a_release_can_be_done_again(spool: Spool) -> None:
    spool.mark_sent(spool_photo(spool))
    (sent,) = spool.unconfirmed()
    spool.release(sent)
    spool.release(sent)
    assert names(spool.sent) == []


@pytest.mark.parametrize(
    ("photo_in", "sidecar_in", "found_in"),
    [
        pytest.param("new", "new", "new", id="kept"),
        pytest.param("sent", "new", "new", id="sent, not yet marked: sent once more"),
        pytest.param("new", "sent", "sent", id="marked while another reader looked"),
        pytest.param("sent", "sent", "sent", id="sent"),
    ],
)
def test_a_photo_follows_its_sidecar(spool: Spool, photo_in: str, sidecar_in: str, found_in: str) -> None:
    spooled = spool_photo(spool)
    folders = {"new": spool.new, "sent": spool.sent}
    spooled.photo.replace(folders[photo_in] / spooled.photo.name)
    spooled.sidecar_path.replace(folders[sidecar_in] / spooled.sidecar_path.name)
    everywhere = {"new": spool.waiting(), "sent": spool.unconfirmed()}
    (found,) = everywhere.pop(found_in)
    assert found == SpooledPhoto(folders[found_in] / spooled.photo.name, spooled.sidecar)
    assert found.photo.exists()
    assert list(everywhere.values()) == [[]]


def test_a_reader_in_the_middle_of_a_move_loses_nothing(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    spooled, real = spool_photo(spool), Path.replace

    def watched(path: Path, target: Path) -> Path:
        moved = real(path, target)
        if path == spooled.photo:
            monkeypatch.setattr(Path, "replace", real)
            assert len(spool.waiting()) == 1
        return moved

    monkeypatch.setattr(Path, "replace", watched)
    spool.mark_sent(spooled)
    (found,) = spool.waiting() + spool.unconfirmed()
    assert found.photo.exists()


@pytest.mark.parametrize("look", [Spool.waiting, Spool.unconfirmed], ids=["waiting", "unconfirmed"])
def test_foreign_files_are_neither_photos_nor_touched(spool: Spool, look: Callable[[Spool], list[Any]]) -> None:
    stem = sidecar_of(jpeg()).stem
    foreign = {
        "README.txt": b"hello",
        "notes.json": b"{}",
        "notes.jpg": jpeg(),
        f".{stem}.json.part": sidecar_of(jpeg()).to_json().encode(),
        f"{stem}.json": b"{half a sidecar",
        f"{stem}.jpg": jpeg(),
        sidecar_of(jpeg(), SLOT + STEP).stem + ".jpg": jpeg(),
    }
    for folder in (spool.new, spool.sent):
        for name, content in foreign.items():
            (folder / name).write_bytes(content)
    assert look(spool) == []
    assert spool.of_slot(slot_prefix("lake", SLOT)) is None
    for folder in (spool.new, spool.sent):
        assert {name: (folder / name).read_bytes() for name in names(folder)} == foreign


def test_the_oldest_slot_is_first(spool: Spool) -> None:
    slots = [SLOT + count * STEP for count in (3, 0, 2, 1)]
    for slot in slots:
        spool_photo(spool, slot)
    assert [each.sidecar.slot for each in spool.waiting()] == sorted(slots)
    for each in reversed(spool.waiting()):
        spool.mark_sent(each)
    assert [each.sidecar.slot for each in spool.unconfirmed()] == sorted(slots)


@pytest.mark.parametrize("sent", [False, True], ids=["new", "sent"])
def test_a_slots_photo_is_found_wherever_it_lies(spool: Spool, sent: bool) -> None:
    spooled = spool_photo(spool)
    if sent:
        spool.mark_sent(spooled)
    found = spool.of_slot(slot_prefix("lake", SLOT))
    assert found is not None
    assert found.sidecar == spooled.sidecar
    assert spool.of_slot(slot_prefix("lake", SLOT + STEP)) is None
    assert spool.of_slot(slot_prefix("la", SLOT)) is None


def test_the_workbench_is_gone_afterwards_also_after_an_error(spool: Spool) -> None:
    with pytest.raises(RuntimeError), spool.workbench() as bench:
        (bench / "photo.jpg").write_bytes(jpeg())
        raise RuntimeError
    assert list(spool.work.iterdir()) == []
