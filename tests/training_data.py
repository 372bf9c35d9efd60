"""Made-up data in the layout of the shared ones: small, and of no patient."""

import csv

import numpy as np
from PIL import Image

PATIENTS = 10


def disc(side, x, y, radius):
    down, across = np.indices((side, side)) + 0.5
    return np.hypot(across - x, down - y) < radius


def write_rows(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def save(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)


def make(data):
    """Ten patients each of whole images, of films and of regions; and three natural images."""
    chance = np.random.default_rng(0)
    _wholes(data / "mammo/cesm_low_energy", chance)
    _films(data / "mammo/mias", chance)
    _regions(data / "mammo/cbis_mass", chance)
    for name in ("train/1", "train/2", "val/set5_1", "val/set14_1"):
        small = Image.fromarray(chance.integers(0, 256, (12, 14), np.uint8))
        save(data / f"natural/{name}.png", np.asarray(small.resize((130, 140))))
    return data


def _wholes(folder, chance):
    rows = []
    for number in range(PATIENTS):
        mass, breast = disc(256, 90, 110 + 10 * (number % 3), 30), disc(256, 0, 128, 200)
        values = 90 * breast + 90 * mass + chance.integers(0, 9, (256, 256)) * breast
        drawn = mass.copy()
        drawn[80:180, 30:34] = True
        save(folder / f"images/{number}.png", values.astype(np.uint8))
        save(folder / f"masks/{number}.png", drawn)
        names = {"image": f"images/{number}.png", "mask": f"masks/{number}.png"}
        row = {"patient": f"whole{number}", "label": "malignant", "has_mass": 1}
        rows.append({**names, **row})
    write_rows(folder / "labels.csv", rows)


def _films(folder, chance):
    rows, outlines = [], []
    for number in range(PATIENTS):
        mass, breast = disc(256, 100, 130, 20), disc(256, 0, 128, 180)
        values = 80 * breast + 90 * mass + chance.integers(0, 9, (256, 256)) * breast
        save(folder / f"images/{number}.png", values.astype(np.uint8))
        save(folder / f"masks/{number}.png", mass)
        severity = ("benign", "malignant", "normal")[number % 3]
        row = {"image": f"images/{number}.png", "patient": f"film{number}", "severity": severity}
        rows.append(row)
        if severity != "normal":
            quality = "doubtful" if number == 0 else "ok"
            outlines.append({"mask": f"masks/{number}.png", **row, "quality": quality})
    write_rows(folder / "labels.csv", rows)
    write_rows(folder / "masks.csv", outlines)


def _regions(folder, chance):
    rows = []
    for number in range(2 * PATIENTS):
        mass = disc(160, 90, 70, 25)
        values = 90 + 60 * mass + chance.integers(0, 9, (160, 160))
        save(folder / f"rois/{number}.png", values.astype(np.uint8))
        label = "malignant" if number % 2 else "benign"
        row = {"roi": f"rois/{number}.png", "patient": f"region{number // 2}", "label": label}
        box = {"bbox_x": 65, "bbox_y": 45, "bbox_w": 50, "bbox_h": 50}
        said = {"shape": "OVAL|ROUND", "margins": "ILL_DEFINED-SPICULATED", "assessment": "4"}
        rows.append({**row, **box, **said})
    write_rows(folder / "labels.csv", rows)
