"""The line without a node: files in, result objects out."""

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from engines.cad.finding import Region
from engines.card import Card
from pipelines.errors import CannotProcessError
from pipelines.kinds import USUAL, Kind, Made
from pipelines.mammogram.attributes import text
from pipelines.pipeline import Context, Document, Outcome, Pipeline
from service.errors import BadObjectError, RefusedError
from service.ledger.disk import disk_errors
from service.ledger.reading import UNREADABLE, read_file, readable
from service.worker.stopwatch import Stopwatch

INDEX = "index.jsonl"
NO_IMAGE = "there is no image of its study"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a pipeline beyond its name."""

    kinds: frozenset[Kind] = USUAL
    regions: Mapping[str, Sequence[Region]] = field(default_factory=dict)
    """To look at and no others, by SOP Instance UID."""
    allowed: tuple[str, ...] = ()
    """Kinds of images that are taken although others like them are not."""


USUAL_WISH = Wish()


@dataclass(frozen=True, slots=True)
class Processed:
    """What became of one file, or of the files of a study."""

    paths: tuple[str, ...]
    sha256: str
    outcome: str
    """``done``, ``partly``, ``skipped`` or ``failed``."""
    reason: str
    results: tuple[str, ...] = ()
    failures: tuple[Document, ...] = ()
    """Those of the results that say that the study was not analysed."""
    stages: Mapping[str, float] = field(default_factory=dict)
    was_known: bool = False
    """It was done before, and is not done again."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Files that are processed together, and the digest of their bytes."""

    paths: tuple[Path, ...]
    sha256: str

    @property
    def names(self) -> tuple[str, ...]:
        """The paths as text."""
        return tuple(map(str, self.paths))


