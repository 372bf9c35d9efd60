"""INbreast as it is released: DICOM, a table with semicolons, and what OsiriX drew."""

import csv
import math
import shutil

import numpy as np
import pytest
from downloaded import INBREAST_HEADER, inbreast, marks, picture, square
from phantoms import mammogram
from pydicom import dcmread

from engines.evaluation.mias import films
from engines.training.regions import outlined_films
from pipelines.display import picture as shown
from service.datasets.inbreast import FOLDER, plan
from service.datasets.inbreast_outlines import read_marks
from service.datasets.inbreast_rows import COLUMNS
from service.datasets.preparing import MASKS, prepare

LEFT = "22614236_6c613a14b80a8591_MG_L_CC_ANON.dcm"
RIGHT = "22614266_6c613a14b80a8591_MG_R_ML_ANON.dcm"
IMAGES = {LEFT: "LCC", RIGHT: "RMLO"}
ROWS = (
    "removed;removed;L;CC;201001;22614236;2;4a",
    "removed;removed;R;MLO;201001;22614266;                  ;1",
)
MASS = {"22614236": marks(("Mass", square(40, 60, 20)))}


def prepared(source, out, spacing=None):
    return prepare(plan(source, spacing), out, lambda: None)


def rows(folder, table="labels"):
    with (folder / FOLDER / f"{table}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def with_marks(folder, *drawn):
    """Write the two images, with these marks on the left one."""
    return inbreast(folder, IMAGES, ROWS, {"22614236": marks(*drawn)})


def test_an_image_is_shown_as_its_header_says_and_its_patient_is_in_its_name(tmp_path):
    source = inbreast(tmp_path / "in", IMAGES, ROWS, MASS)

    summary = prepared(source, tmp_path)

    left, right = rows(tmp_path)
    assert tuple(left) == COLUMNS
    assert (left["image"], left["patient"]) == ("images/22614236.png", "inbreast-6c613a14b80a8591")
    assert (left["side"], left["view"], right["side"], right["view"]) == ("L", "CC", "R", "MLO")
    (file,) = source.rglob(LEFT)
    assert np.array_equal(picture(tmp_path / FOLDER / left["image"]), shown(dcmread(file)))
    assert (summary.made, summary.failed, summary.doubts) == (2, [], [])


def test_the_outline_of_a_mass_is_a_mask_with_its_place(tmp_path):
    prepared(inbreast(tmp_path / "in", IMAGES, ROWS, MASS), tmp_path)

    (row,) = rows(tmp_path, "masks")
    label = rows(tmp_path)[0]
    assert tuple(row) == MASKS
    mask = picture(tmp_path / FOLDER / row["mask"])
    assert mask[60:81, 40:61].all()
    assert np.count_nonzero(mask) == int(row["mask_area_px"]) == 21 * 21
    assert [row[f"roi_{end}"] for end in "xywh"] == ["40", "60", "21", "21"]
    assert (label["x_px"], label["y_px"]) == ("50.0", "70.0")
    assert float(label["radius_px"]) == pytest.approx(10 * math.sqrt(2), abs=0.1)
    assert (row["quality"], row["centre_dist_px"], label["is_mass"]) == ("ok", "0.0", "1")


@pytest.mark.parametrize(
    ("birads", "severity"),
    [
        ("1", "benign"),
        ("3", "benign"),
        ("4a", "malignant"),
        ("4C", "malignant"),
        ("6", "malignant"),
    ],
)
def test_above_3_is_malignant(tmp_path, birads, severity):
    row = ROWS[0].replace("4a", birads)
    source = inbreast(tmp_path / "in", {LEFT: "LCC"}, [row], MASS)

    prepared(source, tmp_path)

    (label,) = rows(tmp_path)
    assert (label["severity"], label["birads"]) == (severity, birads.lower())


@pytest.mark.parametrize(
    ("birads", "kind", "severity"),
    [("2", "NORM", "normal"), ("3", "UNMARKED", "benign"), ("5", "UNMARKED", "malignant")],
)
def test_an_image_without_marks_is_normal_only_if_its_category_says_so(
    tmp_path, birads, kind, severity
):
    row = ROWS[1].replace(";1", f";{birads}")
    source = inbreast(tmp_path / "in", IMAGES, [ROWS[0], row], MASS)

    prepared(source, tmp_path)

    label = rows(tmp_path)[1]
    assert (label["abnormality"], label["severity"], label["x_px"]) == (kind, severity, "")


@pytest.mark.parametrize(
    ("acr", "tissue"), [("1", "F"), ("2", "G"), ("3", "D"), ("4", "D"), ("   ", "")]
)
def test_density_is_told_in_the_words_of_mini_mias(tmp_path, acr, tissue):
    row = ROWS[0].replace(";2;", f";{acr};")
    prepared(inbreast(tmp_path / "in", {LEFT: "LCC"}, [row], MASS), tmp_path)

    (label,) = rows(tmp_path)
    assert (label["tissue"], label["acr"]) == (tissue, acr.strip())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Mass", "MASS"),
        ("Spiculated Region", "SPICULES"),
        ("Espiculated Region", "SPICULES"),
        ("Cluster", "CLUSTER"),
        ("Calcifications", "CALC"),
        ("Asymmetry", "ASYM"),
        ("Asimmetry", "ASYM"),
        ("Distortion", "ARCH"),
    ],
)
def test_marks_are_known_by_their_names_misspelt_or_not(tmp_path, name, kind):
    prepared(with_marks(tmp_path / "in", (name, square(40, 60, 20))), tmp_path)

    label = rows(tmp_path)[0]
    assert (label["abnormality"], label["roi_name"]) == (kind, name)
    assert label["is_mass"] == str(int(kind == "MASS"))
    assert len(rows(tmp_path, "masks")) == int(kind == "MASS")
    assert len(rows(tmp_path, "outlines")) == int(kind != "MASS")


