"""TOML that somebody wrote, read only where that costs no more than its length allows."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from service.router.places import Place, place_of_syntax

MOST_PARTS = 32
"""Of a key with dots: `tomllib` takes time and memory with the square of them."""
DEEPEST = 200
"""Tables and arrays, one in the other."""
LARGEST = 2**63
"""TOML 1.0, Integer: 64 bits with a sign."""
TOO_DEEP = "its tables are nested too deep"
TOO_LONG = "a number is too long: TOML has integers of 64 bits"
MANY_PARTS = f"a key has more than {MOST_PARTS} parts"

_STRING = re.compile(
    r'#[^\n]*|"""(?:\\.|(?!""").)*+(?:""")?|'
    r"'''(?:(?!''').)*+(?:''')?|"
    r'"(?:\\.|[^"\\\n])*+"?|'
    r"'[^'\n]*+'?",
    re.DOTALL,
)
"""Comments and strings; one that does not end is passed over too, for there `tomllib` stops."""
_MANY_PARTS = re.compile(rf"(?<![\w-])(?:[\w-]+[ \t]*\.[ \t]*){{{MOST_PARTS}}}[\w-]")
_LONG_NUMBER = re.compile(r"[0-9A-Fa-f_]{17,}")


class NoTomlError(ValueError):
    """It is no TOML, or none that a person writes."""

    def __init__(self, place: Place, reason: str) -> None:
        super().__init__(reason)
        self.place = place
        self.reason = reason


def read_toml(text: str) -> dict[str, Any]:
    """Return the tables in `text`.

    Raises:
        NoTomlError: saying where what is wrong.
    """
    many = _MANY_PARTS.search(_STRING.sub(_blanked, text))
    if many:
        raise NoTomlError(_place_at(text, many.start()), MANY_PARTS)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NoTomlError(place_of_syntax(error, text), f"not valid TOML: {error}") from None
    except RecursionError:
        raise NoTomlError(Place(1, 1), TOO_DEEP) from None
    except ValueError:  # of `int`, which is not told from others by tomllib
        raise NoTomlError(_place_of_number(text), TOO_LONG) from None
    _check_values(tables, text)
    return tables


def _blanked(found: re.Match[str]) -> str:
    """Return what stands for a comment or a string: as long as it, and a string is one word."""
    return ("s" if found[0][0] != "#" else " ") * len(found[0])


def _check_values(tables: Mapping[str, Any], text: str) -> None:
    level: list[Any] = [tables]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in _inner(one)]
        if any(isinstance(one, int) and not -LARGEST <= one < LARGEST for one in level):
            raise NoTomlError(_place_of_number(text), TOO_LONG)
    if level:
        raise NoTomlError(Place(1, 1), TOO_DEEP)


def _inner(value: object) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _place_of_number(text: str) -> Place:
    """Return where the longest row of digits is: `tomllib` does not say it."""
    found = max(_LONG_NUMBER.finditer(text), key=lambda one: len(one[0]), default=None)
    return _place_at(text, found.start()) if found else Place(1, 1)


def _place_at(text: str, offset: int) -> Place:
    before = text[:offset]
    return Place(before.count("\n") + 1, offset - before.rfind("\n"))
