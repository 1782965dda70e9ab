"""A site that stands on S3 and MariaDB, with a second place of its archive in a bucket, for flows to run on."""

import contextlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest
import sqlalchemy as sa
from moto.server import ThreadedMotoServer
from prefect_aws import AwsClientParameters, AwsCredentials
from pydantic import SecretStr

from kootenay.settings import Settings, load_settings
from rig.databases import MariaDb

BUCKET = "lake-site"
numbers = count()


@contextlib.contextmanager
def grown(folder: Path, mariadb: MariaDb, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Settings, Any]]:
    """Yield settings, in the environment for flows to read, and a client of the bucket."""
    database = f"grown_{next(numbers)}"
    engine = sa.create_engine(mariadb.url("mysql"))
    with engine.begin() as connection:
        connection.execute(sa.text(f"create database {database}"))
    engine.dispose()
    aws = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    aws.start()
    endpoint = f"http://127.0.0.1:{aws.get_host_and_port()[1]}"
    block = f"grown-{database.replace('_', '-')}"
    AwsCredentials(
        aws_access_key_id="AKIALAKE",
        aws_secret_access_key=SecretStr("not-in-any-file"),
        region_name="us-east-1",
        aws_client_parameters=AwsClientParameters(endpoint_url=endpoint),
    ).save(block, overwrite=True)
    s3 = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    s3.create_bucket(Bucket=BUCKET)
    for name, value in {
        "HOME": str(folder / "home"),
        "STORE__URL": f"s3://{BUCKET}/web",
        "STORE__CREDENTIALS_BLOCK": block,
        "ARCHIVE__COPY_TO": f"s3://{BUCKET}/originals",
        "ARCHIVE__CREDENTIALS_BLOCK": block,
        "CATALOG__URL": f"mysql+pymysql://kootenay@127.0.0.1:{mariadb.port}/{database}",
        "CATALOG__PASSWORD": mariadb.password,
        "INGEST__WIDTHS": "[64, 32]",
    }.items():
        monkeypatch.setenv(f"KOOTENAY_{name}", value)
    yield load_settings(), s3
    aws.stop()
