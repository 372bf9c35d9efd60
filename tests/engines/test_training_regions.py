"""Regions around masses: how they are cut, varied and split by patient."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from training_data import disc, make

from engines.training.changes import changed
from engines.training.films import MIAS, films
from engines.training.films import split as film_split
from engines.training.overlap import dice
from engines.training.regions import (
    CBIS,
    CESM,
    SIDE,
    SIGNS,
    cbis,
    cesm,
    outlined_films,
    outlines,
    parted,
    question,
    split,
)
from engines.training.strong import holed, mixed, varied
from engines.training.variants import VARIANTS, variant, variants


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def mass(data):
    return cesm(data)[0]


def box(mask):
    return cv2.boundingRect(mask.astype(np.uint8))


@pytest.mark.parametrize("reader", [cesm, outlined_films, cbis])
def test_a_mass_fills_two_thirds_of_its_region_and_is_in_its_middle(reader, data):
    for mass in reader(data):
        left, top, width, height = box(question(mass).mask)

        assert max(width, height) == pytest.approx(SIDE / 1.5, abs=3)
        assert (left + width / 2, top + height / 2) == pytest.approx((SIDE / 2, SIDE / 2), abs=2)


def test_a_region_is_bright_where_the_mass_is(mass):
    shown = question(mass)

    assert shown.shades.shape == (SIDE, SIDE)
    assert shown.shades[shown.mask].mean() > 0.7
    assert shown.shades[~shown.mask].mean() < 0.3


def test_what_else_is_outlined_does_not_count(data):
    wide = question(cesm(data)[0], room=3.5)

    assert not wide.counts.all()
    assert not (wide.mask & ~wide.counts).any()


def test_doubtful_outlines_are_left_out(data):
    names = {one.name for one in outlined_films(data)}

    assert "0" not in names
    assert len(names) == 6


def test_signs_are_read_from_the_table(data):
    signs = dict(zip([word for words in SIGNS.values() for word in words], cbis(data)[0].signs,
                     strict=True))  # fmt: skip

    assert {word for word, said in signs.items() if said} == {
        "OVAL", "ROUND", "ILL_DEFINED", "SPICULATED", "4",
    }  # fmt: skip


@pytest.mark.parametrize("name", [CESM, CBIS, MIAS])
def test_no_patient_is_in_two_parts_and_no_part_is_empty(name, data):
    masses = cbis(data) if name == CBIS else [one for one in outlines(data) if one.set == name]

    parts = {part: parted(data, masses, part) for part in ("train", "validation", "test")}

    of = {part: {one.patient for one in there} for part, there in parts.items()}
    assert not of["train"] & (of["validation"] | of["test"])
    assert not of["validation"] & of["test"]
    assert sum(len(there) for there in parts.values()) == len(masses)
    assert {split(data, name).parts[one.patient] for one in masses} <= set(parts)


def test_both_films_of_a_patient_are_in_one_part(data):
    of = film_split(data / MIAS)

    assert {one.patient for one in films(data / MIAS)} == set(of.parts)
    assert set(of.parts.values()) == {"train", "validation", "test"}


def test_there_are_seven_variants_and_the_region_itself_is_none(mass):
    region = question(mass)

    made = variants(region)

    assert len(made) == len(VARIANTS) == 7
    assert len({one.shades.tobytes() for one in [region, *made]}) == 8
    assert {one.shades.shape for one in made} == {(SIDE, SIDE)}


def test_the_variants_are_those_of_the_paper(mass):
    region = question(mass)
    made = {name: variant(region, name) for name in VARIANTS}

    shades = region.shades
    blurred = cv2.GaussianBlur(shades, (0, 0), 1.5)
    assert made["blur"].shades == pytest.approx(blurred)
    assert (made["flip horizontal"].shades == shades[:, ::-1]).all()
    assert (made["flip vertical"].shades == shades[::-1]).all()
    assert (made["translation"].shades[20:, 20:] == shades[:-20, :-20]).all()
    assert (made["rotation 90"].shades == np.rot90(shades)).all()
    assert (made["rotation 180"].shades == shades[::-1, ::-1]).all()
    assert box(made["scaling"].mask)[2] == pytest.approx(1.2 * box(region.mask)[2], abs=2)


def test_masks_go_along_with_their_variants(mass):
    region = question(mass)

    for name in VARIANTS:
        made = variant(region, name)

        assert made.shades[made.mask].mean() > 0.6
        assert made.mask.dtype == bool
    assert (variant(region, "blur").mask == region.mask).all()


def test_a_strongly_varied_mass_is_still_where_its_region_shows_it(mass):
    chance = np.random.default_rng(0)

    for _ in range(20):
        made = varied(mass, chance)

        left, top, width, height = box(made.mask)
        assert max(width, height) == pytest.approx(SIDE / 1.5, rel=0.25)
        assert np.hypot(left + width / 2 - SIDE / 2, top + height / 2 - SIDE / 2) < 12
        assert made.shades[made.mask].mean() > made.shades[~made.mask].mean()
        assert 0 <= made.shades.min() <= made.shades.max() <= 1


def test_a_strongly_varied_mass_is_bent_and_not_broken(mass):
    made = [varied(mass, np.random.default_rng(seed)).mask for seed in range(8)]

    round_ones = [disc(SIDE, SIDE / 2, SIDE / 2, max(box(mask)[2:]) / 2) for mask in made]
    likeness = [dice(*pair) for pair in zip(made, round_ones, strict=True)]
    assert min(likeness) > 0.75
    assert len({mask.tobytes() for mask in made}) == 8


def test_the_same_chance_varies_alike(mass):
    one, other = (varied(mass, np.random.default_rng(3)) for _ in range(2))

    assert (one.shades == other.shades).all()


def test_changes_go_by_their_names(mass):
    seen = {changed(mass, "paper", np.random.default_rng(seed)).shades.tobytes()
            for seed in range(80)}  # fmt: skip

    assert (changed(mass, "none", np.random.default_rng(0)).shades == question(mass).shades).all()
    assert len(seen) == 8


def test_a_slight_change_leaves_the_mass_whole_and_bright(mass):
    region = question(mass)

    made = [changed(mass, "slight", np.random.default_rng(seed)) for seed in range(20)]

    assert len({one.shades.tobytes() for one in made}) == 20
    for one in made:
        assert one.shades.shape == one.mask.shape == (SIDE, SIDE)
        assert one.mask.sum() == region.mask.sum()
        assert one.shades[one.mask].mean() > 0.6


def test_a_hole_is_of_the_mean_and_small():
    shades = np.random.default_rng(0).random((64, 64), np.float32)

    made = holed(shades, np.random.default_rng(1))

    hole = made != shades
    assert 0.005 < hole.mean() < 0.1
    assert made[hole] == pytest.approx(shades.mean())


def test_what_is_mixed_is_wanted_mixed():
    batch = np.stack([np.full((1, 2, 2), value, np.float32) for value in (0, 1, 2, 3)])
    wanted = np.eye(4, dtype=np.float32)

    shades, answers = mixed(batch, wanted, 0.4, np.random.default_rng(0))

    assert shades[:, 0, 0, 0] == pytest.approx(answers @ np.arange(4), abs=1e-5)
    assert answers.sum(axis=1) == pytest.approx(1)


def test_a_mass_at_the_edge_of_its_image_has_a_whole_region(mass):
    edge = replace(mass, middle=(2.0, 2.0))

    shown = question(edge)

    assert shown.shades.shape == shown.mask.shape == (SIDE, SIDE)
