"""Studies as wholes: when they are judged, what is kept of it, and what comes late."""

from datetime import timedelta

import pytest
from phantoms import mammogram, study
from pydicom import Dataset
from routing import SMALL, T0, World, routes

from service.router.complete import ALL_HERE


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.ledger.close()


def expecting(**rule) -> dict[str, object]:
    return {"views": ["RCC", "LCC", "RMLO", "LMLO"], "quiet_s": 900, "at_most_s": 900} | rule


def completions(world, image):
    return world.ledger.completions(image.StudyInstanceUID)


def coded(code: str, meaning: str = "said") -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code, "SCT", meaning
    return item


def special(view: str, code: str, **settings) -> Dataset:
    """Return a mammogram with a view modifier of CID 4015."""
    image = mammogram(view, **SMALL, **settings)
    image.ViewCodeSequence[0].ViewModifierCodeSequence = [coded(code)]
    return image


def test_a_study_tells_why_it_was_complete_and_when_and_how_much_was_made(world):
    world.routes = routes(complete=expecting())
    images = [world.receive(image) for image in study(**SMALL)]

    assert world.later(1) == 1

    (told,) = completions(world, images[0])
    assert (told.reason, told.missing) == (ALL_HERE, ())
    assert (told.images, told.jobs, told.rerun, told.number) == (4, 4, 0, 0)
    assert told.completed_at == T0 + timedelta(seconds=1)


def test_three_views_are_judged_after_the_latest_time_and_the_missing_one_is_named(world):
    world.routes = routes(complete=expecting())
    images = [world.receive(image) for image in study(**SMALL)[:3]]

    assert [world.later(899), world.later(1)] == [0, 1]

    (told,) = completions(world, images[0])
    assert told.reason == f"nothing came for 900 s: {told.missing[0]} did not come"
    assert len(told.missing) == 1


def test_a_late_image_makes_a_rerun_that_knows_its_number(world):
    images = study(**SMALL)
    for image in images[:2]:
        world.receive(image)
    world.later(30)
    for image in images[2:]:
        world.receive(image)
        world.later(30)

    found = sorted(world.ledger.jobs(images[0].StudyInstanceUID), key=lambda job: job.rerun)

    assert [job.rerun for job in found] == [0, 0, 1, 2]
    assert [(one.rerun, one.jobs) for one in completions(world, images[0])] == [
        (0, 2), (1, 1), (2, 1)
    ]  # fmt: skip


def test_a_late_image_of_which_no_job_is_made_counts_no_rerun(world):
    first, small, last = study(**SMALL)[:3]
    small.QualityControlImage = "YES"
    for image in (first, small, last):
        world.receive(image)
        world.later(30)

    assert [(one.rerun, one.jobs) for one in completions(world, first)] == [(0, 1), (1, 0), (1, 1)]


def test_an_image_that_the_route_does_not_take_is_no_view_of_it(world):
    presented = [
        {"keyword": "PresentationIntentType", "any_of": ["FOR PRESENTATION"]},
    ]
    world.routes = routes(when=presented)
    raw = {"intent": "FOR PROCESSING", **SMALL}
    world.receive(mammogram("RCC", **SMALL))
    world.receive(mammogram("LCC", instance_number=7, **raw))
    assert world.later(1) == 0

    world.receive(mammogram("LCC", **SMALL))

    assert world.later(1) == 1


def test_a_spot_view_completes_no_study_and_hinders_none(world):
    world.receive(mammogram("RCC", **SMALL))
    spot = world.receive(special("LCC", "399055006"))
    assert world.ledger.study(spot.StudyInstanceUID).views == ("LCC+S", "RCC")
    assert world.later(1) == 0

    world.receive(mammogram("LCC", instance_number=9, **SMALL))

    assert world.later(1) == 1
    assert completions(world, spot)[0].reason == ALL_HERE


def test_a_displaced_implant_is_told_by_the_modifier_and_may_be_expected_besides(world):
    rule = {"views": ["RCC", "LCC"], "implants": "both"}
    world.routes = routes(complete=rule)
    for side in ("RCC", "LCC"):
        image = mammogram(side, **SMALL)
        image.BreastImplantPresent = "YES"
        world.receive(image)
    assert world.later(1) == 0

    for number, side in enumerate(("RCC", "LCC"), 20):
        world.receive(special(side, "399209000", instance_number=number))

    assert world.later(1) == 1
    views = world.ledger.study(image.StudyInstanceUID).views
    assert views == ("LCC+ID", "LCC+IMPLANT", "RCC+ID", "RCC+IMPLANT")


