"""People are told by real mail and web servers what the ledger says."""

import hmac
import json
import multiprocessing
import os
import random
import signal
import socket
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from authority import Authority
from clock import Clock, now
from peers.programs import until
from receiving import HOST, MailServer, WebServer
from working import job_of, plain_image, row_of

from service.demo.orthanc import free_port
from service.errors import BadConfigurationError, UnavailableError
from service.ledger.completions import add_notice
from service.ledger.notifying import Message
from service.ledger.records import JobState, Notice, Refusal, Result, WorkerPresence
from service.ledger.sql import open_ledger
from service.metrics import Metrics
from service.notify.courier import LEASE_S, Courier
from service.notify.facts import Lookout
from service.notify.letter import trial
from service.notify.made import channels_of, limits_of, rules_of, sender_of
from service.notify.notifier import Desk, Notifier
from service.notify.plan import Rules
from service.notify.standing import standing, standing_for_anybody
from service.settings import load_settings

MB = 1_000_000
SIGNING = "a secret of webhooks"
CONFIG = """\
[notify]
console_url = "https://mammo.example.org"
refused_per_h = 10
[notify.mail]
host = "{host}"
port = {mail}
security = "none"
sender = "senoscope@example.org"
to = ["pacs-team@example.org", "physics@example.org"]
[notify.webhook]
url = "{url}"
secret_file = "secret"
token_file = "token"
"""
CLEAR = """\
[notify.mail]
host = "mail"
sender = "a@b"
to = ["a@b"]
security = "none"
user = "me"
password_file = "p"
"""


class Site:
    """A ledger, receivers, and what tells them of it; the clock is turned by hand."""

    def __init__(self, folder, url, registry, clock):
        self.mail, self.web = MailServer(), WebServer()
        self.clock = clock
        self.config = folder / "senoscope.toml"
        self.config.write_text(CONFIG.format(host=HOST, mail=self.mail.port, url=self.web.url))
        for name, secret in (("secret", SIGNING), ("token", "come in")):
            (folder / name).write_text(f"{secret}\n")
        self.settings = load_settings(self.config)
        self.channels = channels_of(self.settings)
        self.ledger = open_ledger(url, self.clock)
        self.metrics = Metrics(registry, "1.2.3")
        self.free_bytes = 100_000 * MB
        self.routes_error = ""
        self.present()

    def present(self):
        now = self.clock()
        self.ledger.present(WorkerPresence("worker", "cpu", (), now, now))

    def notifier(self):
        """Return a notifier as it is after a start."""
        chosen = self.settings.notify
        lookout = Lookout(
            self.ledger,
            lambda: self.free_bytes,
            lambda: self.routes_error,
            timedelta(minutes=chosen.unreached_min),
            chosen.refused_per_h,
        )
        node = sender_of(self.settings).node
        desk = Desk(node, lookout, limits_of(self.settings), rules_of(chosen), 0.01)
        couriers = {
            name: Courier(name, channel, self.ledger, self.metrics, self.clock)
            for name, channel in self.channels.items()
        }
        return Notifier(desk, self.ledger, couriers, self.clock)

    def pass_(self, seconds, *, every=60, worker=True):
        """Let so long pass, and do now and then what the node does every half a minute."""
        for _ in range(round(seconds / every)):
            self.clock.pass_(every)
            if worker:
                self.present()
            notifier = self.notifier()
            notifier.look()
            for courier in notifier.couriers.values():
                courier.send_due()

    def die(self, number, reason="no patient is named here", pipeline="cad"):
        """Let a job die."""
        job = job_of(plain_image(f"1.2.{number}"), pipeline, study_instance_uid=f"1.2.{number}")
        self.ledger.decide([], [job])
        claimed = self.ledger.claim("worker", job.job_id)
        assert self.ledger.refuse_job(claimed, reason)
        return job.job_id

    def subjects(self):
        """Return what was told by mail, and what by the web."""
        mailed = [one["Subject"].partition("] ")[2] for one in self.mail.letters]
        return mailed, [one.told["subject"] for one in self.web.calls]


@contextmanager
def opened(folder, url, registry, clock=None):
    site = Site(folder, url, registry, clock or Clock())
    site.mail.start()
    site.web.start()
    with closing(site.ledger):
        yield site
    site.mail.stop()
    site.web.stop()


