"""What renditions may cost those beside them: not the interpreter, and not the memory of a small server."""

import io
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kootenay.adapters.renditions import Wish, make_renditions
from tests.adapters.conftest import start_python

TWO_AT_ONCE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from kootenay.adapters.renditions import Wish, make_renditions
from rig.processes import peak_memory
def work(_):
    make_renditions(Path(sys.argv[1]).read_bytes(), "photo.jpg", Wish((1920, 1280, 640, 320), 85, 1e8))
with ThreadPoolExecutor(2) as threads:
    list(threads.map(work, range(6)))
print(peak_memory())
"""


def photo_of(width: int, height: int, *, progressive: bool = False) -> bytes:
    noise = np.random.default_rng(7).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(noise).resize((width, height)).save(content, "JPEG", quality=90, progressive=progressive)
    return content.getvalue()


def test_others_work_while_a_photo_is_rendered() -> None:
    photo, ticks, done = photo_of(3000, 2000), 0, threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.wait(0.001):
            ticks += 1

    before = sys.getswitchinterval()
    sys.setswitchinterval(60)  # who holds the GIL is not asked for it
    other = threading.Thread(target=tick)
    try:
        other.start()
        start, seen = time.monotonic(), ticks
        make_renditions(photo, "photo.jpg", Wish((1920, 1280, 640), 85, 1e8))
        assert ticks - seen > (time.monotonic() - start) * 200
    finally:
        done.set()
        sys.setswitchinterval(before)
        other.join()


@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
def test_two_photos_of_24_megapixels_at_once_stay_under_400_mb(tmp_path: Path, progressive: bool) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(photo_of(6000, 4000, progressive=progressive))
    with start_python(TWO_AT_ONCE, photo) as process:
        assert int(process.communicate(timeout=120)[0]) < 400_000