def test_marks_of_no_known_name_are_counted_and_left_out(tmp_path):
    source = with_marks(
        tmp_path / "in", ("Point 3", [(5, 5)]), ("Unnamed", [(6, 6)]), ("Mass", square(40, 60, 20))
    )

    summary = prepared(source, tmp_path)

    assert [row["abnormality"] for row in rows(tmp_path)] == ["MASS", "NORM"]
    assert summary.doubts == [
        "22614236: 1 marks called 'Point 3' left out",
        "22614236: 1 marks called 'Unnamed' left out",
    ]


def test_a_calcification_of_one_point_is_one_pixel_and_all_share_a_mask(tmp_path):
    source = with_marks(
        tmp_path / "in",
        ("Calcification", [(30.2, 40.4)]),
        ("Calcification", [(10, 12), (13, 12)]),
        ("Calcification", square(60, 70, 4)),
    )

    prepared(source, tmp_path)

    found = [row for row in rows(tmp_path) if row["abnormality"] == "CALC"]
    assert [row["radius_px"] for row in found] == ["0.5", "1.5", "2.8"]
    (row,) = rows(tmp_path, "outlines")
    assert (row["lesion_index"], row["mask"]) == ("", "outlines/22614236_calcifications.png")
    mask = picture(tmp_path / FOLDER / row["mask"])
    assert mask[40, 30]
    assert mask[12, 10]
    assert np.count_nonzero(mask) == 1 + 2 + 25


def test_an_outline_that_leaves_the_image_is_cut_off_and_doubtful(tmp_path):
    summary = prepared(with_marks(tmp_path / "in", ("Mass", square(-20, 60, 40))), tmp_path)

    (row,) = rows(tmp_path, "masks")
    assert (row["quality"], row["roi_x"]) == ("doubtful", "0")
    assert summary.doubts == [
        "22614236: 1 marks leave the image; they are cut off there, or have no mask"
    ]


def test_an_outline_beyond_the_image_has_no_mask(tmp_path):
    summary = prepared(with_marks(tmp_path / "in", ("Mass", square(900, 60, 40))), tmp_path)

    assert rows(tmp_path, "masks") == []
    assert "or have no mask" in summary.doubts[0]


def test_a_mass_that_is_a_point_has_a_place_and_no_mask(tmp_path):
    summary = prepared(with_marks(tmp_path / "in", ("Mass", [(30, 40)])), tmp_path)

    assert rows(tmp_path, "masks") == []
    assert rows(tmp_path)[0]["x_px"] == "30.0"
    assert summary.doubts == ["22614236: 1 marks are points without an outline"]


def test_images_can_be_shrunk_to_another_spacing_with_all_that_is_on_them(tmp_path):
    source = inbreast(tmp_path / "in", IMAGES, ROWS, MASS)

    prepared(source, tmp_path / "whole")
    prepared(source, tmp_path / "small", spacing=0.14)

    whole, small = (rows(tmp_path / name)[0] for name in ("whole", "small"))
    assert (whole["spacing_mm"], small["spacing_mm"]) == ("0.07", "0.14")
    assert float(small["x_px"]) == pytest.approx((float(whole["x_px"]) + 0.5) / 2 - 0.5, abs=0.1)
    image = picture(tmp_path / "small" / FOLDER / small["image"])
    (row,) = rows(tmp_path / "small", "masks")
    assert image.shape == picture(tmp_path / "small" / FOLDER / row["mask"]).shape == (128, 104)


