"""The viewer's addresses: what they show, to whom, and what they refuse."""

import json

import cv2
import numpy as np
import pytest
from consoles import served
from outlined import origin_of
from reading import CAD, painted
from reading import context as context_of_cad
from typer.testing import CliRunner
from working import job_of, row_of

from engines.card import Label
from pipelines.kinds import Kind, Made
from pipelines.mammogram.read import read
from pipelines.results.segmentation import segmentation
from service.cli.app import app
from service.cli.people import this_person
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
    (row,) = console.ledger.instances(study)
    console.ledger.note_image_removed(row)

    answer = viewer.get(f"/studies/{study}/pictures/{old.SOPInstanceUID}")

    assert answer.status_code == 404


def test_a_program_is_told_what_was_found_and_where(console, image):
    program = console.program("viewer")
    (shown,) = [
        one
        for one in program.get(f"/api/v1/studies/{STUDY}").json()["images"]
        if one["instance"]["sop_instance_uid"] == image.SOPInstanceUID
    ]

    told = program.get(f"/api/v1/studies/{STUDY}/images/{shown['shown_as']}").json()

    assert (told["size"], told["scale"]) == ([512, 416], 2)
    assert [one["is_suspicious"] for one in told["outlines"]] == [True]
    found = told["outlines"][0]
    assert found["probability"] == pytest.approx(70)
    columns, rows = zip(*found["points"], strict=True)
    assert found["box"] == [min(columns), min(rows), max(columns), max(rows)]


def test_a_program_draws_the_same_picture_as_the_page(console, viewer, image):
    program = console.program("viewer")
    page = f"/studies/{STUDY}/pictures/{image.SOPInstanceUID}"
    enlarged = program.get(f"/api/v1/studies/{STUDY}/images/{image.SOPInstanceUID}").json()

    for address in (page, f"/studies/{STUDY}/pictures/{enlarged['enlarged']}"):
        for part in ("", "/tones", "/0/0/0"):
            by_program, by_page = program.get(f"/api/v1{address}{part}"), viewer.get(address + part)

            assert by_program.status_code == 200
            assert by_program.content == by_page.content
    window = program.get(f"/api/v1{page}").json()["window"]
    assert window["width"] > 0


def test_it_is_written_down_which_user_a_program_looked_for(console, image):
    program = console.program("admin")

    program.get(f"/api/v1/studies/{STUDY}/pictures/{image.SOPInstanceUID}/tones")

    assert console.ledger.audit(action="image.view", who="admin")[0].object == image.SOPInstanceUID


def test_a_command_tells_what_was_found_and_writes_the_pictures(console, image, tmp_path):
    config = console.desk.routes.path.with_name("senoscope.toml")
    uid = image.SOPInstanceUID

    told = CliRunner().invoke(
        app,
        ["studies", "look", STUDY, uid, "--out", str(tmp_path), "--json", "--config", str(config)],
    )

    assert [one["probability"] for one in json.loads(told.stdout)["outlines"]] == [70.0]
    assert cv2.imread(str(tmp_path / "source.png"), cv2.IMREAD_GRAYSCALE).shape == (512, 416)
    assert cv2.imread(str(tmp_path / "enlarged.png"), cv2.IMREAD_GRAYSCALE).shape == (1024, 832)
    assert console.ledger.audit(action="image.view")[0].who == this_person().name


def segmentation_of(image, masks):
    """Return a segmentation of `image` alone: of no report and no presentation state."""
    labels = {Label(name=name): mask for name, mask in masks.items()}
    return segmentation(labels, origin_of(image))


def test_what_is_only_segmented_is_outlined_with_its_name(viewer, console):
    image = painted("LMLO", seed=9).image
    image.StudyInstanceUID = STUDY
    mask = np.zeros((image.Rows, image.Columns), bool)
    mask[100:140, 50:90] = True
    mask[300:310, 200:230] = True
    mask[0, 0] = True
    keep(console, image, [Made(segmentation_of(image, {"calcification": mask}), Kind.SEG)])

    told = (
        console.program("viewer")
        .get(f"/api/v1/studies/{STUDY}/images/{image.SOPInstanceUID}")
        .json()["outlines"]
    )
    page, _ = pictures(viewer, image)

    assert [(one["name"], one["box"]) for one in told] == [
        ("calcification", [50.5, 100.5, 89.5, 139.5]),
        ("calcification", [200.5, 300.5, 229.5, 309.5]),
    ]
    assert {(one["probability"], one["is_suspicious"]) for one in told} == {(None, None)}
    assert page.count('<polygon class="other"') == 2


def test_a_segmentation_of_a_lesion_that_a_report_states_adds_nothing(console, image):
    program = console.program("viewer")

    told = program.get(f"/api/v1/studies/{STUDY}/images/{image.SOPInstanceUID}").json()

    assert any(
        one.kind == Kind.SEG for one in console.ledger.results(f"cad-{image.SOPInstanceUID}")
    )
    assert len(told["outlines"]) == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"NumberOfFrames": 2}, "it has several frames, which are not shown here"),
        (
            {"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3, "PlanarConfiguration": 0},
            "it is in colour, which is not shown here",
        ),
    ],
    ids=["frames", "colour"],
)
def test_what_cannot_be_shown_says_so_in_plain_words(viewer, console, changes, told):
    odd = painted("LCC", seed=11).image
    odd.SOPInstanceUID += f".{len(told)}"
    odd.file_meta.MediaStorageSOPInstanceUID = odd.SOPInstanceUID
    odd.StudyInstanceUID = STUDY
    for keyword, value in changes.items():
        setattr(odd, keyword, value)
    odd.PixelData *= 3
    keep(console, odd)

    answer = viewer.get(f"/studies/{STUDY}/pictures/{odd.SOPInstanceUID}")

    assert (answer.status_code, told in answer.text) == (409, True)
