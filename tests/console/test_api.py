"""What programs ask, what people press, and what the audit trail says of it."""

import pytest
from consoles import (
    PASSWORD,
    csrf,
    post,
    served,
    sign_in,
    study_with_a_failed_job,
    study_with_results,
)
from working import plain_image, row_of

from service.ledger.people import Role
from service.ledger.records import Decision


@pytest.fixture
def console(tmp_path):
    with served(tmp_path) as found:
        yield found


def test_studies_are_found_by_state_and_by_the_beginning_of_their_uid(console):
    study_with_a_failed_job(console.ledger, "1.2.3")
    study_with_results(console.ledger, "1.2.4")
    study_with_results(console.ledger, "1.9.5", sent=True)
    program = console.program("viewer")

    def found(**query):
        items = program.get("/api/v1/studies", params=query).json()["items"]
        return {one["study"]["study_instance_uid"]: one["state"] for one in items}

    assert found() == {"1.9.5": "done", "1.2.4": "sending", "1.2.3": "failed"}
    assert found(state="failed") == {"1.2.3": "failed"}
    assert found(state="done") == {"1.9.5": "done"}
    assert found(text="1.2") == {"1.2.4": "sending", "1.2.3": "failed"}
    assert found(text="1.2", limit=1) == {"1.2.4": "sending"}
    assert found(text="1.2", offset=1) == {"1.2.3": "failed"}
    assert set(found(text="modal")) == {"1.9.5", "1.2.4", "1.2.3"}
    assert program.get("/api/v1/studies?limit=2").json()["more"] is True


def test_a_reason_with_a_bar_in_it_is_told_whole(console):
    ledger, now = console.ledger, console.ledger.now()
    why = "SeriesDescription is 'C', not A|B"
    ledger.record(row_of(plain_image("1.2.3.1", "1.2.3"), received_at=now))
    passed_over = Decision(
        "1.2.3.1", "some", "", taken=False, reason=why, job_id="", decided_at=now
    )
    ledger.decide([passed_over], [])

    told = console.program("viewer").get("/api/v1/studies/1.2.3").json()

    assert told["steps"][-1] == {
        "at": told["steps"][-1]["at"],
        "what": "Image 1: not taken by route some",
        "why": why,
        "mood": "wait",
    }


def test_a_study_tells_its_story_in_plain_words(console):
    job = study_with_a_failed_job(console.ledger)

    told = console.program("viewer").get(f"/api/v1/studies/{job.study_instance_uid}").json()

    assert [step["what"] for step in told["steps"]] == [
        "Image 1 RMLO came from MODALITY",
        "Image 1: taken by route everything for super-resolution",
        "Work on super-resolution of image 1 began",
        "Work on super-resolution of image 1 ended",
        "An image from MG1 was refused",
    ]
    assert told["work"][0]["story"].startswith("Given up: it has no pixels.")
    assert told["standing"]["state"] == "failed"


def test_a_job_tells_its_stages_and_deliveries(console):
    job = study_with_results(console.ledger)

    told = console.program("viewer").get(f"/api/v1/jobs/{job.job_id}").json()

    assert told["job"]["stages"] == {"enlarge": 1.5, "write": 0.25}
    assert told["deliveries"][0]["error"] == "connection refused"
    assert told["results"][0]["kind"] == "cad-sr"


def test_a_failed_job_is_retried_once_and_the_audit_trail_has_both_tries(console):
    job = study_with_a_failed_job(console.ledger)
    program = console.program("operator")

    first = program.post(f"/api/v1/jobs/{job.job_id}/retry")
    second = program.post(f"/api/v1/jobs/{job.job_id}/retry")

    assert (first.status_code, second.status_code) == (202, 409)
    assert second.headers["content-type"] == "application/problem+json"
    assert second.json()["detail"] == f"job {job.job_id} is queued: it cannot be retried"
    assert console.ledger.job(job.job_id).state == "queued"
    outcomes = [
        (who, outcome) for who, action, outcome in console.actions() if action == "job.retry"
    ]
    assert outcomes == [("operator", second.json()["detail"]), ("operator", "done")]


def test_every_deed_on_a_study_is_done_by_the_ledger_and_noted(console):
    study_with_results(console.ledger, "1.2.4", sent=True)
    program = console.program("operator")

    assert program.post("/api/v1/studies/1.2.4/complete").status_code == 202
    resent = program.post("/api/v1/studies/1.2.4/resend", json={"destination": "pacs"})
    assert resent.json() == {"count": 1}
    assert program.post("/api/v1/deliveries/retry", json={"study": "1.2.4"}).status_code == 202
    assert program.post("/api/v1/studies/1.2.4/reprocess").status_code == 202

    assert console.ledger.study("1.2.4").undecided == 1
    assert [action for _, action, _ in console.actions()][:4] == [
        "study.reprocess", "delivery.retry", "study.resend", "study.complete",
    ]  # fmt: skip


def test_what_is_unknown_is_a_problem_that_says_so(console):
    answer = console.program("viewer").get("/api/v1/studies/9.9")

    assert answer.status_code == 404
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "no study 9.9 in the ledger",
    }


