"""What a card says of a network that was trained here."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import onnx

from engines.card import Task
from engines.compile.reach import reach
from engines.training.courses import NOTED, RECIPE, SPLIT, Noted
from engines.training.detector import LEAST_CERTAINTY
from engines.training.journal import FIGURES
from engines.training.recipe import CLASSIFIERS, DETECTOR, ENLARGERS, KINDS, OUTLINERS, Recipe, read
from engines.training.regions import ROOM

FIRST = "first.toml"
"""Beside the weights: the recipe of the run that theirs started from."""

REGION, IMAGE = 128, 512
"""Sides of what networks for regions and for whole images are shown."""

WHOLE = 272
"""Side of the windows that FSRCNN is run on, halo included."""

FINE = {"maximum": 0.015, "root_mean_square": 0.0015}
"""What FSRCNN keeps in fp16, run on whole images; in bf16 it strays by half a grey level, which
costs 0.15 dB of what it gains on films."""

PRECISIONS = {"fsrcnn": ["fp16", "fp32"], "segnet": ["fp32"]}
"""What is allowed where bf16 is not: it moves the maxima that SegNet's pooling remembers."""

GRIDS = {"unet": 16, "segnet": 32, DETECTOR: 16}

MASS = {"name": "mass", "code": {"value": "4147007", "scheme": "SCT", "meaning": "Mass"}}
MALIGNANT = {"value": "86049000", "scheme": "SCT", "meaning": "Malignant neoplasm"}
KINDS_OF_MASS = [{"name": "benign"}, {"name": "malignant", "code": MALIGNANT}]

NATURAL = "T91 (Yang 2010) and General-100 (Dong 2016), 191 natural images"


class Told(NamedTuple):
    """What the cards of networks of one task have in common."""

    task: Task
    data: str
    licence: str
    limits: str
    normalisation: str
    tolerance: Mapping[str, float]


ENLARGING = Told(
    "super-resolution",
    f"{NATURAL}; mini-MIAS, shared part (Suckling 1994): films of 78 patients; 17 others, "
    "Set5 and Set14 chose the epoch; those of 17 others again chose nothing",
    "natural images: no licence published, passed around for research; mini-MIAS: research only, "
    "not to be sold; neither is part of this project; weights: for research, not for commerce",
    "trained for binned images: detectors blur and add noise, as no binning does; what is gained "
    "on films is half at their edges; grey images of 8 bits",
    "(v - low) / (high - low) of the range that the image's values can take",
    {"maximum": 0.1, "root_mean_square": 0.01, "psnr": 40.0},
)

OUTLINING = Told(
    "segmentation",
    "CDD-CESM low-energy images (Khaled 2022): outlined masses; mini-MIAS (Suckling 1994): expert "
    "outlines that are not doubtful; CBIS-DDSM mass regions (Sawyer-Lee 2016, Lee 2017): ellipses "
    "in boxes; of each set 15 % of patients chose the epoch and 15 % chose nothing",
    "CDD-CESM: CC BY 4.0 by data-set lists, CC BY-NC 4.0 by its authors' code: taken as "
    "non-commercial; mini-MIAS: research only, not to be sold, its outlines without a licence; "
    "CBIS-DDSM: CC BY 3.0; weights: for research, not for commerce",
    "a region must be cut to its mass, 1.5 times as wide as the mass is long: the mass's size and "
    "middle are given away by that, and an average outline alone comes near; outlines of CDD-CESM "
    "are coarse; few outlines of films",
    "engines/cad/region.py: percentiles 1 and 99 of the region are 0 and 1",
    {"maximum": 0.25, "root_mean_square": 0.02, "agreement": 0.98},
)

TELLING = Told(
    "classification",
    "CBIS-DDSM mass regions, official training split (Sawyer-Lee 2016, Lee 2017): 1,304 masses of "
    "690 patients, 629 malignant; 15 % of patients chose the epoch and 15 % chose nothing",
    "CBIS-DDSM: CC BY 3.0; weights: Apache-2.0",
    "films scanned with JPEG compression, one archive; masses alone, none of them a calcification; "
    "a benign mass that was called back looks malignant to it as often as it did to readers",
    "engines/cad/region.py: percentiles 1 and 99 of the region, twice as wide as the mass, are 0 "
    "and 1",
    {"maximum": 0.05, "root_mean_square": 0.025, "agreement": 0.95},
)

