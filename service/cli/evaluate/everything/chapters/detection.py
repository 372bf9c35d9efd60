"""What the report says of detection."""

from engines.evaluation.cad import RATES
from service.cli.evaluate.everything.chapter import Results
from service.cli.evaluate.everything.measures.detection import Found
from service.cli.evaluate.everything.tables import Block, Cell, Column, Picture, Section, Table
from service.cli.evaluate.report import METHOD

TITLE = "Detection on whole films, and what follows it"


def tell(results: Results) -> Section:
    """Return the chapter."""
    done: list[Found] = [one.outcome for one in results.of(Found)]
    blocks: list[Block] = [METHOD.strip()]
    if done:
        blocks += [_sensitivities(done), _figures(done)]
    for one in done:
        said = f"{one.model}: sensitivity against false marks a film, {one.films} films"
        blocks += [Picture(one.file, said), f"Networks: {'; '.join(one.chain)}."]
    return Section(TITLE, tuple(blocks))


def _sensitivities(done: list[Found]) -> Table:
    columns = [Column(name) for name in ("method", "lesions", "films", "number")]
    columns += [Column(f"at {rate:g} (95 %)") for rate in RATES]
    rows: list[tuple[Cell, ...]] = [
        (found.method, found.kind, found.films, found.lesions, *found.sensitivities)
        for one in done
        for found in one.detected
    ]
    return Table("detection", "Sensitivity at false marks a film", tuple(columns), tuple(rows))


def _figures(done: list[Found]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (one.model, figure.what, figure.number, figure.result)
        for one in done
        for figure in one.figures
    ]
    columns = (Column("detector"), Column("what"), Column("number"), Column("value (95 %)"))
    title = "At the operating point, and after detection"
    return Table("detection-chain", title, columns, tuple(rows))
