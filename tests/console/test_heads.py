"""HEAD on the console: as a link checker or `curl -I` asks."""

import pytest
from consoles import served, study_with_a_failed_job


@pytest.fixture
def console(tmp_path):
    with served(tmp_path) as found:
        yield found


def test_pages_answer_head_as_get_without_a_body(console):
    job = study_with_a_failed_job(console.ledger, "1.2.3")
    browser = console.signed_in("viewer")

    for page in ("/", "/studies", "/studies/1.2.3", f"/jobs/{job.job_id}", "/static/console.css"):
        head, whole = browser.head(page), browser.get(page)

        assert (head.status_code, head.content) == (200, b""), page
        assert head.headers["content-type"] == whole.headers["content-type"]
        assert "content-security-policy" in head.headers


def test_head_of_a_page_leads_to_where_people_sign_in(console):
    assert console.browser().head("/").headers["location"].startswith("/sign-in")


def test_head_does_nothing_where_there_is_no_get(console):
    job = study_with_a_failed_job(console.ledger)

    assert console.signed_in("operator").head(f"/jobs/{job.job_id}/retry").status_code == 405
    assert console.ledger.job(job.job_id).state == "dead"
