"""Run every validator on result objects: `python -m tools.validate FILE...`.

Exits 1 if anything is said that tools.validate.allowed does not let stand.
"""

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from pydicom import dcmread

from tools.validate.allowed import why_allowed
from tools.validate.validators import (
    SR_CLASSES,
    STATE_CLASSES,
    Complaint,
    dciodvfy,
    dcmftest,
    dcmpschk,
    dicom_validator,
    dsrdump,
    pixelmed,
)

THREADS = 2


def main() -> int:
    """Print what the validators say, and return the exit status."""
    arguments = _arguments()
    complaints = list(
        _complaints(arguments.files, arguments.edition, with_templates=arguments.templates)
    )
    faults = [one for one in complaints if why_allowed(one.validator, one.said) is None]
    for fault in faults:
        sys.stdout.write(f"{fault.path.name}: {fault.validator}: {fault.said}\n")
    sys.stdout.write(
        f"{len(arguments.files)} files, {len(complaints) - len(faults)} complaints let stand, "
        f"{len(faults)} faults\n"
    )
    return 1 if faults else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.validate", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--edition",
        type=Path,
        default=Path(".cache/dicom-validator"),
        help="folder for the tables of the standard; made when missing",
    )
    parser.add_argument(
        "--templates",
        action="store_true",
        help="check SR templates with PixelMed too; takes many seconds a report",
    )
    return parser.parse_args()


def _complaints(files: list[Path], edition: Path, *, with_templates: bool) -> Iterator[Complaint]:
    reports = [path for path in files if _is_of(SR_CLASSES, path)]
    states = [path for path in files if _is_of(STATE_CLASSES, path)]
    checks = [(check, path) for check in (dciodvfy, dcmftest) for path in files]
    checks += [(dsrdump, path) for path in reports]
    checks += [(dcmpschk, path) for path in states]
    checks += [(pixelmed, path) for path in reports if with_templates]
    with ThreadPoolExecutor(THREADS) as pool:
        done = pool.map(lambda check: list(check[0](check[1])), checks)
        yield from dicom_validator(files, edition)
        yield from chain.from_iterable(done)


def _is_of(classes: str, path: Path) -> bool:
    return str(dcmread(path, specific_tags=["SOPClassUID"]).SOPClassUID).startswith(classes)


if __name__ == "__main__":
    sys.exit(main())
