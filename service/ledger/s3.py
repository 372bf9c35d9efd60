"""A spool whose files are kept in a bucket of an S3 server: docs/spool.md."""

import filecmp
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from typing_extensions import override

from service.errors import BadConfigurationError, BadObjectError, UnavailableError
from service.ledger.disk import disk_errors, sync_path
from service.ledger.quarantine import QUARANTINED_BYTES
from service.ledger.spool import Spool, named
from service.ledger.uids import is_uid

if TYPE_CHECKING:
    from s3fs import S3FileSystem

SCHEME = "s3"
_TAKEN = {"PreconditionFailed", "412"}
CONNECT_S, ANSWER_S = 5, 60
"""How long the server may take to be reached, and to answer."""
ORPHANED = timedelta(hours=1)
"""Whoever put an object without a row into the bucket so long ago is dead, not slow."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where in S3 a spool is; what opens it stands in the environment (AWS_ACCESS_KEY_ID, ...)."""

    name: str
    prefix: str
    endpoint: str = ""
    """Empty: Amazon's."""

    @property
    def root(self) -> str:
        """Bucket and prefix in one path."""
        return f"{self.name}/{self.prefix}".rstrip("/")

    def below(self, folder: str) -> "Bucket":
        """Return that folder of it."""
        return Bucket(self.name, f"{self.prefix}/{folder}".strip("/"), self.endpoint)

    def files(self) -> "S3FileSystem":
        """Return the way to it, for this process: a fork has its own."""
        try:
            from s3fs import S3FileSystem  # noqa: PLC0415 - an extra that few deployments need
        except ImportError:
            raise BadConfigurationError(
                "spool.url names S3, and s3fs is not installed: pip install 'senoscope[s3]'"
            ) from None
        return S3FileSystem(
            endpoint_url=self.endpoint or None,
            use_listings_cache=False,
            config_kwargs={
                "connect_timeout": CONNECT_S,
                "read_timeout": ANSWER_S,
                "retries": {"max_attempts": 1},
            },
        )


