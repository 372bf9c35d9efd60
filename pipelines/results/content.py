"""Content items of a structured report (PS3.3 C.17.3)."""

from collections.abc import Iterable, Sequence

from pydicom import Dataset
from pydicom.uid import UID

from pipelines.mammogram.attributes import text
from pipelines.results.codes import Code, item_of
from pipelines.results.legal import decimal_string

CONTAINS = "CONTAINS"
HAS_CONCEPT_MOD = "HAS CONCEPT MOD"
HAS_OBS_CONTEXT = "HAS OBS CONTEXT"
HAS_ACQ_CONTEXT = "HAS ACQ CONTEXT"
HAS_PROPERTIES = "HAS PROPERTIES"
INFERRED_FROM = "INFERRED FROM"
SELECTED_FROM = "SELECTED FROM"


def container(concept: Code, children: Sequence[Dataset], template: str = "") -> Dataset:
    """Return a container that its parent contains."""
    item = _item(CONTAINS, "CONTAINER", concept)
    item.ContinuityOfContent = "SEPARATE"
    if template:
        item.ContentTemplateSequence = [template_of(template)]
    item.ContentSequence = list(children)
    return item


def coded(relationship: str, concept: Code, value: Code) -> Dataset:
    """Return a CODE item."""
    item = _item(relationship, "CODE", concept)
    item.ConceptCodeSequence = [item_of(value)]
    return item


def text_of(relationship: str, concept: Code, value: str) -> Dataset:
    """Return a TEXT item."""
    item = _item(relationship, "TEXT", concept)
    item.TextValue = value
    return item


def uid_of(relationship: str, concept: Code, value: UID) -> Dataset:
    """Return a UIDREF item."""
    item = _item(relationship, "UIDREF", concept)
    item.UID = value
    return item


def measured(relationship: str, concept: Code, value: float, unit: Code) -> Dataset:
    """Return a NUM item."""
    item = _item(relationship, "NUM", concept)
    measurement = Dataset()
    measurement.NumericValue = decimal_string(value)
    measurement.MeasurementUnitsCodeSequence = [item_of(unit)]
    item.MeasuredValueSequence = [measurement]
    return item


def image_of(
    image: Dataset, concept: Code | None = None, children: Sequence[Dataset] = ()
) -> Dataset:
    """Return an IMAGE item that its parent contains."""
    item = _item(CONTAINS, "IMAGE", concept)
    item.ReferencedSOPSequence = [reference(image)]
    if children:
        item.ContentSequence = list(children)
    return item


def image_selected(image: Dataset) -> Dataset:
    """Return an IMAGE item that its parent is drawn on."""
    item = image_of(image)
    item.RelationshipType = SELECTED_FROM
    return item


def by_reference(relationship: str, place: Sequence[int]) -> Dataset:
    """Return a relationship to the item at `place`: which child of which, from the root on."""
    item = Dataset()
    item.RelationshipType, item.ReferencedContentItemIdentifier = relationship, list(place)
    return item


def point(relationship: str, concept: Code, at: Iterable[float], drawn_on: Dataset) -> Dataset:
    """Return an SCOORD item of one point, (x, y) in pixels from the outer corner of the first."""
    return _drawn(_item(relationship, "SCOORD", concept), "POINT", at, drawn_on)


def closed_line(
    relationship: str, concept: Code, corners: Iterable[Iterable[float]], drawn_on: Dataset
) -> Dataset:
    """Return an SCOORD item of a line through `corners` and back to the first of them."""
    places = [list(corner) for corner in corners]
    flat = [value for place in [*places, places[0]] for value in place]
    return _drawn(_item(relationship, "SCOORD", concept), "POLYLINE", flat, drawn_on)


def date_item(relationship: str, concept: Code, value: str) -> Dataset:
    """Return a DATE item."""
    item = _item(relationship, "DATE", concept)
    item.Date = value
    return item


def time_item(relationship: str, concept: Code, value: str) -> Dataset:
    """Return a TIME item."""
    item = _item(relationship, "TIME", concept)
    item.Time = value
    return item


def reference(image: Dataset) -> Dataset:
    """Return a reference to an instance."""
    item = Dataset()
    item.ReferencedSOPClassUID = UID(text(image, "SOPClassUID"))
    item.ReferencedSOPInstanceUID = UID(text(image, "SOPInstanceUID"))
    return item


def template_of(identifier: str) -> Dataset:
    """Return the item that names a template of PS3.16."""
    item = Dataset()
    item.MappingResource, item.TemplateIdentifier = "DCMR", identifier
    return item


def _drawn(item: Dataset, kind: str, values: Iterable[float], drawn_on: Dataset) -> Dataset:
    item.GraphicType, item.GraphicData = kind, [float(value) for value in values]
    item.ContentSequence = [drawn_on]
    return item


def _item(relationship: str, value_type: str, concept: Code | None) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = relationship, value_type
    if concept is not None:
        item.ConceptNameCodeSequence = [item_of(concept)]
    return item
