"""A test picture that destinations are sent from the console."""

import pytest
from consoles import post, served, study_with_results
from pydicom import dcmread


@pytest.fixture
def console(tmp_path, storescp):
    with served(tmp_path / "node", pacs=storescp.port) as found:
        yield found


def test_a_destination_is_sent_a_picture_of_nobody_each_time_another(console, storescp):
    program = console.program("operator")

    told = [program.post("/api/v1/destinations/pacs/test").json() for _ in range(2)]

    assert [one["ok"] for one in told] == [True, True], told
    images = [dcmread(path) for path in storescp.files()]
    assert len({one.SOPInstanceUID for one in images}) == 2
    for image in images:
        assert image.PatientID == "SENOSCOPE-TEST"
        assert image.StudyDescription == "TEST OF THE CONNECTION - NO PATIENT"
        assert any(image.SOPInstanceUID in one["detail"] for one in told)
    assert console.actions()[0] == ("operator", "destination.test", "done")


def test_a_destination_that_takes_no_picture_says_why_on_its_page(tmp_path):
    with served(tmp_path) as console:
        browser = console.signed_in("operator")

        page = post(browser, "/destinations", "/destinations/pacs/test").text

        assert "the test picture was not taken" in page
        assert console.actions()[0][1] == "destination.test"
        assert console.actions()[0][2] != "done"


def test_a_destination_that_cannot_be_reached_is_not_told_to_be_tried_in_the_past(tmp_path):
    with served(tmp_path) as console:
        study_with_results(console.ledger)

        page = console.signed_in("operator").get("/destinations").text

        assert "connection refused" in page
        assert "<td>within a minute</td>" in page
