"""Which picture belongs to which, and pairs that are made of mammograms."""

import csv
import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from doubling import CARD, DoublingEngine, context
from phantoms import mammogram
from side_by_side import pictures
from typer.testing import CliRunner

from pipelines.kinds import Kind
from pipelines.quality.piqe import piqe
from pipelines.super_resolution import SuperResolution
from service.cli.app import app
from service.errors import BadConfigurationError, BadObjectError, RefusedError
from service.offline import Offline
from service.reader_study.cases import LISTING
from service.reader_study.light_box import Which, opened
from service.reader_study.pairing import cases_at
from service.reader_study.pictures import open_pair, read_png
from service.reader_study.prepare import Preparation, write_listing


def found(*paths):
    return [case.pictures for case in cases_at(paths)]


def written(image, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save_as(path, enforce_file_format=True)
    return path


def preparation(out):
    kinds = frozenset({Kind.SC_MULTIFRAME})
    offline = Offline(
        SuperResolution(), [CARD], replace(context(), kinds=kinds), out / "super-resolved"
    )
    return Preparation(out, out / "super-resolved", offline, DoublingEngine())


def prepared(out, *files):
    done = list(preparation(out).of(files))
    write_listing(out, [one.case for one in done if one.case is not None])
    return done


def test_results_are_found_beside_their_sources_by_what_they_say(tmp_path):
    first = written(mammogram(rows=128, columns=96), tmp_path / "sources/a.dcm")
    second = written(mammogram("RCC", rows=128, columns=96), tmp_path / "sources/b.dcm")
    written(mammogram("RMLO", rows=128, columns=96), tmp_path / "sources/without.dcm")
    (tmp_path / "sources/notes.txt").write_text("no image")
    out = tmp_path / "results"
    told = list(Offline(SuperResolution(), [CARD], context(), out).process([first, second]))

    pairs = found(tmp_path / "sources", out)

    assert [one for one, _ in pairs] == [first, second]
    assert [large.name in each.results for (_, large), each in zip(pairs, told, strict=True)] == [
        True,
        True,
    ]


def test_png_files_are_paired_by_their_names(tmp_path):
    beside = pictures(tmp_path / "beside")
    (inside,) = pictures(tmp_path / "inside", cases=1)
    for path, name in zip(inside, ("original", "super-resolved"), strict=True):
        folder = tmp_path / "inside" / name
        folder.mkdir()
        path.rename(folder / "case.png")

    pairs = found(tmp_path)

    assert pairs[:2] == beside
    assert [path.parent.name for path in pairs[2]] == ["original", "super-resolved"]


@pytest.mark.parametrize("kind", ["csv", "toml"])
def test_a_list_names_the_pairs_from_its_own_folder(tmp_path, kind):
    pairs = pictures(tmp_path / "images", cases=1)
    one, large = (f"images/{path.name}" for path in pairs[0])
    path = tmp_path / f"cases.{kind}"
    path.write_text(
        f"original,super resolved,age\n{one},{large},61\n"
        if kind == "csv"
        else f'[[cases]]\noriginal = "{one}"\nsuper_resolved = "{large}"\nage = 61\n'
    )

    assert found(path) == pairs
    assert cases_at([path])[0].age == 61


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("original,super_resolved\na.png,b.png\n", "row 1: there is no file"),
        ("original\na.png\n", "row 1 does not name both"),
        ("original,superresolved\na.png,b.png\n", "did you mean 'super_resolved'"),
        ("original,super_resolved,age\na.png,b.png,old\n", "row 1: age"),
        ("original,super_resolved\na.png,b.png,c.png\n", "3 cells under 2 columns"),
        ("", "it is empty"),
    ],
)
def test_what_is_wrong_with_a_list_is_said(tmp_path, text, said):
    path = tmp_path / LISTING
    path.write_text(text)

    with pytest.raises(BadConfigurationError, match=said):
        cases_at([path])


def test_a_folder_without_pairs_says_how_they_are_made(tmp_path):
    with pytest.raises(BadConfigurationError, match="reader-study prepare"):
        cases_at([tmp_path])


