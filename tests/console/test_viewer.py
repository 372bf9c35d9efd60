"""The viewer's addresses: what they show, to whom, and what they refuse."""

import numpy as np
import pytest
from consoles import served
from reading import CAD, painted
from reading import context as context_of_cad
from working import job_of, row_of

from pipelines.kinds import Kind
from pipelines.mammogram.read import read
from service.ledger.people import Role
from service.ledger.records import Decision, Result

STUDY = "1.2.826.0.1.1"
KEPT = frozenset({Kind.SC_MULTIFRAME, Kind.CAD_SR, Kind.TID1500, Kind.SEG, Kind.GSPS})


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    with served(tmp_path_factory.mktemp("console")) as found:
        yield found


@pytest.fixture(scope="module")
def image(console):
    """An image that the CAD was run on, in the node's ledger and spools."""
    made = painted("LCC", seed=1, photometric="MONOCHROME1").image
    made.StudyInstanceUID = STUDY
    keep(console, made, CAD.run([made], context_of_cad(kinds=KEPT)).made)
    return made


def keep(console, image, made=()):
    """Write down that `image` came, and what was made of it."""
    ledger, images = console.ledger, console.desk.images
    now = ledger.now()
    images.received.keep_dataset(image)
    ledger.record(row_of(image, received_at=now))
    job = job_of(image, "cad", created_at=now, run_at=now)
    uid = image.SOPInstanceUID
    taken = Decision(uid, "everything", "cad", True, "", job.job_id, now)  # noqa: FBT003
    ledger.decide([taken], [job])
    results = [kept(console, one) for one in made]
    ledger.finish(ledger.claim("worker", job.job_id), results, {})


def kept(console, one):
    result, size = one.dataset, 1000
    console.desk.images.results.keep_dataset(result)
    return Result(
        result.SOPInstanceUID,
        result.SOPClassUID,
        result.SeriesInstanceUID,
        result.StudyInstanceUID,
        result.file_meta.TransferSyntaxUID,
        size,
        one.kind,
        (),
    )


@pytest.fixture(scope="module")
def viewer(console, image):  # noqa: ARG001 - the study is to be there
    return console.signed_in("viewer")


def pictures(viewer, image):
    """Return the addresses of both pictures, as the page names them."""
    page = viewer.get(f"/studies/{STUDY}/images/{image.SOPInstanceUID}")
    assert page.status_code == 200, page.text
    found = [part.partition('"')[0] for part in page.text.split('data-pictures="')[1:]]
    return page.text, found


def values(viewer, address, level=0, column=0, row=0):
    answer = viewer.get(f"{address}/{level}/{column}/{row}")
    assert answer.status_code == 200, answer.text
    return np.frombuffer(answer.content, "<u2")


def test_a_study_leads_to_each_image_of_which_something_was_made(viewer, console):
    other = painted("RCC", seed=2).image
    other.StudyInstanceUID = STUDY
    keep(console, other)

    page = viewer.get(f"/studies/{STUDY}").text

    assert page.count("Look at image") == 1


def test_the_page_shows_both_pictures_and_says_what_was_found(viewer, image):
    page, found = pictures(viewer, image)

    assert len(found) == 2
    assert "Super-resolved x2" in page
    assert "Probability of malignancy <b>70.0 %</b>" in page
    assert page.count('<polygon class="suspicious"') == 2


def test_tiles_hold_the_values_of_the_image_brighter_ones_higher(viewer, image):
    _, (source, enlarged) = pictures(viewer, image)
    pixels = read(image).pixels
    told = viewer.get(source).json()

    whole = values(viewer, source).reshape(pixels.shape)

    assert told["sizes"] == [[512, 416]]
    np.testing.assert_array_equal(whole, pixels)
    assert viewer.get(enlarged).json()["sizes"] == [[1024, 832], [512, 416]]
    right = values(viewer, enlarged, 0, 1, 1)
    assert right.size == 512 * (832 - 512)


def test_a_value_is_shown_as_the_image_says(viewer, image):
    _, (source, _) = pictures(viewer, image)

    tones = viewer.get(f"{source}/tones").content

    assert (len(tones), tones[0], tones[4095]) == (4096, 0, 255)