def test_an_image_is_not_enlarged(tmp_path):
    source = inbreast(tmp_path / "in", IMAGES, ROWS, MASS)

    assert "0.07 mm a pixel cannot be shrunk to 0.05" in prepared(source, tmp_path, 0.05).failed[0]


def test_an_image_of_unknown_spacing_is_not_shrunk(tmp_path):
    source = inbreast(tmp_path / "in", IMAGES, ROWS, MASS)
    (path,) = source.rglob(LEFT)
    image = dcmread(path)
    del image.ImagerPixelSpacing
    image.save_as(path)

    assert "no distance of pixels" in prepared(source, tmp_path, 0.2).failed[0]
    assert rows_of(source, tmp_path / "whole")[0]["spacing_mm"] == ""


def test_what_is_prepared_is_what_the_evaluation_reads(tmp_path):
    prepared(inbreast(tmp_path / "in", IMAGES, ROWS, MASS), tmp_path)

    left, right = films(tmp_path / FOLDER)

    assert left.lesions[0].is_malignant
    assert left.lesions[0].outline.is_file()
    assert right.lesions == ()


def test_what_is_prepared_is_what_the_training_reads(tmp_path):
    prepared(inbreast(tmp_path / "in", IMAGES, ROWS, MASS), tmp_path)

    (mass,) = outlined_films(tmp_path, FOLDER)

    assert (mass.is_malignant, mass.extent) == (True, 21)


def test_an_entity_bomb_is_refused_and_keeps_no_other_image_back(tmp_path):
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY a "aaaaaaaaaa">'
        b'<!ENTITY b "&a;&a;&a;&a;&a;&a;">]><plist><dict><key>Images</key>'
        b"<string>&b;</string></dict></plist>"
    )
    source = inbreast(tmp_path / "in", IMAGES, ROWS, {"22614236": bomb})

    summary = prepared(source, tmp_path)

    assert "entity declarations are not supported" in summary.failed[0]
    assert summary.made == 1


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (b"no XML", "no property list"),
        (b"", "no property list"),
        (b"<plist><dict>", "no property list"),
        (b"<plist><date>never</date></plist>", "no property list"),
        (b"<plist><dict/></plist>", "Images: Field required"),
        (b"<plist>" + b"<array>" * 9999 + b"</array>" * 9999 + b"</plist>", "no marks of OsiriX"),
        (marks(("Mass", [(1, 2)])).replace(b"(1.000000, 2.000000)", b"(1;2)"), "no point"),
        (marks(("Mass", [(1, 2)])).replace(b"(1.000000, 2.000000)", b"(1e999, 2)"), "no point"),
        (marks(("Mass", [(1, 2e6)])), "no point"),
        (marks(*[("Mass", [(1, 2)])] * 10_001), "10001 marks"),
        (marks(("Mass", [(1, 2)])).replace(b">1</integer>", b">2</integer>"), "should have 2"),
        (marks().replace(b"<plist", b"\xff\xfe<plist"), "no property list"),
    ],
    ids=[
        "text",
        "empty",
        "cut",
        "date",
        "keys",
        "deep",
        "point",
        "huge",
        "far",
        "many",
        "count",
        "encoding",
    ],
)
def test_a_broken_list_of_marks_says_what_is_wrong(tmp_path, held, said):
    path = tmp_path / "22614236.xml"
    path.write_bytes(held)

    with pytest.raises(ValueError, match=said):
        read_marks(path)


def test_a_list_of_marks_larger_than_any_is_not_even_read(tmp_path):
    path = tmp_path / "22614236.xml"
    with path.open("wb") as file:
        file.truncate(1 << 26)

    with pytest.raises(ValueError, match="larger than 32 MB"):
        read_marks(path)


def test_a_truncated_image_is_named(tmp_path):
    source = inbreast(tmp_path / "in", IMAGES, ROWS, MASS)
    (file,) = source.rglob(LEFT)
    file.write_bytes(file.read_bytes()[:-5000])

    summary = prepared(source, tmp_path)

    assert LEFT in summary.failed[0]
    assert [row["image"] for row in rows(tmp_path)] == ["images/22614266.png"]


