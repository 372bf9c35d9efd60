"""What docs/conformance.md says is what the node does."""

import re
from io import BytesIO

import pytest
from loopback import NODE, Raw, ct, door
from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.uid import (
    HEVCMP51,
    MPEG4HP41,
    DigitalMammographyXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom import AE, build_context

from pipelines.kinds import CAD_REPORTS, REPORTS, Kind
from pipelines.results.legal import patient_study
from tools.conformance.__main__ import DOCUMENT, main
from tools.conformance.attributes import attributes
from tools.conformance.content import rows
from tools.conformance.document import PART, filled
from tools.conformance.modules import modules
from tools.conformance.refusals import comments
from tools.conformance.results import DESCRIBED
from tools.conformance.samples import samples

HANGING_PROTOCOL = "1.2.840.10008.5.1.4.38.1"
PRIVATE = "1.2.3.4.5"
UID = re.compile(r"\| (1\.2\.840[\d.]+) \|")


def part(name):
    """Return what stands in a generated part of the document."""
    (found,) = (one[0] for one in PART.finditer(DOCUMENT.read_text()) if one["name"] == name)
    return found


def listed(name):
    return UID.findall(part(name))


def of(kind, case=None):
    return [
        one for one in samples() if one.kind is kind and (case is None or one.case.name == case)
    ]


# The document


def test_the_document_is_what_the_code_says(capsys):
    status = main(["--check"])

    assert status == 0, f"run python -m tools.conformance\n{capsys.readouterr().out}"


def test_what_differs_is_said_and_written_anew(tmp_path, capsys):
    document = tmp_path / "conformance.md"
    document.write_text(
        DOCUMENT.read_text().replace("| PIQE | PIQE no-ref", "| PIQE | PIQUE no-ref")
    )

    said = main(["--check"], document), capsys.readouterr().out
    kept = document.read_text()
    main([], document)

    assert said[0] == 1
    assert "-| PIQE | PIQUE no-ref" in said[1]
    assert "PIQUE" in kept
    assert document.read_text() == DOCUMENT.read_text()


@pytest.mark.parametrize("names", [[], ["a", "a"], ["b"], ["a", "b"]])
def test_a_part_that_is_not_there_once_is_an_error(names):
    text = "\n".join(f"<!-- generated: {name} -->\n<!-- end -->" for name in names)

    with pytest.raises(ValueError, match="not both"):
        filled(text, {"a": str})


# Associations


def accepted(port, contexts):
    """Return those pairs of abstract and transfer syntax that the node accepts."""
    found = set()
    for start in range(0, len(contexts), 128):
        association = AE(ae_title="MAMMO1").associate(
            "127.0.0.1",
            port,
            [build_context(*one) for one in contexts[start : start + 128]],
            ae_title=NODE,
        )
        found |= {
            (one.abstract_syntax, *one.transfer_syntax) for one in association.accepted_contexts
        }
        association.release()
    return found


def test_what_the_document_lists_is_accepted_and_what_it_excludes_is_not(tmp_path):
    mammogram = DigitalMammographyXRayImageStorageForPresentation
    promised = {(uid, ExplicitVRLittleEndian) for uid in listed("storage-classes")}
    promised |= {(mammogram, uid) for uid in listed("transfer-syntaxes")}
    excluded = {(uid, ExplicitVRLittleEndian) for uid in (HANGING_PROTOCOL, PRIVATE)}
    excluded |= {(mammogram, uid) for uid in (MPEG4HP41, HEVCMP51)}

    with door(tmp_path) as node:
        found = accepted(node.port, sorted(promised | excluded))

    assert found == promised
    assert len(listed("storage-classes")) > 160
    assert len(listed("transfer-syntaxes")) == 16


def test_of_several_transfer_syntaxes_the_one_that_is_listed_first_is_chosen(tmp_path):
    order = listed("transfer-syntaxes")
    mammogram = DigitalMammographyXRayImageStorageForPresentation

    with door(tmp_path) as node:
        for first in (0, 3, 9):
            offered = list(reversed(order[first:]))
            assert accepted(node.port, [(mammogram, offered)]) == {(mammogram, order[first])}


BAD = {
    "empty": (b"", "1.2.3.9.1"),
    "truncated": (ct()[:-500], "1.2.3.9.1"),
    "other instance": (ct(), "1.2.3.9.2"),
    "no study": (ct(study=""), "1.2.3.9.1"),
    "a study that is no UID": (ct(study="1.x"), "1.2.3.9.1"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_refused_is_answered_with_a_status_and_a_comment_that_are_listed(tmp_path, what):
    content, uid = BAD[what]

    with door(tmp_path) as node, Raw(node.port).associate() as peer:
        peer.store(content, uid)
        status = peer.receive()
        (reason,) = node.reasons()

    patterns = [re.escape(said).replace(r"\.\.\.", ".+") for said in comments()[status]]
    assert any(re.fullmatch(pattern, reason) for pattern in patterns), reason
    assert f"| {status:04X} |" in part("answered-statuses")


# Character sets

SETS = {
    "": ("ascii", "SMITH^JOHN"),
    "ISO_IR 13": ("shift_jis", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
    "ISO_IR 100": ("iso8859-1", "Müller^Jürgen"),
    "ISO_IR 101": ("iso8859-2", "Dvořák^Antonín"),
    "ISO_IR 109": ("iso8859-3", "Ċetta^Ġorġ"),
    "ISO_IR 110": ("iso8859-4", "Bērziņš^Jānis"),
    "ISO_IR 126": ("iso8859-7", "Διονυσιος^Σολωμος"),
    "ISO_IR 127": ("iso8859-6", "قباني^لنزار"),
    "ISO_IR 138": ("iso8859-8", "שרון^דבורה"),
    "ISO_IR 144": ("iso8859-5", "Люксембург^Роза"),
    "ISO_IR 148": ("iso8859-9", "Çavuşoğlu^İpek"),
    "ISO_IR 166": ("iso8859-11", "สมชาย^ใจดี"),
    "ISO_IR 192": ("utf-8", "Wang^XiaoDong=王^小東=Διονυσιος"),
    "GB18030": ("gb18030", "Wang^XiaoDong=王^小东"),
    "GBK": ("gbk", "Wang^XiaoDong=王^小东"),
}
"""How names are written in each set, and a name."""

EXTENDED = {
    "ISO 2022 IR 87": (
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ),
    "ISO 2022 IR 149": (
        b"Hong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
        "Hong=洪^吉洞=홍^길동",
    ),
    "ISO 2022 IR 126": (
        b"Dionysios=\x1b-F\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2",
        "Dionysios=Διονυσιος",
    ),
    "ISO 2022 IR 58": (
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
        "Zhang^XiaoDong=张^小东",
    ),
}
"""Names with escape sequences: those of PS3.5 Annexes H, I and K, and one of Annex J's kind."""


@pytest.mark.parametrize("term", [*SETS, *EXTENDED])
def test_a_name_in_a_set_that_is_listed_comes_back_in_unicode(term):
    if term in EXTENDED:
        terms, (raw, name) = f"\\{term}", EXTENDED[term]
    else:
        terms, (codec, name) = term, SETS[term]
        raw = name.encode(codec)

    back = named_like(terms, raw)

    assert back.SpecificCharacterSet == "ISO_IR 192"
    assert str(back.PatientName) == name
    assert term in part("character-sets")


def named_like(terms, name):
    """Return a result of a source whose Patient's Name has these bytes, read from its own."""
    source, result = Dataset(), Dataset()
    source.StudyInstanceUID = "1.2.3"
    for keyword, raw in (("SpecificCharacterSet", terms.encode()), ("PatientName", name)):
        tag, vr = tag_for_keyword(keyword), dictionary_VR(keyword)
        padded = raw + b" " * (len(raw) % 2)
        source[tag] = RawDataElement(
            tag, vr, len(padded), padded, 0, is_implicit_VR=False, is_little_endian=True
        )
    patient_study(written(source), result)
    return written(result)


def written(dataset):
    """Return `dataset` as it is read from its own bytes."""
    file = BytesIO()
    dataset.save_as(file, implicit_vr=False, little_endian=True)
    return dcmread(BytesIO(file.getvalue()), force=True)


# Results


def test_every_kind_of_result_is_described_or_is_a_form_of_one_that_is():
    assert {*DESCRIBED, *REPORTS, *CAD_REPORTS} == set(Kind)
    assert {one.kind for one in samples()} == set(Kind)


@pytest.mark.parametrize("kind", DESCRIBED)
def test_of_every_value_that_is_computed_the_document_says_how(kind):
    unsaid = [one.name for one in attributes(of(kind)) if one.source == "AUTO" and not one.said]

    assert unsaid == []


@pytest.mark.parametrize("kind", DESCRIBED)
def test_every_attribute_belongs_to_a_module_of_the_iod_and_none_is_private(kind):
    (sop_class,) = {str(one.dataset.SOPClassUID) for one in of(kind)}
    held = {element.tag for one in of(kind) for element in one.dataset}

    assert held <= set(modules(sop_class))
    assert not any(tag.is_private for one in of(kind) for tag in _tags(one.dataset))


def _tags(dataset):
    return [element.tag for element in dataset.iterall()]


@pytest.mark.parametrize("forms", [REPORTS, CAD_REPORTS])
def test_the_forms_of_a_report_hold_the_same_attributes_and_items(forms):
    first, *others = forms
    names = {one.path for one in attributes(of(first, "rich"))}
    content = {(row.depth, row.relationship, row.value_type) for row in rows(of(first, "rich"))}

    for form in others:
        assert {one.path for one in attributes(of(form))} <= names
        assert {(row.depth, row.relationship, row.value_type) for row in rows(of(form))} <= content


def test_no_description_of_a_series_names_a_view_and_all_numbers_are_high():
    for one in samples():
        words = set(re.split(r"\W+", one.dataset.SeriesDescription))
        assert "RESEARCH" in words
        assert not words & {"CC", "MLO", "RCC", "LCC", "RMLO", "LMLO"}
        assert int(one.dataset.SeriesNumber) > 9100


def test_the_same_outcome_has_the_same_uid_in_every_sample():
    assert len({one.dataset.SOPInstanceUID for one in samples()}) > 0
    by_uid = {}
    for one in samples():
        by_uid.setdefault(one.dataset.SOPInstanceUID, set()).add(one.dataset.to_json())

    assert all(len(held) == 1 for held in by_uid.values())
    assert all(uid.startswith("2.25.") for uid in by_uid)


def test_objects_are_proposed_as_they_are_stored_and_apart_from_that_uncompressed():
    proposed = re.findall(
        r"^\| .+ \| (1\.[\d.]+) \| .+ \| ([\d., ]+) \|$", part("proposed-contexts"), re.MULTILINE
    )
    stored = {
        (str(one.dataset.SOPClassUID), str(one.dataset.file_meta.TransferSyntaxUID))
        for one in samples()
    }

    assert stored <= set(proposed)
    plain = f"{ExplicitVRLittleEndian}, {ImplicitVRLittleEndian}"
    assert {(uid, plain) for uid, _ in stored} <= set(proposed)
