"""The models on the shelves as people look at them: what they are, and how they fared here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engines.card import Card, Measurement, Tolerance
from engines.plans.manifest import Manifest
from engines.plans.store import PlanStore
from engines.shelf import Shelves, everything
from service.ledger.verifications import Verified


@dataclass(frozen=True, slots=True)
class Model:
    """A model on the shelf; `engines` says how each way to run it fared here."""

    model: str
    version: str
    task: str
    scale: int | None
    state: str
    what: str
    engines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of a model besides."""

    model: Model
    precisions: tuple[str, ...] = ()
    data: str = ""
    licence: str = ""
    limits: str = ""
    measured: tuple[Measurement, ...] = ()
    tolerance: Tolerance | None = None
    """How far a back end may stray from the reference, by the card."""
    verified: tuple[Verified, ...] = ()
    """How these weights fared where they were tried last; empty: nowhere yet."""


def figures(shelves: Shelves, plans: Path, verified: Sequence[Verified] = ()) -> Iterator[Figures]:
    """Yield every version of every model, what was measured of it, or what is wrong with it."""
    store = PlanStore(plans)
    for folder, found in everything(shelves):
        name, version = folder.parent.name, folder.name
        if not isinstance(found, Card):
            yield Figures(Model(name, version, "", None, "broken", str(found)))
            continue
        fared = tuple(_fared(found, store))
        yield Figures(
            Model(name, version, found.task, found.scale, "ok", found.summary, fared),
            tuple(found.precisions),
            found.training.data,
            found.training.licence,
            found.training.limits,
            found.measured,
            found.tolerance,
            tuple(one for one in verified if one.weights == found.sha256 and one.model == name),
        )


def models(shelves: Shelves, plans: Path) -> Iterator[Model]:
    """Yield every version of every model."""
    for one in figures(shelves, plans):
        yield one.model


def _fared(card: Card, store: PlanStore) -> Iterator[str]:
    """Yield how each plan and verification of `card` that this node keeps fared."""
    for known in store.known(card.name, card.version):
        if not isinstance(known, Manifest):
            yield f"refused: {known}"
        elif known.fingerprint.weights != card.sha256:
            continue
        elif known.verification is None:
            yield f"{known.fingerprint.backend}: not verified"
        elif known.verification.passed:
            yield f"{known.fingerprint.backend}: passed, {known.verification.psnr:.1f} dB"
        else:
            yield f"{known.fingerprint.backend}: failed, {known.verification.reason}"
