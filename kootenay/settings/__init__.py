"""Settings: kootenay.toml, then the environment. Read once at the edge (a flow, the gallery) and passed down.

The environment wins: `KOOTENAY_STORE__URL=s3://lake/` is `[store] url`. Every default works on one machine.
"""

import json
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from kootenay.errors import SettingsError
from kootenay.rules.daylight import Site
from kootenay.rules.film_plan import FAULTY, Profile
from kootenay.rules.keeping import Policy
from kootenay.rules.naming import CAMERA_NAME, RESERVED
from kootenay.rules.quality import Flag
from kootenay.settings.camera_host import CameraSettings, SpoolSettings, UploadSettings
from kootenay.settings.section import Section

__all__ = ["CHECKOUT", "CameraName", "CameraSettings", "Settings", "load_settings", "settings_file"]

CHECKOUT = Path(__file__).resolve().parents[2]


def _even(pixels: int) -> int:
    if pixels % 2:
        msg = "must be even (4:2:0 video has half as many colour samples)"
        raise ValueError(msg)
    return pixels


def _path_or_bucket(where: str) -> str:
    if "://" in where and not re.match(r"s3://[^/]", where):
        msg = f"{where!r} is neither a path nor s3://bucket/prefix"
        raise ValueError(msg)
    return where


EvenPixels = Annotated[int, Field(ge=16, le=7680), AfterValidator(_even)]


class SiteSettings(Section):
    """Where the cameras stand."""

    latitude: float = Field(49.8672, ge=-90, le=90)
    longitude: float = Field(-118.00737, ge=-180, le=180)
    timezone: str = "America/Vancouver"

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key
        except (LookupError, OSError, ValueError):
            msg = f"{name!r} is not an IANA time zone such as 'Europe/Paris'"
            raise ValueError(msg) from None

    @property
    def place(self) -> Site:
        return Site(self.latitude, self.longitude, self.timezone)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class IngestSettings(Section):
    """How the server takes photos in: where they arrive, sizes in pixels of width, JPEG quality, photos at a time."""

    incoming: Annotated[str, AfterValidator(_path_or_bucket)] = "incoming"
    credentials_block: str = ""
    quiet_seconds: float = Field(20, ge=0, le=3600)
    quarantine: Path = Path("quarantine")
    widths: tuple[Annotated[int, Field(ge=16, le=8192)], ...] = (1920, 1280, 640, 320)
    quality: int = Field(85, ge=1, le=95)
    private: bool = True
    at_once: int = Field(2, ge=1, le=64)
    most_megapixels: float = Field(100, gt=0)


class ArchiveSettings(Section):
    """Where originals are kept, and how long in the first of two places."""

    folder: Path = Path("archive")
    copy_to: Annotated[str, AfterValidator(_path_or_bucket)] = ""
    credentials_block: str = ""
    keep_days: int = Field(0, ge=0)
    floor_megabytes: float = Field(0, ge=0)

    @model_validator(mode="after")
    def _lets_go_only_what_is_elsewhere(self) -> Self:
        if not self.copy_to and (self.keep_days or self.floor_megabytes):
            msg = "keep_days and floor_megabytes let originals go, so they need a second place: set copy_to"
            raise ValueError(msg)
        if self.copy_to == str(self.folder):
            msg = f"copy_to is the archive's own folder {self.copy_to!r}, which is no second place"
            raise ValueError(msg)
        return self

    @property
    def policy(self) -> Policy:
        return Policy(self.keep_days, int(self.floor_megabytes * 1e6))


class ReingestSettings(Section):
    """Who makes a whole archive's renditions again: so many workers here, or a cluster's, by its address."""

    runner: Literal["threads", "processes", "dask", "ray"] = "threads"
    workers: int = Field(1, ge=1, le=256)
    address: str = ""


class StoreSettings(Section):
    """Where renditions and films live for the web: `file:PATH`, or `s3://bucket/prefix` with its public address."""

    url: str = "file:store"
    public_url: str = ""
    acl: Literal["", "public-read"] = ""
    credentials_block: str = ""

    @field_validator("url")
    @classmethod
    def _known_scheme(cls, url: str) -> str:
        if not re.match(r"file:.|s3://[^/]", url):
            msg = f"{url!r} is neither file:PATH nor s3://bucket/prefix"
            raise ValueError(msg)
        return url


class CatalogSettings(Section):
    """The database: any SQLAlchemy URL of SQLite or MySQL. The password never stands in the file."""

    url: str = "sqlite:///catalog.db"
    password: SecretStr | None = None

    @field_validator("url")
    @classmethod
    def _known_scheme(cls, url: str) -> str:
        if not re.match(r"sqlite://|(mysql|mariadb)\+pymysql://", url):
            msg = "is neither sqlite:///PATH nor mysql+pymysql://user@host/database"
            raise ValueError(msg)
        return url