def test_an_image_without_a_category_is_left_out(tmp_path):
    source = inbreast(tmp_path / "in", IMAGES, [ROWS[0], ROWS[1][:-1]], MASS)

    assert "no BI-RADS category" in prepared(source, tmp_path).failed[0]


def test_names_of_files_are_held_against_the_table(tmp_path):
    wrong = ROWS[0].replace(";L;", ";R;")
    source = inbreast(tmp_path / "in", IMAGES, [wrong, ROWS[1]], MASS)

    assert prepared(source, tmp_path).doubts == [
        "22614236: R CC in the table, L CC in the name, which counts"
    ]


def test_what_belongs_to_nothing_is_said(tmp_path):
    extra = "removed;removed;R;CC;201001;99999999;1;1"
    lists = {**MASS, "77777777": marks()}
    source = inbreast(tmp_path / "in", IMAGES, [ROWS[0], extra], lists)

    summary = prepared(source, tmp_path)

    assert summary.missing == ["99999999_*.dcm: named in INbreast.csv, not there"]
    assert summary.doubts == [
        "22614266: not named in INbreast.csv, left out",
        "77777777.xml: marks of no image that is there",
    ]


def test_outlines_of_the_pectoral_muscle_are_no_marks(tmp_path):
    source = inbreast(tmp_path / "in", IMAGES, ROWS, MASS)
    muscle = source / "INbreast Release 1.0" / "PectoralMuscle"
    muscle.mkdir()
    (muscle / "22614236.xml").write_bytes(marks(("Pectoral muscle", square(0, 0, 50))))

    assert len(rows_of(source, tmp_path)) == 2


def rows_of(source, out):
    prepared(source, out)
    return rows(out)


def test_the_same_image_twice_counts_once_and_two_of_one_name_do_not(tmp_path):
    source = inbreast(tmp_path / "in", IMAGES, ROWS, MASS)
    (file,) = source.rglob(LEFT)
    (source / "copy").mkdir()
    shutil.copy(file, source / "copy" / LEFT)
    assert prepared(source, tmp_path / "a").made == 2

    mammogram("LCC", seed=77).save_as(source / "copy" / LEFT, enforce_file_format=True)
    assert "differ and have one name" in prepared(source, tmp_path / "b").failed[0]


@pytest.mark.parametrize(
    ("remove", "said"),
    [
        ("INbreast.csv", r"no INbreast\.csv under .*Moreira"),
        ("AllXML", r"no AllXML/NAME\.xml under"),
        ("AllDICOMs", r"no NAME_PATIENT_MG_SIDE_VIEW_ANON\.dcm under"),
    ],
)
def test_what_is_missing_is_said_with_where_to_get_it(tmp_path, remove, said):
    source = inbreast(tmp_path / "in", IMAGES, ROWS, MASS)
    gone = source / "INbreast Release 1.0" / remove
    gone.rename(tmp_path / "gone")

    with pytest.raises(ValueError, match=said):
        plan(source)


def test_a_spreadsheet_is_to_be_saved_as_csv(tmp_path):
    source = inbreast(tmp_path / "in", IMAGES, ROWS, MASS)
    table = source / "INbreast Release 1.0" / "INbreast.csv"
    table.with_suffix(".xls").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(500))
    table.unlink()

    with pytest.raises(ValueError, match=r"INbreast\.xls: an Excel file; .* save it as CSV"):
        plan(source)


def test_what_a_spreadsheet_makes_of_the_table_is_read(tmp_path):
    source = inbreast(tmp_path / "in", IMAGES, ROWS, MASS)
    table = source / "INbreast Release 1.0" / "INbreast.csv"
    said = INBREAST_HEADER + "\n".join(ROWS) + "\n;;;;;;;\n"
    said = said.replace(";", ",").replace("22614236", "22614236.0").replace("Bi-Rads", "BI-RADS")
    table.write_text(said, encoding="utf-8-sig")

    assert prepared(source, tmp_path).made == 2


def test_a_missing_column_is_named_with_the_nearest_one(tmp_path):
    source = inbreast(tmp_path / "in", IMAGES, ROWS, MASS)
    table = source / "INbreast Release 1.0" / "INbreast.csv"
    table.write_text(table.read_text().replace("Laterality", "Lateralty"))

    with pytest.raises(ValueError, match=r"no column 'Laterality'; did you mean 'Lateralty'\?"):
        plan(source)
