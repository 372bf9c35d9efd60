import csv
import json

import cv2
import numpy as np
import pytest
from cad_shelf import shelve_cad
from PIL import Image
from typer.testing import CliRunner

from engines.cad.detection import Limits
from engines.evaluation.classical import classical
from engines.evaluation.mias import films
from pipelines.phantom import phantom
from service.cli.app import app
from service.errors import RefusedError

LABELS = ["image", "patient", "lesion_index", "is_mass", "severity", "x_px", "y_px", "radius_px"]
MASKS = ["mask", "image", "lesion_index", "quality"]


@pytest.fixture(scope="module")
def senoscope():
    def run(*arguments):
        ran = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if ran.exception and not isinstance(ran.exception, SystemExit):
            raise ran.exception
        return ran

    return run


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    shelve_cad(models)
    return models


def film(seed, folder):
    """Write a film with a mass brighter than anything else, and its outline; return its rows."""
    truth = phantom("RMLO" if seed % 2 else "LMLO", 512, 512, seed)
    outline = np.rint(truth.mass.outline[:, ::-1]).astype(np.int32)
    mask = cv2.fillPoly(np.zeros((512, 512), np.uint8), [outline], 255)
    pixels = np.where(mask, 255 if seed % 4 else 200, 150 * truth.pixels).astype(np.uint8)
    name = f"images/mdb{seed:03}.png"
    Image.fromarray(pixels).save(folder / name)
    Image.fromarray(mask > 0).save(folder / f"masks/mdb{seed:03}.png")
    severity = "malignant" if seed % 3 else "benign"
    mass = truth.mass
    circle = (round(mass.column), round(mass.row), round(mass.radius) + 4)
    return [name, f"p{seed // 2}", 0, 1, severity, *circle]


