"""mini-MIAS (Suckling 1994): PGM films, and one table of text that has its origin at the bottom."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from service.datasets.finding import archives_under, files_under, grouped, only
from service.datasets.images import as_png, read_pgm
from service.datasets.origins import MINI_MIAS
from service.datasets.preparing import MASKS, Item, Made, Plan, readme
from service.datasets.tables import LARGEST, read_text

FOLDER, RECIPE = "mammo/mias", "mini-mias 1"
SIDE = 1024
MASSES = frozenset({"CIRC", "SPIC", "MISC"})
SEVERITIES = {"B": "benign", "M": "malignant", "": "normal"}
COLUMNS = (
    "image",
    "patient",
    "side",
    "tissue",
    "lesion_index",
    "abnormality",
    "is_mass",
    "severity",
    "x_px",
    "y_px",
    "radius_px",
    "x_orig",
    "y_orig_bottom_left",
)
FILM = re.compile(r"mdb[0-9]{3}\.pgm", re.IGNORECASE)
IS_LINE = re.compile(r"\s*mdb[0-9]{3}\s", re.IGNORECASE)
LINE = re.compile(
    r"(?P<film>mdb[0-9]{3})\s+(?P<tissue>[FGD])\s+"
    r"(?:(?P<normal>NORM)|(?P<kind>CALC|CIRC|SPIC|MISC|ARCH|ASYM)\s+(?P<severity>[BM])"
    r"(?:\s+(?P<x>[0-9]{1,4})\s+(?P<y>[0-9]{1,4})\s+(?P<radius>[0-9]{1,4}))?(?:\s*\*.*)?)"
)
"""A film of the table; where lesions are spread it has no place but a note (README, note 4)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A line of the table; x, y and radius in pixels, y counted from the bottom, or empty."""

    film: str
    tissue: str
    kind: str
    severity: str
    x: str
    y: str
    radius: str


def plan(source: Path) -> Plan:
    """Return how the films below `source` are prepared.

    Raises:
        OSError: a file cannot be read.
        ValueError: the table or all of the films are missing, or the table is none.
    """
    films = grouped(files_under(source, lambda name: bool(FILM.fullmatch(name))), _film)
    if not films:
        hint = archives_under(source)
        raise ValueError(MINI_MIAS.lacks(f"no film mdbNNN.pgm{hint}", source))
    info, found = _table(source)
    findings: dict[str, list[Finding]] = {}
    for one in found:
        findings.setdefault(one.film, []).append(one)
    return Plan(
        MINI_MIAS,
        FOLDER,
        RECIPE,
        {"labels": COLUMNS, "masks": MASKS},
        [_item(name, films[name], findings[name]) for name in sorted(findings.keys() & films)],
        readme(MINI_MIAS, FOLDER),
        {name: f"{name}.pgm: named in {info.name}, not there" for name in findings.keys() - films},
        [f"{name}: not named in {info.name}" for name in sorted(films.keys() - findings)],
    )


def _film(path: Path) -> str:
    return path.stem.lower()


def _table(source: Path) -> tuple[Path, list[Finding]]:
    """Return the file with the table of films, whatever it is called, and what the table says."""
    named = files_under(source, lambda name: Path(name).suffix.lower() in {".txt", "", ".md"})
    paths = [path for path in named if path.stat().st_size <= LARGEST and _has_lines(path)]
    if not paths:
        raise ValueError(MINI_MIAS.lacks("no Info.txt with the table of films", source))
    first, *others = [(path, parse(path, read_text(path))) for path in paths]
    for path, findings in others:
        if findings != first[1]:
            raise ValueError(f"{first[0]} and {path} do not say the same; keep the right one")
    return first


def _has_lines(path: Path) -> bool:
    """Tell whether a file holds lines of the table, in whatever encoding."""
    held = path.read_bytes().replace(b"\0", b"").decode("latin-1")
    return any(IS_LINE.match(line) for line in held.splitlines())


def parse(path: Path, text: str) -> list[Finding]:
    """Return the lines of the table in `text`; what is written twice counts once.

    Raises:
        ValueError: a line that begins as one of the table does not go on as one.
    """
    found: dict[Finding, None] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not IS_LINE.match(line):
            continue
        match = LINE.fullmatch(line.strip())
        if match is None:
            raise ValueError(
                f"{path}: line {number} is {line.strip()[:60]!r}; as in the original it is "
                "'mdbNNN TISSUE CLASS SEVERITY X Y RADIUS', or 'mdbNNN TISSUE NORM'"
            )
        found[_finding(match.groupdict(default=""))] = None
    return list(found)


def _finding(said: Mapping[str, str]) -> Finding:
    return Finding(
        said["film"].lower(),
        said["tissue"],
        said["normal"] or said["kind"],
        SEVERITIES[said["severity"]],
        said["x"],
        said["y"],
        said["radius"],
    )


def _item(name: str, copies: Sequence[Path], findings: Sequence[Finding]) -> Item:
    def make() -> Made:
        films = {f"images/{name}.png": as_png(read_pgm(only(copies), SIDE))}
        return Made(films, {"labels": rows(findings)}, _doubts(findings))

    return Item(name, tuple(copies), repr(findings), make)


def rows(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """Return the rows of labels.csv about one film."""
    return [_row(index, one) for index, one in enumerate(findings)]


def _row(index: int, finding: Finding) -> dict[str, str]:
    number = int(finding.film.removeprefix("mdb"))
    down = str(SIDE - int(finding.y)) if finding.y else ""
    values = (
        f"images/{finding.film}.png",
        f"mias{(number + 1) // 2:03}",
        "R" if number % 2 else "L",
        finding.tissue,
        str(index),
        finding.kind,
        str(int(finding.kind in MASSES)),
        finding.severity,
        finding.x,
        down,
        finding.radius,
        finding.x,
        finding.y,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _doubts(findings: Iterable[Finding]) -> tuple[str, ...]:
    outside = [one for one in findings if one.x and not (_inside(one.x) and _inside(one.y))]
    return tuple(f"{one.kind} at ({one.x}, {one.y}) is outside the film" for one in outside)


def _inside(ordinate: str) -> bool:
    return 0 <= int(ordinate) <= SIDE
