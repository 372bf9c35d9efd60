from fractions import Fraction

import numpy as np
import pytest
import torch
from graphs_of_chance import Graph, answer
from hypothesis import given, settings
from hypothesis import strategies as st
from networks_of_chance import network

from engines.compile.export import plain, rewritten
from engines.compile.reach import Reach, reach
from engines.networks.unet import UNet

WIDE = 2  # channels inside a network of chance

sizes = st.integers(1, 4)


@st.composite
def convolutions(draw):
    """A convolution that keeps the size, its padding shared out by chance."""
    kernel, dilation = draw(st.tuples(sizes, sizes)), draw(st.integers(1, 2))
    extents = [dilation * (side - 1) for side in kernel]
    begins = [draw(st.integers(0, extent)) for extent in extents]
    ends = [extent - begin for extent, begin in zip(extents, begins, strict=True)]
    weights = WIDE, WIDE, *kernel

    def append(graph, x):
        return graph.add(
            "Conv", x, graph.positive(*weights), pads=begins + ends, dilations=[dilation] * 2
        )

    return append


@st.composite
def halvings(draw):
    """What halves the sides."""
    kind = draw(st.sampled_from(["Conv", "MaxPool", "AveragePool", "SpaceToDepth"]))
    kernel, begin = draw(st.sampled_from([(2, 0), (3, 0), (3, 1), (4, 1), (1, 0)]))
    padded = {"strides": [2, 2], "pads": [begin] * 2 + [kernel - 2 - begin + (kernel == 1)] * 2}

    def append(graph, x):
        if kind == "SpaceToDepth":
            folded = graph.add(kind, x, blocksize=2)
            return graph.add("Conv", folded, graph.positive(WIDE, 4 * WIDE, 1, 1))
        if kind == "Conv":
            return graph.add(kind, x, graph.positive(WIDE, WIDE, kernel, kernel), **padded)
        return graph.add(kind, x, kernel_shape=[kernel] * 2, **padded)

    return append


@st.composite
def doublings(draw):
    """What doubles the sides."""
    kind = draw(st.sampled_from(["ConvTranspose", "DepthToSpace", "nearest", "linear", "cubic"]))
    kernel, pads, more = draw(
        st.sampled_from([(2, [0] * 4, 0), (4, [1] * 4, 0), (3, [1] * 4, 1), (9, [4] * 4, 1)])
    )
    where = draw(st.sampled_from(["half_pixel", "asymmetric"]))
    rounded = draw(st.sampled_from(["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"]))

    def append(graph, x):
        if kind == "ConvTranspose":
            weights = graph.positive(WIDE, WIDE, kernel, kernel)
            sides = {"strides": [2, 2], "pads": pads, "output_padding": [more] * 2}
            return graph.add(kind, x, weights, **sides)
        if kind == "DepthToSpace":
            deep = graph.add("Conv", x, graph.positive(4 * WIDE, WIDE, 1, 1))
            return graph.add(kind, deep, blocksize=2)
        factors = graph.weight(np.array([1, 1, 2, 2], np.float32))
        attributes = {"mode": kind, "coordinate_transformation_mode": where}
        if kind == "nearest":
            attributes["nearest_mode"] = rounded
        return graph.add("Resize", x, "", factors, **attributes)

    return append


@st.composite
def chains(draw):
    """A convolution to a few channels and more convolutions after it."""
    graph = Graph(seed=draw(st.integers(0, 99)))
    x = graph.add("Conv", "x", graph.positive(WIDE, 1, 1, 1))
    for append in draw(st.lists(convolutions(), min_size=1, max_size=4)):
        x = append(graph, x)
    return graph.model(x)


@st.composite
def networks(draw):
    """Down and up again, or up at once, with what went before put beside at each scale."""
    graph = Graph(seed=draw(st.integers(0, 99)))
    x = graph.add("Conv", "x", graph.positive(WIDE, 1, 1, 1))
    depth, kept = draw(st.integers(0, 2)), []
    for _ in range(depth):
        x = draw(convolutions())(graph, x)
        kept.append(x)
        x = draw(halvings())(graph, x)
    x = graph.add("PRelu", draw(convolutions())(graph, x), graph.positive(WIDE, 1, 1))
    for _ in range(draw(st.integers(0, depth))):
        x = draw(doublings())(graph, x)
        both = graph.add("Concat", x, kept.pop(), axis=1)
        x = graph.add("Conv", both, graph.positive(WIDE, 2 * WIDE, 1, 1))
    if depth == 0 and draw(st.booleans()):
        x = draw(doublings())(graph, x)
    return graph.model(draw(convolutions())(graph, x))


