"""CBIS-DDSM as TCIA ships it, with the traps that those who read it met."""

import csv
import shutil

import cv2
import numpy as np
import pytest
from downloaded import (
    CALC_HEADER,
    MASS_HEADER,
    blob,
    breast,
    cbis_film,
    cbis_roi,
    cbis_row,
    picture,
    secondary_capture,
    write_dicom,
)

from engines.training.regions import cbis
from service.datasets.cbis_ddsm import COLUMNS, plans
from service.datasets.preparing import prepare

TRAIN, TEST = "mass_case_description_train_set.csv", "mass_case_description_test_set.csv"
ONE = "Mass-Training_P_00001_LEFT_CC"
MASS, CALC = "mammo/cbis_mass", "mammo/cbis_calc"
NEW_NAMES, OLD_NAMES = ("1-1.dcm", "1-2.dcm"), ("000000.dcm", "000001.dcm")
SHAPE, BOX = (1000, 500), (200, 400, 50, 100)


def written(source, name=ONE, number=1, order=NEW_NAMES, mask=None):
    """Write a film with an abnormality, as it is downloaded."""
    cbis_film(source, name, breast(*SHAPE), order[0])
    mask = blob(SHAPE, BOX) if mask is None else mask
    return cbis_roi(source, f"{name}_{number}", mask, breast(120, 60), order)


def table(source, *rows, name=TRAIN, header=MASS_HEADER):
    source.mkdir(exist_ok=True)
    (source / name).write_text(header + "".join(rows), encoding="utf-8")


def complete(source):
    """Write the least that is whole."""
    written(source)
    table(source, cbis_row(ONE, 1))
    table(source, name=TEST)
    return source


def prepared(source, out):
    return [prepare(plan, out, lambda: None) for plan in plans(source)]


