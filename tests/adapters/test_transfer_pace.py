"""What the bandwidth cap promises: its rate on average, nothing made good after a pause, and no wait without a cap."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kootenay.adapters.transfer.pace import BLOCK, BURST_SECONDS, Outgoing, Pace


@dataclass
class Clock:
    """Time that passes only when somebody sleeps, and then a little late."""

    now: float = 1000.0
    late: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds + self.late


def read_all(path: Path, pace: Pace) -> bytes:
    with Outgoing(path, pace) as source:
        return b"".join(iter(source.read, b""))


@pytest.mark.parametrize("late", [0, 0.001, 0.02], ids=lambda late: f"{late:g} s late")
@pytest.mark.parametrize("rate", [2_000, 100_000, 1_000_000])
def test_the_average_is_the_rate_within_a_few_percent(tmp_path: Path, rate: int, late: float) -> None:
    clock = Clock(late=late)
    content = bytes(rate * 10)
    (tmp_path / "photo").write_bytes(content)
    begun = clock.now
    assert read_all(tmp_path / "photo", Pace(rate, lambda: clock.now, clock.sleep)) == content
    assert clock.now - begun == pytest.approx(10, rel=0.03)


def test_no_second_carries_more_than_the_rate_and_one_burst() -> None:
    clock = Clock()
    pace = Pace(1000, lambda: clock.now, clock.sleep)
    pace.spend(100)
    clock.now += 3600
    begun = clock.now
    for _ in range(50):
        pace.spend(20)
    assert clock.now - begun >= 1 - BURST_SECONDS - 1e-6


def test_several_files_share_one_rate(tmp_path: Path) -> None:
    clock = Clock()
    pace = Pace(1000, lambda: clock.now, clock.sleep)
    begun = clock.now
    for name in "abcde":
        (tmp_path / name).write_bytes(bytes(2000))
        read_all(tmp_path / name, pace)
    assert clock.now - begun == pytest.approx(10, rel=0.03)


def test_a_slow_link_is_filled_evenly() -> None:
    assert Pace(10_000).most_at_once == 1000
    assert Pace(1).most_at_once == 1
    assert Pace(10e9).most_at_once == Pace(0).most_at_once == BLOCK


def test_without_a_cap_nobody_waits(tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(bytes(1_000_000))
    read_all(tmp_path / "photo", Pace(0, sleep=lambda _: pytest.fail("it slept")))
