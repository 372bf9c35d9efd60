"""What it helps to teach a classifier histograms of gradients besides: four folds by patient.

    python bench/gradients.py [--batches 1600] [--data ../shared/data]

Masses of CBIS-DDSM that train and validate; the test's are not looked at. Told are areas under the
ROC curve, each mass judged by what learned from the other folds: a support vector machine on the
histograms, and a narrow ResNet-18 without and with them. Research use only.
"""

import argparse
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from engines.networks.small_resnet import SmallResNet
from engines.training.changes import changed
from engines.training.distort import stacked
from engines.training.gradients import COMPONENTS, histograms
from engines.training.loop import Run
from engines.training.menus import Verdicts
from engines.training.plan import Plan
from engines.training.regions import Mass, Question, cbis, parted, question
from engines.training.telling import Sample, Telling, area_under_curve

FOLDS, SIDE, ROOM = 4, 64, 2.0


def main() -> None:
    """Print the areas."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=1600)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    asked = parser.parse_args()
    there = cbis(asked.data)
    masses = [one for part in ("train", "validation") for one in parted(asked.data, there, part)]
    folds = dealt([one.patient for one in masses])
    print(f"{len(masses)} masses of {len({one.patient for one in masses})} patients")
    print(f"support vector machine on histograms of gradients: {by_machine(masses, folds):.3f}")
    for weight in (0.0, 1.0):
        areas = [by_network(masses, folds == one, weight, asked.batches) for one in range(FOLDS)]
        print(f"ResNet-18, {asked.batches} batches, gradients = {weight:g}: {np.mean(areas):.3f}")


def dealt(patients: Sequence[str]) -> NDArray[np.intp]:
    """Return the fold of each mass."""
    names = sorted(set(patients))
    order = np.random.default_rng(7).permutation(len(names))
    fold = {names[place]: number % FOLDS for number, place in enumerate(order)}
    return np.array([fold[one] for one in patients])


def by_machine(masses: Sequence[Mass], folds: NDArray[np.intp]) -> float:
    """Return the area under the curve over all folds."""
    shades = stacked([question(one, ROOM).shades for one in masses])
    seen = histograms(torch.from_numpy(shades)).numpy()
    wanted = np.array([one.is_malignant for one in masses])
    given = np.zeros(len(masses), np.float32)
    for one in range(FOLDS):
        machine = make_pipeline(StandardScaler(), PCA(COMPONENTS, random_state=0), SVC())
        machine.fit(seen[folds != one], wanted[folds != one])
        given[folds == one] = machine.decision_function(seen[folds == one])
    return area_under_curve(given, wanted)


def by_network(
    masses: Sequence[Mass], is_held: NDArray[np.bool_], weight: float, batches: int
) -> float:
    """Return the area under the curve in one fold."""
    menu = Verdicts(augmentation="slight", smoothing=0.1, signs=1.0, gradients=weight, side=SIDE)
    plan = Plan(epochs=1, steps=batches, rate=4e-3, optimiser="adamw", decay=0.05, averaging=0.99,
                largest_gradient=1.0, precision="bf16", seed=0, threads=1)  # fmt: skip
    pairs = list(zip(masses, is_held, strict=True))
    samples = [
        Sample(partial(_drawn, one), one.is_malignant, one.signs) for one, held in pairs if not held
    ]
    regions = [question(one, ROOM) for one, held in pairs if held]
    run = Run(Telling(SmallResNet, menu, samples, {"validation": regions}), plan)
    told: list[object] = []
    with tempfile.TemporaryDirectory() as folder:
        run.run(Path(folder), told.append)
    return run.history[-1].figures["auc"]


def _drawn(mass: Mass, chance: np.random.Generator) -> Question:
    return changed(mass, "slight", chance, ROOM)


if __name__ == "__main__":
    main()