@pytest.fixture
def site(tmp_path, registry):
    with opened(tmp_path, f"sqlite:///{tmp_path / 'ledger.sqlite'}", registry) as made:
        yield made


@pytest.fixture
def any_site(tmp_path, ledger_url, registry):
    with opened(tmp_path, ledger_url, registry) as made:
        yield made


def test_a_job_that_dies_gives_one_letter_and_one_call_and_so_does_its_end(any_site):
    site = any_site
    job_id = site.die(1)

    site.pass_(300)
    told = site.subjects()
    site.ledger.retry(job_id)
    site.pass_(300)

    assert told == (["1 job of pipeline cad is dead"],) * 2
    over = "over: no job of pipeline cad is dead any more"
    assert site.subjects() == (["1 job of pipeline cad is dead", over],) * 2
    assert site.ledger.tellings() == []


def test_fifty_jobs_that_die_in_a_minute_give_one_message(site):
    for number in range(50):
        site.die(number)
        site.clock.pass_(1)

    site.pass_(1800, every=180)

    assert site.subjects() == (["50 jobs of pipeline cad are dead"],) * 2


def test_a_letter_says_what_why_since_when_what_to_do_and_where(site):
    site.die(1, "the image has no pixels")
    site.pass_(120)

    (letter,) = site.mail.letters
    said = letter.get_content().replace("\r\n", "\n")

    assert letter["To"] == "pacs-team@example.org, physics@example.org"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert said.startswith(
        "NEW: 1 job of pipeline cad is dead\n"
        "  Since 2026-01-02 00:00 UTC; the last of study 1.2.1: the image has no pixels\n"
        "  What to do: `senoscope jobs list --state dead` shows them, "
    )
    assert "https://mammo.example.org/jobs?state=dead" in said
    assert "Research use only" in said


def test_a_call_is_json_signed_and_shows_who_may_come_in(site):
    site.die(1)
    site.pass_(120)

    (call,) = site.web.calls

    expected = hmac.new(SIGNING.encode(), call.content, "sha256").hexdigest()
    assert call.headers["X-Senoscope-Signature"] == f"sha256={expected}"
    assert call.headers["Authorization"] == "Bearer come in"
    assert call.headers["Idempotency-Key"] == call.told["id"]
    (point,) = call.told["points"]
    assert (point["news"], point["severity"], point["key"]) == ("new", "error", "jobs-dead:cad")
    assert point["link"] == "https://mammo.example.org/jobs?state=dead"


@pytest.mark.parametrize(
    "reason", ["a\r\nBcc: all@example.org\r\n\r\nbody", "a\nb", "\x00\x85\u2028"]
)
def test_no_error_text_makes_a_header(site, reason):
    site.die(1, reason, pipeline="cad\r\nBcc: all@example.org")
    site.pass_(120)

    (letter,) = site.mail.letters

    assert "Bcc" not in letter
    assert letter["Subject"].endswith("1 job of pipeline cad Bcc: all@example.org is dead")
    assert len(site.web.calls) == 1


def test_after_many_messages_people_are_told_on_though_the_clock_was_set_back(any_site):
    site = any_site
    for number in range(1, site.settings.notify.per_hour + 3):
        made_at = site.clock() + timedelta(minutes=number)
        message = Message("mail", number, f"id{number}", "subject", (), made_at, made_at)
        site.ledger.keep_told([], [], replace(message, sent_at=made_at))
    site.clock.pass_(-24 * 3600)

    for error in ("broken", ""):
        site.routes_error = error
        site.pass_(1200)

    assert len(site.mail.letters) == 2


def test_a_receiver_that_is_down_loses_nothing_and_is_not_flooded_afterwards(site):
    site.mail.stop()
    site.die(1)
    site.pass_(600)
    site.free_bytes = 10 * MB
    site.pass_(600)
    site.free_bytes = 100_000 * MB
    site.pass_(600)
    down = standing("mail", site.channels["mail"], site.ledger, site.clock())

    site.mail.start()
    site.pass_(900)

    mailed, called = site.subjects()
    assert called[0] == "1 job of pipeline cad is dead"
    assert len(called) == 3
    assert not down.ok
    assert "Connection refused" in down.detail
    assert mailed[0] == "1 job of pipeline cad is dead"
    news = [line for line in site.mail.letters[1].get_content().splitlines() if line[:1].isupper()]
    assert news[0].startswith("OVER BEFORE IT WAS TOLD: the disk is full")
    assert len(mailed) == 2
    assert standing("mail", site.channels["mail"], site.ledger, site.clock()).ok


