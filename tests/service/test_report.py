"""The page about a run: it says what the objects say, and nothing of whom they are about."""

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from doubling import CARD
from doubling import context as plain_context
from odd import lacking_images, odd_images
from phantoms import mammogram, picture
from PIL import Image
from pydicom import Dataset, dcmread
from reading import CAD, context, engines, painted
from typer.testing import CliRunner

from engines.cad.finding import Region
from pipelines.kinds import USUAL, Kind
from pipelines.super_resolution import SuperResolution
from service.cli.app import app
from service.findings.labels import labels_of
from service.findings.said import Mark
from service.offline import Offline
from service.report.page import write_report
from service.report.pictures import Box, shrunk

CARDS = [engine.card for engine in engines().values()]
VOID = {"meta", "img", "br", "input", "polygon", "path"}
NAME = "Nobody^Nadia Ñ"


class Parsed(HTMLParser):
    """What is on a page: its elements with their attributes, and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.said: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in {"style", "script"}:
            self.said.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.said).split())

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [
            told
            for found, told in self.elements
            if found == tag and all(told.get(key) == value for key, value in wanted.items())
        ]


def kept(images, folder: Path) -> list[Path]:
    """Write images into files that are called by their number."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number}.dcm" for number, _ in enumerate(images)]
    for image, path in zip(images, paths, strict=True):
        image.save_as(path, enforce_file_format=True)
    return paths


def processed(images, folder: Path, given=None, **changes):
    """Return where the results of the CAD on images lie, and what became of the files."""
    out = folder / "out"
    paths = kept(images, folder / NAME)
    return out, list(Offline(CAD, CARDS, given or context(**changes), out).process(paths))


def page_of(images, folder: Path, **changes) -> Parsed:
    out, records = processed(images, folder, **{"kinds": USUAL, **changes})
    return Parsed(write_report(out, records).read_text(encoding="utf-8"))


def broken(image: Dataset) -> Dataset:
    image.PixelData = image.PixelData[:100]
    return image


def named(image: Dataset) -> Dataset:
    """Return an image of somebody."""
    image.SpecificCharacterSet = "ISO_IR 100"
    image.PatientName, image.PatientID, image.AccessionNumber = NAME, "ID-4711", "ACC-0815"
    image.PatientBirthDate, image.StudyDescription = "19630507", "<script>alert(1)</script>"
    return image


def report_in(out: Path, series_number: int) -> Dataset:
    reports = [dcmread(path) for path in sorted(out.glob(f"{Kind.TID1500}-[0-9]*.dcm"))]
    return next(one for one in reports if one.SeriesNumber == series_number)


def stated(report: Dataset, meaning: str) -> list[str]:
    """Return the numbers or UIDs that a report states under that name, without our reader."""
    contents = [element.value for element in report.iterall() if element.VR == "SQ"]
    items = [item for content in contents for item in content if "ConceptNameCodeSequence" in item]
    found = [item for item in items if item.ConceptNameCodeSequence[0].CodeMeaning == meaning]
    return [
        str(item.UID if "UID" in item else item.MeasuredValueSequence[0].NumericValue)
        for item in found
    ]


