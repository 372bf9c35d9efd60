"""The routes that were in force: kept, shown, compared, and brought back."""

import json
import stat

import pytest
from phantoms import mammogram
from routing import SMALL, World
from typer.testing import CliRunner

from service.cli.app import app
from service.errors import BadConfigurationError, UnavailableError
from service.opening import open_ledger
from service.router.routes_file import RoutesFile
from service.router.writing import write_routes

ROUTES = """\
[destinations.pacs]
ae_title = "PACS"
host = "127.0.0.1"
port = 11112

[[routes]]
name = "{name}"
complete = {{ quiet_s = 1 }}
pipelines = ["{pipeline}"]
send_to = ["pacs"]
"""


def text(name: str = "first", pipeline: str = "super-resolution") -> str:
    return ROUTES.format(name=name, pipeline=pipeline)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "senoscope.toml"
    path.write_text('data_dir = "data"\n')
    (tmp_path / "routes.toml").write_text(text())
    return path


@pytest.fixture
def numbers(config):
    """The numbers of two versions; the newer is on the disk."""
    ledger = open_ledger(config)
    found = [ledger.keep_routes(text(name), 50) for name in ("second", "first")]
    ledger.close()
    return found


@pytest.fixture
def say(config):
    def run(*words, status: int = 0):
        told = CliRunner().invoke(app, ["routes", *words, "--config", str(config)])
        assert (told.exit_code == status) or told.exception, told.output
        return told.output if not status else str(told.exception)

    return run


def test_the_history_says_which_version_is_on_the_disk(say, numbers):
    told = json.loads(say("history", "--json"))

    assert [(one["version"], one["on_disk"]) for one in told] == [
        (numbers[1], True), (numbers[0], False)
    ]  # fmt: skip
    assert "2 versions" in say("history")


def test_a_version_is_shown_as_it_was(say, numbers):
    assert say("show", str(numbers[0])) == text("second")


def test_two_versions_are_compared_line_by_line(say, numbers):
    told = say("diff", str(numbers[0]), str(numbers[1])).splitlines()

    assert '-name = "second"' in told
    assert '+name = "first"' in told
    assert say("diff", str(numbers[1])) == "no difference\n"


def test_a_version_is_brought_back_and_the_file_keeps_its_mode(say, numbers, config):
    path = config.with_name("routes.toml")
    path.chmod(0o640)

    say("restore", str(numbers[0]))

    assert path.read_text() == text("second")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(one.name for one in path.parent.glob(".*")) == []


def test_a_version_that_is_wrong_today_is_not_brought_back(say, config):
    ledger = open_ledger(config)
    number = ledger.keep_routes(text(pipeline="segmentation:gone"), 50)
    ledger.close()

    told = say("restore", str(number), status=1)

    assert "no pipeline 'segmentation:gone'" in told
    assert config.with_name("routes.toml").read_text() == text()


def test_an_unknown_version_is_told_so(say):
    assert "no version 99 of the routes" in say("show", "99", status=1)


def test_a_text_with_a_mistake_leaves_the_file_and_names_the_line(tmp_path):
    path = tmp_path / "routes.toml"
    path.write_text(text())

    with pytest.raises(BadConfigurationError, match=r"routes\.toml:10: .*no destination 'pasc'"):
        write_routes(path, text().replace('["pacs"]', '["pasc"]'), {"super-resolution"})

    assert path.read_text() == text()


def test_a_file_that_cannot_be_replaced_stays(tmp_path):
    path = tmp_path / "gone" / "routes.toml"

    with pytest.raises(UnavailableError, match="cannot be replaced"):
        write_routes(path, text(), {"super-resolution"})


def test_a_link_to_the_file_stays_a_link(tmp_path):
    there, link = tmp_path / "there.toml", tmp_path / "routes.toml"
    there.write_text(text())
    link.symlink_to(there)

    write_routes(link, text("second"), {"super-resolution"})

    assert link.is_symlink()
    assert there.read_text() == text("second")


def test_a_job_keeps_the_version_of_the_routes_that_it_was_made_under(tmp_path):
    path = tmp_path / "routes.toml"
    path.write_text(text(pipeline="sr"))
    file = RoutesFile(path, {"sr"})
    world = World(tmp_path)
    world.routes = file.current()
    first = world.receive(mammogram("RCC", **SMALL))
    world.later(2)

    write_routes(path, text("second", "sr"), {"sr"})
    world.routes = file.current()
    world.receive(mammogram("LCC", **SMALL))
    world.later(2)

    newer, older = world.ledger.routes_versions()
    made = {job.route: job.routes_version for job in world.ledger.jobs(first.StudyInstanceUID)}
    assert made == {"first": older.number, "second": newer.number}
    assert [one.routes_version for one in world.ledger.completions(first.StudyInstanceUID)] == [
        older.number, newer.number
    ]  # fmt: skip
    assert newer.text == path.read_text()
    world.ledger.close()


def test_a_router_that_starts_again_makes_no_new_version(tmp_path):
    path = tmp_path / "routes.toml"
    path.write_text(text(pipeline="sr"))
    for _ in range(2):
        world = World(tmp_path)
        world.routes = RoutesFile(path, {"sr"}).current()
        world.later(1)
        world.later(1)

        assert len(world.ledger.routes_versions()) == 1
        world.ledger.close()
