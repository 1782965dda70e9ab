"""What an intake promises: each photo once, whole, in every place, whoever takes it in and whenever he is killed."""

import hashlib
import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from kootenay.adapters.files import sha256_of
from kootenay.adapters.intake import Outcome
from kootenay.errors import StoreError
from kootenay.rules.sidecar import Companion
from tests.adapters.conftest import SLOT, STEP, jpeg, names, sidecar_of, start_python
from tests.adapters.intakes import NOW, SIZES, arrive, intake_in, left_by, picture, take_all

DAY = date(2026, 6, 21)


def test_a_photo_comes_into_every_place_and_its_sender_is_told(tmp_path: Path) -> None:
    stem = arrive(tmp_path)
    intake = intake_in(tmp_path)
    assert take_all(intake) == [("new", "")]
    (photo,) = intake.catalog.day("lake", DAY)
    assert (photo.slot, photo.time_source, photo.name) == (SLOT, "sidecar", f"{stem}.jpg")
    assert [each.width for each in photo.renditions] == sorted(SIZES)
    for each in photo.renditions:
        with Image.open(tmp_path / "store" / each.key) as image:
            assert image.size == (each.width, each.height)
    assert (tmp_path / "archive" / photo.archive_path).read_bytes() == picture(0)
    assert names(tmp_path / "incoming") == [f"receipts/{stem}.json"]
    latest = intake.store.latest("lake")
    assert latest is not None
    assert [each.key for each in latest.sizes] == [each.key for each in photo.renditions]
    assert photo.signature is not None
    assert photo.light is not None
    assert photo.recipe == intake.wish.recipe


def test_the_same_bytes_again_are_noted_and_nothing_is_doubled(tmp_path: Path) -> None:
    stem = arrive(tmp_path)
    intake = intake_in(tmp_path)
    take_all(intake)
    before = left_by(tmp_path)
    arrive(tmp_path)
    assert take_all(intake) == [("known", "its bytes were known")]
    arrive(tmp_path, slot=SLOT + STEP, content=picture(0))
    assert take_all(intake) == [("known", f"its bytes were known as {stem}.jpg")]
    (tmp_path / "incoming" / "copy of it.jpg").write_bytes(picture(0))
    assert take_all(intake) == [("known", f"its bytes were known as {stem}.jpg")]
    after = left_by(tmp_path)
    assert after["rows"] == before["rows"]
    assert {name for name in after if not name.startswith("incoming/receipts/")} == {
        name for name in before if not name.startswith("incoming/receipts/")
    }


def test_other_bytes_of_the_same_slot_are_both_kept(tmp_path: Path) -> None:
    intake = intake_in(tmp_path)
    for number in (1, 2):
        arrive(tmp_path, slot=SLOT, content=picture(number))
    assert take_all(intake) == [("new", ""), ("new", "")]
    both = intake.catalog.of_slot("lake", SLOT)
    assert {sha256_of(tmp_path / "archive" / each.archive_path) for each in both} == {each.sha256 for each in both}
    assert len({each.key for photo in both for each in photo.renditions}) == 4


def test_an_older_photo_marks_its_day_and_never_becomes_the_latest(tmp_path: Path) -> None:
    intake = intake_in(tmp_path)
    arrive(tmp_path, 2)
    take_all(intake)
    newest = intake.store.latest("lake")
    (mark,) = intake.catalog.changed_days("lake")
    intake.catalog.unmark_day("lake", DAY, mark.change)
    arrive(tmp_path, 1)
    assert take_all(intake) == [("new", "")]
    assert intake.store.latest("lake") == newest
    assert [each.local_date for each in intake.catalog.changed_days("lake")] == [DAY]


