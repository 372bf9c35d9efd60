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
LONG = {"engines", "error", "how far", "image", "value", "what", "why"}
"""Columns with sentences."""


def examples(*lines: str) -> str:
    """Return `lines` as the examples under a command's help."""
    return "Examples:\n\n" + "\n\n".join(f"`{line}`" for line in lines)


def print_json(what: object) -> None:
    """Print `what` as JSON; dates and paths as text."""
    typer.echo(json.dumps(what, indent=2, default=str))


def tell(line: str, *, as_json: bool, **told: object) -> None:
    """Say what was done: in a line for people, or `told` as JSON for machines."""
    if as_json:
        print_json(told)
    else:
        console.print(line, highlight=False, soft_wrap=True)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; what may be long folds rather than being cut."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column not in LONG)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console.print(table)


def print_entries(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print each row as its first value, a UID that can be copied, and a line of the others."""
    console.print(title, style="bold")
    for head, *cells in rows:
        said = [f"{column} {cell}" for column, cell in zip(columns[1:], cells, strict=True) if cell]
        told = f"{head}\n    {', '.join(said)}"
        console.print(told, highlight=False, markup=False, soft_wrap=True)