DETECTING = Told(
    "segmentation",
    "CDD-CESM low-energy images (Khaled 2022): 230 whole images of 125 patients, outlines of "
    "single masses; CBIS-DDSM mass regions, official training split (Sawyer-Lee 2016, Lee 2017): "
    "1,304 regions of 690 patients, ellipses in boxes; of each set 15 % of patients chose the "
    "epoch and the operating point, and 15 % chose nothing; no film of mini-MIAS",
    "CDD-CESM: CC BY 4.0 by data-set lists, CC BY-NC 4.0 by its authors' code: taken as "
    "non-commercial; CBIS-DDSM: CC BY 3.0; weights: for research, not for commerce",
    "masses alone; films without a mass were never seen whole; the operating point is of digital "
    "images and leaves more false marks on films: choose your own on your own images",
    "engines/cad/tones.py: percentiles 1 and 99.5 of the breast are 0 and 1, outside it 0",
    OUTLINING.tolerance,
)

SAID = {
    "fsrcnn": "FSRCNN (Dong 2016) as in Honjo 2022: enlarges grey images",
    "edsr": "EDSR (Lim 2017), {blocks} blocks of {filters} filters: enlarges",
    "rdn": "RDN (Zhang 2018), {d} blocks of {c} layers, growth rate {g}: enlarges",
    "unet": "U-Net (Ronneberger 2015), {width} wide: outline of the mass in a region of 128 x 128",
    "segnet": "SegNet (Badrinarayanan 2017), {width} wide: outline of the mass in a region of "
    "128 x 128",
    "resnet50": "ResNet-50 (He 2015): benign or malignant, of a mass in a region of {side} x "
    "{side}",
    "densenet121": "DenseNet-121 (Huang 2017): benign or malignant, of a mass in a region of "
    "{side} x {side}",
    DETECTOR: "U-Net (Ronneberger 2015), {width} wide: probability of a mass on a whole mammogram "
    "shrunk to 512 x 512; first of the CAD chain",
    "vgg16": "VGG-16 (Simonyan 2015): benign or malignant, of a mass in a region of {side} x "
    "{side}",
}

UNITS = {"psnr of films": "dB", "gain on films": "dB", "gain on Set5": "dB", "gain on Set14": "dB"}

TIMES = {2: "twice", 3: "three times", 4: "four times"}


def card_of(run: Path, name: str, version: str) -> dict[str, Any]:
    """Return what a card says of the weights of a run, but for their file and checksum.

    Raises:
        OSError: `run` is no folder of a run that has ended.
        ValueError: what it left is not understood.
    """
    noted = Noted.model_validate(read(run / NOTED))
    recipe = KINDS[noted.network].model_validate(read(run / RECIPE))
    figures = json.loads((run / FIGURES).read_text("utf-8"))
    told, command = _told(noted.network), _command(noted, f"models/{name}/{version}")
    return {
        "name": name,
        "version": version,
        "summary": _summary(noted, recipe),
        "task": told.task,
        "scale": noted.scale,
        **_windows(noted.network, recipe, run),
        "labels": {"segmentation": [MASS], "classification": KINDS_OF_MASS}.get(told.task, []),
        "precisions": PRECISIONS.get(noted.network, ["bf16", "fp32"]),
        "input": {
            "channels": 1,
            "range": [0.0, 1.0],
            "normalisation": told.normalisation,
            **_room(noted.network, recipe),
        },
        "tolerance": FINE if noted.network == "fsrcnn" else dict(told.tolerance),
        **_chain(noted.network, recipe, figures),
        "training": {
            "data": told.data,
            "licence": told.licence,
            "recipe": _how(recipe),
            "command": command,
            "seed": recipe.plan.seed,
            "limits": told.limits,
        },
        "measured": list(_measured(figures, command)),
    }