def test_who_looked_is_written_down_once(viewer, console, image):
    before = console.actions().count(("viewer", "image.view", "done"))

    _, (source, _) = pictures(viewer, image)
    for _ in range(3):
        values(viewer, source)

    assert console.actions().count(("viewer", "image.view", "done")) == before + 1
    assert console.ledger.audit(action="image.view")[0].object == image.SOPInstanceUID


def test_who_asks_for_a_tile_alone_is_written_down_too(console, image):
    browser = console.signed_in("operator")

    values(browser, f"/studies/{STUDY}/pictures/{image.SOPInstanceUID}")

    assert ("operator", "image.view", "done") in console.actions()


@pytest.mark.parametrize("role", list(Role))
def test_every_role_may_look(console, image, role):
    page, _ = pictures(console.signed_in(str(role)), image)

    assert "Findings" in page


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ("0/1/0", 404),
        ("0/0/1", 404),
        ("1/0/0", 404),
        ("17/0/0", 422),
        ("0/65537/0", 422),
        ("-1/0/0", 422),
        ("0/99999999999999999999999/0", 422),
        ("0/x/0", 422),
        ("0/0/0/0", 404),
    ],
)
def test_a_tile_that_cannot_be_is_refused(viewer, image, place, status):
    answer = viewer.get(f"/studies/{STUDY}/pictures/{image.SOPInstanceUID}/{place}")

    assert answer.status_code == status


@pytest.mark.parametrize("kind", ["images", "pictures"])
@pytest.mark.parametrize(
    "key",
    [
        "1.2.3",
        "....",
        "1.2.3~00",
        "1.2.3~zz",
        "..%2f..%2fetc%2fpasswd",
        "1.2.3~../../etc",
        "1" * 65,
        "%00",
        "1.2.3%0a",
    ],
)
def test_an_image_that_cannot_be_is_refused(viewer, kind, key):
    assert viewer.get(f"/studies/{STUDY}/{kind}/{key}").status_code in {404, 422}


def test_an_image_is_found_in_its_own_study_alone(viewer, image):
    for kind in ("images", "pictures"):
        assert viewer.get(f"/studies/1.2.3/{kind}/{image.SOPInstanceUID}").status_code == 404


def test_an_image_that_no_worker_went_through_is_not_decoded(viewer, console):
    waiting = painted("RMLO", seed=7).image
    waiting.StudyInstanceUID = STUDY
    console.desk.images.received.keep_dataset(waiting)
    console.ledger.record(row_of(waiting, received_at=console.ledger.now()))

    for kind in ("images", "pictures"):
        answer = viewer.get(f"/studies/{STUDY}/{kind}/{waiting.SOPInstanceUID}")

        assert (answer.status_code, "no job has gone through" in answer.text) == (404, True)


def test_reports_are_no_pictures(viewer, console, image):
    made = next(
        one for one in console.ledger.results(f"cad-{image.SOPInstanceUID}") if one.kind == "cad-sr"
    )

    answer = viewer.get(f"/studies/{STUDY}/pictures/{made.sop_instance_uid}")

    assert answer.status_code == 409


def test_an_image_without_pixels_is_told_of_where_it_would_stand(viewer, console):
    broken = painted("RMLO", seed=3).image
    broken.StudyInstanceUID = STUDY
    broken.PixelData = broken.PixelData[:100]
    keep(console, broken)

    page, (source,) = pictures(viewer, broken)
    answer = viewer.get(source)

    assert "It was not enlarged" in page
    assert answer.status_code == 409
    assert "cannot be read" in answer.text


def test_an_image_whose_bytes_were_removed_is_gone_from_the_viewer(viewer, console):
    old = painted("RCC", seed=5).image
    old.StudyInstanceUID = study = "1.2.826.0.1.5"
    keep(console, old)
    removed = console.ledger.remove_received(
        console.ledger.now().replace(year=2100), (), lambda _: None, 100
    )

    answer = viewer.get(f"/studies/{study}/pictures/{old.SOPInstanceUID}")

    assert removed
    assert answer.status_code == 404
