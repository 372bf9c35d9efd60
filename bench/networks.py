"""Every network on every back end of this CPU, against ONNX Runtime on the network as published.

    python bench/networks.py [--rounds 4] [--quick] [--only unet --only fsrcnn-x2]

FSRCNN enlarges full fields; the others, with weights of chance, answer for batches of regions of
128 x 128 (VGG-16: 224 x 224). The contenders for a network take turns in every round, and matrix
products beside them, so that whatever else the machine does meets them alike. Compared are the best
rounds of each. (A script called engines.py would hide the package.)
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from support.contest import Contest, Series, race
from support.contests import PLAIN, field_contest, regions_contest
from support.engines_report import markdown
from support.machine import has_amx
from support.ours import OURS
from support.peaks import HOW, multiplications, peaks
from support.results import begun

from engines.architectures import ARCHITECTURES
from engines.shelf import find_card, verify
from engines.verification import Verification

ROOT = Path(__file__).parents[1]
FIELD = "fsrcnn-x2"
NETWORKS = (FIELD, "unet", "segnet", "resnet50", "edsr-baseline-x3", "rdn-x4")
ROUNDS, QUICK_ROUNDS = 4, 1


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
    given = asked()
    whole = is_whole(given)
    run = begun("engines", "Engines on the CPU", "make bench-engines", whole=whole)
    networks, products = {}, defaultdict(list)
    with TemporaryDirectory() as folder:
        for name in given.only or NETWORKS:
            held = contest(name, Path(folder))
            timings = race({**held.ways(), **multiplications()}, given.rounds)
            for way in multiplications():
                products[way] += timings[way]
            networks[name] = results(held, timings, held.verifications())
            held.close()
            print(name, json.dumps(networks[name]["contenders"]), flush=True)
    fastest = {way: min(one.seconds for one in series) for way, series in products.items()}
    foreign = [share for one in networks.values() for share in _shares(one)]
    measured = {
        "amx": has_amx(),
        "torch": version("torch"),
        "others_on_the_machine": round(median(foreign), 2),
        "peaks_gflop_per_second": {key: round(one, 1) for key, one in peaks(fastest).items()},
        "peaks_are": HOW,
        "networks": networks,
    }
    run.write(run.made() + markdown(measured, PLAIN), figures_of(networks), **measured)


def _shares(network: dict) -> list[float]:
    return [share for one in network["contenders"].values() for share in one["others"]]


def figures_of(networks: dict) -> dict[str, str]:
    """Return how many times as fast as ONNX Runtime we are, for the table of all benches."""
    return {
        f"{network}, times as fast as ONNX Runtime on the graph as published: {name}": _told(found)
        for network, of in networks.items()
        for name, found in of["contenders"].items()
        if name in OURS
    }


def _told(found: dict) -> str:
    is_served = found["verification"]["passed"]
    return f"{found['ratio']:.1f}" + ("" if is_served else " (strays too far: not served)")


def asked(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what was asked for, on the command line where it is not `given`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--quick", dest="rounds", action="store_const", const=QUICK_ROUNDS)
    parser.add_argument("--only", action="append", choices=sorted(ARCHITECTURES))
    return parser.parse_args(given)


def is_whole(arguments: argparse.Namespace) -> bool:
    """Tell whether those are all networks, in as many rounds as the results have."""
    return arguments.rounds >= ROUNDS and not arguments.only


if __name__ == "__main__":
    main()