def test_a_receiver_that_fails_is_tried_again_with_the_same_id(site, registry):
    site.web.status = 503
    site.mail.answer = "451 later, please"
    site.die(1)
    site.pass_(300)
    up_before = registry.get_sample_value("senoscope_notify_up", {"channel": "webhook"})
    mailed_before = site.mail.letters[:]
    site.web.status = 204
    site.mail.answer = "250 kept"
    site.pass_(600)

    ids = {one.told["id"] for one in site.web.calls}
    assert (up_before, mailed_before) == (0, [])
    assert len(site.web.calls) > 1
    assert len(ids) == 1
    assert site.mail.letters[0]["Message-ID"].startswith("<")
    assert len(site.mail.letters) == 1
    assert registry.get_sample_value("senoscope_notify_up", {"channel": "webhook"}) == 1


def test_who_is_killed_while_he_sends_has_it_sent_again_under_the_same_id(site):
    site.die(1)
    site.clock.pass_(90)
    site.notifier().look()
    site.clock.pass_(90)
    site.present()
    site.notifier().look()
    taken = site.ledger.take_message("mail", LEASE_S)
    answered = site.channels["mail"].send(taken)  # and then he is killed

    site.pass_(60)
    held = len(site.mail.letters)
    site.pass_(120)

    first, second = site.mail.letters
    assert answered == "250 kept as 4711"
    assert held == 1
    assert first["Message-ID"] == second["Message-ID"]


AT_ONCE = Rules(timedelta(), timedelta(), timedelta(), timedelta(), per_hour=60)


def tell_without_end(site):
    """Be a process that tells people, until it is killed."""
    notifier = site.notifier()
    desk = replace(notifier.desk, rules=AT_ONCE, every_s=0.01)
    replace(notifier, desk=desk).run(threading.Event())


def keys_told(site, channel):
    """Return of what that channel's receiver has been told, as the ledger has it."""
    sent = [one for one in site.ledger.messages(channel) if one.sent_at]
    return {point.key for one in sent for point in one.points}


def test_kills_at_any_moment_lose_nothing_and_double_nothing_but_under_the_same_id(
    tmp_path, registry, monkeypatch
):
    monkeypatch.setattr("service.notify.courier.LEASE_S", 0.2)
    fork, pick = multiprocessing.get_context("fork"), random.Random(1)  # noqa: S311
    with opened(tmp_path, f"sqlite:///{tmp_path / 'ledger.sqlite'}", registry, now) as site:
        for number in range(25):
            teller = fork.Process(target=tell_without_end, args=(site,))
            teller.start()
            site.die(number, pipeline=f"pipeline-{number}")
            time.sleep(pick.uniform(0, 0.25))
            os.kill(teller.pid, signal.SIGKILL)
            teller.join()
        last = fork.Process(target=tell_without_end, args=(site,))
        last.start()
        everything = {f"jobs-dead:pipeline-{number}" for number in range(25)}
        until(lambda: all(keys_told(site, name) == everything for name in site.channels), 60)
        os.kill(last.pid, signal.SIGKILL)
        last.join()

        told = {call.told["id"]: call.told["points"] for call in site.web.calls}

        letters = {letter["Message-ID"] for letter in site.mail.letters}

    keys = [point["key"] for points in told.values() for point in points]
    assert sorted(keys) == sorted(everything)
    assert len(letters) == len(site.ledger.messages("mail"))


