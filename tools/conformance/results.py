"""The generated parts that are about the objects that are made."""

from collections.abc import Iterable, Sequence
from functools import cache, partial

from pydicom.uid import UID

from pipelines.eligibility import ALLOWABLE, NOT_ANALYSED, SKIPPED
from pipelines.kinds import CAD_REPORTS, REPORTS, USUAL, Kind
from tools.conformance.attributes import Attribute, attributes
from tools.conformance.content import COLUMNS, Row, rows
from tools.conformance.document import table
from tools.conformance.modules import USAGES, modules
from tools.conformance.networking import name_of
from tools.conformance.samples import Sample, samples

TITLES = {
    Kind.SC_MULTIFRAME: "Super-resolved image: Multi-frame Grayscale Word Secondary Capture",
    Kind.SC_SINGLE: "Super-resolved image: Secondary Capture",
    Kind.MG_DERIVED: "Super-resolved image: Digital Mammography X-Ray Image",
    Kind.CAD_SR: "Mammography CAD SR",
    Kind.TID1500: "Measurement reports",
    Kind.SEG: "Segmentations",
    Kind.GSPS: "Presentation states",
    Kind.SC_RGB: "Overlay: Secondary Capture in colour",
}
"""Of each first form; the other forms of a report have the same attributes."""
MEASUREMENTS = "126010"
ATTRIBUTE_COLUMNS = ("attribute", "tag", "presence", "source", "value, or how it comes about")
Block = tuple[Attribute, ...]
"""An attribute and what is in it, if it is a sequence."""


def kinds() -> str:
    """List the kinds of results, as `accepts` of a destination names them."""
    found: dict[tuple[str, ...], set[str]] = {}
    for one in samples():
        line = (
            str(one.dataset.SeriesNumber),
            f"`{one.kind}`",
            name_of(str(one.dataset.SOPClassUID)),
            str(one.dataset.SOPClassUID),
            str(one.dataset.SeriesDescription),
            UID(one.dataset.file_meta.TransferSyntaxUID).name,
            "on" if one.kind in USUAL else "off",
        )
        found.setdefault(line, set()).add(f"`{one.pipeline}`")
    order = list(Kind)
    lines = sorted(found, key=lambda line: (int(line[0]), order.index(Kind(line[1].strip("`")))))
    return table(
        (
            *("series", "kind", "SOP class", "UID", "Series Description", "transfer syntax"),
            *("default", "made by"),
        ),
        [(*line, ", ".join(sorted(found[line]))) for line in lines],
    )


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
    found: dict[str, list[Sample]] = {}
    for one in _of(Kind.TID1500):
        found.setdefault(f"{one.dataset.SeriesDescription}, series {one.dataset.SeriesNumber}", [])
        found[f"{one.dataset.SeriesDescription}, series {one.dataset.SeriesNumber}"].append(one)
    return "\n\n".join(
        f"{title}:\n\n{_listed(rows(held, MEASUREMENTS))}"
        for title, held in sorted(found.items(), key=lambda item: item[0][-4:])
    )


def allowable() -> str:
    """List the words for images that are analysed only where a route allows it."""
    return table(
        ("word", "why it is not analysed elsewhere"),
        [(f"`{word}`", reason) for word, reason in ALLOWABLE.items()],
    )


def reasons() -> str:
    """List why images are left alone."""
    one_by_one = [reason.format(done="processed") for _, reason in SKIPPED]
    study = [reason for _, reason in NOT_ANALYSED]
    rows_ = [(f"{reason}", "all but `cad`") for reason in one_by_one]
    rows_ += [(reason, "`cad`") for reason in study]
    return table(("reason", "pipelines"), rows_)


SECTIONS = {
    "result-kinds": kinds,
    "common-attributes": common,
    **{f"attributes-{kind}": partial(attributes_of, kind) for kind in TITLES},
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
    return frozenset.intersection(*(frozenset(_blocks(kind)) for kind in TITLES))


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


FORMS = {Kind.CAD_SR: CAD_REPORTS, Kind.TID1500: REPORTS}
"""The kinds whose attributes are those of their first."""
