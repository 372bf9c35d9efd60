"""What the console does, the API does and a command does: docs/api.md says which, and is right."""

import re
from pathlib import Path

import pytest
import typer
from consoles import served

from service.cli.app import app as commands
from service.console.describing import addresses, role_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
ROW = re.compile(
    r"^\| `((?:GET|POST) /[^`]*)` \| `([A-Z]+ /[^`]*)` \| `([a-z -]+)` \|$", re.MULTILINE
)
OF_PAGES_ALONE = {
    "GET /routes/draft",
    "POST /routes/draft/rebase",
    "POST /routes/draft/discard",
    "POST /sign-out",
}
NOT_SIGNED_IN = {"open", "own tokens"}


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    with served(tmp_path_factory.mktemp("console")) as found:
        yield found


@pytest.fixture(scope="module")
def rows():
    found = ROW.findall(DOCUMENT.read_text())
    assert len(found) > 40
    return found


def asked(console):
    """Return every address that somebody must be known for, as the table has it."""
    for path, method, route in addresses(console.app):
        if role_of(route) not in NOT_SIGNED_IN:
            yield f"{method} {path}"


def test_everything_on_a_page_is_in_the_api(console, rows):
    pages = {one for one in asked(console) if " /api/v1" not in one}

    assert {page for page, _, _ in rows} == pages - OF_PAGES_ALONE


def test_everything_in_the_api_is_on_a_page(console, rows):
    api = {one.replace(" /api/v1", " ") for one in asked(console) if " /api/v1" in one}

    assert {address for _, address, _ in rows} == api


def test_everything_is_a_command_that_answers_in_json(rows):
    for _, _, words in rows:
        command = typer.main.get_command(commands)
        for word in words.split():
            assert word in command.commands, words
            command = command.commands[word]

        assert any("--json" in one.opts for one in command.params), words
