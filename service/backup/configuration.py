"""The files by which a node was configured, and the names that they have in a backup."""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from service.settings import Settings

CONFIG, OUTSIDE = "config", "outside"
SETTINGS = "senoscope.toml"
SITE_KEY = "site.key"
MODELS = "models"
_FILES = ("tls_cert", "tls_key", "tls_ca")
_OWN_WAY = {"site_key_file"}


def configuration(settings: Settings, config: Path | None) -> Mapping[str, Path]:
    """Return the files of the configuration by the names that they have in a backup.

    Those outside the folder of `senoscope.toml` are there too, for a person to put them back.
    """
    named = [settings.routes_file, *_files_of(settings)]
    found = {} if config is None else {f"{CONFIG}/{SETTINGS}": config.resolve()}
    for path in dict.fromkeys(one.resolve() for one in named):
        if path.is_file():
            found[_name_of(path, settings.base.resolve())] = path
    return found


def own_models(settings: Settings) -> Mapping[str, Path]:
    """Return the files of the hospital's own models; what is compiled from them is made anew."""
    shelf = settings.own_shelf
    if settings.shelves != (shelf, settings.shelves[-1]) or not shelf.is_dir():
        return {}  # the shelf that came with Senoscope
    found = (path for path in sorted(shelf.rglob("*")) if path.is_file())
    return {
        f"{MODELS}/{path.relative_to(shelf).as_posix()}": path
        for path in found
        if not any(part == "plans" or part[0] == "." for part in path.relative_to(shelf).parts)
    }


def _files_of(settings: Settings) -> Iterator[Path]:
    tables: list[Mapping[str, Any]] = [settings.model_dump(mode="json")]
    with suppress(OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):  # it is copied as it is
        tables.append(tomllib.loads(settings.routes_file.read_text(encoding="utf-8")))
    for table in tables:
        for name in _named(table):
            yield settings.base / name


def _named(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the files that a table names, however deep."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _named(value)
        elif isinstance(value, str) and value and _is_file(key):
            yield value


def _is_file(key: str) -> bool:
    return key in _FILES or (key.endswith("_file") and key not in _OWN_WAY)


def _name_of(path: Path, base: Path) -> str:
    if path.is_relative_to(base):
        return f"{CONFIG}/{path.relative_to(base).as_posix()}"
    return f"{OUTSIDE}{path.as_posix()}"
