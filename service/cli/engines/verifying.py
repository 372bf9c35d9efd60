"""`senoscope engines verify`: every way to run a model, held against the reference."""

from collections.abc import Iterator
from dataclasses import asdict
from math import isfinite
from socket import gethostname

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from engines.card import Card, CardError, Task
from engines.engine import UnusableError
from engines.evaluation.tiles import Shades, tiles
from engines.examination import Examined, Examiner
from engines.plans.store import PlanStore
from engines.probe import probe
from service.cli.engines.selection import All, Broken, Device, Images, Names, selected
from service.cli.options import Config, Json, console, examples, print_json, print_table
from service.cli.tiles import images_in
from service.clock import now
from service.errors import RefusedError
from service.ledger.verifications import Verified
from service.opening import open_ledger
from service.settings import Settings, load_settings
from service.version import VERSION

WINDOWS: dict[Task, int] = {"super-resolution": 1, "segmentation": 3, "classification": 16}
"""Of real images that a model is tried on, beside the probe."""


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command(
        epilog=examples(
            "senoscope engines verify fsrcnn-x2",
            "senoscope engines verify --all --device cpu",
            "senoscope engines verify fsrcnn-x2 --images study/ --json",
        )
    )(verify)


def verify(
    *,
    names: Names = None,
    everyone: All = False,
    device: Device = "auto",
    images: Images = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Hold every back end against ONNX Runtime on real tiles, within each card's tolerance.

    What was found is kept beside the plans: what did not pass is not served. The console shows it.
    """
    settings = load_settings(config)
    ledger = open_ledger(config)
    examiner = examiner_of(device, settings)
    pictures = images_in(images or [])
    found: list[Examined] = []
    with _progress(hidden=as_json) as progress:
        task = progress.add_task("")
        for model in selected(settings, names or [], everyone=everyone):
            progress.update(task, description=_title(model))
            those = []
            for one in fared(examiner, model, pictures):
                progress.update(task, description=f"{_title(model)}: {one.backend} {one.state}")
                those.append(one)
            if isinstance(model, Card):
                ledger.keep_verifications([_kept(one, model, examiner) for one in those])
            found += those
    tell(found, as_json=as_json)


def examiner_of(device: str, settings: Settings) -> Examiner:
    """Return what examines models on that device, for this node, now."""
    return Examiner(device, PlanStore(settings.plans), now(), f"senoscope {VERSION}")


def fared(examiner: Examiner, model: Card | Broken, images: list[Shades]) -> Iterator[Examined]:
    """Yield how each way to run `model` fared on the probe and on windows of `images`."""
    if isinstance(model, Broken):
        yield _failed(model, examiner.device)
        return
    windows = [probe(model), *tiles(images, model, WINDOWS[model.task])]
    try:
        yield from examiner.examine(model, windows)
    except (CardError, UnusableError) as error:
        yield _failed(Broken(model.name, model.version, str(error)), examiner.device)


def tell(found: list[Examined], *, as_json: bool) -> None:
    """Print how all fared.

    Raises:
        RefusedError: one of them failed, or a model could not be tried at all.
    """
    if as_json:
        print_json([_plain(one) for one in found])
    else:
        print_table(
            "within tolerance of the reference?",
            ["model", "back end", "state", "how far", "s", "why"],
            [_row(one) for one in found],
        )
    failed = [one for one in found if one.state == "failed"]
    if failed:
        told = "; ".join(f"{one.model} {one.version} {one.backend}: {one.reason}" for one in failed)
        raise RefusedError(f"{len(failed)} failed: {told}")
    passed = {one.model for one in found if one.state == "passed"}
    left = {one.model: one for one in found if one.model not in passed}
    if left:
        told = "; ".join(f"{name} {one.backend}: {one.reason}" for name, one in left.items())
        raise RefusedError(f"{len(left)} could not be tried: {told}")


def _kept(one: Examined, card: Card, examiner: Examiner) -> Verified:
    """Return what the ledger keeps of an outcome on this host."""
    seen = one.verification
    return Verified(
        model=one.model,
        version=one.version,
        backend=one.backend,
        device=one.device,
        host=gethostname(),
        weights=card.sha256,
        state=one.state,
        reason=one.reason,
        psnr=_finite(seen.psnr) if seen else None,
        maximum=_finite(seen.maximum) if seen else None,
        agreement=seen.agreement if seen else None,
        seconds=one.seconds,
        at=examiner.at,
        release=examiner.by,
    )


def _finite(value: float) -> float | None:
    """Return `value`, None where the answer was no number: the reason says so."""
    return value if isfinite(value) else None


def _plain(one: Examined) -> dict[str, object]:
    seen = one.verification
    return {**asdict(one), "verification": seen.model_dump() if seen else None}


def _row(one: Examined) -> list[str]:
    seen = one.verification
    far = ""
    if seen is not None:
        far = f"{seen.psnr:.1f} dB, {seen.maximum:.2g} at most"
        far += "" if seen.agreement is None else f", same class {seen.agreement:.1%}"
    return [one.model, one.backend, one.state, far, f"{one.seconds:.1f}", one.reason]


def _failed(model: Broken, device: str) -> Examined:
    return Examined(model.model, model.version, "", device, "failed", model.reason, 0)


def _title(model: Card | Broken) -> str:
    return model.name if isinstance(model, Card) else model.model


def _progress(*, hidden: bool) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=hidden,
    )
