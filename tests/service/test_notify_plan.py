"""What people are told, and when: the pure functions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.notifying import Heap, News, Severity
from service.ledger.records import JobState
from service.notify.facts import Facts
from service.notify.letter import Sender, subject, text
from service.notify.plan import Known, Plan, Rules, after_a_start, plan
from service.notify.troubles import Limits, Trouble, troubles
from service.notify.words import one_line

T0 = datetime(2026, 1, 2, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
MB = 1_000_000
LIMITS = Limits(
    disk_full=1000 * MB,
    disk_low=4000 * MB,
    without_worker=5 * MINUTE,
    unreached=10 * MINUTE,
    refused_per_hour=100,
)
RULES = Rules(
    gather=MINUTE, more_after=HOUR, again_after=24 * HOUR, over_after=2 * MINUTE, per_hour=3
)
HEAP = Heap("cad", 12, T0 - HOUR, T0, "the GPU\r\nis gone", "1.2.3")
FINE = Facts(free_bytes=100_000 * MB)


class Channel:
    """A channel as the ledger would keep it; every message arrives at once."""

    def __init__(self, rules=RULES):
        self.rules = rules
        self.tellings = {}
        self.messages = []

    def look(self, now, *found):
        """Return what is said now."""
        known = Known("node", "mail", [*self.tellings.values()], self.messages[::-1])
        planned: Plan = plan(known, found, self.rules, now)
        for one in planned.forgotten:
            del self.tellings[one.key]
        self.tellings |= {one.key: one for one in planned.changed}
        if planned.message is None:
            return []
        self.messages.append(replace(planned.message, sent_at=now))
        return [(point.news, point.key) for point in planned.message.points]


def trouble(key="disk", **changes):
    usual = Trouble(key, Severity.ERROR, "it is full", "why", "mend it", T0, "it is not full")
    return replace(usual, **changes)


def found_keys(facts):
    return [one.key for one in troubles(facts, LIMITS, T0)]


@pytest.mark.parametrize(
    ("facts", "keys"),
    [
        (FINE, []),
        (replace(FINE, free_bytes=3000 * MB), ["disk-low"]),
        (replace(FINE, free_bytes=10 * MB), ["disk-full", "disk-low"]),
        (replace(FINE, free_bytes=None, disk_error="Input/output error"), ["disk-broken"]),
        (replace(FINE, workers=0), ["no-worker"]),
        (replace(FINE, routes_error="routes.toml:3: unknown key"), ["routes"]),
        (replace(FINE, given_up=[(JobState.DEAD, HEAP)]), ["jobs-dead:cad"]),
        (replace(FINE, parked=[replace(HEAP, name="pacs")]), ["deliveries-parked:pacs"]),
        (replace(FINE, unreached=[replace(HEAP, name="pacs")]), ["unreached:pacs"]),
        (replace(FINE, held=[replace(HEAP, name="")]), ["held"]),
        (replace(FINE, incomplete=[replace(HEAP, name="")]), ["incomplete"]),
        (replace(FINE, refused=[replace(HEAP, name="MAMMO1")]), ["refused:MAMMO1"]),
    ],
)
def test_each_fact_that_troubles_is_told_under_its_own_key(facts, keys):
    assert found_keys(facts) == keys


def test_every_trouble_says_what_why_and_what_to_do_in_single_lines():
    heaps = [replace(HEAP, name="a\r\nBcc: b", reason="one\r\ntwo\x00\x85three")]
    facts = Facts(
        given_up=[(state, heap) for state in (JobState.DEAD, JobState.PARKED) for heap in heaps],
        parked=heaps,
        unreached=heaps,
        held=heaps,
        incomplete=heaps,
        refused=heaps,
        workers=0,
        free_bytes=0,
        routes_error="routes.toml:1:\nbad",
    )

    found = troubles(facts, LIMITS, T0)

    assert len({one.key for one in found}) == len(found) == 11
    for one in found:
        assert one.what
        assert one.why
        assert one.remedy
        assert all(said.isprintable() for said in (one.what, one.why, one.remedy, one.over))


def test_many_alike_are_one_trouble_with_its_count_and_the_last_reason():
    (one,) = troubles(replace(FINE, given_up=[(JobState.PARKED, HEAP)]), LIMITS, T0)

    assert one.what == "12 jobs of pipeline cad are parked"
    assert one.why == "the last of study 1.2.3: the GPU is gone"


def test_what_comes_within_the_gathering_time_is_told_together_and_once():
    channel = Channel()

    said = [
        channel.look(T0, trouble("a")),
        channel.look(T0 + 30 * SECOND, trouble("a"), trouble("b")),
        channel.look(T0 + 60 * SECOND, trouble("a"), trouble("b")),
        channel.look(T0 + 90 * SECOND, trouble("a"), trouble("b")),
        channel.look(T0 + 120 * SECOND, trouble("a"), trouble("b")),
    ]

    assert said == [[], [], [(News.BEGUN, "a")], [(News.BEGUN, "b")], []]


def test_what_lasts_is_told_again_ever_more_seldom_but_weekly():
    channel = Channel()
    told = [hour for hour in range(24 * 40) if channel.look(T0 + hour * HOUR, trouble())]

    assert [(after - before) / 24 for before, after in pairwise(told)] == [
        1,
        2,
        4,
        7,
        7,
        7,
        7,
    ]


def test_that_it_is_over_is_told_once_and_then_it_may_begin_anew():
    channel = Channel()
    channel.look(T0, trouble())
    channel.look(T0 + MINUTE, trouble())

    said = [channel.look(T0 + minutes * MINUTE) for minutes in (2, 3, 4, 5)]
    channel.look(T0 + 6 * MINUTE, trouble())
    again = channel.look(T0 + 7 * MINUTE, trouble())

    assert said == [[], [], [(News.OVER, "disk")], []]
    assert again == [(News.BEGUN, "disk")]


def test_what_flickers_is_neither_over_nor_new():
    channel = Channel()
    there = trouble()
    for minute in range(0, 60, 2):
        channel.look(T0 + minute * MINUTE, there)
        channel.look(T0 + (minute + 1) * MINUTE)

    assert [point.news for one in channel.messages for point in one.points] == [News.BEGUN]


def test_what_was_over_before_it_was_due_is_not_told():
    channel = Channel()
    slow = trouble(patience=5 * MINUTE)

    said = [channel.look(T0 + minutes * MINUTE, slow) for minutes in (0, 1, 4)]
    said += [channel.look(T0 + minutes * MINUTE) for minutes in (5, 7, 8)]

    assert said == [[]] * 6
    assert channel.tellings == {}


def test_a_start_of_the_node_gives_what_is_to_last_its_whole_time_again():
    channel = Channel()
    slow, quick = trouble("slow", patience=5 * MINUTE), trouble("quick")
    channel.look(T0, slow, quick)
    restarted = T0 + HOUR
    renewed = after_a_start([*channel.tellings.values()], RULES, restarted)
    channel.tellings |= {one.key: one for one in renewed}

    said = [channel.look(restarted + minutes * MINUTE, slow, quick) for minutes in (0, 4, 5)]

    assert said == [[(News.BEGUN, "quick")], [], [(News.BEGUN, "slow")]]


def test_more_of_it_is_told_but_not_at_once():
    channel = Channel()
    many = [trouble(newest=T0 + minute * MINUTE) for minute in range(63)]
    said = [channel.look(T0 + minute * MINUTE, one) for minute, one in enumerate(many)]

    news = {minute: one for minute, one in enumerate(said) if one}
    assert news == {1: [(News.BEGUN, "disk")], 61: [(News.MORE, "disk")]}


def test_fewer_of_it_are_no_news():
    channel = Channel()
    channel.look(T0, trouble(newest=T0))
    channel.look(T0 + MINUTE, trouble(newest=T0))

    assert channel.look(T0 + 2 * HOUR, trouble(newest=T0 - HOUR)) == []


def test_beyond_the_most_messages_an_hour_the_next_sums_up_what_came_and_went():
    channel = Channel(replace(RULES, gather=timedelta(), over_after=timedelta()))
    for minute in range(3):
        channel.look(T0 + minute * MINUTE, *map(trouble, "abc"[: minute + 1]))
    passed = trouble("passed")
    quiet = [
        channel.look(T0 + 10 * MINUTE, *map(trouble, "abcd"), passed),
        channel.look(T0 + 20 * MINUTE, *map(trouble, "abcd")),
        channel.look(T0 + 30 * MINUTE, *map(trouble, "bcd")),
    ]

    summed_up = channel.look(T0 + 61 * MINUTE, *map(trouble, "bcd"))

    assert quiet == [[]] * 3
    assert set(summed_up) == {(News.BEGUN, "d"), (News.OVER, "a"), (News.PASSED, "passed")}


def test_while_a_message_waits_for_its_receiver_none_is_added():
    channel = Channel(replace(RULES, gather=timedelta()))
    channel.look(T0, trouble("a"))
    channel.messages[0] = replace(channel.messages[0], sent_at=None)

    waiting = channel.look(T0 + 5 * HOUR, trouble("a"), trouble("b"))
    channel.messages[0] = replace(channel.messages[0], sent_at=T0 + 6 * HOUR)
    after = channel.look(T0 + 6 * HOUR, trouble("a"), trouble("b"))

    assert (waiting, after) == ([], [(News.BEGUN, "b")])


def test_an_event_is_told_once_and_never_over():
    channel = Channel()
    event = trouble(over="", newest=T0)
    said = [channel.look(T0 + hours * HOUR, event) for hours in (0, 1, 48, 200)]
    said += [channel.look(T0 + hours * HOUR) for hours in (201, 202)]

    assert said == [[], [(News.BEGUN, "disk")], [], [], [], []]
    assert channel.tellings == {}


def test_a_message_names_the_worst_first_and_how_many_more():
    channel = Channel(replace(RULES, gather=timedelta()))
    mild = trouble("mild", severity=Severity.WARNING, what="it is odd")

    channel.look(T0, mild, trouble())

    assert channel.messages[0].subject == "it is full (and 1 more)"


def test_a_message_links_to_the_console_if_it_is_said_where_that_is():
    channel = Channel(replace(RULES, gather=timedelta()))
    channel.look(T0, trouble(page="jobs?state=dead"))
    (message,) = channel.messages

    linked = text(Sender("node", "https://mammo.example.org/"), message)

    assert "https://mammo.example.org/jobs?state=dead" in linked
    assert "http" not in text(Sender("node"), message)


@given(st.text())
def test_no_text_makes_a_second_line_of_a_subject(said):
    line = one_line(said)
    channel = Channel(replace(RULES, gather=timedelta()))
    channel.look(T0, trouble(what=said))

    assert line.isprintable()
    assert len(line.splitlines()) <= 1
    assert subject(Sender("node"), channel.messages[0]).isprintable()


@given(st.lists(st.sets(st.sampled_from("abc")), max_size=60))
def test_what_was_told_is_told_to_be_over_in_the_end_and_nothing_twice_in_a_row(looks):
    channel = Channel(replace(RULES, gather=timedelta(), again_after=timedelta(), per_hour=2))
    now = T0
    for keys in [*looks, *[set()] * 80]:
        channel.look(now, *map(trouble, sorted(keys)))
        now += 3 * MINUTE

    said = [point for one in channel.messages for point in one.points]
    for key in "abc":
        of_key = [point.news for point in said if point.key == key if point.news != News.PASSED]
        assert of_key == [News.BEGUN, News.OVER] * (len(of_key) // 2)
    assert channel.tellings == {}
