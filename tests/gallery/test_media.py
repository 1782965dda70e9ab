"""Media of a folder store: whole, in parts, for ever, and nothing from outside the store."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from gallery.app import create_app
from gallery.files import Media
from kootenay.adapters.store import Latest, LatestSize

NEWEST = datetime(2026, 6, 21, 21, 5, tzinfo=UTC)
Home = Any


def test_a_photo_is_served_with_its_type_for_ever(home: Home) -> None:
    photo = home.add(NEWEST)
    answer = TestClient(create_app(home.settings)).get(f"/media/{photo.renditions[0].key}")
    assert answer.status_code == 200
    assert answer.content == home.store.get(photo.renditions[0].key)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_pointer_is_served_for_a_moment(home: Home) -> None:
    photo = home.add(NEWEST)
    size = photo.renditions[0]
    home.store.point_latest("lake", Latest(NEWEST, (LatestSize(size.width, size.height, size.key),)))
    site = TestClient(create_app(home.settings))
    answer = site.get("/media/latest/lake.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=30, stale-while-revalidate=60"
    assert site.get(f"/media/{answer.json()['sizes'][0]['key']}").content == home.store.get(size.key)
    assert site.get("/media/latest/.lake.json.lock").status_code == 404


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        pytest.param("bytes=0-99", 206, slice(0, 100), id="start"),
        pytest.param("bytes=4000-", 206, slice(4000, 5000), id="rest"),
        pytest.param("bytes=-10", 206, slice(4990, 5000), id="end"),
        pytest.param("bytes=9999-", 416, None, id="past-the-end"),
    ],
)
def test_a_film_is_served_in_parts_and_never_compressed(
    home: Home, wanted: str, status: int, part: slice | None
) -> None:
    content = bytes(range(250)) * 20
    film = home.add_film("2026-06-21", content)
    site = TestClient(create_app(home.settings))
    answer = site.get(f"/media/{film.key}", headers={"Range": wanted, "Accept-Encoding": "gzip"})
    assert answer.status_code == status
    if part:
        assert answer.content == content[part]
        assert answer.headers["content-range"] == f"bytes {part.start}-{part.stop - 1}/5000"
        assert answer.headers["content-type"] == "video/mp4"
        assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/media/../catalog.db", id="up"),
        pytest.param("/media/%2e%2e/catalog.db", id="up-encoded"),
        pytest.param("/media/..%2fcatalog.db", id="slash-encoded"),
        pytest.param("/media/%252e%252e/secret.jpg", id="encoded-twice"),
        pytest.param("/media/lake/%2e%2e/%2e%2e/secret.jpg", id="up-from-below"),
        pytest.param("/media//secret.jpg", id="double-slash"),
        pytest.param("/media/%2fetc/passwd", id="absolute"),
        pytest.param("/media/..%5csecret.jpg", id="backslash"),
        pytest.param("/media/secret.jpg%00.jpg", id="null-byte"),
        pytest.param("/media/link.jpg", id="link-to-outside"),
        pytest.param("/media/out/secret.jpg", id="folder-link-to-outside"),
        pytest.param("/media/.hidden.jpg", id="dot-file"),
        pytest.param("/media/notes.txt", id="no-medium"),
        pytest.param("/media/lake", id="folder"),
        pytest.param("/media/", id="root"),
        pytest.param(f"/media/{'a' * 5000}.jpg", id="name-too-long"),
        pytest.param("/media/nothing.jpg", id="missing"),
    ],
)
def test_nothing_but_the_stores_own_media_is_served(home: Home, path: str) -> None:
    home.add(NEWEST)
    root = home.store.root
    outside = home.settings.path("secret.jpg")
    outside.write_bytes(b"secret")
    (root / "link.jpg").symlink_to(outside)
    (root / "out").symlink_to(outside.parent)
    (root / ".hidden.jpg").write_bytes(b"secret")
    (root / "notes.txt").write_bytes(b"secret")
    answer = TestClient(create_app(home.settings)).get(path)
    assert answer.status_code in (400, 404)
    assert b"secret" not in answer.content


def test_a_key_that_climbs_out_has_no_file(home: Home) -> None:
    home.settings.path("secret.jpg").write_bytes(b"secret")
    home.add(NEWEST)
    media = Media(home.store.root)
    assert media.path_of("../secret.jpg") is None
    assert media.path_of(str(home.settings.path("secret.jpg"))) is None
