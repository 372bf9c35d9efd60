"""Patches, plans, recipes, starts and splits: what trainings are made of."""

import csv

import numpy as np
import onnx
import pytest
import torch

from engines.compile.export import rewritten
from engines.images import binned
from engines.networks.enlarge import Residual
from engines.networks.fsrcnn import FSRCNN
from engines.networks.resnet import ResNet50
from engines.training.losses import LOSSES
from engines.training.optimisers import optimiser
from engines.training.patches import (
    Pictures,
    in_all_sizes,
    on_rims,
    pair_of,
    rim,
    toned,
    turned,
    within,
)
from engines.training.plan import Plan
from engines.training.recipe import KINDS, made, read, recipe
from engines.training.schedule import learning_rate
from engines.training.splits import by_patient, leaky, write_split
from engines.training.start import is_of_residual, start

PLAN = Plan(epochs=10, steps=50, rate=1e-3)


def film(seed=0, side=180):
    """A bright square with some noise on black."""
    pixels = np.random.default_rng(seed).integers(90, 110, (side, side), np.uint8)
    return np.pad(pixels[30:-30, 30:-30], 30)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_patches_are_what_binning_makes_of_them(scale):
    image = np.random.default_rng(0).integers(0, 256, (60, 70), np.uint8)
    pictures, chance = Pictures([image], 12 * scale), np.random.default_rng(1)

    pair = pair_of([pictures.draw(chance) for _ in range(5)], scale)

    assert (pair.low.shape, pair.high.shape[2:]) == ((5, 1, 12, 12), (12 * scale, 12 * scale))
    assert pair.low.dtype == pair.high.dtype == np.float32
    for low, high in zip(pair.low[:, 0], pair.high[:, 0], strict=True):
        bright = np.rint(high * 255).astype(np.uint8)
        np.testing.assert_allclose(low, binned(bright, scale) / 255, atol=1e-6)


def test_the_same_chance_draws_the_same_patches():
    pictures = Pictures([np.random.default_rng(0).integers(0, 256, (60, 70), np.uint8)], 24)

    one, other = (pictures.draw(np.random.default_rng(7)) for _ in range(2))

    assert (one == other).all()


def test_images_too_small_for_a_patch_are_not_drawn_from():
    with pytest.raises(ValueError, match="no image is 24 x 24"):
        Pictures([np.zeros((23, 90), np.uint8)], 24)


def test_patches_of_breasts_are_of_breasts_and_those_of_rims_have_an_edge_in_them():
    films = [film(seed) for seed in range(3)]
    chance = np.random.default_rng(0)

    breasts = [within(films, 24).draw(chance) for _ in range(60)]
    rims = [on_rims(films, 24).draw(chance) for _ in range(60)]

    assert {patch.shape for patch in breasts + rims} == {(24, 24)}
    assert all((patch > 0).any() for patch in breasts)
    with_edge = [((patch > 0).any() and (patch == 0).any()) for patch in rims]
    assert np.mean(with_edge) > 0.9 > np.mean([(patch == 0).any() for patch in breasts])


def test_the_rim_is_near_the_edge_on_both_of_its_sides():
    area = np.zeros((40, 40), bool)
    area[10:30, 10:30] = True

    near = rim(area)

    assert near[20, 10]
    assert near[20, 9]
    assert not near[20, 20]
    assert not near[20, 2]


def test_patches_lie_in_all_eight_ways_and_in_three_tones():
    patch = np.array([[16, 100], [150, 235]], np.uint8)
    chance = np.random.default_rng(0)

    assert len({turned(patch, chance).tobytes() for _ in range(200)}) == 8
    tones = {toned(patch, chance).tobytes() for _ in range(50)}
    assert tones == {patch.tobytes(), (255 - patch).tobytes(), bytes([0, 98, 156, 255])}


def test_images_join_in_five_sizes():
    sizes = [image.shape for image in in_all_sizes([np.zeros((100, 50), np.uint8)])]

    assert sizes == [(100, 50), (90, 45), (80, 40), (70, 35), (60, 30)]


