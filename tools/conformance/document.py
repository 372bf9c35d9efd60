"""A document with parts that are generated: between markers, one for each part."""

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import unified_diff

Sections = Mapping[str, Callable[[], str]]
"""What makes each part, by the name in its marker."""

PART = re.compile(
    r"(?P<begin><!-- generated: (?P<name>[a-z0-9-]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL
)


def filled(text: str, sections: Sections) -> str:
    """Return `text` with every generated part made anew.

    Raises:
        ValueError: a part is in the text and not in `sections`, or the other way round, or twice.
    """
    there = [found["name"] for found in PART.finditer(text)]
    if sorted(there) != sorted(sections):
        wrong = set(there) ^ set(sections) or {name for name in there if there.count(name) > 1}
        raise ValueError(f"marked in the text or made here, but not both: {sorted(wrong)}")
    return PART.sub(
        lambda found: f"{found['begin']}\n{sections[found['name']]().strip()}\n\n{found['end']}",
        text,
    )


def differences(old: str, new: str, name: str) -> list[str]:
    """Return what is to be changed in `old` to make `new` of it, as lines of a diff."""
    return list(
        unified_diff(
            old.splitlines(), new.splitlines(), name, f"{name}, generated", lineterm="", n=1
        )
    )


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(_cell(each) for each in line)} |" for line in lines)


def _cell(said: str) -> str:
    return said.replace("|", "\\|").replace("\n", " ")