def test_a_study_that_says_that_it_is_of_one_breast_waits_for_no_other(world):
    one = [{"keyword": "StudyDescription", "matches": "*UNILATERAL*"}]
    world.routes = routes(complete=expecting(unilateral_when=one))
    for image in study(**SMALL):
        if image.ImageLaterality == "L":
            image.StudyDescription = "MAMMO UNILATERAL"
            world.receive(image)

    assert world.later(1) == 1

    (told,) = completions(world, image)
    assert (told.reason, told.missing) == (f"{ALL_HERE}, of the left breast alone", ())


def test_a_study_may_be_held_until_a_person_releases_it(world):
    world.routes = routes(complete=expecting(then="hold"))
    image = world.receive(mammogram("RCC", **SMALL))
    uid = image.StudyInstanceUID

    assert [world.later(900), world.later(1), world.later(9000)] == [0, 0, 0]

    held = world.ledger.study(uid).held
    assert held == "nothing came for 900 s: LCC, RMLO, LMLO did not come"
    assert [(one.kind, one.told) for one in world.ledger.notices()] == [("held", held)]
    assert world.queued == []

    world.ledger.ask_complete(uid)
    assert world.later(0) == 1
    assert world.ledger.study(uid).held == ""
    assert completions(world, image)[0].missing == ("LCC", "RMLO", "LMLO")


def test_a_study_that_is_held_goes_on_when_its_views_come(world):
    world.routes = routes(complete=expecting(then="hold"))
    images = study(**SMALL)
    for image in images[:3]:
        world.receive(image)
    world.later(900)
    assert world.ledger.study(images[0].StudyInstanceUID).held

    world.receive(images[3])

    assert world.later(1) == 1
    assert world.ledger.study(images[0].StudyInstanceUID).held == ""


def test_a_notice_tells_of_a_study_that_was_judged_without_all_views(world):
    world.routes = routes(complete=expecting(then="notify"))
    image = world.receive(mammogram("RCC", **SMALL))

    assert world.later(900) == 1

    (notice,) = world.ledger.notices()
    assert (notice.kind, notice.study_instance_uid) == ("incomplete", image.StudyInstanceUID)
    assert "LMLO" in notice.told
    assert world.ledger.notices(after=notice.number) == []


def test_a_study_reopened_is_judged_though_a_view_is_missing(world):
    world.routes = routes(complete=expecting(then="hold"))
    image = world.receive(mammogram("RCC", **SMALL))
    world.later(900)
    world.ledger.ask_complete(image.StudyInstanceUID)
    world.later(1)

    world.ledger.reopen(image.StudyInstanceUID)

    assert world.later(1) == 1


def test_a_route_may_ask_something_of_the_study_that_one_image_answers(world):
    asked = [{"keyword": "ImageLaterality", "any_of": ["L"]}]
    world.routes = routes(study_when=asked)
    right = world.receive(mammogram("RCC", **SMALL))
    world.later(30)
    assert "ImageLaterality is R, not L" in world.reasons(right)[0]

    world.receive(mammogram("LCC", **SMALL))
    world.later(30)

    assert len(world.queued) == 1


@pytest.mark.parametrize("limits", [{"images": 3}, {"mb": 0.01}])
def test_a_study_over_the_limits_of_a_route_is_not_taken_and_told_why(world, limits):
    world.routes = routes(limits=limits)
    for image in study(**SMALL):
        world.receive(image)

    world.later(30)

    assert {one.partition(":")[0] for one in world.reasons(image)} == {
        "over the limits of its route"
    }
    assert world.queued == []


def test_no_more_studies_are_begun_within_an_hour_than_the_route_says(world):
    world.routes = routes(limits={"studies_per_hour": 2})
    images = [world.receive(mammogram("RCC", seed=seed, **SMALL)) for seed in range(5)]

    world.later(30)

    jobs = [world.ledger.jobs(one.StudyInstanceUID)[0] for one in images]
    found = sorted(((job.run_at - world.time) / timedelta(hours=1), job.waits) for job in jobs)
    assert [hours for hours, _ in found] == [0, 0, 1, 1, 2]
    assert [bool(waits) for _, waits in found] == [False, False, True, True, True]
    assert len(world.queued) == 2


def test_a_fall_back_route_to_which_nothing_is_left_holds_nothing_up(world):
    first = routes(complete=expecting()).routes[0]
    rest = routes(name="rest", when=[], fallback=True).routes[0]
    world.routes = world.routes.model_copy(update={"routes": (first, rest)})
    for image in study(**SMALL):
        world.receive(image)

    assert world.later(1) == 1


def test_the_last_view_takes_along_whatever_else_came_meanwhile(world):
    image = world.receive(mammogram("RCC", **SMALL))
    world.later(1)
    world.receive(mammogram("LCC", **SMALL))
    world.receive(mammogram("RMLO", **SMALL))

    assert world.later(1) == 1

    (told,) = completions(world, image)
    assert told.images == 3
