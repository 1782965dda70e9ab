"""The site as visitors meet it: Debian's Chromium against `python -m gallery`, started and stopped for these tests."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from kootenay.adapters.catalog.tables import metadata
from kootenay.rules.gaps import CameraDay, Gap
from kootenay.rules.host_status import Backlog, HostStatus, StandingTrouble
from kootenay.rules.slots import SlotState

pytestmark = pytest.mark.real("chromium")

CHECKOUT = Path(__file__).parents[2]
START_SECONDS = 15
POLL = "00:31"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
Home = Any


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        yield chromium
        chromium.close()


class Server:
    """`python -m gallery` on a free port; it is stopped by its process, never by name."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        settings = {"KOOTENAY_HOME": str(folder), "KOOTENAY_GALLERY__PORT": str(port)}
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([sys.executable, "-m", "gallery"], cwd=CHECKOUT, env=os.environ | settings)

    def wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the gallery did not start"
            try:
                with urlopen(f"{self.url}/health", timeout=2) as answer:
                    assert answer.status == 200
                    return
            except (URLError, ConnectionError):
                time.sleep(0.05)
        pytest.fail(f"the gallery was not healthy within {START_SECONDS} s")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)


@pytest.fixture(scope="module")
def home_with_server(tmp_path_factory: pytest.TempPathFactory, make_home: Any) -> Iterator[tuple[Home, Server]]:
    folder = tmp_path_factory.mktemp("gallery")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KOOTENAY_CONFIG", os.devnull)
        home, server = make_home(folder), Server(folder)
        try:
            server.wait()
            yield home, server
        finally:
            server.stop()


@pytest.fixture
def home(home_with_server: tuple[Home, Server]) -> Home:
    """The home that the server shows, with nothing in it."""
    home, _ = home_with_server
    with home.catalog.engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    return home


@pytest.fixture
def site(home_with_server: tuple[Home, Server]) -> str:
    return home_with_server[1].url


def minutes_ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def new_page(browser: Browser, **options: Any) -> Page:
    return browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | options).new_page()


def troubles_of(page: Page) -> list[str]:
    """Return a list to which everything that goes wrong on the page will be added."""
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
    page.on("requestfailed", lambda request: troubles.append(f"failed: {request.url}"))
    page.on("response", lambda answer: answer.status >= 400 and troubles.append(f"{answer.status}: {answer.url}"))
    return troubles


def loaded(page: Page, image: str) -> bool:
    return bool(page.locator(image).first.evaluate("image => image.complete && image.naturalWidth > 0"))


def sideways(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def bad_day() -> HostStatus:
    """A camera that missed every other slot of the last hours, for reasons without a space to break a line at."""
    at = minutes_ago(600)
    slots = [at + number * timedelta(minutes=20) for number in range(9)]
    gaps = [Gap(slot, slot, 1, SlotState.MISSED, "hung" * 40) for slot in slots]
    today = CameraDay(at.date(), at, at + timedelta(hours=4), {SlotState.MISSED: 9}, {}, tuple(gaps))
    days = (replace(today, day=today.day - timedelta(days=1), gaps=tuple(gaps[:2])), today)
    trouble = StandingTrouble("camera", at, 9, "/var/lib/" + "spool/" * 40)
    return HostStatus("lake", minutes_ago(4), days, Backlog(9, 9, at, 1), 9, {"battery": "full" * 40}, at, (trouble,))


ROOMS = pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="desktop"),
        pytest.param(PHONE, id="phone"),
        pytest.param({"java_script_enabled": False}, id="no-javascript"),
        pytest.param({"viewport": {"width": 320, "height": 640}}, id="zoomed-to-400-percent"),
    ],
)


@ROOMS
def test_the_status_page_fits_and_its_gaps_open_without_a_script(
    browser: Browser, home: Home, site: str, options: dict[str, Any]
) -> None:
    home.add(minutes_ago(3))
    home.catalog.put_status(bad_day(), minutes_ago(0))
    page = new_page(browser, **options)
    troubles = troubles_of(page)
    page.goto(site)
    page.get_by_role("link", name="How the camera stands, day by day").click()
    page.wait_for_url("**/lake/status")
    assert sideways(page) <= 0
    assert page.locator(".strip .missed").first.bounding_box()["width"] >= 0.4  # type: ignore[index]
    hidden = page.get_by_text("hunghung").first
    expect(hidden).to_be_hidden()
    page.get_by_text("9 gaps, with the reason of each").focus()
    page.keyboard.press("Enter")
    expect(hidden).to_be_visible()
    assert sideways(page) <= 0
    assert troubles == []


@ROOMS
def test_every_page_loads_whole_and_without_a_word_of_complaint(
    browser: Browser, home: Home, site: str, options: dict[str, Any]
) -> None:
    photo = home.add(minutes_ago(3), boost=True)
    home.add(minutes_ago(3 + 24 * 60))
    home.add_film(photo.local_date.isoformat())
    page = new_page(browser, **options)
    troubles = troubles_of(page)
    for path, image in (("/", ".view img"), (f"/lake/{photo.local_date}", ".hour img")):
        page.goto(site + path, wait_until="networkidle")
        assert loaded(page, image)
        assert sideways(page) <= 0
    assert troubles == []
    page.goto(f"{site}/lake/1999-01-01")
    assert sideways(page) <= 0
    assert [each for each in troubles if not each.startswith("console")] == [f"404: {site}/lake/1999-01-01"]


