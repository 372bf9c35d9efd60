"""A whole node tells people what goes wrong with it, whatever happens to it meanwhile."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from authority import Authority
from node import Node
from peers.dcmtk import storescu
from peers.programs import until
from phantoms import mammogram, saved
from receiving import HOST, MailServer, WebServer

from service.demo.orthanc import free_port

SETTINGS = """\
[notify]
every_s = 0.5
gather_s = 1
over_after_s = 1
disk_low_mb = 0
per_hour = 60
[notify.mail]
host = "{host}"
port = {mail}
tls_ca = "{ca}"
user = "senoscope"
password_file = "{password}"
sender = "senoscope@example.org"
to = ["pacs-team@example.org"]
[notify.webhook]
url = "{url}"
"""


@pytest.fixture
def mail(tmp_path):
    server = MailServer(Authority(tmp_path).issue("mail"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def web():
    server = WebServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def node(tmp_path, mail, web):
    (tmp_path / "password").write_text("a secret of mail\n")
    told = SETTINGS.format(
        host=HOST,
        mail=mail.port,
        url=web.url,
        ca=tmp_path / "ca.pem",
        password=tmp_path / "password",
    )
    made = Node(tmp_path / "node", free_port(), extra=told)
    made.start()
    yield made
    if made.process.poll() is None:
        made.stop()


def unreadable(folder: Path) -> Path:
    """Return a mammogram of somebody half of whose pixels are missing."""
    image = mammogram(rows=64, columns=64)
    image.PixelData = image.PixelData[:1000]
    image.PatientName = "Curie^Marie"
    image.PatientID = "SECRET-1867"
    return saved(image, folder)


def subjects(mail, web):
    mailed = [one["Subject"].partition("] ")[2] for one in mail.letters]
    return mailed, [one.told["subject"] for one in web.calls]


@pytest.mark.timeout(300)
def test_an_image_that_cannot_be_read_is_told_by_both_ways_and_its_patient_by_none(
    node, mail, web, tmp_path
):
    node.wait_until_ready()
    image = unreadable(tmp_path)

    assert storescu([image], node.port).returncode == 0
    until(lambda: web.calls and mail.letters, 90, why=node.log.read_text)

    assert subjects(mail, web) == (["1 job of pipeline super-resolution is dead"],) * 2
    told = mail.letters[0].as_string() + web.calls[0].content.decode() + node.log.read_text()
    assert "Curie" not in told
    assert "SECRET-1867" not in told
    listed = node.senoscope("notify", "list")
    assert {one["channel"] for one in listed["open"]} == {"mail", "webhook"}
    assert all(one["sent_at"] for one in listed["messages"])
    assert 'senoscope_notifications_total{channel="mail",outcome="sent"} 1.0' in node.get(
        "/metrics"
    )


@pytest.mark.timeout(300)
def test_a_node_that_is_killed_between_what_happens_and_the_message_tells_it_once(node, mail, web):
    node.wait_until_ready()
    mail.stop()
    web.stop()
    routes = node.config.parent / "routes.toml"
    good = routes.read_text()
    routes.write_text(good + "[[routes]]\nnmae = 1\n")
    with closing(node.ledger()) as ledger:
        until(lambda: len(ledger.messages()) == 2, 30, why=node.log.read_text)
    routes.write_text(good)
    node.kill(node.process.pid)
    mail.start()
    web.start()
    node.wait_until_ready()

    until(lambda: len(web.calls) > 1 and len(mail.letters) > 1, 180, why=node.log.read_text)

    what = "routes.toml on the disk is broken: the last good routes stay in force"
    over = "over: routes.toml on the disk is in force again"
    assert subjects(mail, web) == ([what, over],) * 2


@pytest.mark.timeout(300)
def test_a_receiver_that_is_down_is_told_by_check_and_does_not_make_the_node_unready(
    node, mail, web, tmp_path
):
    node.wait_until_ready()
    mail.stop()
    assert storescu([unreadable(tmp_path)], node.port).returncode == 0
    until(lambda: web.calls, 90, why=node.log.read_text)

    def told():
        return "waits: see" in node.get("/readyz")

    until(told, 30, why=node.log.read_text)
    command = [sys.executable, "-m", "service", "check", "--config", node.config]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert "FAIL notify mail" in checked.stdout
    assert "Connection refused" in checked.stdout
    assert "pacs-team" not in node.get("/readyz")
    assert "ok   notify webhook" in checked.stdout
    assert checked.returncode == 1
    assert node.answers("/readyz")


def senoscope_notify_test(node):
    command = [sys.executable, "-m", "service", "notify", "test", "--config", node.config]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_test_message_says_by_each_way_what_was_answered(node, mail, web):
    os.kill(node.process.pid, signal.SIGKILL)
    node.process.wait()
    good = senoscope_notify_test(node)
    web.status = 403
    bad = senoscope_notify_test(node)

    assert good.returncode == 0, good.stdout + good.stderr
    assert "ok   mail to pacs-team@example.org by" in good.stdout
    assert "250 kept as 4711" in good.stdout
    assert "HTTP 200 thank you" in good.stdout
    assert web.calls[0].told["subject"] == "this is a test: messages of this node arrive here"
    assert len(mail.letters) == 2
    assert "FAIL webhook" in bad.stdout
    assert "HTTP 403" in bad.stdout
    assert (bad.returncode, bad.stderr.count("\n")) == (1, 1)


def test_without_a_channel_a_test_says_which_settings_make_one(tmp_path):
    config = tmp_path / "senoscope.toml"
    config.write_text('data_dir = "data"\n')
    command = [sys.executable, "-m", "service", "notify", "test", "--config", config]

    told = subprocess.run(command, capture_output=True, text=True, check=False)

    assert told.returncode == 1
    assert "notify.mail.host" in told.stderr
