"""Settings: the file shows every default, the environment wins, and a mistake is one line that names it."""

import os
import tomllib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, SecretStr, ValidationError

from kootenay.adapters.transfer.folder import FolderTarget
from kootenay.errors import SettingsError
from kootenay.rules.daylight import Site
from kootenay.rules.film_plan import Profile
from kootenay.settings import CHECKOUT, CameraSettings, Settings, load_settings, settings_file
from kootenay.wiring import catalog_of, target_of

Write = Callable[[str | bytes], Path]

SHOWN = CHECKOUT / "kootenay.toml"
SECRET = {"catalog.password", "upload.password"}


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("KOOTENAY_"):
            monkeypatch.delenv(name)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a settings file and point KOOTENAY_CONFIG to it."""
    path = tmp_path / "some.toml"
    monkeypatch.setenv("KOOTENAY_CONFIG", str(path))

    def to_file(content: str | bytes) -> Path:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return to_file


def mistake() -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert "Value error" not in message
    assert message.endswith("Nothing was started.")
    return message


def fields_of(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from fields_of(field.annotation, f"{prefix}{name}.")
        elif name == "cameras":
            yield from fields_of(CameraSettings, "cameras.lake.")
        else:
            yield prefix + name


def value_at(where: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        where = where[part] if isinstance(where, dict) else getattr(where, part)
    return where


def test_the_file_of_the_checkout_is_read_unless_another_is_named(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings_file() == write("")
    monkeypatch.delenv("KOOTENAY_CONFIG")
    assert settings_file() == SHOWN


def test_the_shown_file_does_the_same_as_an_empty_one(write: Write) -> None:
    write("")
    empty = load_settings()
    write(SHOWN.read_bytes())
    assert load_settings() == empty


def test_a_checkout_without_a_file_does_the_same_as_an_empty_one(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write("")
    empty = load_settings()
    monkeypatch.delenv("KOOTENAY_CONFIG")
    monkeypatch.setattr("kootenay.settings.CHECKOUT", tmp_path / "checkout")
    assert load_settings() == empty


def test_a_file_that_is_named_and_is_not_there_is_told(write: Write) -> None:
    path = write("")
    path.unlink()
    assert mistake() == f"{path} cannot be read: No such file or directory. Nothing was started."
    path.mkdir()
    assert mistake() == f"{path} cannot be read: Is a directory. Nothing was started."


@pytest.mark.parametrize("dotted", sorted(set(fields_of(Settings)) - SECRET))
def test_every_field_stands_in_the_shown_file_with_its_default(dotted: str, write: Write) -> None:
    write("")
    shown = value_at(tomllib.loads(SHOWN.read_text()), dotted)
    default = value_at(load_settings(), dotted)
    if isinstance(shown, list):
        default = [each.model_dump() if isinstance(each, BaseModel) else each for each in default]
    assert shown == (str(default) if isinstance(default, Path) else default)


def test_no_secret_stands_in_the_shown_file() -> None:
    shown = tomllib.loads(SHOWN.read_text())
    assert not [table for table in ("catalog", "upload") if "password" in shown[table]]
    assert set(fields_of(Settings)) >= SECRET


def test_the_schedules_run_in_the_default_sites_zone() -> None:
    table = yaml.safe_load((CHECKOUT / "prefect.yaml").read_text())
    zone = Settings.model_fields["site"].default.timezone
    assert table["definitions"]["zone"] == zone
    schedules = [schedule for each in table["deployments"] for schedule in each.get("schedules", [])]
    assert schedules
    assert {schedule["timezone"] for schedule in schedules} == {zone}


@pytest.mark.parametrize(
    ("file", "variable", "value", "dotted", "found"),
    [
        pytest.param('home="a"', "KOOTENAY_HOME", "b", "home", Path("b"), id="top"),
        pytest.param("[site]\nlatitude=1", "KOOTENAY_SITE__LATITUDE", "2.5", "site.latitude", 2.5, id="number"),
        pytest.param('[store]\nurl="file:a"', "KOOTENAY_STORE__URL", "s3://lake/", "store.url", "s3://lake/", id="url"),
        pytest.param("[ingest]\nwidths=[320]", "KOOTENAY_INGEST__WIDTHS", "[64]", "ingest.widths", (64,), id="list"),
        pytest.param(
            '[cameras.lake]\ntitle="a"', "KOOTENAY_CAMERAS__LAKE__TITLE", "b", "cameras.lake.title", "b", id="camera"
        ),
        pytest.param(
            '[cameras.lake]\nbands = []\n[cameras.lake.normal]\niso="100"',
            "KOOTENAY_CAMERAS__LAKE__NORMAL__ISO",
            "200",
            "cameras.lake.normal.iso",
            "200",
            id="cameras-own-key",
        ),
        pytest.param("[site]\nlatitude=1", "kootenay_site__latitude", "2", "site.latitude", 2, id="in-small-letters"),
        pytest.param("", "KOOTENAY_SITE", '{"latitude": 4}', "site.latitude", 4, id="table"),
        pytest.param("", "KOOTENAY_GALLERY__TITLE", "[the lake", "gallery.title", "[the lake", id="text-like-a-list"),
        pytest.param("", "KOOTENAY_CATALOG__PASSWORD", "s3cret", "catalog.password", SecretStr("s3cret"), id="secret"),
    ],
)
def test_the_environment_wins_over_the_file(
    write: Write, monkeypatch: pytest.MonkeyPatch, file: str, variable: str, value: str, dotted: str, found: Any
) -> None:
    write(file)
    before = value_at(load_settings(), dotted)
    monkeypatch.setenv(variable, value)
    assert value_at(load_settings(), dotted) == found != before


def test_a_variable_changes_its_own_key_and_leaves_the_files_others(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write('[site]\nlatitude = 1.5\nlongitude = 2.5\n[cameras.lake]\nport = "usb:001,004"')
    monkeypatch.setenv("KOOTENAY_SITE__LATITUDE", "3")
    monkeypatch.setenv("KOOTENAY_CAMERAS__LAKE__TITLE", "North shore")
    settings = load_settings()
    assert (settings.site.latitude, settings.site.longitude) == (3, 2.5)
    assert (settings.cameras["lake"].port, settings.cameras["lake"].title) == ("usb:001,004", "North shore")


def test_a_variable_of_a_whole_table_leaves_the_files_other_keys_and_gives_way_to_one_of_a_key(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("[site]\nlatitude = 1.5\nlongitude = 2.5")
    monkeypatch.setenv("KOOTENAY_SITE__LATITUDE", "4")
    monkeypatch.setenv("KOOTENAY_SITE", '{"latitude": 3, "timezone": "UTC"}')
    assert load_settings().site.place == Site(4, 2.5, "UTC")


def test_what_a_caller_passes_wins_over_all(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write('home = "a"')
    monkeypatch.setenv("KOOTENAY_HOME", "b")
    assert load_settings(home=Path("c")).home == Path("c")


@pytest.mark.parametrize(
    ("content", "key", "wrong"),
    [
        pytest.param("[stoer]", "stoer", "not permitted", id="unknown-table"),
        pytest.param('[store]\nurll = "x"', "store.urll", "not permitted", id="unknown-key"),
        pytest.param("[cameras.lake]\niso = 1", "cameras.lake.iso", "not permitted", id="unknown-camera-key"),
        pytest.param('[site]\ntimezone = "Mars/Base"', "site.timezone", "'Mars/Base' is not an IANA", id="zone"),
        pytest.param('[site]\ntimezone = "PDT"', "site.timezone", "'PDT' is not an IANA", id="abbreviated-zone"),
        pytest.param('[site]\ntimezone = "../UTC"', "site.timezone", "is not an IANA", id="zone-is-a-path"),
        pytest.param('[site]\ntimezone = ""', "site.timezone", "is not an IANA", id="empty-zone"),
        pytest.param("[site]\nlatitude = 90.1", "site.latitude", "less than or equal to 90", id="north-of-the-pole"),
        pytest.param("[site]\nlongitude = -181", "site.longitude", "equal to -180", id="west-of-the-date-line"),
        pytest.param("[site]\nlatitude = nan", "site.latitude", "90", id="no-number"),
        pytest.param('[upload]\ntarget = "scp://u@h/p"', "upload.target", "'scp://u@h/p' is neither", id="scp"),
        pytest.param('[upload]\ntarget = "sftp://h/p"', "upload.target", "sftp://user@host", id="sftp-without-user"),
        pytest.param('[upload]\ntarget = "sftp://u@h"', "upload.target", "sftp://user@host", id="sftp-without-path"),
        pytest.param('[upload]\ntarget = "file:"', "upload.target", "neither file:PATH", id="file-without-path"),
        pytest.param('[upload]\ntarget = "incoming"', "upload.target", "neither file:PATH", id="bare-path"),
        pytest.param('[upload]\ntarget = "file://host/p"', "upload.target", "neither file:PATH", id="file-of-a-host"),
        pytest.param('[upload]\ntarget = "ftp:///p"', "upload.target", "[user@]host", id="ftp-without-host"),
        pytest.param('[upload]\ntarget = "ftp://h:x/p"', "upload.target", "Port could not be", id="port-is-a-word"),
        pytest.param('[upload]\ntarget = "ftp://h/a%0Ab"', "upload.target", "is neither", id="ftp-of-two-lines"),
        pytest.param('[upload]\ntarget = "s3://"', "upload.target", "s3://bucket", id="upload-without-bucket"),
        pytest.param("[upload]\nkilobytes_per_second = -1", "upload.kilobytes", "equal to 0", id="negative-rate"),
        pytest.param('[store]\nurl = "ftp://h/p"', "store.url", "'ftp://h/p' is neither", id="ftp"),
        pytest.param('[store]\nurl = "s3://"', "store.url", "s3://bucket/prefix", id="s3-without-bucket"),
        pytest.param('[store]\nurl = "s3:///p"', "store.url", "s3://bucket/prefix", id="s3-with-prefix-only"),
        pytest.param('[catalog]\nurl = "postgresql://h/d"', "catalog.url", "sqlite:///PATH", id="postgresql"),
        pytest.param('[catalog]\nurl = "mysql://h/d"', "catalog.url", "mysql+pymysql://", id="mysql-by-another-driver"),
        pytest.param('[catalog]\nurl = "catalog.db"', "catalog.url", "sqlite:///PATH", id="catalog-bare-path"),
        pytest.param("[film]\nwidth = 1921", "film.width", "must be even", id="odd-film-width"),
        pytest.param("[film]\nheight = 1079", "film.height", "must be even", id="odd-film-height"),
        pytest.param("[film]\nwidth = 14", "film.width", "equal to 16", id="film-too-small"),
        pytest.param('[film]\npreset = "placebo"', "film.preset", "'veryfast'", id="unknown-preset"),
        pytest.param("[cameras.static]", "cameras.static", "the gallery's own addresses", id="reserved-static"),
        pytest.param("[cameras.media]", "cameras.media", "the gallery's own addresses", id="reserved-media"),
        pytest.param("[cameras.health]", "cameras.health", "the gallery's own addresses", id="reserved-health"),
        pytest.param("[cameras.Lake]", "cameras.Lake", "should match pattern", id="camera-in-capitals"),
        pytest.param("[cameras.'a/b']", "cameras.a/b", "should match pattern", id="camera-is-a-path"),
        pytest.param("[cameras.lake]\nevery_minutes = 0", "cameras.lake.every_minutes", "equal to 1", id="no-step"),
        pytest.param("[cameras.lake]\nthreshold = -19", "cameras.lake.threshold", "equal to -18", id="threshold"),
        pytest.param(
            '[cameras.lake]\nbands = [{ minutes = 15, set = { iso = "800" } }]',
            "cameras.lake",
            "bands set iso, which normal does not set back",
            id="a band's key that nothing sets back",
        ),
        pytest.param(
            "[cameras.lake]\nbands = [{ minutes = 15, set = {} }, { minutes = 15, set = {} }]",
            "cameras.lake",
            "15",
            id="two bands of one width",
        ),
        pytest.param(
            '[cameras.lake]\nport = "usb:001,004"\nserial = "7"', "cameras.lake", "give one", id="two ways to a camera"
        ),
        pytest.param('[cameras.lake]\ndriver = "command"', "cameras.lake", "{into}", id="a command that is missing"),
        pytest.param("[cameras.lake]\ndeadline_seconds = 60\nevery_minutes = 1", "cameras.lake", "slot", id="deadline"),
        pytest.param(
            '[cameras.lake]\ndriver = "usb"',
            "cameras.lake.driver",
            "'gphoto2', 'virtual', 'folder' or 'command'",
            id="driver",
        ),
        pytest.param('[ingest]\nincoming = "ftp://h/p"', "ingest.incoming", "neither a path nor s3://", id="incoming"),
        pytest.param('[ingest]\nincoming = "s3://"', "ingest.incoming", "s3://bucket", id="incoming-without-bucket"),
        pytest.param('[archive]\ncopy_to = "s3:///p"', "archive.copy_to", "s3://bucket", id="copy-without-bucket"),
        pytest.param("[archive]\nkeep_days = 30", "archive", "set copy_to", id="let-go-without-a-copy"),
        pytest.param('[archive]\ncopy_to = "archive"', "archive", "no second place", id="copy-is-the-archive"),
        pytest.param("[ingest]\nquality = 100", "ingest.quality", "equal to 95", id="quality"),
        pytest.param("[ingest]\nwidths = [640, 0]", "ingest.widths.1", "equal to 16", id="width"),
        pytest.param("[gallery]\nport = 65536", "gallery.port", "equal to 65535", id="port"),
        pytest.param("site = 3", "site", "dictionary", id="table-is-a-number"),
    ],
)
def test_a_mistake_is_one_line_with_the_file_the_key_and_what_is_wrong(
    write: Write, content: str, key: str, wrong: str
) -> None:
    path = write(content)
    message = mistake()
    assert message.startswith(f"{path} or KOOTENAY_*: {key}")
    assert wrong in message


def test_several_mistakes_are_told_at_once(write: Write) -> None:
    write("[film]\nwidth = 1921\nheight = 7\n[sit]\nlatitude = 1")
    message = mistake()
    assert all(f"{key}: " in message for key in ("film.width", "film.height", "sit"))


@pytest.mark.parametrize(
    ("variable", "value", "key"),
    [
        pytest.param("KOOTENAY_SITE__LATITUDE", "north", "site.latitude", id="number"),
        pytest.param("KOOTENAY_STORE__URLL", "file:x", "store.urll", id="unknown-key"),
        pytest.param("KOOTENAY_STOER__URL", "file:x", "stoer", id="unknown-table"),
        pytest.param("KOOTENAY_STORE__URL", "", "store.url", id="empty"),
        pytest.param("KOOTENAY_INGEST__WIDTHS", "640,320", "ingest.widths", id="list-that-is-no-json"),
        pytest.param("KOOTENAY_INGEST__WIDTHS", "[640,", "written as JSON, such as [640", id="list-without-an-end"),
        pytest.param("KOOTENAY_CAMERAS__LAKE__NORMAL", "iso=100", "cameras.lake.normal", id="table-that-is-no-json"),
    ],
)
def test_a_variables_mistake_names_the_environment_and_the_key(
    write: Write, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, key: str
) -> None:
    write("")
    monkeypatch.setenv(variable, value)
    message = mistake()
    assert "KOOTENAY_*: " in message
    assert key in message
    assert "TOML" not in message


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        pytest.param("[site\nlatitude = 1", "line 1", id="open-bracket"),
        pytest.param("[site]\nlatitude = north", "line 2", id="word-without-quotes"),
        pytest.param("[site]\nlatitude = 1\nlatitude = 2", "overwrite", id="key-twice"),
        pytest.param("[cameras.lake]\n[cameras.lake]", "twice", id="table-twice"),
        pytest.param(b"\xff\xfehome", "utf-8", id="another-encoding"),
    ],
)
def test_broken_toml_is_one_line_with_the_file_and_the_place(write: Write, content: str | bytes, wrong: str) -> None:
    path = write(content)
    message = mistake()
    assert message.startswith(f"{path} cannot be read as TOML: ")
    assert wrong in message


@pytest.mark.parametrize(
    ("url", "password"),
    [
        pytest.param("postgresql://lake:s3cret@h/d", None, id="in-a-refused-address"),
        pytest.param("sqlite:///catalog.db", "s3cret", id="in-the-environment"),
    ],
)
def test_the_catalogs_password_is_never_told(
    write: Write, monkeypatch: pytest.MonkeyPatch, url: str, password: str | None
) -> None:
    write(f'[catalog]\nurl = "{url}"')
    if password is None:
        assert "s3cret" not in mistake()
    else:
        monkeypatch.setenv("KOOTENAY_CATALOG__PASSWORD", password)
        assert "s3cret" not in repr(load_settings())
        assert "s3cret" not in load_settings().model_dump_json()


@pytest.mark.parametrize(
    "target",
    [
        "file:incoming",
        "file:/srv/incoming",
        "file:///srv/incoming",
        "file:a:b@c",
        "sftp://kim@host:2222/srv/in@coming",
        "ftp://host",
        "ftp://host:2121/incoming",
        "ftp://kim@host//srv/incoming",
        "ftps://kim@host/%2Fsrv/incoming",
        "s3://lake-photos",
        "s3://lake-photos/spool",
    ],
)
def test_an_upload_target_has_one_of_these_forms(write: Write, target: str) -> None:
    write(f'[upload]\ntarget = "{target}"')
    assert load_settings().upload.target == target


@pytest.mark.parametrize(
    "target",
    [
        "ftp://kim:s3cret@host/p",
        "ftps://kim:s3/cret@host/p",
        "sftp://kim:s3@cret@host:22/p",
        "scp://kim:s3cret@host/p",
        "s3://key:s3cret@bucket/p",
    ],
)
def test_a_password_in_an_upload_target_is_refused_and_never_told(write: Write, target: str) -> None:
    write(f'[upload]\ntarget = "{target}"')
    message = mistake()
    assert "upload.target: has a password in it: leave it out (user@host)" in message
    assert "KOOTENAY_UPLOAD__PASSWORD" in message
    assert "s3" not in message
    assert "cret" not in message


def test_the_uploads_password_comes_from_the_environment_and_is_never_told(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("")
    monkeypatch.setenv("KOOTENAY_UPLOAD__PASSWORD", "s3cret")
    settings = load_settings()
    assert settings.upload.password == SecretStr("s3cret")
    assert "s3cret" not in f"{settings!r}{settings.model_dump_json()}"


def test_a_file_targets_path_lies_in_home_unless_it_is_absolute(write: Write, tmp_path: Path) -> None:
    for target, folder in [
        ("in", tmp_path / "in"),
        (f"{tmp_path}/x", tmp_path / "x"),
        (f"//{tmp_path}/y", tmp_path / "y"),
    ]:
        write(f'home = "{tmp_path}"\n[upload]\ntarget = "file:{target}"')
        with target_of(load_settings()) as opened:
            assert isinstance(opened, FolderTarget)
            assert opened.incoming == folder


@pytest.mark.parametrize(
    ("home", "path", "found"),
    [
        pytest.param("var", "incoming", CHECKOUT / "var/incoming", id="relative-to-a-relative-home"),
        pytest.param("/srv/k", "incoming", Path("/srv/k/incoming"), id="relative-to-an-absolute-home"),
        pytest.param("var", "/data/in", Path("/data/in"), id="absolute"),
        pytest.param("var", "~/in", Path("/users/kim/in"), id="of-a-user"),
        pytest.param("~/k", "in", Path("/users/kim/k/in"), id="home-of-a-user"),
        pytest.param("~/k", "/in", Path("/in"), id="absolute-beside-a-users-home"),
    ],
)
def test_relative_paths_lie_in_home(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: str, path: str, found: Path
) -> None:
    monkeypatch.setenv("HOME", "/users/kim")
    monkeypatch.chdir(tmp_path)
    write(f'home = "{home}"\n[ingest]\nincoming = "{path}"')
    settings = load_settings()
    assert settings.path(settings.ingest.incoming) == settings.path(path) == found


def test_a_relative_sqlite_file_lies_in_home(write: Write, tmp_path: Path) -> None:
    write(f'home = "{tmp_path}/data"\n[catalog]\nurl = "sqlite:///deep/catalog.db"')
    catalog_of(load_settings())
    assert (tmp_path / "data/deep/catalog.db").is_file()


def test_several_cameras_may_stand_in_the_file(write: Write) -> None:
    write(
        '[cameras.lake]\n[cameras.north-2]\ntitle = "North"\nevery_minutes = 10\nbands = [{ minutes = 7.5, set = {} }]'
    )
    settings = load_settings()
    assert sorted(settings.cameras) == ["lake", "north-2"]
    north = settings.camera("north-2")
    assert (north.title, north.every, north.light_bands[0].span) == (
        "North",
        timedelta(minutes=10),
        timedelta(minutes=7.5),
    )


def test_an_unknown_camera_is_told_with_the_known_ones(write: Write) -> None:
    write("[cameras.north]\n[cameras.lake]")
    with pytest.raises(SettingsError, match=r"^no camera is called 'south'; kootenay.toml knows lake, north: add"):
        load_settings().camera("south")


def test_settings_become_the_rules_values(write: Write) -> None:
    write(
        '[site]\nlatitude = -13.8\nlongitude = -171.8\ntimezone = "Pacific/Apia"\n'
        '[film]\nwidth = 1280\nheight = 720\nfps = 24\ncrf = 18\npreset = "slow"'
    )
    settings = load_settings()
    assert settings.site.place == Site(-13.8, -171.8, "Pacific/Apia")
    assert settings.site.zone.key == "Pacific/Apia"
    assert settings.film.profile == Profile(1280, 720, 24, 18, "slow")


def test_the_default_film_is_the_default_profile(write: Write) -> None:
    write("")
    assert load_settings().film.profile == Profile()


def test_settings_do_not_change_once_read(write: Write) -> None:
    write("")
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.site.__setattr__("latitude", 1)
