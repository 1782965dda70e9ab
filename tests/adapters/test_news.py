"""What the news promise: nothing is told twice, nothing is lost while nobody can be told."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kootenay.adapters.host_db import HostDatabase
from kootenay.adapters.news import News
from kootenay.rules.alerts import Patience, Telling, Trouble
from tests.adapters.conftest import start_python

NOW = datetime(2026, 6, 21, 20, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PATIENCE = Patience(first=15 * MINUTE, again=60 * MINUTE)
AT_ONCE = Patience(timedelta(), 60 * MINUTE)

TELLER = """
import sys
from datetime import timedelta
from pathlib import Path
from kootenay.adapters.host_db import HostDatabase
from kootenay.adapters.news import News
from kootenay.rules.alerts import Patience
from tests.adapters.test_news import NOW

news = News(HostDatabase(Path(sys.argv[1])))
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    news.trouble("lake", "camera", "hung", NOW, Patience(timedelta(), timedelta(hours=1)))
    news.tell("lake", "guard", f"{sys.argv[2]}-{number}", "taken by the guard", NOW)
    news.refused("a photo", "no")
print("done")
"""


@pytest.fixture
def news(tmp_path: Path) -> News:
    return News(HostDatabase(tmp_path / "ledger.db"))


def told(news: News) -> list[tuple[str, str]]:
    return [(item.kind, item.name) for item in news.waiting()]


def live(news: News, minutes: Sequence[float], patience: Patience = PATIENCE) -> list[Telling | None]:
    """Meet a trouble at those minutes."""
    return [news.trouble("lake", "camera", f"hung at {at}", NOW + at * MINUTE, patience) for at in minutes]


def test_a_trouble_its_reminder_and_its_end_are_told_once_each_and_in_order(news: News) -> None:
    found = live(news, [0, 5, 15, 20, 75, 80])
    assert found == [None, None, Telling.ALERT, None, Telling.REMINDER, None]
    assert news.well("lake", "camera", NOW + 90 * MINUTE) is Telling.RECOVERED
    assert news.well("lake", "camera", NOW + 95 * MINUTE) is None
    assert [(item.camera, item.kind, item.name, item.at, item.words) for item in news.waiting()] == [
        ("lake", "alert", "camera", NOW + 15 * MINUTE, "since 2026-06-21 20:00 UTC: hung at 15"),
        ("lake", "reminder", "camera", NOW + 75 * MINUTE, "since 2026-06-21 20:00 UTC: hung at 75"),
        ("lake", "recovered", "camera", NOW + 90 * MINUTE, "after 90 min: hung at 80"),
    ]


def test_nothing_is_told_of_a_short_trouble_nor_of_its_end(news: News) -> None:
    live(news, [0, 14])
    assert news.well("lake", "camera", NOW + 20 * MINUTE) is None
    assert news.waiting() == []
    assert news.standing("lake", "camera") is None


def test_a_trouble_that_comes_back_is_a_new_one(news: News) -> None:
    live(news, [0, 15])
    news.well("lake", "camera", NOW + 16 * MINUTE)
    assert live(news, [20, 34, 35]) == [None, None, Telling.ALERT]
    assert news.standing("lake", "camera") == Trouble(NOW + 20 * MINUTE, 3, "hung at 35", told_at=NOW + 35 * MINUTE)


def test_a_trouble_stands_across_processes(news: News) -> None:
    live(news, [0, 5])
    other = News(HostDatabase(news.database.path))
    assert other.standing("lake", "camera") == Trouble(NOW, 2, "hung at 5")
    assert live(other, [15]) == [Telling.ALERT]
    assert live(news, [16]) == [None]


def test_troubles_of_other_names_and_cameras_stand_apart(news: News) -> None:
    for camera, name in (("lake", "camera"), ("pier", "camera"), ("lake", "card"), ("", "disk")):
        assert news.trouble(camera, name, "bad", NOW, AT_ONCE) is Telling.ALERT
    news.well("lake", "camera", NOW)
    assert news.standing("lake", "camera") is None
    assert all(news.standing(*which) for which in (("pier", "camera"), ("lake", "card"), ("", "disk")))
    assert len(news.waiting()) == 5


def test_well_without_a_trouble_writes_nothing(news: News) -> None:
    assert news.well("lake", "camera", NOW) is None
    assert news.waiting() == []


@settings(max_examples=15, deadline=None)
@given(names=st.lists(st.sampled_from("abc"), max_size=6), data=st.data())
def test_told_removes_exactly_what_was_told(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], data: st.DataObject
) -> None:
    news = News(HostDatabase(tmp_path_factory.mktemp("news") / "ledger.db"))
    for name in names:
        news.tell("lake", "guard", name, "taken by the guard", NOW)
    waiting = news.waiting()
    assert [item.name for item in waiting] == names
    brought = data.draw(st.lists(st.sampled_from(waiting) if waiting else st.nothing(), unique=True))
    news.tell("lake", "guard", "meanwhile", "taken by the guard", NOW)
    news.told(brought)
    news.told(brought)
    left = [item.name for item in waiting if item not in brought]
    assert [item.name for item in news.waiting()] == [*left, "meanwhile"]


def test_news_that_come_after_all_was_told_are_not_taken_for_told(news: News) -> None:
    news.tell("lake", "guard", "first", "taken by the guard", NOW)
    brought = news.waiting()
    news.told(brought)
    news.tell("lake", "guard", "second", "taken by the guard", NOW)
    news.told(brought)
    assert [item.name for item in news.waiting()] == ["second"]


def test_a_mark_is_when_something_was_last_done(news: News) -> None:
    assert news.marked("power lake") is None
    news.mark("power lake", NOW)
    news.mark("power lake", NOW + MINUTE)
    news.mark("power pier", NOW)
    assert News(HostDatabase(news.database.path)).marked("power lake") == NOW + MINUTE
    assert news.marked("power pier") == NOW


def test_refusals_are_counted_by_photo_and_forgotten_when_it_is_taken(news: News) -> None:
    assert [news.refused("a", "no") for _ in range(3)] == [1, 2, 3]
    assert news.refused("b", "no") == 1
    news.accepted("a")
    news.accepted("never refused")
    assert news.refused("a", "no") == 1
    assert news.refused("b", "no") == 2


def test_several_processes_tell_at_once_and_an_alert_goes_out_once(news: News) -> None:
    tellers = [start_python(TELLER, news.database.path, number) for number in range(3)]
    for teller in tellers:
        assert teller.stdout is not None
        assert teller.stdout.readline() == "ready\n"
    for teller in tellers:
        assert teller.stdin is not None
        teller.stdin.write("go\n")
        teller.stdin.flush()
    for teller in tellers:
        with teller:
            assert teller.communicate(timeout=60)[0] == "done\n"
    assert told(news).count(("alert", "camera")) == 1
    for number in range(3):
        mine = [name for kind, name in told(news) if kind == "guard" and name.startswith(f"{number}-")]
        assert mine == [f"{number}-{each}" for each in range(20)]
    assert len(news.waiting()) == 61
    standing = news.standing("lake", "camera")
    assert standing is not None
    assert standing.count == 60
    assert news.refused("a photo", "no") == 61


def test_the_troubles_of_a_camera_are_its_own_and_stand_until_they_are_over(news: News) -> None:
    for camera, name in (("lake", "camera"), ("lake", "clock"), ("", "disk"), ("lake", "camera")):
        news.trouble(camera, name, f"the {name}", NOW, PATIENCE)
    assert news.troubles("lake") == {"camera": Trouble(NOW, 2, "the camera"), "clock": Trouble(NOW, 1, "the clock")}
    assert list(news.troubles("")) == ["disk"]
    news.well("lake", "camera", NOW)
    assert list(news.troubles("lake")) == ["clock"]
    assert news.troubles("ridge") == {}
