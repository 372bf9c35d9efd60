import pytest
from phantoms import VIEWS, mammogram, picture
from pydicom import Dataset, dcmread
from pydicom.sr import codedict
from pydicom.sr._snomed_dict import mapping
from reread import reread

from pipelines.mammogram import view
from pipelines.results import views as known
from pipelines.results.derived_mammogram import can_derive
from pipelines.results.views import is_oblique, mammographic_view


def coded(value, scheme="SCT"):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, "a view"
    return item


def of_view(value, scheme="SCT", position=""):
    """A mammogram of a coded view, as it is read."""
    image = mammogram(rows=64, columns=48)
    image.ViewPosition = position
    image.ViewCodeSequence = [coded(value, scheme)]
    return reread(image)


@pytest.mark.parametrize("name", VIEWS)
def test_a_mammogram_says_how_it_shows_the_breast(name):
    assert is_oblique(reread(mammogram(name, rows=64, columns=48))) is (name[1:] == "MLO")


@pytest.mark.parametrize(
    ("value", "scheme", "expected"),
    [
        ("399368009", "SCT", True),
        ("R-10226", "SRT", True),
        ("R-10226", "SNM3", True),
        ("R-10226", "99SDM", True),
        ("399099002", "SCT", True),
        ("399162004", "SCT", False),
        ("R-10242", "SNM3", False),
        ("Y-X1770", "SNM3", False),
        ("399196006", "SCT", False),
        ("399260004", "SCT", None),  # medio-lateral: some muscle, or none
        ("399188001", "SCT", None),  # across the muscle
        ("441555000", "SCT", None),
        ("399265009", "SCT", False),  # exaggerated to either side, as it was before
        ("123", "SCT", None),
    ],
)
def test_a_view_is_known_by_its_code_of_whatever_age(value, scheme, expected):
    assert is_oblique(of_view(value, scheme)) is expected


def test_a_code_of_somebodys_own_is_no_view():
    assert is_oblique(of_view("399368009", "99ACME")) is None


def test_a_code_goes_before_a_word():
    assert is_oblique(of_view("399368009", position="CC")) is True
    assert is_oblique(of_view("399260004", position="MLO")) is None


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ("MLO", True),
        ("LMO", True),
        ("mlo", True),
        ("RMLO", True),
        ("LLMO", True),
        ("CC", False),
        ("LCC", False),
        ("XCC", False),
        ("XCCL", False),
        ("LM", None),
        ("ML", None),
        ("R", None),
        ("", None),
        ("AP", None),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
def test_without_a_code_the_view_position_tells(position, expected):
    image = mammogram(rows=64, columns=48)
    del image.ViewCodeSequence
    image.ViewPosition = position

    assert is_oblique(reread(image)) is expected


def test_nothing_is_known_of_an_image_that_states_nothing():
    image = reread(picture("SC", rows=64, columns=64))

    assert is_oblique(image) is None
    assert mammographic_view(image) is None


def test_codes_are_those_of_the_standards_own_tables():
    views, modifiers = codedict.codes.cid4014, codedict.codes.cid4015

    def both(code):
        return {code.value, mapping["SCT"][code.value]}

    terms = [*known.VIEWS.values(), known.SPECIMEN]
    assert {term.sct for term in terms} == {code.value for code in views.concepts.values()}
    for term in (*terms, known.EXAGGERATED):
        assert mapping["SCT"][term.sct] == term.srt
    assert known.VIEWS["MLO"].sct == views.MedioLateralObliqueProjection.value
    assert known.VIEWS["LMO"].sct == views.LateroMedialOblique.value
    assert known.VIEWS["CC"].sct == views.CranioCaudal.value
    assert known.VIEWS["FB"].sct == views.CaudoCranial.value
    assert known.VIEWS["XCCL"].sct == views.CranioCaudalExaggeratedLaterally.value
    assert known.VIEWS["XCCM"].sct == views.CranioCaudalExaggeratedMedially.value
    assert both(modifiers.SpotCompression) == view.SPOT_COMPRESSION
    assert both(modifiers.Magnification) == view.MAGNIFICATION
    assert both(modifiers.ImplantDisplaced) == view.IMPLANT_DISPLACED


VIEW_OF = {
    "mg_siemens_inspiration_jpegll_oob_overlay": False,  # SNM3
    "mg_clunie_pixelspacing_512_8bit": False,  # SRT
    "wg04_mg1_jpeg_extended12": True,  # in words
}
"""Of real images; those of phantoms stand in their headers."""


def test_images_of_every_make_say_their_view(dicom_files):
    headers = {path.stem: dcmread(path, stop_before_pixels=True) for path in dicom_files}

    assert headers
    for name, header in headers.items():
        position = header.get("ViewPosition", "")
        expected = VIEW_OF.get(name, {"CC": False, "MLO": True}.get(position))
        assert is_oblique(header) is expected, name


@pytest.mark.parametrize(
    ("position", "meaning"),
    [
        ("CC", "cranio-caudal"),
        ("MLO", "medio-lateral oblique"),
        ("RMLO", "medio-lateral oblique"),
        ("ML", "medio-lateral"),
        ("XCCL", "cranio-caudal exaggerated laterally"),
        ("XCC", ""),  # no result may state it
        ("X", ""),
    ],
)
def test_a_view_that_is_stated_in_a_word_alone_is_coded(position, meaning):
    image = mammogram()
    del image.ViewCodeSequence
    image.ViewPosition = position

    found = mammographic_view(image)

    assert (found.meaning if found else "") == meaning


@pytest.mark.parametrize(("value", "scheme"), [("399192008", "SCT"), ("Y-X1770", "SNM3")])
def test_a_view_exaggerated_laterally_is_one_that_a_mammogram_can_be_derived_of(value, scheme):
    image = mammogram()
    image.ViewCodeSequence = [coded(value, scheme)]
    image = reread(image)

    assert mammographic_view(image) is known.VIEWS["XCCL"]
    assert can_derive(image)


def test_a_code_of_another_scheme_states_no_view_of_a_result():
    assert mammographic_view(of_view("399368009", "99OTHER")) is None
    assert mammographic_view(of_view("399368009", "99OTHER", "CC")) is known.VIEWS["CC"]
