"""What the spool promises: a kill at any step loses no photo and doubles none, once the step is done again."""

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from kootenay.adapters.spool import Pressed, Spool, SpooledPhoto
from kootenay.rules.naming import slot_prefix
from kootenay.rules.pressure import Worth
from kootenay.rules.sidecar import Companion, Sidecar
from tests.adapters.conftest import SLOT, STEP, jpeg, names, sidecar_of, spool_photo

DAY = timedelta(days=1)
RAW = b"raw " * 1000


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


def steps(count: int) -> pytest.MarkDecorator:
    """Be killed before and after each of so many steps."""
    return pytest.mark.parametrize(
        ("step", "when"), [(step, when) for step in range(1, count + 1) for when in ("before", "after")], ids=str
    )


def pair_of(content: bytes, slot: datetime = SLOT) -> Sidecar:
    """The sidecar of a photo with a RAW beside it."""
    return replace(sidecar_of(content, slot), companions=(Companion(".nef", sha256(RAW).hexdigest(), len(RAW)),))


def put_on(bench: Path, content: bytes) -> Path:
    (bench / "photo.nef").write_bytes(RAW)
    (bench / "photo.jpg").write_bytes(content)
    return bench / "photo.jpg"


def spool_pair(spool: Spool, content: bytes, slot: datetime = SLOT) -> SpooledPhoto:
    with spool.workbench("lake") as bench:
        return spool.keep(put_on(bench, content), pair_of(content, slot))


def left_by_a_kill(spool: Spool, content: bytes) -> Path:
    """A bench as the shutter left it; no end of a `with` tidies it when its process is killed."""
    bench = spool.work / "lake"
    bench.mkdir()
    return put_on(bench, content)


def is_whole_pair(spooled: SpooledPhoto, content: bytes) -> bool:
    return (
        spooled.sidecar == pair_of(content)
        and spooled.photo.read_bytes() == content
        and spooled.photo.with_suffix(".nef").read_bytes() == RAW
        and Sidecar.from_json(spooled.sidecar_path.read_bytes(), "") == spooled.sidecar
    )


def three_of(stem: str) -> list[str]:
    return [f"{stem}.jpg", f"{stem}.json", f"{stem}.nef"]


@steps(4)
def test_after_a_kill_while_a_photo_is_kept_there_is_one_whole_photo_or_nothing(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, step: int, when: str
) -> None:
    content = jpeg()
    photo = left_by_a_kill(spool, content)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, "replace", step, when)
        spool.keep(photo, pair_of(content))
    before = Spool(spool.root).waiting()
    assert all(is_whole_pair(each, content) for each in before)
    recovered = Spool(spool.root).recover("lake")
    assert spool.recover("lake") == []
    with spool.workbench("lake") as bench:
        assert list(bench.iterdir()) == []
    if (step, when) == (1, "before"):
        assert recovered == before == spool.waiting() == []
        assert names(spool.root) == []
    else:
        (spooled,) = spool.waiting()
        assert before + recovered == [spooled]
        assert is_whole_pair(spooled, content)
        assert names(spool.root) == [f"new/{name}" for name in three_of(spooled.sidecar.stem)]


@pytest.mark.parametrize("suffix", [".jpg", ".nef"])
@pytest.mark.parametrize("damage", [b"", b"half", None], ids=["empty", "half", "gone"])
@pytest.mark.parametrize("step", [1, 2, 3], ids=["nothing moved", "companion moved", "all but the sidecar moved"])
def test_what_a_power_cut_damaged_is_not_adopted(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, step: int, damage: bytes | None, suffix: str
) -> None:
    content = jpeg()
    photo = left_by_a_kill(spool, content)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, "replace", step, "after")
        spool.keep(photo, pair_of(content))
    moved = (spool.new / pair_of(content).stem).with_suffix(suffix)
    victim = moved if moved.exists() else photo.with_suffix(suffix)
    victim.unlink()
    if damage is not None:
        victim.write_bytes(damage)
    assert spool.recover("lake") == []
    assert spool.waiting() == []