def test_the_learning_rate_rises_over_an_epoch_and_falls_to_the_end():
    rates = [learning_rate(PLAN, step) for step in range(500)]

    assert max(rates) == rates[49] == PLAN.rate
    assert rates[50:] == sorted(rates[50:], reverse=True)
    assert rates[-1] < PLAN.rate / 500


def test_a_constant_rate_is_constant():
    plan = PLAN.but(schedule="constant")

    assert {learning_rate(plan, step) for step in range(500)} == {PLAN.rate}


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "rmsprop", "adadelta"])
def test_every_optimiser_goes_down(name):
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.tensor([3.0]))
    rule = optimiser(PLAN.but(optimiser=name, rate=0.05, decay=0.0, epsilon=1e-7), [weight])

    for _ in range(50):
        rule.zero_grad()
        weight.square().sum().backward()
        rule.step()

    assert type(rule).__name__.lower() == name
    assert float(weight.detach()) < 3


def test_losses_are_what_they_are_called():
    answer, wanted = torch.tensor([0.5, 0.6]), torch.tensor([0.5, 0.5])

    assert float(LOSSES["mse"](answer, wanted)) == pytest.approx(0.005)
    assert float(LOSSES["l1"](answer, wanted)) == pytest.approx(0.05)
    assert -10 * float(LOSSES["psnr"](answer, wanted)) == pytest.approx(23.01, abs=0.01)


@pytest.mark.parametrize("name", sorted(KINDS))
@pytest.mark.parametrize("preset", ["paper", "best"])
def test_every_recipe_says_what_it_is(name, preset):
    found = recipe(name, preset)

    assert found.about
    assert found.plan.epochs > 1


def test_presets_of_the_papers_have_their_hyper_parameters():
    edsr, rdn, unet, resnet = (recipe(one, "paper") for one in ("edsr", "rdn", "unet", "resnet50"))

    assert edsr.network == {"blocks": 32, "filters": 256, "residual_scaling": 0.1}
    assert (edsr.plan.epochs, edsr.menu.loss) == (20, "l1")
    assert edsr.grid == {"optimiser": ["adam", "sgd", "rmsprop"]}
    assert (rdn.plan.epochs, rdn.menu.pictures, rdn.menu.side) == (30, 50, 10)
    assert rdn.network == {"d": 16, "c": 8, "g": 64, "g0": 64}
    assert (unet.plan.epochs, unet.plan.steps, unet.menu.batch) == (40, 125, 4)
    assert (unet.plan.optimiser, unet.plan.rate) == ("adadelta", 0.001)
    assert (resnet.plan.epochs, resnet.menu.batch) == (60, 2)
    assert (resnet.plan.rho, resnet.plan.epsilon) == (0.95, 1e-7)


def test_a_file_of_ones_own_changes_what_it_says_and_nothing_else(tmp_path):
    own = tmp_path / "mine.toml"
    own.write_text('[plan]\nrate = 0.5\n[menu]\nloss = "l1"\n')

    found, usual = recipe("fsrcnn", "best", read(own)), recipe("fsrcnn", "best")

    assert (found.plan.rate, found.menu.loss) == (0.5, "l1")
    assert found.plan.but(rate=usual.plan.rate) == usual.plan


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"plan": {"epoch": 3}}, r"plan.epoch is no key of a recipe; did you mean 'epochs'\?"),
        ({"menu": {"sidee": 3}}, r"menu.sidee is no key of a recipe; did you mean 'side'\?"),
        ({"nets": {}}, "nets is no key of a recipe; did you mean 'network'"),
        ({"plan": {"epochs": 0}}, "plan.epochs: Input should be greater than or equal to 1"),
        ({"plan": {"optimiser": "adagrad"}}, "plan.optimiser: Input should be 'adam'"),
    ],
)
def test_what_is_no_recipe_is_said_to_be_none(changes, said):
    with pytest.raises(ValueError, match=said):
        recipe("fsrcnn", "best", changes)


def test_a_plan_is_not_changed_to_nonsense():
    with pytest.raises(ValueError, match="rate"):
        PLAN.but(rate=-1)


