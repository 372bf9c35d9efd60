"""What our code uses of TensorRT and pycuda, read off its source."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "engines" / "backends" / "tensorrt"


@dataclass(frozen=True)
class Vocabulary:
    """How our code names a library.

    `receivers` says, for each of our files, which class the variables of that name are of; what is
    in `ours` there is no object of the library.
    """

    module: str
    receivers: Mapping[str, Mapping[str, str]]
    ours: frozenset[str] = frozenset()


@dataclass(frozen=True, order=True)
class Call:
    """A call of something of the library: how many arguments by place, and which by name."""

    name: str
    places: int
    keywords: tuple[str, ...] = ()


TENSORRT = Vocabulary(
    "trt",
    {
        "library.py": {
            "severity": "ILogger.Severity",
            "parser": "OnnxParser",
            "fault": "ParserError",
        },
        "progress.py": {},
        "build.py": {
            "builder": "Builder",
            "network": "INetworkDefinition",
            "parser": "OnnxParser",
            "config": "IBuilderConfig",
            "profile": "IOptimizationProfile",
            "taken": "ITensor",
            "cache": "ITimingCache",
        },
        "execution.py": {
            "runtime": "Runtime",
            "engine": "ICudaEngine",
            "context": "IExecutionContext",
        },
    },
    frozenset(
        {
            "", "message", "self", "library", "logger", "logging", "importlib", "levels", "told",
            "complaints", "field", "wishes", "spec", "faults", "session", "modes", "stream", "cuda",
            "steps",
        }
    ),
)  # fmt: skip

PYCUDA = Vocabulary(
    "cuda",
    {
        "device.py": {"found": "Device", "context": "Context"},
        "slots.py": {},
        "execution.py": {"stream": "Stream"},
        "runner.py": {
            "copying_in": "Stream",
            "computing": "Stream",
            "copying_out": "Stream",
            "stream": "Stream",
            "arrived": "Event",
            "computed": "Event",
            "answered": "Event",
        },
    },
)


def names(vocabulary: Vocabulary) -> set[str]:
    """Return every attribute of the library that our code asks for, such as `Builder.reset`."""
    found = {name for tree, file in _trees(vocabulary) for name in _names(tree, file, vocabulary)}
    return found | {name for name, _ in overrides(vocabulary)}


def calls(vocabulary: Vocabulary) -> set[Call]:
    """Return every way in which our code calls something of the library."""
    found = set()
    for tree, file in _trees(vocabulary):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                keywords = tuple(sorted(each.arg or "**" for each in node.keywords))
                for name in _resolved(node.func, file, vocabulary):
                    found.add(Call(name, len(node.args), keywords))
    return found


def overrides(vocabulary: Vocabulary) -> Iterator[tuple[str, int]]:
    """Yield each method of the library that a class of ours overrides, and how much it takes."""
    for tree, file in _trees(vocabulary):
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef):
                continue
            bases = [base for base in node.bases if isinstance(base, ast.Attribute)]
            for base in bases:
                for kind in _resolved(base, file, vocabulary):
                    for method in node.body:
                        if isinstance(method, ast.FunctionDef) and method.name != "__init__":
                            yield f"{kind}.{method.name}", len(method.args.args) - 1


def strangers(vocabulary: Vocabulary) -> set[str]:
    """Return variables with attributes that are neither known to be the library's nor ours."""
    found = set()
    for tree, file in _trees(vocabulary):
        known = {*vocabulary.receivers[file], *vocabulary.ours, vocabulary.module}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                path = _path(node)
                if vocabulary.module not in path and path[-2] not in known:
                    found.add(f"{file}: {'.'.join(path)}")
    return found


def _trees(vocabulary: Vocabulary) -> Iterator[tuple[ast.Module, str]]:
    for file in vocabulary.receivers:
        yield ast.parse((FOLDER / file).read_text(encoding="utf-8")), file


def _names(tree: ast.Module, file: str, vocabulary: Vocabulary) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield from _resolved(node, file, vocabulary)


def _resolved(node: ast.Attribute, file: str, vocabulary: Vocabulary) -> Iterator[str]:
    """Yield the library's name of an attribute, if it is the library's."""
    path = _path(node)
    if vocabulary.module in path[:-1]:
        rest = path[len(path) - path[::-1].index(vocabulary.module) :]
        if not rest[-1].startswith("__"):
            yield ".".join(rest)
    elif path[-2] in vocabulary.receivers[file]:
        yield f"{vocabulary.receivers[file][path[-2]]}.{path[-1]}"


def _path(node: ast.expr) -> list[str]:
    """Return the names of a dotted expression, without the underscores of what is private.

    What is called on the way counts as what it was called on: `cuda.Device(0).name` is of `Device`.
    """
    if isinstance(node, ast.Attribute):
        own = node.attr if node.attr.startswith("__") else node.attr.lstrip("_")
        return [*_path(node.value), own]
    if isinstance(node, ast.Call):
        return _path(node.func)
    return [node.id.lstrip("_")] if isinstance(node, ast.Name) else [""]
