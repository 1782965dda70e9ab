"""Every broken, odd and hostile JPEG of the corpus comes to its verdict, and never to another exception."""

import io
import re
import threading
import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kootenay.adapters.renditions import Renditions, Wish, make_renditions
from kootenay.errors import NotAPhotoError
from rig.jpegs import NAMES, SECRET, Item, corpus, picture, saved

WISH = Wish((640, 64, 32), 90, 100e6)
ITEMS = list(corpus())
WHOLE = [item for item in ITEMS if item.verdict == "whole"]
MOST_SECONDS = 5.0
"""For one small file on a busy machine; what is hostile takes minutes."""
PLAIN = {0xE0, 0xDB, 0xC0, 0xC2, 0xC4, 0xDD, 0xDA}
"""Segments of a rendition that tells nothing: JFIF, tables, frame, restarts, scan."""
FLIPPED = 300


def judged(content: bytes, name: str = "photo.jpg") -> Renditions | str:
    """Return the renditions, or the reason why there are none."""
    start = time.monotonic()
    try:
        return make_renditions(content, name, WISH)
    except NotAPhotoError as error:
        return str(error)
    finally:
        assert time.monotonic() - start < MOST_SECONDS


def markers(jpeg: bytes) -> set[int]:
    found, place = set(), 2
    while 0xDA not in found:
        found.add(jpeg[place + 1])
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
    return found


def quarters(jpeg: bytes) -> np.ndarray:
    """Return the mean colour of each quarter's middle."""
    pixels = np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"), np.float64)
    found = []
    for quarter in range(4):
        half = np.array_split(np.array_split(pixels, 2, axis=0)[quarter // 2], 2, axis=1)[quarter % 2]
        height, width = half.shape[:2]
        found.append(half[height // 4 : height - height // 4, width // 4 : width - width // 4].mean(axis=(0, 1)))
    return np.array(found)


def test_the_corpus_has_what_it_says() -> None:
    assert max(Counter(item.name for item in ITEMS).values()) == 1
    assert len(ITEMS) > 400
    assert [item.content for item in corpus()] == [item.content for item in ITEMS], "always the same"


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.name)
def test_every_file_comes_to_its_verdict(item: Item) -> None:
    found = judged(item.content)
    if item.verdict == "whole":
        assert isinstance(found, Renditions), found
    elif item.verdict == "refused":
        assert isinstance(found, str), "taken for a whole photo"
        assert re.search(item.words, found)
    if isinstance(found, str):
        assert found.startswith("photo.jpg ")
        assert len(found.splitlines()) == 1


@pytest.mark.parametrize("item", WHOLE, ids=lambda item: item.name)
def test_renditions_are_upright_in_their_colours_and_never_enlarged(item: Item) -> None:
    found = judged(item.content)
    assert isinstance(found, Renditions)
    assert (found.original.width, found.original.height) == item.size
    assert [file.size.width for file in found.files] == [w for w in WISH.widths if w <= item.size[0]] or [item.size[0]]
    for file in found.files:
        with Image.open(io.BytesIO(file.content)) as image:
            assert (image.mode, image.size) == ("RGB", (file.size.width, file.size.height))
        assert file.size.height == max(1, round(item.size[1] * file.size.width / item.size[0]))
        if min(item.size) > 1:
            assert np.abs(quarters(file.content) - item.colours).max() <= item.tolerance
    assert len(found.small.samples) == found.small.width * found.small.height


@pytest.mark.parametrize("item", WHOLE, ids=lambda item: item.name)
def test_renditions_tell_nothing(item: Item) -> None:
    found = judged(item.content)
    assert isinstance(found, Renditions)
    for file in found.files:
        assert markers(file.content) <= PLAIN
        assert SECRET not in file.content


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_refusal_is_one_line_that_shows_any_name(name: str) -> None:
    reason = judged(b"no photo", name)
    assert isinstance(reason, str)
    assert reason.isprintable()
    reason.encode()


@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
def test_bytes_flipped_by_chance_are_a_photo_or_none(progressive: bool) -> None:
    good = saved(picture(), progressive=progressive)
    chance = np.random.default_rng(29)
    for _ in range(FLIPPED):
        content = bytearray(good)
        for place in chance.integers(0, len(good), chance.integers(1, 9)):
            content[place] = chance.integers(256)
        judged(bytes(content))


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_any_edit_of_a_file_is_a_photo_or_none(data: st.DataObject) -> None:
    content = data.draw(st.sampled_from(WHOLE)).content
    start, end = sorted(data.draw(st.integers(0, len(content))) for _ in range(2))
    judged(content[:start] + data.draw(st.binary(max_size=40)) + content[end:])


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_noise_is_no_photo(noise: bytes) -> None:
    assert isinstance(judged(noise), str)
    assert isinstance(judged(b"\xff\xd8\xff" + noise), str)


def test_threads_judge_as_one_does() -> None:
    """Ingest works on threads: no verdict, and no filter of warnings, may leak from one to another."""
    some = ITEMS[:: len(ITEMS) // 60]
    alone = [judged(item.content) for item in some]
    together: list[list[Renditions | str]] = [[], []]
    threads = [
        threading.Thread(target=lambda mine=mine: mine.extend(judged(item.content) for item in some))
        for mine in together
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [alone, alone]
