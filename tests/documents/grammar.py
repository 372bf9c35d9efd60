"""Whether `senoscope` could be typed so: its commands, options and arguments."""

from collections.abc import Sequence
from typing import Any

from typer.main import get_command

from service.cli.app import app

TREE = get_command(app)
PLACEHOLDERS = {"...", "…"}


def fault(words: Sequence[str]) -> str | None:
    """Return what is wrong with these arguments of `senoscope`, None if nothing is."""
    command: Any = TREE
    rest = list(words)
    while hasattr(command, "commands"):
        if rest and rest[0] in PLACEHOLDERS:
            return None
        if not rest or rest[0].startswith("-"):
            return _left_over(command, rest)
        if rest[0] not in command.commands:
            return f"no command {rest[0]!r}"
        command, rest = command.commands[rest[0]], rest[1:]
    return _left_over(command, [word for word in rest if word not in PLACEHOLDERS])


def named(words: Sequence[str]) -> list[str]:
    """Return the names of the command among these arguments: `routes`, `check`."""
    command, names = TREE, []
    for word in words:
        if word not in getattr(command, "commands", {}):
            break
        command = command.commands[word]
        names.append(word)
    return names


def _left_over(command: Any, words: list[str]) -> str | None:
    context = command.context_class(command)
    try:
        given, rest, _ = command.make_parser(context).parse_args(list(words))
    except Exception as error:  # noqa: BLE001 - whatever Typer says is what is wrong
        return str(getattr(error, "message", error))
    del given
    return f"too many arguments: {rest}" if rest else None
