"""What the store promises, be it a folder or a bucket: objects are written once, confirmed, and found again."""

import dataclasses
import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from kootenay.adapters.store import FolderStore, Latest, Store, open_store, pointer_key
from kootenay.errors import StoreError, StoreRefusedError, is_transient
from tests.adapters.conftest import jpeg
from tests.adapters.stores import FILM, KEY, NOON, client_at, faulty, latest, moto, new_bucket, photo, store_on

WRITERS = 20


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A strict server: conditional writes hold in a race too."""
    with moto() as target, faulty(target) as proxy:
        yield proxy.port


@pytest.fixture(scope="module")
def s3(port: int) -> Any:
    return client_at(port)


@pytest.fixture(params=["folder", "s3", "s3 below a prefix"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    s3 = request.getfixturevalue("s3")
    return store_on(s3, new_bucket(s3, request), "site/media/" if "prefix" in request.param else "")


@pytest.mark.parametrize(("key", "content"), [(KEY, jpeg()), (FILM, b"\0" * 300_000)], ids=["photo", "film"])
def test_what_was_put_is_got(store: Store, key: str, content: bytes) -> None:
    store.put(key, content)
    assert store.get(key) == content
    assert store.has(key)
    assert store.sha256(key) == hashlib.sha256(content).hexdigest()


def test_the_same_again_changes_nothing(store: Store) -> None:
    store.put(KEY, jpeg())
    store.put(KEY, jpeg())
    assert store.get(KEY) == jpeg()


def test_a_file_goes_and_comes_like_bytes(store: Store, tmp_path: Path) -> None:
    path, again = tmp_path / "film.mp4", tmp_path / "again.mp4"
    path.write_bytes(bytes(range(256)) * 20_000)
    for _ in range(2):
        store.put_file(FILM, path)
    store.fetch(FILM, again)
    assert again.read_bytes() == path.read_bytes() == store.get(FILM)
    path.write_bytes(b"others")
    with pytest.raises(StoreRefusedError, match="holds other bytes than its name says"):
        store.put_file(FILM, path)
    with pytest.raises(StoreRefusedError, match="the store has no"):
        store.fetch(KEY, again)


def test_other_bytes_under_the_same_name_are_refused_and_the_first_ones_stand(store: Store) -> None:
    store.put(KEY, jpeg(colour=(1, 2, 3)))
    with pytest.raises(StoreRefusedError, match="holds other bytes than its name says; it was left alone") as caught:
        store.put(KEY, jpeg(colour=(3, 2, 1)))
    assert KEY in str(caught.value)
    assert not is_transient(caught.value)
    assert store.get(KEY) == jpeg(colour=(1, 2, 3))


def test_an_object_that_is_not_there_is_named(store: Store) -> None:
    store.put(FILM, b"film")
    with pytest.raises(StoreRefusedError, match="the store has no") as caught:
        store.get(KEY)
    assert KEY in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not store.has(KEY)
    assert store.sha256(KEY) is None


def test_a_photo_is_put_at_once_and_may_be_again(store: Store) -> None:
    store.put_all(photo())
    store.put_all(photo())
    assert {key: store.get(key) for key in photo()} == photo()
    assert dict(store.list()) == {key: len(content) for key, content in photo().items()}


def test_many_photos_at_once_all_arrive(store: Store) -> None:
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda number: store.put_all(photo(number)), range(16)))
    for number in range(16):
        assert {key: store.get(key) for key in photo(number)} == photo(number)


def test_one_object_that_fails_is_told_when_the_others_are_there(store: Store) -> None:
    first, *others = photo()
    store.put(first, b"other bytes")
    with pytest.raises(StoreRefusedError, match="other bytes"):
        store.put_all(photo())
    assert store.get(first) == b"other bytes"
    assert {key: store.get(key) for key in others} == {key: photo()[key] for key in others}


def test_a_listing_has_what_begins_so_and_no_pointers(store: Store) -> None:
    for key in ("lake/a.jpg", "lake/b/c.jpg", "lakeside/d.jpg", "pier/e.mp4"):
        store.put(key, key.encode())
    store.point_latest("lake", latest(0))
    assert dict(store.list()) == {"lake/a.jpg": 10, "lake/b/c.jpg": 12, "lakeside/d.jpg": 14, "pier/e.mp4": 10}
    assert dict(store.list("lake/")) == {"lake/a.jpg": 10, "lake/b/c.jpg": 12}
    assert dict(store.list("lake")) == {"lake/a.jpg": 10, "lake/b/c.jpg": 12, "lakeside/d.jpg": 14}
    assert dict(store.list("lake/b/c")) == {"lake/b/c.jpg": 12}
    assert dict(store.list("nothing/there")) == {}


def test_a_listing_may_be_of_what_was_written_before_an_instant(store: Store) -> None:
    store.put_all(photo())
    written = datetime.now(UTC)
    assert dict(store.list("", written - timedelta(minutes=1))) == {}
    assert dict(store.list("", written + timedelta(minutes=1))) == dict(store.list())


def test_what_was_deleted_is_gone_and_may_be_deleted_again_and_put_again(store: Store) -> None:
    store.put_all(photo())
    first, *others = photo()
    store.delete([first, KEY])
    store.delete([first, KEY])
    assert sorted(key for key, _ in store.list()) == sorted(others)
    store.put(first, photo()[first])
    assert store.has(first)
    store.delete([])


@pytest.mark.parametrize(
    "key",
    [
        "../secret.jpg",
        "lake/../../secret.jpg",
        "/etc/secret.jpg",
        "lake//secret.jpg",
        "./secret.jpg",
        "lake/.hidden.jpg",
        "lake/a\nb.jpg",
        "lake\\..\\secret.jpg",
        "lake/a b.jpg",
        "lake/sécret.jpg",
        "lake/a.txt",
        "lake/a",
        "lake/",
        "",
        f"{'a' * 250}.jpg",
        f"{'a/' * 500}b.jpg",
    ],
)
def test_a_key_leads_nowhere_else(store: Store, tmp_path: Path, key: str) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    touches = (
        lambda: store.put(key, b"x"),
        lambda: store.put_all({key: b"x"}),
        lambda: store.get(key),
        lambda: store.has(key),
        lambda: store.sha256(key),
        lambda: store.delete([key]),
    )
    for touch in touches:
        with pytest.raises(StoreRefusedError, match="is no key") as caught:
            touch()
        assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["secret.jpg"]


@pytest.mark.parametrize("prefix", ["..", "../", "/", "/etc", "lake/../..", ".hidden"])
def test_a_listing_leads_nowhere_else(store: Store, prefix: str) -> None:
    with pytest.raises(StoreRefusedError, match="no key begins with"):
        list(store.list(prefix))


def test_the_pointer_names_the_newest_photo_and_does_not_go_back(store: Store) -> None:
    assert store.latest("lake") is None
    assert store.point_latest("lake", latest(5))
    assert store.latest("lake") == latest(5)
    assert not store.point_latest("lake", latest(4))
    assert store.latest("lake") == latest(5)
    assert store.point_latest("lake", latest(6))
    assert store.latest("lake") == latest(6)
    assert store.latest("pier") is None


def test_the_pointer_of_the_same_photo_may_be_written_again_and_corrected(store: Store) -> None:
    assert store.point_latest("lake", latest(5))
    assert store.point_latest("lake", latest(5))
    assert store.point_latest("lake", latest(5, width=640))
    assert store.latest("lake") == latest(5, width=640)


def test_a_pointer_that_was_deleted_begins_anew(store: Store) -> None:
    store.point_latest("lake", latest(500_000))
    store.delete([pointer_key("lake")])
    assert store.latest("lake") is None
    assert store.point_latest("lake", latest(5))


def test_a_pointer_keeps_instants_whatever_their_zone(store: Store) -> None:
    summer = timezone(timedelta(hours=-7))
    assert store.point_latest("lake", dataclasses.replace(latest(5), taken_at=latest(5).taken_at.astimezone(summer)))
    assert store.latest("lake") == latest(5)
    assert not store.point_latest("lake", Latest((NOON + timedelta(minutes=4)).astimezone(summer), ()))


def test_writers_who_race_never_turn_the_pointer_back(store: Store) -> None:
    """Each writes older and newer photos; whoever reads meanwhile never sees time go back."""
    begin, ended, seen = threading.Barrier(WRITERS + 1), threading.Event(), []

    def write(number: int) -> bool:
        begin.wait()
        return store.point_latest("lake", latest(number * 7 % WRITERS))

    def read() -> None:
        begin.wait()
        while not ended.is_set():
            seen.append(store.latest("lake"))

    with ThreadPoolExecutor(WRITERS + 1) as threads:
        reader = threads.submit(read)
        written = list(threads.map(write, range(WRITERS)))
        ended.set()
        reader.result()
    assert store.latest("lake") == latest(WRITERS - 1)
    assert written[next(number for number in range(WRITERS) if number * 7 % WRITERS == WRITERS - 1)]
    instants = [each.taken_at for each in seen if each]
    assert instants == sorted(instants)
    first = next((number for number, each in enumerate(seen) if each), len(seen))
    assert all(seen[first:]), "once there is a pointer there always is one"


@pytest.mark.parametrize(
    ("url", "public_url", "address"),
    [
        pytest.param("file:store", "", "/media/a/b.jpg", id="folder: the gallery's own"),
        pytest.param("file:store", "https://cdn.example/", "https://cdn.example/a/b.jpg", id="folder elsewhere"),
        pytest.param("s3://lake", "", "https://lake.s3.amazonaws.com/a/b.jpg", id="bucket"),
        pytest.param("s3://lake/x/y", "", "https://lake.s3.amazonaws.com/x/y/a/b.jpg", id="bucket and prefix"),
        pytest.param("s3://lake/x/", "", "https://lake.s3.amazonaws.com/x/a/b.jpg", id="bucket and prefix, a slash"),
        pytest.param("s3://lake/x", "https://cdn.example", "https://cdn.example/a/b.jpg", id="bucket behind a CDN"),
    ],
)
def test_an_address_is_known_without_asking_anybody(tmp_path: Path, url: str, public_url: str, address: str) -> None:
    store = open_store(url, tmp_path, public_url, lambda: pytest.fail("it connected"))
    assert store.url("a/b.jpg") == address


def test_an_error_says_that_the_store_is_what_failed() -> None:
    assert issubclass(StoreRefusedError, StoreError)
    assert is_transient(StoreError("away"))
