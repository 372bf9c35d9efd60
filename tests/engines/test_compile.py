import numpy as np
import onnxruntime
import pytest
import torch
from networks_of_chance import network

from engines.compile.bound import bound
from engines.compile.centre import centre
from engines.compile.export import plain, rewritten
from engines.compile.inside import inside
from engines.compile.subpixel import SubpixelFSRCNN
from engines.compile.widen import widen
from engines.networks.fsrcnn import FSRCNN, HALO

BATCH = np.random.default_rng(1).random((2, 1, 22, 34), np.float32)


def answer(model, batch):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": batch})[0]


def test_fsrcnn_has_the_parameters_of_the_paper():
    convolutions = [25 * 56, 56 * 12, *[9 * 12 * 12] * 4, 12 * 56, 81 * 56]
    biases = [56, 12, 12, 12, 12, 12, 56, 1]
    slopes = [56, 12, 12, 12, 12, 12, 56]

    counted = sum(values.numel() for values in FSRCNN().parameters())

    assert counted == sum(convolutions) + sum(biases) + sum(slopes) == 12809


def test_the_receptive_field_reaches_as_far_as_the_halo_and_no_further():
    made, side = network(), 41
    batch = torch.zeros(1, 1, side, side)
    touched = batch.clone()
    touched[0, 0, side // 2, side // 2] = 1

    with torch.inference_mode():
        moved = (made(touched) - made(batch))[0, 0].abs() > 0

    rows = torch.nonzero(moved.any(1)).flatten() // 2 - side // 2
    assert (int(rows.min()), int(rows.max())) == (-HALO, HALO)


def test_the_subpixel_form_equals_the_deconvolution():
    made, batch = network().double(), torch.from_numpy(BATCH).double()

    with torch.inference_mode():
        error = (made(batch) - SubpixelFSRCNN(made)(batch)).abs().max()

    assert error < 1e-12


def test_the_subpixel_form_teaches_the_deconvolution_the_same():
    gradients = []
    for form in (lambda made: made, SubpixelFSRCNN):
        made = network().double()
        form(made)(torch.from_numpy(BATCH).double()).square().mean().backward()
        gradients.append(made.deconvolve.weight.grad)

    assert torch.allclose(*gradients, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("form", [plain, rewritten, lambda made: widen(rewritten(made))])
def test_every_exported_form_equals_the_module(form):
    made = network()

    with torch.inference_mode():
        wanted = made(torch.from_numpy(BATCH)).numpy()

    np.testing.assert_allclose(answer(form(made), BATCH), wanted, atol=1e-5)


@pytest.mark.parametrize("form", [plain, rewritten])
def test_exported_graphs_take_images_of_any_size(form):
    model = form(network())

    for rows, columns in [(1, 1), (1, 9), (7, 5), (64, 3)]:
        batch = np.zeros((1, 1, rows, columns), np.float32)
        assert answer(model, batch).shape == (1, 1, 2 * rows, 2 * columns)


def test_the_same_weights_give_the_same_bytes():
    assert rewritten(network()).SerializeToString() == rewritten(network()).SerializeToString()


def test_an_answer_within_bounds_is_left_as_it_is_and_beyond_them_clipped():
    model = rewritten(network())
    whole = answer(model, BATCH)
    middle = float(np.median(whole))

    assert (answer(bound(model, -9, 9), BATCH) == whole).all()
    assert (answer(bound(model, -9, middle), BATCH) == np.minimum(whole, middle)).all()


def test_without_padding_the_inside_of_the_answer_is_left():
    model = rewritten(network())

    bare = answer(inside(model, HALO), BATCH)

    np.testing.assert_allclose(bare, answer(model, BATCH)[..., 16:-16, 16:-16], atol=1e-6)


def test_a_centred_graph_answers_the_same_to_a_centred_batch():
    model = inside(rewritten(network()), HALO)

    centred = answer(centre(model, 0.5), BATCH - np.float32(0.5))

    np.testing.assert_allclose(centred, answer(model, BATCH), atol=1e-6)


def test_a_graph_with_another_halo_keeps_its_padding():
    model = rewritten(network())

    assert inside(model, HALO + 1) is model
    assert inside(plain(network()), HALO).graph.node[-1].op_type == "ConvTranspose"


def test_a_graph_that_does_not_end_in_phases_is_not_widened():
    model = plain(network())

    assert widen(model) is model
