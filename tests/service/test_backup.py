"""A backup is whole or none, and the node that is made of it goes on where the other was."""

import json
import multiprocessing
import os
import signal
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import one_route
import pytest
import sqlalchemy as sa
from alembic import command
from clock import now
from typer.testing import CliRunner
from working import job_of, plain_image, row_of

from service import safekeeping
from service.backup.copies import digest_of
from service.backup.manifest import MANIFEST, Entry, Scope, read_manifest, write_manifest
from service.backup.shelf import PART, backups
from service.cli.app import app
from service.errors import (
    BadConfigurationError,
    RefusedError,
    UnavailableError,
    UnknownError,
    WrongUsageError,
)
from service.ledger.people import Role, User
from service.ledger.receive import receive
from service.ledger.records import (
    Commitment,
    CommitmentState,
    Decision,
    DeliveryState,
    Result,
)
from service.ledger.schema import schema_of, schemas, script_config
from service.ledger.snapshot import LedgerKind
from service.ledger.spool import Spool
from service.ledger.sql import open_ledger
from service.lock import UNFINISHED, sole_owner
from service.opening import open_ledger as open_node_ledger

SETTINGS = """\
data_dir = "data"
[ledger]
url = "{url}"
[http]
tokens_file = "tokens.toml"
[notify.webhook]
url = "https://127.0.0.1/hook"
secret_file = "{outside}"
"""
ROUTES = one_route.ROUTES.format(pacs=11113)
DONE, OWED, PROMISED = "1.2.1", "1.2.2", "1.2.3"
"""Studies of which nothing is to come, something is, and one that we promised to keep."""


def tell(_done: int, _total: int) -> None:
    """Tell nobody how far it is."""


