"""The super-resolved image in its forms: a mammogram, a capture of one frame and one of many."""

import pytest
from doubling import context
from outlined import forms_made
from phantoms import mammogram, picture
from pydicom import Dataset
from pydicom.uid import (
    DigitalMammographyXRayImageStorageForPresentation,
    JPEGExtended12Bit,
    JPEGLSLossless,
    SecondaryCaptureImageStorage,
)
from reread import reread

from pipelines.display import picture as as_displayed
from pipelines.eligibility import why_skipped
from pipelines.kinds import ENLARGED, Kind
from pipelines.results.derived_mammogram import can_derive
from pipelines.results.provenance import is_ours
from pipelines.super_resolution import SuperResolution


def having(image, **attributes):
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
    return image


def lacking(image, keyword):
    delattr(image, keyword)
    return image


def code(value, scheme, meaning):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def derived(image):
    return reread(forms_made(reread(image))[Kind.MG_DERIVED])


MANDATORY = (
    "ImageLaterality",
    "ImagerPixelSpacing",
    "PatientOrientation",
    "PixelIntensityRelationship",
    "PixelIntensityRelationshipSign",
)


@pytest.mark.parametrize("keyword", MANDATORY)
def test_no_mammogram_is_derived_from_one_that_lacks_what_only_it_can_know(keyword):
    image = reread(lacking(mammogram(), keyword))

    assert can_derive(reread(mammogram()))
    assert not can_derive(image)
    assert set(forms_made(image)) == {Kind.SC_MULTIFRAME, Kind.SC_SINGLE}


def test_a_positioner_that_is_not_stated_is_that_of_mammography():
    other = mammogram()
    other.PositionerType = "CARM"

    assert derived(lacking(mammogram(), "PositionerType")).PositionerType == "MAMMOGRAPHIC"
    assert not can_derive(reread(other))


def test_a_view_may_be_stated_in_a_word_but_must_be_stated():
    image = lacking(mammogram("RMLO"), "ViewCodeSequence")
    nameless = lacking(lacking(mammogram(), "ViewCodeSequence"), "ViewPosition")

    (view,) = derived(image).ViewCodeSequence

    assert view.CodeMeaning == "medio-lateral oblique"
    assert list(view.ViewModifierCodeSequence) == []
    assert not can_derive(reread(nameless))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "image",
    [
        pytest.param(mammogram(intent="FOR PROCESSING"), id="for-processing"),
        pytest.param(picture("DX"), id="DX"),
        pytest.param(picture("SC"), id="SC"),
        pytest.param(having(mammogram(), ImageLaterality="U"), id="unpaired"),
        pytest.param(having(mammogram(), ImagerPixelSpacing=["0", "0"]), id="no-size"),
        pytest.param(having(mammogram(), PixelIntensityRelationshipSign=0), id="no-sign"),
        pytest.param(
            having(
                mammogram(), AnatomicRegionSequence=[code("127457009", "SCT", "tissue specimen")]
            ),
            id="specimen",
        ),
        pytest.param(having(mammogram(), LossyImageCompression="01"), id="some-loss"),
        pytest.param(
            having(
                lacking(mammogram(), "ViewPosition"),
                ViewCodeSequence=[code("1", "99X", "some view")],
            ),
            id="own-view",
        ),
    ],
)
def test_no_mammogram_is_derived_from_what_is_none(image):
    assert not can_derive(reread(image))


def test_the_side_of_the_series_will_do():
    image = having(lacking(mammogram("RCC"), "ImageLaterality"), Laterality="R")

    assert derived(image).ImageLaterality == "R"


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("form", ENLARGED)
def test_all_forms_look_like_the_source(form, photometric):
    image = reread(mammogram(photometric=photometric, voi="LUT", padding=True))

    result = reread(forms_made(image)[form])

    wanted = as_displayed(image).repeat(2, axis=0).repeat(2, axis=1)
    assert abs(as_displayed(result).astype(int) - wanted).max() <= 1
    assert result.file_meta.TransferSyntaxUID == JPEGLSLossless