def write(path, columns, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder like that of mini-MIAS: six films with masses, a normal one, one without a place."""
    folder = tmp_path_factory.mktemp("data") / "mammo" / "mias"
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    ill = [film(seed, folder) for seed in range(1, 7)]
    Image.fromarray((150 * phantom("LMLO", 512, 512, 8).pixels).astype(np.uint8)).save(
        folder / "images/mdb008.png"
    )
    film(9, folder)
    normal = ["images/mdb008.png", "p4", 0, 0, "normal", "", "", ""]
    unplaced = ["images/mdb009.png", "p5", 0, 1, "benign", "", "", ""]
    write(folder / "labels.csv", LABELS, [*ill, normal, unplaced])
    masks = [[row[0].replace("images", "masks"), row[0], 0, "ok"] for row in ill]
    masks[0][-1] = "doubtful"
    write(folder / "masks.csv", MASKS, masks)
    return folder.parents[1]


def evaluated(senoscope, shelf, data, *others):
    return senoscope(
        "evaluate",
        "cad",
        "--detector",
        "plain-detector",
        "--models",
        shelf,
        "--data",
        data,
        *others,
    )


def test_films_know_their_lesions_and_doubtful_outlines_are_left_out(data):
    found = films(data / "mammo/mias")

    assert [film.path.stem for film in found] == [f"mdb00{n}" for n in (1, 2, 3, 4, 5, 6, 8, 9)]
    assert [len(film.lesions) for film in found] == [1, 1, 1, 1, 1, 1, 0, 1]
    assert [film.is_placed for film in found] == [True] * 7 + [False]
    assert found[0].lesions[0].outline is None
    assert found[1].lesions[0].outline.exists()


def test_a_cad_is_evaluated_on_films_and_says_how(senoscope, shelf, data, tmp_path):
    out = tmp_path / "report.md"

    ran = evaluated(senoscope, shelf, data, "--classical", "--json", "--out", out)

    told = json.loads(ran.stdout)
    assert told["films"] == 7
    by_kind = {(one["method"], one["kind"]): one for one in told["detected"]}
    masses = by_kind["plain-detector", "masses"]
    assert masses["lesions"] == 6
    assert masses["sensitivities"][-1]["value"] > 0.8
    assert ("without a network", "masses") in by_kind
    assert by_kind["plain-detector", "malignant lesions"]["lesions"] == 4
    figures = {one["what"]: one for one in told["figures"]}
    dice = figures["Dice with the expert's outline, in annotated circles"]
    assert dice["number"] == 5
    assert dice["result"]["value"] > 0.9
    assert figures["area under the ROC curve, masses in annotated circles"]["number"] == 6
    report = out.read_text()
    assert "plain-detector: nothing (none)." in report
    assert "plain-detector 1 openvino-fp32" in report
    assert "![" in report
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")


def test_each_network_is_judged_on_patients_whom_it_has_not_seen(senoscope, data, tmp_path):
    shelve_cad(tmp_path)
    seen = ["mammo/mias,p1,train", "mammo/mias,p2,validation", "mammo/mias,p3,test"]
    split = "\n".join(["set,patient,part", *seen])
    (tmp_path / "plain-outliner/1/split.csv").write_text(split)
    for name in ("plain-detector", "plain-judge"):
        (tmp_path / name / "1/split.csv").write_text("set,patient,part\n")

    ran = evaluated(senoscope, tmp_path, data, "--json")

    figures = {one["what"]: one for one in json.loads(ran.stdout)["figures"]}
    assert figures["area under the ROC curve, masses in annotated circles"]["number"] == 6
    assert figures["Dice with the expert's outline, in annotated circles"]["number"] == 1


def test_the_same_films_give_the_same_report(senoscope, shelf, data, tmp_path):
    texts = []
    for number in range(2):
        out = tmp_path / f"{number}.md"
        evaluated(senoscope, shelf, data, "--limit", 3, "--json", "--out", out)
        texts.append(out.read_text().replace(f"{number}.png", "picture.png"))

    assert texts[0] == texts[1]


def test_a_detector_may_be_named_itself_and_its_table_is_printed(senoscope, shelf, data):
    ran = senoscope("evaluate", "plain-detector", "--models", shelf, "--data", data, "--limit", 2)

    assert "malignant" in ran.output
    assert "Dice" in ran.output


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["cad", "--detector", "fate"], "no model 'fate'"),
        (["plain-detector", "--images", "a=b"], "for models that enlarge"),
        (["plain-judge"], "does not enlarge"),
        (["plain-detector"], "no films"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(senoscope, shelf, tmp_path, arguments, fault):
    with pytest.raises(RefusedError, match=fault):
        senoscope("evaluate", *arguments, "--models", shelf, "--data", tmp_path)


@pytest.mark.parametrize(
    ("columns", "rows", "fault"),
    [
        (LABELS[:-1], [["images/a.png", "p", 0, 1, "benign", 1, 2]], "no column radius_px"),
        (LABELS, [["images/a.png", "p", 0, 1, "benign", "x", 2, 3]], "could not convert"),
        (LABELS, [["images/a.png", "p", 0, 0, "normal", "", "", ""]], "no lesion with a place"),
    ],
)
def test_a_broken_table_is_refused_with_what_is_wrong(
    senoscope, shelf, tmp_path, columns, rows, fault
):
    folder = tmp_path / "mammo/mias"
    folder.mkdir(parents=True)
    write(folder / "labels.csv", columns, rows)

    with pytest.raises(RefusedError, match=fault):
        evaluated(senoscope, shelf, tmp_path)


def test_bright_discs_are_found_without_a_network():
    pixels = np.zeros((512, 416), np.uint8)
    cv2.ellipse(pixels, (0, 256), (360, 240), 0, -90, 90, 60, cv2.FILLED)
    for x, y, radius in ((100, 150, 14), (150, 330, 30)):
        cv2.circle(pixels, (x, y), radius, 160, cv2.FILLED)

    found = classical(pixels, is_oblique=False, limits=Limits(0.05, 2))

    places = sorted(one.region.centre for one in found)
    assert places[0] == pytest.approx((100.5, 150.5), abs=4)
    assert places[1] == pytest.approx((150.5, 330.5), abs=4)
    assert classical(np.zeros_like(pixels), is_oblique=True, limits=Limits(0, 9)) == []