@dataclass(frozen=True)
class Offline:
    """Runs one pipeline on files; what `out` already holds is not made again."""

    pipeline: Pipeline
    cards: Sequence[Card]
    context: Context
    out: Path
    allowed: Collection[str] = ()

    def process(self, paths: Sequence[Path]) -> Iterator[Processed]:
        """Yield what became of each file, or study, once its results are on the disk."""
        self.out.mkdir(parents=True, exist_ok=True)
        for one in self._batches(paths):
            yield one if isinstance(one, Processed) else self._processed(one)

    def _processed(self, batch: Batch) -> Processed:
        """Return what became of files that belong together: it is done now, or was before."""
        before = self._known().get(batch.sha256)
        if before is not None and before.outcome != "failed":
            return replace(before, paths=batch.names, was_known=True)
        processed = self._one(batch, before.failures if before else ())
        self._remember(processed)
        return processed

    def _batches(self, paths: Sequence[Path]) -> Iterator[Processed | Batch]:
        """Yield what is to be processed together, and what is not processed at all."""
        kept: list[tuple[Path, Dataset]] = []
        for path in paths:
            found = self._looked_at(path)
            if isinstance(found, Processed):
                yield found
            elif self.pipeline.takes_studies:
                kept.append((path, found))
            else:
                yield _batch([path])
        yield from self._studies(kept)

    def _studies(self, found: Iterable[tuple[Path, Dataset]]) -> Iterator[Processed | Batch]:
        """Yield the files of each study that holds an image, and those that are of none."""
        studies: dict[str, dict[str, Path]] = {}
        images: set[str] = set()
        for path, header in found:
            study, uid = (text(header, word) for word in ("StudyInstanceUID", "SOPInstanceUID"))
            files = studies.setdefault(study, {})
            if uid in files:
                yield _again(path, files[uid])
                continue
            files[uid] = path
            if not self.pipeline.accompanies(header):
                images.add(uid)
        self._check_regions(images)
        for files in studies.values():
            if images & files.keys():
                yield _batch(list(files.values()))
            else:
                yield from (_skipped(path, NO_IMAGE) for path in files.values())

    def _check_regions(self, images: Collection[str]) -> None:
        """Let no region be of an image that is not there: all of the others would be searched."""
        for uid in self.context.regions:
            if uid not in images:
                raise RefusedError(
                    f"regions are given for image {uid}, which is not among the files, is skipped, "
                    f"or is nothing that {self.pipeline.name} looks at in parts"
                )

    def _looked_at(self, path: Path) -> Processed | Dataset:
        try:
            header = dcmread(path, stop_before_pixels=True)
            beside = self.pipeline.takes_studies and self.pipeline.accompanies(header)
            reason = None if beside else self.pipeline.skips(header, self.allowed)
        except InvalidDicomError:
            return _skipped(path, "it is no DICOM file")
        except UNREADABLE:
            return replace(_skipped(path, "its header cannot be read"), outcome="failed")
        return header if reason is None else _skipped(path, reason)

    def _one(self, batch: Batch, failures: Sequence[Document]) -> Processed:
        watch = Stopwatch()
        context = replace(self.context, progress=watch, predecessors=failures)
        try:
            read = readable if self.pipeline.takes_studies else read_file
            with watch("read file"):
                images = [read(path) for path in batch.paths]
            outcome = self.pipeline.run(images, context)
        except (BadObjectError, CannotProcessError) as error:
            return Processed(batch.names, batch.sha256, "failed", str(error), stages=watch.seconds)
        with watch("write files"):
            names = tuple(self._write(made) for made in outcome.made)
        return Processed(
            batch.names,
            batch.sha256,
            {"whole": "done"}.get(outcome.extent, outcome.extent),
            outcome.reason,
            names,
            _failures(outcome) or tuple(failures),
            watch.seconds,
        )

    def _write(self, made: Made) -> str:
        name = f"{made.kind}-{made.dataset.SOPInstanceUID}.dcm"
        part = self.out / f"{name}.part"
        try:
            with disk_errors(self.out):
                made.dataset.save_as(part, enforce_file_format=True)
                part.replace(self.out / name)
        finally:
            part.unlink(missing_ok=True)
        return name

    def _known(self) -> dict[str, Processed]:
        """Return what is known of each digest: the last that was done, whose results are there."""
        index = self.out / INDEX
        if not index.is_file():
            return {}
        rows = [
            row for line in index.read_text(errors="replace").splitlines() if (row := _row(line))
        ]
        found = (_processed(row) for row in rows if row.pop("recipe", None) == self._recipe())
        return {
            row.sha256: row
            for row in found
            if row is not None and all((self.out / name).is_file() for name in row.results)
        }

    def _remember(self, processed: Processed) -> None:
        line = json.dumps({**asdict(processed), "recipe": self._recipe()})
        with disk_errors(self.out), (self.out / INDEX).open("a", encoding="utf-8") as index:
            index.write(f"\n{line}\n")  # on a line of its own, whatever a killed run left there
            index.flush()
            os.fsync(index.fileno())

    def _recipe(self) -> str:
        """Return what tells this run from another on the same files."""
        product = self.context.product
        us = f"{product.version} {product.device_serial_number}"
        models = [f"{card.name} {card.version} {card.sha256[:12]}" for card in self.cards]
        wish = [*sorted(self.context.kinds), *sorted(self.allowed)]
        regions = [f"{uid} {list(given)}" for uid, given in sorted(self.context.regions.items())]
        return "; ".join([self.pipeline.name, us, *models, *wish, *regions])


def _batch(paths: Sequence[Path]) -> Batch:
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    if len(digests) == 1:
        return Batch(tuple(paths), digests[0])
    return Batch(tuple(paths), hashlib.sha256("".join(sorted(digests)).encode()).hexdigest())


def _again(path: Path, other: Path) -> Processed:
    """Return that an instance is there in another file too."""
    if _batch([path]).sha256 == _batch([other]).sha256:
        return _skipped(path, f"it is the same as {other}")
    told = _skipped(path, f"it is another object under the SOP Instance UID of {other}")
    return replace(told, outcome="failed")


def _skipped(path: Path, reason: str) -> Processed:
    return Processed((str(path),), "", "skipped", reason)


def _failures(outcome: Outcome) -> tuple[Document, ...]:
    if outcome.extent != "failed":
        return ()
    return tuple(Document.of(made) for made in outcome.made)


def _processed(row: dict[str, Any]) -> Processed | None:
    """Return what a row of the index says, None if it is of another release."""
    try:
        failures = tuple(
            Document(**{**one, "kind": Kind(one["kind"])}) for one in row.pop("failures")
        )
        told = {**row, "paths": tuple(row["paths"]), "results": tuple(row["results"])}
        return Processed(**told, failures=failures)
    except (KeyError, TypeError, ValueError):
        return None


def _row(line: str) -> dict[str, Any]:
    """Return what a line of the index says; nothing of one that was cut off."""
    try:
        found = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