class Site:
    """A node's folder, filled by hand; where its backups lie; and another to restore it to."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.shelf = folder / "node", folder / "backups"
        self.data, self.config = self.folder / "data", self.folder / "senoscope.toml"
        self.data.mkdir(parents=True)
        (folder / "hook.secret").write_text("a secret that signs")
        self.config.write_text(SETTINGS.format(url=url, outside=folder / "hook.secret"))
        (self.folder / "routes.toml").write_text(ROUTES)
        (self.folder / "tokens.toml").write_text("")
        (self.data / "site.key").write_text("k" * 64)
        self.url = url or f"sqlite:///{self.data / 'ledger.sqlite'}"
        self.received, self.results = Spool(self.data / "received"), Spool(self.data / "results")

    def ledger(self):
        return open_ledger(self.url, now)

    def fill(self) -> None:
        """Take three studies in, and work on two of them."""
        with closing(self.ledger()) as ledger:
            ledger.add_user(User("ada", Role.ADMIN, "$argon2id$", now(), now()))
            for study in (DONE, OWED, PROMISED):
                self.take_in(ledger, study)
            ledger.sent(next(iter(ledger.deliveries(DONE))))
            ledger.sent(next(iter(ledger.deliveries(PROMISED))))
            asked = Commitment(
                "1.2.8", "MODALITY", is_ours=False, sop_class_uids=("1.2.840",),
                sop_instance_uids=(f"{PROMISED}.1",), created_at=now(), run_at=now(),
                state=CommitmentState.DONE,
            )  # fmt: skip
            ledger.open_commitment(asked)

    def take_in(self, ledger, study: str) -> None:
        image = plain_image(f"{study}.1", study)
        temporary = self.received.temporary()
        temporary.write_bytes(f"pixels of {study}".encode())
        receive(self.received, ledger, row_of(image, received_at=now()), temporary)
        decided = Decision(f"{study}.1", "route", "copy", True, "said", "", now())  # noqa: FBT003
        ledger.decide([decided], [job_of(image, "copy", created_at=now(), run_at=now())])
        made = plain_image(f"{study}.99", study)
        self.results.keep_dataset(made)
        kind = ("sr", ("pacs",))
        result = Result(f"{study}.99", made.SOPClassUID, f"{study}.9", study, "1.2.840", 9, *kind)
        ledger.finish(ledger.claim("host 1 1"), [result], {})

    def back_up(self, scope: Scope = Scope.OWED, keep: int = 0):
        return safekeeping.back_up(self.config, self.shelf, scope, keep, tell)

    def bring_back(self):
        return safekeeping.bring_back(self.config, self.shelf, tell)

    def lose(self) -> None:
        self.data.rename(self.folder.parent / "lost")

    def names(self, ending: str = ".dcm") -> set[str]:
        return {path.name for path in self.data.glob(f"*/?/?/*{ending}")}


@pytest.fixture
def site(tmp_path) -> Site:
    made = Site(tmp_path, "")
    made.fill()
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def any_site(request, tmp_path) -> Site:
    is_own = request.param == "postgresql"
    made = Site(tmp_path, request.getfixturevalue("postgresql").database() if is_own else "")
    made.fill()
    return made


def test_a_node_that_was_lost_is_there_again(any_site, postgresql):
    site = any_site
    taken = site.back_up()
    site.lose()
    if site.url.startswith("postgresql"):
        site.url = postgresql.database()
        text = SETTINGS.format(url=site.url, outside=site.folder.parent / "hook.secret")
        site.config.write_text(text)

    back = site.bring_back()

    with closing(site.ledger()) as ledger:
        assert [user.name for user in ledger.users()] == ["ada"]
        states = {one.sop_instance_uid: one.state for one in ledger.deliveries()}
        assert states[f"{OWED}.99"] is DeliveryState.OWED
        assert states[f"{DONE}.99"] is DeliveryState.SENT
        removed = {one.study_instance_uid: one.removed_at for one in all_instances(ledger)}
        assert removed[OWED] is None
        assert removed[DONE] is not None
    assert (site.data / "site.key").read_text() == "k" * 64
    assert site.received.path(f"{OWED}.1").read_bytes() == f"pixels of {OWED}".encode()
    assert site.names() == {f"{OWED}.1.dcm", f"{OWED}.99.dcm", f"{PROMISED}.1.dcm"}
    assert back.absent == 3
    assert taken.backup.manifest.missing == ()
    assert not (site.data / UNFINISHED).exists()


def all_instances(ledger):
    return [one for study in (DONE, OWED, PROMISED) for one in ledger.instances(study)]


def test_all_images_and_results_are_saved_where_all_are_wanted(site):
    kept = site.names()
    site.back_up(Scope.ALL)
    site.lose()

    assert site.bring_back().absent == 0
    assert site.names() == kept


def test_lost_settings_routes_and_tokens_are_put_back_and_others_stay(site):
    site.back_up()
    site.lose()
    for name in ("senoscope.toml", "tokens.toml"):
        (site.folder / name).unlink()
    (site.folder / "routes.toml").write_text(f"{ROUTES}# another hand\n")

    back = site.bring_back()

    assert 'data_dir = "data"' in site.config.read_text()
    assert (site.folder / "tokens.toml").is_file()
    assert back.restored.kept == ("config/routes.toml",)
    assert "another hand" in (site.folder / "routes.toml").read_text()
    (outside,) = back.restored.outside
    assert (back.backup.path / outside).read_text() == "a secret that signs"


def test_settings_are_put_back_where_the_environment_says(site, monkeypatch):
    site.back_up()
    site.lose()
    site.config.unlink()
    monkeypatch.setenv("SENOSCOPE_CONFIG", str(site.config))

    safekeeping.bring_back(None, site.shelf, tell)

    assert 'data_dir = "data"' in site.config.read_text()
    assert (site.data / "ledger.sqlite").is_file()


def test_a_backup_of_an_earlier_release_is_restored_and_brought_to_this_one(site):
    path = site.back_up().backup.path
    site.lose()
    (path / "ledger").unlink()
    made_by_an_earlier_release(f"sqlite:///{path / 'ledger'}")
    of_an_earlier_release(path)

    site.bring_back()

    with closing(site.ledger()) as opened, opened.database.reading() as connection:
        assert schema_of(connection) == schemas()[-1]


def test_a_backup_of_an_earlier_release_takes_the_place_of_a_newer_ledger(tmp_path, postgresql):
    site = Site(tmp_path, postgresql.database())
    site.fill()
    path = site.back_up().backup.path
    earlier = postgresql.database()
    made_by_an_earlier_release(earlier)
    address = f"--dbname={earlier.replace('+psycopg', '')}"
    dump = ["pg_dump", "--format=custom", f"--file={path / 'ledger'}", address]
    subprocess.run(dump, check=True)
    of_an_earlier_release(path)

    safekeeping.replace(site.config, site.shelf, tell)

    with closing(site.ledger()) as opened, opened.database.reading() as connection:
        assert schema_of(connection) == schemas()[-1]
        assert opened.users() == []


def made_by_an_earlier_release(url: str) -> None:
    """Make an empty ledger of the schema before the newest."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        config = script_config()
        config.attributes["connection"] = connection
        command.upgrade(config, schemas()[-2])
    engine.dispose()


