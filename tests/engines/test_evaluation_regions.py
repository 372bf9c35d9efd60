"""Ways to bring regions before networks, and networks compared on the same masses."""

import numpy as np
import pytest
from doubling import CARD, DoublingEngine

from engines.cad.region import cut
from engines.evaluation.feeding import PLAIN, Album, Way, named, peer_of, ways
from engines.evaluation.judgements import Judgement
from engines.evaluation.overlaps import Overlap
from engines.evaluation.taught import Taught
from engines.training.regions import CBIS, Mass, region
from service.cli.evaluate.everything.chapters.networks import of_networks
from service.cli.evaluate.everything.chapters.pairs import areas
from service.cli.evaluate.everything.measures.classification import Classified, Told
from service.cli.evaluate.everything.measures.segmentation import Outlined, Segmented


def mass(extent=40):
    chance = np.random.default_rng(0)
    values = chance.integers(0, 256, (160, 160), np.uint8)
    mask = np.zeros((160, 160), bool)
    mask[60 : 60 + extent, 60 : 60 + extent] = True
    middle = (60 + extent / 2, 60 + extent / 2)
    everywhere = np.ones_like(mask)
    return Mass(
        CBIS, "m", "p", values, mask, everywhere, middle, extent,
        is_malignant=True, is_outlined=False,
    )  # fmt: skip


def test_a_region_as_it_is_is_cut_to_128_whatever_the_network_takes():
    one = mass()
    (plain,) = ways([])

    small, large = (plain.picture(one, 1.5, side) for side in (128, 384))

    assert (small == cut(one.values, region(one, 1.5), 128)).all()
    assert large.shape == (384, 384)
    assert large[1::3, 1::3] == pytest.approx(small, abs=1e-6)


def test_a_network_for_128_gets_the_pixels_of_the_region_enlarged():
    one = mass()
    way = next(way for way in ways([DoublingEngine()]) if way.name == "doubling x2")

    picture = way.picture(one, 1.5, 120)  # the region has 60

    own = cut(one.values, region(one, 1.5), 60)
    assert picture == pytest.approx(np.repeat(np.repeat(own, 2, 0), 2, 1), abs=1e-4)


def test_a_network_for_more_gets_128_enlarged():
    one = mass()
    way = next(way for way in ways([DoublingEngine()]) if way.name == "doubling x2")

    picture = way.picture(one, 1.5, 256)

    cut_out = cut(one.values, region(one, 1.5), 128)
    assert picture == pytest.approx(np.repeat(np.repeat(cut_out, 2, 0), 2, 1), abs=1e-4)


def test_a_region_is_enlarged_once_for_all_networks_that_are_shown_its_pixels():
    one, enlarged = mass(), []

    def doubled(picture):
        enlarged.append(picture.shape)
        return np.repeat(np.repeat(picture, 2, 0), 2, 1)

    way = Way("doubled", doubled)
    album = Album([64, 128, 160])

    pictures = {side: album.picture(way, one, 2.0, side) for side in (64, 160, 128, 64)}

    assert enlarged == [(80, 80), (128, 128)]  # its own pixels, and what 160 wants
    for side, picture in pictures.items():
        assert (picture == way.picture(one, 2.0, side)).all()


def test_each_network_has_a_bicubic_peer_of_its_scale():
    names = [way.name for way in ways([DoublingEngine()])]

    assert names == [PLAIN, "doubling x2", "bicubic x2"]
    assert peer_of("doubling x2", names) == "bicubic x2"
    assert peer_of("edsr-x3", names) is None
    assert named(CARD.model_copy(update={"name": "edsr-x2"})) == "edsr-x2"


def told(name, probability, *, is_malignant):
    return Told(name, f"of {name}", is_malignant, {PLAIN: probability, "edsr-x3": 1 - probability})


def classified(model, taught, own=PLAIN, sure=0.9):
    masses = [told(f"b{n}", 1 - sure + n / 100, is_malignant=False) for n in range(5)]
    masses += [told(f"m{n}", sure - n / 50, is_malignant=True) for n in range(5)]
    return Classified(model, "numpy", "CBIS-DDSM", own, taught, "", tuple(masses))


def segmented(model, taught, dice):
    masses = tuple(
        Outlined(f"m{n}", f"p{n}", {PLAIN: Overlap(dice + n / 100, 0, 0, 0, 0, 0)})
        for n in range(6)
    )
    return Segmented(model, "numpy", "mini-MIAS", 128, PLAIN, taught, masses, "")


def test_networks_that_differ_in_one_thing_are_compared_each_as_it_learned():
    without = classified("resnet50 1", Taught(augmentation="none"), sure=0.6)
    with_some = classified("resnet50-strong 1", Taught(augmentation="strong"))
    learned = Taught(augmentation="strong", before="edsr-x3")
    enlarged = classified("resnet50-sr 1", learned, own="edsr-x3")

    (table,) = of_networks([], [without, with_some, enlarged])

    assert [row[0] for row in table.rows] == [
        "augmentation: none / strong",
        "before: as it is / edsr-x3",
    ]
    assert table.rows[0][4] == 10
    assert table.rows[1][6:8] == (1, 0)  # enlarged by edsr-x3, all here is said to be the reverse


def test_what_differs_in_two_things_or_is_another_network_is_not_compared():
    plain = segmented("unet 1", Taught(augmentation="none"), 0.7)
    other = segmented("segnet 1", Taught(augmentation="strong"), 0.8)
    both = segmented("unet-sr 1", Taught(augmentation="strong", before="edsr-x3"), 0.8)
    larger = segmented("unet-large 1", Taught(augmentation="none", before="edsr-x3", side=160), 0.8)

    (lacking,) = of_networks([plain, other, both, larger], [])

    assert "differ only in super-resolution before training" in lacking
    assert "differ only in augmentation" in lacking


def test_the_difference_of_areas_is_of_the_same_masses_drawn_together():
    chance = np.random.default_rng(2)
    so = [n % 2 == 0 for n in range(40)]
    first = [Judgement(f"m{n}", f"p{n}", float(chance.random()), s) for n, s in enumerate(so)]
    second = [
        Judgement(one.name, one.patient, one.probability / 3 + 0.6 * one.is_malignant, s)
        for one, s in zip(first, so, strict=True)
    ]

    same, _ = areas(first, first)
    better, (before, after) = areas(first, second)

    assert (same.low, same.value, same.high) == (0, 0, 0)
    assert better.value == pytest.approx(after - before)
    assert after == 1
    assert better.low > 0
