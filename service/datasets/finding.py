"""Finding the files of a collection, however it was unpacked."""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".rar", ".7z", ".tcia")


def files_under(source: Path, wanted: Callable[[str], bool]) -> list[Path]:
    """Return the files below `source` whose names are `wanted`, in the order of their paths.

    Links to folders are not followed.

    Raises:
        ValueError: `source` is no folder.
    """
    if not source.is_dir():
        hint = "an archive: unpack it first" if _is_archive(source.name) else "no folder"
        raise ValueError(f"{source}: {hint if source.exists() else 'there is nothing'}")
    found = [
        Path(folder, name)
        for folder, _, names in os.walk(source)
        for name in names
        if wanted(name) and not name.startswith("._")  # what macOS leaves beside each file
    ]
    return sorted(path for path in found if path.is_file())


def archives_under(source: Path) -> str:
    """Return a hint if what is missing may be in archives that lie there, else nothing."""
    found = files_under(source, _is_archive)
    return f" ({found[0]} is there: unpack it)" if found else ""


def _is_archive(name: str) -> bool:
    return name.lower().endswith(ARCHIVES)


def distinct(paths: Sequence[Path]) -> list[Path]:
    """Return `paths` without those whose bytes are those of one before.

    Raises:
        OSError: one cannot be read.
    """
    sizes = [path.stat().st_size for path in paths]
    seen: set[str] = set()
    kept = []
    for path, size in zip(paths, sizes, strict=True):
        if sizes.count(size) > 1:
            print_of = digest(path)
            if print_of in seen:
                continue
            seen.add(print_of)
        kept.append(path)
    return kept


def digest(path: Path) -> str:
    """Return the SHA-256 of the bytes at `path`.

    Raises:
        OSError: they cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def grouped(paths: Iterable[Path], key: Callable[[Path], str]) -> dict[str, list[Path]]:
    """Return `paths` by what `key` says of each; those of which it says nothing are left out."""
    groups: dict[str, list[Path]] = {}
    for path in paths:
        name = key(path)
        if name:
            groups.setdefault(name, []).append(path)
    return groups


def only(paths: Sequence[Path]) -> Path:
    """Return the one file that `paths` are copies of.

    Raises:
        OSError: one cannot be read.
        ValueError: they are not the same.
    """
    first, *others = distinct(paths)
    if others:
        raise ValueError(f"{first} and {others[0]} differ and have one name; keep the right one")
    return first