def rows(folder):
    with (folder / "labels.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_region_is_on_the_scale_of_the_film_and_holds_the_mask(tmp_path):
    source = complete(tmp_path / "cbis")

    (summary,) = prepared(source, tmp_path)

    (row,) = rows(tmp_path / MASS)
    assert tuple(row) == COLUMNS
    assert (row["roi"], row["patient"], row["label"]) == (
        "rois/00001_LEFT_CC_1.png",
        "P_00001",
        "malignant",
    )
    # the film becomes 800 x 400, so that the box is 160, 320, 40, 80 there, its middle (180, 360)
    box = [row[f"bbox_{end}"] for end in "xywh"]
    assert box == ["60.0", "40.0", "40.0", "80.0"]
    assert (row["larger_than_crop"], row["aspect_estimated"]) == ("0", "2.000")
    mask = picture(tmp_path / MASS / row["mask"])
    assert cv2.boundingRect(mask.astype(np.uint8)) == (60, 40, 40, 80)
    assert (summary.made, summary.failed, summary.missing) == (1, [], [])


def test_a_region_shows_the_film_from_its_darkest_to_its_brightest(tmp_path):
    prepared(complete(tmp_path / "cbis"), tmp_path)

    whole = cv2.resize(breast(*SHAPE).astype(np.float32), (400, 800), interpolation=cv2.INTER_AREA)
    expected = np.rint(whole[280:440, 100:260] * (255 / 65535))
    assert np.abs(picture(tmp_path / MASS / rows(tmp_path / MASS)[0]["roi"]) - expected).max() <= 1


@pytest.mark.parametrize(
    "order",
    [NEW_NAMES, NEW_NAMES[::-1], OLD_NAMES, OLD_NAMES[::-1]],
    ids=["mask first", "crop first", "old names", "old names, crop first"],
)
def test_a_mask_is_told_from_a_crop_by_what_it_shows(tmp_path, order):
    source = tmp_path / "cbis"
    written(source, order=order)
    table(source, cbis_row(ONE, 1))

    prepared(source, tmp_path)

    assert rows(tmp_path / MASS)[0]["bbox_w"] == "40.0"


def test_masks_and_crops_may_lie_in_folders_of_their_own(tmp_path):
    source = complete(tmp_path / "cbis")
    (crop,) = source.rglob("1-2.dcm")
    aside = crop.parent.parent / "1.0-cropped images-11111"
    aside.mkdir()
    crop.rename(aside / "1-1.dcm")

    assert prepared(source, tmp_path)[0].made == 1


def test_files_without_their_folders_are_known_by_their_patient_id(tmp_path):
    source = complete(tmp_path / "cbis")
    for number, path in enumerate(sorted(source.rglob("*.dcm"))):
        path.rename(source / f"{number}.dcm")
    shutil.rmtree(source / "CBIS-DDSM")

    assert prepared(source, tmp_path)[0].made == 1


def test_a_mask_of_another_size_is_scaled_to_its_film(tmp_path):
    source = tmp_path / "cbis"
    written(source, mask=blob((500, 250), (100, 200, 25, 50)))
    table(source, cbis_row(ONE, 1))

    prepared(source, tmp_path)

    (row,) = rows(tmp_path / MASS)
    assert [row[f"bbox_{end}"] for end in "xywh"] == ["60.0", "40.0", "40.0", "80.0"]
    assert row["quality"] == "ok"


def test_of_two_images_of_two_values_the_one_as_large_as_the_film_is_the_mask(tmp_path):
    source = complete(tmp_path / "cbis")
    (crop,) = source.rglob("1-2.dcm")
    flat = blob((200, 100), (10, 10, 20, 20))
    write_dicom(crop, secondary_capture(flat, f"{ONE}_1", 5))

    (summary,) = prepared(source, tmp_path)

    (row,) = rows(tmp_path / MASS)
    assert (row["bbox_w"], row["quality"]) == ("40.0", "doubtful")
    assert "2 files are masks" in summary.doubts[0]


def test_a_mask_of_another_shape_is_doubtful(tmp_path):
    source = tmp_path / "cbis"
    written(source, mask=blob((1000, 400), BOX))
    table(source, cbis_row(ONE, 1))

    (summary,) = prepared(source, tmp_path)

    assert rows(tmp_path / MASS)[0]["quality"] == "doubtful"
    assert "400 x 1000 and the film 500 x 1000" in summary.doubts[0]


def test_each_abnormality_of_a_film_has_its_region_and_its_own_label(tmp_path):
    source = tmp_path / "cbis"
    written(source)
    written(source, number=2, mask=blob(SHAPE, (0, 0, 500, 300)))
    table(source, cbis_row(ONE, 1), cbis_row(ONE, 2, "BENIGN_WITHOUT_CALLBACK"))

    prepared(source, tmp_path)

    first, second = rows(tmp_path / MASS)
    assert (first["label"], second["label"]) == ("malignant", "benign")
    assert (first["n_masses_in_image"], second["n_masses_in_image"]) == ("2", "2")
    assert (second["larger_than_crop"], second["bbox_w"]) == ("1", "400.0")


def test_a_region_at_the_edge_lies_within_its_film(tmp_path):
    source = tmp_path / "cbis"
    written(source, mask=blob(SHAPE, (0, 900, 50, 100)))
    table(source, cbis_row(ONE, 1))

    prepared(source, tmp_path)

    (row,) = rows(tmp_path / MASS)
    assert [row[f"bbox_{end}"] for end in "xywh"] == ["0.0", "80.0", "40.0", "80.0"]
    assert picture(tmp_path / MASS / row["roi"]).shape == (160, 160)


def test_a_film_narrower_than_a_region_is_padded(tmp_path):
    source = tmp_path / "cbis"
    cbis_film(source, ONE, breast(1000, 100))
    cbis_roi(source, f"{ONE}_1", blob((1000, 100), (20, 400, 50, 100)), breast(60, 60), NEW_NAMES)
    table(source, cbis_row(ONE, 1))

    prepared(source, tmp_path)

    region = picture(tmp_path / MASS / rows(tmp_path / MASS)[0]["roi"])
    assert region.shape == (160, 160)
    assert not region[:, 80:].any()


def test_the_official_split_is_kept(tmp_path):
    source = complete(tmp_path / "cbis")
    other = "Mass-Test_P_00016_LEFT_CC"
    written(source, other)
    table(source, cbis_row(other, 1), name=TEST)

    prepared(source, tmp_path)

    assert {row["patient"]: row["split"] for row in rows(tmp_path / MASS)} == {
        "P_00001": "train",
        "P_00016": "test",
    }


def test_a_film_in_both_splits_is_prepared_under_two_names(tmp_path):
    source = complete(tmp_path / "cbis")
    twin = ONE.replace("Training", "Test")
    written(source, twin)
    table(source, cbis_row(twin, 1), name=TEST)

    prepared(source, tmp_path)

    assert sorted(row["roi"] for row in rows(tmp_path / MASS)) == [
        "rois/00001_LEFT_CC_1.png",
        "rois/00001_LEFT_CC_1_test.png",
    ]


def test_calcifications_go_to_a_set_of_their_own(tmp_path):
    source = complete(tmp_path / "cbis")
    name = "Calc-Training_P_00005_RIGHT_MLO"
    written(source, name)
    row = cbis_row(name, 1, "BENIGN", "AMORPHOUS")
    table(source, row, name="calc_case_description_train_set.csv", header=CALC_HEADER)

    masses, calcifications = prepared(source, tmp_path)

    assert (masses.made, calcifications.made) == (1, 1)
    (row,) = rows(tmp_path / CALC)
    assert (row["shape"], row["breast_density"], row["side"]) == ("AMORPHOUS", "3", "RIGHT")
    assert calcifications.missing == [
        "calc_case_description_test_set.csv: the table is not there",
    ]


def test_what_is_prepared_is_what_the_training_reads(tmp_path):
    prepared(complete(tmp_path / "cbis"), tmp_path)

    (mass,) = cbis(tmp_path)

    assert mass.is_malignant
    assert (mass.middle, mass.extent) == ((80, 80), 80)


def test_a_stale_path_is_followed_where_the_usual_folder_is_not_there(tmp_path):
    source = tmp_path / "cbis"
    written(source, number=3)
    table(source, cbis_row(ONE, 1, roi=f"{ONE}_3"))

    assert prepared(source, tmp_path)[0].made == 1


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc", "..\\.."])
def test_a_hostile_path_in_a_table_leads_nowhere(tmp_path, path):
    source = complete(tmp_path / "cbis")
    table(source, cbis_row(ONE, 1, roi=path))

    prepared(source, tmp_path / "out")

    written_to = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.png")}
    assert written_to == {"out"}


def test_a_hostile_name_in_a_table_is_refused(tmp_path):
    source = complete(tmp_path / "cbis")
    table(source, cbis_row(ONE, 1).replace("P_00001,", "P_00001/../../x,", 1))

    with pytest.raises(ValueError, match=r"row 2: .* names no abnormality of CBIS-DDSM"):
        plans(source)


def test_the_same_files_twice_count_once(tmp_path):
    source = complete(tmp_path / "cbis")
    shutil.copytree(source / "CBIS-DDSM", source / "again" / "CBIS-DDSM")

    (summary,) = prepared(source, tmp_path)

    assert (summary.made, summary.failed) == (1, [])


def test_two_films_of_one_name_are_a_failure_that_names_both(tmp_path):
    source = complete(tmp_path / "cbis")
    cbis_film(source, ONE, breast(*SHAPE) // 2, "1-2.dcm")

    (summary,) = prepared(source, tmp_path)

    assert "differ and have one name" in summary.failed[0]


def test_a_truncated_film_keeps_no_other_back(tmp_path):
    source = complete(tmp_path / "cbis")
    other = "Mass-Training_P_00004_LEFT_CC"
    written(source, other)
    table(source, cbis_row(ONE, 1), cbis_row(other, 1))
    film = next((source / "CBIS-DDSM" / ONE).rglob("*.dcm"))
    film.write_bytes(film.read_bytes()[:-5000])

    (summary,) = prepared(source, tmp_path)

    (said,) = summary.failed
    assert str(film) in said
    assert "get it again" in said
    assert [row["patient"] for row in rows(tmp_path / MASS)] == ["P_00004"]


def test_a_folder_without_a_mask_says_so(tmp_path):
    source = complete(tmp_path / "cbis")
    for path in source.rglob("1-1.dcm"):
        if path.parts[-4].endswith("_1"):
            write_dicom(path, secondary_capture(breast(120, 60), f"{ONE}_1", 5))

    (summary,) = prepared(source, tmp_path)

    assert "no mask: " in summary.failed[0]


def test_a_broken_crop_does_no_harm(tmp_path):
    source = complete(tmp_path / "cbis")
    (crop,) = source.rglob("1-2.dcm")
    crop.write_bytes(crop.read_bytes()[:-500])

    assert prepared(source, tmp_path)[0].made == 1


def test_an_empty_mask_is_none(tmp_path):
    source = tmp_path / "cbis"
    written(source, mask=np.zeros(SHAPE, np.uint8))
    table(source, cbis_row(ONE, 1))

    assert "no mask: " in prepared(source, tmp_path)[0].failed[0]


def test_what_is_missing_is_named(tmp_path):
    source = complete(tmp_path / "cbis")
    other = "Mass-Training_P_00004_LEFT_CC"
    cbis_film(source, other, breast(*SHAPE))
    table(source, cbis_row(ONE, 1), cbis_row(ONE, 2), cbis_row(other, 1))
    shutil.rmtree(source / "CBIS-DDSM" / ONE)

    (summary,) = prepared(source, tmp_path)

    assert summary.missing == [
        f"{ONE}_1: no film",
        f"{ONE}_2: no film",
        f"{other}_1: no mask",
    ]


def test_parts_that_are_downloaded_one_after_the_other_add_up(tmp_path):
    first, second = complete(tmp_path / "first"), tmp_path / "second"
    other = "Mass-Training_P_00004_LEFT_CC"
    written(second, other)
    for source in (first, second):
        table(source, cbis_row(ONE, 1), cbis_row(other, 1))

    prepared(first, tmp_path / "out")
    (summary,) = prepared(second, tmp_path / "out")

    assert (summary.made, summary.kept) == (1, 1)
    assert summary.missing == [f"{TEST}: the table is not there"]
    assert len(rows(tmp_path / "out" / MASS)) == 2


def test_without_tables_or_films_it_is_said_where_to_get_them(tmp_path):
    with pytest.raises(ValueError, match=rf"no {TRAIN} under .*cancerimagingarchive.*CC BY 3\.0"):
        plans(tmp_path)

    table(tmp_path, cbis_row(ONE, 1))
    with pytest.raises(ValueError, match="no DICOM file of a film under"):
        plans(tmp_path)


def test_a_missing_column_is_named_with_the_nearest_one(tmp_path):
    source = complete(tmp_path / "cbis")
    table(source, cbis_row(ONE, 1), header=MASS_HEADER.replace("pathology", "patology"))

    with pytest.raises(ValueError, match=r"no column 'pathology'; did you mean 'patology'\?"):
        plans(source)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("MALIGNANT", "UNPROVEN"), "row 2: pathology 'UNPROVEN'"),
        ((",4,1", ",4"), "row 2 has fewer cells"),
    ],
    ids=["value", "cells"],
)
def test_a_broken_row_is_named(tmp_path, wrong, said):
    source = complete(tmp_path / "cbis")
    row = cbis_row(ONE, 1)
    table(source, row.replace(*wrong) if wrong[0] in row else row.rsplit(',"', 1)[0] + "\n")

    with pytest.raises(ValueError, match=said):
        plans(source)