def test_mammograms_become_pairs_with_their_quality(tmp_path):
    dicom = written(mammogram(rows=128, columns=96), tmp_path / "a.dcm")
    processing = written(
        mammogram(rows=128, columns=96, intent="FOR PROCESSING"), tmp_path / "b.dcm"
    )
    film = np.random.default_rng(1).integers(1, 255, (96, 128), np.uint8)
    cv2.imwrite(str(tmp_path / "film.png"), film)
    cv2.imwrite(str(tmp_path / "colour.png"), np.eye(64 * 3, dtype=np.uint8).reshape(192, 64, 3))
    out = tmp_path / "study"

    done = prepared(out, dicom, processing, tmp_path / "film.png", tmp_path / "colour.png")

    made = {one.path.name: one for one in done}
    assert "processing" in made["b.dcm"].reason
    assert "colour" in made["colour.png"].reason
    pairs = {one.name: large for one, large in found(out)}
    assert pairs.keys() == {"a.dcm", "film.png"}
    large = cv2.imread(str(pairs["film.png"]), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(large, film.repeat(2, axis=0).repeat(2, axis=1))
    assert made["film.png"].case.piqe_original == pytest.approx(piqe(film), abs=0.005)


def test_what_people_know_of_cases_stays_when_they_are_made_again(tmp_path):
    dicom = written(mammogram(rows=128, columns=96), tmp_path / "a.dcm")
    prepared(tmp_path / "study", dicom)
    listing = tmp_path / "study" / LISTING
    with listing.open() as file:
        (row,) = csv.DictReader(file)
    with listing.open("w") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow({**row, "density": "scattered", "age": "61"})

    more = written(mammogram("RCC", rows=128, columns=96), tmp_path / "b.dcm")
    prepared(tmp_path / "study", dicom, more)

    first, second = cases_at([listing])
    assert (first.density, first.age, first.case) == ("scattered", 61, "1")
    assert (second.density, second.case) == ("", "2")


@pytest.mark.parametrize("voi", ["LINEAR", "SIGMOID", "LUT"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_both_dicom_pictures_are_shown_in_the_same_tones(tmp_path, voi, photometric):
    image = mammogram(rows=128, columns=96, voi=voi, photometric=photometric)
    dicom = written(image, tmp_path / "a.dcm")
    prepared(tmp_path / "study", dicom)

    original, large = open_pair(found(tmp_path / "study")[0])

    shown = original.tones[original.pixels].repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_array_equal(large.tones[large.pixels], shown)
    assert (large.center, large.width) == pytest.approx((original.center, original.width), abs=1)


def test_the_smaller_picture_is_laid_on_the_grid_of_the_larger_one(tmp_path):
    case = opened(pictures(tmp_path, cases=1, rows=60, columns=50)[0])

    tiles = {
        which: np.frombuffer(shown.pyramid.tile(0, 0, 0), "<u2").reshape(120, 100)
        for which, shown in case.pictures.items()
    }

    original, large = tiles[Which.ORIGINAL].astype(float), tiles[Which.SUPER_RESOLVED]
    assert original.shape == large.shape
    # bilinear, pixel centres in place: a quarter and three quarters of two neighbours
    first, second = (float(large[0, column]) - 1 for column in (0, 2))
    assert original[0, 1] == pytest.approx(0.75 * first + 0.25 * second, abs=1)


def test_a_png_of_16_bits_counts_as_many_as_it_needs(tmp_path):
    path = tmp_path / "a.png"

    for highest, bits in ((200, 8), (1023, 10), (4095, 12), (65535, 16)):
        cv2.imwrite(str(path), np.array([[0, highest]], np.uint16))
        assert read_png(path).bits == bits
    path.write_bytes(b"no PNG")
    with pytest.raises(BadObjectError, match="no PNG"):
        read_png(path)


def say(*words):
    return CliRunner().invoke(app, ["reader-study", *map(str, words)])


def test_the_command_prepares_by_the_network_and_again_without_its_own_results(tmp_path):
    written(mammogram(rows=128, columns=96), tmp_path / "a.dcm")
    cv2.imwrite(str(tmp_path / "film.png"), np.tile(np.arange(96, dtype=np.uint8), (128, 1)))
    (tmp_path / "notes.txt").write_text("no image")

    for _ in range(2):
        told = say("prepare", tmp_path, "--out", tmp_path, "--device", "cpu", "--json")
        assert told.exit_code == 0, told.output

    assert json.loads(told.output)["cases"] == 2
    sizes = [[one.pixels.shape for one in open_pair(pair)] for pair in found(tmp_path)]
    assert sizes == [[(128, 96), (256, 192)]] * 2


def test_the_command_says_why_there_is_no_case(tmp_path):
    file = written(mammogram(rows=128, columns=96, intent="FOR PROCESSING"), tmp_path / "a.dcm")

    told = say("prepare", file, "--out", tmp_path / "out", "--device", "cpu")

    assert isinstance(told.exception, RefusedError)
    assert "processing" in str(told.exception)


@pytest.mark.parametrize("words", [["run", "."], ["run", "missing", "--reader", "a"], ["analyse"]])
def test_wrong_usage_exits_with_2(words):
    assert say(*words).exit_code == 2


def test_a_page_for_every_address_is_refused(tmp_path):
    pictures(tmp_path / "pairs")

    told = say("run", tmp_path / "pairs", "--reader", "a", "--out", tmp_path, "--host", "0.0.0.0")  # noqa: S104 - refused

    assert isinstance(told.exception, RefusedError)
    assert "ssh -L" in str(told.exception)