def papers(run: Path) -> Mapping[str, Path]:
    """Return what lies beside the weights of a run on a shelf, by its name there.

    How they were trained and who was seen, of which `senoscope evaluate` asks, and how those were
    trained that they started from.

    Raises:
        OSError: `run` is no folder of a run that has ended.
        ValueError: what it left is not understood.
    """
    first = _first(Noted.model_validate(read(run / NOTED)))
    begun = {FIRST: first / RECIPE} if first else {}
    return {RECIPE: run / RECIPE, SPLIT: run / SPLIT, **begun}


def _first(noted: Noted) -> Path | None:
    """Return the folder of the run that a run started from, None if it did not start from one."""
    folder = Path(noted.init).parent
    return folder if noted.init and (folder / NOTED).exists() else None


def _command(noted: Noted, home: str) -> str:
    """Return what gives the same weights again: first what they start from."""
    last, first = noted.command(f"{home}/{RECIPE}"), _first(noted)
    if first is None:
        return last
    begun = Noted.model_validate(read(first / NOTED)).command(f"{home}/{FIRST}")
    return f"{begun} --out {first} && {last}"


def _told(network: str) -> Told:
    if network in ENLARGERS:
        return ENLARGING
    if network in OUTLINERS:
        return OUTLINING
    return TELLING if network in CLASSIFIERS else DETECTING


def _summary(noted: Noted, recipe: Recipe[Any]) -> str:
    sizes = {"width": 64, "side": getattr(recipe.menu, "side", REGION), **recipe.network}
    said = SAID[noted.network].format(**sizes)
    times = f" {TIMES[noted.scale]}" if noted.network in ENLARGERS else ""
    return f"{said}{times}. Research use only."


def _windows(network: str, recipe: Recipe[Any], run: Path) -> dict[str, int]:
    if network == "fsrcnn":
        found = reach(onnx.load_model(run / "weights.onnx"))
        return {"halo": found.halo if found else 0, "tile": WHOLE}
    usual = IMAGE if network == DETECTOR else REGION
    side = recipe.menu.side if network in CLASSIFIERS else usual
    grid = GRIDS.get(network, 1)
    return {"halo": 0, "tile": side, "grid": grid}


def _room(network: str, recipe: Recipe[Any]) -> dict[str, float]:
    """Return how wide the regions are that a network learned from, if it learned from regions."""
    if network in OUTLINERS:
        return {"room": ROOM}
    return {"room": recipe.menu.room} if network in CLASSIFIERS else {}


def _chain(network: str, recipe: Recipe[Any], figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a detector is followed by, and where it is operated."""
    if network != DETECTOR:
        return {}
    chosen = {"least_certainty": figures[LEAST_CERTAINTY]}
    return {"chain": {**recipe.menu.model_dump(exclude={"false_marks"}), **chosen}}


def _how(recipe: Recipe[Any]) -> str:
    plan = recipe.plan
    return (
        f"{recipe.about}; {plan.optimiser}, {plan.epochs} epochs of {plan.steps} batches, "
        f"{plan.precision}; the moving average of the weights, of the epoch best in validation; "
        "recipe.toml beside the weights, which are kept in fp16"
    )


def _measured(figures: Mapping[str, Any], command: str) -> Iterator[dict[str, Any]]:
    """Yield what the epoch that was kept came to, and what the test did."""
    for name, value in figures.items():
        if name in {"epoch", "loss", "gain", "psnr", LEAST_CERTAINTY} or name.endswith("95 %"):
            continue
        kind, _, figure = name.rpartition("test ")
        there = "patients that chose nothing" if kind or name.startswith("test ") else "validation"
        one = {
            "what": f"{figure}, {there}",
            "value": round(value, 4),
            "unit": UNITS.get(figure, "1"),
            "command": command,
        }
        if interval := figures.get(f"{name}, 95 %"):
            one["interval"] = [round(end, 4) for end in interval]
        yield one
