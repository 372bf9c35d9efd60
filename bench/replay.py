"""How long it takes to see what other routes would change for studies that are kept.

    python bench/replay.py [--studies 1000] [--rounds 3]

Studies of four phantoms are kept and judged under some routes; then a draft is replayed on all of
them, as `senoscope routes replay --all --routes DRAFT` does, and in the plain way beside it, which
asks the ledger about each study by itself.
"""

import argparse
import copy
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydicom import Dataset
from support.clock import timed

from pipelines.phantom import Exposure, study
from service.cli.routes_explain import judge_of
from service.ledger.histories import History
from service.ledger.records import Instance
from service.parts import Parts
from service.router.judge import Judge
from service.router.replaying import Change, replayed
from service.settings import load_settings

WANTED_S = 10.0
"""For 1,000 studies on 2 processors: issue 7."""
ROUTES = """\
[destinations.pacs]
ae_title = "PACS"
host = "10.0.0.5"
port = 104

[[routes]]
name = "screening"
when = [
  { keyword = "Modality", any_of = ["MG"] },
  { keyword = "PresentationIntentType", any_of = ["FOR PRESENTATION"] },
]
pipelines = ["super-resolution", "cad"]
send_to = ["pacs"]
"""
DRAFT = ROUTES.replace(
    "pipelines =",
    """study_when = [{ keyword = "ViewPosition", any_of = ["MLO"] }]
pipelines =""",
).replace('["FOR PRESENTATION"] },', '["FOR PRESENTATION"] }, { keyword = "Rows", max = 200 },')
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    """Print the seconds of both ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        parts = _node(Path(folder))
        print(f"keeping and judging {arguments.studies} studies", flush=True)
        _fill(parts, arguments.studies)
        judge = judge_of(parts, Path(folder) / "draft.toml")
        ways = {"replay": _replay, "plain": _plain}
        for _ in range(arguments.rounds):
            for name, way in ways.items():
                timing = timed(lambda way=way: _counted(way(parts, judge), arguments.studies))
                print(
                    f"{name:>7}: {timing.seconds:5.2f} s, {timing.processor_seconds:5.2f} s of a "
                    f"processor; others had {timing.foreign:.0%} of the machine",
                    flush=True,
                )


def _node(folder: Path) -> Parts:
    (folder / "routes.toml").write_text(ROUTES)
    (folder / "draft.toml").write_text(DRAFT)
    config = folder / "senoscope.toml"
    config.write_text('data_dir = "data"\nroutes = "routes.toml"\n')
    return Parts(load_settings(config))


def _fill(parts: Parts, studies: int) -> None:
    """Keep studies as if they had come, and judge each."""
    images = study(Exposure(rows=256, columns=208))
    for number in range(studies):
        for image in images:
            _keep(parts, copy.deepcopy(image), number)
    router = replace(parts.router(), now=lambda: BEGAN + timedelta(days=1))
    router.route_due()


def _keep(parts: Parts, image: Dataset, number: int) -> None:
    image.StudyInstanceUID = f"{image.StudyInstanceUID[:50]}.{number}"
    image.SOPInstanceUID = f"{image.SOPInstanceUID[:50]}.{number}"
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    path = parts.received.path(image.SOPInstanceUID)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save_as(path, enforce_file_format=True)  # whether it is durable is not measured here
    parts.ledger.record(
        Instance(
            sop_instance_uid=str(image.SOPInstanceUID),
            sop_class_uid=str(image.SOPClassUID),
            study_instance_uid=str(image.StudyInstanceUID),
            series_instance_uid=str(image.SeriesInstanceUID),
            transfer_syntax_uid=str(image.file_meta.TransferSyntaxUID),
            calling_ae_title="MAMMO1",
            view=str(image.ImageLaterality) + str(image.ViewPosition),
            size=path.stat().st_size,
            digest=f"{number:032x}",
            received_at=BEGAN,
        )
    )


def _replay(parts: Parts, judge: Judge) -> Iterator[list[Change]]:
    for history in parts.ledger.histories(parts.ledger.study_uids()):
        yield replayed(judge, history, parts.received)


def _plain(parts: Parts, judge: Judge) -> Iterator[list[Change]]:
    ledger = parts.ledger
    for one in ledger.studies(limit=sys.maxsize):
        uid = one.study_instance_uid
        history = History(
            uid, ledger.instances(uid), ledger.decisions(uid), ledger.jobs(uid, limit=None)
        )
        yield replayed(judge, history, parts.received)


def _counted(found: Iterator[Sequence[Change]], studies: int) -> None:
    """See that every study was looked at, and would change."""
    changed = sum(bool(changes) for changes in found)
    if changed != studies:
        raise SystemExit(f"{changed} of {studies} studies would change: it is not measured")


if __name__ == "__main__":
    main()
