"""What the ledger promises about people, on SQLite and on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from clock import Clock

from service.errors import RefusedError, UnknownError
from service.ledger.people import ApiToken, AuditEntry, Role, Session, User
from service.ledger.rows import values_of
from service.ledger.sql import open_ledger
from service.ledger.tables import users


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(ledger_url, clock):
    opened = open_ledger(ledger_url, clock)
    yield opened
    opened.close()


def somebody(clock, name="ada", role=Role.ADMIN):
    return User(name, role, "hash", clock(), clock())


def signed_in(clock, name="ada", digest="d1"):
    return Session(digest, name, "127.0.0.1", clock(), clock())


def done(clock, who="ada", action="job.retry"):
    return AuditEntry(0, clock(), who, "admin", "127.0.0.1", action, "1.2", "done")


def test_each_role_may_do_what_those_before_may():
    assert Role.ADMIN.covers(Role.OPERATOR)
    assert Role.OPERATOR.covers(Role.OPERATOR)
    assert not Role.VIEWER.covers(Role.OPERATOR)


def test_a_name_is_one_user_s_alone(ledger, clock):
    ledger.add_user(somebody(clock))

    with pytest.raises(RefusedError, match="there is a user ada"):
        ledger.add_user(somebody(clock, role=Role.VIEWER))
    assert ledger.users() == [somebody(clock)]
    assert ledger.user("bob") is None


def test_the_last_administrator_stays_one(ledger, clock):
    ledger.add_user(somebody(clock))
    ledger.add_user(somebody(clock, "bob", Role.OPERATOR))

    with pytest.raises(RefusedError, match="last administrator"):
        ledger.remove_user("ada")
    with pytest.raises(RefusedError, match="last administrator"):
        ledger.change_role("ada", Role.VIEWER)
    ledger.change_role("bob", Role.ADMIN)
    ledger.remove_user("ada")
    assert [one.name for one in ledger.users()] == ["bob"]


def test_sessions_and_tokens_end_with_their_user(ledger, clock):
    for name in ("ada", "bob"):
        ledger.add_user(somebody(clock, name))
    ledger.open_session(signed_in(clock, "bob"), "hash")
    ledger.add_api_token(ApiToken("t1", "bob", "nightly", clock()))

    ledger.remove_user("bob")

    assert ledger.session("d1") is None
    assert ledger.api_token("t1") is None


def test_another_password_ends_every_session(ledger, clock):
    first = somebody(clock)
    ledger.add_user(first)
    ledger.open_session(signed_in(clock), "hash")
    clock.pass_(5)

    ledger.change_password("ada", "other")

    assert ledger.session("d1") is None
    kept = ledger.user("ada")
    assert (kept.password, kept.password_at) == ("other", clock())
    assert kept.created_at == first.created_at


def test_no_session_begins_by_a_password_that_was_changed_or_of_nobody(ledger, clock):
    ledger.add_user(somebody(clock))
    ledger.change_password("ada", "other")

    begun = [
        ledger.open_session(signed_in(clock), "hash"),
        ledger.open_session(signed_in(clock, "bob", "d2"), "hash"),
        ledger.open_session(signed_in(clock, digest="d3"), "other"),
    ]

    assert begun == [False, False, True]
    assert ledger.session("d1") is None
    assert ledger.session("d3") is not None


def test_a_session_is_found_by_its_digest_with_the_role_of_now(ledger, clock):
    ledger.add_user(somebody(clock))
    ledger.add_user(somebody(clock, "bob"))
    ledger.open_session(signed_in(clock), "hash")
    clock.pass_(60)

    ledger.see_session("d1")
    ledger.change_role("ada", Role.VIEWER)

    session, user = ledger.session("d1")
    assert session.seen_at == clock()
    assert user.role is Role.VIEWER


def test_sessions_that_ran_out_are_forgotten(ledger, clock):
    ledger.add_user(somebody(clock))
    ledger.open_session(signed_in(clock, digest="old"), "hash")
    clock.pass_(60)
    ledger.open_session(signed_in(clock, digest="new"), "hash")

    forgotten = ledger.forget_sessions(clock() - timedelta(seconds=30), clock() - timedelta(days=1))

    assert forgotten == 1
    assert ledger.session("new") is not None
    ledger.end_session("new")
    assert ledger.session("new") is None


def test_a_token_has_a_label_of_its_own_and_is_noted_when_used(ledger, clock):
    ledger.add_user(somebody(clock))
    token = ApiToken("t1", "ada", "nightly", clock())
    ledger.add_api_token(token)

    with pytest.raises(RefusedError, match="nightly"):
        ledger.add_api_token(replace(token, digest="t2"))
    with pytest.raises(UnknownError):
        ledger.add_api_token(replace(token, digest="t3", user="nobody"))
    found, user = ledger.api_token("t1")
    assert (found, user.name) == (token, "ada")
    ledger.see_api_token("t1")
    assert ledger.api_tokens("ada") == [replace(token, used_at=clock())]
    ledger.remove_api_token("ada", "nightly")
    assert ledger.api_token("t1") is None


def test_who_signs_in_elsewhere_is_one_user_whatever_they_are_called_later(ledger, clock):
    cara = replace(somebody(clock, "cara"), password="", subject="https://idp.example|42")

    first = ledger.admit(cara)
    later = ledger.admit(replace(cara, name="cara.new", role=Role.ADMIN))

    assert (first.name, later.name, later.role) == ("cara", "cara", Role.ADMIN)
    assert [one.name for one in ledger.users()] == ["cara"]


@pytest.mark.parametrize("name", ["cara", "cara.new"])
def test_who_first_signs_in_twice_at_once_is_one_user(ledger, clock, name):
    cara = replace(somebody(clock, "cara"), password="", subject="https://idp.example|42")

    with ThreadPoolExecutor(1) as other:
        with ledger.database.writing() as connection:
            connection.execute(users.insert().values(**values_of(cara)))
            admitted = other.submit(ledger.admit, replace(cara, name=name))
            wait([admitted], timeout=0.5)

        assert admitted.result().name == "cara"
    assert [one.name for one in ledger.users()] == ["cara"]


def test_who_signs_in_elsewhere_never_takes_the_name_of_somebody_else(ledger, clock):
    ledger.add_user(somebody(clock, "ada"))
    ledger.admit(replace(somebody(clock, "bob"), subject="https://idp.example|1"))

    for name in ("ada", "bob"):
        with pytest.raises(RefusedError, match=f"{name} is the name of another user"):
            ledger.admit(replace(somebody(clock, name), subject="https://idp.example|2"))

    assert [(one.name, one.subject) for one in ledger.users()] == [
        ("ada", ""), ("bob", "https://idp.example|1"),
    ]  # fmt: skip


def test_the_audit_trail_is_read_newest_first_by_who_and_what(ledger, clock):
    for who, action in [("ada", "job.retry"), ("bob", "job.cancel"), ("ada", "session.begin")]:
        ledger.note(done(clock, who, action))

    assert [one.number for one in ledger.audit()] == [3, 2, 1]
    assert [one.action for one in ledger.audit(who="ada")] == ["session.begin", "job.retry"]
    assert [one.who for one in ledger.audit(action="job.")] == ["bob", "ada"]
    assert [one.number for one in ledger.audit(limit=1, offset=1)] == [2]


@pytest.mark.parametrize("deed", ["UPDATE audit SET who = 'nobody'", "DELETE FROM audit"])
def test_the_database_itself_lets_nobody_change_the_audit_trail(ledger, clock, deed):
    ledger.note(done(clock))

    with pytest.raises(sa.exc.DBAPIError, match="only added to"), ledger.database.writing() as each:
        each.execute(sa.text(deed))

    assert [one.who for one in ledger.audit()] == ["ada"]