def test_a_table_in_another_encoding_or_of_excel_is_refused(tmp_path):
    source = complete(tmp_path / "cbis")
    (source / TRAIN).write_bytes((MASS_HEADER + "é").encode("latin-1"))
    with pytest.raises(ValueError, match="not UTF-8"):
        plans(source)

    (source / TRAIN).write_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match="an Excel file"):
        plans(source)


def test_a_table_with_a_byte_order_mark_is_read(tmp_path):
    source = complete(tmp_path / "cbis")
    held = (source / TRAIN).read_bytes()
    (source / TRAIN).write_bytes(b"\xef\xbb\xbf" + held)

    assert prepared(source, tmp_path)[0].made == 1


def test_the_shared_regions_come_back_from_films_that_they_are_put_into(tmp_path, data_dir):
    """A film that holds a region of the shared set at its place gives that region and its box."""
    source = tmp_path / "cbis"
    expected = _shared(data_dir)
    lines = []
    for number, (region, box) in enumerate(expected):
        name = f"Mass-Training_P_{number:05}_LEFT_CC"
        film, mask = _around(region, box)
        cbis_film(source, name, film)
        cbis_roi(source, f"{name}_1", mask, breast(40, 40), NEW_NAMES)
        lines.append(cbis_row(name, 1))
    table(source, *lines)

    prepared(source, tmp_path)

    found = rows(tmp_path / MASS)
    assert len(found) == len(expected)
    for row, (region, box) in zip(found, expected, strict=True):
        assert np.array_equal(picture(tmp_path / MASS / row["roi"]), region)
        ends = [float(row[f"bbox_{end}"]) for end in "xywh"]
        assert np.allclose(ends, box, atol=1)


