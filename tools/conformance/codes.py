"""The codes that results are written with: those in the code of the makers, and in the samples."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pydicom import Dataset

import pipelines.results
from pipelines.results import views
from pipelines.results.cad_report import terms
from pipelines.results.codes import PRIVATE_SCHEME, Term
from tools.conformance.document import table
from tools.conformance.samples import samples

Triple = tuple[str, str, str]
"""Coding scheme, value, meaning."""
SOURCES = Path(str(pipelines.results.__file__)).parent
SNOMED_RT = "SRT"
SCHEMES = {
    "DCM": "DICOM Controlled Terminology (PS3.16 Annex D)",
    "SCT": "SNOMED CT",
    SNOMED_RT: "SNOMED RT, only in reports of the kind `cad-sr-srt`",
    "UCUM": "Unified Code for Units of Measure",
    "RFC5646": "tags of languages",
    PRIVATE_SCHEME: "private codes of Senoscope",
}


def private_codes() -> str:
    """List the codes of our own scheme, and where they are used."""
    rows = [
        (code[1], code[2], ", ".join(said for said, used in _by_series().items() if code in used))
        for code in sorted(_all())
        if code[0] == PRIVATE_SCHEME
    ]
    return table(("code value", "code meaning", "in"), rows)


def standard_codes() -> str:
    """List the codes of all other schemes."""
    found = sorted(one for one in _all() if one[0] != PRIVATE_SCHEME)
    parts = [
        f"**{scheme}**, {said}:\n\n"
        + table(("code value", "code meaning"), [one[1:] for one in found if one[0] == scheme])
        for scheme, said in SCHEMES.items()
        if scheme != PRIVATE_SCHEME
    ]
    unknown = {scheme for scheme, _, _ in found} - set(SCHEMES)
    if unknown:
        raise ValueError(f"schemes that are not explained: {sorted(unknown)}")
    return "\n\n".join(parts)


def _all() -> set[Triple]:
    return {*_written()}.union(*_by_series().values())


def _written() -> Iterator[Triple]:
    """Yield the codes that the sources of the makers hold."""
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name(id="dcm"),
                    args=[ast.Constant(value=str(value)), ast.Constant(value=str(said))],
                ):
                    yield "DCM", value, said
                case ast.Call(
                    func=ast.Name(id="Code"),
                    args=[ast.Constant(value=str(value)), scheme, ast.Constant(value=str(said))],
                ):
                    yield _scheme(scheme), value, said
    for term in _terms():
        yield "SCT", term.sct, term.meaning
        yield SNOMED_RT, term.srt, term.meaning


def _scheme(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else PRIVATE_SCHEME


def _terms() -> Iterator[Term]:
    yield from (*views.VIEWS.values(), views.SPECIMEN)
    for held in vars(terms).values():
        match held:
            case Term():
                yield held
            case tuple():
                yield from (one for one in held if isinstance(one, Term))
            case dict():
                yield from (one for one in held.values() if isinstance(one, Term))


def _used(dataset: Dataset) -> Iterator[Triple]:
    """Yield the codes in a data set, at any depth."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                if "CodeValue" in item:
                    yield item.CodingSchemeDesignator, item.CodeValue, item.CodeMeaning
                yield from _used(item)


@cache
def _by_series() -> dict[str, set[Triple]]:
    """Return the codes that are used in series of each description."""
    found: dict[str, set[Triple]] = {}
    for one in samples():
        found.setdefault(str(one.dataset.SeriesDescription), set()).update(_used(one.dataset))
    return found
