"""The report of an evaluation of the CAD, in words, tables and curves."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from engines.card import Card
from engines.evaluation.bootstrap import REPEATS, Interval
from engines.evaluation.cad import RATES, Detected, Figure, Watched
from engines.evaluation.froc import Curve

MOST_SHOWN = 8
"""False marks an image at the right end of the picture."""

METHOD = f"""\
Films of mini-MIAS (Suckling 1994), all of them oblique views, digitised at 0.2 mm and 8 bits. The
detector has seen none of these patients, in training or validation; each network after it is judged
on patients whom it has not seen (the one that enlarges was told of no lesion, and does not count).
Each film is shrunk to the detector's window; the pectoral muscle is not searched. Films with a
lesion whose place is not given are left out.

A candidate hits a lesion when the centre of its region lies within the annotated circle. Several
hits on a lesion count once, and none of them as false. Where only some lesions are sought, marks on
the others count neither way. False marks are per film, films without a lesion included. Sensitivity
is the highest at no more than so many false marks.

"In annotated circles" is the set-up of Jimenez-Gaona 2024: the region is given, a square twice as
wide as the circle, at least 12 mm; nothing is detected. "Where detected" takes the surest
candidate that hits the lesion and would be reported. Dice is of the outline in the given region and
the one that an expert drew, where there is one and it is not doubtful; means over lesions.

Intervals are of 95 %: patients drawn anew with all their films, {REPEATS} times.
Research use only: these are a few old films, not a clinical evaluation.
"""


def rows_of_detected(found: Iterable[Detected]) -> list[list[str]]:
    """Return each method and kind of lesion with the sensitivities as text."""
    return [
        [
            one.method,
            one.kind,
            str(one.films),
            str(one.lesions),
            *(_told(each) for each in one.sensitivities),
        ]
        for one in found
    ]


def rows_of_figures(told: Iterable[Figure]) -> list[list[str]]:
    """Return each figure as text."""
    return [
        [
            one.what,
            str(one.number),
            f"{one.result.value:.2f}",
            f"{one.result.low:.2f} to {one.result.high:.2f}",
        ]
        for one in told
    ]


def markdown(
    card: Card,
    models: Sequence[str],
    watched: Sequence[Watched],
    found: Sequence[Detected],
    told: Sequence[Figure],
    picture: Path | None,
) -> str:
    """Return the whole report."""
    lesions = sum(len(one.lesions) for one in watched)
    ill = sum(1 for one in watched if one.film.lesions)
    rates = [f"at {rate:g}" for rate in RATES]
    parts = [
        f"# {card.name} {card.version} on mini-MIAS",
        f"{len(watched)} films, {ill} of them with {lesions} lesions. Models: {'; '.join(models)}.",
        METHOD,
        "## Sensitivity at false marks a film",
        _table(["method", "lesions", "films", "number", *rates], rows_of_detected(found)),
        f"![sensitivity against false marks a film]({picture.name})" if picture else "",
        "## At the operating point, and after detection",
        _table(["what", "number", "value", "95 % interval"], rows_of_figures(told)),
        "## What was trained on what",
        f"{card.name}: {card.training.data} ({card.training.licence}).",
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def draw(path: Path, curves: Mapping[str, Mapping[str, Curve]]) -> None:
    """Draw a picture of the curves of each method for each kind of lesions.

    Raises:
        ImportError: there is nothing to draw with.
    """
    from matplotlib.figure import Figure as Canvas  # noqa: PLC0415 - an extra

    canvas = Canvas(figsize=(9, 3.8), layout="constrained")
    places = canvas.subplots(1, len(curves), sharey=True, squeeze=False)[0]
    for place, (kind, of_methods) in zip(places, curves.items(), strict=True):
        for name, curve in of_methods.items():
            place.step(curve.false_marks, curve.sensitivities, where="post", label=name)
        place.set(xlim=(0, MOST_SHOWN), ylim=(0, 1), xlabel="false marks a film", title=kind)
        place.grid(alpha=0.3)
    places[0].set_ylabel("sensitivity")
    places[0].legend(loc="lower right")
    canvas.savefig(path, dpi=120)


def _told(interval: Interval) -> str:
    return f"{interval.value:.2f} ({interval.low:.2f} to {interval.high:.2f})"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
