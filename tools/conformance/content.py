"""The trees of content items that reports hold, row by row as in the templates of PS3.16."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydicom import Dataset

from tools.conformance.attributes import ALWAYS, ANAP, CODE, Place
from tools.conformance.samples import Sample

MOST_SHOWN = 6

SAID: Mapping[str, str] = {
    "111001": "name of the model, or of the method",
    "111002": "SHA-256 of the weights; what else tells how it was used",
    "111003": "version of the model, or of the release",
    "111010": "centre of mass of the outline",
    "111012": "in percent, of the detector or of the label; not where a region was given",
    "111018": "of the image",
    "111019": "of the image",
    "111026": "Pixel Spacing, else Imager or Nominal Scanned Pixel Spacing",
    "111027": "side of the image (CID 6022 or 244)",
    "111030": "outline of the lesion, closed",
    "111031": "view of the image (CID 4014)",
    "111032": "modifiers of the view (CID 4015)",
    "111033": "the notice, what was analysed, what was found",
    "111041": "outline of the lesion, closed",
    "111043": "of the image",
    "111044": "of the image",
    "111047": "of the classifier, in percent",
    "111060": "of the image",
    "111061": "of the image",
    "111066": "Pixel Spacing, else Imager or Nominal Scanned Pixel Spacing",
    "112039": "what is measured, or the lesion or the image by its number",
    "112040": "derived; of a lesion the same in all objects of the study",
    "121012": "derived from the key of this installation",
    "121013": "AE title of this node",
    "121016": "of this installation, from its key",
    "121106": "the lesions on the image, that there are none, or that it was not analysed",
    "131184002": "within the outline; where the size of pixels is known",
    "PIQE": "see results.md",
    "SHARE": "of the image, in percent",
}
"""How values come about, by the code of their concept."""


@dataclass(frozen=True)
class Row:
    """A content item as a template states it."""

    depth: int
    relationship: str
    value_type: str
    concept: str
    presence: str
    said: str

    @property
    def cells(self) -> tuple[str, ...]:
        """What stands in a table."""
        named = f"{'>' * self.depth}{self.relationship}"
        return named, self.value_type, self.concept, self.presence, self.said


COLUMNS = ("relationship", "value type", "concept", "presence", "value")
Key = tuple[str, str, str]


def rows(samples: Iterable[Sample], below: str = "") -> list[Row]:
    """Return the items of these reports; those below the container of that concept alone."""
    places = [Place(one.dataset, one.case) for one in samples]
    if below:
        places = [
            Place(item, place.case)
            for place in places
            for item in place.dataset.ContentSequence
            if _concept_value(item) == below
        ]
    return list(_listed(places, 0))


def _listed(places: Sequence[Place], depth: int) -> Iterator[Row]:
    for key, held in _by_key(places).items():
        relationship, value_type, concept = key
        presence = ALWAYS if _is_always(key, places) else ANAP
        yield Row(depth, relationship, value_type, concept, presence, _said(held))
        yield from _listed(held, depth + 1)


def _by_key(places: Iterable[Place]) -> dict[Key, list[Place]]:
    """Return the children of items, those of a kind together, each where most put it."""
    found: dict[Key, list[Place]] = {}
    for place in places:
        for item in place.dataset.get("ContentSequence", []):
            found.setdefault(_key(item), []).append(Place(item, place.case))
    return found


def _is_always(key: Key, places: Iterable[Place]) -> bool:
    return all(
        any(_key(item) == key for item in place.dataset.get("ContentSequence", []))
        for place in places
    )


def _key(item: Dataset) -> Key:
    concept = item.get("ConceptNameCodeSequence")
    return (
        str(item.RelationshipType),
        str(item.get("ValueType", "by reference")),
        code(concept[0]) if concept else "",
    )


def _said(held: Sequence[Place]) -> str:
    """Return the values where they are few and fixed, else how they come about."""
    first = held[0].dataset
    said = SAID.get(_concept_value(first), "")
    match first.get("ValueType", ""):
        case "NUM":
            units = {code(_measured(place).MeasurementUnitsCodeSequence[0]) for place in held}
            return "; ".join(filter(None, (said, *sorted(units))))
        case "SCOORD":
            kinds = {str(place.dataset.GraphicType) for place in held}
            return "; ".join(filter(None, (said, *sorted(kinds))))
        case "CODE" | "TEXT" | "UIDREF" | "DATE" | "TIME":
            return said or _values(held)
        case kind:
            return {"": "an image of the Image Library", "IMAGE": "an image"}.get(kind, "")


def _values(held: Sequence[Place]) -> str:
    values = list(dict.fromkeys(_value(place.dataset) for place in held))
    if len(values) > MOST_SHOWN:
        values = [*values[:MOST_SHOWN], "..."]
    return "; ".join(values)


def _value(item: Dataset) -> str:
    if "ConceptCodeSequence" in item:
        return code(item.ConceptCodeSequence[0])
    return str(item.get("TextValue") or item.get("UID") or item.get("Date") or item.get("Time"))


def _measured(place: Place) -> Dataset:
    measured: Dataset = place.dataset.MeasuredValueSequence[0]
    return measured


def _concept_value(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeValue) if _key(item)[2] else ""


def code(item: Dataset) -> str:
    """Return a code as the standard writes it."""
    value, scheme, meaning = (str(item.get(keyword, "")) for keyword in CODE)
    return f'({value}, {scheme}, "{meaning}")'
