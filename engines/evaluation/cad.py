"""How well lesions of films are detected, outlined and judged."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from skimage.draw import polygon2mask

from engines.cad.chain import Networks, examine_region
from engines.cad.detection import Candidate, Limits, candidates, limits_of, within
from engines.cad.finding import Finding, Region
from engines.card import Card
from engines.evaluation.agreement import Mask, area_under_roc, dice
from engines.evaluation.bootstrap import Case, Interval, Statistic, intervals
from engines.evaluation.classical import classical
from engines.evaluation.froc import Curve, Mark, Marked, Truth, froc, sensitivities
from engines.evaluation.held_back import seen_by
from engines.evaluation.mias import FOLDER, SPACING, Film, Lesion
from engines.images import Grey, read_luma

RATES = (1.0, 2.0, 4.0)
"""False marks an image at which sensitivity is told."""

EVERYTHING = Limits(least_certainty=0.01, most=24)
"""The curve is drawn from far more marks than are ever reported."""

ROOM = 4
"""Side of the region around an annotated circle, in its radii: twice as wide as the lesion."""

LEAST_SIDE = 12 / SPACING
"""The smallest region, as the detector's: 12 mm."""


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """A lesion, and what became of it: in a region around its circle, and where it was detected.

    `overlap` is Dice of the outline in the given region with the one that an expert drew.
    """

    patient: str
    lesion: Lesion
    of_circle: Finding
    of_detector: Finding | None
    overlap: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A film, the candidates of each method, and what became of its lesions."""

    film: Film
    candidates: Mapping[str, Sequence[Candidate]]
    lesions: tuple[Examined, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """Which lesions count together."""

    name: str
    holds: Callable[[Lesion], bool]


KINDS = (
    Kind("all lesions", lambda _: True),
    Kind("masses", lambda lesion: lesion.is_mass),
    Kind("malignant lesions", lambda lesion: lesion.is_malignant),
    Kind("malignant masses", lambda lesion: lesion.is_mass and lesion.is_malignant),
)


@dataclass(frozen=True, slots=True)
class Detected:
    """How one method finds lesions of one kind, at each of `RATES`."""

    method: str
    kind: str
    films: int
    lesions: int
    sensitivities: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One more result: of how many lesions or films, and what."""

    what: str
    number: int
    result: Interval


def watch(films: Iterable[Film], networks: Networks, *, with_peer: bool) -> Iterator[Watched]:
    """Yield what is found on each film; `with_peer` by the classical detector too."""
    name = networks.detector.card.name
    for film in films:
        pixels = read_luma(film.path)
        found = {
            name: candidates(
                pixels, networks.detector, is_oblique=True, spacing=SPACING, limits=EVERYTHING
            )
        }
        if with_peer:
            found["without a network"] = classical(pixels, is_oblique=True, limits=EVERYTHING)
        reported = within(limits_of(networks.detector.card), found[name])
        lesions = tuple(_examined(pixels, film, networks, reported))
        yield Watched(film, found, lesions)


def curves(watched: Sequence[Watched], kind: Kind) -> dict[str, Curve]:
    """Return the free-response curve of each method for lesions of one kind."""
    return {name: froc(marked(watched, name, kind)) for name in watched[0].candidates}


def detected(watched: Sequence[Watched]) -> Iterator[Detected]:
    """Yield how each method finds lesions of each kind that there is."""
    for name in watched[0].candidates:
        for kind in KINDS:
            images = marked(watched, name, kind)
            lesions = sum(len(image.truths) for image in images)
            if lesions:
                found = tuple(sensitivities(images, RATES))
                yield Detected(name, kind.name, len(images), lesions, found)


def marked(watched: Sequence[Watched], method: str, kind: Kind) -> list[Marked]:
    """Return the films as what lesions of one kind are sought on; the others count neither way."""
    return [
        Marked(
            one.film.patient,
            tuple(_circles(one.film, kind.holds)),
            tuple(Mark(*c.region.centre, c.certainty) for c in one.candidates[method]),
            tuple(_circles(one.film, lambda lesion: not kind.holds(lesion))),
        )
        for one in watched
    ]


