"""What the studio promises: each frame accounted for, none encoded twice, an old film until a new one is checked."""

import dataclasses
import os
from datetime import timedelta
from pathlib import Path

import av
import pytest

from kootenay.adapters.store import FolderStore
from kootenay.adapters.studio import KEEP_PIECES, Studio
from kootenay.errors import StoreError
from kootenay.rules.film_periods import month_of, week_of
from tests.adapters.conftest import names, start_python
from tests.adapters.studios import DAY, MORNING, SMALL, studio_in, take


class Counting:
    """Counts the frames that a studio encodes."""

    def __init__(self, studio: Studio) -> None:
        self.frames = 0
        self.studio = dataclasses.replace(studio, on_frame=self._one)

    def _one(self, _count: int, _of: int) -> None:
        self.frames += 1


def frames_in(path: Path) -> int:
    with av.open(str(path)) as film:
        return sum(1 for _ in film.decode(video=0))


def test_a_days_film_has_a_frame_for_each_photo_and_is_made_once(tmp_path: Path) -> None:
    studio = studio_in(tmp_path)
    take(studio, 60)
    made = studio.day_film(studio.day_plan(DAY))
    assert (made.fresh, made.film.frames, made.notes) == (True, 60, ())
    assert frames_in(tmp_path / "store" / made.film.key) == 60
    assert studio.catalog.film("lake", "day", DAY.isoformat()) == made.film
    again = Counting(studio)
    assert not again.studio.day_film(again.studio.day_plan(DAY)).fresh
    assert again.frames == 0


def test_as_the_day_goes_its_pieces_are_encoded_and_dusk_finds_the_last_ones_missing(tmp_path: Path) -> None:
    counting = Counting(studio_in(tmp_path))
    studio = counting.studio
    take(studio, 100)
    studio.encode(studio.settled(studio.day_plan(DAY)))
    before, counting.frames = counting.frames, 0
    assert before >= 72
    take(studio, 8, first=100)
    assert studio.day_film(studio.day_plan(DAY)).film.frames == 108
    assert counting.frames <= 108 - before


def test_a_late_photo_has_its_own_piece_encoded_again_and_no_other(tmp_path: Path) -> None:
    counting = Counting(studio_in(tmp_path, deflicker=False))
    studio = counting.studio
    photos = take(studio, 96)
    studio.catalog.remove(photos[50].sha256)
    studio.day_film(studio.day_plan(DAY))
    studio.catalog.add_photo(photos[50])
    counting.frames = 0
    assert studio.day_film(studio.day_plan(DAY)).film.frames == 96
    assert counting.frames == 24


def test_a_week_is_its_days_joined_with_a_chapter_each_and_nothing_encoded(tmp_path: Path) -> None:
    counting = Counting(studio_in(tmp_path))
    studio = counting.studio
    for back in (0, 1, 3):
        take(studio, 10 + back, MORNING - timedelta(days=back))
    made = studio.period_film(week_of(DAY))
    assert made is not None
    assert (made.film.period, made.film.frames) == ("2026-W25", 34)
    with av.open(str(tmp_path / "store" / made.film.key)) as film:
        assert [each["metadata"]["title"] for each in film.chapters()] == ["2026-06-18", "2026-06-20", "2026-06-21"]
    counting.frames = 0
    month = studio.period_film(month_of(DAY))
    assert month is not None
    assert (month.film.frames, counting.frames) == (34, 0)
    take(studio, 1, MORNING - timedelta(days=1), first=50)
    remade = studio.period_film(week_of(DAY))
    assert remade is not None
    assert (remade.film.frames, remade.fresh) == (35, True)
    assert counting.frames <= 24
    again = studio.period_film(week_of(DAY))
    assert again is not None
    assert not again.fresh


def test_a_week_without_photos_has_no_film(tmp_path: Path) -> None:
    assert studio_in(tmp_path).period_film(week_of(DAY)) is None


def test_another_profile_has_the_whole_period_encoded_anew(tmp_path: Path) -> None:
    studio = studio_in(tmp_path)
    for back in (0, 1):
        take(studio, 5, MORNING - timedelta(days=back))
    studio.period_film(week_of(DAY))
    other = Counting(studio_in(tmp_path, profile=dataclasses.replace(SMALL, crf=30)))
    made = other.studio.period_film(week_of(DAY))
    assert made is not None
    assert (made.fresh, made.film.frames, other.frames) == (True, 10, 10)