def test_patients_are_dealt_out_by_seed_whatever_their_order():
    strata = {f"p{number:03}": "ab"[number % 4 == 0] for number in range(200)}

    split = by_patient(strata)

    again = by_patient(dict(reversed(strata.items())))
    assert split == again
    assert split != by_patient(strata, seed=1)
    counts = {part: list(split.parts.values()).count(part) for part in set(split.parts.values())}
    assert counts == {"train": 140, "validation": 30, "test": 30}
    rare = [part for patient, part in split.parts.items() if strata[patient] == "b"]
    assert rare.count("test") in {7, 8}


def test_few_patients_are_still_in_three_parts():
    assert set(by_patient(dict.fromkeys("abc", "")).parts.values()) == {
        "train",
        "validation",
        "test",
    }


def test_the_leaky_split_has_eighty_ten_and_ten():
    parts = list(leaky(f"{number}" for number in range(200)).parts.values())

    assert [parts.count(one) for one in ("train", "validation", "test")] == [160, 20, 20]


def test_a_split_is_written_down(tmp_path):
    split = by_patient(dict.fromkeys("abc", ""))

    write_split(tmp_path / "out" / "split.csv", {"mine": split})

    with (tmp_path / "out" / "split.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["patient"]: row["part"] for row in rows} == split.parts
    assert {row["set"] for row in rows} == {"mine"}


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_network_starts_from_its_own_onnx(scale, tmp_path):
    torch.manual_seed(1)
    there, here = FSRCNN(scale=scale), FSRCNN(scale=scale)
    torch.nn.init.normal_(there.deconvolve.weight)
    torch.nn.init.normal_(there.deconvolve.bias)
    onnx.save_model(rewritten(there), tmp_path / "weights.onnx")

    kept = start(here, tmp_path / "weights.onnx")

    assert kept == []
    batch = torch.rand(1, 1, 9, 8)
    assert torch.allclose(here.eval()(batch), there(batch), atol=1e-5)


def test_the_weights_of_the_shelf_are_a_start(request):
    network = FSRCNN()

    kept = start(network, request.config.rootpath / "models/fsrcnn-x2/1/weights.onnx")

    assert kept == []
    flat = torch.full((1, 1, 24, 24), 0.5)
    assert network.eval()(flat)[..., 16:-16, 16:-16].mean().item() == pytest.approx(0.5, abs=0.02)


def test_weights_for_colours_are_summed_to_grey_and_other_classes_are_not_taken(tmp_path):
    torch.manual_seed(0)
    theirs, ours = ResNet50(classes=1000, channels=3), ResNet50()
    torch.save(theirs.state_dict(), tmp_path / "imagenet.pth")

    kept = start(ours, tmp_path / "imagenet.pth")

    assert kept == ["fc.bias", "fc.weight"]
    assert torch.allclose(ours.conv1.weight, theirs.conv1.weight.sum(1, keepdim=True))


def test_weights_of_another_network_are_no_start(tmp_path):
    torch.save({"something": torch.zeros(3)}, tmp_path / "other.pth")

    with pytest.raises(ValueError, match="no weights of this network"):
        start(FSRCNN(), tmp_path / "other.pth")
    with pytest.raises(FileNotFoundError):
        start(FSRCNN(), tmp_path / "nothing.pth")


def test_it_is_known_whether_weights_are_of_an_answer_that_is_added(tmp_path):
    for name, network in (("plain", FSRCNN()), ("added", Residual(FSRCNN(), 2))):
        onnx.save_model(rewritten(network), tmp_path / f"{name}.onnx")
        average = {f"module.{key}": value for key, value in network.state_dict().items()}
        torch.save({"average": average}, tmp_path / f"{name}.pt")

    told = {path.name: is_of_residual(path) for path in tmp_path.iterdir()}

    assert told == {"plain.onnx": False, "added.onnx": True, "plain.pt": False, "added.pt": True}


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_residual_of_nothing_repeats_each_pixel(scale):
    network = made("fsrcnn", {"scale": scale})
    torch.nn.init.zeros_(network.deconvolve.weight)

    answer = Residual(network, scale).eval()(torch.arange(6.0).reshape(1, 1, 2, 3))

    wanted = np.kron(np.arange(6).reshape(2, 3), np.ones((scale, scale)))
    assert answer[0, 0].detach().numpy().tolist() == wanted.tolist()
