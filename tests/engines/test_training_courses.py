"""Courses: on made-up data, for two tiny epochs."""

import csv
import json
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
import onnxruntime
import pytest
import torch
from training_data import disc, make

from engines.cad.window import resized
from engines.evaluation.froc import froc
from engines.networks.enlarge import Residual
from engines.networks.fsrcnn import FSRCNN
from engines.networks.segnet import SegNet
from engines.networks.small_resnet import SmallResNet
from engines.networks.unet import UNet
from engines.training import detector, enlarging, loop, outlining, telling
from engines.training.checkpoint import LAST
from engines.training.detector import film_maps, marked
from engines.training.distort import Bounds, tinted, warped
from engines.training.gradients import COMPONENTS
from engines.training.journal import CURVES, FIGURES, PICTURE
from engines.training.lesions import boxed, is_mass, outlined, pieces
from engines.training.menus import Crops, Patches, Regions, Verdicts
from engines.training.overlap import dice
from engines.training.plan import Plan

PLAN = Plan(epochs=2, steps=1, rate=1e-3, averaging=0.5)
STILL = Bounds(turn=0, zoom=1, darkest=(0, 0), brightest=(1, 1), gamma=1, slope=0, blur=0, noise=0)

PATCHES = Patches(side=12, pictures=2, breasts=1, rims=1, loss="psnr")
REGIONS = Regions(batch=4, wholes=1, films=1, ellipses=1)
VERDICTS = Verdicts(batch=4, signs=1.0, mixup=0.2, smoothing=0.1)


def doubled(shades):
    return resized(shades, (256, 256))


def read_detector(data):
    return detector.read(data, partial(UNet, 4), Crops())


def read_enlarger(data):
    return enlarging.read(data, lambda: Residual(FSRCNN(8, 4, 1, scale=3), 3), 3, PATCHES)


def read_outliner(data):
    return outlining.read(data, partial(UNet, 2), REGIONS)


def read_outliner_of_enlarged(data):
    paper = REGIONS.model_copy(update={"augmentation": "paper"})
    return outlining.read(data, partial(SegNet, width=8), paper, doubled)


def read_teller(data):
    return telling.read(data, partial(SmallResNet, 4), VERDICTS)


def read_leaky_teller(data):
    menu = Verdicts(batch=4, split="leaky", augmentation="none")
    return telling.read(data, partial(SmallResNet, 4), menu)


READERS = [
    read_detector,
    read_enlarger,
    read_outliner,
    read_outliner_of_enlarged,
    read_teller,
    read_leaky_teller,
]


