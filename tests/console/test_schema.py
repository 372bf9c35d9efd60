"""What the API's description allows is asked, and what it does not: no answer is a fault."""

import pytest
from consoles import served, study_with_a_failed_job, study_with_results
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from service.console.describing import description_of

EXAMPLES = 10
"""Questions for each address; the same in each run."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ONCE = {"/api/v1/models": 1, "/api/v1/overview": 2}
"""Addresses without parameters."""


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    with served(tmp_path_factory.mktemp("console")) as found:
        study_with_a_failed_job(found.ledger)
        study_with_results(found.ledger)
        yield found


def operations(console):
    schema = openapi.from_dict(description_of(console.app)).include(path_regex="^/api/v1/")
    found = [one.ok() for one in schema.get_all_operations()]
    assert len(found) > 25
    return found


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_question_that_the_description_allows_or_forbids_is_answered_by_a_fault(console, mode):
    token = console.program("admin").headers["Authorization"]
    asked = 0
    for operation in operations(console):
        has_any = list(operation.iter_parameters()) or operation.body
        if mode is GenerationMode.NEGATIVE and not has_any:
            continue

        @settings(
            max_examples=EXAMPLES if has_any else ONCE.get(operation.path, 2),
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case):
            nonlocal asked
            asked += 1
            answer = case.call(
                base_url=console.url, headers={"Authorization": token, "Connection": "close"}
            )
            case.validate_response(answer, checks=CHECKS)

        ask()

    assert asked > 200