def test_forms_are_objects_and_series_of_their_own():
    forms = forms_made(reread(mammogram()))

    assert set(forms) == set(ENLARGED)
    assert len({one.SOPInstanceUID for one in forms.values()}) == 3
    assert len({one.SeriesInstanceUID for one in forms.values()}) == 3
    assert {form: one.SeriesNumber for form, one in forms.items()} == {
        Kind.MG_DERIVED: 9101,
        Kind.SC_MULTIFRAME: 9102,
        Kind.SC_SINGLE: 9103,
    }


@pytest.mark.parametrize("form", ENLARGED)
def test_no_form_can_be_taken_for_an_original(form):
    image = mammogram("RMLO")

    result = reread(forms_made(reread(image))[form])

    assert list(result.ImageType) == ["DERIVED", "SECONDARY", "", "SUPERRES_X2"]
    assert not {"CC", "MLO"} & set(result.SeriesDescription.replace("-", " ").split())
    assert "RESEARCH" in result.SeriesDescription
    assert result.ContentQualification == "RESEARCH"
    source = result.SourceImageSequence[0]
    assert source.ReferencedSOPInstanceUID == image.SOPInstanceUID
    assert source.SpatialLocationsPreserved == "NO"
    assert is_ours(result)
    assert "result of this system" in str(why_skipped(result, "enlarged"))


def test_a_pipeline_makes_the_forms_that_are_wanted_each_with_its_report():
    wanted = frozenset({Kind.SC_SINGLE, Kind.MG_DERIVED, Kind.TID1500})

    made = SuperResolution().run([reread(mammogram())], context(kinds=wanted)).made
    of_ct = SuperResolution().run([reread(picture("CT"))], context(kinds=wanted)).made

    assert [(one.kind, one.beside) for one in made] == [
        (Kind.SC_SINGLE, None),
        (Kind.MG_DERIVED, None),
        (Kind.TID1500, Kind.SC_SINGLE),
        (Kind.TID1500, Kind.MG_DERIVED),
    ]
    assert [one.kind for one in of_ct] == [Kind.SC_SINGLE, Kind.TID1500]
    assert len({one.dataset.SOPInstanceUID for one in made}) == len(made)


def test_where_no_form_suits_the_image_nothing_is_made():
    made = SuperResolution().run(
        [reread(picture("CT"))], context(kinds=frozenset({Kind.MG_DERIVED, Kind.TID1500}))
    )

    assert list(made.made) == []


# The mammogram


def test_what_a_mammogram_must_say_it_says():
    image = mammogram("RMLO")

    result = derived(image)

    assert result.SOPClassUID == DigitalMammographyXRayImageStorageForPresentation
    assert (result.Modality, result.PresentationIntentType) == ("MG", "FOR PRESENTATION")
    assert result.ImageLaterality == "R"
    assert list(result.PatientOrientation) == list(image.PatientOrientation)
    assert result.ViewCodeSequence[0].CodeMeaning == "medio-lateral oblique"
    assert list(result.ViewCodeSequence[0].ViewModifierCodeSequence) == []
    assert result.AnatomicRegionSequence[0].CodeMeaning == "Breast"
    assert result.OrganExposed == "BREAST"
    assert (result.RescaleIntercept, result.RescaleSlope, result.RescaleType) == (0, 1, "US")
    assert result.PresentationLUTShape == "IDENTITY"
    assert result.PartialView == result.QualityControlImage == result.BurnedInAnnotation == "NO"


