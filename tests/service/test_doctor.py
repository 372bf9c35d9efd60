"""What a node tells of itself to whoever helps: much of the node, nothing of a patient."""

import json
import os
import re
import stat
import subprocess
import sys
import zipfile
from contextlib import closing
from socket import gethostname

import pytest
from clock import now
from phantoms import mammogram
from typer.testing import CliRunner
from working import job_of, row_of

from service import stacks
from service.cli.app import app
from service.doctor.masking import HIDDEN, Mask, without_secrets
from service.ledger.receive import receive
from service.ledger.records import Refusal
from service.ledger.spool import Spool
from service.ledger.sql import open_ledger
from service.trail import trace_of

NAME, NUMBER, BIRTH = "SENTINELLA^ANNA", "PID-4711-0815", "19470131"
SETTINGS = """\
data_dir = "data"
[dicom]
port = 1
[queue]
broker = "redis://worker:hunter22@10.1.2.3:6379/0"
[notify.webhook]
url = "https://hooks.example.org/services/T000/s3cretpath"
[ledger]
url = ""
"""
ROUTES = f"""\
[destinations.archive]
ae_title = "BIGPACS"
host = "pacs.example.org"
port = 11113
[[routes]]
name = "one-patient"
when = [{{ keyword = "PatientID", any_of = ["{NUMBER}"] }}]
pipelines = ["super-resolution"]
send_to = ["archive"]
"""


@pytest.fixture
def node(tmp_path):
    """The folder of a node that took in an image of a patient and failed at it in many words."""
    (tmp_path / "senoscope.toml").write_text(SETTINGS)
    (tmp_path / "routes.toml").write_text(ROUTES)
    image = mammogram()
    image.PatientName, image.PatientID, image.PatientBirthDate = NAME, NUMBER, BIRTH
    spool = Spool(tmp_path / "data/received")
    temporary = spool.temporary()
    image.save_as(temporary, enforce_file_format=True)
    with closing(open_ledger(f"sqlite:///{tmp_path / 'data/ledger.sqlite'}", now)) as ledger:
        receive(spool, ledger, row_of(image, received_at=now()), temporary)
        ledger.decide([], [job_of(image, "super-resolution")])
        uid = image.SOPInstanceUID
        ledger.refuse_job(ledger.claim("host 1 1"), f"{uid}: PatientName is '{NAME}'")
        ledger.refuse(Refusal("MAMMO1", uid, uid, 0xC000, f'{uid}: "{NUMBER}" is no LO', now()))
    events = [
        {"event": f"not stored: {uid}", "level": "error", "logger": "service.listener"},
        {"event": f"odd value '{NAME}'", "level": "warning"},
    ]
    lines = [json.dumps(one) for one in events]
    (tmp_path / "node.log").write_text("\n".join(["older", *lines, f"Traceback of {uid}"]))
    return tmp_path, image


def doctor(folder, *options):
    config = ["--config", str(folder / "senoscope.toml")]
    return CliRunner().invoke(app, ["doctor", *config, *options], catch_exceptions=False)


def test_nothing_in_the_bundle_says_who_a_patient_is(node):
    folder, image = node
    out = folder / "report.zip"

    told = doctor(folder, "--out", str(out), "--log", str(folder / "node.log"), "--lines", "3")

    assert told.exit_code == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with zipfile.ZipFile(out) as bundle:
        texts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    words = [*NAME.split("^"), NUMBER, BIRTH, "hunter22", "s3cretpath"]
    words += [image.SOPInstanceUID, image.StudyInstanceUID, image.SeriesInstanceUID]
    told_of = {name: word for name, text in texts.items() for word in words if word in text}
    assert told_of == {}
    failed = json.loads(texts["failures.json"])
    assert failed["jobs"][0]["what"].startswith("super-resolution: dead (before the first stage")
    assert failed["refusals"][0]["what"].startswith("C000H: uid-")
    assert "not stored: uid-" in texts["log.json"]
    assert "older" not in texts["log.json"]


def test_machines_are_told_the_same(node):
    folder, _ = node

    told = json.loads(doctor(folder, "--json").stdout)

    assert told["versions"]["ledger_schema"] == told["versions"]["release_schema"]
    assert told["routes"]["routes"][0]["when"] == [{"keyword": "PatientID", "compares": ["any_of"]}]
    assert {one["name"]: one["ok"] for one in told["readiness"]}["ledger"]
    assert told["settings"]["queue"]["broker"] == "redis://10.1.2.3:6379/0"
    (job,) = told["counts"]["jobs"]
    assert (job["pipeline"], job["state"], job["count"]) == ("super-resolution", "dead", 1)
    jobs = [one for one in told["metrics"] if one["name"] == "senoscope_jobs"]
    assert any(one["labels"]["state"] == "dead" and one["value"] == 1 for one in jobs)
    assert told["engines"]["fsrcnn-x2 1"]["weights"] == "sha256 right"
    assert told["machine"]["processors"] > 0
    assert told["disk"]["folders"]["received"]["files"] >= 1


