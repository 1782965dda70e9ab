"""Films as people see them: a real browser plays them to the last frame, and an evening at the lake is all there."""

import io
import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simplejpeg
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from kootenay.adapters.film import Encoded, check, check_joined, encode, join
from kootenay.rules.daylight import Site
from kootenay.rules.film_plan import FilmPlan, Frame, Profile, plan_day_film
from rig.painter import paint
from tests.adapters.conftest import PLACE
from tests.adapters.films import AV1, USUAL, frames_of, lumas, pictures, probe
from tests.parts import PARTS

LAKE = Site(*PLACE)
SUNSET = datetime(2026, 6, 21, 18, 30, tzinfo=LAKE.zone)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PARTS["chromium"][0])
        yield browser.new_page(viewport={"width": 640, "height": 360})
        browser.close()


def played(page: Page, film: Path) -> tuple[dict[str, Any], np.ndarray]:
    """Play a film to its end; return what the player says of it, and the light of what it shows then."""
    html = film.with_suffix(".html")
    html.write_text(f"<style>*{{margin:0}}</style><video src={film.name} muted width=320></video>")
    page.goto(html.as_uri())
    facts: dict[str, Any] = page.evaluate("""() => new Promise((resolve, reject) => {
        const video = document.querySelector("video")
        video.onerror = () => reject(video.error.message)
        video.onended = () => resolve({
            at: video.currentTime, seconds: video.duration, width: video.videoWidth, height: video.videoHeight,
            frames: video.getVideoPlaybackQuality().totalVideoFrames,
        })
        video.play().catch(reject)
    })""")
    shown = Image.open(io.BytesIO(page.locator("video").screenshot()))
    return facts, np.asarray(shown.convert("L"), int)


@pytest.mark.real("chromium")
@pytest.mark.parametrize("profile", [USUAL, AV1, replace(USUAL, fps=24)], ids=["h264", "av1", "faster"])
@pytest.mark.parametrize("lengths", [[30], [24, 1, 11]], ids=["encoded", "joined"])
def test_chromium_plays_it_to_the_last_frame(page: Page, tmp_path: Path, profile: Profile, lengths: list[int]) -> None:
    film = tmp_path / "film.mp4"
    total, shown = sum(lengths), iter(pictures(sum(lengths)))
    parts = [tmp_path / f"{number}.mp4" for number in range(len(lengths))]
    for part, length in zip(parts, lengths, strict=True):
        encode(itertools.islice(shown, length), frames_of(length), profile, part)
    join(parts, film, profile, [part.stem for part in parts])
    facts, last = played(page, film)
    assert facts["seconds"] == facts["at"] == pytest.approx(total / profile.fps, abs=0.001)
    assert (facts["width"], facts["height"], facts["frames"]) == (profile.width, profile.height, total)
    assert last[20:160, 20:300].mean() == pytest.approx(230, abs=4)


def evening() -> list[tuple[datetime, bytes]]:
    """An evening at the lake, a photo each five minutes from before sunset until night."""
    times = [SUNSET + step * timedelta(minutes=5) for step in range(60)]
    return [
        (at, simplejpeg.encode_jpeg(np.asarray(paint(LAKE, at, (640, 360))), 85, "RGB", "420", fastdct=False))
        for at in times
    ]


def filmed(folder: Path, plan: FilmPlan, photos: dict[str, bytes]) -> tuple[list[Path], list[Encoded]]:
    """Encode each piece of a plan."""
    parts = [folder / f"{piece.name}.mp4" for piece in plan.pieces]
    told = [
        encode((photos[frame.key] for frame in piece.frames), piece.frames, piece.profile, part)
        for piece, part in zip(plan.pieces, parts, strict=True)
    ]
    return parts, told


@pytest.mark.real("ffprobe")
@pytest.mark.parametrize("codec", ["h264", "av1"])
def test_an_evening_with_gaps_and_damage_is_one_film_and_every_frame_is_accounted_for(
    tmp_path: Path, codec: Any
) -> None:
    photos = {at.isoformat(): content for at, content in evening()}
    keys = list(photos)
    for gone in keys[7:11]:
        del photos[gone]
    photos[keys[3]] = b""
    photos[keys[25]] = photos[keys[25]][:5000]
    photos[keys[26]] = photos[keys[26]][:9000].ljust(20_000, b"\0")
    upright = Image.open(io.BytesIO(photos[keys[30]])).rotate(90, expand=True)
    with io.BytesIO() as content:
        upright.save(content, "JPEG")
        photos[keys[30]] = content.getvalue()
    frames = [Frame(datetime.fromisoformat(key), key, -420, "PDT") for key in photos]
    plan = plan_day_film("lake", date(2026, 6, 21), frames, replace(USUAL, codec=codec))
    parts, told = filmed(tmp_path, plan, photos)
    assert len(parts) > 2
    bad = [
        piece.frames[index].key for piece, encoded in zip(plan.pieces, told, strict=True) for index, _ in encoded.bad
    ]
    assert bad == [keys[3], keys[25], keys[26]]
    film = tmp_path / "2026-06-21.mp4"
    lengths = join(parts, film, plan.profile)
    assert lengths == [encoded.frames for encoded in told]
    assert sum(lengths) == len(plan.frames) - 3 == 53
    check(film, 53, plan.profile)
    check_joined(film, lengths, plan.profile)
    (stream,) = probe(film)["streams"]
    assert int(stream["nb_read_frames"]) == 53
    shown = [frame.key for frame in plan.frames if frame.key not in bad]
    wanted = [np.asarray(Image.open(io.BytesIO(photos[key])).convert("L")).mean() for key in shown]
    bars = [180 / 320 * 180 / 320 if key == keys[30] else 1 for key in shown]  # of an upright photo's canvas
    assert lumas(film) == pytest.approx(np.multiply(wanted, bars), abs=6)
