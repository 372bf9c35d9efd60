import subprocess
from io import BytesIO

import highdicom
import pytest
from doubling import CARD, context, results_of
from hypothesis import example, given
from hypothesis import strategies as st
from odd import lacking_images, odd_images
from phantoms import mammogram, picture
from pydicom import DataElement, Dataset, dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.uid import JPEG2000, JPEG2000Lossless, JPEGExtended12Bit
from reread import reread, written

from pipelines.results.legal import decimal_string, legal, patient_orientation
from pipelines.results.provenance import derived_uid, is_ours
from pipelines.super_resolution import SuperResolution


def run(image, **changes):
    return results_of(SuperResolution(), reread(image), context(**changes))


def result_of(image):
    return reread(run(image)[0])


def report_of(image):
    return reread(run(image)[1])


def items_of(report):
    def below(item):
        for child in item.get("ContentSequence", []):
            yield child
            yield from below(child)

    return list(below(report))


def concept(item):
    return item.ConceptNameCodeSequence[0].CodeMeaning if "ConceptNameCodeSequence" in item else ""


# What every result says


def test_every_result_says_that_it_is_for_research():
    for result in run(mammogram()):
        assert result.ContentQualification == "RESEARCH"
        assert "RESEARCH" in result.SeriesDescription
        assert "RESEARCH USE ONLY" in str(written(result))


def test_every_result_names_who_made_it_and_what_was_before():
    image = mammogram()

    for result in run(image):
        made_it = result.SoftwareVersions
        acquired, processed = result.ContributingEquipmentSequence[-2:]
        assert (result.Manufacturer, result.ManufacturerModelName) == (
            "Senoscope Project",
            "Senoscope",
        )
        assert list(made_it) == ["0.1.0", f"doubling 1 sha256:{CARD.sha256[:12]}"]
        assert acquired.Manufacturer == image.Manufacturer
        assert acquired.PurposeOfReferenceCodeSequence[0].CodeValue == "109101"
        assert processed.Manufacturer == "Senoscope Project"


def test_no_result_can_be_taken_for_an_original_by_its_description():
    for result in run(mammogram("LCC")):
        assert not {"CC", "MLO"} & set(result.SeriesDescription.replace("-", " ").split())
        assert result.SeriesNumber > 9000


def test_patient_and_study_are_those_of_the_source():
    image = mammogram()

    for result in run(image):
        for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex"):
            assert result[keyword].value == image[keyword].value
        for keyword in ("StudyInstanceUID", "StudyDate", "StudyTime", "StudyID"):
            assert result[keyword].value == image[keyword].value


def test_names_in_any_character_set_come_out_in_unicode():
    image = mammogram()
    image.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    image.PatientName = "Yamada^Tarou=山田^太郎"

    for result in run(image):
        back = reread(result)
        assert back.SpecificCharacterSet == "ISO_IR 192"
        assert str(back.PatientName) == "Yamada^Tarou=山田^太郎"


@pytest.mark.filterwarnings("ignore")
def test_nothing_private_and_no_pixel_bound_extras_are_taken_over():
    image = mammogram()
    block = image.private_block(0x0019, "A VENDOR", create=True)
    block.add_new(0x01, "LO", "secret")
    image.ShutterShape = "RECTANGULAR"
    image.add_new((0x6000, 0x3000), "OW", b"\0\0")
    image.OperatorsName = "Operator^One"

    for result in run(image):
        assert "secret" not in str(result)
        assert "Operator" not in str(result)
        assert not any(element.tag.is_private for element in result)
        assert "ShutterShape" not in result
        assert (0x6000, 0x3000) not in result


# The image


def test_spacing_is_divided_by_the_scale():
    image = mammogram()

    result = result_of(image)

    expected = [float(value) / 2 for value in image.ImagerPixelSpacing]
    assert [float(value) for value in result.PixelSpacing] == pytest.approx(expected)


def test_side_and_orientation_are_those_of_the_source():
    image = mammogram("RMLO")

    result = result_of(image)

    assert result.ImageLaterality == "R"
    assert list(result.PatientOrientation) == list(image.PatientOrientation)


def test_the_source_is_referred_to_as_of_another_grid():
    image = mammogram()

    source = result_of(image).SourceImageSequence[0]

    assert source.ReferencedSOPInstanceUID == image.SOPInstanceUID
    assert source.SpatialLocationsPreserved == "NO"


@pytest.mark.filterwarnings("ignore")
def test_explanations_of_windows_and_tables_are_taken_over_as_far_as_they_fit():
    image = mammogram()
    image.WindowCenter, image.WindowWidth = ["1800", "2000"], ["900", "800"]
    image.WindowCenterWidthExplanation = ["NORMAL", "weich " * 12]
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [256, 0, 8])
    table.add_new("LUTData", "OW", bytes(512))
    table.LUTExplanation = "HÄRTER"
    image.VOILUTSequence = [table]

    result = result_of(image)

    assert list(result.WindowCenterWidthExplanation) == ["NORMAL", ("weich " * 12)[:64].strip()]
    assert result.VOILUTSequence[0].LUTExplanation == "HÄRTER"


def test_losses_of_the_source_are_confessed():
    lossy = mammogram(transfer_syntax=JPEGExtended12Bit)
    untold = mammogram(transfer_syntax=JPEGExtended12Bit)
    del untold.LossyImageCompressionRatio, untold.LossyImageCompressionMethod

    assert result_of(mammogram()).LossyImageCompression == "00"
    assert result_of(lossy).LossyImageCompressionRatio == lossy.LossyImageCompressionRatio
    assert result_of(untold).LossyImageCompressionMethod == "ISO_10918_1"
    assert result_of(untold).LossyImageCompressionRatio > 1