def test_names_of_peers_are_masked_where_that_is_wanted(node):
    folder, _ = node

    masked = doctor(folder, "--json", "--mask-names").stdout
    plain = doctor(folder, "--json").stdout

    for name in ("BIGPACS", "pacs.example.org"):
        assert name in plain
        assert name not in masked


def test_a_part_that_cannot_be_asked_hides_no_other(node):
    folder, _ = node
    (folder / "routes.toml").write_text("this is no TOML")

    told = json.loads(doctor(folder, "--json", "--log", str(folder / "none.log")).stdout)

    assert "none.log" in told["log"]["not_known"]
    assert "routes.toml" in told["routes"]["not_known"]
    assert told["counts"]["jobs"]


def test_the_same_is_masked_as_the_same_in_one_bundle_and_otherwise_in_the_next():
    one, other = Mask(b"a" * 32), Mask(b"b" * 32)
    uid, longer = "1.2.840.113619.2.401", "1.2.840.113619.2.401.7"

    assert one.text(uid) == one.text(f"{uid}.")[:-1]
    assert len({one.text(uid), one.text(longer), other.text(uid)}) == 3
    assert one.text("2.25.1221207419469573002986683345515").startswith("uid-")
    assert one.text("127.0.0.1:11112, release 0.1.0, 3.5 s") == (
        "127.0.0.1:11112, release 0.1.0, 3.5 s"
    )
    assert one.text("it's not there, the node's disk") == "it's not there, the node's disk"
    assert one.text("sentinel://a:pw1@x:1;sentinel://b:pw2@y:2") == "sentinel://x:1;sentinel://y:2"


def test_no_password_that_an_address_may_hold_is_told():
    mask = Mask(b"a" * 32)
    addresses = [
        "redis://:s3,cret@host:6379/0 is away",
        "postgresql+psycopg://me:s3/cret@db/n",
        "postgresql+psycopg://me:s3;c?ret@db/n",
        "https://host/p?mail=me@cret&key=s3,cret",
        "https://host/p?key=s3,cret",
    ]

    told = " ".join(f"{mask.text(one)} {without_secrets({'url': one})}" for one in addresses)

    assert "cret" not in told
    assert "redis://host:6379/0 is away" in told
    assert "postgresql+psycopg://db/n" in told


def test_what_is_quoted_is_not_told_whatever_stands_in_it():
    mask = Mask(b"a" * 32)

    told = mask.text("'https://host/p?q=1' is not 'SMITH^ANNA', " + repr('O\'NEIL^"MARY"^SUE'))

    assert not {"SMITH", "NEIL", "MARY", "SUE"} & set(re.findall("[A-Z]+", told))


def test_a_trace_is_masked_as_its_study_is():
    trace = trace_of("1.2.840.113619.2.401")

    told = Mask(b"a" * 32).text(f"study 1.2.840.113619.2.401 trace={trace}")

    assert trace not in told
    assert "trace=trace-" in told


def test_settings_tell_where_secrets_lie_and_not_what_they_are():
    told = without_secrets(
        {
            "password": "p",
            "password_file": "/etc/p",
            "url": "postgresql+psycopg://me:p@db/n?sslpassword=q",
            "tls_key": "node.key",
            "token": "t",
        }
    )

    assert told == {
        "password": HIDDEN,
        "password_file": "/etc/p",
        "url": "postgresql+psycopg://db/n",
        "tls_key": "node.key",
        "token": HIDDEN,
    }


STUCK = """
import sys, threading
from pathlib import Path
from service import stacks

def is_stuck():
    threading.Event().wait()

threading.Thread(target=is_stuck, daemon=True).start()
with stacks.telling(Path(sys.argv[1])):
    print("telling", flush=True)
    sys.stdin.read()
"""


def test_a_process_tells_what_its_threads_are_at(tmp_path):
    command = [sys.executable, "-c", STUCK, tmp_path]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "telling\n"

        ((name, told),) = stacks.asked(tmp_path).items()

        process.communicate()
    assert process.returncode == 0
    assert name.endswith(f"-{process.pid}")
    assert "in is_stuck" in told
    assert "in wait" in told
    assert stacks.asked(tmp_path) == {}


def test_a_process_that_never_said_so_gets_no_signal(tmp_path):
    folder = tmp_path / stacks.STACKS
    folder.mkdir()
    (folder / f"{gethostname()}-{os.getpid()}.txt").write_text("of another of that number")
    (folder / f"{gethostname()}-x.txt").write_text("")

    assert stacks.asked(tmp_path) == {}