def of_an_earlier_release(path: Path) -> None:
    """Let the manifest of that backup speak of the ledger that is in it now."""
    ledger, files = path / "ledger", read_manifest(path).files
    mended = Entry(name="ledger", size=ledger.stat().st_size, sha256=digest_of(ledger))
    others = tuple(one for one in files if one.name != "ledger")
    rewritten(path, schema_version=schemas()[-2], files=(mended, *others))


def test_a_backup_is_for_its_owner_alone(site):
    path = site.back_up().backup.path

    inside = [one for one in path.rglob("*") if one.is_file()]
    modes = {stat.S_IMODE(one.stat().st_mode) & 0o077 for one in [path, *inside]}

    assert modes == {0}


def test_what_did_not_change_is_not_copied_again_and_the_oldest_go(site):
    first = site.back_up().backup
    second = site.back_up().backup
    of_image = next(e.name for e in first.manifest.files if e.name.endswith(f"{OWED}.1.dcm"))
    assert (first.path / of_image).samefile(second.path / of_image)

    third = site.back_up(keep=2)

    assert [*third.removed] == [first.path]
    assert [*backups(site.shelf)] == [second.path, third.backup.path]
    assert safekeeping.verify(site.shelf, tell).path == third.backup.path


def test_an_image_that_is_lost_does_not_keep_the_rest_from_being_saved(site):
    site.received.path(f"{OWED}.1").unlink()

    manifest = site.back_up().backup.manifest

    assert [Path(name).name for name in manifest.missing] == [f"{OWED}.1.dcm"]
    assert any(entry.name.endswith(f"{OWED}.99.dcm") for entry in manifest.files)


def spoil_manifest(path: Path) -> None:
    manifest = path / MANIFEST
    manifest.write_text(manifest.read_text().replace("owed", "all"))


def spoil_image(path: Path) -> None:
    image = next(path.rglob("*.dcm"))
    image.write_bytes(image.read_bytes()[::-1])


def spoil_ledger(path: Path) -> None:
    with (path / "ledger").open("r+b") as ledger:
        ledger.write(b"nothing")


def rewritten(path: Path, **changes: object) -> None:
    manifest = read_manifest(path)
    write_manifest(path, manifest.model_copy(update=changes))


def come_from_the_future(path: Path) -> None:
    rewritten(path, schema_version="9999")


def lead_out(path: Path) -> None:
    rewritten(path, files=(Entry.model_construct(name="../../etc/x", size=1, sha256=""),))


def of_another_kind(path: Path) -> None:
    rewritten(path, ledger=LedgerKind.POSTGRESQL)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (spoil_manifest, "sha256 is another"),
        (spoil_image, "1 of"),
        (spoil_ledger, "as ledger"),
        (come_from_the_future, "a newer Senoscope wrote it"),
        (lead_out, "leads out"),
        (of_another_kind, "no whole dump"),
    ],
)
def test_what_is_not_whole_is_not_restored(site, spoil, told):
    spoil(site.back_up().backup.path)
    site.lose()

    with pytest.raises(BadConfigurationError, match=told):
        site.bring_back()

    assert not site.data.exists()


def test_nothing_is_overwritten_unless_it_is_meant(site):
    site.back_up()
    with closing(site.ledger()) as ledger:
        ledger.add_user(User("eve", Role.VIEWER, "$argon2id$", now(), now()))

    with pytest.raises(RefusedError, match="not empty"):
        site.bring_back()
    back = safekeeping.replace(site.config, site.shelf, tell)

    with closing(site.ledger()) as ledger:
        assert [user.name for user in ledger.users()] == ["ada"]
    assert back.aside is not None
    with closing(open_ledger(f"sqlite:///{back.aside / 'ledger.sqlite'}", now)) as ledger:
        assert [user.name for user in ledger.users()] == ["ada", "eve"]


def test_another_site_key_outside_is_not_silently_used(site):
    site.back_up()
    site.lose()
    site.config.write_text(site.config.read_text() + '[security]\nsite_key_file = "my.key"\n')
    (site.folder / "my.key").write_text("o" * 64)

    with pytest.raises(BadConfigurationError, match="another site key"):
        site.bring_back()


def test_a_node_that_runs_is_not_restored_over(site):
    site.back_up()

    with sole_owner(site.data, ["router"]), pytest.raises(UnavailableError, match="in use"):
        safekeeping.replace(site.config, site.shelf, tell)


def test_a_backup_must_not_lie_in_what_it_is_a_copy_of(site):
    site.shelf = site.data / "backups"

    with pytest.raises(WrongUsageError, match="would be lost with it"):
        site.back_up()