def test_jpeg_2000_that_states_no_loss_is_believed():
    image = mammogram(transfer_syntax=JPEG2000Lossless)
    image.file_meta.TransferSyntaxUID = JPEG2000  # whose streams may be without loss too
    image.LossyImageCompression = "00"

    assert result_of(image).LossyImageCompression == "00"


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_dcmtk_reads_the_same_pixels(bits, tmp_path):
    coded, plain = tmp_path / "coded.dcm", tmp_path / "plain.dcm"
    result, _ = run(mammogram(bits_stored=bits))
    result.save_as(coded, enforce_file_format=True)

    subprocess.run(["dcmdjpls", str(coded), str(plain)], check=True, capture_output=True)

    assert (dcmread(plain).pixel_array == dcmread(coded).pixel_array).all()


# The report


def test_highdicom_reads_the_report():
    _, report = run(mammogram())

    content = highdicom.sr.Comprehensive3DSR.from_dataset(reread(report)).content
    groups = content.get_image_measurement_groups()

    values = [group.get_measurements()[0].value for group in groups]
    assert len(values) == 2
    assert all(0 < value <= 100 for value in values)


def test_the_report_refers_to_both_images():
    image = mammogram()
    result, report = run(image)

    evidence = report.CurrentRequestedProcedureEvidenceSequence[0]
    referred = {
        item.ReferencedSOPInstanceUID
        for series in evidence.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }

    assert referred == {image.SOPInstanceUID, result.SOPInstanceUID}
    assert (report.VerificationFlag, report.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")


@pytest.mark.parametrize(
    ("view", "side", "said"),
    [("LCC", "Left", "cranio-caudal"), ("RMLO", "Right", "medio-lateral oblique")],
)
def test_the_report_states_side_and_view(view, side, said):
    stated = {
        concept(item): item.ConceptCodeSequence[0].CodeMeaning
        for item in items_of(report_of(mammogram(view)))
        if item.ValueType == "CODE"
    }

    assert stated["Image Laterality"] == side
    assert stated["Image View"] == said


def test_a_view_in_a_retired_coding_scheme_is_stated_in_the_present_one():
    image = mammogram("LCC")
    view = Dataset()
    view.CodeValue, view.CodingSchemeDesignator = "R-10226", "SNM3"
    view.CodeMeaning = "medio-lateral oblique"
    image.ViewCodeSequence = [view]

    stated = {
        item.ConceptCodeSequence[0].CodeValue
        for item in items_of(report_of(image))
        if concept(item) == "Image View"
    }

    assert stated == {"399368009"}


def test_a_ct_is_not_reported_as_a_mammogram():
    said = str(report_of(picture("CT")))

    assert "Mammography" not in said


# Values


@pytest.mark.filterwarnings("ignore")
def test_odd_headers_are_survived():
    for image in [*odd_images(), *lacking_images()]:
        for result in results_of(SuperResolution(), image, context()):
            assert reread(result).StudyInstanceUID == image.StudyInstanceUID


@example("=", "PatientName")
@example("Yamada^Tarou=山田^太郎=", "PatientName")
@given(st.text(), st.sampled_from(["PatientName", "PatientID", "StudyDate", "StudyTime"]))
@pytest.mark.filterwarnings("ignore")
def test_what_is_legal_can_be_written_and_read_again(value, keyword):
    source, result = Dataset(), Dataset()
    source[keyword] = DataElement(tag_for_keyword(keyword), "UT", value)
    result.SpecificCharacterSet = "ISO_IR 192"

    found = legal(source, keyword)
    setattr(result, keyword, found)

    file = BytesIO()
    result.save_as(file, implicit_vr=False, little_endian=True)
    file.seek(0)
    assert str(dcmread(file, force=True)[keyword].value or "") == found


@given(st.floats(-1e30, 1e30))
def test_a_decimal_string_fits_and_means_the_number(value):
    said = decimal_string(value)

    assert len(said) <= 16
    assert float(said) == pytest.approx(value, rel=1e-7)


@pytest.mark.parametrize(
    ("values", "legal_values"),
    [
        (["A", "FR"], ("A", "FR")),
        (["A"], None),
        (["X", "Y"], None),
        (["A", "F", "R"], None),
        (["AA", "F"], None),
        ([], None),
    ],
    ids=str,
)
def test_an_orientation_is_taken_over_only_if_it_is_one(values, legal_values):
    image = Dataset()
    image.PatientOrientation = values

    assert patient_orientation(image) == legal_values


@given(st.binary(min_size=1), st.lists(st.text(), min_size=1))
def test_a_derived_uid_is_legal_and_always_the_same(key, parts):
    uid = derived_uid(key, *parts)

    assert uid.is_valid
    assert uid.startswith("2.25.")
    assert uid == derived_uid(key, *parts)


def test_a_derived_uid_is_a_uuid_of_version_8():
    number = int(derived_uid(b"key", "a").split(".")[2])

    assert number >> 76 & 0xF == 8
    assert number >> 62 & 0b11 == 0b10


def test_nobody_is_ours_by_half():
    half = Dataset()
    half.Manufacturer = "Senoscope Project"

    assert not is_ours(half)
