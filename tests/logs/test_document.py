"""docs/logs.md says what the code logs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[2]
LEVELS = {"info", "warning", "error", "critical", "exception"}
PLACE = re.compile(r"%[\d.]*[a-zA-Z]|%\d+[A-Z]")
WRITTEN = re.compile(r"^\| `(.+?)` \| `(\w+)` \|", re.MULTILINE)
ALWAYS = {"event", "level", "logger", "timestamp", "exception"}


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name in {
            getattr(node.func, "attr", ""),
            getattr(node.func, "id", ""),
        }:
            yield node


def trees() -> Iterator[ast.AST]:
    for folder in ("service", "engines"):
        for path in (PROJECT / folder).rglob("*.py"):
            yield ast.parse(path.read_text())


def logged() -> set[tuple[str, str]]:
    """Return each event of the code, ``...`` for what differs, and its level."""
    return {
        (PLACE.sub("...", call.args[0].value), level)
        for tree in trees()
        for level in LEVELS
        for call in calls(tree, level)
        if call.args and isinstance(call.args[0], ast.Constant)
        if isinstance(call.args[0].value, str)
    }


def bound() -> set[str]:
    """Return the fields that lines are given."""
    named = {
        word.arg
        for tree in trees()
        for name in ("about", "bound_contextvars", "bind_contextvars")
        for call in calls(tree, name)
        for word in call.keywords
        if word.arg
    }
    return named | {"study", "trace"}


def test_each_event_that_is_written_down_is_logged_at_that_level():
    written = set(WRITTEN.findall((PROJECT / "docs/logs.md").read_text()))

    assert len(written) > 15
    assert written - logged() == set()


def test_the_fields_are_those_of_the_code():
    text = (PROJECT / "docs/logs.md").read_text().split("## Fields")[1].split("## Events")[0]
    written = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))

    assert written == ALWAYS | bound()