def parse_bucket(url: str, endpoint: str = "") -> Bucket:
    """Return the bucket of ``s3://bucket/prefix``.

    Raises:
        BadConfigurationError: if it is no such URL, or holds a secret.
    """
    parts = urlsplit(url)
    if parts.scheme != SCHEME or not parts.netloc or parts.query or "@" in parts.netloc:
        raise BadConfigurationError(
            "spool.url: it must be s3://BUCKET or s3://BUCKET/PREFIX; "
            "keys belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    return Bucket(parts.netloc, parts.path.strip("/"), endpoint)


class S3Spool(Spool):
    """Keeps instances as objects in a bucket; one is there wholly or not at all.

    A file grows in ``incoming/`` on the local disk, is synced there, and then put into the bucket
    under a name that is not taken; quarantine and locks are local too. `path` says where its name
    would be on the local disk: bytes are read by `local`.
    """

    def __init__(
        self, root: Path, bucket: Bucket, most_quarantined: int = QUARANTINED_BYTES
    ) -> None:
        super().__init__(root, most_quarantined)
        self.bucket = bucket

    @override
    def keep(
        self,
        sop_instance_uid: str,
        temporary: Path,
        version: str = "",
        sync: Callable[[], None] | None = None,
    ) -> Path:
        """Put the file at `temporary` into the bucket under its name for good; see Spool.

        Raises:
            BadObjectError: if it is no UID, or other bytes are already kept under it.
            SpoolFullError: if the local disk has no room.
            UnavailableError: if disk or server cannot be written to.
        """
        key = self._key(sop_instance_uid, version)
        with disk_errors(self._root):
            (sync or partial(sync_path, temporary))()
        try:
            with _server_errors(self.bucket):
                self.bucket.files().put_file(str(temporary), key, mode="create")
        except FileExistsError:
            with self.local(sop_instance_uid, version) as kept:
                if not filecmp.cmp(kept, temporary, shallow=False):
                    told = f"other bytes are already kept under {sop_instance_uid}"
                    raise BadObjectError(told) from None
        with disk_errors(self._root):
            temporary.unlink()
        return self.path(sop_instance_uid, version)

    @override
    def keep_first(self, sop_instance_uid: str, temporary: Path, sync: Callable[[], None]) -> bool:
        """Leave it to `keep`: an object has its name when it is in the bucket, not before."""
        return False

    @contextmanager
    @override
    def local(self, sop_instance_uid: str, version: str = "") -> Iterator[Path]:
        """Give a local copy of that instance, for the time of the block; see Spool."""
        key, copy = self._key(sop_instance_uid, version), self.temporary()
        try:
            with _server_errors(self.bucket):
                self.bucket.files().get_file(key, str(copy))
            yield copy
        finally:
            copy.unlink(missing_ok=True)

    @override
    def exists(self, sop_instance_uid: str, version: str = "") -> bool:
        """Tell whether that instance is in the bucket; see Spool."""
        _, _, key = self._key(sop_instance_uid, version).partition("/")
        with _server_errors(self.bucket):
            try:
                self.bucket.files().call_s3("head_object", Bucket=self.bucket.name, Key=key)
            except FileNotFoundError:
                return False
        return True

    @override
    def size(self, sop_instance_uid: str, version: str = "") -> int:
        """Return the bytes of that instance; see Spool."""
        with _server_errors(self.bucket):
            return int(self.bucket.files().size(self._key(sop_instance_uid, version)))

    @override
    def remove(self, sop_instance_uid: str, version: str = "") -> None:
        """Remove that instance from the bucket, if it is there."""
        with _server_errors(self.bucket):
            self.bucket.files().rm_file(self._key(sop_instance_uid, version))

    @override
    def make_way(self, sop_instance_uid: str, temporary: Path, version: str = "") -> None:
        """See Spool; a lock is this host's alone, so what another just put there stays.

        Raises:
            UnavailableError: if another may be keeping it just now, or the server fails.
        """
        if not self.exists(sop_instance_uid, version):
            return
        with _server_errors(self.bucket):
            put_at = self.bucket.files().modified(self._key(sop_instance_uid, version))
        if datetime.now(UTC) - put_at < ORPHANED:  # noqa: TID251 - compared to the server's clock
            with self.local(sop_instance_uid, version) as kept:
                if filecmp.cmp(kept, temporary, shallow=False):
                    return
            raise UnavailableError(f"{sop_instance_uid} is being taken in by another; try again")
        self.remove(sop_instance_uid, version)

    @override
    def kept_before(self, moment: datetime) -> Iterator[tuple[str, str]]:
        """Yield (UID, version) of what was put into the bucket before `moment`; see Spool."""
        with _server_errors(self.bucket):
            found = self.bucket.files().find(self.bucket.root, detail=True)
        for path, about in found.items():
            uid, version = named(path.rpartition("/")[2])
            if about["LastModified"] < moment and is_uid(uid):  # the rest is somebody else's
                yield uid, version

    @override
    def check(self) -> None:
        """See that the bucket is there and may be used.

        Raises:
            UnavailableError: if not; the message names bucket and endpoint.
        """
        with _server_errors(self.bucket):
            self.bucket.files().call_s3("head_bucket", Bucket=self.bucket.name)

    @override
    def _settle(self, path: Path) -> None:
        """What is in the bucket is durable."""

    def _key(self, sop_instance_uid: str, version: str) -> str:
        name = self.path(sop_instance_uid, version).relative_to(self._root).as_posix()
        return f"{self.bucket.root}/{name}"


def _code(error: OSError) -> str:
    """Return what the server called it; s3fs wraps that."""
    response = getattr(error.__cause__, "response", {})
    return str(response.get("Error", {}).get("Code", ""))


@contextmanager
def _server_errors(bucket: Bucket) -> Iterator[None]:
    """Turn what S3's libraries raise into this node's words; FileExistsError passes."""
    from aiohttp import ClientError as ConnectionFault  # noqa: PLC0415 - they come with s3fs
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    there = f"{SCHEME}://{bucket.name}" + (f" at {bucket.endpoint}" if bucket.endpoint else "")
    try:
        yield
    except FileExistsError:
        raise
    except FileNotFoundError as error:
        raise UnavailableError(f"{there}: it is not there (bucket or object)") from error
    except PermissionError as error:
        raise UnavailableError(f"{there}: access denied; are AWS_* of this node right?") from error
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "an error")
        raise UnavailableError(f"{there}: it answers {code}") from error
    except (BotoCoreError, ConnectionFault, TimeoutError) as error:
        raise UnavailableError(f"{there}: {type(error).__name__}") from error
    except OSError as error:
        if _code(error) in _TAKEN:
            raise FileExistsError from error
        told = os.strerror(error.errno) if error.errno else type(error).__name__
        raise UnavailableError(f"{there}: {told}") from error