def test_a_picture_that_cannot_be_shown_is_told_and_shown_once_it_is_whole(tmp_path: Path) -> None:
    studio = studio_in(tmp_path)
    photos = take(studio, 30)
    hurt = [tmp_path / "store" / photos[index].renditions[0].key for index in (7, 20)]
    whole = [path.read_bytes() for path in hurt]
    hurt[0].write_bytes(b"")
    hurt[1].write_bytes(whole[1][: len(whole[1]) // 2])
    made = studio.day_film(studio.day_plan(DAY))
    assert made.film.frames == 28
    assert [note.split(" is not shown")[0] for note in made.notes] == ["2026-06-21 07:35 PDT", "2026-06-21 08:40 PDT"]
    for path, content in zip(hurt, whole, strict=True):
        path.write_bytes(content)
    assert studio.day_film(studio.day_plan(DAY)).film.frames == 30


def test_flagged_photos_are_left_out_as_wished(tmp_path: Path) -> None:
    take(studio_in(tmp_path), 30)
    take(studio_in(tmp_path), 1, first=40, flags=("dark",))
    assert len(studio_in(tmp_path, leave_out=("dark",)).day_plan(DAY).frames) == 30
    assert len(studio_in(tmp_path).day_plan(DAY).frames) == 31


def test_a_film_of_a_wished_length_is_as_long(tmp_path: Path) -> None:
    studio = studio_in(tmp_path, seconds=2)
    take(studio, 60)
    film = studio.day_film(studio.day_plan(DAY)).film
    assert (film.fps, film.seconds) == (30, 2)


def test_the_old_film_stands_while_the_new_one_cannot_be_put_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = studio_in(tmp_path)
    take(studio, 10)
    old = studio.day_film(studio.day_plan(DAY)).film

    def full(*_: object) -> None:
        msg = "the store is full"
        raise StoreError(msg)

    take(studio, 1, first=10)
    with monkeypatch.context() as patch:
        patch.setattr(FolderStore, "put_file", full)
        with pytest.raises(StoreError):
            studio.day_film(studio.day_plan(DAY))
    assert studio.catalog.film("lake", "day", DAY.isoformat()) == old
    assert frames_in(tmp_path / "store" / old.key) == 10
    assert studio.day_film(studio.day_plan(DAY)).film.frames == 11


def test_pieces_and_what_a_kill_left_go_after_some_days(tmp_path: Path) -> None:
    studio = studio_in(tmp_path)
    take(studio, 5)
    film = studio.day_film(studio.day_plan(DAY)).film
    left = tmp_path / "films" / "tmp123"
    left.mkdir()
    (left / "2026-06-21.mp4").write_bytes(b"half")
    studio.tidy(film.made_at)
    assert len(names(tmp_path / "films")) == 2
    for path in (tmp_path / "films").iterdir():
        os.utime(path, (0, film.made_at.timestamp() - KEEP_PIECES.total_seconds() - 1))
    studio.tidy(film.made_at)
    assert list((tmp_path / "films").iterdir()) == []


KILLS = """
import shutil, sys
from pathlib import Path
from datetime import timedelta

from kootenay.rules.film_periods import week_of
from tests.adapters.conftest import names
from tests.adapters.kills import in_a_child, killed_after
from tests.adapters.studios import DAY, MORNING, studio_in, take

folder, stride = Path(sys.argv[1]), int(sys.argv[2])

def films(home):
    made = studio_in(home).period_film(week_of(DAY))
    assert made.film.frames == 12

source = folder / "source"
source.mkdir()
for back in (0, 1):
    take(studio_in(source), 6, MORNING - timedelta(days=back))
studio_in(source).catalog.engine.dispose()
count, kills = stride, 0
while True:
    home = folder / f"kill-{count}"
    shutil.copytree(source, home)
    ended = killed_after(count, "/kootenay/adapters/", lambda: films(home))
    again = in_a_child(lambda: films(home))
    catalog = studio_in(home).catalog
    rows = [catalog.film("lake", "day", "2026-06-20"), catalog.film("lake", "day", "2026-06-21"),
            catalog.film("lake", "week", "2026-W25")]
    there = [name for name in names(home / "store") if name.endswith(".mp4")]
    if again or sorted(row.key for row in rows) != there or [row.frames for row in rows] != [6, 6, 12]:
        print("after line", count, again, rows, there, flush=True)
        sys.exit(1)
    shutil.rmtree(home)
    if ended == 0:
        break
    kills, count = kills + 1, count + stride
print(kills, "kills")
"""


def test_killed_at_any_line_the_next_run_makes_the_same_films(tmp_path: Path) -> None:
    process = start_python(KILLS, tmp_path, 61)
    said, _ = process.communicate(timeout=400)
    assert process.returncode == 0, said
    assert int(said.split()[0]) >= 15, said
