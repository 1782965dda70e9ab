"""What arrives when a wire, a card or a disk fails: cut, zeroed, flipped; and headers that claim what is not there."""

import struct
from collections.abc import Iterator

import numpy as np

from rig.jpegs.item import EOI, SOI, Item, frame, patched, picture, refused, saved, scan, whole

FUZZED, FLIPS = 60, 4


def damaged() -> Iterator[Item]:
    """Yield every damaged JPEG."""
    baseline = saved(picture())
    progressive = saved(picture(), progressive=True)
    restarts = saved(picture(), restart_marker_blocks=4)
    for kind, good in {"baseline": baseline, "progressive": progressive, "restarts": restarts}.items():
        yield from _cut(kind, good)
        yield from _zeroed(kind, good)
        yield from _tailed(kind, good)
    yield refused("restart markers out of order", restarts.replace(b"\xff\xd2", b"\xff\xd6", 1))
    yield refused("a restart marker lost", restarts.replace(b"\xff\xd1", b"", 1))
    yield from _headers(baseline)
    yield from _scans(progressive)
    yield from _fuzzed(baseline)


def _cut(kind: str, good: bytes) -> Iterator[Item]:
    for percent in range(0, 100, 1 if kind == "baseline" else 7):
        yield refused(f"{kind} cut at {percent} %", good[: len(good) * percent // 100])
    yield whole(f"{kind} cut at 100 %", good)
    for lost in (1, 2, 3):
        yield refused(f"{kind} without its last {lost}", good[:-lost])


def _zeroed(kind: str, good: bytes) -> Iterator[Item]:
    """Zeros where data was, at the whole file's size: what a file system leaves after a power cut."""
    start = scan(good)
    for percent in (1, 25, 50, 75, 95):
        place = start + (len(good) - start) * percent // 100
        yield refused(f"{kind}, zeros from {percent} % of its scan", good[:place].ljust(len(good), b"\0"))
        yield refused(f"{kind}, zeros from {percent} %, EOI", good[:place].ljust(len(good) - 2, b"\0") + EOI)
        if place + 64 < len(good) - 2:
            yield refused(f"{kind}, 64 zeros at {percent} % of its scan", patched(good, place, bytes(64)))


def _tailed(kind: str, good: bytes) -> Iterator[Item]:
    yield whole(f"{kind}, zeros behind", good + bytes(4096))
    yield whole(f"{kind}, noise behind", good + np.random.default_rng(3).bytes(4096))
    yield whole(f"{kind}, another behind", good + saved(picture(colours=((9, 9, 9),) * 4)))
    yield refused(f"{kind} behind noise", b"noise" + good)


def _headers(good: bytes) -> Iterator[Item]:
    """Frames: marker, length, precision at 4, height at 5, width at 7, components at 9 (ISO/IEC 10918-1, B.2.2)."""
    at = frame(good)
    for side in (65500, 30000):
        yield refused(f"{side} x {side}", patched(good, at + 5, struct.pack(">HH", side, side)), "megapixels")
    yield refused("no height", patched(good, at + 5, b"\0\0"))
    yield refused("no width", patched(good, at + 7, b"\0\0"))
    yield refused("taller than its data", patched(good, at + 5, struct.pack(">H", 640)))
    for count in (0, 2, 4, 255):
        yield refused(f"{count} components", patched(good, at + 9, bytes([count])))
    yield refused("12 bits", patched(good, at + 1, b"\xc1\x00\x11\x0c"), "12 bits")
    yield refused("16 bits", patched(good, at + 4, b"\x10"), "bits")
    for marker, words in {0xC3: "lossless", 0xC9: "arithmetic", 0xCA: "arithmetic", 0xC5: "", 0xCF: ""}.items():
        yield refused(f"frame of kind {marker:X}", patched(good, at + 1, bytes([marker])), words)
    yield refused("no frame", good[:at] + good[at + 19 :])
    yield refused("two frames", good[: at + 19] + good[at:])
    yield refused("no quantization", good.replace(b"\xff\xdb", b"\xff\xea"))
    yield refused("segment of no length", good[:2] + b"\xff\xe1\0\0" + good[2:])
    yield refused("segment beyond the end", good[:2] + b"\xff\xe1\xff\xff" + good[2:])
    for content in (b"", b"\xff", SOI, EOI, SOI + EOI, SOI * 2, SOI + b"\xff" * 4000, bytes(4096)):
        yield refused(f"{len(content)} bytes: {content[:4].hex()}", content)


def _scans(progressive: bytes) -> Iterator[Item]:
    """One scan repeated: a file of kilobytes that decodes for minutes."""
    last = progressive.rindex(b"\xff\xda")
    yield refused("3000 scans", progressive[:last] + progressive[last:-2] * 3000 + EOI)


def _fuzzed(good: bytes) -> Iterator[Item]:
    """Headers with bytes of chance: whole or refused, and nothing else."""
    chance = np.random.default_rng(11)
    for number in range(FUZZED):
        content = bytearray(good)
        for _ in range(FLIPS):
            content[chance.integers(2, scan(good))] = chance.integers(256)
        yield Item(f"fuzzed header {number}", bytes(content), "either")