def test_without_javascript_the_page_asks_again_by_itself(browser: Browser, home: Home, site: str) -> None:
    home.add(minutes_ago(3))
    page = new_page(browser, java_script_enabled=False)
    page.goto(site)
    assert page.locator('meta[http-equiv="refresh"]').get_attribute("content") == "300"


def test_a_new_photo_is_swapped_in_and_time_never_goes_back(browser: Browser, home: Home, site: str) -> None:
    home.add(minutes_ago(8))
    page = browser.new_page()
    page.clock.install()
    page.goto(site)
    older = page.content()
    newest = home.add(minutes_ago(3))
    page.clock.fast_forward(POLL)
    image = page.locator(".view img")
    expect(image).to_have_attribute("src", f"/media/{newest.renditions[-1].key}")
    expect(page.locator(".age")).to_have_text("3 minutes ago.")
    expect(page.locator(".days .count").first).to_have_text("2 photos")
    assert loaded(page, ".view img")
    title = page.title()
    page.route(f"{site}/", lambda route: route.fulfill(body=older, content_type="text/html"))
    with page.expect_response(f"{site}/"):
        page.clock.fast_forward(POLL)
    page.wait_for_timeout(200)
    assert image.get_attribute("src") == f"/media/{newest.renditions[-1].key}"
    assert page.title() == title


def test_the_first_photo_ever_appears_on_an_open_page(browser: Browser, home: Home, site: str) -> None:
    page = browser.new_page()
    page.clock.install()
    page.goto(site)
    expect(page.locator(".when")).to_have_text("No photo yet")
    home.add(minutes_ago(1))
    page.clock.fast_forward(POLL)
    expect(page.locator(".view img")).to_be_visible()


def test_an_open_page_says_when_it_cannot_reach_the_site(browser: Browser, home: Home, site: str) -> None:
    home.add(minutes_ago(1))
    page = browser.new_page()
    page.clock.install()
    page.goto(site)
    page.route(f"{site}/", lambda route: route.abort())
    page.clock.fast_forward(POLL)
    expect(page.locator(".note")).to_contain_text("cannot reach the site")
    assert loaded(page, ".view img")
    page.unroute_all()
    page.clock.fast_forward(POLL)
    expect(page.locator(".note")).to_contain_text("1 minute ago.")


def test_the_keyboard_reaches_the_day_and_shows_where_it_is(browser: Browser, home: Home, site: str) -> None:
    photo = home.add(minutes_ago(3))
    page = new_page(browser)
    page.goto(site)
    passed = []
    for _ in range(10):
        page.keyboard.press("Tab")
        focus = page.locator(":focus")
        passed.append(focus.get_attribute("class"))
        style = focus.evaluate("element => getComputedStyle(element).outline")
        assert "solid 3px" in style, f"{passed[-1]}: {style}"
        if passed[-1] == "more":
            break
    assert passed == ["skip", "site", "view", "more"]
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/lake/{photo.local_date}#*")
    expect(page.locator("a:target")).to_be_in_viewport()


def test_an_answer_on_a_kept_connection_is_not_held_back_by_nagle(home: Home, site: str) -> None:
    home.add(minutes_ago(3))
    connection = HTTPConnection(site.removeprefix("http://"), timeout=5)
    spans = []
    for _ in range(20):
        start = time.perf_counter()
        connection.request("GET", "/static/gallery.css")
        connection.getresponse().read()
        spans.append(time.perf_counter() - start)
    connection.close()
    assert min(spans[1:]) < 0.035


def test_dark_rooms_get_a_dark_page(browser: Browser, home: Home, site: str) -> None:
    home.add(minutes_ago(3))
    shades = {}
    for scheme in ("light", "dark"):
        page = new_page(browser, color_scheme=scheme)
        page.goto(site)
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        shades[scheme] = sum(int(each) for each in colour[4:-1].split(","))
    assert shades["dark"] < 150 < 600 < shades["light"]


def test_a_day_of_288_photos_loads_what_is_seen_and_never_shifts(browser: Browser, home: Home, site: str) -> None:
    noon = datetime(2026, 6, 21, 19, tzinfo=UTC)
    for index in range(288):
        home.add(noon + timedelta(minutes=5) * (index - 143), widths=(320,))
    for options in ({}, PHONE):
        page = new_page(browser, **options)
        requests: list[str] = []
        page.on("request", lambda request, seen=requests: seen.append(request.url))
        page.add_init_script(
            "window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach("
            "entry => window.shift += entry.value)).observe({type: 'layout-shift', buffered: true})"
        )
        page.goto(f"{site}/lake/2026-06-21", wait_until="networkidle")
        assert page.locator(".hour img").count() > 200
        assert len(requests) <= 40
        page.mouse.wheel(0, 3000)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.shift") < 0.01
        page.context.close()
