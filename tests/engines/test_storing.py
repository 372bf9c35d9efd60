"""Weights kept in fp16: half the file, the same answers, and no weights that are not found."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto

from engines.compile.export import rewritten
from engines.compile.inside import inside
from engines.compile.storing import LEAST, full, read, slim
from engines.networks.fsrcnn import FSRCNN, HALO
from engines.networks.unet import UNet


def made():
    torch.manual_seed(0)
    return rewritten(UNet(4))


def answer(model, batch):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {"x": batch})[0]


def types(model):
    return {tensor.name: tensor.data_type for tensor in model.graph.initializer}


def test_a_slim_model_is_half_as_large_and_answers_alike():
    model = made()

    small = slim(model)

    onnx.checker.check_model(small)
    assert small.ByteSize() < 0.6 * model.ByteSize()
    batch = np.random.default_rng(0).random((1, 1, 32, 32), np.float32)
    np.testing.assert_allclose(answer(small, batch), answer(model, batch), atol=2e-3)


def test_what_is_read_has_its_weights_in_fp32_under_their_names(tmp_path):
    model = made()
    onnx.save_model(slim(model), tmp_path / "weights.onnx")

    again = read(tmp_path / "weights.onnx")

    assert types(again) == types(model)
    assert set(types(again).values()) == {TensorProto.FLOAT}
    assert [node.op_type for node in again.graph.node] == [one.op_type for one in model.graph.node]
    batch = np.random.default_rng(0).random((1, 1, 32, 32), np.float32)
    np.testing.assert_array_equal(answer(again, batch), answer(slim(model), batch))


def test_small_tensors_are_kept_as_they_are():
    small = slim(made())

    sizes = {one.name: (int(np.prod(one.dims)), one.data_type) for one in small.graph.initializer}
    assert all((size < LEAST) == (kind == TensorProto.FLOAT) for size, kind in sizes.values())


def test_a_model_in_fp32_is_read_as_it_is():
    model = made()

    assert full(model) is model


def test_a_chain_of_convolutions_kept_in_fp16_still_loses_its_padding():
    torch.manual_seed(0)
    small = slim(rewritten(FSRCNN()))

    assert inside(small, HALO) is small
    assert inside(full(small), HALO) is not full(small)


def test_a_weight_that_fp16_does_not_hold_is_refused():
    network = UNet(4)
    with torch.no_grad():
        network.down[1][0].weight[0, 0, 0, 0] = 1e6

    with pytest.raises(ValueError, match=r"down.1.0.weight is too large for fp16"):
        slim(rewritten(network))
