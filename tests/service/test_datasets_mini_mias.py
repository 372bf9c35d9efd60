"""mini-MIAS as it is downloaded: PGM films, one text, and the origin at the bottom."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from downloaded import INFO, film, mini_mias, picture, write_pgm
from PIL import Image

from engines.evaluation.mias import films
from engines.training.regions import outlined_films
from service.datasets.mini_mias import COLUMNS, FOLDER, parse, plan
from service.datasets.preparing import prepare


def prepared(source, out):
    return prepare(plan(source), out, lambda: None)


def rows(folder):
    with (folder / "labels.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def of_film(folder, name):
    return [row for row in rows(folder) if row["image"] == f"images/{name}.png"]


def test_pixels_stay_and_y_is_counted_from_the_top(tmp_path):
    source = mini_mias(tmp_path / "all-mias")

    summary = prepared(source, tmp_path)

    (row,) = of_film(tmp_path / FOLDER, "mdb001")
    assert tuple(row) == COLUMNS
    assert (row["x_px"], row["y_px"], row["radius_px"]) == ("535", "599", "197")
    assert (row["x_orig"], row["y_orig_bottom_left"]) == ("535", "425")
    assert np.array_equal(picture(tmp_path / FOLDER / row["image"]), film(1))
    assert (summary.made, summary.missing, summary.failed) == (7, [], [])


def test_odd_films_are_right_breasts_and_pairs_are_patients(tmp_path):
    prepared(mini_mias(tmp_path / "all-mias"), tmp_path)

    sides = {row["image"][-7:-4]: (row["side"], row["patient"]) for row in rows(tmp_path / FOLDER)}
    assert sides["001"] == ("R", "mias001")
    assert sides["002"] == ("L", "mias001")
    assert sides["003"] == ("R", "mias002")


def test_a_film_has_as_many_rows_as_lesions(tmp_path):
    prepared(mini_mias(tmp_path / "all-mias"), tmp_path)

    found = of_film(tmp_path / FOLDER, "mdb005")
    assert [(row["lesion_index"], row["y_px"]) for row in found] == [("0", "891"), ("1", "856")]


@pytest.mark.parametrize(
    ("name", "is_mass", "severity"),
    [("mdb059", "1", "benign"), ("mdb216", "0", "malignant"), ("mdb003", "0", "normal")],
    ids=["no place", "note", "normal"],
)
def test_where_the_original_gives_no_place_there_is_none(tmp_path, name, is_mass, severity):
    prepared(mini_mias(tmp_path / "all-mias"), tmp_path)

    (row,) = of_film(tmp_path / FOLDER, name)
    assert (row["is_mass"], row["severity"]) == (is_mass, severity)
    assert not any(row[column] for column in COLUMNS[-5:])


def test_what_is_prepared_is_what_the_evaluation_reads(tmp_path):
    prepared(mini_mias(tmp_path / "all-mias"), tmp_path)

    first, *_ = films(tmp_path / FOLDER)

    assert (first.lesions[0].circle.x, first.lesions[0].circle.y) == (535, 599)
    assert outlined_films(tmp_path) == []


@pytest.mark.parametrize(
    "line",
    ["mdb007 G", "mdb007 G CIRC", "mdb007 X NORM", "mdb007 G NORM B 1 2 3", "mdb007 G CIRC B 1 2"],
)
def test_a_line_that_is_none_of_the_table_is_named(line):
    with pytest.raises(ValueError, match=rf"line 2 is '{line}'"):
        parse(Path("Info.txt"), f"mdb001 G NORM\n{line}\n")


def test_a_table_that_is_written_twice_counts_once(tmp_path):
    source = mini_mias(tmp_path / "all-mias")
    shutil.copy(source / "Info.txt", source / "README")

    prepared(source, tmp_path)

    assert len(of_film(tmp_path / FOLDER, "mdb001")) == 1


def test_two_tables_that_say_different_things_are_refused(tmp_path):
    source = mini_mias(tmp_path / "all-mias")
    (source / "Info2.txt").write_text(INFO.replace("535 425", "535 426"))

    with pytest.raises(ValueError, match=r"Info\.txt and .*Info2\.txt do not say the same"):
        plan(source)


def test_carriage_returns_and_capitals_do_no_harm(tmp_path):
    source = mini_mias(tmp_path / "all-mias", INFO.replace("\n", "  \r\n"))
    (source / "mdb001.pgm").rename(source / "MDB001.PGM")

    assert prepared(source, tmp_path).made == 7


def test_the_same_film_twice_counts_once(tmp_path):
    source = mini_mias(tmp_path / "all-mias")
    (source / "copy").mkdir()
    shutil.copy(source / "mdb001.pgm", source / "copy" / "mdb001.pgm")

    assert prepared(source, tmp_path).made == 7


def test_two_films_of_one_name_are_a_failure_that_keeps_no_other_back(tmp_path):
    source = mini_mias(tmp_path / "all-mias")
    write_pgm(source / "edited" / "mdb001.pgm", film(99))

    summary = prepared(source, tmp_path)

    (said,) = summary.failed
    assert said.startswith("mdb001: ")
    assert "differ and have one name" in said
    assert summary.made == 6


def test_a_film_that_is_cut_off_or_resampled_is_named(tmp_path):
    source = mini_mias(tmp_path / "all-mias")
    cut = source / "mdb001.pgm"
    cut.write_bytes(cut.read_bytes()[:-1000])
    write_pgm(source / "mdb002.pgm", film(2, side=512))

    summary = prepared(source, tmp_path)

    assert "mdb001.pgm" in summary.failed[0]
    assert "truncated" in summary.failed[0]
    assert "512 x 512" in summary.failed[1]
    assert next(row["image"] for row in rows(tmp_path / FOLDER)) == "images/mdb003.png"


def test_a_header_that_promises_a_gigapixel_is_refused(tmp_path):
    source = mini_mias(tmp_path / "all-mias")
    (source / "mdb001.pgm").write_bytes(b"P5\n60000 60000\n255\n")

    assert "mdb001.pgm" in prepared(source, tmp_path).failed[0]


def test_what_is_missing_is_said_with_where_to_get_it(tmp_path):
    source = mini_mias(tmp_path / "all-mias", films=[])

    with pytest.raises(ValueError, match=r"no film mdbNNN\.pgm under .*peipa.*Suckling"):
        plan(source)


def test_an_archive_that_was_not_unpacked_is_pointed_at(tmp_path):
    (tmp_path / "all-mias.tar.gz").touch()

    with pytest.raises(ValueError, match=r"all-mias\.tar\.gz is there: unpack it"):
        plan(tmp_path)
    with pytest.raises(ValueError, match="an archive: unpack it first"):
        plan(tmp_path / "all-mias.tar.gz")
    with pytest.raises(ValueError, match="there is nothing"):
        plan(tmp_path / "nowhere")


def test_a_missing_table_and_one_in_another_encoding_are_told_apart(tmp_path):
    source = mini_mias(tmp_path / "all-mias")
    (source / "Info.txt").write_text(INFO, encoding="utf-16")
    with pytest.raises(ValueError, match=r"Info\.txt: not UTF-8"):
        plan(source)

    (source / "Info.txt").unlink()
    with pytest.raises(ValueError, match=r"no Info\.txt with the table"):
        plan(source)


def test_films_without_a_line_and_lines_without_a_film_are_said(tmp_path):
    source = mini_mias(tmp_path / "all-mias", films=["mdb001", "mdb300"])

    summary = prepared(source, tmp_path)

    assert summary.doubts == ["mdb300: not named in Info.txt"]
    assert [said[:6] for said in summary.missing][:2] == ["mdb002", "mdb003"]


def test_the_shared_films_come_back_as_they_were_prepared(tmp_path, data_dir):
    """Written back to PGM and Info.txt, each film and each number is what it was."""
    original = _shared(data_dir, tmp_path)
    source = tmp_path / "all-mias"
    expected = rows(original)
    names = sorted({row["image"] for row in expected})
    for name in names:
        write_pgm(source / f"{Path(name).stem}.pgm", picture(original / name))
    (source / "Info.txt").write_text("".join(map(_line, expected)))

    summary = prepared(source, tmp_path / "out")

    folder = tmp_path / "out" / FOLDER
    assert summary.made == len(names)
    assert rows(folder) == expected
    for name in names:
        assert np.array_equal(picture(folder / name), picture(original / name))


def _shared(data_dir, tmp_path):
    """Return the shared set, else one that was prepared from made films."""
    if data_dir is not None:
        return data_dir / FOLDER
    prepared(mini_mias(tmp_path / "made"), tmp_path / "shared")
    return tmp_path / "shared" / FOLDER


def _line(row):
    """Return the line of the original table that a row of labels.csv was made of."""
    severity = {"benign": " B", "malignant": " M", "normal": ""}[row["severity"]]
    place = " ".join(row[column] for column in ("x_orig", "y_orig_bottom_left", "radius_px"))
    words = f"{Path(row['image']).stem} {row['tissue']} {row['abnormality']}{severity} {place}"
    return f"{words.strip()}\n"


def test_films_are_read_from_no_other_format(tmp_path):
    source = mini_mias(tmp_path / "all-mias")
    Image.fromarray(film(1)).save(tmp_path / "film.png")
    (tmp_path / "film.png").replace(source / "mdb001.pgm")

    assert "mdb001.pgm" in prepared(source, tmp_path).failed[0]
