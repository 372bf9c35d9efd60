"""Routes that are changed by the console and by an editor while studies flow through a node."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from consoles import PASSWORD
from node import Node
from peers.dcmtk import StoreScp, storescu
from peers.programs import until
from phantoms import saved, study

from service.console.routes_desk import digest_of
from service.ledger.records import JobState

SMALL = {"rows": 192, "columns": 144}
AT_ONCE, STUDIES = 4, 12
PATIENCE_S = 300
"""A machine that does much else takes its time."""


@pytest.fixture
def pacs(tmp_path):
    server = StoreScp(tmp_path / "pacs")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def node(tmp_path, pacs):
    found = Node(tmp_path / "node", pacs.port, quiet_s=0.5)
    found.start()
    try:
        found.wait_until_ready()
        yield found
    finally:
        found.stop()


@pytest.fixture
def admin(node):
    """A program that may change the routes."""
    assert node.fed(PASSWORD, "users", "add", "ada", "--role", "admin").returncode == 0
    token = node.senoscope("api-token", "add", "ada", "editor")["token"]
    with httpx.Client(
        base_url=f"http://127.0.0.1:{node.http_port}/api/v1",
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    ) as client:
        yield client


def test_nothing_is_lost_or_doubled_while_routes_are_changed_by_console_and_editor(
    node, pacs, admin, tmp_path
):
    stop, ledger = threading.Event(), node.ledger()
    sets = [study(seed=seed, **SMALL)[:2] for seed in range(STUDIES)]
    images = [str(image.SOPInstanceUID) for one in sets for image in one]
    with ThreadPoolExecutor() as editors, ThreadPoolExecutor(AT_ONCE) as senders:
        editing = editors.submit(edit, node, admin, stop)
        sent = list(senders.map(lambda one: send(node, one, tmp_path), sets[::2]))
        until(lambda: ledger.jobs() and newest(ledger) > ledger.jobs()[0].routes_version, 60)
        sent += senders.map(lambda one: send(node, one, tmp_path), sets[1::2])
        until(lambda: done(ledger) == len(images), PATIENCE_S, 0.5, why=node.log.read_text)
        stop.set()
        answers = editing.result()
    until(lambda: all(one.sent_at for one in ledger.deliveries()), PATIENCE_S, 0.5)

    jobs = ledger.jobs(limit=None)
    results = [one.sop_instance_uid for job in jobs for one in ledger.results(job.job_id)]
    texts = {one.number: one.text for one in ledger.routes_versions()}
    assert set(sent) == {0}
    assert answers[httpx.codes.OK] > 1
    assert Counter(uid for job in jobs for uid in job.sop_instance_uids) == Counter(images)
    assert {(job.state, job.failures, job.losts) for job in jobs} == {(JobState.DONE, 0, 0)}
    assert sorted(results) == pacs.instances()
    assert len({job.routes_version for job in jobs}) > 1
    assert all(f'name = "{job.route}"' in texts[job.routes_version] for job in jobs)
    assert f"# edit {answers.total()}\n" in node.config.with_name("routes.toml").read_text()
    ledger.close()


def send(node, images, folder) -> int:
    """Send a study in an association of its own, when another one is through."""
    return storescu([saved(image, folder) for image in images], node.port).returncode


def newest(ledger) -> int:
    """Return the number of the newest version of the routes."""
    return max(one.number for one in ledger.routes_versions())


def done(ledger) -> int:
    return sum(job.state is JobState.DONE for job in ledger.jobs(limit=None))


def edit(node, admin, stop) -> Counter[int]:
    """Change the routes again and again, by turns; return what the console answered how often."""
    path, answers = node.config.with_name("routes.toml"), Counter()
    text = path.read_text()
    while not stop.wait(0.7):
        number = answers.total() + 1
        new = f"# edit {number}\n" + text.replace('"everything"', f'"edit-{number}"')
        if number % 2:
            asked = {"text": new, "replaces": digest_of(path.read_text())}
            answers[admin.put("/routes", json=asked).status_code] += 1
        else:
            write_in_place(path, new)
            answers[0] += 1
    return answers


def write_in_place(path, text) -> None:
    """Write as editors do: the file is cut to nothing first, and is half there for a moment."""
    with path.open("w") as file:
        file.flush()
        time.sleep(0.01)
        half = text.index("[[routes]]")
        file.write(text[:half])
        file.flush()
        time.sleep(0.01)
        file.write(text[half:])
