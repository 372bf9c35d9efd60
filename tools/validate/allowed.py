"""What validators say that we let stand, and why."""

import re
from typing import NamedTuple


class Allowed(NamedTuple):
    """A complaint of one validator that is no fault."""

    validator: str
    pattern: str
    why: str


NOT_LATIN = (
    r"E: Error: Attribute value does not conform to data type definition\. "
    r"E: +Affected attribute: \w+ \([0-9A-Fa-f,]+\), Type (LO|PN|SH) "
    r"E: +Attribute value +: \[[^\]]*[^\x00-\x7f][^\]]*\] "
    r"E: +Expected format for each value: \S.*? E: +"
)
NO_NAME = r"W: patientName absent or empty in presentation state "
"""What dcmpschk says of these, and it must say nothing else: all of it is one complaint."""

ALLOWED = (
    Allowed(
        "dciodvfy",
        r"Unrecognized defined term <99\w+> for value 1 of attribute <Coding Scheme Designator>",
        "a private coding scheme: ours, or that of equipment before us",
    ),
    Allowed(
        "dciodvfy",
        r"Unrecognized defined term <SUPERRES_X\d> for value 4 of attribute <Image Type>",
        "from value 4 on Image Type is the implementation's",
    ),
    Allowed(
        "dciodvfy",
        r"Value dubious for this VR - .* PN .* - Retired Person Name form",
        "the name as the source has it: a patient keeps her name",
    ),
    Allowed(
        "dciodvfy",
        r"Missing attribute or value that would be needed to build DICOMDIR - "
        r"(Patient ID|Study ID|Study Date|Study Time)",
        "type 2, and empty in the source too",
    ),
    Allowed(
        "dciodvfy",
        r"is only permitted to be empty when actually unknown.* attribute <Laterality>",
        "the source does not state the side, nor a part of the body that has none",
    ),
    Allowed(
        "dciodvfy",
        r"Unrecognized defined term <[^>]*> for value 1 of attribute <Body Part Examined>",
        "as the source has it: there are more parts than terms",
    ),
    Allowed(
        "dciodvfy",
        r"CodingSchemeDesignator is deprecated .* = <SRT>",
        "the CAD report for workstations from before 2019; a test holds it to that one",
    ),
    Allowed(
        "dciodvfy",
        r"Unrecognized defined term <[^>]*> for value 1 of attribute <View Position>",
        "as the source has it: mammographs say CC and MLO, which are no terms of DX",
    ),
    Allowed(
        "dciodvfy",
        r"LookupTableData bad - Modality LUT - LUT Descriptor number of bits = 16 but maximum",
        "a table of the source that fills fewer: 8 and 16 can be said, and windows are over values",
    ),
    Allowed(
        "dicom-validator",
        r"\(0028,0009\) \(Frame Increment Pointer\) is missing",
        "2020 text; since then it is for several frames only, and dciodvfy forbids it for one",
    ),
    Allowed(
        "dcmpschk",
        rf"^W: Testing: \S+ (({NOT_LATIN})+({NO_NAME})?|{NO_NAME})"
        r"W: Test failed - one or more errors\.$",
        "it takes bytes of UTF-8 for control characters, and wants a name where none may be known",
    ),
    Allowed(
        "dsrdump",
        r"Check for template constraints not yet supported",
        "dcmtk checks relationships; PixelMed checks templates",
    ),
    Allowed(
        "dsrdump",
        r"VR checker does not support this Specific Character Set: ISO_IR 192",
        "a limit of the tool",
    ),
    Allowed(
        "pixelmed",
        r"Code \((71651007|363679005),SCT,\"[A-Za-z ]+\"\) not found in context group 100",
        "CID 100 is baseline: others may be used",
    ),
    Allowed(
        "pixelmed",
        r"has different code meaning \(\"Failed (Detections|Analyses)\"\)",
        "its own template has a space too many there",
    ),
    Allowed(
        "pixelmed",
        r"Template 4016MammoParameters \S+/\[Row 3\] .*: Missing conditional content item",
        "it asks for failed analyses where the detections beside them failed",
    ),
    Allowed(
        "pixelmed",
        r"\"Measurement Group\"\)/(CODE \((AICLASS,99SENOSCOPE|111017,DCM)|TEXT \(121106,DCM),"
        r"\S+.*: Content Item not in template",
        "qualitative evaluations came to groups of measurements later, which are extensible",
    ),
    Allowed(
        "pixelmed",
        r"Template 1410 PlanarROIMeasurements/.*/\[Row [57]\] .*: Missing conditional content item",
        "where one group has a region it asks for one in all, though TID 1501 has groups of none",
    ),
)


def why_allowed(validator: str, complaint: str) -> str | None:
    """Return why a complaint is let stand, None if it is a fault."""
    reasons = (
        allowed.why
        for allowed in ALLOWED
        if allowed.validator == validator and re.search(allowed.pattern, complaint)
    )
    return next(reasons, None)