def test_a_pixel_is_half_as_large_on_the_detector_and_in_the_breast():
    image = having(
        mammogram(),
        PixelSpacing=["0.08", "0.06"],
        PixelSpacingCalibrationType="GEOMETRY",
        PixelSpacingCalibrationDescription="at the support",
    )

    result, plain = derived(image), derived(mammogram())

    detector = [float(value) / 2 for value in image.ImagerPixelSpacing]
    assert [float(value) for value in result.ImagerPixelSpacing] == pytest.approx(detector)
    assert list(result.PixelSpacing) == [0.04, 0.03]
    assert result.PixelSpacingCalibrationType == "GEOMETRY"
    assert "PixelSpacing" not in plain
    assert result.EstimatedRadiographicMagnificationFactor == 1.03125


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_brighter_is_less_of_the_beam_whatever_was_stored(photometric):
    image = mammogram(photometric=photometric)

    assert image.PixelIntensityRelationshipSign == (1 if photometric == "MONOCHROME1" else -1)
    assert derived(image).PixelIntensityRelationshipSign == -1


def test_a_spot_view_stays_one():
    image = mammogram()
    image.ViewCodeSequence[0].ViewModifierCodeSequence = [
        code("399055006", "SCT", "Spot Compression"),
        code("", "SCT", "half a code"),
    ]

    modifiers = derived(image).ViewCodeSequence[0].ViewModifierCodeSequence

    assert [item.CodeMeaning for item in modifiers] == ["Spot Compression"]


def test_a_part_of_a_view_stays_one():
    image = having(
        mammogram(),
        PartialView="YES",
        PartialViewDescription="lower part",
        PartialViewCodeSequence=[code("261089000", "SCT", "Inferior")],
    )

    result = derived(image)

    assert (result.PartialView, result.PartialViewDescription) == ("YES", "lower part")
    assert result.PartialViewCodeSequence[0].CodeMeaning == "Inferior"


def test_a_view_and_a_region_in_retired_codes_are_stated_in_present_ones():
    image = having(
        mammogram(),
        ViewCodeSequence=[code("R-10242", "SNM3", "cranio-caudal")],
        AnatomicRegionSequence=[code("T-04000", "SNM3", "Breast")],
    )

    result = derived(image)

    assert result.ViewCodeSequence[0].CodeValue == "399162004"
    assert result.AnatomicRegionSequence[0].CodeValue == "76752008"


def test_losses_of_the_source_are_confessed():
    assert derived(mammogram()).LossyImageCompression == "00"
    assert derived(mammogram(transfer_syntax=JPEGExtended12Bit)).LossyImageCompression == "01"


def test_the_dose_is_not_told_twice():
    result = derived(mammogram())

    assert not {"OrganDose", "EntranceDoseInmGy", "Exposure", "KVP"} & {
        element.keyword for element in result
    }


@pytest.mark.filterwarnings("ignore")
def test_nothing_private_and_nothing_bound_to_the_old_pixels_is_taken_over():
    image = mammogram()
    image.private_block(0x0019, "A VENDOR", create=True).add_new(0x01, "LO", "secret")
    image.ShutterShape = "RECTANGULAR"
    image.add_new((0x6000, 0x3000), "OW", b"\0\0")
    image.OperatorsName = "Operator^One"
    image.BiopsyTargetSequence = [having(Dataset(), TargetUID="1.2.3")]

    for result in forms_made(reread(image)).values():
        kept = {element.keyword for element in result}
        assert not {"ShutterShape", "OperatorsName", "BiopsyTargetSequence"} & kept
        assert not any(element.tag.is_private for element in result)
        assert (0x6000, 0x3000) not in result


# The capture of one frame


def test_a_capture_of_one_frame_knows_of_no_frames_and_promises_no_p_values():
    result = reread(forms_made(reread(mammogram()))[Kind.SC_SINGLE])

    assert result.SOPClassUID == SecondaryCaptureImageStorage
    for keyword in ("NumberOfFrames", "PresentationLUTShape", "RescaleSlope"):
        assert keyword not in result


def test_a_table_has_8_or_16_bits():
    """PS3.3 C.11.2.1.1; dciodvfy looks."""
    image = reread(mammogram(voi="LUT"))
    assert image.VOILUTSequence[0].LUTDescriptor[2] == 12

    for result in forms_made(image).values():
        assert reread(result).VOILUTSequence[0].LUTDescriptor[2] == 16
