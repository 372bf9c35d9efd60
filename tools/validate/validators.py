"""One function for each validator: files in, complaints out, by file.

From Debian: dicom3tools (dciodvfy), dcmtk (dcmftest, dcmpschk, dsrdump), pixelmed-apps; from PyPI:
dicom-validator.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tools.validate.edition import make_edition

SR_CLASSES = "1.2.840.10008.5.1.4.1.1.88."
STATE_CLASSES = "1.2.840.10008.5.1.4.1.1.11."
OUR_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.1.2",  # Digital Mammography X-Ray Image - For Presentation
    "1.2.840.10008.5.1.4.1.1.7",  # Secondary Capture Image
    "1.2.840.10008.5.1.4.1.1.7.3",  # Multi-frame Grayscale Word Secondary Capture Image
    "1.2.840.10008.5.1.4.1.1.11.1",  # Grayscale Softcopy Presentation State
    "1.2.840.10008.5.1.4.1.1.66.4",  # Segmentation
    "1.2.840.10008.5.1.4.1.1.88.22",  # Enhanced SR
    "1.2.840.10008.5.1.4.1.1.88.33",  # Comprehensive SR
    "1.2.840.10008.5.1.4.1.1.88.34",  # Comprehensive 3D SR
    "1.2.840.10008.5.1.4.1.1.88.50",  # Mammography CAD SR
)
"""What our results are stored as; dicom-validator knows these and no others."""

JARS = ("pixelmed", "commons-codec", "slf4j-simple", "slf4j-api", "jsonp")
XPATH_LIMITS = ("xpathExprGrpLimit", "xpathExprOpLimit", "xpathTotalOpLimit")


class Complaint(NamedTuple):
    """What a validator says against a file."""

    path: Path
    validator: str
    said: str


def dciodvfy(path: Path) -> Iterator[Complaint]:
    """Check the IOD: what is required, forbidden and spelt wrongly."""
    status, said = _run("dciodvfy", str(path))
    lines = [line for line in said if line.startswith(("Error", "Warning"))]
    if status and not lines:
        lines = [f"Error - exit status {status}"]
    return (Complaint(path, "dciodvfy", line) for line in lines)


def dcmftest(path: Path) -> Iterator[Complaint]:
    """Check that it is a DICOM file."""
    status, said = _run("dcmftest", str(path))
    if status:
        yield Complaint(path, "dcmftest", " ".join(said))


def dsrdump(path: Path) -> Iterator[Complaint]:
    """Check the relationships of a structured report."""
    status, said = _run("dsrdump", "+U8", str(path))
    for line in said:
        if line.startswith(("E:", "W:", "F:")):
            yield Complaint(path, "dsrdump", line)
    if status:
        yield Complaint(path, "dsrdump", f"E: exit status {status}")


def dcmpschk(path: Path) -> Iterator[Complaint]:
    """Check a presentation state."""
    status, said = _run("dcmpschk", str(path))
    if status or not any("Test passed" in line for line in said):
        yield Complaint(path, "dcmpschk", " ".join(said))


def pixelmed(path: Path) -> Iterator[Complaint]:
    """Check the templates of a structured report; takes many seconds."""
    limits = [f"-Djdk.xml.{limit}=0" for limit in XPATH_LIMITS]  # Java 17.0.14 has lower ones
    jars = ":".join(f"/usr/share/java/{jar}.jar" for jar in JARS)
    validator = "com.pixelmed.validate.DicomSRValidator"
    _, said = _run("java", *limits, "-Xss16m", "-cp", jars, validator, str(path))
    if not any("Root Template Validation Complete" in line for line in said):
        yield Complaint(path, "pixelmed", "Error: no root template recognised")
    for line in said:
        if line.startswith(("Error", "Warning")):
            yield Complaint(path, "pixelmed", line)


def dicom_validator(paths: Sequence[Path], edition: Path) -> Iterator[Complaint]:
    """Check modules and attributes against the tables of PS3.3."""
    make_edition(edition, OUR_CLASSES)
    program = str(Path(sys.executable).with_name("validate_iods"))
    _, said = _run(program, "-src", str(edition), "-e", "local", *map(str, paths))
    by_name: Mapping[str, Path] = {str(path): path for path in paths}
    path, module, seen = paths[0], "", set()
    for line in said:
        if found := re.match(r"Validating DICOM file (.*)", line):
            path = by_name[found[1]]
            seen.add(path)
        elif line.startswith("Module"):
            module = line
        elif re.search(r"is missing|unexpected|not allowed|should|[Ii]nvalid|not conform", line):
            yield Complaint(path, "dicom-validator", f"{module} {line.strip()}")
        elif "Traceback" in line or "Unknown SOPClassUID" in line:
            yield Complaint(path, "dicom-validator", line)
    for unseen in set(paths) - seen:
        yield Complaint(unseen, "dicom-validator", "it was not validated")


def _run(*command: str) -> tuple[int, list[str]]:
    done = subprocess.run(  # noqa: S603 - the validators above, on files that the caller names
        command, capture_output=True, text=True, errors="replace", check=False
    )
    return done.returncode, (done.stdout + done.stderr).splitlines()
