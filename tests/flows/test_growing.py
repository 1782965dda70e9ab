"""The same flows grown by settings alone: a server reached by SFTP, MySQL, S3 with its secrets in a Prefect block."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest
import sqlalchemy as sa
from moto.server import ThreadedMotoServer
from prefect_aws import AwsClientParameters, AwsCredentials
from pydantic import SecretStr

from flows.capture import capture_session
from flows.ingest import ingest
from flows.timelapse import timelapse
from flows.upload import upload
from kootenay.adapters.store import pointer_key
from kootenay.settings import load_settings
from kootenay.wiring import catalog_of, spool_of
from rig.databases import MariaDb
from rig.sftp import SftpHost

pytestmark = [pytest.mark.real("mariadb"), pytest.mark.real("sshd")]

NOON = datetime(2026, 6, 21, 20, 0, tzinfo=UTC)
DAY = date(2026, 6, 21)
BUCKET = "lake-photos"
numbers = count()


@dataclass
class World:
    """What a grown site stands on."""

    sftp: SftpHost
    s3: Any


@pytest.fixture
def world(tmp_path: Path, mariadb: MariaDb, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    engine = sa.create_engine(mariadb.url("mysql"))
    database = f"site_{next(numbers)}"
    with engine.begin() as connection:
        connection.execute(sa.text(f"create database {database}"))
    engine.dispose()
    aws = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    aws.start()
    endpoint = f"http://127.0.0.1:{aws.get_host_and_port()[1]}"
    sftp = SftpHost(tmp_path / "sshd", tmp_path / "server" / "incoming")
    sftp.start()
    AwsCredentials(
        aws_access_key_id="AKIALAKE",
        aws_secret_access_key=SecretStr("not-in-any-file"),
        region_name="us-east-1",
        aws_client_parameters=AwsClientParameters(endpoint_url=endpoint),
    ).save("lake-site", overwrite=True)
    s3 = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    s3.create_bucket(Bucket=BUCKET)
    config = tmp_path / "kootenay.toml"
    config.write_text(
        f"""
        home = "{tmp_path / "home"}"

        [upload]
        target = "{sftp.url}"
        known_hosts = "{sftp.known_hosts}"
        key_file = "{sftp.key_file}"

        [ingest]
        incoming = "{tmp_path / "server" / "incoming"}"

        [archive]
        folder = "{tmp_path / "server" / "archive"}"

        [store]
        url = "s3://{BUCKET}/web"
        public_url = "https://photos.example/web"
        credentials_block = "lake-site"

        [catalog]
        url = "mysql+pymysql://kootenay@127.0.0.1:{mariadb.port}/{database}"
        """
    )
    monkeypatch.setenv("KOOTENAY_CONFIG", str(config))
    monkeypatch.delenv("KOOTENAY_HOME")
    monkeypatch.setenv("KOOTENAY_CATALOG__PASSWORD", mariadb.password)
    yield World(sftp, s3)
    sftp.stop()
    aws.stop()


def test_a_photo_goes_all_the_way_by_settings_alone(world: World) -> None:
    states = [
        capture_session(start=NOON, end=NOON + timedelta(minutes=10), rehearse=True, return_state=True),
        upload(return_state=True),
        ingest(return_state=True),
        upload(return_state=True),
        timelapse(period=str(DAY), return_state=True),
    ]
    assert [state.name for state in states] == ["Completed"] * 5, [state.message for state in states]
    settings = load_settings()
    photos = catalog_of(settings).day("lake", DAY)
    film = catalog_of(settings).film("lake", "day", DAY.isoformat())
    assert film is not None
    assert film.frames == len(photos) == 2
    keys = {each.key for photo in photos for each in photo.renditions} | {film.key}
    listed = {each["Key"].removeprefix("web/") for each in world.s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert listed == keys | {pointer_key("lake")}
    assert spool_of(settings).waiting() == spool_of(settings).unconfirmed() == []
    assert not list(world.sftp.incoming.glob("*.*"))
    archive = settings.path(settings.archive.folder)
    assert sorted(path.stat().st_size for path in archive.rglob("*.jpg")) == sorted(photo.bytes for photo in photos)


def test_a_server_that_is_away_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows import upload as upload_module

    quick = upload_module.send_photos.with_options(retry_delay_seconds=0)
    monkeypatch.setattr(upload_module, "send_photos", quick)
    capture_session(start=NOON, end=NOON + timedelta(minutes=10), rehearse=True)
    world.sftp.stop()
    state = upload(return_state=True)
    assert state.is_failed()
    assert "cannot be reached" in str(state.message)
    assert "\n" not in str(state.message)
    assert len(spool_of(load_settings()).waiting()) == 2
    world.sftp.start()
    assert upload(return_state=True).name == "Completed"


def test_the_password_is_in_no_log_and_no_message(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KOOTENAY_CATALOG__PASSWORD", "a-wrong-secret")
    state = timelapse(period=str(DAY), return_state=True)
    assert state.is_failed()
    assert "a-wrong-secret" not in f"{state.message}{caplog.text}"
    assert os.environ["KOOTENAY_CATALOG__PASSWORD"] not in str(state.message)
    assert "check [catalog]" in str(state.message)
