"""The line without a node: files in, result objects out."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from pipelines.errors import CannotProcessError
from pipelines.pipeline import Context, Pipeline
from service.errors import BadObjectError
from service.ledger.spool import UNREADABLE, read_file
from service.worker.stopwatch import Stopwatch

INDEX = "index.jsonl"


@dataclass(frozen=True, slots=True)
class Processed:
    """What became of one file."""

    path: str
    sha256: str
    outcome: str
    """``done``, ``skipped`` or ``failed``."""
    reason: str
    results: tuple[str, ...] = ()
    stages: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Offline:
    """Runs one pipeline on files; what `out` already holds is not made again."""

    pipeline: Pipeline
    context: Context
    out: Path

    def process(self, paths: list[Path]) -> Iterator[Processed]:
        """Yield what became of each file, once its results are on the disk."""
        self.out.mkdir(parents=True, exist_ok=True)
        known = self._known()
        for path in paths:
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            if sha256 in known:
                yield replace(known[sha256], path=str(path), reason="done before")
                continue
            processed = self._one(path, sha256)
            self._remember(processed)
            yield processed

    def _one(self, path: Path, sha256: str) -> Processed:
        watch = Stopwatch()
        try:
            reason = self.pipeline.skips(dcmread(path, stop_before_pixels=True))
        except InvalidDicomError:
            return Processed(str(path), sha256, "skipped", "it is no DICOM file")
        except UNREADABLE:
            return Processed(str(path), sha256, "failed", "its header cannot be read")
        if reason is not None:
            return Processed(str(path), sha256, "skipped", reason)
        try:
            with watch("read file"):
                image = read_file(path)
            results = self.pipeline.run(image, replace(self.context, progress=watch))
        except (BadObjectError, CannotProcessError) as error:
            return Processed(str(path), sha256, "failed", str(error), stages=watch.seconds)
        with watch("write files"):
            names = tuple(self._write(result) for result in results)
        return Processed(str(path), sha256, "done", "", names, watch.seconds)

    def _write(self, result: Dataset) -> str:
        name = f"{result.SOPInstanceUID}.dcm"
        part = self.out / f"{name}.part"
        result.save_as(part, enforce_file_format=True)
        part.replace(self.out / name)
        return name

    def _known(self) -> dict[str, Processed]:
        index = self.out / INDEX
        if not index.is_file():
            return {}
        rows = [row for line in index.read_text().splitlines() if (row := _row(line))]
        found = (
            Processed(**{**row, "results": tuple(row["results"])})
            for row in rows
            if row.pop("recipe") == self._recipe()
        )
        return {
            row.sha256: row
            for row in found
            if row.outcome == "done" and all((self.out / name).is_file() for name in row.results)
        }

    def _remember(self, processed: Processed) -> None:
        line = json.dumps({**asdict(processed), "recipe": self._recipe()})
        with (self.out / INDEX).open("a", encoding="utf-8") as index:
            index.write(f"\n{line}\n")  # on a line of its own, whatever a killed run left there
            index.flush()
            os.fsync(index.fileno())

    def _recipe(self) -> str:
        card = self.context.engine.card
        return f"{self.pipeline.name} {card.name} {card.version} {card.sha256[:12]}"


def _row(line: str) -> dict[str, Any]:
    """Return what a line of the index says; nothing of one that was cut off."""
    try:
        found: dict[str, Any] = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return found
