"""`routes.toml` on the disk: read, checked as a whole, and read again when it changes."""

import logging
import re
import threading
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydicom._dicom_dict import DicomDictionary

from pipelines.eligibility import ALLOWABLE
from pipelines.kinds import Kind
from service.errors import BadConfigurationError, did_you_mean
from service.router.routes import Complete, Condition, Destination, Route, Routes

logger = logging.getLogger(__name__)

Location = tuple[str | int, ...]
"""Where in the file something is, as pydantic says it."""


@dataclass(frozen=True, slots=True)
class OwnDoor:
    """Where this node itself listens: no destination."""

    ae_title: str
    hosts: Collection[str]
    """Every name and address by which it may be written."""
    port: int

    def is_at(self, there: Destination) -> bool:
        """Return whether results sent to `there` would come back to this node."""
        title_and_port = (there.ae_title, there.port) == (self.ae_title, self.port)
        return title_and_port and there.host.lower() in self.hosts


def load_routes(path: Path, pipelines: Collection[str], own: OwnDoor | None = None) -> Routes:
    """Return the routes in that file; `pipelines` are the names that they may use.

    Raises:
        BadConfigurationError: naming the file, the line, the key and the nearest that is known.
    """
    text = _text(path)
    try:
        routes = Routes(**tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadConfigurationError(f"{path}: not valid TOML: {error}") from None
    except ValidationError as error:
        found = error.errors(include_url=False)
        first = min(found, key=lambda one: one["type"] == "missing")  # a typo says more
        raise BadConfigurationError(_told(path, text, first["loc"], _reason(first))) from None
    for location, reason in (*_contradictions(routes, pipelines), *_loops(routes, own)):
        raise BadConfigurationError(_told(path, text, location, reason))
    return routes


class RoutesFile:
    """The routes in force: those on the disk, or the last that were good."""

    def __init__(self, path: Path, pipelines: Collection[str], own: OwnDoor | None = None) -> None:
        self.error = ""
        """Why what is on the disk now is not in force; empty if it is."""
        self._path = path
        self._pipelines = pipelines
        self._own = own
        self._lock = threading.Lock()
        self._seen = self._state()
        self._routes = load_routes(path, self._pipelines, own)

    @property
    def reload_ok(self) -> bool:
        """Whether the routes on the disk are in force."""
        return not self.error

    def current(self) -> Routes:
        """Return the routes in force, having looked whether the file changed."""
        with self._lock:
            state = self._state()
            if state != self._seen:
                self._seen = state
                self._reload()
            return self._routes

    def _reload(self) -> None:
        try:
            self._routes = load_routes(self._path, self._pipelines, self._own)
        except BadConfigurationError as error:
            self.error = str(error)
            logger.error("the routes in force stay as they were: %s", error)  # noqa: TRY400
            return
        self.error = ""
        logger.info("%s was read again", self._path)

    def _state(self) -> tuple[int, ...]:
        """Return what changes when the file does."""
        try:
            found = self._path.stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadConfigurationError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadConfigurationError(f"{path}: not UTF-8") from None


def _contradictions(routes: Routes, pipelines: Collection[str]) -> Iterator[tuple[Location, str]]:
    """Yield what each table says well and all together say wrong."""
    names: set[str] = set()
    for number, route in enumerate(routes.routes):
        where: Location = ("routes", number)
        if route.name in names:
            yield (*where, "name"), f"there is another route {route.name!r}"
        names.add(route.name)
        for destination in route.send_to:
            if destination not in routes.destinations:
                hint = did_you_mean(destination, routes.destinations)
                yield (*where, "send_to"), f"no destination {destination!r}{hint}"
        for word in set(route.allow) - ALLOWABLE.keys():
            known = ", ".join(ALLOWABLE)
            yield (*where, "allow"), f"no such kind of image {word!r}; there is {known}"
        for pipeline in route.pipelines:
            if pipeline not in pipelines:
                yield (
                    (*where, "pipelines"),
                    f"no pipeline {pipeline!r}{_did_you_mean(pipeline, pipelines)}",
                )


def _loops(routes: Routes, own: OwnDoor | None) -> Iterator[tuple[Location, str]]:
    """Yield the destinations that are this node itself."""
    for name, there in routes.destinations.items():
        if own is not None and own.is_at(there):
            yield (
                ("destinations", name, "host"),
                "this is this node itself: results would come back",
            )


def _did_you_mean(pipeline: str, pipelines: Collection[str]) -> str:
    """Return a hint: what runs the same model if anything does, else what is written alike."""
    model = pipeline.partition(":")[2]
    same = [one for one in pipelines if model and one.partition(":")[2] == model]
    return f"; did you mean {same[0]!r}?" if same else did_you_mean(pipeline, pipelines)


def _reason(error: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    """Return in words what pydantic found."""
    location: Location = error["loc"]
    if error["type"] == "extra_forbidden":
        return f"unknown key{did_you_mean(str(location[-1]), _model_at(location).model_fields)}"
    if error["type"] == "missing":
        return "missing"
    message, given = str(error["msg"]).removeprefix("Value error, "), error["input"]
    if location and location[-1] == "keyword":
        keywords = (str(entry[4]) for entry in DicomDictionary.values())
        return f"{message}: {given!r}{did_you_mean(str(given), keywords)}"
    if "accepts" in location and error["type"] == "enum":
        message = f"no such kind of result{did_you_mean(str(given), map(str, Kind))}"
    return message if error["type"] == "value_error" else f"{message} (it is {given!r})"


def _model_at(location: Location) -> type[BaseModel]:
    """Return the table that the last key of `location` stands in."""
    names = [part for part in location[:-1] if isinstance(part, str)]
    if names[:1] == ["destinations"]:
        return Destination
    inner: dict[str, type[BaseModel]] = {"routes": Route, "when": Condition, "complete": Complete}
    return inner.get(names[-1], Routes) if names else Routes


def _told(path: Path, text: str, location: Location, reason: str) -> str:
    key = ".".join(str(part) for part in location)
    return f"{path}:{line_of(text, location)}: {key}: {reason}"


def line_of(text: str, location: Location) -> int:
    """Return the line that `location` is most likely on, counted from 1."""
    lines = text.splitlines()
    first = _header_line(lines, location)
    key = next((part for part in reversed(location) if isinstance(part, str)), "")
    pattern = re.compile(rf"(^|[\s{{,])[\"']?{re.escape(key)}[\"']?\s*=")
    for number, line in enumerate(lines[first:], first):
        if pattern.search(line):
            return number + 1
        if number > first and line.startswith("["):
            break
    return first + 1


def _header_line(lines: list[str], location: Location) -> int:
    """Return the index of the line with the header of the table, 0 where there is none."""
    if len(location) < 2:  # noqa: PLR2004 - a top-level key
        return 0
    table, item = location[:2]
    if isinstance(item, int):
        headers = [
            n for n, line in enumerate(lines) if re.match(rf"\s*\[\[\s*{table}\s*\]\]", line)
        ]
        return headers[item] if item < len(headers) else 0
    pattern = re.compile(rf"\s*\[\s*{table}\s*\.\s*[\"']?{re.escape(item)}[\"']?\s*\]")
    return next((n for n, line in enumerate(lines) if pattern.match(line)), 0)