def test_two_processes_that_tell_side_by_side_tell_each_thing_once(tmp_path, ledger_url, registry):
    fork = multiprocessing.get_context("fork")
    with opened(tmp_path, ledger_url, registry, now) as site:
        tellers = [fork.Process(target=tell_without_end, args=(site,)) for _ in range(2)]
        for teller in tellers:
            teller.start()
        for number in range(10):
            site.die(number, pipeline=f"pipeline-{number}")
            time.sleep(0.1)
        everything = {f"jobs-dead:pipeline-{number}" for number in range(10)}
        until(lambda: all(keys_told(site, name) == everything for name in site.channels), 60)
        for teller in tellers:
            teller.kill()
            teller.join()

        told = [point["key"] for call in site.web.calls for point in call.told["points"]]

    assert sorted(told) == sorted(everything)


def test_of_two_processes_that_look_at_once_one_makes_the_message(site):
    message = Message("mail", 1, "id", "subject", (), site.clock(), site.clock())

    kept = [site.ledger.keep_told([], [], one) for one in (message, replace(message))]

    assert kept == [True, False]
    assert len(site.ledger.messages("mail")) == 1


def test_a_message_that_two_processes_would_send_is_taken_by_one(any_site):
    site = any_site
    message = Message("mail", 1, "id", "subject", (), site.clock(), site.clock())
    site.ledger.keep_told([], [], message)

    taken = [site.ledger.take_message("mail", LEASE_S) for _ in range(2)]

    assert taken == [message, None]


def test_a_message_does_not_wait_for_a_clock_that_was_set_back(site):
    site.die(1)
    site.web.stop()
    site.pass_(120)
    site.clock.pass_(-24 * 3600)
    site.web.start()
    site.notifier().couriers["webhook"].send_due()

    assert len(site.web.calls) == 1


def owe(site, *, reason, destination="pacs"):
    """Let a job owe a result, and return the delivery as it was taken to be sent."""
    image = plain_image("1.2.7")
    site.ledger.record(row_of(image))
    job = job_of(image, "copy")
    site.ledger.decide([], [job])
    result = Result("1.2.7.9", image.SOPClassUID, "1.2.7.1", "1.2", "1.2.1", 1, "seg", ("pacs",))
    site.ledger.finish(site.ledger.claim("worker", job.job_id), [result], {})
    site.ledger.note_unreachable(destination, reason)


def test_a_destination_that_takes_nothing_for_minutes_is_told_and_that_it_does_again(any_site):
    site = any_site
    owe(site, reason="connection refused")
    site.pass_(540)
    early = site.subjects()[0]
    site.pass_(300)
    late = site.subjects()[0]
    (delivery,) = site.ledger.take_owed("pacs", "sender", 300, 1)
    site.ledger.sent(delivery)
    site.pass_(300)

    assert early == []
    assert late == ["pacs has taken nothing for more than 10 minutes"]
    assert site.subjects()[0][1:] == ["over: pacs takes what it is sent again"]


def test_what_a_destination_will_not_have_is_told_but_not_that_it_is_down(any_site):
    site = any_site
    owe(site, reason="")
    (delivery,) = site.ledger.take_owed("pacs", "sender", 300, 1)
    site.ledger.park(delivery, "refused: the peer will not have it (status A900H)")
    site.pass_(1200)

    assert site.subjects()[0] == ["pacs will not have 1 object: parked"]


def test_a_sender_that_is_refused_too_often_is_told(any_site):
    site = any_site
    for number in range(11):
        refusal = Refusal("MAMMO1", f"1.{number}", "1.2", 0xC000, "not DICOM", site.clock())
        site.ledger.refuse(refusal)
    site.ledger.refuse(Refusal("MAMMO2", "1.99", "1.2", 0xC000, "not DICOM", site.clock()))

    site.pass_(120)
    begun = site.subjects()[0]
    site.pass_(4800, every=600)

    assert begun == ["MAMMO1 was refused more than 10 times in an hour"]
    assert site.subjects()[0][1:] == ["over: MAMMO1 is hardly refused any more"]


def test_a_study_that_waits_for_a_person_is_told_until_it_does_no_more(any_site):
    site = any_site
    site.ledger.record(row_of(plain_image("1.2.7")))
    site.ledger.hold("1.2", "waited 900 s: LMLO did not come")
    site.pass_(120)
    begun = site.web.calls[0].told["points"][0]
    site.ledger.hold("1.2", "")
    site.pass_(300)

    assert begun["what"] == "1 study waits for a person"
    assert begun["why"] == "study 1.2: waited 900 s: LMLO did not come"
    assert site.subjects()[0][1:] == ["over: no study waits for a person any more"]


