import numpy as np
import pytest
from PIL import Image

from engines.evaluation.areas import breast, whole
from engines.evaluation.scores import inner, score
from engines.evaluation.table import ImageSet, bicubic, compare, judged, markdown
from engines.images import binned, fitting


def noisy(sigma, seed=0):
    chance = np.random.default_rng(seed)
    return np.clip(128 + chance.normal(0, sigma, (64, 80)), 0, 255).astype(np.uint8)


def test_psnr_is_of_the_mean_squared_error_on_0_to_255():
    wanted = np.full((64, 80), 100, np.uint8)

    assert score(wanted + 5, wanted, whole(wanted)).psnr == pytest.approx(
        10 * np.log10(255**2 / 25)
    )


def test_only_the_area_counts_and_never_the_border():
    wanted = noisy(20)
    answer = wanted + 1
    area = np.zeros(wanted.shape, bool)
    area[:, :40] = True
    elsewhere = answer.copy()
    elsewhere[:, 40:] = 0
    elsewhere[:2], elsewhere[-2:], elsewhere[:, :2] = 0, 0, 0

    assert score(elsewhere, wanted, area).psnr == score(answer, wanted, area).psnr
    assert inner(whole(wanted)).sum() == 60 * 76


def test_ssim_is_one_for_what_is_nearly_the_same_and_falls_with_noise():
    wanted = noisy(20)
    answer = wanted.copy()
    answer[30, 30] += 1

    assert score(answer, wanted, whole(wanted)).ssim > 0.999
    assert score(noisy(20, seed=1), wanted, whole(wanted)).ssim < 0.2


def test_the_breast_is_found_beside_labels_and_scratches():
    down, across = np.ogrid[0:200, 0:160]
    disc = (down - 100) ** 2 + across**2 < 80**2
    film = np.where(disc, 120, 5).astype(np.uint8)
    film[95:105, 10:20] = 0  # a hole in the breast
    film[5:25, 120:150] = 255  # a label
    film[:, 155] = 200  # a scratch

    found = breast(film)

    assert (found ^ disc).sum() < 100  # the opening rounds the corners
    assert found[100, 15]


def test_a_film_without_a_breast_counts_as_a_whole():
    assert breast(np.zeros((40, 40), np.uint8)).all()


def test_bicubic_keeps_pixel_centres_in_place():
    ramp = np.tile(np.arange(0, 200, 4, dtype=np.uint8), (10, 1))

    doubled = bicubic(ramp)

    assert doubled.shape == (20, 100)
    assert doubled[10, 20:24].tolist() == [39, 41, 43, 45]


def test_methods_are_compared_on_every_image_of_a_set(tmp_path):
    for number in range(3):
        Image.fromarray(noisy(9, number)).save(tmp_path / f"{number}.png")
    images = ImageSet("noise", tuple(sorted(tmp_path.iterdir())), whole)
    seen = []

    rows = list(compare(images, {"a": bicubic, "b": bicubic}, lambda: seen.append(1)))

    assert len(seen) == 3
    assert [(row.set, row.images, row.method) for row in rows] == [
        ("noise", 3, "a"),
        ("noise", 3, "b"),
    ]
    assert rows[0].psnr == rows[1].psnr
    assert f"| noise | 3 | a | {rows[0].psnr:.2f} |" in markdown(rows)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_where_only_a_part_counts_only_that_is_enlarged_and_the_scores_are_the_same(
    tmp_path, scale
):
    chance = np.random.default_rng(scale)
    film = np.zeros((150, 170), np.uint8)
    film[40:100, 20:90] = chance.integers(60, 200, (60, 70))
    Image.fromarray(film).save(tmp_path / "film.png")
    images = ImageSet("film", (tmp_path / "film.png",), breast, ("patient",))
    sizes = []

    def method(low):
        sizes.append(low.size)
        return bicubic(low, scale)

    (near,) = judged(images, scale, {"bicubic": method}, halo=4)
    (whole_film,) = judged(images, scale, {"bicubic": method}, halo=200)

    assert near == whole_film
    assert sizes[0] < 0.6 * sizes[1]
    wanted = fitting(film, scale)
    assert near["bicubic"] == score(bicubic(binned(wanted, scale), scale), wanted, breast(wanted))
