"""Every network on every back end of this CPU, against ONNX Runtime on the network as published.

    python bench/networks.py [--rounds 4] [--quick] [--only unet --only fsrcnn-x2]

FSRCNN enlarges full fields; the others, with weights of chance, answer for batches of regions of
128 x 128 (VGG-16: 224 x 224). The contenders for a network take turns in every round, and matrix
products beside them, so that whatever else the machine does meets them alike. Compared are the best
rounds of each. Results go to bench/results/engines.json and .md. (A script called engines.py would
hide the package.)
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from support.contest import Contest, Series, race
from support.contests import PLAIN, field_contest, regions_contest
from support.engines_report import markdown
from support.machine import cpu, has_amx
from support.peaks import HOW, multiplications, peaks

from engines.architectures import ARCHITECTURES
from engines.shelf import find_card, verify
from engines.verification import Verification

ROOT = Path(__file__).parents[1]
FIELD = "fsrcnn-x2"
NETWORKS = (FIELD, "unet", "segnet", "resnet50", "edsr-baseline-x3", "rdn-x4")
ROUNDS, QUICK_ROUNDS = 4, 1
LIBRARIES = ("openvino", "onnxruntime", "torch", "numpy")


def contest(name: str, folder: Path) -> Contest:
    """Return the contest of that network."""
    if name != FIELD:
        return regions_contest(name, folder)
    card = find_card(ROOT / "models", name)
    verify(card)
    return field_contest(card, folder)


def results(held: Contest, timings: Series, verifications: dict[str, Verification]) -> dict:
    """Return what was measured of one network; the peer is ONNX Runtime's best form."""
    fastest = {name: min(timings[name], key=lambda one: one.seconds) for name in held.engines}
    processor = {name: min(one.processor_seconds for one in timings[name]) for name in fastest}
    peers = [name for name in fastest if name.startswith("onnxruntime")]
    peer, thriftiest = (
        min(of[name] for name in peers)
        for of in ({name: one.seconds for name, one in fastest.items()}, processor)
    )
    return {
        "unit": held.unit,
        "gflop_per_image": round(held.gflop / held.images, 3),
        "batch": list(held.windows[0].shape),
        "images_per_run": held.images,
        "contenders": {
            name: {
                "per_second": round(held.images / best.seconds, 3),
                "median_per_second": round(
                    held.images / median(one.seconds for one in timings[name]), 3
                ),
                "ratio": round(peer / best.seconds, 2),
                "processor_ratio": round(thriftiest / processor[name], 2),
                "gflop_per_second": round(held.gflop / best.seconds, 1),
                "others_in_the_best_round": round(best.foreign, 2),
                "others": [round(one.foreign, 2) for one in timings[name]],
                "verification": verifications[name].model_dump() if name in verifications else None,
            }
            for name, best in fastest.items()
        },
    }


def main() -> None:
    """Hold the contests, and write down what they gave."""
    asked = arguments()
    networks, products = {}, defaultdict(list)
    with TemporaryDirectory() as folder:
        for name in asked.only or NETWORKS:
            held = contest(name, Path(folder))
            timings = race({**held.ways(), **multiplications()}, asked.rounds)
            for way in multiplications():
                products[way] += timings[way]
            networks[name] = results(held, timings, held.verifications())
            held.close()
            print(name, json.dumps(networks[name]["contenders"]), flush=True)
    fastest = {way: min(one.seconds for one in series) for way, series in products.items()}
    foreign = [share for one in networks.values() for share in _shares(one)]
    measured = {
        "command": " ".join(["python", *sys.argv]),
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "cpu": cpu(),
        "amx": has_amx(),
        "versions": {library: version(library) for library in LIBRARIES},
        "others_on_the_machine": round(median(foreign), 2),
        "peaks_gflop_per_second": {key: round(one, 1) for key, one in peaks(fastest).items()},
        "peaks_are": HOW,
        "networks": networks,
    }
    write(asked.results, measured)


def _shares(network: dict) -> list[float]:
    return [share for one in network["contenders"].values() for share in one["others"]]


def write(folder: Path, measured: dict) -> None:
    """Write the results as JSON and for people."""
    text = markdown(measured, PLAIN)
    folder.mkdir(exist_ok=True)
    (folder / "engines.json").write_text(json.dumps(measured, indent=2) + "\n")
    (folder / "engines.md").write_text(text)
    print(text)


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--quick", dest="rounds", action="store_const", const=QUICK_ROUNDS)
    parser.add_argument("--only", action="append", choices=sorted(ARCHITECTURES))
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