def test_a_photo_without_a_sidecar_is_known_by_its_exif_and_the_site(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2026:06:21 13:04:59"
    intake = intake_in(tmp_path)
    (tmp_path / "incoming" / "IMG_0001.JPG").write_bytes(jpeg(96, 72, exif=exif))
    assert [outcome for outcome, _ in take_all(intake)] == ["new"]
    (photo,) = intake.catalog.day("lake", DAY)
    assert (photo.taken_at, photo.slot) == (SLOT + timedelta(minutes=4, seconds=59), SLOT)
    assert (photo.time_source, photo.name, photo.by) == ("exif", "IMG_0001.JPG", "")
    assert photo.elevation == pytest.approx(63, abs=2)
    assert names(tmp_path / "incoming") == []


def test_autumns_doubled_hour_is_told_by_the_order_of_arrival(tmp_path: Path) -> None:
    """On 1 November 2026 clocks in Vancouver show 01:00 to 01:59 twice."""
    intake = intake_in(tmp_path)
    for number, clock in enumerate(["00:55", "01:00", "01:30", "01:55", "01:00", "01:30", "02:00"]):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = f"2026:11:01 {clock}:00"
        (tmp_path / "incoming" / "photo.jpg").write_bytes(jpeg(96, 72, (number, 9, 9), exif=exif))
        assert [outcome for outcome, _ in take_all(intake, datetime(2026, 11, 2, tzinfo=UTC))] == ["new"]
    taken = [each.taken_at for each in intake.catalog.day("lake", date(2026, 11, 1))]
    assert [f"{each:%H:%M}" for each in taken] == ["07:55", "08:00", "08:30", "08:55", "09:00", "09:30", "10:00"]


def test_what_is_no_photo_is_set_aside_told_of_and_a_good_copy_is_welcome(tmp_path: Path) -> None:
    intake = intake_in(tmp_path)
    stem = arrive(tmp_path)
    path = tmp_path / "incoming" / f"{stem}.jpg"
    damaged = bytearray(path.read_bytes())
    damaged[200] ^= 0xFF
    path.write_bytes(damaged)
    ((outcome, note),) = take_all(intake)
    assert (outcome, "damaged on the way" in note) == ("quarantined", True)
    assert f"{stem}.reason.txt" in names(tmp_path / "quarantine")
    assert sha256_of(path.with_name("receipts") / f"{stem}.json")
    assert intake.catalog.latest("lake") is None
    arrive(tmp_path)
    assert take_all(intake) == [("new", "")]


def test_what_the_camera_itself_gave_broken_is_not_asked_for_again(tmp_path: Path) -> None:
    intake = intake_in(tmp_path)
    content = picture(0)[:-40] + bytes(40)
    stem = arrive(tmp_path, content=content)
    ((outcome, _),) = take_all(intake)
    assert outcome == "quarantined"
    receipt = (tmp_path / "incoming" / "receipts" / f"{stem}.json").read_text()
    assert sha256_of(tmp_path / "quarantine" / f"{stem}.jpg") in receipt


def test_a_place_that_cannot_keep_a_photo_leaves_it_for_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(tmp_path)
    intake = intake_in(tmp_path)

    def full(*_: object) -> None:
        msg = "the store is full; nothing was written"
        raise StoreError(msg)

    with monkeypatch.context() as patch:
        patch.setattr(type(intake.store), "put_all", full)
        assert take_all(intake) == [("failed", "the store is full; nothing was written")]
    assert len(names(tmp_path / "incoming")) == 2
    assert take_all(intake) == [("new", "")]


def test_a_known_photo_whose_sizes_are_gone_gets_them_again(tmp_path: Path) -> None:
    intake = intake_in(tmp_path)
    arrive(tmp_path)
    take_all(intake)
    before = left_by(tmp_path)
    (photo,) = intake.catalog.day("lake", DAY)
    intake.store.delete([photo.renditions[0].key])
    arrive(tmp_path)
    assert [outcome for outcome, _ in take_all(intake)] == ["known"]
    assert left_by(tmp_path) == before


def test_a_raw_whose_sidecar_came_too_late_is_kept_before_it_goes(tmp_path: Path) -> None:
    intake, content, raw = intake_in(tmp_path), picture(1), b"raw" * 1000
    raw_sha256 = hashlib.sha256(raw).hexdigest()
    sidecar = replace(sidecar_of(content), companions=(Companion(".cr3", raw_sha256, len(raw)),))
    photo = tmp_path / "incoming" / f"{sidecar.stem}.jpg"
    photo.with_suffix(".cr3").write_bytes(raw)
    photo.write_bytes(content)
    assert [outcome for outcome, _ in take_all(intake)] == ["new"]
    photo.with_suffix(".json").write_text(sidecar.to_json())
    take_all(intake)
    (taken,) = intake.catalog.day("lake", DAY)
    assert (tmp_path / "archive" / taken.archive_path).with_suffix(".cr3").read_bytes() == raw
    assert names(tmp_path / "incoming") == [f"receipts/{sidecar.stem}.json"]


def test_two_at_once_share_the_work(tmp_path: Path) -> None:
    for number in range(30):
        arrive(tmp_path, number)
    intakes = [intake_in(tmp_path) for _ in range(2)]
    looks = [intake.incoming.look(NOW).ready for intake in intakes]
    told: list[list[Outcome]] = [[], []]

    def work(which: int) -> None:
        told[which] += [intakes[which].take_in(arrival, NOW).outcome for arrival in looks[which]]

    threads = [threading.Thread(target=work, args=(which,)) for which in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(told[0] + told[1]) == {Outcome.NEW: 30, Outcome.GONE: 30}
    assert len(intakes[0].catalog.day("lake", DAY)) == 30


KILLS = """
import shutil, sys
from pathlib import Path

from tests.adapters.intakes import arrive, intake_in, left_by, take_all
from tests.adapters.kills import in_a_child, killed_after

folder, stride = Path(sys.argv[1]), int(sys.argv[2])

def day(name):
    home = folder / name
    home.mkdir()
    intake_in(home).catalog.engine.dispose()
    for number in range(2):
        arrive(home, number)
    return home

whole = day("whole")
in_a_child(lambda: take_all(intake_in(whole)))
wanted = left_by(whole)
count, kills = stride, 0
while True:
    home = day(f"kill-{count}")
    ended = killed_after(count, "/kootenay/", lambda: take_all(intake_in(home)))
    in_a_child(lambda: take_all(intake_in(home)))
    found = left_by(home)
    parts = [name for name in found if name.endswith(".part")]
    for name in parts:
        del found[name]
    if found != wanted:
        print("after line", count, sorted(set(found) ^ set(wanted)), found["rows"] == wanted["rows"], flush=True)
        sys.exit(1)
    shutil.rmtree(home)
    if ended == 0:
        break
    kills, count = kills + 1, count + stride
print(kills, "kills")
"""


def test_killed_at_any_line_the_next_run_comes_to_the_same_end(tmp_path: Path) -> None:
    """Two photos taken in by a process that is killed after so many lines of ours, at lines all along its way."""
    process = start_python(KILLS, tmp_path, 37)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert int(said.split()[0]) >= 20, said