@dataclass(frozen=True)
class Trained:
    """A course, and a folder in which it was run without a break."""

    course: loop.Course
    folder: object


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module", params=READERS, ids=lambda one: one.__name__)
def trained(request, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    course = request.param(data)
    loop.prepare(course, PLAN, folder, resume=False).run(folder, lambda _: None)
    return Trained(course, folder)


def weights(folder):
    return torch.load(folder / LAST, weights_only=True)["average"]


def test_a_run_that_was_left_ends_as_if_it_had_not_been(trained, tmp_path):
    class LeftError(Exception):
        pass

    def leave(_entry):
        raise LeftError

    with pytest.raises(LeftError):
        loop.prepare(trained.course, PLAN, tmp_path, resume=False).run(tmp_path, leave)
    again = loop.prepare(trained.course, PLAN, tmp_path, resume=True)
    assert len(again.history) == 1
    again.run(tmp_path, lambda _: None)

    assert (tmp_path / CURVES).read_text() == (trained.folder / CURVES).read_text()
    there, here = weights(trained.folder), weights(tmp_path)
    assert all(torch.equal(there[name], here[name]) for name in there)


def test_a_run_leaves_the_best_weights_and_what_they_are_worth(trained):
    tested = loop.close(trained.course, trained.folder)

    with (trained.folder / CURVES).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    best = json.loads((trained.folder / FIGURES).read_text())
    figure = trained.course.figure
    values = [float(row[figure]) for row in rows]
    assert best["epoch"] == 1 + int(np.argmax(values))
    assert best[figure] == pytest.approx(max(values))
    for name, one in tested.items():
        assert best[f"test {name}"] == pytest.approx(one.value)
        assert best[f"test {name}, 95 %"] == pytest.approx([one.low, one.high])
        assert one.low <= one.value <= one.high
    assert float(rows[0]["training loss"]) != float(rows[1]["training loss"])
    assert (trained.folder / PICTURE).stat().st_size > 1000


def test_the_weights_are_those_of_the_network(trained):
    loop.close(trained.course, trained.folder)

    shades = np.random.default_rng(0).random((1, 1, 128, 128), np.float32)
    session = onnxruntime.InferenceSession(trained.folder / loop.WEIGHTS)
    (answer,) = session.run(None, {"x": shades})

    network = trained.course.finished(loop.best_network(trained.course, trained.folder))
    with torch.inference_mode():
        wanted = network.eval()(torch.from_numpy(shades)).numpy()
    np.testing.assert_allclose(answer, wanted, atol=1e-4)


def test_a_run_is_not_overwritten_and_nothing_is_not_resumed(trained, tmp_path):
    with pytest.raises(FileExistsError, match="holds a run"):
        loop.prepare(trained.course, PLAN, trained.folder, resume=False)
    with pytest.raises(FileNotFoundError, match="nothing to resume"):
        loop.prepare(trained.course, PLAN, tmp_path, resume=True)


def test_a_run_ends_when_nothing_better_has_come_for_long_enough(data, tmp_path):
    course = read_outliner(data)
    still = Plan(epochs=9, steps=1, rate=1e-12, last_rate=1e-12, patience=2, averaging=0.0)

    run = loop.prepare(course, still, tmp_path, resume=False)
    run.run(tmp_path, lambda _: None)

    assert len(run.history) == 3
    assert run.is_over


def test_natural_images_are_enough_for_a_recipe_of_natural_images(data, tmp_path):
    (tmp_path / "natural").symlink_to(data / "natural")

    course = enlarging.read(tmp_path, FSRCNN, 2, Patches(side=12, pictures=2))
    with torch.inference_mode():
        told, tested = course.figures(course.network()), course.tested(course.network())

    assert set(told) == {"gain", "psnr", "gain on Set5", "gain on Set14"}
    assert tested == {}
    assert enlarging.splits(tmp_path) == {}


def test_bf16_learns_too(data, tmp_path):
    course = read_enlarger(data)

    run = loop.prepare(course, PLAN.but(precision="bf16"), tmp_path, resume=False)
    run.run(tmp_path, lambda _: None)

    assert all(np.isfinite(entry.training["loss"]) for entry in run.history)
    assert {value.dtype for name, value in weights(tmp_path).items() if "weight" in name} == {
        torch.float32
    }


@pytest.mark.parametrize("reader", READERS, ids=lambda one: one.__name__)
def test_data_that_are_not_there_are_named(reader, tmp_path):
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        reader(tmp_path)


def test_signs_are_taught_and_not_told(data):
    course = read_teller(data)
    network = course.network()

    finished = course.finished(network)

    batch = torch.rand(2, 1, 128, 128)
    assert network.eval().logits(batch).shape == (2, 2 + 14)
    assert torch.allclose(finished.eval().logits(batch), network.logits(batch)[:, :2], atol=1e-6)


def test_gradients_are_taught_besides_signs_and_not_told(data):
    menu = VERDICTS.model_copy(update={"gradients": 1.0})
    course = telling.read(data, partial(SmallResNet, 4), menu)
    network = course.network()

    taught = course.taught(network, np.random.default_rng(1))
    finished = course.finished(network)

    batch = torch.rand(2, 1, 128, 128)
    assert network.eval().logits(batch).shape == (2, 2 + 14 + COMPONENTS)
    assert torch.isfinite(taught.loss)
    assert torch.allclose(finished.eval().logits(batch), network.logits(batch)[:, :2], atol=1e-6)


def test_the_area_under_the_curve_is_how_often_the_order_is_right():
    wanted = np.array([False, False, True, True])

    assert telling.area_under_curve(np.array([0.1, 0.2, 0.3, 0.4], np.float32), wanted) == 1
    assert telling.area_under_curve(np.array([0.4, 0.4, 0.4, 0.4], np.float32), wanted) == 0.5
    assert telling.area_under_curve(np.array([0.1, 0.3, 0.2, 0.4], np.float32), wanted) == 0.75


def test_the_detector_holds_back_the_patients_that_other_networks_hold_back(data):
    found = detector.splits(data)

    outlines = outlining.splits(data)
    assert found == {name: outlines[name] for name in found}
    assert found.keys() == {"mammo/cesm_low_energy", "mammo/cbis_mass"}
    for split in found.values():
        assert set(split.parts.values()) == {"train", "validation", "test"}


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


def test_masses_are_found_where_a_mark_has_its_middle_in_them(data):
    image = outlined(data)[0]
    there, elsewhere = disc(256, 95, 115, 10), disc(256, 60, 60, 10)

    def found_and_false(*seen):
        curve = froc([marked(np.any(seen, axis=0).astype(np.float32), image, 4)])
        return float(curve.sensitivities[-1]), float(curve.false_marks[-1])

    assert found_and_false(there, elsewhere) == (1, 1)
    assert found_and_false(elsewhere) == (0, 1)
    assert found_and_false(disc(256, 32, 150, 2)) == (0, 0)  # on another outline
    assert len(marked(there | elsewhere, image, 1).marks) == 1


def test_the_operating_point_is_the_lowest_with_no_more_false_marks_than_are_allowed(data):
    course = read_detector(data)
    network = course.network()

    with torch.inference_mode():
        told, tested = course.figures(network), course.tested(network)

    assert 0 < told["least certainty"] <= 1
    assert told["false marks an image"] <= Crops().false_marks
    assert tested.keys() == told.keys() - {"dice", "least certainty"}


def test_the_detector_sees_a_film_at_the_scale_of_its_window(data):
    shades, mask = film_maps(boxed(data)[0])

    _, _, width, height = cv2.boundingRect((mask > 0.5).astype(np.uint8))
    assert shades.shape == mask.shape
    assert (width, height) == pytest.approx((50 * 512 / 800, 50 * 512 / 800), abs=1)


def test_a_small_residual_network_is_a_narrow_resnet18():
    parameters = sum(one.numel() for one in SmallResNet(64, classes=1000, channels=3).parameters())

    assert parameters == 11_689_512  # torchvision's resnet18
