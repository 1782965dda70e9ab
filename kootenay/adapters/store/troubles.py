"""A store's errors: one line each, and whether they may pass by themselves."""

import contextlib
import errno
from collections.abc import Iterator, Sequence
from typing import Any

from kootenay.errors import StoreError, StoreRefusedError, is_transient

PASSING = {errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.ESTALE, errno.ETIMEDOUT}
"""What a disk says that may be otherwise later; a permission or a file in the way stays."""

ABSENT = {"404", "NoSuchKey", "NotFound"}

CHAIN = "see [store] credentials_block, or boto3's own chain"
POLICY = (
    "let these credentials s3:PutObject, GetObject, DeleteObject, ListBucket, and PutObjectAcl if [store] acl is set"
)
OWNERSHIP = "empty [store] acl and let the bucket's policy say who reads, or allow ACLs in its Object Ownership"
FOR_GOOD = {
    "403": POLICY,
    "AccessControlListNotSupported": OWNERSHIP,
    "AccessDenied": POLICY,
    "AllAccessDisabled": "see the account",
    "AuthorizationHeaderMalformed": "see the region",
    "EntityTooLarge": "S3 takes 5 GiB in one put",
    "ExpiredToken": "renew the credentials",
    "IllegalLocationConstraintException": "see the region",
    "InvalidAccessKeyId": CHAIN,
    "InvalidBucketName": "correct [store] url",
    "InvalidToken": "renew the credentials",
    "KeyTooLongError": "shorten [store] url",
    "NoSuchBucket": "make the bucket, or correct [store] url",
    "NotImplemented": "this server lacks something that the store needs",
    "PermanentRedirect": "see the region",
    "SignatureDoesNotMatch": CHAIN,
}
"""S3's error codes that come again, and what to do about each; any other may pass by itself."""

LATER = "try again later"


@contextlib.contextmanager
def of_disk(what: str, untouched: str) -> Iterator[None]:
    """Given what was not done, and what was left untouched and what to do, say so of any error of the system's."""
    try:
        yield
    except OSError as error:
        kind = StoreError if error.errno in PASSING else StoreRefusedError
        msg = f"{what} ({error.strerror or error}); {untouched}"
        raise kind(msg) from error


@contextlib.contextmanager
def of_s3(what: str, untouched: str) -> Iterator[None]:
    """Given what was not done and what was left untouched, say so of any error of boto3's, with what to do."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise told(what, error, untouched, FOR_GOOD.get(code_of(error))) from error
    except BotoCoreError as error:
        raise told(what, error, untouched, CHAIN if isinstance(error, _of_credentials()) else None) from error


def code_of(error: Any) -> str:
    """Given what boto3 raised, return S3's code of it; nothing of what it did not say itself."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def told(what: str, words: object, untouched: str, todo: str | None) -> StoreError:
    """Return an error: what was not done, S3's words, what was left untouched; final if it says what to do about it."""
    kind = StoreRefusedError if todo else StoreError
    return kind(f"{what} ({' '.join(str(words).split())}); {untouched}: {todo or LATER}")


def gravest(errors: Sequence[BaseException]) -> BaseException:
    """Given what went wrong with objects of one call, return one that no repetition will mend, or else the first."""
    return next((error for error in errors if not is_transient(error)), errors[0])


def _of_credentials() -> tuple[type[Exception], ...]:
    """What botocore raises, before it asks anybody, for credentials and names that no later try will mend."""
    from botocore import exceptions

    return (
        exceptions.NoCredentialsError,
        exceptions.NoRegionError,
        exceptions.ParamValidationError,
        exceptions.PartialCredentialsError,
        exceptions.ProfileNotFound,
        exceptions.UnauthorizedSSOTokenError,
    )
