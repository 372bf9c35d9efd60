"""All that is found, in one file that can be sent to whoever helps."""

import json
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from service.doctor.masking import Mask
from service.errors import NodeError
from service.ledger.disk import disk_errors

README = """\
A report on a Senoscope node (senoscope doctor). Research use only.

It holds no images and no patient's name, identifier or date. UIDs are replaced by others that
nobody can trace back (the same by the same); passwords, keys and tokens are left out, and so are
the values that messages quote and that routes compare with. Read it before you send it.
"""

Sections = Mapping[str, Callable[[], object]]


def examined(sections: Sections, mask: Mask) -> Mapping[str, object]:
    """Return what each section found, masked; one that cannot be asked says why."""
    return {name: mask.tree(_found(make)) for name, make in sections.items()}


def write_bundle(found: Mapping[str, object], path: Path) -> None:
    """Write each section as a file of a zip, for its owner alone to read.

    Raises:
        UnavailableError: if it cannot be written, or is there already.
    """
    with disk_errors(path.parent):
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with (
            os.fdopen(descriptor, "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle,
        ):
            bundle.writestr("README.txt", README)
            for name, value in found.items():
                if isinstance(value, str):
                    bundle.writestr(f"{name}.txt", value)
                else:
                    bundle.writestr(f"{name}.json", json.dumps(value, indent=1))


def _found(make: Callable[[], object]) -> object:
    try:
        return make()
    except (NodeError, OSError) as error:
        return {"not_known": str(error)}