class FilmSettings(Section):
    """How films are encoded."""

    width: EvenPixels = 1920
    height: EvenPixels = 1080
    fps: int = Field(12, ge=1, le=120)
    crf: int = Field(21, ge=0, le=51)
    preset: Literal["ultrafast", "veryfast", "fast", "medium", "slow"] = "veryfast"
    codec: Literal["h264", "av1"] = "h264"
    threads: int = Field(2, ge=1, le=64)
    overlay: bool = False
    deflicker: bool = True
    leave_out: tuple[Flag, ...] = tuple(sorted(FAULTY))
    seconds: float = Field(0, ge=0, le=3600)
    kinds: tuple[Literal["day", "week", "month", "year"], ...] = ("day", "week", "month")
    last_days: tuple[Annotated[int, Field(ge=1, le=3660)], ...] = ()

    @property
    def profile(self) -> Profile:
        return Profile(self.width, self.height, self.fps, self.crf, self.preset, codec=self.codec, overlay=self.overlay)


class GallerySettings(Section):
    """The public site: where it listens, and the address people know it by."""

    title: str = "Kootenay"
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=1, le=65535)
    url: str = "http://127.0.0.1:8080"


def _not_reserved(name: str) -> str:
    if name in RESERVED:
        msg = f"{name!r} is a word of the gallery's own addresses; call the camera something else"
        raise ValueError(msg)
    return name


CameraName = Annotated[str, Field(pattern=f"^{CAMERA_NAME}$"), AfterValidator(_not_reserved)]


class Settings(Section):
    """All settings. `home` is the folder that the relative paths below stand in."""

    home: Path = Path("var")
    site: SiteSettings = SiteSettings()
    cameras: dict[CameraName, CameraSettings] = Field({"lake": CameraSettings()})
    spool: SpoolSettings = SpoolSettings()
    upload: UploadSettings = UploadSettings()
    ingest: IngestSettings = IngestSettings()
    archive: ArchiveSettings = ArchiveSettings()
    reingest: ReingestSettings = ReingestSettings()
    store: StoreSettings = StoreSettings()
    catalog: CatalogSettings = CatalogSettings()
    film: FilmSettings = FilmSettings()
    gallery: GallerySettings = GallerySettings()

    def path(self, path: Path | str) -> Path:
        """Given a path of these settings, return it absolute: `~` is a user's home, relative ones lie in `home`."""
        return CHECKOUT / self.home.expanduser() / Path(path).expanduser()

    def address(self, url: str) -> str:
        """Given an address as the store names it, return it whole: one without a host is the gallery's."""
        return url if "://" in url else self.gallery.url.rstrip("/") + url

    def camera(self, name: str) -> CameraSettings:
        """Given a camera's name, return its settings. Raises SettingsError that lists the known ones."""
        if name not in self.cameras:
            known = ", ".join(sorted(self.cameras))
            msg = f"no camera is called {name!r}; kootenay.toml knows {known}: add [cameras.{name}] or correct the name"
            raise SettingsError(msg)
        return self.cameras[name]


def settings_file() -> Path:
    """Return the settings file: the one `KOOTENAY_CONFIG` names, or kootenay.toml of this checkout, if there is one."""
    return Path(os.environ.get("KOOTENAY_CONFIG") or CHECKOUT / "kootenay.toml")


def load_settings(**overrides: Any) -> Settings:
    """Return the settings. Raises SettingsError with one line a mistake."""
    try:
        return Settings.model_validate(_over(_over(_in_file(), _in_environment()), overrides))
    except ValidationError as error:
        mistakes = "; ".join(_told(mistake) for mistake in error.errors())
        msg = f"{settings_file()} or KOOTENAY_*: {mistakes}. Nothing was started."
    except OSError as error:
        msg = f"{settings_file()} cannot be read: {error.strerror}. Nothing was started."
    except ValueError as error:
        msg = f"{settings_file()} cannot be read as TOML: {error}. Nothing was started."
    raise SettingsError(msg)


def _in_file() -> dict[str, Any]:
    file = settings_file()
    if not os.environ.get("KOOTENAY_CONFIG") and not file.exists():
        return {}
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _in_environment() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for variable, text in sorted(os.environ.items()):
        section, *keys = variable.lower().removeprefix("kootenay_").split("__")
        if variable.upper().startswith("KOOTENAY_") and (keys or section in Settings.model_fields):
            value = _list_or_text(text)
            for key in reversed([section, *keys]):
                value = {key: value}
            found = _over(found, value)
    return found


def _list_or_text(text: str) -> Any:
    """Given a variable's text, return the list or the table that it is in JSON, or itself."""
    try:
        return json.loads(text) if text.startswith(("[", "{")) else text
    except ValueError:
        return text


def _over(below: Any, above: Any) -> Any:
    """Given two values, return the upper one; of two tables each key's."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: _over(below.get(key), value) for key, value in above.items()}


def _told(mistake: ErrorDetails) -> str:
    key, what = ".".join(map(str, mistake["loc"])), mistake["msg"].removeprefix("Value error, ")
    if isinstance(mistake["input"], str) and mistake["type"] in ("tuple_type", "dict_type", "model_type"):
        what += "; in the environment lists and tables are written as JSON, such as [640, 320]"
    return f"{key}: {what}"
