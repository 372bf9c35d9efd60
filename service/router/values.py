"""What a header says of an attribute, and how it is told."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from pydicom import Dataset
from pydicom.multival import MultiValue

from service.errors import BadObjectError
from service.ledger.reading import UNREADABLE
from service.router.attributes import META_GROUP, SEQUENCE, Attribute, Step

_T = TypeVar("_T")

Show = Callable[[Attribute, Sequence[str]], str]
"""How the values of an attribute are told."""


def values(header: Dataset, attribute: Attribute) -> Sequence[str]:
    """Return the values of an attribute as texts without blanks around; none if it is absent.

    Raises:
        BadObjectError: if they are no values of its VR.
    """
    try:
        return [text for found in _reached(header, attribute.steps) for text in found if text]
    except UNREADABLE:
        raise BadObjectError(f"the value of {attribute.path} cannot be read") from None


def discreet(attribute: Attribute, found: Sequence[str]) -> str:
    """Return `found` for a reason that is kept; nothing that may tell of a patient."""
    if found and attribute.may_tell_of_a_patient:
        return "something else"
    return openly(attribute, found)


def openly(attribute: Attribute, found: Sequence[str]) -> str:
    """Return `found` for a person who may see what the images say."""
    del attribute
    return " and ".join(found) or "absent"


def _reached(dataset: Dataset, steps: Sequence[Step]) -> Iterator[Iterable[str]]:
    """Yield the texts of each attribute that `steps` lead to."""
    first, rest = steps[0], steps[1:]
    value = _source(dataset, first).get(first.keyword)
    if not rest:
        yield _texts(value, first)
        return
    for item in _chosen(list(value or ()), first.index):
        yield from _reached(item, rest)


def _source(dataset: Dataset, step: Step) -> Dataset:
    """Return what holds that keyword: the transfer syntax stands before the data set."""
    if step.tag >> 16 == META_GROUP:
        return getattr(dataset, "file_meta", None) or Dataset()
    return dataset


def _texts(value: object, step: Step) -> Iterable[str]:
    if step.vr == SEQUENCE:
        items = list(value) if isinstance(value, Iterable) else []
        return _chosen([f"item {number}" for number, _ in enumerate(items)], step.index)
    several = list(value) if isinstance(value, MultiValue | list) else [value]
    texts = [str(one).strip(" \0") if one is not None else "" for one in several]
    return _chosen(texts, step.index)


def _chosen(several: Sequence[_T], index: int | None) -> Sequence[_T]:
    return several if index is None else several[index : index + 1]