def bounds(mask: np.ndarray) -> np.ndarray:
    """Return where what is set in a mask begins and ends, x and y."""
    rows, columns = np.nonzero(mask)
    return np.array([[columns.min(), rows.min()], [columns.max() + 1, rows.max() + 1]])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two views of one breast, one of the other for processing, and one that is broken."""
    images = [
        named(painted("LCC").image),
        named(painted("LMLO").image),
        named(painted("RMLO", intent="FOR PROCESSING").image),
        named(broken(mammogram("RCC"))),
    ]
    return processed(images, tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def page(run):
    return Parsed(write_report(*run).read_text(encoding="utf-8"))


def test_the_page_says_first_of_all_that_it_is_for_research_only(page):
    assert re.match("Senoscope report . RESEARCH USE ONLY RESEARCH USE ONLY", page.words)


def test_what_the_reports_state_of_lesions_is_on_the_page(run, page):
    report = report_in(run[0], 9206)
    certainties = stated(report, "Certainty of Finding")
    areas = stated(report, "Area of defined region")
    uids = stated(report, "Tracking Unique Identifier")[: len(areas)]

    assert len(areas) == 3
    assert page.words.count("Probability of malignancy 70.0 %") == 3
    assert all(f"{float(certainty):.1f} %" in page.words for certainty in certainties)
    assert all(f"{float(area):g} mm²" in page.words for area in areas)
    assert all(uid in page.words for uid in uids)


def test_every_lesion_has_its_part_of_the_source_and_of_the_enlarged_image_at_one_scale(run, page):
    pictures = run[0] / "pictures"

    sizes = {path.stem: size_of(path) for path in pictures.glob("*lesion*.png")}

    enlarged = [name for name in sizes if name.endswith("enlarged")]
    assert len(enlarged) == 2
    assert all(sizes[name] == sizes[name.replace("enlarged", "source")] for name in enlarged)
    assert "none: for processing" in page.words


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def test_outlines_are_drawn_where_the_lesions_are(page):
    truths = [bounds(painted(view).mass) for view in ("LCC", "LMLO")]

    lines = [one["points"] for one in page.all("polygon", **{"class": "line suspicious"})]

    drawn = [np.array([corner.split(",") for corner in one.split()], float) for one in lines]
    extents = [np.array([one.min(axis=0), one.max(axis=0)]) for one in drawn]
    for truth in truths:
        near = [np.abs(extent - truth).max() < 4 for extent in extents]
        assert sum(near) == 3  # on the whole image, and on two parts


def test_the_outline_on_the_enlarged_image_is_that_of_its_presentation_state(run):
    out, records = run
    moved = {}
    for path in out.glob("gsps-*.dcm"):
        state = dcmread(path)
        if state.SeriesNumber == 9304:
            moved[path] = path.read_bytes()
            graphic = state.GraphicAnnotationSequence[0].GraphicObjectSequence[0]
            graphic.GraphicData = [2.0, 2.0, 4.0, 2.0, 4.0, 4.0, 2.0, 2.0]
            state.save_as(path)

    page = Parsed(write_report(out, records).read_text(encoding="utf-8"))

    for path, was in moved.items():
        path.write_bytes(was)
    assert (
        len(page.all("polygon", points="1.0,1.0 2.0,1.0 2.0,2.0")) == 4
    )  # two lesions, halo, line


def test_what_was_not_analysed_is_said_with_its_code(page):
    assert "Not analysed (code PIXELS)" in page.words
    assert "none: its pixels cannot be read" in page.words


def test_the_quality_before_and_after_is_that_of_the_report(run, page):
    scores = stated(report_in(run[0], 9203), "PIQE no-reference quality score")

    before, after = (f"{float(score):.1f}" for score in scores)

    assert f"PIQE before → after {before} → {after}" in page.words


def test_nothing_on_the_page_names_the_patient(run, page):
    assert page.words
    html = (run[0] / "report.html").read_text(encoding="utf-8")

    for told in ("Nobody", "Nadia", "ID-4711", "ACC-0815", "19630507", "1963-05-07", "alert(1)"):
        assert told not in html
    assert all(
        re.fullmatch(r"[-a-z0-9]+\.png", one.name) for one in (run[0] / "pictures").iterdir()
    )


def test_all_that_the_page_links_to_is_there_and_none_of_it_is_elsewhere(run, page):
    links = [one.get("href") or one.get("src") for one in page.all("a") + page.all("img")]
    anchors = {told["id"] for _, told in page.elements if "id" in told}

    assert links
    for link in links:
        assert link[1:] in anchors if link.startswith("#") else (run[0] / link).is_file()
    assert all(one["alt"] for one in page.all("img"))
    assert not page.all("script") + page.all("link") + page.all("iframe")
    assert (
        Counter(told["id"] for _, told in page.elements if "id" in told).most_common(1)[0][1] == 1
    )


def test_objects_are_listed_with_the_lesions_that_they_name(run, page):
    assert f"Result objects ({len(run[1][0].results)})" in page.words
    assert "Segmentation AI lesion outlines RESEARCH 1 " in page.words
    assert "Mammography CAD SR AI mammography CAD RESEARCH 1, 2, 3 " in page.words
    assert "detector 1 sha256:000000000000" in page.words


@pytest.mark.filterwarnings("ignore")  # pydicom says of odd values what they are
def test_what_headers_and_reports_hold_is_text_and_never_markup(run, tmp_path):
    out, records = run
    image = painted("LCC").image
    image.ViewCodeSequence = []
    image.ViewPosition = "<script>alert('view')</script>"
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = "../<b>1"
    image.StudyDate = '"><img src=x>'
    own = [replace(records[0], paths=tuple(map(str, kept([image], tmp_path))), reason="<i>why</i>")]
    skipped = replace(records[0], paths=("<u>.dcm",), outcome="skipped", reason="&lt;", results=())
    for path in out.glob(f"{Kind.CAD_SR}-*.dcm"):
        report = dcmread(path)
        report.SeriesDescription = "</td><script>1</script>"
        report.save_as(path)

    page = Parsed(write_report(out, [*own, skipped]).read_text(encoding="utf-8"))

    for told in ("<script>alert('view')</script>", "<i>why</i>", "<u>.dcm", "&lt;", "../<b>1"):
        assert told in page.words
    assert "</td><script>1</script>" in page.words
    assert not page.all("script") + page.all("i") + page.all("u") + page.all("b")
    assert sorted(one.name for one in (out / "pictures").iterdir()) == ["study-1-image-1.png"]


def test_an_object_that_cannot_be_read_is_named_and_the_rest_is_shown(tmp_path):
    out, records = processed([painted("LCC").image], tmp_path)
    spoilt, cut, lost = (next(iter(out.glob(f"{kind}-[0-9]*.dcm"))) for kind in (
        Kind.SEG, Kind.SC_MULTIFRAME, Kind.CAD_SR))  # fmt: skip
    spoilt.write_bytes(b"no DICOM")
    cut.write_bytes(cut.read_bytes()[:-5000] + bytes(4992) + cut.read_bytes()[-8:])
    lost.unlink()

    page = Parsed(write_report(out, records).read_text(encoding="utf-8"))

    assert f"{spoilt.name}: it cannot be read (InvalidDicomError)" in page.words
    assert f"{lost.name}: it cannot be read (FileNotFoundError)" in page.words
    assert f"none: the pixels of {cut.name} cannot be read" in page.words
    assert "Probability of malignancy 70.0 %" in page.words


@pytest.mark.parametrize(
    ("called", "labels"),
    [
        (["Lesion 2", "Lesion 7"], ["2", "7"]),
        (["Lesion 2", "Lesion 2"], ["1", "2"]),
        (["Lesion 2", "../x"], ["1", "2"]),
        ([], []),
    ],
)
def test_lesions_bear_the_numbers_they_are_called_by_where_each_has_its_own(called, labels):
    shape = np.zeros((3, 2))

    found = [Mark("1.2", name, "", shape, None, None, None, None) for name in called]

    assert list(labels_of(found)) == labels


def test_a_lesion_whose_outline_cannot_be_read_is_missed_by_its_name(tmp_path):
    out, records = processed([painted("LCC").image], tmp_path, kinds=frozenset({Kind.TID1500}))
    (path,) = out.glob("*.dcm")
    report = dcmread(path)
    (region,) = (
        item
        for content in report.iterall()
        if content.VR == "SQ"
        for item in content.value
        if item.get("GraphicType") == "POLYLINE"
    )
    region.GraphicData = [1.0, 2.0]
    report.save_as(path)

    page = Parsed(write_report(out, records).read_text(encoding="utf-8"))

    assert "Lesion 1: its outline cannot be read" in page.words
    assert "No lesion that can be shown" in page.words
    assert "No lesion found" not in page.words.replace("No lesion found Nothing reached", "")


@pytest.mark.filterwarnings("ignore")  # pydicom says of odd values what they are
def test_whatever_became_of_the_bytes_of_objects_there_is_a_page(run, tmp_path):
    out, records = run
    files = [path for path in sorted(out.glob("*.dcm")) if path.stat().st_size < 50_000]
    chance = np.random.default_rng(4)

    for number in range(4):
        spoilt = tmp_path / str(number)
        spoilt.mkdir()
        for path in files:
            content = bytearray(path.read_bytes())
            for place in chance.integers(len(content), size=20):
                content[place] = chance.integers(256)
            (spoilt / path.name).write_bytes(content)

        assert "How to read this" in Parsed(write_report(spoilt, records).read_text()).words


def test_the_same_run_gives_the_same_page(tmp_path):
    image = painted("LCC").image
    pages = [processed([image], tmp_path / name, kinds=USUAL) for name in ("a", "b")]

    texts = [write_report(*one).read_bytes() for one in pages]
    again = write_report(*pages[0]).read_bytes()

    assert texts[0] == texts[1] == again
    assert pictures_in(pages[0][0]) == pictures_in(pages[1][0]) != {}


def pictures_in(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (out / "pictures").iterdir()}


def test_pictures_of_an_earlier_page_are_removed_and_no_other_files(tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name in ("study-9-image-1-lesion-3-source.png", "holiday.png"):
        (pictures / name).write_bytes(b"")

    write_report(tmp_path, [])

    assert [path.name for path in pictures.iterdir()] == ["holiday.png"]


@pytest.mark.parametrize("kind", [Kind.CAD_SR, Kind.CAD_SR_SRT, Kind.TID1500_ENHANCED])
def test_any_form_of_report_will_do(tmp_path, kind):
    page = page_of([painted("LCC").image], tmp_path, kinds=frozenset({kind}))

    assert "1 lesion, 1 suspicious" in page.words
    assert re.search(r"Area [\d.]+ mm² \(\d+ px\) Centre x [\d.]+, y [\d.]+ px; x ", page.words)
    assert "Super-resolved none among the results" in page.words


def test_what_is_not_known_of_an_image_is_called_unknown(tmp_path):
    image = painted("LCC").image
    for keyword in ("ImagerPixelSpacing", "ImageLaterality", "ViewCodeSequence", "ViewPosition",
                    "StudyDate"):  # fmt: skip
        delattr(image, keyword)

    page = page_of([image], tmp_path)

    assert "1. Side unknown, view unknown" in page.words
    assert "Spacing unknown" in page.words
    assert "Study of unknown" in page.words
    assert re.search(r"Area \d+ px Centre x [\d.]+, y [\d.]+ px \(spacing unknown\)", page.words)


@pytest.mark.filterwarnings("ignore")  # pydicom says of odd values what they are
def test_the_oddest_headers_have_their_place_on_the_page(run, tmp_path):
    images = [*odd_images(), *lacking_images()]
    records = [
        replace(run[1][0], paths=(str(path),), results=()) for path in kept(images, tmp_path / "in")
    ]

    page = Parsed(write_report(tmp_path, records).read_text(encoding="utf-8"))

    assert len(page.all("article")) == len(images)


def test_a_region_that_the_sender_gave_has_no_certainty(tmp_path):
    one = painted("LCC")
    x, y = (int(value) for value in bounds(one.mass).mean(axis=0))
    regions = {one.image.SOPInstanceUID: [Region(x - 40, y - 40, 80)]}

    page = page_of([one.image], tmp_path, regions=regions)

    assert "Certainty of the detector none: the region was given by the sender" in page.words


def test_a_study_that_could_not_be_analysed_is_no_study_without_lesions(tmp_path):
    page = page_of([broken(painted("LCC").image)], tmp_path)

    assert "Not analysed" in page.words
    assert "0 suspicious" not in page.words
    assert re.search(r"0\.dcm failed [\d.]+: the pixel data is broken", page.words)


def test_what_was_done_in_part_before_is_still_said_to_be_so(tmp_path):
    images = [painted("LCC").image, broken(painted("LMLO").image)]
    processed(images, tmp_path, kinds=USUAL)

    page = page_of(images, tmp_path)

    assert "it is shorter than Rows x Columns" in page.words
    assert "Not analysed (code PIXELS)" in page.words


def test_files_that_were_skipped_are_named_with_the_reason_and_without_their_folder(tmp_path):
    page = page_of([painted("LCC").image, picture("CT")], tmp_path)

    assert "1.dcm skipped it is no mammogram" in page.words


def test_a_report_of_quality_alone_finds_no_lesion_and_denies_none(tmp_path):
    out, paths = tmp_path / "out", kept([mammogram("LCC")], tmp_path / "in")
    records = list(Offline(SuperResolution(), [CARD], plain_context(), out).process(paths))

    page = Parsed(write_report(out, records).read_text(encoding="utf-8"))

    assert "No report of findings" in page.words
    assert {"study-1-image-1-sample-source.png", "study-1-image-1-sample-enlarged.png"} <= set(
        pictures_in(out)
    )


def test_the_command_writes_the_page_where_the_results_are(tmp_path):
    (path,) = kept([mammogram("LCC")], tmp_path / "in")
    config, out = tmp_path / "senoscope.toml", tmp_path / "out"
    config.write_text('data_dir = "data"\n')
    words = ["process", path, "--out", out, "--device", "cpu", "--report", "--config", config]

    told = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)

    assert f"report   -> {out / 'report.html'}" in told.output.replace("\n", "")
    assert (out / "report.html").is_file()


def test_a_box_about_a_lesion_stays_within_the_image():
    corners = np.array([[0.0, 0.0], [30.0, 0.0], [30.0, 90.0]])

    assert Box.around(corners, (100, 80)) == Box(0, 0, 80, 100)
    assert Box.around(corners + np.array((900, 400)), (2000, 1000)) == Box(834, 364, 162, 162)
    assert Box.around(corners / 30, (2000, 1000)) == Box(0, 0, 48, 48)


def test_a_picture_is_shrunk_in_proportion_and_never_to_nothing():
    assert shrunk(np.zeros((4000, 2000), np.uint8), 1000).shape == (1000, 500)
    assert shrunk(np.zeros((4000, 1), np.uint8), 1000).shape == (1000, 1)
    assert shrunk(np.zeros((40, 20), np.uint8), 1000).shape == (40, 20)
