"""Routes by the console and the API: looked at, tried, changed, and brought back."""

import base64
import resource
import sqlite3
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from io import BytesIO
from threading import Lock

import pytest
from consoles import SETUP, csrf, post, served, study_with_a_failed_job
from one_route import ROUTES
from phantoms import mammogram
from pydicom import dcmwrite
from working import row_of

from service.console import routes_desk
from service.console.routes_changing import apply
from service.console.routes_desk import digest_of
from service.console.routes_trying import judge_of, look_back
from service.errors import RefusedError

TEXT = ROUTES.format(pacs=1)
OTHER = TEXT.replace('name = "everything"', 'name = "other"')
WRONG = TEXT.replace("pipelines", "pipeline")


@pytest.fixture
def console(tmp_path):
    with served(tmp_path) as found:
        yield found


@pytest.fixture
def path(console):
    """The clinic's file."""
    return console.desk.routes.path


@pytest.fixture
def admin(console):
    return console.program("admin")


def beginning(**attributes) -> bytes:
    """Return the beginning of a mammogram's file."""
    image = mammogram("RMLO", rows=192, columns=144)
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
    file = BytesIO()
    dcmwrite(file, image, enforce_file_format=True)
    return file.getvalue()[:20_000]


def judged(console) -> str:
    """Keep a mammogram that the routes in force took; return its study."""
    image = mammogram("RMLO", rows=192, columns=144)
    console.desk.routes.received.keep_dataset(image)
    instance = row_of(image, received_at=console.ledger.now())
    console.ledger.record(instance)
    decided = judge_of(console.desk, None).judge(instance, image)
    console.ledger.decide(
        [decision for decision, _ in decided], [job for _, job in decided if job is not None]
    )
    return str(image.StudyInstanceUID)


def put(program, text, replaces=TEXT):
    return program.put("/api/v1/routes", json={"text": text, "replaces": digest_of(replaces)})


def of_routes(console):
    """Return what the audit trail says of routes, the oldest first."""
    told = reversed(console.ledger.audit(action="routes."))
    return [(one.who, one.action, one.outcome) for one in told]


def test_a_text_is_put_into_force_and_is_in_the_history_and_the_audit_trail(console, path, admin):
    answer = put(admin, OTHER)

    assert answer.status_code == 200, answer.text
    assert path.read_text() == OTHER
    told = admin.get("/api/v1/routes").json()
    assert (told["version"], told["routes"][0]["name"]) == (answer.json()["version"], "other")
    (version,) = admin.get("/api/v1/routes/versions").json()
    assert (version["sha256"], version["on_disk"]) == (digest_of(OTHER), True)
    assert of_routes(console) == [
        ("admin", "routes.apply", "begun"),
        ("admin", "routes.apply", "done"),
    ]


def test_the_audit_page_tells_what_began_and_what_was_done_from_what_was_not(console, admin):
    put(admin, OTHER)
    put(admin, WRONG, OTHER)

    page = console.signed_in("admin").get("/audit?action=routes.").text

    assert page.count(">begun<") == page.count(">done<") == page.count(">not done<") == 1


def test_who_replaced_the_file_is_noted_though_the_ledger_fails_afterwards(console, path, admin):
    with closing(sqlite3.connect(path.parent / "data" / "ledger.sqlite")) as database:
        database.execute("DROP TABLE routes_versions")

    answer = put(admin, OTHER)

    assert answer.status_code == 503
    assert path.read_text() == OTHER
    assert of_routes(console) == [("admin", "routes.apply", "begun")]


def test_a_text_with_a_mistake_changes_nothing_and_says_where_it_is(console, path, admin):
    answer = put(admin, WRONG)

    assert answer.status_code == 409
    assert "nothing was changed: routes.toml, line 8: routes.0.pipeline" in answer.json()["detail"]
    assert path.read_text() == TEXT
    assert of_routes(console)[0][2] == answer.json()["detail"]


