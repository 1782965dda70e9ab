"""Blocks hold secrets; this is the one place that loads them. Adapters are handed a client and never see a block."""

from functools import cache, partial
from typing import Any, cast

from kootenay.adapters.store import Store
from kootenay.errors import SettingsError
from kootenay.settings import Settings
from kootenay.wiring import store_of


def store_with_secrets(settings: Settings) -> Store:
    """Given settings, return the store; S3 by the AwsCredentials block they name, or by boto3's own chain."""
    block = settings.store.credentials_block
    return store_of(settings, partial(_s3_client, block) if block else None)


@cache
def _s3_client(block: str) -> Any:
    from prefect_aws import AwsCredentials

    try:
        credentials = cast(AwsCredentials, AwsCredentials.load(block))
    except ValueError as error:
        msg = f"Prefect has no AwsCredentials block {block!r}, which [store] credentials_block names: make it in the UI"
        raise SettingsError(msg) from error
    return credentials.get_s3_client()
