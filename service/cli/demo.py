"""`senoscope demo`: the whole way once, before your eyes."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from pydicom import Dataset, dcmread
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipelines.phantom import VIEWS, Exposure, mammogram
from service.cli.options import Json, console, examples, print_json, print_table
from service.delivery.files import find_files
from service.demo import run
from service.demo.orthanc import find_orthanc
from service.demo.pacs import Pacs, start_pacs
from service.demo.report import IMAGE, PIQE_AFTER, PIQE_BEFORE, Returned, stage_seconds
from service.demo.story import FETCHED, Fetch, Story, tell_story
from service.errors import RefusedError
from service.ledger.ledger import Ledger
from service.opening import open_ledger
from service.settings import load_settings

SEED = 7
NOTE = "senoscope-demo"
MB = 1_000_000


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command(
        epilog=examples(
            "senoscope demo",
            "senoscope demo --rows 2048 --columns 1664 --keep /tmp/demo",
            "senoscope demo --input /data/mammograms --json",
        )
    )(demo)


def demo(
    keep: Annotated[
        Path, typer.Option(help="Where everything is kept; an earlier demo there is replaced.")
    ] = Path("demo"),
    given: Annotated[
        list[Path] | None,
        typer.Option("--input", help="Your own DICOM files instead of the phantom.", exists=True),
    ] = None,
    rows: Annotated[int, typer.Option(help="Rows of a phantom view.", min=64)] = 4096,
    columns: Annotated[int, typer.Option(help="Columns of a phantom view.", min=48)] = 3328,
    as_json: Json = False,
) -> None:
    """Send a study through a node of its own; show what comes back to the PACS, and how fast."""
    console.quiet = as_json
    started = time.perf_counter()
    folder = _fresh(keep)
    console.print("[bold]Senoscope demo[/] (research use only, not for clinical diagnosis)")
    with start_pacs(folder / "pacs", find_orthanc()) as pacs:
        config, ports = run.configure(folder, load_settings(None).own_shelf, pacs)
        console.print(f"PACS: {pacs.name}, port {pacs.dicom_port}. Starting the node ...")
        with run.start_node(config, ports.http, folder / "node.log") as wait_until_ready:
            files = find_files(given) if given else _phantoms(folder / "input", rows, columns)
            wait_until_ready()
            stories = _carry(open_ledger(config), ports, files, pacs, folder)
    took = time.perf_counter() - started
    if as_json:
        print_json({"studies": [asdict(story) for story in stories], "seconds": took})
        return
    for story in stories:
        _tell(story)
    console.print(f"\nEverything is in {folder}/ . The demo took {took:.1f} s.")


def _fresh(folder: Path) -> Path:
    """Return `folder`, empty; only what a demo made is ever removed."""
    note = folder / NOTE
    if folder.exists() and any(folder.iterdir()):
        if not note.is_file():
            raise RefusedError(f"{folder} holds something else; name another with --keep")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    note.write_text("Made by `senoscope demo`; the next one replaces it.\n")
    (folder / "input").mkdir()
    (folder / "pacs").mkdir()
    (folder / FETCHED).mkdir()
    return folder.resolve()


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description:28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=console.quiet,
    )


def _phantoms(folder: Path, rows: int, columns: int) -> list[Path]:
    files = []
    with _bar() as bar:
        task = bar.add_task(f"phantom study {rows} x {columns}", total=4)
        for view in VIEWS:
            image = mammogram(view, Exposure(rows=rows, columns=columns, seed=SEED))
            path = folder / f"{view}.dcm"
            image.save_as(path, enforce_file_format=True)
            files.append(path)
            bar.advance(task)
    return files


def _carry(
    ledger: Ledger, ports: run.Ports, files: Sequence[Path], pacs: Pacs, folder: Path
) -> list[Story]:
    """Send `files`, wait for the results and fetch them from `pacs`.

    Raises:
        RefusedError: if the node took none of them.
    """
    with _bar() as bar:
        sending = bar.add_task("C-STORE to the node", total=len(files))
        working = bar.add_task("jobs done", total=None)
        coming = bar.add_task("results sent to the PACS", total=None)
        taken = []
        for sent in run.send(files, ports.dicom):
            bar.advance(sending)
            if sent.ok:
                taken.append(sent.path)
            else:
                console.print(f"not taken: {sent.path}: {sent.detail}", soft_wrap=True)
        if not taken:
            raise RefusedError("the node took none of the files")
        headers = _headers(taken)
        sources = {str(header.SOPInstanceUID): path for path, header in headers}
        studies = list(dict.fromkeys(str(header.StudyInstanceUID) for _, header in headers))

        def show(progress: run.Progress) -> None:
            bar.update(working, total=progress.jobs or None, completed=progress.jobs_done)
            bar.update(coming, total=progress.deliveries or None, completed=progress.delivered)

        jobs = {uid: run.await_results(ledger, uid, show) for uid in studies}
    console.print("Fetching the results from the PACS, making pictures ...")
    fetch = Fetch(ledger, pacs, sources, folder)
    return [tell_story(uid, jobs[uid], fetch) for uid in studies]


def _headers(files: Sequence[Path]) -> list[tuple[Path, Dataset]]:
    return [(path, dcmread(path, stop_before_pixels=True)) for path in files]


def _tell(story: Story) -> None:
    console.print(f"\nWhat came back to the PACS, study {story.study_instance_uid}")
    for one in sorted(story.objects, key=lambda each: (each.view, each.what != IMAGE)):
        size = f"{one.rows} x {one.columns}, " if one.rows else ""
        console.print(
            f"  {one.view:5} {one.what:21} {size}{_bytes(one.size)}{_piqe(one)}\n"
            f"        {one.sop_instance_uid}",
            highlight=False,
        )
    for uid, why in story.left.items():
        console.print(f"  {story.views[uid]:5} nothing: {why}", soft_wrap=True)
    if not story.jobs:
        return
    stages = stage_seconds(story.jobs)
    print_table(
        "\nSeconds per stage",
        ["stage", *(story.views[job.sop_instance_uids[0]] for job in story.jobs), "all"],
        [
            [stage, *(f"{value:.2f}" for value in seconds), f"{sum(seconds):.2f}"]
            for stage, seconds in stages.items()
        ],
    )
    console.print(f"Last image received to last result acknowledged: {story.turnaround_s:.1f} s")
    for pair in story.crops:
        console.print(f"before and after: {pair.side_by_side}", soft_wrap=True)


def _piqe(one: Returned) -> str:
    if not one.piqe:
        return ""
    return f", PIQE {one.piqe[PIQE_BEFORE]:.1f} before, {one.piqe[PIQE_AFTER]:.1f} after"


def _bytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= MB else f"{size / 1e3:.1f} kB"