def test_what_somebody_else_wrote_meanwhile_is_not_lost(path, admin):
    path.write_text(OTHER)

    answer = put(admin, TEXT.replace("everything", "mine"))

    assert answer.status_code == 409
    assert "was changed on the disk in the meantime" in answer.json()["detail"]
    assert path.read_text() == OTHER


def test_of_several_consoles_that_change_the_same_routes_at_once_one_does(console, path):
    desks = [
        replace(console.desk, routes=replace(console.desk.routes, _changing=Lock()))
        for _ in range(4)
    ]
    texts = [TEXT.replace("everything", f"number-{number}") for number in range(len(desks))]

    def change(desk, text):
        with suppress(RefusedError):
            return apply(desk, SETUP, text, digest_of(TEXT))
        return None

    with ThreadPoolExecutor(len(desks)) as consoles:
        with console.ledger.database.writing():  # nobody gets further than to the audit trail
            asked = [*map(lambda *one: consoles.submit(change, *one), desks, texts)]
            time.sleep(1)
        done = [one.result() for one in asked]

    (applied,) = filter(None, done)
    assert digest_of(path.read_text()) == applied.sha256


def test_a_console_does_not_wait_for_ever_for_another_that_changes_routes(
    console, path, monkeypatch
):
    monkeypatch.setattr(routes_desk, "LONGEST_S", 0.1)

    with routes_desk.locked(path.parent):
        answer = put(console.program("admin"), OTHER)

    assert answer.status_code == 503
    assert "somebody else changes" in answer.json()["detail"]
    assert put(console.program("admin"), OTHER).status_code == 200


def test_a_file_that_is_read_only_stays_as_it_is(path, admin):
    path.chmod(0o444)

    answer = put(admin, OTHER)

    assert answer.status_code == 409
    assert "read-only" in answer.json()["detail"]
    assert path.read_text() == TEXT


def test_a_destination_may_not_be_sent_a_file_that_was_never_named_on_the_machine(path, admin):
    thief = f"""{TEXT}
[destinations.thief]
stow_url = "https://thief.example/studies"
stow_token_file = "data/site.key"
"""

    refused = put(admin, thief)
    path.write_text(thief)  # as by an editor on the machine
    kept = put(admin, thief.replace("everything", "all"), thief)
    put(admin, TEXT, kept_text := thief.replace("everything", "all"))
    restored = put(admin, kept_text)

    assert refused.status_code == 409
    assert "data/site.key is a file that routes.toml never named" in refused.json()["detail"]
    assert (kept.status_code, restored.status_code) == (200, 200)


@pytest.mark.parametrize(
    ("old", "new"),
    [("pacs.example", "thief.example"), ("token.txt", "key.pem"), ("tls_ca", "stow_token_file")],
)
def test_a_file_is_used_for_no_other_host_than_on_the_machine(path, admin, old, new):
    there = f"""{TEXT}
[destinations.web]
stow_url = "https://pacs.example/studies"
stow_token_file = "token.txt"

[destinations.other]
stow_url = "https://other.example/studies"
tls_ca = "ca.pem"

[destinations.third]
stow_url = "https://pacs.example/more"
tls_ca = "key.pem"
"""
    path.write_text(there)  # as by an editor on the machine

    refused = put(admin, there.replace(old, new), there)
    kept = put(admin, there.replace("pacs.example/studies", "pacs.example/rs"), there)

    assert refused.status_code == 409
    assert "routes.toml never named as stow_token_file for " in refused.json()["detail"]
    assert kept.status_code == 200


def test_every_mistake_and_warning_is_told_with_line_and_column(admin):
    odd = TEXT + '\n[destinations.spare]\nae_title = "S"\nhost = "h"\nport = 1\n'

    wrong = admin.post("/api/v1/routes/check", json={"text": WRONG}).json()
    right = admin.post("/api/v1/routes/check", json={"text": odd}).json()

    assert wrong["right"] is False
    assert ("routes.0.pipeline", 8, 1) in [
        (one["key"], one["line"], one["column"]) for one in wrong["mistakes"]
    ]
    assert (right["right"], right["routes"], right["destinations"]) == (True, 1, 2)
    assert [(one["key"], one["line"]) for one in right["warnings"]] == [("destinations.spare", 11)]


