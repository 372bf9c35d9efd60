"""Plans on disk, found again by what they were made for.

A plan is native code: whoever can write one runs what he likes in the process that loads it. So the
folder must belong to this user alone, and only what its manifest describes, to the byte, is loaded.
"""

import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from engines.card import Card, first_fault
from engines.plans.files import held, make_ours, make_sure_ours, read_ours, write_whole
from engines.plans.manifest import (
    Circumstances,
    Fingerprint,
    Manifest,
    NoPlanError,
    PlanError,
    PlanFile,
)
from engines.plans.room import make_room, remove
from engines.verification import Verification

logger = logging.getLogger(__name__)

KEY_LENGTH = 16
LIMIT = 20 * 2**30

Maker = Callable[[], tuple[Manifest, bytes]]
"""Builds a plan: what is known about it, and its bytes."""


@dataclass(frozen=True, slots=True)
class PlanStore:
    """A folder of `<name>/<version>/<back end>-<key>.plan`, each with a manifest, `.json`.

    `limit` is how many bytes of plans it keeps: those that were not used for longest go first.
    """

    folder: Path
    limit: int = LIMIT

    def find(self, fingerprint: Fingerprint) -> Manifest:
        """Return what is known about the plan for that, verified or not.

        Raises:
            PlanError: there is none, or it cannot be trusted; the message says what there is.
        """
        path = self._path(fingerprint, "json")
        if not path.exists():
            raise NoPlanError(self._what_there_is(fingerprint))
        self._make_sure_ours(fingerprint)
        manifest = _read_manifest(path)
        if manifest.fingerprint != fingerprint:
            differences = "; ".join(fingerprint.differences(manifest.fingerprint))
            raise PlanError(f"{path}: is for {differences}")
        return manifest

    def verified(
        self, fingerprint: Fingerprint, card: Card, circumstances: Circumstances
    ) -> Manifest:
        """Return what is known about the plan for that, if it may serve `card` here and now.

        Raises:
            PlanError: there is none, or it has not passed verification under these circumstances.
        """
        manifest = self.find(fingerprint)
        objection = manifest.objection(card, circumstances)
        if objection is not None:
            raise PlanError(f"{self._path(fingerprint, 'json')}: {objection}")
        return manifest

    def known(self, name: str, version: str) -> Iterator[Manifest | PlanError]:
        """Yield what is known of each plan and verification of that model, or what is wrong."""
        for path in sorted((self.folder / name / version).glob("*.json")):
            try:
                manifest = _read_manifest(path)
                if manifest.plan is not None:
                    self._content(manifest)
            except PlanError as error:
                yield error
            else:
                yield manifest

    def plan(self, manifest: Manifest) -> bytes:
        """Return the plan that `manifest` describes, and note that it was used.

        Raises:
            PlanError: it is missing, altered, or could have been written by others.
        """
        content = self._content(manifest)
        with suppress(OSError):  # it may have given way to another's meanwhile: we have it
            os.utime(self._path(manifest.fingerprint, "plan"))
        return content

    def _content(self, manifest: Manifest) -> bytes:
        path = self._path(manifest.fingerprint, "plan")
        if manifest.plan is None:
            raise PlanError(f"{path}: there is none, its back end needs no plan")
        self._make_sure_ours(manifest.fingerprint)
        content = read_ours(path)
        if (found := described(content)) != manifest.plan:
            wanted = manifest.plan
            raise PlanError(
                f"{path}: has {found.size} bytes of sha256 {found.sha256}, "
                f"its manifest says {wanted.size} of {wanted.sha256}"
            )
        return content

    def obtain(self, fingerprint: Fingerprint, make: Maker) -> Manifest:
        """Return what is known about the plan for that; `make` builds it if there is none.

        Of many who ask at once one builds, and the others wait and find the plan.

        Raises:
            PlanError: the folder is not ours alone, or takes no more.
        """
        self._make_ready(fingerprint)
        with held(self._path(fingerprint, "lock")):
            try:
                manifest = self.find(fingerprint)
                self.plan(manifest)
            except PlanError as reason:
                logger.info("a plan is built: %s", reason)
                return self._keep(*make())
            return manifest

    def note(self, manifest: Manifest) -> None:
        """Keep a manifest without a plan: how a back end that compiles anew each time fared.

        Raises:
            PlanError: the folder is not ours alone, or takes no more.
        """
        self._make_ready(manifest.fingerprint)
        with held(self._path(manifest.fingerprint, "lock")):
            self._write(manifest)

    def with_verification(
        self, manifest: Manifest, verification: Verification, under: Circumstances
    ) -> Manifest:
        """Keep how the plan fared, and return its manifest with that.

        Raises:
            PlanError: the plan is no longer there, or another is there by now.
        """
        with held(self._path(manifest.fingerprint, "lock")):
            if self.find(manifest.fingerprint).plan != manifest.plan:
                path = self._path(manifest.fingerprint, "plan")
                raise PlanError(f"{path}: another plan was built while this one was verified")
            verified = manifest.verified(verification, under)
            self._write(verified)
            return verified

    def drop(self, fingerprint: Fingerprint) -> None:
        """Forget the plan for that, so that the next who asks builds it anew."""
        if self._folders(fingerprint)[-1].is_dir():
            with held(self._path(fingerprint, "lock")):
                remove(self._path(fingerprint, "plan"))

    def timings(self, machine: str) -> bytes:
        """Return what earlier builds for `machine` measured; nothing if there were none."""
        return self._kept(self._timings(machine))

    def keep_timings(self, machine: str, timings: bytes) -> None:
        """Keep what builds for `machine` measured, for the next build.

        Raises:
            PlanError: the folder is not ours alone, or takes no more.
        """
        make_ours(self.folder)
        path = self._timings(machine)
        with held(path.with_suffix(".lock")):
            write_whole(path, timings)

    def golden(self, key: str) -> bytes:
        """Return the golden answer that is kept under `key`; nothing if none is.

        Raises:
            PlanError: it could have been written by others.
        """
        return self._kept(self._golden(key))

    def keep_golden(self, key: str, answer: bytes) -> None:
        """Keep a golden answer under `key`, for the next time that an engine opens.

        Raises:
            PlanError: the folder is not ours alone, or takes no more.
        """
        make_ours(self.folder)
        write_whole(self._golden(key), answer)

    def _golden(self, key: str) -> Path:
        return self.folder / f"golden-{key}.npy"

    def _kept(self, path: Path) -> bytes:
        """Return what is in that file of the folder; nothing if it is not there."""
        if not path.exists():
            return b""
        make_sure_ours(self.folder)
        return read_ours(path)

    def _keep(self, manifest: Manifest, plan: bytes) -> Manifest:
        """Write plan and manifest, in that order, and make room; its lock is held."""
        kept = manifest.model_copy(update={"plan": described(plan)})
        path = self._path(manifest.fingerprint, "plan")
        self._path(manifest.fingerprint, "json").unlink(missing_ok=True)
        write_whole(path, plan)
        self._write(kept)
        make_room(self.folder, self.limit, path)
        return kept

    def _write(self, manifest: Manifest) -> None:
        path = self._path(manifest.fingerprint, "json")
        write_whole(path, manifest.model_dump_json(indent=1).encode())

    def _what_there_is(self, fingerprint: Fingerprint) -> str:
        """Return that there is no plan for that, and what the one most like it is for."""
        of_model = f"{fingerprint.name} {fingerprint.version} on {fingerprint.backend}"
        folder = self._path(fingerprint, "json").parent
        others: list[list[str]] = []
        for path in sorted(folder.glob(f"{fingerprint.backend}-*.json")):
            try:
                others.append(list(fingerprint.differences(_read_manifest(path).fingerprint)))
            except PlanError as reason:
                logger.info("%s", reason)
        if not others:
            return f"no plan of {of_model} for {fingerprint.machine}"
        nearest = min(others, key=len)
        return f"no plan of {of_model} for this: there is one for {'; '.join(nearest)}"

    def _make_ready(self, fingerprint: Fingerprint) -> None:
        for folder in self._folders(fingerprint):
            make_ours(folder)

    def _make_sure_ours(self, fingerprint: Fingerprint) -> None:
        for folder in self._folders(fingerprint):
            make_sure_ours(folder)

    def _folders(self, fingerprint: Fingerprint) -> tuple[Path, Path, Path]:
        of_model = self.folder / fingerprint.name
        return self.folder, of_model, of_model / fingerprint.version

    def _path(self, fingerprint: Fingerprint, kind: str) -> Path:
        name = f"{fingerprint.backend}-{fingerprint.key[:KEY_LENGTH]}.{kind}"
        return self._folders(fingerprint)[-1] / name

    def _timings(self, machine: str) -> Path:
        digest = hashlib.sha256(machine.encode()).hexdigest()
        return self.folder / f"timings-{digest[:KEY_LENGTH]}.cache"


def described(plan: bytes) -> PlanFile:
    """Return what tells `plan` from any other."""
    return PlanFile(sha256=hashlib.sha256(plan).hexdigest(), size=len(plan))


def _read_manifest(path: Path) -> Manifest:
    try:
        return Manifest.model_validate_json(read_ours(path))
    except ValidationError as error:
        raise PlanError(f"{path} is broken: {first_fault(error)}") from error
