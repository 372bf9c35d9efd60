"""The chaos campaign, shortened; `make chaos` runs the whole."""

import pytest

from faults.campaign import POISON, campaign
from faults.place import FORMS
from faults.plain import control

JOBS = 60


@pytest.mark.timeout(400)
@pytest.mark.parametrize("form", FORMS)
def test_no_job_is_lost_nor_stored_twice_whatever_is_done_to_the_node(form, tmp_path):
    told = campaign(form, tmp_path / form, JOBS, rounds=1, seed=20261124)

    assert (told.lost, told.doubled) == (0, 0)
    assert told.done == JOBS - POISON
    assert told.poison == POISON


def test_the_same_without_a_ledger_loses_jobs(tmp_path):
    told = control(tmp_path, JOBS, rounds=1, seed=20261124)

    assert told.lost > 0
