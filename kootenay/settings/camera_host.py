"""The camera host's sections: its cameras, its spool, and the way to the server."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from kootenay.rules.alerts import Patience
from kootenay.rules.bands import Band, ordered, reach
from kootenay.rules.daylight import OFFICIAL, Site
from kootenay.rules.slots import SlotPlan, plan_slots
from kootenay.settings.section import Section


class BandSettings(Section):
    """The keys and values to set on the camera within `minutes` of sunrise and sunset."""

    minutes: float = Field(gt=0, le=240)
    set: dict[str, str]


class CameraSettings(Section):
    """One camera: how it is reached, when it shoots, what is set on it in which light."""

    title: str = "The lake"
    driver: Literal["gphoto2", "virtual", "folder", "command"] = "virtual"
    port: str = ""
    serial: str = ""
    model: str = ""
    folder: str = ""
    command: tuple[str, ...] = ()
    every_minutes: int = Field(5, ge=1, le=60)
    threshold: float = Field(OFFICIAL, ge=-18, le=90)
    after_rise_minutes: float = Field(0, ge=-240, le=240)
    before_set_minutes: float = Field(0, ge=-240, le=240)
    normal: dict[str, str] = Field({"exposurecompensation": "0"})
    bands: tuple[BandSettings, ...] = (BandSettings(minutes=15, set={"exposurecompensation": "1"}),)
    keep_on_card: bool = False
    guard_after_seconds: float = Field(20, gt=0, le=3600)
    grace_seconds: float = Field(60, gt=0, le=3600)
    deadline_seconds: float = Field(45, gt=0, le=290)
    power_command: tuple[str, ...] = ()
    power_every_minutes: float = Field(30, ge=1)
    alert_minutes: float = Field(15, ge=0)
    reminder_hours: float = Field(24, gt=0)

    @model_validator(mode="after")
    def _makes_sense(self) -> "CameraSettings":
        if sum(bool(way) for way in (self.port, self.serial, self.model)) > 1:
            msg = "port, serial and model are three ways to find the camera: give one"
            raise ValueError(msg)
        if (self.driver == "folder") != bool(self.folder):
            msg = 'driver = "folder" and a folder belong together'
            raise ValueError(msg)
        if (self.driver == "command") != bool(self.command) or (
            self.command and not any("{into}" in word for word in self.command)
        ):
            msg = 'driver = "command" and a command with {into} in it belong together'
            raise ValueError(msg)
        if self.guard_after_seconds >= self.grace_seconds:
            msg = "guard_after_seconds must be less than grace_seconds: later than that no photo is taken"
            raise ValueError(msg)
        if self.grace_seconds >= self.every_minutes * 60 or self.deadline_seconds >= self.every_minutes * 60:
            msg = "grace_seconds and deadline_seconds must be less than the slot (every_minutes)"
            raise ValueError(msg)
        ordered(self.light_bands)
        if unset := {key for band in self.bands for key in band.set} - set(self.normal):
            msg = f"bands set {', '.join(sorted(unset))}, which normal does not set back: give its value by day there"
            raise ValueError(msg)
        return self

    @property
    def every(self) -> timedelta:
        return timedelta(minutes=self.every_minutes)

    @property
    def grace(self) -> timedelta:
        return timedelta(seconds=self.grace_seconds)

    @property
    def light_bands(self) -> tuple[Band, ...]:
        return tuple(Band(band.minutes, band.set) for band in self.bands)

    @property
    def patience(self) -> Patience:
        return Patience(timedelta(minutes=self.alert_minutes), timedelta(hours=self.reminder_hours))

    def plan(self, site: Site, slots: Iterable[datetime]) -> list[SlotPlan]:
        """Given where the camera stands and slots, return each with its light."""
        return plan_slots(
            site,
            slots,
            threshold=self.threshold,
            boost=reach(self.light_bands),
            after_rise=self.after_rise_minutes,
            before_set=self.before_set_minutes,
        )


class SpoolSettings(Section):
    """The camera host's spool: in which order it is sent, what is kept, and when somebody is told."""

    newest_first: bool = False
    keep_days: float = Field(7, ge=0)
    floor_megabytes: float = Field(500, ge=0)
    overdue_minutes: float = Field(15, gt=0)
    alert_hours: float = Field(6, gt=0)
    reminder_hours: float = Field(24, gt=0)

    @property
    def floor(self) -> int:
        """Bytes."""
        return int(self.floor_megabytes * 1e6)


UPLOAD_TARGET = r"file:(?!//[^/]).+|sftp://[^@/]+@[^@/]+/.*|ftps?://([^@/]+@)?[^@/]+(/.*)?|s3://[^/]+(/.*)?"
"""What [upload] target may look like."""


class UploadSettings(Section):
    """Where the camera host sends its photos, and how it is let in. Passwords never stand in the file."""

    target: str = "file:incoming"
    known_hosts: Path = Path("~/.ssh/known_hosts")
    key_file: Path = Path("~/.ssh/id_ed25519")
    password: SecretStr | None = None
    ca_file: str = ""
    credentials_block: str = ""
    kilobytes_per_second: float = Field(0, ge=0)
    timeout_seconds: float = Field(30, gt=0)

    @field_validator("target")
    @classmethod
    def _known_scheme(cls, target: str) -> str:
        scheme, _, rest = target.partition("://")
        if ":" in rest.partition("@")[0] and "@" in rest and scheme != "file":
            msg = "has a password in it: leave it out (user@host) and put it into KOOTENAY_UPLOAD__PASSWORD"
            raise ValueError(msg)
        if not re.fullmatch(UPLOAD_TARGET, target) or not unquote(target).isprintable():
            forms = "sftp://user@host[:port]/path, ftp[s]://[user@]host[:port]/path nor s3://bucket/prefix"
            msg = f"{target!r} is neither file:PATH, {forms}"
            raise ValueError(msg)
        urlsplit(target).port  # noqa: B018 (raises ValueError that tells what is no port)
        return target
