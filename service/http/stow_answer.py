"""What a STOW-RS request is answered with: PS3.18 section 10.5.3 and Annex I."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from xml.etree.ElementTree import Element, SubElement, tostring

from pydicom import DataElement, Dataset

from service.http.upload import Outcome
from service.intake.statuses import OUT_OF_RESOURCES
from service.ledger.uids import is_uid

KEPT_AS_VERSION = 0xB100
"""Warning Reason of our own: other bytes are kept under this UID too; docs/stow.md."""
JSON, XML = "application/dicom+json", "application/dicom+xml"


def status_of(outcomes: Sequence[Outcome]) -> HTTPStatus:
    """Return the status of a request: PS3.18 Table 10.5.3-1."""
    if outcomes and all(one.is_ours and not one.is_version for one in outcomes):
        return HTTPStatus.OK
    if any(one.is_ours for one in outcomes):
        return HTTPStatus.ACCEPTED
    if outcomes and all(one.status == OUT_OF_RESOURCES for one in outcomes):
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.CONFLICT


def answer_of(outcomes: Sequence[Outcome]) -> Dataset:
    """Return the Store Instances Response Module: PS3.18 Table I.1-1."""
    answer = Dataset()
    answer.RetrieveURL = ""
    kept = [_kept(one) for one in outcomes if one.is_ours]
    failed = [_failed(one) for one in outcomes if not one.is_ours and _is_named(one)]
    others = [_reason(one) for one in outcomes if not one.is_ours and not _is_named(one)]
    if failed:
        answer.FailedSOPSequence = failed
    if kept:
        answer.ReferencedSOPSequence = kept
    if others:
        answer.OtherFailuresSequence = others
    return answer


def told(answer: Dataset, accept: str) -> tuple[bytes, str]:
    """Return `answer` as the client would have it, and its media type: JSON unless it asks."""
    if "xml" in accept and "json" not in accept:
        return _xml(answer), XML
    return json.dumps(answer.to_json_dict()).encode(), JSON


def _is_named(one: Outcome) -> bool:
    return is_uid(one.sop_class_uid) and is_uid(one.sop_instance_uid)


def _reference(one: Outcome) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = one.sop_class_uid
    item.ReferencedSOPInstanceUID = one.sop_instance_uid
    return item


def _kept(one: Outcome) -> Dataset:
    item = _reference(one)
    item.RetrieveURL = ""
    if one.is_version:
        item.WarningReason = KEPT_AS_VERSION
    return item


def _failed(one: Outcome) -> Dataset:
    item = _reference(one)
    item.FailureReason = one.status
    return item


def _reason(one: Outcome) -> Dataset:
    item = Dataset()
    item.FailureReason = one.status
    return item


def _xml(dataset: Dataset) -> bytes:
    """Return `dataset` in the Native DICOM Model: PS3.19 A.1."""
    root = Element("NativeDicomModel", {"xml:space": "preserve"})
    _add(root, dataset)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _add(parent: Element, dataset: Dataset) -> None:
    for element in dataset:
        names = {"tag": f"{element.tag:08X}", "vr": str(element.VR), "keyword": element.keyword}
        child = SubElement(parent, "DicomAttribute", names)
        if element.VR == "SQ":
            _add_items(child, element)
        elif element.value != "":
            SubElement(child, "Value", {"number": "1"}).text = str(element.value)


def _add_items(parent: Element, sequence: DataElement) -> None:
    for number, item in enumerate(sequence.value, start=1):
        _add(SubElement(parent, "Item", {"number": str(number)}), item)
