"""The generated parts that are about what is read of objects that come in."""

import ast
from collections.abc import Iterator
from pathlib import Path

from pydicom.charset import python_encoding
from pydicom.datadict import dictionary_description, tag_for_keyword

import pipelines
from service.intake import identity
from tools.conformance.document import table

PACKAGE = Path(str(pipelines.__file__)).parent
READERS = {
    "which images are taken": ("eligibility.py", "mammogram/circumstances.py", "mammogram/view.py"),
    "their pixels and how they are shown": (
        *("display.py", "mammogram/decode.py", "mammogram/read.py", "mammogram/lookup.py"),
    ),
    "regions that a sender marks": ("regions",),
    "what goes into results": ("results", "cad"),
}
"""Files and folders of `pipelines`, by what they read a header for."""

NOT_READ = frozenset({"Mass"})
"""What is a keyword, and means something else there."""

NOT_UNDERSTOOD = frozenset({"ISO 2022 58", "ISO 2022 GBK"})
"""They are no defined terms."""

UNICODE = ("ISO_IR 192", "GB18030", "GBK")


def used_attributes() -> str:
    """List the attributes of objects that come in, by what they are read for."""
    listened = identity._WANTED  # noqa: SLF001 - the one list there is
    paths = sorted(" > ".join(map(dictionary_description, path)) for path in listened)
    rows = [("which object it is, and which view, by the listener", ", ".join(paths))]
    rows += [(said, _named(set(_read(places)))) for said, places in READERS.items()]
    return table(("read for", "attributes"), rows)


def character_sets() -> str:
    """List the values of Specific Character Set that are understood."""
    known = [term for term in python_encoding if term not in NOT_UNDERSTOOD]
    plain = [term for term in known if term.startswith("ISO_IR") and term not in UNICODE]
    extended = [term for term in known if term.startswith("ISO 2022")]
    rows = [
        ("without code extensions", ", ".join(("none, the default repertoire", *plain))),
        ("with code extensions", ", ".join(extended)),
        ("multi-byte, without code extensions", ", ".join(UNICODE)),
    ]
    return table(("repertoires", "Specific Character Set (0008,0005)"), rows)


def _read(places: tuple[str, ...]) -> Iterator[int]:
    """Yield the tags of all keywords that are written as texts in those files and folders."""
    for place in places:
        path = PACKAGE / place
        for file in path.rglob("*.py") if path.is_dir() else [path]:
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                match node:
                    case ast.Constant(value=str(word)) if word in NOT_READ:
                        continue
                    case ast.Constant(value=str(word)) if word and tag_for_keyword(word):
                        yield int(str(tag_for_keyword(word)))


def _named(tags: set[int]) -> str:
    return ", ".join(sorted(dictionary_description(tag) for tag in tags))
