"""What the report says of segmentation."""

from engines.evaluation.feeding import BICUBIC, PLAIN
from engines.evaluation.overlaps import NAMES, means
from engines.evaluation.papers import OUTLINING
from engines.training.regions import SIDE
from service.cli.evaluate.everything.chapter import Results
from service.cli.evaluate.everything.measures.segmentation import Segmented
from service.cli.evaluate.everything.tables import Block, Cell, Column, Picture, Section, Table

TITLE = "Segmentation of masses in their regions"

METHOD = f"""\
Regions of masses that experts outlined, of patients who were in no training and no validation. A
region is the square around the middle of the mass's box, 1.5 times as wide as its longer side where
nothing else is said, cut to {SIDE} x {SIDE}; a mask is where the network is surer than 0.5. Every
figure is computed of each image, then averaged; Dice = 2 IoU / (1 + IoU) holds of each image, not
of the means. "{PLAIN}" is without super-resolution; the other ways enlarge the region first by the
network that is named: the {SIDE} x {SIDE} for a segmentation that takes more than that, else the
region at its own pixels, brought to {SIDE} x {SIDE} afterwards. * is how regions were when the
network learned."""

PAPER = (
    "Jimenez-Gaona 2024, Table 6. What is different: there, regions of CBIS-DDSM, mini-MIAS and "
    "INbreast were cropped to the mass by hand, augmented seven times, and split into training and "
    "test after that, so that variants of one region can be on both sides; masks of mini-MIAS were "
    "drawn by the authors. Here patients are split, nothing augmented is judged, and the outlines "
    "are those of others (of CDD-CESM coarse polygons). A mean Dice of .991 cannot go with a mean "
    "IoU of .862: of one mask, IoU .862 is Dice .926."
)


def tell(results: Results) -> Section:
    """Return the chapter."""
    done: list[Segmented] = [one.outcome for one in results.of(Segmented)]
    blocks: list[Block] = [METHOD]
    if done:
        blocks += [_table(done)]
        blocks += [Picture(one.file, _said(one)) for one in done]
        return Section(TITLE, tuple(blocks), (_every_mass(done),))
    return Section(TITLE, tuple(blocks))


def _table(done: list[Segmented]) -> Table:
    columns = [Column(name) for name in ("network", "masses of", "masses", "patients", "region")]
    columns += [Column(f"{_words(name)} (95 %)", 3) for name in NAMES]
    rows: list[tuple[Cell, ...]] = []
    for one in done:
        patients = [mass.patient for mass in one.masses]
        for way in (way for way in one.masses[0].overlaps if not way.startswith(BICUBIC)):
            figures = means([mass.overlaps[way] for mass in one.masses], patients)
            head = (one.model, one.set, len(one.masses), len(set(patients)), marked(way, one.own))
            rows.append((*head, *figures))
    for paper in OUTLINING:
        figures_there = (getattr(paper, name) for name in NAMES)
        rows.append(
            (f"{paper.network}, paper", "three sets", None, None, "x3 or x4", *figures_there)
        )
    title = "Masks against outlines drawn by hand: means over images"
    return Table("segmentation", title, tuple(columns), tuple(rows), PAPER)


def marked(way: str, own: str) -> str:
    """Return the name of a way, with a star if it is the one that the network learned by."""
    return f"{way} *" if way == own else way


def _every_mass(done: list[Segmented]) -> Table:
    columns = [Column(name) for name in ("network", "masses of", "mass", "patient", "region")]
    columns += [Column(_words(name), 4) for name in NAMES]
    rows = tuple(
        (one.model, one.set, mass.name, mass.patient, way, *(getattr(found, n) for n in NAMES))
        for one in done
        for mass in one.masses
        for way, found in mass.overlaps.items()
    )
    return Table("segmentation-masses", "Agreement of every mask", tuple(columns), rows)


def _words(name: str) -> str:
    return {"dice": "Dice", "iou": "IoU"}.get(name, name)


def _said(one: Segmented) -> str:
    return (
        f"{one.model} on {one.set}: original, mask drawn by hand (its outline in all), automatic "
        "masks as it is and after super-resolution; from the worst Dice to the best"
    )
