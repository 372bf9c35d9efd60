"""Regular expressions that clinics write: bounded in length, and in time."""

from collections.abc import Sequence
from functools import lru_cache

import regex

LONGEST_PATTERN = 256
LONGEST_VALUE = 1024
"""Characters of a value that is looked at."""
SECONDS = 0.1
"""That one pattern may take on all values of one attribute of one image."""
_PROBE_SECONDS = 0.02
_PROBES = " 0Aa-_"
_NESTED = regex.compile(
    r"\((?:[^()\\]|\\.)*(?:[+*]|\{\d*,\d*\})(?:[^()\\]|\\.)*\)(?:[+*]|\{\d*,)", regex.VERSION0
)
"""A group that repeats something, and is repeated."""


@lru_cache(maxsize=256)
def compiled(pattern: str) -> "regex.Pattern[str]":
    """Return that regular expression.

    Raises:
        ValueError: if it is too long, or none.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"longer than {LONGEST_PATTERN} characters")
    try:
        return regex.compile(pattern, regex.VERSION0)
    except regex.error as error:
        raise ValueError(
            f"no regular expression: {error.msg}, at its character {error.pos + 1}"
        ) from None


def why_not_found(pattern: str, values: Sequence[str]) -> str:
    """Return why `pattern` is found in none of `values`, in words; nothing if it is in one."""
    if any(len(value) > LONGEST_VALUE for value in values):
        return f"too long for a regex: more than {LONGEST_VALUE} characters"
    try:
        if any(_is_in(pattern, value, SECONDS / len(values)) for value in values):
            return ""
    except TimeoutError:
        return f"and its regex ran out of time: {pattern}"
    return f"with nothing in it like the regex {pattern}"


def is_risky(pattern: str) -> bool:
    """Return whether some text may keep that pattern busy for longer than it is given."""
    if _NESTED.search(pattern):
        return True
    letters = dict.fromkeys([*_PROBES, *(one for one in pattern if one.isalnum())])
    try:
        for letter in letters:
            _is_in(pattern, letter * (LONGEST_VALUE - 1) + "\1", _PROBE_SECONDS)
    except TimeoutError:
        return True
    return False


def _is_in(pattern: str, value: str, seconds: float) -> bool:
    return compiled(pattern).search(value, timeout=seconds) is not None
