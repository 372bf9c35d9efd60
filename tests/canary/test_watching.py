"""Where a canary is, however the ledger changes between two looks at it."""

from contextlib import closing
from dataclasses import replace

from clock import now
from faults.jobs import decision
from working import job_of, plain_image, row_of

from service.canary.watching import place_of
from service.ledger.canary import Phase
from service.ledger.sql import open_ledger

IMAGE = plain_image("1.2.3")
STUDY = str(IMAGE.StudyInstanceUID)
JOB = job_of(IMAGE, "copy")
TAKEN = decision(JOB)
REFUSED = replace(TAKEN, taken=False, reason="its Modality is CT", job_id="")


class JudgedMeanwhile:
    """A ledger in which a router writes its judgement after it was asked for jobs."""

    def __init__(self, ledger, decision, jobs):
        self.ledger, self.judgement = ledger, ([decision], jobs)

    def __getattr__(self, name):
        return getattr(self.ledger, name)

    def jobs(self, *which, **how):
        found = self.ledger.jobs(*which, **how)
        if self.judgement:
            self.ledger.decide(*self.judgement)
            self.judgement = None
        return found


def seen(tmp_path, decision, jobs):
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}", now)) as ledger:
        ledger.record(row_of(IMAGE))
        return place_of(JudgedMeanwhile(ledger, decision, jobs), STUDY)


def test_one_that_is_taken_between_two_looks_is_not_given_up(tmp_path):
    place = seen(tmp_path, TAKEN, [JOB])

    assert place.hopeless == ""
    assert place.phase is Phase.QUEUE


def test_one_that_no_route_takes_is_given_up_with_the_reason(tmp_path):
    place = seen(tmp_path, REFUSED, [])

    assert (place.phase, place.hopeless) == (Phase.ROUTING, "its Modality is CT")
