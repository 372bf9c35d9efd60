import pytest
from phantoms import VIEWS, mammogram, picture
from pydicom import Dataset, dcmread
from pydicom.sr import codedict
from pydicom.sr._snomed_dict import mapping
from reread import reread

from pipelines.mammogram import view
from pipelines.mammogram.view import view_of
from pipelines.results.codes import mammographic_view


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
def test_a_mammogram_says_which_breast_it_shows_and_how(name):
    side, is_oblique = view_of(reread(mammogram(name, rows=64, columns=48)))

    assert (side, is_oblique) == (name[0], name[1:] == "MLO")


@pytest.mark.parametrize(
    ("value", "scheme", "is_oblique"),
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
        ("123", "SCT", None),
    ],
)
def test_a_view_is_known_by_its_code_of_whatever_age(value, scheme, is_oblique):
    assert view_of(of_view(value, scheme)).is_oblique is is_oblique


def test_a_code_of_somebodys_own_is_no_view():
    assert view_of(of_view("399368009", "99ACME")).is_oblique is None


def test_a_code_goes_before_a_word():
    assert view_of(of_view("399368009", position="CC")).is_oblique is True
    assert view_of(of_view("399260004", position="MLO")).is_oblique is None


@pytest.mark.parametrize(
    ("position", "is_oblique"),
    [
        ("MLO", True),
        ("LMO", True),
        ("mlo", True),
        ("RMLO", True),
        ("LLMO", True),
        ("CC", False),
        ("LCC", False),
        ("XCCL", False),
        ("LM", None),
        ("ML", None),
        ("R", None),
        ("", None),
        ("AP", None),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
def test_without_a_code_the_view_position_tells(position, is_oblique):
    image = mammogram(rows=64, columns=48)
    del image.ViewCodeSequence
    image.ViewPosition = position

    assert view_of(reread(image)).is_oblique is is_oblique


@pytest.mark.parametrize(
    ("of_image", "of_series", "side"),
    [("L", "", "L"), ("", "R", "R"), ("R", "L", "R"), ("B", "", ""), ("U", "L", ""), ("", "", "")],
)
def test_the_side_is_the_images_or_else_that_of_its_series(of_image, of_series, side):
    image = mammogram(rows=64, columns=48)
    image.ImageLaterality, image.Laterality = of_image, of_series

    assert view_of(reread(image)).side == side


def test_nothing_is_known_of_an_image_that_states_nothing():
    assert view_of(reread(picture("SC", rows=64, columns=64))) == ("", None)


def test_codes_are_those_of_the_standards_own_tables():
    views, modifiers = codedict.codes.cid4014, codedict.codes.cid4015

    def both(code):
        return {code.value, mapping["SCT"][code.value]}

    assert both(views.MedioLateralObliqueProjection) <= view.OBLIQUE_VIEWS
    assert both(views.LateroMedialOblique) <= view.OBLIQUE_VIEWS
    for upright in (
        views.CranioCaudal,
        views.CaudoCranial,
        views.CranioCaudalExaggeratedLaterally,
        views.CranioCaudalExaggeratedMedially,
    ):
        assert both(upright) <= view.UPRIGHT_VIEWS
    assert both(modifiers.SpotCompression) == view.SPOT_COMPRESSION
    assert both(modifiers.Magnification) == view.MAGNIFICATION
    assert both(modifiers.ImplantDisplaced) == view.IMPLANT_DISPLACED


def test_real_images_say_their_view(data_dir):
    if data_dir is None:
        return
    real = data_dir / "dicom" / "real"

    found = {
        path.name: view_of(dcmread(path, stop_before_pixels=True)) for path in real.glob("*.dcm")
    }

    assert found["mg_siemens_inspiration_jpegll_oob_overlay.dcm"] == ("L", False)  # SNM3
    assert found["mg_clunie_pixelspacing_512_8bit.dcm"] == ("R", False)  # SRT
    assert found["wg04_mg1_jpeg_extended12.dcm"] == ("L", True)  # in words


@pytest.mark.parametrize(
    ("position", "meaning"),
    [("CC", "cranio-caudal"), ("MLO", "medio-lateral oblique"), ("ML", "medio-lateral"), ("X", "")],
)
def test_a_view_that_is_stated_in_a_word_alone_is_coded(position, meaning):
    image = mammogram()
    del image.ViewCodeSequence
    image.ViewPosition = position

    view = mammographic_view(image)

    assert (view.meaning if view else "") == meaning
