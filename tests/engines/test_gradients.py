import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.feature import hog

from engines.training.gradients import COMPONENTS, components, histograms


def regions(count, side=64):
    chance = np.random.default_rng(5)
    noise = chance.normal(size=(count, side, side))
    made = np.stack([ndimage.gaussian_filter(one, 3) for one in noise])
    return torch.from_numpy(made[:, None].astype(np.float32))


def test_histograms_of_gradients_are_those_of_scikit_image_but_for_how_edges_are_shared_out():
    batch = regions(20)

    ours = histograms(batch).reshape(20, 8, 4, 49).numpy()
    peers = [
        hog(one[0].numpy(), 8, (8, 8), (2, 2), block_norm="L2", feature_vector=False)
        for one in batch
    ]

    theirs = np.stack(peers).transpose(0, 5, 3, 4, 1, 2).reshape(20, 8, 4, 49)
    shares = ours.mean(axis=(1,)), theirs.mean(axis=(1,))  # how strong each cell's edges are
    assert np.corrcoef(shares[0].ravel(), shares[1].ravel())[0, 1] > 0.95


def test_histograms_of_gradients_say_nothing_of_brightness_and_contrast():
    batch = regions(3)

    assert torch.allclose(histograms(batch), histograms(batch * 5 + 2), atol=0.05)


def test_a_region_turned_by_a_quarter_has_its_edges_in_other_ways():
    stripes = torch.zeros(1, 1, 64, 64)
    stripes[..., ::4] = 1

    upright = histograms(stripes).reshape(8, 4, 49).mean((1, 2))
    lying = histograms(stripes.rot90(1, (2, 3))).reshape(8, 4, 49).mean((1, 2))

    assert upright.argmax() == 0
    assert lying.argmax() == 4


def test_components_of_regions_have_variance_1_and_go_with_no_other():
    batch = regions(200)

    found = components([batch[:100], batch[100:]]).of(batch)

    spread = found.T @ found / len(found)
    assert found.shape == (200, COMPONENTS)
    assert torch.allclose(spread, torch.eye(COMPONENTS), atol=0.05)


def test_too_few_regions_have_no_components():
    with pytest.raises(ValueError, match="too few"):
        components([regions(10)])