def side_for(found):
    """Return a side of a window that has some places beyond all edges."""
    return -(-(2 * found.halo + 3 * found.grid + 4) // found.grid) * found.grid


def felt(model, found):
    """Return how far pixels of the middle are felt in the answer, by touching them."""
    middle = side_for(found) // (2 * found.grid) * found.grid
    touched = range(middle, middle + found.grid)
    batch = np.ones((1 + found.grid, 1, side_for(found), side_for(found)), np.float32)
    for image, pixel in enumerate(touched, 1):
        batch[image, 0, pixel, pixel] = 1e4
    untouched, *answers = answer(model, batch)
    furthest = 0
    for pixel, given_answer in zip(touched, answers, strict=True):
        for places in np.nonzero((given_answer != untouched).any(0)):
            pixels = np.floor_divide(places * found.scale.denominator, found.scale.numerator)
            furthest = max(furthest, np.abs(pixels - pixel).max(initial=0))
    return furthest


@settings(max_examples=60, deadline=None)
@given(chains())
def test_of_a_chain_of_convolutions_the_reach_is_what_is_felt(model):
    found = reach(model)

    assert found == Reach(felt(model, found), 1, Fraction(1))


@settings(max_examples=120, deadline=None)
@given(networks())
def test_nothing_is_felt_from_beyond_the_reach(model):
    found = reach(model)

    assert felt(model, found) <= found.halo


@settings(max_examples=60, deadline=None)
@given(networks(), st.integers(0, 9))
def test_a_window_on_the_grid_answers_as_the_whole_image_does_a_halo_from_its_edge(model, seed):
    found = reach(model)
    side, step = side_for(found), found.grid
    image = np.random.default_rng(seed).random((1, 1, side + 3 * step, side + 3 * step), np.float32)
    window = image[..., 2 * step : 2 * step + side, step : step + side]

    whole, part = answer(model, image), answer(model, window)

    edge, end = -(-found.halo * found.scale // 1), (side - found.halo) * found.scale // 1
    down, across = 2 * step * found.scale, step * found.scale
    assert end > edge
    np.testing.assert_allclose(
        part[..., edge:end, edge:end],
        whole[..., int(down) + edge : int(down) + end, int(across) + edge : int(across) + end],
        rtol=1e-5,
    )


@pytest.mark.parametrize("form", [plain, rewritten])
def test_fsrcnn_reaches_eight_pixels(form):
    assert reach(form(network())) == Reach(8, 1, Fraction(2))


@pytest.mark.parametrize("form", [plain, rewritten])
def test_of_u_net_the_reach_is_what_is_felt(form):
    made = UNet(width=1)
    with torch.no_grad():
        for weights in made.parameters():
            weights.abs_().add_(0.01)
    model = form(made)
    squashing = model.graph.node.pop()  # which would hide what is felt a little
    model.graph.node[-1].output[0] = squashing.output[0]

    found = reach(model)

    assert found == Reach(felt(model, found), 16, Fraction(1))


def test_unpooling_by_masks_reaches_over_its_block():
    graph = Graph()
    parts = graph.add(
        "Split", graph.add("SpaceToDepth", "x", blocksize=2), outputs=4, axis=1, num_outputs=4
    )
    most = graph.add("MaxPool", "x", kernel_shape=[2, 2], strides=[2, 2])
    zero = graph.weight(np.float32(0))
    hits = [graph.add("Where", graph.add("Equal", part, most), most, zero) for part in parts]
    unpooled = graph.add("DepthToSpace", graph.add("Concat", *hits, axis=1), blocksize=2)

    assert reach(graph.model(unpooled)) == Reach(1, 2, Fraction(1))


def test_unpooling_by_indices_reaches_as_far():
    graph = Graph()
    half = {"kernel_shape": [2, 2], "strides": [2, 2]}
    most, indices = graph.add("MaxPool", "x", outputs=2, **half)
    model = graph.model(graph.add("MaxUnpool", most, indices, **half))

    assert reach(model) == Reach(1, 2, Fraction(1))
    assert felt(model, reach(model)) == 1


@pytest.mark.parametrize(
    ("auto_pad", "kernel", "halo"),
    [
        ("SAME_UPPER", 4, 2),
        ("SAME_LOWER", 4, 2),
        ("VALID", 4, 3),
        ("SAME_UPPER", 5, 2),
    ],
)
def test_padding_that_the_runtime_chooses_is_known(auto_pad, kernel, halo):
    graph = Graph()
    weights = graph.positive(1, 1, kernel, kernel)
    model = graph.model(graph.add("Conv", "x", weights, auto_pad=auto_pad))

    assert reach(model).halo == felt(model, reach(model)) == halo


def test_padding_apart_from_the_convolution_counts():
    graph = Graph()
    padded = graph.add("Pad", "x", graph.weight([0, 0, 2, 2, 0, 0, 2, 2]), mode="reflect")
    model = graph.model(graph.add("Conv", padded, graph.positive(1, 1, 5, 5)))

    assert reach(model) == Reach(2, 1, Fraction(1))


def test_rows_last_is_followed_through_transpositions():
    graph = Graph()
    last = graph.add("Transpose", "x", perm=[0, 2, 3, 1])
    doubled = graph.add("Mul", last, graph.positive(1))
    first = graph.add("Transpose", doubled, perm=[0, 3, 1, 2])
    model = graph.model(graph.add("Conv", first, graph.positive(1, 1, 3, 3), pads=[1] * 4))

    assert reach(model) == Reach(1, 1, Fraction(1))


def test_the_wider_side_of_a_kernel_counts():
    graph = Graph()
    weights = graph.positive(1, 1, 3, 7)
    model = graph.model(graph.add("Conv", "x", weights, pads=[1, 3, 1, 3]))

    assert reach(model).halo == 3


def squeezed(graph):
    return graph.add("Mul", "x", graph.add("GlobalAveragePool", "x"))


def flattened(graph):
    return graph.add("Gemm", graph.add("Flatten", "x"), graph.positive(64, 2))


def averaged(graph):
    return graph.add("ReduceMean", "x", graph.weight([2, 3]))


def normalised(graph):
    ones = graph.positive(1)
    return graph.add("InstanceNormalization", "x", ones, ones)


def normalised_by_softmax(graph):
    return graph.add("Softmax", "x", axis=-1)


def with_a_picture(graph):
    return graph.add("Add", "x", graph.positive(1, 1, 8, 8))


def with_an_unlike_scale(graph):
    small = graph.add("MaxPool", "x", kernel_shape=[2, 2], strides=[2, 2])
    wide = graph.add("ConvTranspose", "x", graph.positive(1, 1, 1, 1), strides=[2, 2])
    return graph.add("Add", wide, small)


def sized_by_the_image(graph):
    return graph.add("Resize", "x", "", "", graph.add("Shape", "x"), mode="nearest")


def cropped(graph):
    return graph.add("Slice", "x", graph.weight([1]), graph.weight([5]), graph.weight([2]))


def convolved_with_itself(graph):
    return graph.add("Conv", "x", "x")


@pytest.mark.parametrize(
    "end",
    [
        squeezed,
        flattened,
        averaged,
        normalised,
        normalised_by_softmax,
        with_a_picture,
        with_an_unlike_scale,
        sized_by_the_image,
        cropped,
        convolved_with_itself,
    ],
)
def test_what_is_taken_over_the_whole_image_has_no_reach(end):
    graph = Graph()

    assert reach(graph.model(end(graph))) is None


def along_channels(graph):
    return graph.add("Softmax", "x", axis=1)


def mean_of_channels(graph):
    return graph.add("ReduceMean", "x", graph.weight([1]))


def part_of_the_channels(graph):
    return graph.add("Slice", "x", graph.weight([0]), graph.weight([1]), graph.weight([1]))


def normalised_by_what_was_learnt(graph):
    return graph.add("BatchNormalization", "x", *[graph.positive(1) for _ in range(4)])


@pytest.mark.parametrize(
    "end", [along_channels, mean_of_channels, part_of_the_channels, normalised_by_what_was_learnt]
)
def test_what_is_taken_place_by_place_reaches_nowhere(end):
    graph = Graph()

    assert reach(graph.model(end(graph))) == Reach(0, 1, Fraction(1))
