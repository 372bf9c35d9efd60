"""A shelf and data, made up, for all that the report measures."""

import hashlib

import numpy as np
import onnx
import training_data
from cad_shelf import shelve_cad
from onnx import helper
from small_networks import model_of
from training_data import disc, save, write_rows

from engines.card import Card, Input, Tolerance, Training, write_card

FILMS = 6
SIDE = 320


def make_shelf(models):
    """The four networks of a CAD, and one that makes four of each pixel."""
    shelve_cad(models)
    shelve_doubler(models)
    return models


def shelve_doubler(models, name="fsrcnn-x2"):
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("DepthToSpace", ["a"], ["y"], blocksize=2, mode="CRD"),
    ]
    folder = models / name / "1"
    folder.mkdir(parents=True)
    weights = folder / "weights.onnx"
    onnx.save(model_of(nodes, {"w": np.ones((4, 1, 1, 1), np.float32)}), weights)
    card = Card(
        folder=folder,
        name=name,
        version="1",
        summary="Plain to see.",
        task="super-resolution",
        scale=2,
        sha256=hashlib.sha256(weights.read_bytes()).hexdigest(),
        halo=2,
        tile=128,
        precisions=("fp32",),
        input=Input(channels=1, range=(0, 1), normalisation="own range"),
        tolerance=Tolerance(maximum=0.1, root_mean_square=0.01),
        training=Training(data="nothing", licence="none", recipe="none", command="none"),
    )
    write_card(card)
    return card


def make_data(data):
    """All collections in the layout of the shared ones; films with all that is said of them."""
    training_data.make(data)
    folder, chance = data / "mammo/mias", np.random.default_rng(1)
    rows, outlines = [], []
    for number in range(FILMS):
        mass, breast = disc(SIDE, 110, 150 + 5 * number, 22), disc(SIDE, 0, 160, 240)
        values = 80 * breast + 90 * mass + chance.integers(0, 19, (SIDE, SIDE)) * breast
        image, mask = f"images/mdb{number:03}.png", f"masks/mdb{number:03}.png"
        save(folder / image, values.astype(np.uint8))
        save(folder / mask, mass)
        patient, severity = f"film{number // 2}", "malignant" if number % 2 else "benign"
        who = {"image": image, "patient": patient, "lesion_index": 0, "severity": severity}
        where = {"x_px": 110, "y_px": 150 + 5 * number, "radius_px": 24}
        what = {"tissue": "FGD"[number % 3], "abnormality": "CIRC", "is_mass": 1}
        rows.append({**who, **what, **where})
        outlines.append({"mask": mask, **who, "quality": "ok"})
    write_rows(folder / "labels.csv", rows)
    write_rows(folder / "masks.csv", outlines)
    return data
