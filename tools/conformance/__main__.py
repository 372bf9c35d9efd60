"""Write the generated parts of docs/conformance.md: `python -m tools.conformance`.

With `--check` it writes nothing, says what differs, and exits 1 if anything does.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.conformance.document import differences, filled
from tools.conformance.sections import SECTIONS

DOCUMENT = Path(__file__).parents[2] / "docs" / "conformance.md"


def main(words: Sequence[str] | None = None, document: Path = DOCUMENT) -> int:
    """Write the document, or compare it, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.conformance", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    arguments = parser.parse_args(words)
    old = document.read_text(encoding="utf-8")
    new = filled(old, SECTIONS)
    changes = differences(old, new, document.name)
    sys.stdout.writelines(f"{line}\n" for line in changes)
    if not arguments.check:
        document.write_text(new, encoding="utf-8")
    return 1 if arguments.check and changes else 0


if __name__ == "__main__":
    sys.exit(main())
