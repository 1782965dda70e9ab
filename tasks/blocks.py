"""Blocks hold secrets; this is the one place that loads them. Adapters are handed a client and never see a block."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache, partial
from typing import Any, cast

from kootenay.adapters.archive import Archive
from kootenay.adapters.incoming import Incoming
from kootenay.adapters.intake import Intake
from kootenay.adapters.store import Store
from kootenay.adapters.store import s3 as s3_store
from kootenay.adapters.studio import Studio
from kootenay.adapters.transfer import Target
from kootenay.adapters.transfer import s3 as s3_target
from kootenay.errors import SettingsError
from kootenay.settings import Settings
from kootenay.wiring import archive_of, incoming_of, intake_of, store_of, studio_of, target_of


def store_with_secrets(settings: Settings) -> Store:
    """Given settings, return the store; S3 by the AwsCredentials block they name, or by boto3's own chain."""
    block = settings.store.credentials_block
    return store_of(settings, partial(_s3_client, block, "store") if block else None)


def archive_with_secrets(settings: Settings) -> Archive:
    """Given settings, return the archive; its second place as `store_with_secrets` has it."""
    block = settings.archive.credentials_block
    return archive_of(settings, partial(_s3_client, block, "archive") if block else None)


def incoming_with_secrets(settings: Settings) -> Incoming:
    """Given settings, return where photos arrive; S3 as `store_with_secrets` has it."""
    block = settings.ingest.credentials_block
    return incoming_of(settings, _connecting(block) if block else None)


def intake_with_secrets(settings: Settings) -> Intake:
    """Given settings, return the way in of photos, each of its places as the verbs above have it."""
    return intake_of(
        settings, incoming_with_secrets(settings), store_with_secrets(settings), archive_with_secrets(settings)
    )


def studio_with_secrets(settings: Settings, camera: str, on_frame: Callable[[int, int], None]) -> Studio:
    """Given settings and a camera's name, return where its films are made; `on_frame` hears of each frame encoded."""
    return studio_of(settings, camera, store_with_secrets(settings), on_frame)


def target_with_secrets(settings: Settings) -> AbstractContextManager[Target]:
    """Given settings, return the upload target, to be opened by `with`; S3 as `store_with_secrets` has it."""
    upload = settings.upload
    connect = partial(_s3_client, upload.credentials_block, "upload", upload.timeout_seconds)
    return target_of(settings, connect if upload.credentials_block else None)


@cache
def _connecting(block: str) -> Callable[[], Any]:
    """The same function each time, for the incoming place is opened once a process."""
    return partial(_s3_client, block, "ingest")


@cache
def _s3_client(block: str, section: str, timeout: float | None = None) -> Any:
    """Given a block, the section of the settings that names it, and an upload's seconds of one wait, return a client.

    What the block itself says of waits and connections goes before.
    """
    from prefect_aws import AwsCredentials

    try:
        credentials = cast(AwsCredentials, AwsCredentials.load(block))
    except ValueError as error:
        named = f"[{section}] credentials_block names"
        msg = f"Prefect has no AwsCredentials block {block!r}, which {named}: make it in the UI"
        raise SettingsError(msg) from error
    own = credentials.aws_client_parameters
    options = s3_store.client_options() if timeout is None else s3_target.client_options(timeout)
    parameters = own.model_copy(update={"config": options | (own.config or {})})
    return credentials.model_copy(update={"aws_client_parameters": parameters}).get_s3_client()
