"""Who a network may be judged on, and how regions were when it learned."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from doubling import CARD

from engines.evaluation.held_back import RECIPES, read, seen_by
from engines.evaluation.taught import NOT_SAID, taught
from engines.training.regions import split
from service.cli.evaluate.everything.masses import BOXED, OUTLINED

SHARED = Path("../shared/data")


@dataclass(frozen=True)
class Sample:
    patient: str


def card_in(folder, task="classification"):
    return CARD.model_copy(update={"folder": folder, "task": task})


def test_who_was_learned_from_or_chosen_by_does_not_count_and_who_was_not_there_does(tmp_path):
    lines = ["set,patient,part", "s,a,train", "s,b,validation", "s,c,test", "other,d,train"]
    (tmp_path / "split.csv").write_text("\n".join(lines))

    found = seen_by(card_in(tmp_path)).held_back([Sample(name) for name in "abcde"], "s")

    assert [one.patient for one in found] == ["c", "d", "e"]


def test_where_nothing_lies_beside_the_weights_the_split_of_the_recipes_holds(tmp_path):
    assert seen_by(card_in(tmp_path)) == read(RECIPES)


def test_a_table_with_other_columns_is_refused(tmp_path):
    (tmp_path / "split.csv").write_text("patient,part\na,train\n")

    with pytest.raises(ValueError, match=r"split\.csv: wants the columns part, patient, set"):
        seen_by(card_in(tmp_path))


def test_the_split_that_is_kept_is_the_one_that_recipes_make():
    kept = read(RECIPES).parts
    there = [name for name in (*OUTLINED, *BOXED) if (SHARED / name).exists()]

    made = {
        (name, patient): part
        for name in there
        for patient, part in split(SHARED, name).parts.items()
    }

    assert len(kept) > 900
    assert set(kept.values()) == {"train", "validation", "test"}
    assert made.items() <= kept.items()


def test_regions_are_those_of_the_recipes_unless_the_file_beside_the_weights_says_else(tmp_path):
    usual = [taught(card_in(tmp_path, task)) for task in ("segmentation", "classification")]
    menu = '[menu]\nroom = 1.8\nbefore = "edsr-x3"\naugmentation = "paper"\nbatch = 4\n'
    (tmp_path / "recipe.toml").write_text(f"about = 'ours'\n{menu}")

    told = taught(card_in(tmp_path))

    assert [one.room for one in usual] == [1.5, 2.0]
    assert usual[0].augmentation == NOT_SAID
    assert (told.room, told.before, told.augmentation) == (1.8, "edsr-x3", "paper")
    assert told.split == "patients"


@pytest.mark.parametrize(("text", "said"), [("room", "is not TOML"), ("[menu]\nroom='a'", "room")])
def test_a_broken_recipe_is_refused(tmp_path, text, said):
    (tmp_path / "recipe.toml").write_text(text)

    with pytest.raises(ValueError, match=said):
        taught(card_in(tmp_path))
