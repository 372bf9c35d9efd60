import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from engines.architectures import ARCHITECTURES
from engines.compile.export import plain, rewritten
from engines.compile.subpixel import fits, phases
from engines.networks.densenet import DenseNet121
from engines.networks.edsr import EDSR
from engines.networks.rdn import RDN
from engines.networks.resnet import ResNet50
from engines.networks.segnet import SegNet
from engines.networks.unet import UNet
from engines.networks.vgg import VGG16
from engines.training.chance import network_of_chance

PUBLISHED = [
    # what the papers, or the authors' code, count with their own channels and classes
    (lambda: EDSR(2, channels=3), 40_729_603),
    (lambda: EDSR(3, channels=3), 43_680_003),
    (lambda: EDSR(4, channels=3), 43_089_923),
    (lambda: EDSR(2, 16, 64, 1.0, 3), 1_369_859),
    (lambda: EDSR(3, 16, 64, 1.0, 3), 1_554_499),
    (lambda: EDSR(4, 16, 64, 1.0, 3), 1_517_571),
    (lambda: RDN(2, channels=3), 22_123_395),
    (lambda: RDN(3, channels=3), 22_308_035),
    (lambda: RDN(4, channels=3), 22_271_107),
    (lambda: UNet(classes=2), 31_030_658),
    (lambda: SegNet(3, 11), 29_449_355),
    (lambda: ResNet50(1000, 3), 25_557_032),
    (lambda: DenseNet121(1000, 3), 7_978_856),
    (lambda: VGG16(1000, 3), 138_357_544),
]
DEEP = [name for name in ARCHITECTURES if not name.startswith("edsr-x")]
"""All whose weights are made in a moment; EDSR of 256 filters stands below, with fewer blocks."""


def count(network):
    return sum(values.numel() for values in network.parameters())


def answer(model, batch):
    options = onnxruntime.SessionOptions()
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": batch})[0]


def noise(side, images=2):
    return np.random.default_rng(side).random((images, 1, side, side), np.float32)


@pytest.mark.parametrize(("make", "published"), PUBLISHED)
def test_networks_have_the_parameters_that_were_published(make, published):
    with torch.device("meta"):
        assert count(make()) == published


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_table_tells_how_many_parameters_a_network_has(name):
    with torch.device("meta"):
        made = ARCHITECTURES[name].make()

    assert count(made) == ARCHITECTURES[name].parameters


@pytest.mark.parametrize(("scale", "blocks"), [(2, 3), (3, 2), (4, 2)])
def test_wide_edsr_is_exported_as_it_is(scale, blocks):
    torch.manual_seed(scale)
    made = EDSR(scale, blocks).eval()

    with torch.inference_mode():
        wanted = made(torch.from_numpy(noise(12))).numpy()

    np.testing.assert_allclose(answer(rewritten(made), noise(12)), wanted, atol=2e-5)


@pytest.mark.parametrize("name", DEEP)
def test_the_rewritten_graph_equals_the_network(name):
    architecture = ARCHITECTURES[name]
    made = network_of_chance(architecture, seed=1)
    batch = noise(24 if architecture.task == "super-resolution" else architecture.side)

    with torch.inference_mode():
        wanted = made(torch.from_numpy(batch)).numpy()

    assert wanted.std() > 0.02  # a hundred times what is tolerated
    np.testing.assert_allclose(answer(rewritten(made), batch), wanted, atol=2e-4)


@pytest.mark.parametrize("name", ["fsrcnn-x2", "unet", "segnet"])
def test_the_plain_graph_equals_the_network(name):
    made, batch = network_of_chance(ARCHITECTURES[name], seed=2), noise(64)

    with torch.inference_mode():
        wanted = made(torch.from_numpy(batch)).numpy()

    model = plain(made)
    assert {"ConvTranspose", "MaxUnpool"} & {node.op_type for node in model.graph.node}
    np.testing.assert_allclose(answer(model, batch), wanted, atol=2e-4)


def test_rewritten_graphs_hold_nothing_that_tensorrt_cannot_parse():
    for name in ("fsrcnn-x2", "unet", "segnet"):
        model = rewritten(ARCHITECTURES[name].make())

        kinds = {node.op_type for node in model.graph.node}
        assert not kinds & {"ConvTranspose", "MaxUnpool"}
        assert all(len(n.output) == 1 for n in model.graph.node if n.op_type == "MaxPool")


class Remembering(nn.Module):
    """Pools, and puts the maxima back."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 3, 1, bias=False)
        nn.init.ones_(self.first.weight)
        self.pool, self.unpool = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)

    def forward(self, batch):
        pooled, indices = self.pool(self.first(batch))
        return self.unpool(pooled, indices)


def test_of_equal_maxima_the_first_in_raster_order_is_put_back():
    batch = np.random.default_rng(0).integers(-1, 2, (3, 1, 32, 32)).astype(np.float32)
    made = Remembering()

    with torch.inference_mode():
        wanted = made(torch.from_numpy(batch)).numpy()

    assert (answer(rewritten(made), batch) == wanted).all()


@pytest.mark.parametrize("sides", [(32, 32), (64, 32), (32, 96)])
def test_segmentation_takes_any_size_on_its_grid(sides):
    batch = np.zeros((1, 1, *sides), np.float32)

    for name in ("unet", "segnet"):
        assert answer(rewritten(ARCHITECTURES[name].make()), batch).shape == (1, 1, *sides)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "extra"),
    [
        (9, 2, 4, 1),
        (9, 3, 3, 0),
        (9, 3, 4, 2),
        (9, 4, 4, 3),
        (4, 2, 1, 0),
        (3, 2, 1, 1),
        (2, 2, 0, 0),
    ],
)
def test_a_deconvolution_that_fits_is_a_convolution_to_phases(kernel, stride, padding, extra):
    layer = nn.ConvTranspose2d(
        7, 3, kernel, stride=stride, padding=padding, output_padding=extra
    ).double()
    batch = torch.rand(1, 7, 13, 11, dtype=torch.float64)

    made = phases(layer.weight, stride, padding)
    padded = nn.functional.pad(batch, (made.before, made.after) * 2)
    bias = layer.bias.repeat_interleave(stride**2)
    found = nn.functional.pixel_shuffle(nn.functional.conv2d(padded, made.weight, bias), stride)

    assert fits(layer)
    assert (found - layer(batch)).abs().max() < 1e-12


@pytest.mark.parametrize(
    "layer",
    [
        nn.ConvTranspose2d(2, 2, 4, stride=2),  # gives 2 pixels more than twice
        nn.ConvTranspose2d(2, 2, 2, stride=2, groups=2),
        nn.ConvTranspose2d(2, 2, (2, 4), stride=2, padding=(0, 1)),
    ],
)
def test_a_deconvolution_that_does_not_fit_is_left_alone(layer):
    assert not fits(layer)


def test_weights_of_chance_are_the_same_every_time():
    one, other = (network_of_chance(ARCHITECTURES["fsrcnn-x2"], seed=3) for _ in range(2))

    assert rewritten(one).SerializeToString() == rewritten(other).SerializeToString()
