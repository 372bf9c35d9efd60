"""The walk over bytes from the network: what is whole passes, what is not is named."""

import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback import ct
from phantoms import TRANSFER_SYNTAXES, mammogram, tomosynthesis
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from service.errors import BadObjectError
from service.intake.identity import identify, view_of
from service.intake.structure import read_values

PLAIN = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
TEXT = st.text("ABC 123", max_size=20)


@st.composite
def data_sets(draw, depth: int = 3) -> Dataset:
    """Return a data set with texts, numbers, bulk and nested sequences."""
    found = Dataset()
    found.SOPInstanceUID = "1.2.3"
    found.ImageComments = draw(TEXT)
    found.Rows = draw(st.integers(0, 65535))
    if draw(st.booleans()):
        found.EncapsulatedDocument = draw(st.binary(max_size=40))
    if depth:
        items = draw(st.lists(data_sets(depth=depth - 1), max_size=2))
        for item in items:
            item.is_undefined_length_sequence_item = draw(st.booleans())
        found.RequestAttributesSequence = items
        found["RequestAttributesSequence"].is_undefined_length = draw(st.booleans())
    return found


def encoded(image: Dataset, syntax: UID) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_implicit_VR = syntax.is_implicit_VR
    buffer.is_little_endian = syntax.is_little_endian
    write_dataset(buffer, image)
    return buffer.getvalue()


def walk(content: bytes, syntax: UID, wanted=((0x00080018,),)):
    return read_values(BytesIO(content), len(content), syntax, wanted)


@given(image=data_sets(), syntax=st.sampled_from(PLAIN))
def test_whatever_is_whole_is_walked_to_its_end(image, syntax):
    assert walk(encoded(image, syntax), syntax) == {(0x00080018,): "1.2.3"}


@given(data=st.data(), image=data_sets(), syntax=st.sampled_from(PLAIN))
def test_a_data_set_cut_within_an_element_is_never_whole(data, image, syntax):
    image.ImageComments = "at least something to cut"
    content = encoded(image, syntax)
    start = content.index(b"at least")
    cut = data.draw(st.integers(start - 4, start + 20))

    with pytest.raises(BadObjectError, match="truncated"):
        walk(content[:cut], syntax)


@given(
    content=st.binary(max_size=300),
    syntax=st.sampled_from((*PLAIN, DeflatedExplicitVRLittleEndian)),
)
@settings(max_examples=500)
def test_any_bytes_are_walked_or_refused(content, syntax):
    with suppress(BadObjectError):
        walk(content, syntax)


@given(content=st.binary(max_size=300))
def test_whatever_inflates_is_walked_or_refused(content):
    pack = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = pack.compress(content) + pack.flush()
    with suppress(BadObjectError):
        walk(packed, DeflatedExplicitVRLittleEndian)


def test_a_deflated_stream_that_does_not_end_is_truncated():
    pack = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = pack.compress(ct()) + pack.flush()

    assert walk(packed, DeflatedExplicitVRLittleEndian) == {(0x00080018,): "1.2.3.9.1"}
    with pytest.raises(BadObjectError, match="does not end"):
        walk(packed[:-3], DeflatedExplicitVRLittleEndian)


@pytest.mark.parametrize("syntax", [UID(uid).keyword for uid in TRANSFER_SYNTAXES])
def test_identity_and_view_are_read_in_every_transfer_syntax(tmp_path, syntax):
    uid = next(uid for uid in TRANSFER_SYNTAXES if UID(uid).keyword == syntax)
    bits = 8 if syntax == "JPEGBaseline8Bit" else 12
    image = mammogram("LMLO", rows=96, columns=64, transfer_syntax=uid, bits_stored=bits)

    found = identified(image, tmp_path)

    assert found.sop_instance_uid == image.SOPInstanceUID
    assert found.study_instance_uid == image.StudyInstanceUID
    assert found.view == "LMLO"


def test_the_view_of_a_tomosynthesis_is_found_in_its_functional_groups(tmp_path):
    image = tomosynthesis("RCC", rows=96, columns=64)
    image.pop("ViewPosition", None)
    image.pop("ImageLaterality", None)

    assert identified(image, tmp_path).view == "RCC"


def test_a_view_is_told_by_its_code_where_it_has_no_word():
    view, laterality = (0x00540220, 0x00080100), (0x00200060,)

    assert view_of({laterality: "L", view: "R-10226"}) == "LMLO"
    assert view_of({laterality: "L", view: "399162004"}) == "LCC"
    assert view_of({laterality: "B", view: "399162004"}) == ""
    assert view_of({view: "399162004"}) == ""
    assert view_of({laterality: "L"}) == ""


def test_every_good_file_of_the_test_data_is_walked(dicom_files):
    for path in dicom_files:
        with path.open("rb") as file:
            meta = dcmread(file, stop_before_pixels=True, specific_tags=[]).file_meta
            file.seek(132 + 12 + meta.FileMetaInformationGroupLength)
            size = path.stat().st_size - file.tell()
            found = read_values(file, size, meta.TransferSyntaxUID, [(0x00080060,)])

        assert found[(0x00080060,)], path.name


def identified(image: Dataset, folder):
    path = folder / "image.dcm"
    image.save_as(path, enforce_file_format=True)
    with path.open("rb") as file:
        file.seek(132 + 12 + dcmread(path).file_meta.FileMetaInformationGroupLength)
        return identify(file, path.stat().st_size - file.tell(), image.file_meta.TransferSyntaxUID)