def followed(
    watched: Sequence[Watched], segmentation: Card, classification: Card
) -> Iterator[Figure]:
    """Yield what the networks after the detector make of lesions.

    Each is judged on films of patients whom it has not seen. The one that enlarges may have seen
    them: it was told of no lesion, and what it enlarges is brought back to what the others take.
    """
    judged = _unseen(watched, classification)
    for kind in KINDS[:2]:
        of_kind = [one for one in judged if kind.holds(one.lesion)]
        for where, found in (
            ("in annotated circles", [(one, one.of_circle) for one in of_kind]),
            ("where detected", [(one, one.of_detector) for one in of_kind]),
        ):
            yield from _judged(f"area under the ROC curve, {kind.name} {where}", found)
    outlined = [one for one in _unseen(watched, segmentation) if one.overlap is not None]
    yield from _figure(
        "Dice with the expert's outline, in annotated circles",
        [one.overlap or 0.0 for one in outlined],
        [one.patient for one in outlined],
        lambda overlaps: [float(np.mean(overlaps))],
    )


def reported(watched: Sequence[Watched], limits: Limits) -> Iterator[Figure]:
    """Yield the sensitivity and the false marks an image of the network at its operating point."""
    method = next(iter(watched[0].candidates))
    images = [
        replace(one, marks=tuple(within(limits, one.marks)))
        for one in marked(watched, method, KINDS[0])
    ]
    patients = [image.patient for image in images]
    point = f"reported ({limits.least_certainty:g} and more, {limits.most} at most)"
    yield from _figure(f"sensitivity, {point}", images, patients, _share_found)
    yield from _figure(f"false marks a film, {point}", images, patients, _false_marks)


def _unseen(watched: Sequence[Watched], card: Card) -> list[Examined]:
    """Return the lesions of patients whom a model has not seen."""
    every = [lesion for one in watched for lesion in one.lesions]
    return seen_by(card).held_back(every, FOLDER)


def _share_found(images: Sequence[Marked]) -> list[float]:
    return [float(froc(images).sensitivities[-1])]


def _false_marks(images: Sequence[Marked]) -> list[float]:
    return [float(froc(images).false_marks[-1])]


def _judged(what: str, found: Sequence[tuple[Examined, Finding | None]]) -> Iterator[Figure]:
    """Yield how well the classifier tells malignant lesions from benign ones."""
    told = [(one, finding) for one, finding in found if finding is not None]
    yield from _figure(
        what,
        [(finding.probability, one.lesion.is_malignant) for one, finding in told],
        [one.patient for one, _ in told],
        lambda judged: [area_under_roc(judged)],
    )


def _figure(
    what: str, cases: Sequence[Case], patients: Sequence[str], statistic: Statistic[Case]
) -> Iterator[Figure]:
    """Yield a figure of `cases`, none where there is no such figure of them."""
    if not cases:
        return
    try:
        (result,) = intervals(cases, patients, statistic)
    except ValueError:  # all of one class, or no lesion
        return
    yield Figure(what, len(cases), result)


def _examined(
    pixels: Grey, film: Film, networks: Networks, found: Sequence[Candidate]
) -> Iterator[Examined]:
    """Yield what the networks make of each lesion that has a place."""
    for lesion in film.lesions:
        circle = lesion.circle
        if circle is None:
            continue
        of_circle = examine_region(pixels, _around(circle), None, networks)
        hits = [one for one in found if circle.holds(*one.region.centre)]
        judged = [examine_region(pixels, hit.region, hit.certainty, networks) for hit in hits[:1]]
        yield Examined(
            film.patient,
            lesion,
            of_circle,
            next(iter(judged), None),
            _overlap(of_circle, lesion, pixels.shape),
        )


def _around(circle: Truth) -> Region:
    side = round(max(ROOM * circle.radius, LEAST_SIDE))
    return Region(round(circle.x - side / 2), round(circle.y - side / 2), side)


def _overlap(finding: Finding, lesion: Lesion, shape: tuple[int, ...]) -> float | None:
    if lesion.outline is None:
        return None
    drawn: Mask = polygon2mask(shape, finding.outline[:, ::-1] - 0.5)  # speaks of pixels' middles
    return dice(drawn, read_luma(lesion.outline) > 0)


def _circles(film: Film, counts: Callable[[Lesion], bool]) -> Iterator[Truth]:
    return (one.circle for one in film.lesions if one.circle and counts(one))