def test_where_no_backup_is_that_is_said(site):
    with pytest.raises(UnknownError, match="senoscope backup"):
        site.bring_back()


def test_a_missing_pg_dump_is_named_with_its_remedy(tmp_path, postgresql, monkeypatch):
    site = Site(tmp_path, postgresql.database())
    site.fill()
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(BadConfigurationError, match=r"no pg_dump: install .*postgresql-client"):
        site.back_up()
    assert backups(site.shelf) == []


def test_a_password_of_the_database_is_neither_told_nor_seen(site):
    site.config.write_text(
        site.config.read_text().replace(
            'url = ""', 'url = "postgresql+psycopg://me:s3cret@127.0.0.1:1/none"'
        )
    )

    with pytest.raises(UnavailableError) as caught:
        site.back_up()

    assert "s3cret" not in str(caught.value)


def many(site: Site) -> None:
    with closing(site.ledger()) as ledger:
        for number in range(60):
            image = plain_image(f"1.2.9.{number}", "1.2.9")
            temporary = site.received.temporary()
            temporary.write_bytes(os.urandom(200_000))
            row = row_of(image, received_at=now(), digest=f"{number:064}")
            receive(site.received, ledger, row, temporary)


def killed_after(calls: int, work) -> None:
    """Let a process begin `work`, and kill it -9 when it tells how far it is for that time."""
    left = iter(range(calls))

    def die(_done: int, _total: int) -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    process = multiprocessing.get_context("fork").Process(target=work, args=(die,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def test_a_backup_that_is_killed_looks_like_none_and_the_next_goes_on(site):
    many(site)
    killed_after(5, lambda die: safekeeping.back_up(site.config, site.shelf, Scope.OWED, 0, die))
    part = site.shelf / PART
    assert backups(site.shelf) == []
    done = {path.name: path.stat().st_ino for path in part.glob("received/?/?/*.dcm")}
    assert len(done) == 6

    backup = site.back_up().backup

    assert safekeeping.verify(site.shelf, tell) == backup
    now_there = {path.name: path.stat().st_ino for path in backup.path.rglob("*.dcm")}
    assert done.items() <= now_there.items()
    assert not part.exists()


def test_a_restore_that_is_killed_lets_no_node_start_and_is_gone_on_with(site):
    many(site)
    files = len(site.back_up().backup.manifest.files)
    site.lose()
    killed_after(files + 5, lambda die: safekeeping.bring_back(site.config, site.shelf, die))
    assert (site.data / UNFINISHED).exists()
    assert 0 < len(site.names()) < 10

    with pytest.raises(UnavailableError, match="run `senoscope restore` again"):
        open_node_ledger(site.config)
    site.bring_back()

    with closing(site.ledger()) as ledger:
        assert len(ledger.instances("1.2.9")) == 60
    assert len(site.names()) == 63


def test_what_a_restore_wrote_into_the_ledger_when_it_was_killed_is_not_mixed_into_the_next(site):
    site.back_up()
    site.lose()
    site.bring_back()
    (site.data / UNFINISHED).touch()

    def write_and_die():
        ledger = site.ledger()
        ledger.add_user(User("eve", Role.VIEWER, "$argon2id$", now(), now()))
        os.kill(os.getpid(), signal.SIGKILL)

    process = multiprocessing.get_context("fork").Process(target=write_and_die)
    process.start()
    process.join()
    assert (site.data / "ledger.sqlite-wal").stat().st_size

    site.bring_back()

    with closing(site.ledger()) as ledger:
        assert [user.name for user in ledger.users()] == ["ada"]


def test_a_broken_backup_is_listed_as_broken_and_hides_no_other(site):
    spoil_manifest(site.back_up().backup.path)
    whole = site.back_up().backup.path

    said = CliRunner().invoke(app, ["backups", "list", str(site.shelf), "--json"])

    broken, good = json.loads(said.stdout)
    assert "sha256 is another" in broken["broken"]
    assert good["backup"] == str(whole)


def test_machines_are_told_what_became_of_it(site):
    config = ["--config", str(site.config)]
    said = CliRunner().invoke(app, ["backup", str(site.shelf), "--json", "--keep", "3", *config])

    told = json.loads(said.stdout)

    assert said.exit_code == 0
    assert Path(told["backup"]).is_dir()
    assert told["scope"] == "owed"
    assert told["removed"] == []
    assert told["files"] == len(safekeeping.verify(site.shelf, tell).manifest.files)