def test_a_study_that_was_worked_on_without_a_view_is_told_once(any_site):
    site = any_site
    notice = Notice("incomplete", "1.2", "waited 900 s: LMLO did not come", site.clock())
    with site.ledger.database.writing() as connection:
        add_notice(connection, notice)

    site.pass_(120)
    site.pass_(26 * 3600, every=3600)

    assert site.subjects()[0] == ["1 study was worked on without all views in the last day"]
    assert site.ledger.tellings() == []


def test_that_no_worker_is_alive_the_disk_is_full_and_the_routes_are_broken_is_told(site):
    site.free_bytes = 10 * MB
    site.routes_error = "routes.toml:3: routes.0.nmae: unknown key"
    site.pass_(240, worker=False)
    soon = {point["key"] for call in site.web.calls for point in call.told["points"]}
    site.pass_(240, worker=False)

    late = {point["key"] for call in site.web.calls for point in call.told["points"]}
    assert soon == {"disk-full", "disk-low", "routes"}
    assert late == {"disk-full", "disk-low", "routes", "no-worker"}


def test_a_channel_that_is_not_set_any_more_is_forgotten(site):
    site.die(1)
    site.pass_(120)
    del site.channels["mail"]
    site.pass_(60)

    assert {one.channel for one in site.ledger.tellings()} == {"webhook"}


def test_a_receiver_that_hangs_holds_up_neither_the_loop_nor_the_other_channel(site):
    site.die(1)
    site.clock.pass_(90)
    site.notifier().look()
    site.clock.pass_(90)
    with socket.socket() as silent:
        silent.bind((HOST, 0))
        silent.listen()
        server = replace(site.channels["mail"].server, port=silent.getsockname()[1])
        site.channels["mail"] = replace(site.channels["mail"], server=server)
        stop = threading.Event()
        running = threading.Thread(target=site.notifier().run, args=(stop,))
        running.start()

        until(lambda: site.web.calls)
        site.die(2)
        until(lambda: len(site.ledger.messages("mail")) == 1)
        silent.accept()[0].close()
        stop.set()
        running.join(10)

    assert not running.is_alive()


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def mailing(tmp_path, server, **changes):
    """Return the channel that those settings make."""
    chosen = {
        "host": HOST,
        "port": server.port,
        "tls_ca": "ca.pem",
        "user": "senoscope",
        "password_file": "password",
        "sender": "senoscope@example.org",
        "to": ["pacs-team@example.org", "gone@example.org"],
    } | changes
    (tmp_path / "password").write_text("a secret of mail\n")
    told = "\n".join(f"{name} = {json.dumps(value)}" for name, value in chosen.items() if value)
    config = tmp_path / "mail.toml"
    config.write_text(f"[notify.mail]\n{told}\n")
    return channels_of(load_settings(config))["mail"]


MESSAGE = trial("mail", "4711", Clock()())


def test_mail_goes_over_starttls_and_with_a_password(tmp_path, authority):
    server = MailServer(authority.issue("mail"))
    server.start()

    answer = mailing(tmp_path, server).send(MESSAGE)
    server.stop()

    (letter,) = server.letters
    assert answer == "250 kept as 4711"
    assert server.logins == [("senoscope", "a secret of mail")]
    assert letter["Message-ID"] == "<4711@example.org>"
    assert letter["Subject"].endswith("this is a test: messages of this node arrive here")


def test_an_address_that_is_refused_is_named_and_the_others_are_told(tmp_path, authority):
    server = MailServer(authority.issue("mail"), refuses=frozenset({"gone@example.org"}))
    server.start()

    answer = mailing(tmp_path, server).send(MESSAGE)
    with pytest.raises(UnavailableError, match="550 nobody of that name"):
        mailing(tmp_path, server, to=["gone@example.org"]).send(MESSAGE)
    server.stop()

    assert answer == "250 kept as 4711; not gone@example.org: 550 nobody of that name"
    assert len(server.letters) == 1


@pytest.mark.usefixtures("authority")
def test_a_mail_server_that_nobody_vouches_for_hears_no_password(tmp_path):
    other = Authority(tmp_path, "other")
    server = MailServer(other.issue("mail"))
    server.start()

    with pytest.raises(UnavailableError, match="certificate verify failed"):
        mailing(tmp_path, server).send(MESSAGE)
    server.stop()

    assert (server.logins, server.letters) == ([], [])