def test_nothing_is_recovered_where_nothing_was_cut_short(spool: Spool) -> None:
    assert spool.recover("lake") == []
    left_by_a_kill(spool, jpeg())
    (spool.work / "lake" / "notes.json").write_text("{}")
    assert spool.recover("lake") == []
    assert spool.recover("pier") == []


@steps(3)
def test_a_kill_while_a_photo_is_marked_sent_neither_loses_nor_doubles_it(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, step: int, when: str
) -> None:
    content = jpeg()
    spooled = spool_pair(spool, content)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, "replace", step, when)
        spool.mark_sent(spooled)
    (found,) = spool.waiting() + spool.unconfirmed()
    assert is_whole_pair(found, content)
    for each in spool.waiting():
        spool.mark_sent(each)
    (sent,) = spool.unconfirmed()
    assert is_whole_pair(sent, content)
    assert names(spool.root) == [f"sent/{name}" for name in three_of(sent.sidecar.stem)]


@steps(3)
def test_a_kill_while_a_photo_is_released_neither_loses_nor_doubles_it(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, step: int, when: str
) -> None:
    content = jpeg()
    spool.mark_sent(spool_pair(spool, content))
    other = spool_photo(spool, SLOT + STEP)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, "replace", step, when)
        spool.release(spool.unconfirmed()[0])
    for each in spool.unconfirmed():
        assert is_whole_pair(each, content)
        spool.release(each)
    assert spool.unconfirmed() == []
    assert names(spool.sent) == []
    kept = spool.of_slot(slot_prefix("lake", SLOT))
    assert kept is not None
    assert is_whole_pair(kept, content)
    assert names(spool.kept) == three_of(kept.sidecar.stem)
    assert spool.waiting() == [other]


def test_a_photo_damaged_on_the_way_goes_back_with_its_companions(spool: Spool) -> None:
    content = jpeg()
    spool.mark_sent(spool_pair(spool, content))
    spool.mark_unsent(spool.unconfirmed()[0])
    (found,) = spool.waiting()
    assert is_whole_pair(found, content)
    assert names(spool.sent) == []


def test_a_release_can_be_done_again(spool: Spool) -> None:
    content = jpeg()
    spool.mark_sent(spool_pair(spool, content))
    (sent,) = spool.unconfirmed()
    spool.release(sent)
    spool.release(sent)
    assert names(spool.root) == [f"kept/{name}" for name in three_of(sent.sidecar.stem)]


@pytest.mark.parametrize(
    ("photo_in", "sidecar_in", "found_in"),
    [
        pytest.param("new", "new", "new", id="kept"),
        pytest.param("sent", "new", "new", id="sent, not yet marked: sent once more"),
        pytest.param("new", "sent", "sent", id="marked while another reader looked"),
        pytest.param("sent", "sent", "sent", id="sent"),
        pytest.param("kept", "sent", "sent", id="confirmed, not yet released: released once more"),
    ],
)
def test_a_photo_follows_its_sidecar(spool: Spool, photo_in: str, sidecar_in: str, found_in: str) -> None:
    spooled = spool_photo(spool)
    folders = {"new": spool.new, "sent": spool.sent, "kept": spool.kept}
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