def _shared(data_dir):
    """Return some regions and their boxes: of the shared set, else made."""
    if data_dir is None:
        return [(breast(160, 160).astype(np.uint8), (60.0, 60.0, 40.0, 40.0))]
    folder = data_dir / MASS
    with (folder / "labels.csv").open(newline="") as file:
        some = [row for row in csv.DictReader(file) if row["larger_than_crop"] == "0"][::40]
    return [
        (picture(folder / row["roi"]), tuple(float(row[f"bbox_{end}"]) for end in "xywh"))
        for row in some
    ]


def _around(region, box):
    """Return a film of 800 x 500 of which `region` is a part, and the mask of a box in it."""
    left, top, width, height = box
    column, row = (
        _place(at + length / 2, side)
        for at, length, side in ((left, width, 500), (top, height, 800))
    )
    film = np.zeros((800, 500), np.uint16)
    film[row : row + 160, column : column + 160] = region
    film[0 if row else 799, 0 if column else 499] = 255  # so that the scale is that of the region
    ends = (column + left, row + top, column + left + width, row + top + height)
    x, y, right, bottom = map(round, ends)
    return film, blob((800, 500), (x, y, right - x, bottom - y))


def _place(middle, length):
    """Return where a region is whose lesion is at `middle`: off its middle only at an edge."""
    if abs(middle - 80) <= 1:
        return 200
    return 0 if middle < 80 else length - 160
