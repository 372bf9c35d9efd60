"""The generated parts that are about the objects that are made."""

from collections.abc import Iterable, Sequence
from functools import cache, partial

from pipelines.eligibility import ALLOWABLE, NOT_ANALYSED, SKIPPED
from pipelines.kinds import REPORTS, USUAL, Kind
from tools.conformance.attributes import Attribute, attributes
from tools.conformance.content import COLUMNS, Row, rows
from tools.conformance.document import Sections, table
from tools.conformance.modules import USAGES, modules
from tools.conformance.networking import name_of
from tools.conformance.samples import FIRST_FORMS, Sample, samples

DESCRIBED = tuple(kind for kind in Kind if kind in FIRST_FORMS)
"""The kinds that have tables: other forms of a report have the attributes of the first."""
MEASUREMENTS = "126010"
ATTRIBUTE_COLUMNS = ("attribute", "tag", "presence", "source", "value, or how it comes about")
Block = tuple[Attribute, ...]
"""An attribute and what is in it, if it is a sequence."""


def kinds() -> str:
    """List the kinds of results, as `accepts` of a destination names them."""
    lines = []
    for kind in Kind:
        dataset = _of(kind)[0].dataset
        sop_class, syntax = str(dataset.SOPClassUID), str(dataset.file_meta.TransferSyntaxUID)
        usual = "on" if kind in USUAL else "off"
        lines.append((f"`{kind}`", name_of(sop_class), sop_class, name_of(syntax), usual))
    return table(("kind", "SOP class", "UID", "transfer syntax", "default"), lines)


def series() -> str:
    """List the series of results, and which pipelines make them."""
    found: dict[tuple[str, ...], set[str]] = {}
    for one in samples():
        if one.kind not in REPORTS[1:]:
            line = (str(one.dataset.SeriesNumber), str(one.dataset.SeriesDescription), one.kind)
            found.setdefault(line, set()).add(f"`{one.pipeline}`")
    forms = ", ".join(f"`{kind}`" for kind in REPORTS)
    lines = [
        (
            number,
            said,
            forms if kind in REPORTS else f"`{kind}`",
            ", ".join(sorted(found[number, said, kind])),
        )
        for number, said, kind in sorted(found)
    ]
    return table(("series number", "series description", "kinds", "made by"), lines)


def common() -> str:
    """List the attributes that all results have in common."""
    shared = _shared()
    blocks = [block for block in _blocks(Kind.SC_MULTIFRAME) if block in shared]
    return _tabulated(blocks, Kind.SC_MULTIFRAME)


def attributes_of(kind: Kind) -> str:
    """List what results of that kind have beyond what all have in common."""
    shared = _shared()
    blocks = [block for block in _blocks(kind) if block not in shared]
    return _tabulated(blocks, kind)


def cad_content() -> str:
    """List the content of the CAD report."""
    return _listed(rows(_of(Kind.CAD_SR)))


def report_content() -> str:
    """List what all measurement reports have in common."""
    found = rows(_of(Kind.TID1500))
    place = next(place for place, row in enumerate(found) if MEASUREMENTS in row.concept)
    end = next((n for n, row in enumerate(found[place + 1 :], place + 1) if not row.depth), None)
    return _listed(found[: place + 1] + (found[end:] if end is not None else []))


def measurements() -> str:
    """List the measurements of each measurement report."""
    found: dict[tuple[str, str], list[Sample]] = {}
    for one in _of(Kind.TID1500):
        title = str(one.dataset.SeriesNumber), str(one.dataset.SeriesDescription)
        found.setdefault(title, []).append(one)
    return "\n\n".join(
        f"Series {number}, {said}:\n\n{_listed(rows(held, MEASUREMENTS))}"
        for (number, said), held in sorted(found.items())
    )


def allowable() -> str:
    """List the words for images that are analysed only where a route allows it."""
    return table(
        ("word", "why it is not analysed elsewhere"),
        [(f"`{word}`", reason) for word, reason in ALLOWABLE.items()],
    )


def reasons() -> str:
    """List why images are left alone."""
    of_one = [reason.format(done="analysed") for _, reason in SKIPPED]
    of_study = [reason for _, reason in NOT_ANALYSED]
    said = {
        (True, True): "all",
        (True, False): "all but `cad`",
        (False, True): "`cad`",
    }
    lines = [
        (reason, said[reason in of_one, reason in of_study])
        for reason in dict.fromkeys([*of_one, *of_study])
    ]
    return table(("reason", "pipelines"), lines)


SECTIONS: Sections = {
    "result-kinds": kinds,
    "result-series": series,
    "common-attributes": common,
    **{f"attributes-{kind}": partial(attributes_of, kind) for kind in DESCRIBED},
    "content-cad": cad_content,
    "content-reports": report_content,
    "content-measurements": measurements,
    "allowable": allowable,
    "skipped": reasons,
}


def _of(kind: Kind) -> list[Sample]:
    return [one for one in samples() if one.kind is kind]


@cache
def _blocks(kind: Kind) -> Sequence[Block]:
    """Return the attributes of results of that kind, each with what is in it."""
    found: dict[int, list[Attribute]] = {}
    for one in attributes(_of(kind)):
        found.setdefault(one.path[0], []).append(one)
    return [tuple(held) for held in found.values()]


@cache
def _shared() -> frozenset[Block]:
    """Return what is the same in all kinds of results."""
    return frozenset.intersection(*(frozenset(_blocks(kind)) for kind in DESCRIBED))


def _tabulated(blocks: Sequence[Block], kind: Kind) -> str:
    """Return a table of attributes, by the modules of their IOD."""
    belongs = modules(str(_of(kind)[0].dataset.SOPClassUID))
    lines: list[tuple[str, ...]] = []
    last = None
    for block in sorted(blocks, key=lambda one: (belongs[one[0].path[0]], one[0].path)):
        module = belongs[block[0].path[0]]
        if module != last:
            lines.append((f"**{module.name}** ({USAGES[module.usage]})", "", "", "", ""))
            last = module
        lines += [(one.name, one.tag, one.presence, one.source, one.said) for one in block]
    return table(ATTRIBUTE_COLUMNS, lines)


def _listed(found: Iterable[Row]) -> str:
    return table(COLUMNS, [row.cells for row in found])
