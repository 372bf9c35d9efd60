"""Which pipelines there are."""

from answering import card

from engines.card import Input, Label
from pipelines.catalogue import catalogue

LABELS = (Label(name="lesion"),)


def test_super_resolution_is_always_there_and_runs_fsrcnn():
    assert catalogue()["super-resolution"].networks == ("fsrcnn-x2",)


def test_each_model_is_a_pipeline_of_its_task():
    cards = [
        card("classification", LABELS, name="a"),
        card("segmentation", LABELS, name="b"),
        card("super-resolution", (), name="c", scale=3),
    ]

    found = catalogue(cards)

    networks = {name: one.networks for name, one in found.items() if name != "super-resolution"}
    assert networks == {
        "classification:a": ("a",),
        "segmentation:b": ("b",),
        "super-resolution:c": ("c",),
    }
    assert all(name == one.name for name, one in found.items())


def test_what_no_pipeline_can_run_is_none():
    cards = [
        card("super-resolution", (), name="eight-times", scale=8),
        card("super-resolution", (), name="once", scale=1),
        card("classification", LABELS, input=Input(channels=3, range=(0, 1), normalisation="")),
    ]

    assert set(catalogue(cards)) == {"super-resolution"}
