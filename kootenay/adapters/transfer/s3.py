"""A bucket: one put a file, with its SHA-256, which S3 compares with what it read before the object is there.

So no object is ever half there, and the checksum that S3 keeps is a receipt. Once ingest has taken the photo out of the
bucket, its own receipt stands there instead.
"""

import base64
import contextlib
import hashlib
import io
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kootenay.adapters.spool import SpooledPhoto
from kootenay.adapters.transfer import RECEIPTS, STATUS, Access, Target, reading, receipt_hash, trouble, untold
from kootenay.errors import PhotoRefusedError, TransferError, TransferRefusedError

CONTENT_TYPES = {".jpg": "image/jpeg", ".json": "application/json"}
OTHER_CONTENT = "application/octet-stream"

LARGEST_PUT = 5 * 1024**3
"""S3's bound of a single put; a multipart upload's checksum would not be the whole object's."""

OF_ONE_FILE = {"BadDigest", "EntityTooLarge", "InvalidDigest", "KeyTooLongError", "XAmzContentChecksumMismatch"}
ABSENT = {"404", "NoSuchKey", "NotFound"}
FOR_GOOD = {
    "403": "see that its policy lets these credentials put, get and delete",
    "AccessDenied": "see that its policy lets these credentials put, get and delete",
    "AllAccessDisabled": "see the account",
    "AuthorizationHeaderMalformed": "see the region",
    "ExpiredToken": "renew the credentials",
    "InvalidAccessKeyId": "see [upload] credentials_block, or boto3's own chain",
    "InvalidBucketName": "correct [upload] target",
    "InvalidToken": "renew the credentials",
    "NoSuchBucket": "make the bucket, or correct [upload] target",
    "PermanentRedirect": "see the region",
    "SignatureDoesNotMatch": "see [upload] credentials_block, or boto3's own chain",
}
"""S3's error codes that come again, and what to do about each."""


class S3Target:
    """Objects below a prefix of a bucket, by a boto3 client."""

    def __init__(self, client: Any, bucket: str, prefix: str, bytes_per_second: float = 0) -> None:
        self.client = client
        self.bucket = bucket
        self.prefix = prefix.strip("/")
        self._config = _one_put(bytes_per_second)

    def send(self, spooled: SpooledPhoto) -> None:
        untouched = f"{spooled.photo.name} stays in the spool"
        for path in spooled.files:
            with reading(path):
                content = path.read_bytes()
            with _one_kind(f"s3://{self.bucket} took no {path.name}", untouched):
                self._put(path.name, content)

    def receipts(self, awaited: Collection[SpooledPhoto]) -> dict[str, str]:
        with _one_kind(f"s3://{self.bucket} gave no receipts", "the spool keeps what was sent"):
            words = {each.sidecar.stem: self._word_on(each) or self._receipt(each.sidecar.stem) for each in awaited}
        return {stem: sha256 for stem, sha256 in words.items() if sha256}

    def forget(self, stem: str) -> None:
        """The photo itself stays; only ingest's receipt goes."""
        with _one_kind(f"s3://{self.bucket} still has the receipt of {stem}", "it does no harm there"):
            self.client.delete_object(Bucket=self.bucket, Key=self._key(f"{RECEIPTS}/{stem}.json"))

    def tell(self, camera: str, content: bytes) -> None:
        with _one_kind(*untold(f"s3://{self.bucket}", camera)):
            self._put(f"{STATUS}/{camera}.json", content)

    def tidy(self, waiting: Collection[str]) -> int:
        """A put leaves no parts."""
        return 0

    def _put(self, name: str, content: bytes) -> None:
        self.client.upload_fileobj(
            io.BytesIO(content),
            self.bucket,
            self._key(name),
            ExtraArgs={
                "ContentType": CONTENT_TYPES.get(Path(name).suffix, OTHER_CONTENT),
                "ChecksumAlgorithm": "SHA256",
                "ChecksumSHA256": base64.b64encode(hashlib.sha256(content).digest()).decode(),
            },
            Config=self._config,
        )

    def _word_on(self, spooled: SpooledPhoto) -> str:
        """Return the hash of the photo that is there, of a companion that is not the one sent, or nothing yet."""
        companions = {spooled.photo.with_suffix(each.suffix): each.sha256 for each in spooled.sidecar.companions}
        found = {path: self._checksum(path) for path in spooled.files}
        if not all(found.values()):
            return ""
        wrong = [found[path] for path, sha256 in companions.items() if found[path] != sha256]
        return wrong[0] if wrong else found[spooled.photo]

    def _checksum(self, path: Path) -> str:
        """Return the hex SHA-256 that S3 keeps of a file; nothing when there is none."""
        from botocore.exceptions import ClientError

        try:
            head = self.client.head_object(Bucket=self.bucket, Key=self._key(path.name), ChecksumMode="ENABLED")
        except ClientError as error:
            if _code(error) in ABSENT:
                return ""
            raise
        checksum = head.get("ChecksumSHA256", "")
        return "" if "-" in checksum else base64.b64decode(checksum).hex()  # "-2": of two parts, put by somebody else

    def _receipt(self, stem: str) -> str:
        from botocore.exceptions import ClientError

        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self._key(f"{RECEIPTS}/{stem}.json"))
        except ClientError as error:
            if _code(error) in ABSENT:
                return ""
            raise
        return receipt_hash(answer["Body"].read())

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name


@contextlib.contextmanager
def open_s3(url: str, access: Access, connect: Callable[[], Any]) -> Iterator[Target]:
    """Given `s3://bucket/prefix` and what returns a boto3 client (see `client_options`), return it."""
    parts = urlsplit(url)
    with _one_kind(f"s3://{parts.netloc} cannot be reached", "nothing was sent, the spool keeps everything"):
        client = connect()
    yield S3Target(client, parts.netloc, parts.path, access.bytes_per_second)


def client_options(timeout: float) -> dict[str, Any]:
    """Given the seconds of one wait, return botocore's configuration of an upload's client.

    One repetition, which S3 asks for in answer to its own errors; the flow makes the others.
    """
    return {"connect_timeout": timeout, "read_timeout": timeout, "retries": {"total_max_attempts": 2}}


def _one_put(bytes_per_second: float) -> Any:
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(
        multipart_threshold=LARGEST_PUT,
        use_threads=False,
        max_bandwidth=max(1, int(bytes_per_second)) if bytes_per_second else None,
        preferred_transfer_client="classic",  # Amazon's C client knows no bandwidth
    )


@contextlib.contextmanager
def _one_kind(what: str, untouched: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = _code(error)
        if code in FOR_GOOD:
            raise trouble(TransferRefusedError, what, error, f"{untouched}: {FOR_GOOD[code]}") from error
        kind = PhotoRefusedError if code in OF_ONE_FILE else TransferError
        raise trouble(kind, what, error, untouched) from error
    except BotoCoreError as error:
        if isinstance(error, _of_credentials()):
            todo = f"{untouched}: see [upload] credentials_block, or boto3's own chain"
            raise trouble(TransferRefusedError, what, error, todo) from error
        raise trouble(TransferError, what, error, untouched) from error


def _of_credentials() -> tuple[type[Exception], ...]:
    """What botocore raises, before it asks anybody, for credentials and names that no later try will mend."""
    from botocore import exceptions

    return (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.ProfileNotFound,
        exceptions.ParamValidationError,
        exceptions.UnauthorizedSSOTokenError,
    )


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
