"""The pages: what they show, how they are cached, and what they say when there is nothing to show."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from gallery.app import create_app
from kootenay.adapters.catalog.tables import metadata
from kootenay.settings import load_settings

NOW = datetime(2026, 6, 21, 21, 8, tzinfo=UTC)
NEWEST = datetime(2026, 6, 21, 21, 5, tzinfo=UTC)
Home = Any


def visit(home: Home, now: Callable[[], datetime] = lambda: NOW, **options: Any) -> TestClient:
    return TestClient(create_app(home.settings, now), follow_redirects=False, **options)


def test_front_page_shows_the_latest_photo_its_time_and_its_age(home: Home) -> None:
    home.add(NEWEST - timedelta(minutes=5))
    newest = home.add(NEWEST)
    html = visit(home).get("/").text
    assert 'alt="The lake on 21 June 2026 at 14:05 PDT"' in html
    assert '<time data-live datetime="2026-06-21T14:05:00-07:00">' in html
    assert "3 minutes ago." in html
    assert "A new photo every 5 minutes of daylight." in html
    assert 'href="/lake/2026-06-21#20260621T210500Z">All 2 photos of this day' in html
    for rendition in newest.renditions:
        assert f"/media/{rendition.key} {rendition.width}w" in html
    assert 'width="1280" height="720"' in html


def test_camera_page_is_the_front_page_of_that_camera(home: Home) -> None:
    home.add(NEWEST)
    site = visit(home)
    assert site.get("/lake/").text == site.get("/").text
    assert site.get("/lake").headers["location"] == "/lake/"


def test_a_late_photo_that_arrives_now_is_not_the_latest(home: Home) -> None:
    home.add(NEWEST)
    home.add(NEWEST - timedelta(hours=3))
    assert "14:05 PDT" in visit(home).get("/").text


def test_recent_days_are_the_newest_fourteen_with_their_counts(home: Home) -> None:
    for day in range(16):
        home.add(NEWEST - timedelta(days=day), widths=(320,))
    home.add(NEWEST - timedelta(minutes=5), widths=(320,))
    listed = re.findall(r'<li><a href="/lake/([\d-]+)">.*?>([\d]+ photos?)<', visit(home).get("/").text)
    assert len(listed) == 14
    assert listed[:2] == [("2026-06-21", "2 photos"), ("2026-06-20", "1 photo")]


def test_several_cameras_are_one_link_apart(home: Home) -> None:
    cameras = {"lake": {"title": "The lake"}, "ridge": {"title": "The <ridge>"}}
    home.settings = load_settings(home=home.settings.home, cameras=cameras)
    home.add(NEWEST, camera="ridge")
    html = visit(home).get("/ridge/").text
    assert '<a href="/ridge/" aria-current="page">The &lt;ridge&gt;</a>' in html
    assert '<a href="/lake/">The lake</a>' in html


def test_without_any_photo_the_front_page_says_so(home: Home) -> None:
    answer = visit(home).get("/")
    assert answer.status_code == 200
    assert "No photo yet" in answer.text
    assert "no photo of it has arrived yet" in answer.text
    assert "<img" not in answer.text


def test_day_shows_every_photo_in_order_under_its_hour(home: Home) -> None:
    taken = [NEWEST - timedelta(minutes=minutes) for minutes in (0, 5, 65, 130)]
    photos = [home.add(each, boost=index == 3) for index, each in enumerate(taken)]
    html = visit(home).get("/lake/2026-06-21").text
    assert re.findall(r"<h3>([^<]+)</h3>", html) == ["11:00", "13:00", "14:00"]
    assert re.findall(r'alt="The lake at (\d\d:\d\d) PDT(, low light)?"', html) == [
        ("11:55", ", low light"), ("13:00", ""), ("14:00", ""), ("14:05", ""),
    ]  # fmt: skip
    assert f'href="/media/{photos[0].renditions[-1].key}"' in html
    assert f'src="/media/{photos[0].renditions[0].key}"' in html
    assert html.count('loading="lazy"') == html.count('width="640" height="360"') == 4
    assert "1280w" not in html
    assert "4 photos, 11:55 to 14:05 PDT" in html


def test_the_hour_that_comes_twice_is_shown_twice(home: Home) -> None:
    for hour in (8, 9):
        home.add(datetime(2026, 11, 1, hour, 30, tzinfo=UTC))
    html = visit(home).get("/lake/2026-11-01").text
    assert re.findall(r"<h3>([^<]+)</h3>", html) == ["01:00 PDT", "01:00 PST"]


def test_day_links_to_the_nearest_days_with_photos(home: Home) -> None:
    for days in (0, 3, 10):
        home.add(NEWEST - timedelta(days=days), widths=(320,))
    html = visit(home).get("/lake/2026-06-18").text
    assert '<link rel="prev" href="/lake/2026-06-11">' in html
    assert '<link rel="next" href="/lake/2026-06-21">' in html


def test_day_offers_its_film(home: Home) -> None:
    home.add(NEWEST)
    film = home.add_film("2026-06-21")
    html = visit(home).get("/lake/2026-06-21").text
    assert f'poster="/media/{film.poster_key}"' in html
    assert f'<source src="/media/{film.key}" type="video/mp4">' in html
    assert f'<a href="/media/{film.key}" download>' in html
    assert "98 photos in 8 seconds, without sound" in html


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        pytest.param("/lake/2026-06-19", 404, 'href="/lake/2026-06-21">Sunday 21 June 2026', id="no-photos"),
        pytest.param("/lake/2026-02-30", 400, "“2026-02-30” is not a day", id="no-such-date"),
        pytest.param("/lake/<b>", 400, "“&lt;b&gt;” is not a day", id="nonsense"),
        pytest.param("/river/", 404, "nothing at this address", id="no-such-camera"),
        pytest.param("/river", 404, "nothing at this address", id="no-such-camera-without-slash"),
        pytest.param("/river/2026-06-21", 404, "nothing at this address", id="day-of-no-camera"),
        pytest.param("/river/latest.jpg", 404, "nothing at this address", id="latest-of-no-camera"),
        pytest.param("/static/nothing.css", 404, "nothing at this address", id="no-such-asset"),
        pytest.param("/static/%2e%2e/app.py", 404, "nothing at this address", id="asset-traversal"),
        pytest.param("/a/b/c", 404, "nothing at this address", id="too-deep"),
        pytest.param("/docs", 404, "nothing at this address", id="no-api-docs"),
    ],
)
def test_what_is_not_there_is_said_on_a_page(home: Home, path: str, status: int, said: str) -> None:
    home.add(NEWEST)
    answer = visit(home).get(path)
    assert answer.status_code == status
    assert said in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_nothing_can_be_posted(home: Home) -> None:
    answer = visit(home).post("/")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/", "/lake/2026-06-21", "/health", "/lake/latest.jpg", "/nothing/"])
def test_every_answer_carries_the_security_headers(home: Home, path: str) -> None:
    home.add(NEWEST)
    headers = visit(home).get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"


def test_no_page_needs_what_the_policy_forbids(home: Home) -> None:
    home.add(NEWEST, boost=True)
    home.add_film("2026-06-21")
    for path in ("/", "/lake/2026-06-21", "/nothing/"):
        html = visit(home).get(path).text
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|<script(?![^>]*\ssrc=)", html)


def test_media_of_another_origin_are_let_in_and_not_served_twice(home: Home) -> None:
    store = {"url": "file:store", "public_url": "https://cdn.example/lake"}
    home.settings = load_settings(home=home.settings.home, store=store)
    newest = home.add(NEWEST)
    answer = visit(home).get("/")
    assert "img-src 'self' https://cdn.example;" in answer.headers["content-security-policy"]
    assert f'href="https://cdn.example/lake/{newest.renditions[-1].key}"' in answer.text


@pytest.mark.parametrize("path", ["/", "/lake/2026-06-21", "/static/gallery.css"])
def test_the_same_page_is_sent_once(home: Home, path: str) -> None:
    home.add(NEWEST)
    site = visit(home)
    first = site.get(path)
    assert first.headers["cache-control"] == "no-cache"
    for known in (first.headers["etag"], f'"other", {first.headers["etag"]}', "*"):
        again = site.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    assert site.get(path, headers={"If-None-Match": 'W/"other"'}).status_code == 200


def test_a_new_photo_changes_the_tag(home: Home) -> None:
    home.add(NEWEST - timedelta(minutes=5))
    site = visit(home)
    first = site.get("/").headers["etag"]
    home.add(NEWEST)
    assert site.get("/", headers={"If-None-Match": first}).status_code == 200


def test_head_is_answered_like_get(home: Home) -> None:
    home.add(NEWEST)
    answer = visit(home).head("/")
    assert answer.status_code == 200
    assert answer.headers["etag"]


def test_pages_are_compressed_for_those_who_ask(home: Home) -> None:
    home.add(NEWEST)
    for path in ("/", "/static/gallery.css"):
        assert visit(home).get(path, headers={"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"


def test_assets_are_cached_for_ever_under_the_address_the_pages_use(home: Home) -> None:
    site = visit(home)
    urls = re.findall(r'(?:href|src)="(/static/[^"]+)"', site.get("/").text)
    assert len(urls) == 3
    for url in urls:
        answer = site.get(url)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"].split(";")[0] in ("text/css", "text/javascript", "image/svg+xml")


def test_latest_jpg_leads_to_the_largest_rendition(home: Home) -> None:
    assert visit(home).get("/lake/latest.jpg").status_code == 404
    newest = home.add(NEWEST)
    answer = visit(home).get("/lake/latest.jpg")
    assert answer.status_code == 302
    assert answer.headers["location"] == f"/media/{newest.renditions[-1].key}"
    assert answer.headers["cache-control"] == "public, max-age=30"


def test_health_says_whether_the_catalog_answers(home: Home) -> None:
    site = visit(home)
    assert site.get("/health").json() == {"status": "ok"}
    metadata.drop_all(home.catalog.engine)
    answer = site.get("/health")
    assert (answer.status_code, answer.json()) == (503, {"status": "the catalog does not answer"})


def test_a_broken_catalog_is_a_calm_page(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    site = visit(home)
    metadata.drop_all(home.catalog.engine)
    for path in ("/", "/lake/2026-06-21", "/lake/latest.jpg"):
        answer = site.get(path)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "30"
        assert "asks again by itself" in answer.text
        assert "no such table" not in answer.text
    logged = [record.getMessage() for record in caplog.records if record.name == "gallery"]
    assert logged[0].startswith("/: the catalog does not answer: ")
    assert "no such table: photos" in logged[0]
    assert "\n" not in logged[0]
    assert len(logged) == 3


def test_a_mistake_of_ours_is_a_page_with_the_headers_too(home: Home) -> None:
    def broken() -> datetime:
        raise ZeroDivisionError

    answer = visit(home, broken, raise_server_exceptions=False).get("/")
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_words_in_an_address_never_reach_the_database(home: Home) -> None:
    seen: list[str] = []
    sa.event.listen(home.catalog.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    home.add(NEWEST)
    seen.clear()
    visit(home).get("/lake/2026-06-21")
    assert seen
    assert not [statement for statement in seen if "2026-06-21" in statement]
