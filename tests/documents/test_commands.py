"""Every command in the documents exists, and says how it was tried."""

import json
import re
import tomllib

import pytest

from documents.blocks import PAGES, PROJECT, blocks, senoscope_commands, shell_blocks
from documents.grammar import fault, named

MARK = re.compile(
    r"^(run(: in the background)?|file: \S+|needs: [^,]+(, .+)?|tried by: \S+(, \S+)*)$"
)
INLINE = re.compile(r"`(senoscope [^`\n]+)`")
PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))


@PAGE
def test_every_block_for_a_shell_says_how_it_is_tried(page):
    unmarked = [str(block) for block in shell_blocks(page) if not MARK.match(block.mark)]

    assert unmarked == [], "put <!-- run -->, <!-- tried by: TEST --> or <!-- needs: WHAT --> above"


@PAGE
def test_the_tests_that_are_named_are_there_and_speak_of_the_commands(page):
    named = [block for block in shell_blocks(page) if block.mark.startswith("tried by: ")]

    wrong = {str(block): missing(block) for block in named}

    assert {block: words for block, words in wrong.items() if words} == {}


def missing(block):
    """Return which tests are not there, and which names of commands none of them has."""
    paths = [PROJECT / path for path in block.mark.removeprefix("tried by: ").split(", ")]
    text = "".join(path.read_text() for path in paths if path.exists())
    names = {
        name for line in block.lines for words in senoscope_commands(line) for name in named(words)
    }
    absent = [str(path) for path in paths if not path.exists()]
    return absent + sorted(name for name in names if name not in text)


@PAGE
def test_every_command_in_a_block_could_be_typed_so(page):
    typed = [(block, line) for block in shell_blocks(page) for line in block.lines]

    wrong = [
        f"{block}: senoscope {' '.join(words)}: {fault(words)}"
        for block, line in typed
        for words in senoscope_commands(line)
        if fault(words)
    ]

    assert wrong == []


@PAGE
def test_every_command_in_a_sentence_could_be_typed_so(page):
    wrong = {
        line: fault(words)
        for line in INLINE.findall(page.read_text())
        if not re.search(r"[/|\[\]]\w|\(", line.split(" ", 1)[1].split(" -")[0])
        for words in senoscope_commands(line)
        if "requires an argument" not in (fault(words) or "requires an argument")
    }

    assert wrong == {}


@PAGE
def test_every_block_of_toml_or_json_can_be_read(page):
    readers = {"toml": tomllib.loads, "json": json.loads}

    wrong = {
        str(block): why
        for block in blocks(page)
        if block.language in readers and (why := unreadable(readers[block.language], block.text))
    }

    assert wrong == {}


def unreadable(read, text):
    try:
        read(text)
    except ValueError as error:
        return str(error)
    return ""
