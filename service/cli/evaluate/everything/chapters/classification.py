"""What the report says of classification."""

from engines.evaluation.feeding import BICUBIC, PLAIN
from engines.evaluation.judgements import CERTAIN, NAMES, confusion, figures
from engines.evaluation.papers import TELLING
from engines.training.regions import SIDE
from service.cli.evaluate.everything.chapter import Results
from service.cli.evaluate.everything.chapters.segmentation import marked
from service.cli.evaluate.everything.figures.regions import judged
from service.cli.evaluate.everything.measures.classification import Classified
from service.cli.evaluate.everything.tables import Block, Cell, Column, Picture, Section, Table

TITLE = "Benign or malignant"

METHOD = f"""\
Mass regions with their pathology, of patients who were in no training and no validation; a region
is the square around the middle of the mass's box, twice as wide as its longer side where nothing
else is said, cut to {SIDE} x {SIDE}. From a probability of {CERTAIN:g} on a mass is taken for
malignant. AUC is the area under the ROC curve; Brier is the mean squared error of the probability
(0 best, .25 says nothing), ECE the expected calibration error over 10 bins. "{PLAIN}" is without
super-resolution; the other ways enlarge the region first by the network that is named: the {SIDE} x
{SIDE} for a classifier that takes more than that, else the region at its own pixels, brought to
{SIDE} x {SIDE} afterwards. * is how regions were when the network learned."""

PAPER = (
    "Jimenez-Gaona 2024, Table 8. What is different: there, regions of three collections were "
    "augmented first and split by image then, so that variants of one region can be on both sides. "
    "Here patients are split. Sensitivity .55 and specificity .82 of equally many of each class "
    "make an accuracy of .69, not .75."
)


def tell(results: Results) -> Section:
    """Return the chapter."""
    done: list[Classified] = [one.outcome for one in results.of(Classified)]
    blocks: list[Block] = [METHOD]
    if not done:
        return Section(TITLE, tuple(blocks))
    blocks += [_table(done), _confusions(done)]
    for one in done:
        file = f"figures/classification-{one.model.replace(' ', '-')}-{one.set}.png"
        named = {marked(way, one.own): one.judgements(way) for way in _shown(one)}
        judged(results.folder / file, f"{one.model} on {one.set}", named)
        says = f"{one.model} on {len(one.masses)} masses of {one.set}: ROC curve and reliability"
        blocks.append(Picture(file, says))
    blocks.append("How they were trained:\n\n" + "\n".join(dict.fromkeys(_recipes(done))))
    return Section(TITLE, tuple(blocks), (_every_mass(done),))


def _shown(one: Classified) -> list[str]:
    """Return the ways that are told of; the others are told of where ways are compared."""
    return [way for way in one.masses[0].probabilities if not way.startswith(BICUBIC)]


def _recipes(done: list[Classified]) -> list[str]:
    return [f"- {one.model}: {one.recipe}" for one in done]


def _table(done: list[Classified]) -> Table:
    columns = [Column(name) for name in ("network", "augmentation", "masses of")]
    columns += [Column(name) for name in ("masses", "patients", "region")]
    columns += [Column(f"{name} (95 %)", 3) for name in NAMES]
    rows: list[tuple[Cell, ...]] = []
    for one in done:
        patients = len({mass.patient for mass in one.masses})
        for way in _shown(one):
            head = (one.model, one.taught.augmentation, one.set, len(one.masses), patients)
            rows.append((*head, marked(way, one.own), *figures(one.judgements(way))))
    for paper in TELLING:
        there = (paper.accuracy, paper.precision, paper.sensitivity, paper.specificity, paper.f1)
        network, _, augmentation = paper.network.partition(", ")
        head_there = (f"{network}, paper", augmentation, "three sets", paper.images, None, "x3, x4")
        rows.append((*head_there, *there, None, None, None))
    title = "Malignant masses told from benign ones"
    return Table("classification", title, tuple(columns), tuple(rows), PAPER)


def _confusions(done: list[Classified]) -> Table:
    names = ("network", "masses of", "region")
    counts = ("benign, said so", "benign, said malignant", "malignant, said benign")
    columns = [Column(name) for name in (*names, *counts, "malignant, said so")]
    rows: list[tuple[Cell, ...]] = []
    for one in done:
        for way in _shown(one):
            found = confusion(one.judgements(way))
            benign = (found.true_benign, found.false_malignant)
            malignant = (found.false_benign, found.true_malignant)
            rows.append((one.model, one.set, way, *benign, *malignant))
    return Table("confusion", "Confusion matrices", tuple(columns), tuple(rows))


def _every_mass(done: list[Classified]) -> Table:
    names = ("network", "masses of", "mass", "patient", "malignant", "region", "probability")
    rows = tuple(
        (one.model, one.set, mass.name, mass.patient, int(mass.is_malignant), way, said)
        for one in done
        for mass in one.masses
        for way, said in mass.probabilities.items()
    )
    columns = tuple(Column(name, 4) for name in names)
    return Table("classification-masses", "What was said of every mass", columns, rows)