def test_only_administrators_have_a_text_checked_and_no_long_one(console, admin):
    url, given = "/api/v1/routes/check", {"text": TEXT}

    assert console.program("operator").post(url, json=given).status_code == 403
    assert admin.post(url, json={"text": TEXT + "#" * 50_000}).status_code == 422


def test_a_version_is_compared_and_brought_back(console, path, admin):
    put(admin, OTHER)
    put(admin, TEXT, OTHER)
    newest, oldest = admin.get("/api/v1/routes/versions").json()

    told = admin.get(f"/api/v1/routes/versions/{oldest['version']}").json()
    restored = admin.post(
        f"/api/v1/routes/versions/{oldest['version']}/restore", json={"replaces": digest_of(TEXT)}
    )

    assert newest["on_disk"] is True
    assert '-name = "other"' in told["difference"]
    assert '+name = "everything"' in told["difference"]
    assert restored.status_code == 200
    assert path.read_text() == OTHER
    assert of_routes(console)[-1] == ("admin", "routes.restore", "done")


def test_an_image_is_explained_by_its_header_alone(admin):
    whole = base64.b64encode(beginning()).decode()
    asked = {"file": whole, "calling": "MAMMO1"}
    draft = TEXT + 'calling = ["OTHER"]\n'

    (by_force,) = admin.post("/api/v1/routes/explain", json=asked).json()
    (by_draft,) = admin.post("/api/v1/routes/explain", json={**asked, "text": draft}).json()

    assert (by_force["answers"][0]["route"], by_force["answers"][0]["taken"]) == (
        "everything",
        True,
    )
    assert by_draft["answers"][0]["taken"] is False
    assert "MAMMO1" in by_draft["answers"][0]["reason"]


def test_what_is_no_image_is_refused_in_plain_words(admin):
    junk = base64.b64encode(b"\0" * 500).decode()

    answer = admin.post("/api/v1/routes/explain", json={"file": junk})

    assert answer.status_code == 409
    assert "no DICOM file" in answer.json()["detail"]


ITEMS = bytes.fromhex("08001511") + b"SQ\0\0" + b"\xff" * 4, b"\xfe\xff\0\xe0" + b"\xff" * 4
"""Of a sequence and of an item in it, the beginning; neither says how long it is."""


@pytest.mark.parametrize(
    "odd",
    [ITEMS[0], b"".join(ITEMS) * 100, b"".join(ITEMS) * 20_000],
    ids=["a sequence", "nested", "nested deeply"],
)
def test_a_file_that_ends_within_a_sequence_is_refused_in_plain_words(admin, odd):
    file = beginning()[:400].partition(b"\x08\0\x05\0")[0] + odd

    asked = {"file": base64.b64encode(file).decode()}
    answer = admin.post("/api/v1/routes/explain", json=asked)

    assert answer.status_code == 409, answer.text


