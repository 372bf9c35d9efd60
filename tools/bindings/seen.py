"""What a library has of given names: run by the Python, and in the process, that can import it.

`python seen.py MODULE NAME...` prints JSON: for each name its signatures, null where it is missing.
It stands alone, for it runs in folders where there is nothing else.
"""

import importlib
import json
import re
import sys


def signatures(thing: object) -> list[str]:
    """Return how `thing` may be called, in the words of its own documentation.

    pybind11 writes `name(self: Kind, a: int) -> None`, and so does Boost but for its brackets.
    """
    told = getattr(thing, "__doc__", None) or ""
    name = getattr(thing, "__name__", "__init__")
    return re.findall(
        rf"^\s*(?:\d+\. )?({re.escape(name)}\(.*\) -> .*?)(?: :)?$", told, re.MULTILINE
    )


def seen(module: str, names: list[str]) -> dict[str, list[str] | None]:
    """Return for each name what it may be called with, None where there is no such thing."""
    found: dict[str, list[str] | None] = {}
    for name in names:
        thing: object = importlib.import_module(module)
        for part in name.split("."):
            thing = getattr(thing, part, None)
        kind = getattr(thing, "__init__", None) if isinstance(thing, type) else thing
        found[name] = None if thing is None else signatures(kind)
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(seen(sys.argv[1], sys.argv[2:])))
