"""A console whose disk is full, or can only be read."""

import pytest
from consoles import PASSWORD, csrf, served, sign_in, study_with_a_failed_job
from faults.small_disk import small_disk
from one_route import ROUTES

from service.console.routes_desk import digest_of

TEXT = ROUTES.format(pacs=1)
OTHER = TEXT.replace("everything", "all-of-it")


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "small", 16) as found:
        yield found


def test_on_a_full_disk_nothing_is_done_by_half_and_all_goes_on_when_there_is_room(disk):
    with served(disk.folder) as console:
        job = study_with_a_failed_job(console.ledger)
        admin, stranger = console.signed_in("admin"), console.browser()
        word, base = csrf(admin.get("/account").text), digest_of(TEXT)
        stranger.get("/sign-in")
        disk.fill()
        deeds = {
            f"/jobs/{job.job_id}/retry": {},
            "/routes/draft": {"text": OTHER, "base": base},
            "/routes/draft/apply": {"text": OTHER, "base": base},
            "/account/tokens": {"label": "mine"},
        }

        answers = [admin.post(at, data={"csrf": word, **given}) for at, given in deeds.items()]
        answers.append(sign_in(stranger, "viewer", PASSWORD))
        pages = [admin.get(at).status_code for at in ("/", "/studies", "/routes", "/audit")]
        text = console.desk.routes.path.read_text()
        disk.empty()
        again = admin.post("/routes/draft/apply", data={"csrf": word, "text": OTHER, "base": base})

        assert [one.status_code for one in answers] == [503] * 5
        assert all("disk is full" in one.text for one in answers)
        assert pages == [200] * 4
        assert text == TEXT
        assert again.status_code == 303
        assert console.desk.routes.path.read_text() == OTHER
        assert sign_in(stranger, "viewer", PASSWORD).status_code == 303


def test_routes_on_a_disk_that_can_only_be_read_stay_and_the_audit_trail_says_why(disk, tmp_path):
    with served(tmp_path / "node") as console:
        there = console.desk.routes.path
        (disk.folder / "routes.toml").write_text(TEXT)
        there.unlink()
        there.symlink_to(disk.folder / "routes.toml")
        disk.freeze()

        answer = console.program("admin").put(
            "/api/v1/routes", json={"text": OTHER, "replaces": digest_of(TEXT)}
        )

        assert answer.status_code == 409
        assert "routes.toml cannot be replaced: Read-only file system" in answer.json()["detail"]
        assert console.actions()[0] == ("admin", "routes.apply", answer.json()["detail"])
        assert there.read_text() == TEXT
