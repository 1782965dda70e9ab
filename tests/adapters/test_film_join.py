"""What joining promises: all frames of all parts, at their instants, as they were encoded; or nothing at all."""

import itertools
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from kootenay.adapters.film import check, check_joined, join
from kootenay.errors import FilmError, UnlikePartsError
from kootenay.rules.film_plan import Profile
from tests.adapters.conftest import names
from tests.adapters.films import PROFILES, SMALL, USUAL, lumas, made, noise, pictures, probe

LENGTHS = [24, 1, 7, 2, 3, 25]
"""A whole group of pictures, parts too short to be decoded out of order, and more than one group."""


def parts_in(folder: Path, profile: Profile, lengths: list[int]) -> list[Path]:
    """Encode one rising series of pictures in parts, each apart from the others."""
    shown = iter(pictures(sum(lengths)))
    parts = []
    for number, length in enumerate(lengths):
        parts.append(folder / f"part-{number}.mp4")
        made(list(itertools.islice(shown, length)), parts[-1], profile)
    return parts


def hashes(film: Path) -> list[str]:
    """Return the hash of each decoded frame, by Debian's ffmpeg."""
    command = ["ffmpeg", "-v", "error", "-i", str(film), "-map", "0:v", "-f", "framehash", "-"]
    answer = subprocess.run(command, capture_output=True, check=True, text=True)
    assert answer.stderr == ""
    return [line.rsplit(",", 1)[1].strip() for line in answer.stdout.splitlines() if not line.startswith("#")]


@pytest.fixture(params=PROFILES.values(), ids=PROFILES)
def profile(request: pytest.FixtureRequest) -> Profile:
    chosen: Profile = request.param
    return chosen


@pytest.mark.real("ffprobe")
def test_each_frame_of_each_part_is_in_it_as_it_was(tmp_path: Path, profile: Profile) -> None:
    parts = parts_in(tmp_path, profile, LENGTHS)
    film = tmp_path / "film.mp4"
    assert join(parts, film, profile) == LENGTHS
    check_joined(film, LENGTHS, profile)
    check(film, sum(LENGTHS), profile)
    (stream,) = probe(film)["streams"]
    assert int(stream["nb_read_frames"]) == sum(LENGTHS)
    assert float(stream["duration"]) == pytest.approx(sum(LENGTHS) / profile.fps, abs=0.001)
    assert hashes(film) == [each for part in parts for each in hashes(part)]
    light = lumas(film)
    assert all(after > before - 0.5 for before, after in itertools.pairwise(light))


@pytest.mark.parametrize("fps", [1, 7, 12, 30, 60])
def test_it_is_shown_at_a_speed_of_its_own_and_may_be_joined_again(tmp_path: Path, profile: Profile, fps: int) -> None:
    parts = parts_in(tmp_path, profile, LENGTHS)
    film, week = tmp_path / "film.mp4", tmp_path / "week.mp4"
    join(parts, film, profile, fps=fps)
    check(film, sum(LENGTHS), profile, fps)
    lengths = join([film, parts[0], film], week, profile, fps=13)
    assert lengths == [sum(LENGTHS), LENGTHS[0], sum(LENGTHS)]
    check_joined(week, lengths, profile, 13)
    check(week, sum(lengths), profile, 13)


@pytest.mark.real("ffprobe")
def test_each_part_is_a_chapter(tmp_path: Path, profile: Profile) -> None:
    titles = [f"2026-06-{day}" for day in range(15, 21)]
    join(parts_in(tmp_path, profile, LENGTHS), tmp_path / "week.mp4", profile, titles)
    check(tmp_path / "week.mp4", sum(LENGTHS), profile)
    facts = probe(tmp_path / "week.mp4")
    assert [chapter["tags"]["title"] for chapter in facts["chapters"]] == titles
    starts = [sum(LENGTHS[:part]) / profile.fps for part in range(len(LENGTHS) + 1)]
    assert [float(chapter["start_time"]) for chapter in facts["chapters"]] == pytest.approx(starts[:-1], abs=0.001)
    assert [float(chapter["end_time"]) for chapter in facts["chapters"]] == pytest.approx(starts[1:], abs=0.001)


def test_a_film_of_one_part_is_a_film(tmp_path: Path, profile: Profile) -> None:
    assert join(parts_in(tmp_path, profile, [1]), tmp_path / "film.mp4", profile, ["one photo"]) == [1]
    check(tmp_path / "film.mp4", 1, profile)