def test_a_deflated_file_is_refused_before_it_is_inflated(admin):
    meta = bytes.fromhex("02001000") + b"UI\x16\0"
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(400)) + packer.flush()
    file = b"\0" * 128 + b"DICM" + meta + b"1.2.840.10008.1.2.1.99" + bomb
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    asked = {"file": base64.b64encode(file).decode()}
    answer = admin.post("/api/v1/routes/explain", json=asked)

    assert answer.status_code == 409
    assert "it is deflated" in answer.json()["detail"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10  # in KiB


def test_only_administrators_ask_by_routes_that_are_not_in_force(console):
    asked = {"file": base64.b64encode(beginning()).decode(), "text": TEXT}

    answer = console.program("operator").post("/api/v1/routes/explain", json=asked)

    assert answer.status_code == 403


def test_what_would_change_of_the_last_studies_is_counted(console, admin):
    study = judged(console)
    study_with_a_failed_job(console.ledger, "1.2.3")  # its bytes are nowhere

    told = admin.post("/api/v1/routes/replay", json={"text": OTHER}).json()

    assert (told["studies"], told["changed"], told["passed_over"]) == (2, 1, 1)
    assert told["counts"]["new job"] == told["counts"]["no job"] == 1
    assert [one["study_instance_uid"] for one in told["told"]] == [study]
    assert told["all_of_them"] is True


def test_a_look_back_ends_when_its_time_is_over(console):
    judged(console)
    moments = iter([0.0, 100.0])

    told = look_back(console.desk, judge_of(console.desk, None), 200, lambda: next(moments))

    assert (told.studies, told.all_of_them) == (0, False)


def test_a_study_that_is_kept_is_explained_by_the_routes_in_force_for_everybody(console):
    study = judged(console)
    browser = console.signed_in("viewer")

    page = post(browser, "/routes", "/routes/try", study=study, calling="MAMMO1").text
    unknown = post(browser, "/routes", "/routes/try", study="9.9").text

    assert "<b>everything</b>, super-resolution: taken" in page
    assert "No study 9.9 in the ledger." in unknown


def test_a_draft_is_kept_while_somebody_writes_and_tells_its_mistakes(console, path):
    browser = console.signed_in("admin")
    base = digest_of(TEXT)

    saved = post(browser, "/routes/draft", "/routes/draft", text=WRONG, base=base)
    again = console.signed_in("admin").get("/routes/draft").text

    assert 'data-line="8" data-column="1"' in saved.text
    assert "pipeline = [" in again
    assert path.read_text() == TEXT


def test_a_draft_with_a_number_that_is_too_long_can_be_mended(console):
    browser = console.signed_in("admin")
    text = f"{TEXT}\nodd = {'9' * 5000}\n"

    saved = post(browser, "/routes/draft", "/routes/draft", text=text, base=digest_of(TEXT))
    again = browser.get("/routes/draft")

    assert (saved.status_code, again.status_code) == (200, 200)
    assert "a number is too long" in again.text


def test_a_draft_is_applied_and_then_gone(console, path):
    browser = console.signed_in("admin")
    text = OTHER.replace("\n", "\r\n")  # as forms have it

    applied = post(browser, "/routes/draft", "/routes/draft/apply", text=text, base=digest_of(TEXT))

    assert applied.headers["location"] == "/routes?did=routes-applied"
    assert path.read_text() == OTHER
    assert console.ledger.routes_draft("admin") is None
    assert "Version 1" in browser.get("/routes").text


def test_a_draft_outlives_a_change_of_the_file_and_says_so(console, path):
    browser = console.signed_in("admin")
    mine = TEXT.replace("everything", "mine")
    post(browser, "/routes/draft", "/routes/draft", text=mine, base=digest_of(TEXT))
    path.write_text(OTHER)

    refused = post(browser, "/routes/draft", "/routes/draft/apply", text=mine)
    post(browser, "/routes/draft", "/routes/draft/rebase")
    applied = post(browser, "/routes/draft", "/routes/draft/apply", text=mine)

    assert refused.status_code == 409
    assert "was changed on the disk" in refused.text
    assert applied.status_code == 303
    assert path.read_text() == mine


def test_a_dropped_file_is_tried_and_not_kept(console):
    browser = console.signed_in("admin")
    headers = {"X-CSRF-Token": csrf(browser.get("/routes").text)}

    answer = browser.post("/routes/draft/try/file", content=beginning(), headers=headers)

    assert "<b>everything</b>, super-resolution" in answer.text
    assert "PHANTOM" not in answer.text
    assert console.ledger.studies() == []


def test_a_viewer_looks_at_routes_and_versions_and_cannot_change_them(console, admin):
    put(admin, OTHER)
    browser = console.signed_in("viewer")

    routes = browser.get("/routes").text
    version = browser.get("/routes/versions/1").text

    assert "Version 1" in routes
    assert "Edit a draft" not in routes
    assert "Restore" not in version
    assert browser.get("/routes/draft").status_code == 403