@pytest.mark.usefixtures("authority")
def test_a_mail_server_without_starttls_hears_no_password(tmp_path):
    server = MailServer()
    server.start()

    with pytest.raises(UnavailableError, match="STARTTLS"):
        mailing(tmp_path, server).send(MESSAGE)
    server.stop()

    assert server.letters == []


def test_a_wrong_password_is_told_and_not_repeated(tmp_path, authority):
    server = MailServer(authority.issue("mail"))
    server.start()
    channel = mailing(tmp_path, server)
    (tmp_path / "password").write_text("another secret\n")

    with pytest.raises(UnavailableError, match="535") as caught:
        channel.send(MESSAGE)
    server.stop()

    assert "another secret" not in str(caught.value)


def test_a_secret_that_is_not_there_is_named_and_nothing_is_sent(tmp_path, authority):
    server = MailServer(authority.issue("mail"))
    server.start()
    channel = mailing(tmp_path, server)
    (tmp_path / "password").unlink()

    with pytest.raises(BadConfigurationError, match="password: No such file"):
        channel.send(MESSAGE)
    server.stop()


def test_a_web_server_that_refuses_or_is_not_there_is_named(site):
    channel = site.channels["webhook"]
    site.web.status = 401
    with pytest.raises(UnavailableError, match="answers HTTP 401 thank you"):
        channel.send(MESSAGE)
    with pytest.raises(UnavailableError, match="Connection refused"):
        replace(channel, url=f"http://{HOST}:{free_port()}/").send(MESSAGE)


def test_no_error_and_no_check_shows_the_address_that_lets_in_whoever_knows_it(site):
    known = f"http://me:hidden@{HOST}:{free_port()}/services/T0/hidden?key=hidden"
    channel = replace(site.channels["webhook"], url=known)

    with pytest.raises(UnavailableError) as error:
        channel.send(MESSAGE)

    shown = f"{error.value} {channel} {standing('webhook', channel, site.ledger, site.clock())}"
    assert "hidden" not in shown
    assert "/services" not in shown
    assert f"http://{HOST}:" in shown


def test_who_asks_whether_the_node_is_ready_does_not_hear_who_is_told(site):
    said = [
        standing_for_anybody(name, channel, site.ledger, site.clock()).detail
        for name, channel in site.channels.items()
    ]

    assert said == ["arrives", "arrives"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[notify.mail]\nhost = "mail"\n', "sender"),
        ('[notify.mail]\nuser = "me"\n', "password_file"),
        ('[notify.mail]\nto = ["a@b\\r\\nBcc: c@d"]\n', "e-mail address"),
        ('[notify.mail]\nsender = "nobody"\n', "e-mail address"),
        ('[notify.webhook]\nurl = "ftp://a/"\n', "http"),
        ('[notify.webhook]\nurl = "http://a/"\ntoken_file = "t"\n', "https"),
        ('[notify]\nconsole_url = "mammo"\n', "http"),
        ("[notify]\nper_hour = 0\n", "per_hour"),
        (CLEAR, "clear"),
    ],
)
def test_settings_that_could_tell_nobody_or_everybody_are_refused(tmp_path, text, named):
    path = tmp_path / "senoscope.toml"
    path.write_text(text)

    with pytest.raises(BadConfigurationError, match=named):
        load_settings(path)


@contextmanager
def questions(ledger):
    """Collect what the database is asked."""
    asked = []

    def note(_connection, _cursor, statement, *_):
        asked.append(statement)

    with ledger.database.reading() as connection:
        engine = connection.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def test_a_look_asks_a_large_ledger_no_more_questions_than_a_small_one(any_site):
    site = any_site
    many = []
    for deaths in (range(2), range(2, 200)):
        for number in deaths:
            site.die(number)
        site.notifier().look()
        with questions(site.ledger) as asked:
            site.notifier().look()
        many.append(len(asked))

    (told,) = site.ledger.given_up()

    assert (told[0], told[1].count) == (JobState.DEAD, 200)
    assert many[0] == many[1] > 0
