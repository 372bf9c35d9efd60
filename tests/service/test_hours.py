"""When a route may begin its work."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phantoms import mammogram
from pydantic import ValidationError
from routing import SMALL, World, routes

from service.router.hours import hours_of

NIGHT = hours_of(["19:00-06:00"], [], "UTC")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00+00:00")


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-01-05 12:00", "2026-01-05 19:00"),
        ("2026-01-05 18:59", "2026-01-05 19:00"),
        ("2026-01-05 19:00", "2026-01-05 19:00"),
        ("2026-01-05 23:59", "2026-01-05 23:59"),
        ("2026-01-06 05:59", "2026-01-06 05:59"),
        ("2026-01-06 06:00", "2026-01-06 19:00"),
    ],
)
def test_work_of_the_night_begins_in_the_evening_and_until_the_morning(now, opens):
    assert NIGHT.opens(moment(now)) == moment(opens)


def test_days_are_those_on_which_the_hours_begin():
    weekdays = hours_of(["19:00-06:00"], ["mon", "tue", "wed", "thu", "fri"], "UTC")

    assert weekdays.opens(moment("2026-01-10 03:00")) == moment("2026-01-10 03:00")  # a Saturday
    assert weekdays.opens(moment("2026-01-10 07:00")) == moment("2026-01-12 19:00")


def test_of_several_hours_the_next_counts():
    twice = hours_of(["12:00-13:00", "20:00-24:00"], [], "UTC")

    assert twice.opens(moment("2026-01-05 13:00")) == moment("2026-01-05 20:00")
    assert twice.opens(moment("2026-01-05 23:59")) == moment("2026-01-05 23:59")
    assert twice.opens(moment("2026-01-06 00:00")) == moment("2026-01-06 12:00")


def test_hours_are_of_the_zone_in_summer_and_in_winter():
    berlin = hours_of(["19:00-06:00"], [], "Europe/Berlin")

    assert berlin.opens(moment("2026-01-05 12:00")) == moment("2026-01-05 18:00")
    assert berlin.opens(moment("2026-07-05 12:00")) == moment("2026-07-05 17:00")


@given(st.integers(0, 365 * 24 * 60))
def test_a_route_opens_within_a_day_and_is_open_then(minutes):
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    berlin = hours_of(["19:00-06:00"], [], "Europe/Berlin")

    opens = berlin.opens(now)

    assert now <= opens <= now + timedelta(hours=14)
    assert berlin.opens(opens) == opens


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"hours": ["7pm-6am"]}, "no span of time"),
        ({"hours": ["19:00-19:00"]}, "no span of time"),
        ({"hours": ["19:00-24:30"]}, "no span of time"),
        ({"hours": ["19:00-06:00"], "time_zone": "Europe/Bärlin"}, "no time zone"),
        ({"days": ["mon"]}, "belong to hours"),
    ],
)
def test_hours_that_are_none_are_refused(wrong, told):
    with pytest.raises(ValidationError, match=told):
        routes(**wrong)


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    made.time = moment("2026-01-05 12:00")
    made.routes = routes(hours=["19:00-06:00"], time_zone="UTC")
    yield made
    made.ledger.close()


def job_of(world):
    (job,) = world.ledger.jobs()
    return job


def test_a_job_waits_for_the_hours_of_its_route_and_says_so(world):
    world.receive(mammogram("RCC", **SMALL))

    world.later(30)

    assert job_of(world).run_at == moment("2026-01-05 19:00")
    assert job_of(world).waits == "outside the hours of its route: not before 2026-01-05 19:00"
    assert world.queued == []
    assert world.ledger.claim("worker") is None
    world.time = moment("2026-01-05 19:00")
    assert world.ledger.claim("worker").waits == ""


def test_a_job_that_was_put_off_until_after_the_hours_waits_for_the_next(world):
    world.receive(mammogram("RCC", **SMALL))
    world.later(30)
    world.time = moment("2026-01-06 05:59")
    world.ledger.put_off(world.ledger.claim("worker"), "the disk is full")
    world.time = moment("2026-01-06 06:10")

    world.later(0)

    assert job_of(world).run_at == moment("2026-01-06 19:00")
    assert world.ledger.claim("worker") is None


def test_jobs_wait_no_longer_when_their_route_has_no_hours_any_more(world):
    world.receive(mammogram("RCC", **SMALL))
    world.later(30)

    world.routes = routes()
    world.later(1)

    assert (job_of(world).run_at, job_of(world).waits) == (world.time, "")
    assert world.ledger.claim("worker") is not None
