"""Cards on TensorRT: plans are built once, verified, and served from then on."""

import os
import platform
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime

from engines.backends.tensorrt.build import BuildSpec, build
from engines.backends.tensorrt.engine import TensorRtEngine
from engines.backends.tensorrt.execution import Execution
from engines.backends.tensorrt.graph import prepared
from engines.backends.tensorrt.progress import Progress
from engines.backends.tensorrt.runner import Runner
from engines.backends.tensorrt.target import Target, gpu
from engines.card import Card, CardError, Precision
from engines.engine import Engine, UnusableError
from engines.plans.manifest import Manifest, PlanError
from engines.plans.store import PlanStore
from engines.shelf import verify
from engines.verification import Verification


def build_tensorrt(
    card: Card,
    precision: Precision,
    target: Target,
    store: PlanStore,
    built_at: datetime,
    progress: Progress,
) -> Manifest:
    """Return the manifest of the stored plan for `card`, building it if there is none.

    Raises:
        UnusableError: the graph cannot be read or built, or the store not be written to.
        CancelledError: `progress` said no.
    """
    fingerprint = target.fingerprint(card, precision)
    machine = f"{target.library.name} on {target.device.machine}"

    def make() -> tuple[Manifest, bytes]:
        begun = time.perf_counter()
        graph, timings = prepared(card, precision), store.timings(machine)
        _make_sure_of(card)
        with target.current():
            built = build(target.library, graph, BuildSpec(card.window), timings, progress)
        if built.timings:
            store.keep_timings(machine, built.timings)
        manifest = Manifest(
            fingerprint=fingerprint,
            circumstances=target.device.circumstances,
            built_at=built_at,
            built_by=f"user {os.geteuid()} on {platform.node()}",
            seconds=time.perf_counter() - begun,
        )
        return manifest, built.plan

    return store.obtain(fingerprint, make)


def _make_sure_of(card: Card) -> None:
    """Make sure that the weights are those of the card.

    Raises:
        UnusableError: they are not, or they are missing.
    """
    try:
        verify(card)
    except CardError as error:
        raise UnusableError(str(error)) from error


def open_tensorrt(
    card: Card, precision: Precision, ordinal: int, store: PlanStore
) -> TensorRtEngine:
    """Return an engine on the stored plan for `card` on that GPU, which has passed verification.

    It initialises CUDA: never before a fork.

    Raises:
        UnusableError: TensorRT cannot be used here, there is no such plan, or it does not run.
        DeviceLostError: the GPU computes no more in this process.
    """
    return serve(card, precision, gpu(ordinal), store)


def verify_tensorrt(
    way: tuple[Card, Precision, int], store: PlanStore, judge: Callable[[Engine], Verification]
) -> Verification:
    """Return what `judge` finds of the stored plan for that card, precision and GPU, and keep it.

    Raises:
        PlanError: there is no such plan, or it is damaged.
        UnusableError: TensorRT cannot be used here, or the plan does not run.
        DeviceLostError: the GPU computes no more in this process.
    """
    card, precision, ordinal = way
    return examine((card, precision, gpu(ordinal)), store, judge)


def examine(
    way: tuple[Card, Precision, Target], store: PlanStore, judge: Callable[[Engine], Verification]
) -> Verification:
    """Return what `judge` finds of the stored plan for that card, precision and target; keep it.

    Raises:
        PlanError: there is no such plan, or it is damaged.
        UnusableError: the plan does not run.
        DeviceLostError: the GPU computes no more in this process.
    """
    card, precision, target = way
    manifest = store.find(target.fingerprint(card, precision))
    with closing(run(card, target, store, manifest)) as engine:
        found = judge(engine)
    store.with_verification(manifest, found, target.device.circumstances)
    return found


def serve(card: Card, precision: Precision, target: Target, store: PlanStore) -> TensorRtEngine:
    """Return an engine on the stored plan for `card` on `target`, if it has passed verification.

    Raises:
        UnusableError: there is no such plan, or it does not run.
        DeviceLostError: the GPU computes no more in this process.
    """
    device = target.device
    try:
        fingerprint = target.fingerprint(card, precision)
        return run(card, target, store, store.verified(fingerprint, card, device.circumstances))
    except PlanError as error:
        remedy = f"run `senoscope engines build {card.name}`"
        raise UnusableError(f"no verified plan for {device.name}: {remedy} ({error})") from error


def run(card: Card, target: Target, store: PlanStore, manifest: Manifest) -> TensorRtEngine:
    """Return an engine on the plan that `manifest` describes, verified or not, warm.

    Raises:
        UnusableError: there is no GPU, the plan was altered, or it does not run.
        DeviceLostError: the GPU computes no more in this process.
    """
    session = target.session
    if session is None:
        raise UnusableError(f"{target.library.name} runs nothing without a GPU")
    plan = store.plan(manifest)
    with session.current():
        execution = Execution(session, target.library, plan, card.window)
    engine = TensorRtEngine(card, manifest.fingerprint.backend, Runner(session, execution))
    engine.warm_up()
    return engine