def test_of_thousands_that_wait_only_the_oldest_is_read(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert spool.oldest_waiting() is None
    _, oldest, second = (spool_photo(spool, SLOT + count * STEP) for count in (2, 0, 1))
    read_bytes, reads = Path.read_bytes, []

    def counted(path: Path) -> bytes:
        reads.append(path)
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", counted)
    assert spool.oldest_waiting() == oldest
    assert reads == [oldest.sidecar_path]
    oldest.sidecar_path.write_text("no sidecar")
    assert spool.oldest_waiting() == second


@pytest.mark.parametrize("folder", ["new", "sent", "kept"])
def test_a_slots_photo_is_found_wherever_it_lies(spool: Spool, folder: str) -> None:
    spooled = spool_photo(spool)
    if folder != "new":
        spool.mark_sent(spooled)
    if folder == "kept":
        spool.release(spool.unconfirmed()[0])
    found = spool.of_slot(slot_prefix("lake", SLOT))
    assert found is not None
    assert found.sidecar == spooled.sidecar
    assert found.photo == spool.root / folder / spooled.photo.name
    assert spool.of_slot(slot_prefix("lake", SLOT + STEP)) is None
    assert spool.of_slot(slot_prefix("la", SLOT)) is None


def test_the_workbench_is_empty_at_first_and_gone_afterwards_also_after_an_error(spool: Spool) -> None:
    left_by_a_kill(spool, jpeg())
    with pytest.raises(RuntimeError), spool.workbench("lake") as bench:
        assert list(bench.iterdir()) == []
        (bench / "photo.jpg").write_bytes(jpeg())
        raise RuntimeError
    assert list(spool.work.iterdir()) == []


def test_each_camera_has_a_workbench_of_its_own(spool: Spool) -> None:
    with spool.workbench("lake") as lake:
        (lake / "photo.jpg").write_bytes(jpeg())
        with spool.workbench("pier"):
            pass
        assert (lake / "photo.jpg").exists()


def one_of_each(spool: Spool) -> None:
    """A photo that is confirmed, one sent, one new and one set aside, each with its RAW."""
    for number, folder in enumerate(("kept", "sent", "aside", "new")):
        spooled = spool_pair(spool, jpeg(colour=(number, 0, 0)), SLOT + number * STEP)
        if folder in ("kept", "sent"):
            spool.mark_sent(spooled)
        if folder == "kept":
            spool.release(spool.unconfirmed()[0])
        if folder == "aside":
            spool.set_aside(spooled, "the server will not have it")


def test_only_confirmed_photos_are_swept_and_only_when_their_days_are_over(spool: Spool) -> None:
    one_of_each(spool)
    released = datetime.fromtimestamp(next(spool.kept.glob("*.json")).stat().st_mtime, UTC)
    before = names(spool.root)
    assert spool.sweep(released + 7 * DAY, 7 * DAY) == 0
    assert names(spool.root) == before
    assert spool.sweep(released + 7 * DAY + timedelta(seconds=1), 7 * DAY) == 1
    assert names(spool.root) == [name for name in before if not name.startswith("kept/")]
    assert spool.sweep(released + 9000 * DAY, timedelta()) == 0
    assert names(spool.root) == [name for name in before if not name.startswith("kept/")]


def test_a_photos_days_count_from_its_release_and_not_from_its_shutter(spool: Spool) -> None:
    spool.mark_sent(spool_photo(spool))
    (sent,) = spool.unconfirmed()
    for path in sent.files:
        os.utime(path, (0, 0))
    spool.release(sent)
    assert spool.sweep(datetime.now(UTC) + 6 * DAY, 7 * DAY) == 0
    assert names(spool.kept) == [sent.photo.name, sent.sidecar_path.name]


def test_photos_that_have_lost_their_sidecar_join_the_misfits_after_a_day_with_the_reason(spool: Spool) -> None:
    content = jpeg()
    orphan, whole = spool_pair(spool, content), spool_photo(spool, SLOT + STEP)
    orphan.sidecar_path.unlink()
    (spool.new / "notes.jpg").write_bytes(b"foreign")
    now = datetime.now(UTC)
    spool.sweep(now + DAY / 2, 7 * DAY)
    assert names(spool.bad) == []
    spool.sweep(now + 2 * DAY, 7 * DAY)
    assert names(spool.bad) == [orphan.photo.name, f"{orphan.photo.stem}.nef", f"{orphan.photo.stem}.reason.txt"]
    assert (spool.bad / orphan.photo.name).read_bytes() == content
    assert "no sidecar" in (spool.bad / f"{orphan.photo.stem}.reason.txt").read_text()
    assert names(spool.new) == sorted([whole.photo.name, whole.sidecar_path.name, "notes.jpg"])


@pytest.mark.parametrize("step", [2, 3], ids=["companion moved", "photo moved"])
def test_a_photo_whose_sidecar_is_still_on_the_bench_is_no_orphan(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    content = jpeg()
    photo = left_by_a_kill(spool, content)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, "replace", step, "after")
        spool.keep(photo, pair_of(content))
    spool.sweep(datetime.now(UTC) + 9 * DAY, 7 * DAY)
    (recovered,) = spool.recover("lake")
    assert is_whole_pair(recovered, content)


def test_a_photo_dated_by_a_wrong_clock_is_neither_an_orphan_nor_an_old_misfit_at_once(spool: Spool) -> None:
    orphan = spool.new / f"{sidecar_of(jpeg()).stem}.jpg"
    orphan.write_bytes(jpeg())
    with spool.workbench("lake") as bench:
        (bench / "photo.jpg").write_bytes(b"no photo")
        os.utime(bench / "photo.jpg", (0, 0))
        spool.set_bad(bench / "photo.jpg", "lake_1", "no JPEG")
    os.utime(orphan, (0, 0))
    before = names(spool.root)
    spool.sweep(datetime.now(UTC), 7 * DAY)
    assert names(spool.root) == before


def test_misfits_are_kept_with_their_reason_until_their_days_are_over(spool: Spool) -> None:
    with spool.workbench("lake") as bench:
        (bench / "photo.jpg").write_bytes(b"no photo")
        spool.set_bad(bench / "photo.jpg", "lake_1", "no JPEG")
        spool.set_bad(bench / "photo.jpg", "lake_2", "nothing came")
    assert (spool.bad / "lake_1.jpg").read_bytes() == b"no photo"
    assert (spool.bad / "lake_1.reason.txt").read_text() == "no JPEG\n"
    assert (spool.bad / "lake_2.reason.txt").read_text() == "nothing came\n"
    assert names(spool.root) == ["bad/lake_1.jpg", "bad/lake_1.reason.txt", "bad/lake_2.reason.txt"]
    now = datetime.now(UTC)
    spool.sweep(now + 6 * DAY, 7 * DAY)
    assert len(names(spool.bad)) == 3
    spool.sweep(now + 8 * DAY, 7 * DAY)
    assert names(spool.bad) == []


def test_what_is_set_aside_keeps_all_its_bytes_and_has_the_reason_beside_it(spool: Spool) -> None:
    content = jpeg()
    spooled = spool_pair(spool, content)
    spool.set_aside(spooled, "the server will not have it")
    spool.set_aside(spooled, "the server will not have it")
    assert spool.waiting() == []
    moved = SpooledPhoto(spool.aside / spooled.photo.name, spooled.sidecar)
    assert is_whole_pair(moved, content)
    reason = f"{spooled.photo.stem}.reason.txt"
    assert (spool.aside / reason).read_text() == "the server will not have it\n"
    assert names(spool.root) == sorted(f"aside/{name}" for name in (*three_of(spooled.photo.stem), reason))


MEGABYTE = 2**20


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spool]:
    """A spool on a disk of 8 MB: a real one where this user may mount it, else one that is counted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0
    if not mounted:
        monkeypatch.setattr(
            Spool, "free_bytes", lambda self: 8 * MEGABYTE - sum((disk / name).stat().st_size for name in names(disk))
        )
    yield Spool(disk / "spool")
    if mounted:
        subprocess.run(["umount", str(disk)], check=True)


def fill(spool: Spool) -> None:
    """Four photos of half a megabyte confirmed, four sent, four new, and half a megabyte of misfits."""
    for number in range(12):
        content = jpeg(colour=(number, 0, 0)) + os.urandom(MEGABYTE // 2)
        spooled = spool_photo(spool, SLOT + number * STEP, content)
        if number < 8:
            spool.mark_sent(spooled)
    for sent in spool.unconfirmed()[:4]:
        spool.release(sent)
    with spool.workbench("lake") as bench:
        (bench / "photo.jpg").write_bytes(os.urandom(MEGABYTE // 2))
        spool.set_bad(bench / "photo.jpg", "lake_1", "no JPEG")


def slots_in(folder: Path) -> list[str]:
    return [name.split("_")[1][9:13] for name in names(folder) if name.endswith(".jpg") and name.startswith("lake_2")]


def press(spool: Spool, floor: float) -> list[Pressed]:
    pressed = spool.pressed(int(floor * MEGABYTE), STEP)
    spool.let_go(pressed)
    return pressed


@pytest.mark.parametrize(
    ("floor", "kept", "bad", "sent", "new"),
    [
        pytest.param(1.0, 4, True, ["2020", "2025", "2030", "2035"], 4, id="nothing"),
        pytest.param(2.1, 2, True, ["2020", "2025", "2030", "2035"], 4, id="the oldest of the confirmed"),
        pytest.param(3.2, 0, True, ["2020", "2025", "2030", "2035"], 4, id="all that is confirmed"),
        pytest.param(3.7, 0, False, ["2020", "2025", "2030", "2035"], 4, id="then the misfits"),
        pytest.param(4.7, 0, False, ["2020", "2030"], 4, id="then every second of those sent"),
        pytest.param(5.7, 0, False, [], 4, id="then all that was sent"),
        pytest.param(6.2, 0, False, [], 3, id="then of those unsent"),
    ],
)
def test_under_pressure_the_disk_gets_its_room_from_what_is_cheapest(
    small: Spool, floor: float, kept: int, bad: bool, sent: list[str], new: int
) -> None:
    fill(small)
    press(small, floor)
    assert small.free_bytes() >= floor * MEGABYTE
    assert len(slots_in(small.kept)) == kept
    assert (small.bad / "lake_1.jpg").exists() is bad
    assert slots_in(small.sent) == sent
    assert len(slots_in(small.new)) == new
    assert press(small, floor) == []


def test_what_is_pressed_out_is_named_with_its_files_and_its_sidecar(small: Spool) -> None:
    fill(small)
    pressed = press(small, 4.7)
    assert [each.drop.holding.worth for each in pressed if each.sidecar] == [Worth.CONFIRMED] * 4 + [Worth.UPLOADED] * 2
    for each in pressed:
        assert not any(path.exists() for path in each.files)
        assert each.drop.reason
        assert each.sidecar is None or each.drop.holding.slot == each.sidecar.slot


def test_a_photo_set_aside_is_never_pressed_out(small: Spool) -> None:
    one_of_each(small)
    aside = names(small.aside)
    press(small, 100)
    assert names(small.root) == [f"aside/{name}" for name in aside]


def test_companions_count_and_go_with_their_photo(small: Spool) -> None:
    spooled = spool_pair(small, jpeg())
    (pressed,) = press(small, 100)
    assert pressed.drop.holding.bytes > spooled.sidecar.bytes + len(RAW)
    assert names(small.root) == []


def test_what_is_gone_before_it_is_pressed_out_holds_nothing_up(small: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upload run sweeps while a capture run looks."""
    fill(small)
    real, listed = Path.iterdir, []

    def swept(path: Path) -> Iterator[Path]:
        found = list(real(path))
        if path == small.bad:
            listed.extend(found)
            for each in found:
                each.unlink()
        return iter(found)

    monkeypatch.setattr(Path, "iterdir", swept)
    pressed = small.pressed(100 * MEGABYTE, STEP)
    assert listed
    assert len(pressed) == 12
    small.let_go(pressed)
    small.let_go(pressed)
