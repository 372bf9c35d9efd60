"""`senoscope routes explain`: what each route makes of an image, or what stands against it."""

import json
from pathlib import Path

import pytest
from phantoms import mammogram, saved, spoilt_phantoms, study
from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian
from routing import SMALL, World
from typer.testing import CliRunner

from service.cli.app import app

ROUTES = """\
[destinations.pacs]
ae_title = "PACS"
host = "127.0.0.1"
port = 104

[[routes]]
name = "screening"
calling = ["MAMMO*"]
when = [{ keyword = "ViewPosition", any_of = ["MLO"] }]
pipelines = ["super-resolution", "cad"]
send_to = ["pacs"]

[[routes]]
name = "men"
when = [{ keyword = "PatientSex", any_of = ["M"] }]
pipelines = ["super-resolution"]
send_to = ["pacs"]

[[routes]]
name = "with-ct"
study_when = [{ keyword = "Modality", any_of = ["CT"] }]
pipelines = ["super-resolution"]
send_to = ["pacs"]
"""


@pytest.fixture(autouse=True)
def world(tmp_path):
    (tmp_path / "routes.toml").write_text(ROUTES)
    (tmp_path / "senoscope.toml").write_text(f'data_dir = "{tmp_path}"\n')
    made = World(tmp_path)
    yield made
    made.ledger.close()


def explain(folder, *words):
    config = str(folder / "senoscope.toml")
    return CliRunner().invoke(
        app,
        ["routes", "explain", *map(str, words), "--config", config],
        catch_exceptions=False,
    )


def rows(folder, *words):
    return json.loads(explain(folder, *words, "--json").stdout)


def test_each_image_is_told_what_each_route_makes_of_it_or_what_stands_against_it(tmp_path):
    path = saved(mammogram("RMLO", **SMALL), tmp_path)

    answer = explain(tmp_path, path, "--calling", "MAMMO7")

    assert answer.exit_code == 0
    assert answer.stdout.splitlines() == [
        str(path),
        "    yes screening, super-resolution: taken",
        "    yes screening, cad: taken",
        "    no  men: PatientSex is something else, not M",
        "    no  with-ct: on no image: Modality is MG, not CT",
    ]


def test_values_of_patients_are_shown_to_who_asks_for_them_and_to_nobody_else(tmp_path):
    path = saved(mammogram("RMLO", **SMALL), tmp_path)

    discreet, openly = explain(tmp_path, path), explain(tmp_path, path, "--values")

    assert "PatientSex is something else, not M" in discreet.stdout
    assert "PatientSex is F, not M" in openly.stdout


def test_a_study_that_is_kept_is_explained_as_it_was_sent(tmp_path, world):
    images = [world.receive(one, "MAMMO3") for one in study(**SMALL)]

    told = rows(tmp_path, images[0].StudyInstanceUID)

    taken = {one["sop_instance_uid"] for one in told if one["taken"]}
    assert len(told) == 2 * 4 + 2 * 3
    assert taken == {one.SOPInstanceUID for one in images if one.ViewPosition == "MLO"}
    assert {one["reason"] for one in told if one["route"] == "screening"} == {
        "taken",
        "ViewPosition is CC, not MLO",
    }


def test_a_draft_is_explained_without_being_in_force(tmp_path):
    draft = tmp_path / "draft.toml"
    draft.write_text(ROUTES.replace('"MLO"', '"CC"'))
    (tmp_path / "routes.toml").unlink()
    path = saved(mammogram("RMLO", **SMALL), tmp_path)

    told = rows(tmp_path, path, "--routes", draft, "--calling", "MAMMO1")

    assert told[0]["reason"] == "ViewPosition is MLO, not CC"


def test_who_may_not_use_a_route_is_told_so(tmp_path):
    path = saved(mammogram("RMLO", **SMALL), tmp_path)

    assert rows(tmp_path, path)[0]["reason"] == ("ANY is not among the AE titles that may use it")


def test_what_cannot_be_read_is_named_and_does_not_stop_the_rest(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    spoilt_phantoms(folder)
    deflated = mammogram("LMLO", **SMALL)
    deflated.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    broken = saved(deflated, folder)
    broken.write_bytes(broken.read_bytes()[:600] + b"\xff" * 9000)
    text = tmp_path / "text.txt"
    text.write_text("no DICOM")

    answer = explain(tmp_path, folder, text, saved(mammogram("LCC", **SMALL), tmp_path), "--json")

    told = json.loads(answer.stdout)
    refused = {Path(one["image"]).name for one in told if one["reason"].startswith("refused: ")}
    assert answer.exit_code == 1
    assert refused == {broken.name, "text.txt"}
    assert len({one["image"] for one in told}) == 7


def test_a_word_that_is_no_file_and_no_uid_is_wrong_usage(tmp_path):
    answer = CliRunner().invoke(
        app, ["routes", "explain", "nothing", "--config", str(tmp_path / "senoscope.toml")]
    )

    assert "nothing: no such file, and no Study Instance UID" in str(answer.exception)


FOREIGN_VALUES = "ignore:(Invalid value|The value length|A value of type)"


@pytest.mark.filterwarnings(FOREIGN_VALUES)
def test_the_deciding_condition_is_named_for_every_foreign_file_and_route(
    tmp_path, dicom_files, bad_files
):
    paths = [*dicom_files, *bad_files]

    told = rows(tmp_path, *paths, "--calling", "MAMMO1")

    assert [one["image"] for one in told[:1]] == [str(paths[0])]
    assert {one["image"] for one in told} == {str(path) for path in paths}
    assert all(one["reason"] for one in told)
    for path in paths:
        named = {one["route"] for one in told if one["image"] == str(path)}
        assert named in ({"screening", "men", "with-ct"}, {""})


@pytest.mark.filterwarnings(FOREIGN_VALUES)
def test_no_value_of_a_patient_is_in_what_is_said_of_foreign_files(tmp_path, dicom_files):
    answer = explain(tmp_path, *dicom_files, "--calling", "MAMMO1")

    for path in dicom_files:
        header = dcmread(path, stop_before_pixels=True)
        for keyword in ("PatientName", "PatientID", "PatientBirthDate"):
            value = str(header.get(keyword) or "")
            assert not value or value not in answer.stdout.replace(str(path), "")
