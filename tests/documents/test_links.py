"""What the documents point at is there."""

import re
from pathlib import Path

import pytest

from documents.grammar import TREE

PROJECT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path for pattern in ("*.md", "[a-z]*/*.md", "docs/*/*.md") for path in PROJECT.glob(pattern)
)
LINK = re.compile(r"\]\(([^)#:]+)\)")
COMMAND = re.compile(r"(?:`|/|^)senoscope ([a-z][a-z-]*)(?: ([a-z][a-z0-9-]*))?", re.MULTILINE)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_link_leads_to_a_file_and_every_command_exists(path):
    text = path.read_text()

    broken = [link for link in LINK.findall(text) if not (path.parent / link).exists()]
    unknown = [words for words in COMMAND.findall(text) if not is_command(*words)]

    assert (broken, unknown) == ([], [])


def is_command(name: str, second: str) -> bool:
    commands = TREE.commands
    group = getattr(commands.get(name), "commands", None)
    return name in commands and (group is None or not second or second in group)
