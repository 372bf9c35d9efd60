"""Options that several commands share, and how they speak."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="senoscope.toml; default: the one here, else defaults."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Limit = Annotated[int, typer.Option(help="How many at most, newest first.", min=1)]

console = Console()
LONG = {"error", "image", "instance", "reason", "result", "study", "value", "what", "why"}
"""Columns with UIDs or sentences."""


def examples(*lines: str) -> str:
    """Return `lines` as the examples under a command's help."""
    return "Examples:\n\n" + "\n\n".join(f"`{line}`" for line in lines)


def print_json(what: object) -> None:
    """Print `what` as JSON; dates and paths as text."""
    typer.echo(json.dumps(what, indent=2, default=str))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; what may be long folds rather than being cut."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column not in LONG)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console.print(table)