OTHERS: dict[str, Any] = {
    "size": {"width": 640, "height": 360},
    "crf": {"crf": 30},
    "preset": {"preset": "medium"},
    "codec": {"codec": "av1"},
    "speed": {"fps": 25},
    "groups": {"keyframe_every": 12},
    "overlay": {"overlay": True},
}


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("at", [0, 2], ids=["first", "last"])
def test_parts_of_two_profiles_are_refused_before_anything_is_written(
    tmp_path: Path, change: dict[str, Any], at: int
) -> None:
    parts = parts_in(tmp_path, USUAL, [3, 3, 3])
    made(pictures(3), parts[at], replace(USUAL, **change))
    before = names(tmp_path)
    with pytest.raises(UnlikePartsError, match="encode the period anew") as caught:
        join(parts, tmp_path / "film.mp4", USUAL)
    assert parts[at].name in str(caught.value)
    assert names(tmp_path) == before


def test_parts_of_one_profile_by_two_encoders_are_refused(tmp_path: Path) -> None:
    """As when another x264 came with another PyAV: the profile is the same, the headers are not."""
    parts = parts_in(tmp_path, USUAL, [3, 3])
    other = tmp_path / "other.mp4"
    made(pictures(3), other, replace(USUAL, preset="medium"))
    with av.open(str(other)) as source, av.open(str(parts[1]), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        target.metadata["comment"] = USUAL.id
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    with pytest.raises(UnlikePartsError, match=r"part-1.mp4 was encoded by another encoder"):
        join(parts, tmp_path / "film.mp4", USUAL)


@pytest.mark.parametrize("share", [None, 0, 0.02, 0.5], ids=["gone", "empty", "a header", "half"])
def test_a_part_that_is_not_whole_makes_no_film(tmp_path: Path, share: float | None) -> None:
    parts = parts_in(tmp_path, SMALL, [20, 20])
    film = tmp_path / "film.mp4"
    if share is None:
        parts[1].unlink()
    else:
        parts[1].write_bytes(parts[1].read_bytes()[: int(parts[1].stat().st_size * share)])
    before = names(tmp_path)
    with pytest.raises(FilmError) as caught:
        check_joined(film, join(parts, film, SMALL), SMALL)
    assert "\n" not in str(caught.value)
    assert share == 0.5 or names(tmp_path) == before


def test_a_joined_film_is_checked_at_its_joints(tmp_path: Path) -> None:
    lengths = [20, 20, 20]
    film = tmp_path / "film.mp4"
    join(parts_in(tmp_path, SMALL, lengths), film, SMALL)
    check_joined(film, lengths, SMALL)
    for wrong in ([20, 20], [20, 20, 21], [20, 20, 20, 1], [19, 21, 20], [20, 21, 19]):
        with pytest.raises(FilmError, match=r"planned were|begin anew"):
            check_joined(film, wrong, SMALL)
    with pytest.raises(FilmError, match=r"shows frame 1 at 0.083 s, not at 0.040"):
        check_joined(film, lengths, SMALL, fps=25)
    with pytest.raises(FilmError, match="planned were 60 of 640 x 360"):
        check_joined(film, lengths, replace(SMALL, width=640, height=360))
    with pytest.raises(FilmError, match="is h264 in yuv420p, planned was av1"):
        check_joined(film, lengths, replace(SMALL, codec="av1"))


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_joint_that_does_not_decode_is_found(tmp_path: Path, part: int) -> None:
    lengths = [12, 12, 12]
    parts = [tmp_path / f"{number}.mp4" for number in range(3)]
    for number, each in enumerate(parts):
        made(noise(12, seed=number), each)
    film = tmp_path / "film.mp4"
    join(parts, film, SMALL)
    with av.open(str(film)) as container:
        keys = [packet for packet in container.demux(video=0) if packet.is_keyframe and packet.pts is not None]
        place, size = keys[2 * part].pos, keys[2 * part].size
    content = bytearray(film.read_bytes())
    content[place + size // 3 : place + size // 2] = bytes(size // 2 - size // 3)
    film.write_bytes(content)
    with pytest.raises(FilmError, match=r"begin anew|cannot be played"):
        check_joined(film, lengths, SMALL)