def test_the_overview_counts_studies_jobs_and_hours(console):
    study_with_a_failed_job(console.ledger, "1.2.3")
    study_with_results(console.ledger, "1.2.4")
    study_with_results(console.ledger, "1.2.5", sent=True)

    counts = console.program("viewer").get("/api/v1/overview").json()["counts"]

    assert counts["studies"] == 3
    assert counts["by_state"] == {
        "failed": 1, "receiving": 0, "working": 0, "sending": 1, "done": 1,
    }  # fmt: skip
    assert counts["jobs"] == {"dead": 1, "done": 2}
    assert sum(hour["studies"] for hour in counts["hours"]) == 3
    assert sum(hour["jobs"] for hour in counts["hours"]) == 2


def test_a_destination_tells_what_waits_there_and_whether_it_answers(tmp_path, storescp):
    with served(tmp_path / "node", pacs=storescp.port) as console:
        study_with_results(console.ledger)
        program = console.program("operator")

        (pacs,) = program.get("/api/v1/destinations").json()
        echoed = program.post("/api/v1/destinations/pacs/echo").json()

        assert (pacs["owed"], pacs["unreachable"]) == (1, "connection refused")
        assert echoed["ok"] is True
        assert console.actions()[0] == ("operator", "destination.echo", "done")


def test_a_destination_that_is_down_is_told_as_such_and_is_no_fault_of_ours(console):
    echoed = console.program("operator").post("/api/v1/destinations/pacs/echo")

    assert echoed.status_code == 200
    assert echoed.json()["ok"] is False
    assert "PACS@127.0.0.1:1" in echoed.json()["detail"]


def test_models_routes_and_refusals_are_told(console):
    study_with_a_failed_job(console.ledger)
    program = console.program("viewer")

    assert {"fsrcnn-x2"} <= {one["model"]["model"] for one in program.get("/api/v1/models").json()}
    routes = program.get("/api/v1/routes").json()
    assert (routes["error"], routes["routes"][0]["name"]) == ("", "everything")
    assert program.get("/api/v1/refusals").json()["items"][0]["reason"] == "cut short"
    assert program.get("/api/v1/workers").json() == []


def test_users_are_made_changed_and_removed_by_administrators(console):
    program = console.program("admin")
    new = {"name": "ada", "role": "viewer", "password": "a long enough secret"}

    assert program.post("/api/v1/users", json=new).status_code == 201
    assert program.post("/api/v1/users", json=new).status_code == 409
    assert program.put("/api/v1/users/ada/role", json={"role": "operator"}).status_code == 204
    assert console.ledger.user("ada").role is Role.OPERATOR
    assert "password" not in program.get("/api/v1/users").json()[0]
    assert program.delete("/api/v1/users/ada").status_code == 204
    assert program.delete("/api/v1/users/admin").json()["detail"].startswith("admin is the last")


def test_ones_own_password_is_changed_by_who_knows_the_one_before(console):
    program = console.program("viewer")
    new = "another long enough secret"

    wrong = program.put("/api/v1/me/password", json={"old": "a guess", "new": new})
    right = program.put("/api/v1/me/password", json={"old": PASSWORD, "new": new})

    assert (wrong.status_code, right.status_code) == (409, 204)
    assert sign_in(console.browser(), "viewer", PASSWORD).status_code == 401
    assert sign_in(console.browser(), "viewer", new).status_code == 303


def test_a_token_is_told_once_and_counts_until_it_is_removed(console):
    browser = console.signed_in("viewer")
    headers = {"X-CSRF-Token": csrf(browser.get("/account").text)}

    fresh = browser.post("/api/v1/tokens", json={"label": "nightly"}, headers=headers).json()
    program = console.browser()
    program.headers["Authorization"] = f"Bearer {fresh['token']}"

    assert program.get("/api/v1/me").json()["name"] == "viewer"
    assert fresh["token"] not in str(console.ledger.api_tokens())
    browser.delete("/api/v1/tokens/nightly", headers=headers)
    assert program.get("/api/v1/me").status_code == 401


def test_the_audit_trail_is_for_administrators_and_can_be_searched(console):
    job = study_with_a_failed_job(console.ledger)
    console.program("operator").post(f"/api/v1/jobs/{job.job_id}/retry")

    found = console.program("admin").get("/api/v1/audit?action=job.").json()["items"]

    assert [(one["who"], one["object"], one["address"]) for one in found] == [
        ("operator", job.job_id, "127.0.0.1")
    ]
    assert console.program("operator").get("/api/v1/audit").status_code == 403


def test_a_button_does_what_it_says_and_leads_back(console):
    job = study_with_a_failed_job(console.ledger)
    browser = console.signed_in("operator")

    answer = post(browser, f"/jobs/{job.job_id}", f"/jobs/{job.job_id}/retry")
    page = browser.get(answer.headers["location"]).text

    assert "The job is queued again." in page
    assert "Waits for a worker." in page


def test_a_button_that_comes_too_late_says_why_on_a_page(console):
    job = study_with_results(console.ledger)
    browser = console.signed_in("operator")

    answer = post(browser, f"/jobs/{job.job_id}", f"/jobs/{job.job_id}/retry")

    assert answer.status_code == 409
    assert "is done: it cannot be retried" in answer.text


def test_a_viewer_sees_no_buttons(console):
    job = study_with_a_failed_job(console.ledger)

    page = console.signed_in("viewer").get(f"/studies/{job.study_instance_uid}").text

    assert "Retry" not in page
    assert "Reprocess" not in page
    assert 'href="/users"' not in page
