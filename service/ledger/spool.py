"""DICOM files on disk, byte for byte as they came or will go."""

import filecmp
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from fcntl import LOCK_EX, flock
from functools import partial
from pathlib import Path
from uuid import uuid4

from pydicom import Dataset

from service.errors import BadObjectError, UnavailableError
from service.ledger.disk import disk_errors, make_folder, modified, size_of, sync_path
from service.ledger.quarantine import QUARANTINED_BYTES, Quarantine
from service.ledger.reading import read_file
from service.ledger.uids import LONGEST_UID, is_uid
from service.secret import FOLDER

KEPT = "?/?/*.dcm"
"""Where files lie in the folder of a spool."""
_HEX = "0123456789abcdef"


class Spool:
    """One file per SOP instance; a file is there wholly or not at all.

    A file grows in ``incoming/``, is synced, and then gets its name: whoever dies on the way leaves
    only something for `sweep_incoming` (`keep_first` says how it differs). The first file under a
    UID stays: nothing overwrites it. Several processes may use the same folder.
    """

    def __init__(self, root: Path, most_quarantined: int = QUARANTINED_BYTES) -> None:
        self._root = root
        self._incoming = root / "incoming"
        self.quarantine = Quarantine(root / "quarantine", most_quarantined)
        self._locks = root / "locks"
        self._durable: set[Path] = set()
        """Folders that are on the disk, whoever made them."""
        with disk_errors(root):
            make_folder(root.parent, FOLDER)
            for folder in (self._incoming, self.quarantine.folder, self._locks):
                make_folder(folder)

    def lay_out(self) -> None:
        """Make all folders that files will be kept in: each would cost its first file five syncs.

        Where the disk fails they are made when they are needed.
        """
        folders = [self._root / first / second for first in _HEX for second in _HEX]
        with suppress(UnavailableError), disk_errors(self._root):
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
            for first in _HEX:
                sync_path(self._root / first)
            sync_path(self._root)
            self._durable.update(folders)

    def path(self, sop_instance_uid: str, version: str = "") -> Path:
        """Return where that instance lies or would lie; a name from the network is never a path.

        Raises:
            BadObjectError: if it is no UID.
        """
        if not is_uid(sop_instance_uid):
            raise BadObjectError(f"not a UID (PS3.5 9.1): {sop_instance_uid[:LONGEST_UID]!r}")
        digest = hashlib.sha256(sop_instance_uid.encode()).hexdigest()
        name = f"{sop_instance_uid}~{version}" if version else sop_instance_uid
        return self._root / digest[0] / digest[1] / f"{name}.dcm"

    @contextmanager
    def local(self, sop_instance_uid: str, version: str = "") -> Iterator[Path]:
        """Give a file with the bytes of that instance, for the time of the block.

        Raises:
            BadObjectError: if it is no UID.
            UnavailableError: if its bytes cannot be fetched now.
        """
        yield self.path(sop_instance_uid, version)

    def exists(self, sop_instance_uid: str, version: str = "") -> bool:
        """Tell whether that instance is kept.

        Raises:
            UnavailableError: if that cannot be found out now.
        """
        return self.path(sop_instance_uid, version).exists()

    def size(self, sop_instance_uid: str, version: str = "") -> int:
        """Return the bytes of the file of that instance.

        Raises:
            UnavailableError: if it is not there.
        """
        with disk_errors(self._root):
            return self.path(sop_instance_uid, version).stat().st_size

    def temporary(self) -> Path:
        """Return a new name in ``incoming/``, where a file may grow before it is kept."""
        return self._incoming / f"{os.getpid()}-{uuid4().hex}.part"

    def keep(
        self,
        sop_instance_uid: str,
        temporary: Path,
        version: str = "",
        sync: Callable[[], None] | None = None,
    ) -> Path:
        """Sync the file at `temporary`, give it its name for good and return its path.

        The same bytes again change nothing. `temporary` is gone afterwards, unless this raises.
        `sync` does so where somebody has it open; otherwise it is opened for that.

        Raises:
            BadObjectError: if it is no UID, or other bytes are already kept under it.
            SpoolFullError: if the disk has no room.
            UnavailableError: if the disk cannot be written to.
        """
        path = self.path(sop_instance_uid, version)
        with disk_errors(self._root):
            (sync or partial(sync_path, temporary))()
            self._make_durable(path.parent)
            try:
                path.hardlink_to(temporary)  # unlike a rename it never overwrites
            except FileExistsError:
                if not filecmp.cmp(path, temporary, shallow=False):
                    told = f"other bytes are already kept under {sop_instance_uid}"
                    raise BadObjectError(told) from None
            sync_path(path.parent)
            temporary.unlink()
        return path

    def keep_first(self, sop_instance_uid: str, temporary: Path, sync: Callable[[], None]) -> bool:
        """Keep the file at `temporary` as the first under its UID, unless there is one.

        It gets its name before both are synced: one write of the disk's journal, not two. So a
        crash may leave anything under that name, and `make_way` is for that: it is to be called
        under `locked`, and only a row that is written down afterwards says that the file is whole.
        `temporary` stays.

        Raises:
            BadObjectError, SpoolFullError, UnavailableError: see `keep`.
        """
        path = self.path(sop_instance_uid)
        with disk_errors(self._root):
            self._make_durable(path.parent)
            try:
                path.hardlink_to(temporary)
            except FileExistsError:
                return False
            try:
                sync()
                sync_path(path.parent)
            except OSError:  # a disk that is full shall not keep what nobody will ask for
                path.unlink(missing_ok=True)
                raise
        return True

    def keep_dataset(self, dataset: Dataset) -> Path:
        """Write `dataset` in the DICOM file format, for good, and return its path.

        What is already kept under its SOP Instance UID stays as it is.

        Raises:
            BadObjectError: if its SOP Instance UID is none.
            SpoolFullError: if the disk has no room.
            UnavailableError: if the disk cannot be written to.
        """
        uid = str(dataset.SOPInstanceUID)
        if self.exists(uid):
            self._settle(self.path(uid))
            return self.path(uid)
        temporary = self.temporary()
        try:
            with disk_errors(self._root):
                dataset.save_as(temporary, enforce_file_format=True)
            return self.keep(uid, temporary)
        finally:
            temporary.unlink(missing_ok=True)

    def header(self, sop_instance_uid: str, version: str = "") -> Dataset:
        """Return that instance without its pixels.

        Raises:
            BadObjectError: if it cannot be read.
            UnavailableError: if it is not there.
        """
        with self.local(sop_instance_uid, version) as path:
            return read_file(path, stop_before_pixels=True)

    def read(self, sop_instance_uid: str) -> Dataset:
        """Return that instance.

        Raises:
            BadObjectError: if it cannot be read.
            UnavailableError: if it is not there.
        """
        with self.local(sop_instance_uid) as path:
            return read_file(path)

    def remove(self, sop_instance_uid: str, version: str = "") -> None:
        """Remove that instance, if it is there."""
        with disk_errors(self._root):
            self.path(sop_instance_uid, version).unlink(missing_ok=True)

    def set_aside(self, sop_instance_uid: str, version: str, reason: str) -> None:
        """Put that instance where people can look at it, with the reason beside it.

        Raises:
            SpoolFullError: if the disk has no room.
            UnavailableError: if it is not there, or the disk fails.
        """
        name = f"{sop_instance_uid}~{version}" if version else sop_instance_uid
        with self.local(sop_instance_uid, version) as path:
            self.quarantine.put(path, name, reason)
        self.remove(sop_instance_uid, version)

    def make_way(self, sop_instance_uid: str, temporary: Path, version: str = "") -> None:
        """Let the bytes at `temporary` be kept: a file that a crash left without a row goes.

        To be called under `locked`, and only where the ledger knows no such instance.

        Raises:
            UnavailableError: if another may be keeping it just now, or the disk fails.
        """
        del temporary
        self.remove(sop_instance_uid, version)

    def _settle(self, path: Path) -> None:
        """Make the name of a file durable that is there: whoever gave it may have died before."""
        with disk_errors(self._root):
            sync_path(path.parent)

    def _make_durable(self, folder: Path) -> None:
        """Make `folder` durably: who found it made may be quicker than who made it."""
        if folder in self._durable:
            return
        make_folder(folder)
        sync_path(folder.parent)
        sync_path(self._root)
        self._durable.add(folder)

    def usage(self) -> Mapping[str, tuple[int, int]]:
        """Return files and bytes of ``incoming`` and ``quarantine``.

        Raises:
            UnavailableError: if the disk fails.
        """
        with disk_errors(self._root):
            found = {
                folder.name: [size_of(path) for path in folder.iterdir()]
                for folder in (self._incoming, self.quarantine.folder)
            }
        return {name: (len(sizes), sum(sizes)) for name, sizes in found.items()}

    def kept_before(self, moment: datetime) -> Iterator[tuple[str, str]]:
        """Yield (UID, version) of what was kept before `moment`, in no order.

        Raises:
            UnavailableError: if the disk fails.
        """
        with disk_errors(self._root):
            for path in self._root.glob(KEPT):
                if 0 < modified(path) < moment.timestamp() and is_uid(named(path.name)[0]):
                    yield named(path.name)  # what is named otherwise is somebody else's

    def sweep_incoming(self, older_than: float) -> int:
        """Remove what a crash left in ``incoming/``; return how many.

        `older_than` is a POSIX time: files last written before it.

        Raises:
            UnavailableError: if the disk fails.
        """
        with disk_errors(self._root):
            left = [path for path in self._incoming.iterdir() if modified(path) < older_than]
            for path in left:
                path.unlink(missing_ok=True)
        return len(left)

    def check(self) -> None:
        """See that files can be kept.

        Raises:
            UnavailableError: if not; the message says where and why.
        """
        temporary = self.temporary()
        with disk_errors(self._root):
            temporary.touch()
            temporary.unlink()

    def free_bytes(self) -> int:
        """Return the room left on the disk."""
        with disk_errors(self._root):
            return shutil.disk_usage(self._root).free

    @contextmanager
    def locked(self, sop_instance_uid: str) -> Iterator[None]:
        """Let nobody else hold this UID meanwhile, in this process or another.

        Raises:
            SpoolFullError: if the disk has no room for that.
            UnavailableError: if the disk fails.
        """
        digest = hashlib.sha256(sop_instance_uid.encode()).hexdigest()
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        with disk_errors(self._root):
            descriptor = os.open(self._locks / digest[:2], flags, 0o666)
        try:
            with disk_errors(self._root):
                flock(descriptor, LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def named(name: str) -> tuple[str, str]:
    """Return the (UID, version) of a file of that name."""
    uid, _, version = name.removesuffix(".dcm").partition("~")
    return uid, version
