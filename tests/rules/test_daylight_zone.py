"""A longitude and a zone that cannot both be right are told; no place on earth is accused."""

import re
from collections.abc import Iterator
from importlib.resources import files

import pytest

from kootenay.rules.daylight import Site, zone_mismatch


def degrees(text: str) -> float:
    """Given ISO 6709's ±DDMM, ±DDDMM, ±DDMMSS or ±DDDMMSS, return degrees."""
    sign, whole, minutes, seconds = re.fullmatch(r"([+-])(\d{2}|\d{3})(\d{2})(\d{2})?", text).groups()  # type: ignore[union-attr]
    return (-1 if sign == "-" else 1) * (int(whole) + int(minutes) / 60 + int(seconds or 0) / 3600)


def principal_places() -> Iterator[Site]:
    """Yield the principal place of each zone of each country, by the zone database's own table."""
    for line in (files("tzdata") / "zoneinfo" / "zone.tab").read_text().splitlines():
        if not line.startswith("#"):
            _, place, zone, *_ = line.split("\t")
            latitude, longitude = re.findall(r"[+-]\d+", place)
            yield Site(degrees(latitude), degrees(longitude), zone)


def test_no_place_of_the_zone_table_is_accused() -> None:
    places = list(principal_places())
    assert len(places) > 400
    assert [place for place in places if zone_mismatch(place)] == []


@pytest.mark.parametrize(
    "site",
    [
        pytest.param(Site(49.8672, -118.00737, "America/Vancouver"), id="the-lake"),
        pytest.param(Site(39.47, 75.99, "Asia/Shanghai"), id="kashgar"),
        pytest.param(Site(39.38, 73.95, "Asia/Shanghai"), id="the-westernmost-border-of-china"),
        pytest.param(Site(1.8721, -157.4278, "Pacific/Kiritimati"), id="kiritimati"),
        pytest.param(Site(-13.8333, -171.7667, "Pacific/Apia"), id="samoa"),
        pytest.param(Site(-14.2756, -170.7020, "Pacific/Pago_Pago"), id="american-samoa"),
        pytest.param(Site(-21.1393, -175.2049, "Pacific/Tongatapu"), id="tonga"),
        pytest.param(Site(-43.95, -176.55, "Pacific/Chatham"), id="chatham"),
        pytest.param(Site(-16.78, -179.99, "Pacific/Fiji"), id="fiji-over-the-meridian"),
        pytest.param(Site(52.92, 172.44, "America/Adak"), id="attu-over-the-meridian"),
        pytest.param(Site(63.78, -171.74, "America/Nome"), id="gambell"),
        pytest.param(Site(65.78, -169.06, "Asia/Anadyr"), id="big-diomede"),
        pytest.param(Site(65.50, -24.53, "Atlantic/Reykjavik"), id="western-iceland"),
        pytest.param(Site(42.88, -9.27, "Europe/Madrid"), id="western-spain"),
        pytest.param(Site(52.10, -10.27, "Europe/Dublin"), id="western-ireland-whose-winter-is-its-saving"),
        pytest.param(Site(33.60, -7.63, "Africa/Casablanca"), id="morocco-whose-ramadan-is-its-saving"),
        pytest.param(Site(68.71, -52.87, "America/Nuuk"), id="western-greenland"),
        pytest.param(Site(-50.34, -72.26, "America/Argentina/Rio_Gallegos"), id="el-calafate"),
        pytest.param(Site(64.06, -139.43, "America/Dawson"), id="dawson"),
        pytest.param(Site(-54.50, 158.94, "Antarctica/Macquarie"), id="macquarie"),
        pytest.param(Site(-72.01, 2.535, "Antarctica/Troll"), id="troll"),
        pytest.param(Site(-90, 0, "Pacific/Auckland"), id="south-pole-on-new-zealands-time"),
        pytest.param(Site(27.70, 85.32, "Asia/Kathmandu"), id="kathmandu"),
    ],
)
def test_a_real_place_is_not_accused(site: Site) -> None:
    assert zone_mismatch(site) is None


@pytest.mark.parametrize(
    ("site", "words"),
    [
        pytest.param(
            Site(49.8672, 118.0, "America/Vancouver"),
            "longitude 118.0 lies 15.9 h from America/Vancouver: is its sign wrong?", id="east-for-west",
        ),
        pytest.param(
            Site(-33.87, -151.21, "Australia/Sydney"),
            "longitude -151.21 lies 20.1 h from Australia/Sydney: is its sign wrong?", id="west-for-east",
        ),
        pytest.param(
            Site(21.31, 157.86, "Pacific/Honolulu"),
            "longitude 157.86 lies 20.5 h from Pacific/Honolulu: is its sign wrong?", id="short-of-the-date-line",
        ),
        pytest.param(
            Site(-74.07, 4.71, "America/Bogota"),
            "longitude 4.71 lies 5.3 h from America/Bogota: are latitude and longitude swapped?", id="swapped",
        ),
        pytest.param(
            Site(35.68, 139.69, "Europe/London"),
            "longitude 139.69 lies 9.3 h from Europe/London: which of the two is wrong?", id="zone-of-the-server",
        ),
        pytest.param(
            Site(-77.85, 0, "Antarctica/McMurdo"),
            "longitude 0 lies 12.0 h from Antarctica/McMurdo: which of the two is wrong?", id="longitude-never-written",
        ),
    ],
)  # fmt: skip
def test_a_longitude_far_from_its_zone_is_told_with_what_is_probably_wrong(site: Site, words: str) -> None:
    assert zone_mismatch(site) == words
