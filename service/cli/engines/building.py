"""`senoscope engines build`: TensorRT plans, built and verified."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from engines.backends.tensorrt.graph import PRECISIONS
from engines.backends.tensorrt.serving import build_tensorrt
from engines.backends.tensorrt.target import Target, gpu, no_gpu
from engines.card import Card, Precision
from engines.engine import UnusableError
from engines.machine import gpus
from engines.plans.store import PlanStore
from engines.ways import AUTO, CPU, ordinal_of
from service.cli.engines.selection import All, Broken, Images, Names, selected
from service.cli.engines.verifying import examiner_of, fared, tell
from service.cli.options import Config, Json, console, examples, print_json, print_table
from service.cli.tiles import images_in
from service.clock import now
from service.errors import RefusedError
from service.settings import load_settings

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that was built, or why it could not be."""

    model: str
    version: str
    backend: str
    state: str
    library: str = ""
    machine: str = ""
    bytes: int = 0
    seconds: float = 0
    why: str = ""


def register(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command(
        epilog=examples(
            "senoscope engines build fsrcnn-x2",
            "senoscope engines build --all --device cuda:0",
            "senoscope engines build --all --device cpu   # proves that every graph builds",
        )
    )(build)


def build(
    *,
    names: Names = None,
    everyone: All = False,
    device: Annotated[
        str, typer.Option(help="cuda:0; auto for the GPU there is; cpu: TensorRT-RTX, no more.")
    ] = AUTO,
    images: Images = None,
    again: Annotated[
        bool, typer.Option("--again", help="Build anew what is there, for one that did not pass.")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Compile models to TensorRT plans for this GPU, and verify them; only those that pass serve.

    A plan that is there and fits is kept. With --device cpu TensorRT-RTX builds instead: that
    proves that a graph can be parsed and built, and serves nothing.
    """
    settings = load_settings(config)
    target, store = _target(device), PlanStore(settings.plans)
    models = list(selected(settings, names or [], everyone=everyone))
    if again:
        _forget(models, target, store)
    plans = [plan for model in models for plan in _built(model, target, store, as_json)]
    if as_json and target.session is None:
        print_json([asdict(plan) for plan in plans])
    elif not as_json:
        _print(plans)
    if target.session is not None:
        examiner = examiner_of(device, settings)
        pictures = images_in(images or [])
        tell([one for m in models for one in fared(examiner, m, pictures)], as_json=as_json)
    _insist(plans)


def _target(device: str) -> Target:
    """Return what plans are built for."""
    there = gpus()
    if device == CPU:
        return no_gpu()
    if device == AUTO and not there:
        raise RefusedError(
            "no NVIDIA GPU here, and TensorRT builds on the GPU that a plan is for; "
            "--device cpu proves with TensorRT-RTX that the graphs can be built"
        )
    return gpu(ordinal_of(there[0] if device == AUTO else device))


def _forget(models: list[Card | Broken], target: Target, store: PlanStore) -> None:
    for model in models:
        if isinstance(model, Card):
            for precision in model.precisions:
                store.drop(target.fingerprint(model, precision))


def _built(model: Card | Broken, target: Target, store: PlanStore, as_json: bool) -> Iterator[Plan]:
    """Yield the plans of `model`, telling how far each build has come."""
    if isinstance(model, Broken):
        yield Plan(model.model, model.version, "", "failed", why=model.reason)
        return
    for precision in PRECISIONS:
        if precision in model.precisions:
            with _bars(hidden=as_json) as bars:
                yield _plan(model, precision, target, store, bars)


def _plan(
    card: Card, precision: Precision, target: Target, store: PlanStore, bars: Progress
) -> Plan:
    task = bars.add_task(f"{card.name} {precision}", total=None, phase="reading")
    backend = f"tensorrt-{precision}"

    def watch(phase: str, step: int, of: int) -> bool:
        bars.update(task, completed=step, total=of or None, phase=phase)
        return True

    began = now()
    try:
        made = build_tensorrt(card, precision, target, store, began, watch)
    except UnusableError as error:
        return Plan(card.name, card.version, backend, "failed", why=str(error))
    return Plan(
        card.name,
        card.version,
        backend,
        "built" if made.built_at == began else "was there",
        made.fingerprint.library,
        made.fingerprint.machine,
        made.plan.size if made.plan else 0,
        made.seconds,
    )


def _print(plans: list[Plan]) -> None:
    makers = {f"by {plan.library} for {plan.machine}" for plan in plans if plan.library}
    print_table(
        " ".join(["plans", *sorted(makers)]),
        ["model", "back end", "state", "MiB", "s", "why"],
        [
            [p.model, p.backend, p.state, f"{p.bytes / MIB:.1f}", f"{p.seconds:.1f}", p.why]
            for p in plans
        ],
    )


def _insist(plans: list[Plan]) -> None:
    failed = [plan for plan in plans if plan.state == "failed"]
    if failed:
        told = "; ".join(f"{plan.model} {plan.backend}: {plan.why}" for plan in failed)
        raise RefusedError(f"{len(failed)} could not be built: {told}")


def _bars(*, hidden: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[phase]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=hidden,
    )
