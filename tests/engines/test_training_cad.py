"""Recipes of the CAD chain: on made-up data, for two tiny epochs."""

import csv
import json

import cv2
import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from engines.networks.small_resnet import SmallResNet
from engines.training import classifier, detector, enlarger, loop, segmenter
from engines.training.checkpoint import BEST, LAST
from engines.training.curves import CURVES, PICTURE
from engines.training.distort import Bounds, tinted, warped
from engines.training.journal import FIGURES
from engines.training.lesions import REGIONS, WHOLE, boxed, is_mass, outlined, pieces, split
from engines.training.loop import Plan
from engines.training.masses import of_films, of_wholes, region, turned
from engines.training.outcome import WEIGHTS
from engines.training.overlap import dice
from service.cli.app import app

PLAN = Plan(epochs=2, steps=1, rate=1e-3, averaging=0.5)
STILL = Bounds(turn=0, zoom=1, darkest=(0, 0), brightest=(1, 1), gamma=1, slope=0, blur=0, noise=0)

RECIPES = [detector, segmenter, classifier, enlarger]
SIDES = {detector: 64, segmenter: 96, classifier: 96, enlarger: 24}


def disc(side, x, y, radius):
    down, across = np.indices((side, side)) + 0.5
    return np.hypot(across - x, down - y) < radius


def write_rows(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Three whole images with a mass and a line, six regions of films, three natural images."""
    chance = np.random.default_rng(0)
    data = tmp_path_factory.mktemp("data")
    wholes, films = data / WHOLE, data / REGIONS
    for folder in (wholes / "images", wholes / "masks", films / "rois"):
        folder.mkdir(parents=True)
    rows = []
    for number in range(3):
        mass, breast = disc(256, 90, 110 + 10 * number, 30), disc(256, 0, 128, 200)
        values = 90 * breast + 90 * mass + chance.integers(0, 9, (256, 256)) * breast
        drawn = mass.copy()
        drawn[80:180, 30:34] = True
        Image.fromarray(values.astype(np.uint8)).save(wholes / f"images/{number}.png")
        Image.fromarray(drawn).save(wholes / f"masks/{number}.png")
        names = {"image": f"images/{number}.png", "mask": f"masks/{number}.png"}
        rows.append({**names, "patient": f"whole{number}", "has_mass": 1})
    write_rows(wholes / "labels.csv", rows)
    rows = []
    for number in range(6):
        mass = disc(160, 90, 70, 25)
        values = 90 + 60 * mass + chance.integers(0, 9, (160, 160))
        Image.fromarray(values.astype(np.uint8)).save(films / f"rois/{number}.png")
        label = "malignant" if number % 2 else "benign"
        row = {"roi": f"rois/{number}.png", "patient": f"film{number // 2}", "label": label}
        rows.append({**row, "bbox_x": 65, "bbox_y": 45, "bbox_w": 50, "bbox_h": 50})
    write_rows(films / "labels.csv", rows)
    for part, count in (("train", 2), ("val", 1)):
        (data / "natural" / part).mkdir(parents=True)
        for number in range(count):
            small = Image.fromarray(chance.integers(0, 256, (12, 14), np.uint8))
            small.resize((130, 140)).save(data / "natural" / part / f"{number}.png")
    return data


@pytest.fixture(scope="module", params=RECIPES, ids=lambda one: one.__name__.rpartition(".")[2])
def trained(request, data, tmp_path_factory):
    """A recipe, its course, and a folder in which it was run without a break."""
    folder = tmp_path_factory.mktemp("whole")
    course = request.param.read(data)
    loop.prepare(course, PLAN, folder, resume=False).run(folder, lambda _: None)
    return request.param, course, folder


def weights(folder, name=LAST):
    return torch.load(folder / name, weights_only=True)["average"]


def test_a_recipe_that_was_left_ends_as_if_it_had_not_been(trained, tmp_path):
    _, course, folder = trained

    class LeftError(Exception):
        pass

    def leave(_entry):
        raise LeftError

    with pytest.raises(LeftError):
        loop.prepare(course, PLAN, tmp_path, resume=False).run(tmp_path, leave)
    again = loop.prepare(course, PLAN, tmp_path, resume=True)
    assert len(again.history) == 1
    again.run(tmp_path, lambda _: None)

    assert (tmp_path / CURVES).read_text() == (folder / CURVES).read_text()
    there, here = weights(folder), weights(tmp_path)
    assert all(torch.equal(there[name], here[name]) for name in there)


def test_a_recipe_leaves_the_best_weights_and_their_figures(trained):
    recipe, course, folder = trained

    path = loop.write_best(course, folder)

    with (folder / CURVES).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    best = json.loads((folder / FIGURES).read_text())
    values = [float(row[course.figure]) for row in rows]
    assert best["epoch"] == 1 + int(np.argmax(values))
    assert best[course.figure] == pytest.approx(max(values))
    assert (folder / PICTURE).stat().st_size > 1000
    side = SIDES[recipe]
    shades = np.random.default_rng(0).random((1, 1, side, side), np.float32)
    (answer,) = onnxruntime.InferenceSession(path).run(None, {"x": shades})
    network = course.network()
    kept = {
        name[7:]: value for name, value in weights(folder, BEST).items() if name != "n_averaged"
    }
    network.load_state_dict(kept)
    with torch.inference_mode():
        wanted = network.eval()(torch.from_numpy(shades)).numpy()
    np.testing.assert_allclose(answer, wanted, atol=1e-4)


def test_a_run_is_not_overwritten_and_nothing_is_not_resumed(trained, tmp_path):
    _, course, folder = trained

    with pytest.raises(FileExistsError, match="holds a run"):
        loop.prepare(course, PLAN, folder, resume=False)
    with pytest.raises(FileNotFoundError, match="nothing to resume"):
        loop.prepare(course, PLAN, tmp_path, resume=True)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda one: one.__name__.rpartition(".")[2])
def test_data_that_are_not_there_are_named(recipe, tmp_path):
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        recipe.read(tmp_path)


def test_a_recipe_is_run_from_the_command_line(data, tmp_path):
    options = ["--data", str(data), "--out", str(tmp_path / "out"), "--epochs", "1", "--steps", "1"]

    done = CliRunner().invoke(app, ["train", "mass-resnet", *options])

    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / WEIGHTS).exists()
    assert "area under the curve" in done.output


def test_no_patient_is_both_learned_from_and_validated_on(data):
    films = boxed(data)

    learned, held = split(films)

    assert len(learned) + len(held) == len(films)
    assert held
    assert not {one.patient for one in learned} & {one.patient for one in held}


def test_only_outlines_of_the_size_and_shape_of_a_mass_are_masses(data):
    image = outlined(data)[0]

    assert len(image.masses) == 1
    assert image.masses[0][110, 90]
    assert image.others[150, 32]
    assert not is_mass(disc(512, 100, 100, 4))
    assert not is_mass(disc(512, 250, 250, 200))
    assert is_mass(disc(512, 100, 100, 20))
    assert len(pieces(disc(64, 10, 10, 5) | disc(64, 40, 40, 5))) == 2


def test_the_ellipse_of_a_box_fills_it(data):
    mask = boxed(data)[0].mask

    assert dice(mask, disc(160, 90, 70, 25)) > 0.99
    assert cv2.boundingRect(mask.astype(np.uint8)) == (65, 45, 50, 50)


def test_a_warp_without_a_turn_is_a_part_of_the_map():
    values = np.random.default_rng(0).random((40, 50), np.float32)

    parts = {
        warped([values], (20, 15), 8, STILL, np.random.default_rng(seed))[0].tobytes()
        for seed in range(40)
    }

    part = values[11:19, 16:24]
    assert parts == {one.tobytes() for one in (part, part[::-1], part[:, ::-1], part[::-1, ::-1])}


def test_tones_that_are_not_changed_stay():
    values = np.random.default_rng(0).random((40, 50), np.float32)

    assert tinted(values, STILL, np.random.default_rng(1)) == pytest.approx(values, abs=1e-6)


def test_a_mass_is_more_or_less_in_the_middle_of_its_region(data):
    chance = np.random.default_rng(0)

    for mass in [of_wholes(outlined(data))[0], of_films(boxed(data))[0]]:
        for _ in range(20):
            mask = turned(mass, chance).mask > 0.5
            rows, columns = np.nonzero(mask)
            side = len(mask)
            assert 1.4 < side / mass.extent < 2.8
            assert abs(columns.mean() - side / 2) < 0.4 * mass.extent
            assert abs(rows.mean() - side / 2) < 0.4 * mass.extent
        around = region(mass)
        assert np.hypot(*np.subtract(around.centre, mass.middle)) < 1


def test_the_area_under_the_curve_is_how_often_the_order_is_right():
    wanted = np.array([False, False, True, True])

    assert classifier.area_under_curve(np.array([0.1, 0.2, 0.3, 0.4], np.float32), wanted) == 1
    assert classifier.area_under_curve(np.array([0.4, 0.4, 0.4, 0.4], np.float32), wanted) == 0.5
    assert classifier.area_under_curve(np.array([0.1, 0.3, 0.2, 0.4], np.float32), wanted) == 0.75


def test_masses_are_found_where_something_has_its_middle_in_them(data):
    image = outlined(data)[0]
    there, elsewhere = disc(256, 95, 115, 10), disc(256, 60, 40, 10)

    assert detector.judged(there | elsewhere, image) == (1, 1, 1)
    assert detector.judged(elsewhere, image) == (0, 1, 1)
    assert detector.judged(image.others, image) == (0, 1, 0)


def test_the_detector_sees_a_film_at_the_scale_of_its_window(data):
    shades, mask = detector.film_maps(boxed(data)[0])

    _, _, width, height = cv2.boundingRect((mask > 0.5).astype(np.uint8))
    assert shades.shape == mask.shape
    assert (width, height) == pytest.approx((50 * 512 / 800, 50 * 512 / 800), abs=1)


def test_a_small_residual_network_is_a_narrow_resnet18():
    parameters = sum(one.numel() for one in SmallResNet(64, classes=1000, channels=3).parameters())

    assert parameters == 11_689_512  # torchvision's resnet18
