"""The pages of a reader study, and what their scripts ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Literal

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict

from pipelines.results.provenance import DISCLAIMER
from service.errors import NodeError, UnavailableError
from service.reader_study.criteria import BY_KEY, CRITERIA
from service.reader_study.door import Door
from service.reader_study.light_box import LightBox, Opened, Shown
from service.reader_study.reading import PLACES, Place, Reading
from service.tiles.pyramid import STATIC, TILE

HERE = Path(__file__).parent
ASSETS = {
    "page.css": (HERE, "text/css"),
    "answers.js": (HERE, "text/javascript"),
    "keys.js": (HERE, "text/javascript"),
    "pane.js": (STATIC, "text/javascript"),
    "view.js": (STATIC, "text/javascript"),
    "viewer.js": (HERE, "text/javascript"),
}
BYTES = "application/octet-stream"


class Given(BaseModel):
    """What a page sends when a button is pressed; None: not readable."""

    model_config = ConfigDict(extra="forbid")

    criterion: str
    given: Literal[1, 2, 3, 4, 5] | None


@dataclass(frozen=True)
class Study:
    """What the pages show."""

    reading: Reading
    light_box: LightBox
    pages: Environment

    def page(self, name: str, **told: object) -> HTMLResponse:
        """Return a page; whatever it is told is text in it."""
        template = self.pages.get_template(f"{name}.html.j2")
        return HTMLResponse(
            template.render(
                reading=self.reading, disclaimer=DISCLAIMER, total=len(CRITERIA), **told
            )
        )

    def checked(self, number: int) -> int:
        """Return `number` if there is such a case."""
        if not 1 <= number <= self.reading.cases:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"there is no case {number}")
        return number

    def opened(self, number: int) -> Opened:
        """Return that case."""
        return self.light_box.look(self.checked(number))

    def shown(self, number: int, place: Place) -> Shown:
        """Return what stands at that place of that case."""
        return self.opened(number).pictures[self.reading.session.side(number, place)]


def make_app(reading: Reading, light_box: LightBox, door: Door) -> FastAPI:
    """Return the application for one reader."""
    study = Study(reading, light_box, _pages())
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.middleware("http")(door)
    app.exception_handler(NodeError)(_failed)
    _add_pages(app, study)
    _add_pictures(app, study)
    _add_answers(app, study)
    return app


def _pages() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _add_pages(app: FastAPI, study: Study) -> None:
    @app.get("/")
    def start() -> HTMLResponse:
        first = min(study.reading.open_cases(), default=1)
        study.light_box.ahead(first)
        return study.page("start", first=first)

    @app.get("/case/{number}")
    def case(number: int) -> HTMLResponse:
        study.light_box.ahead(study.checked(number))
        return study.page("case", number=number, groups=list(study.reading.groups(number)))

    @app.get("/end")
    def end() -> HTMLResponse:
        return study.page("end", open_cases=study.reading.open_cases())

    @app.get("/assets/{name}")
    def asset(name: str) -> Response:
        if name not in ASSETS:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        folder, kind = ASSETS[name]
        return Response((folder / name).read_bytes(), media_type=kind)


def _add_pictures(app: FastAPI, study: Study) -> None:
    @app.get("/case/{number}/pictures")
    def pictures(number: int) -> Mapping[str, object]:
        grid = study.opened(number).grid
        study.light_box.ahead(number + 1)
        shown = {place: study.shown(number, place) for place in PLACES}
        windows = {
            place: {"center": one.center, "width": one.width} for place, one in shown.items()
        }
        sizes = [grid.size(level) for level in range(grid.levels)]
        return {"tile": TILE, "sizes": sizes, "windows": windows}

    @app.get("/case/{number}/{place}/tones")
    def tones(number: int, place: Place) -> Response:
        return Response(study.shown(number, place).tones.tobytes(), media_type=BYTES)

    @app.get("/case/{number}/{place}/{level}/{column}/{row}")
    def tile(number: int, place: Place, level: int, column: int, row: int) -> Response:
        if not study.opened(number).grid.holds(level, column, row):
            raise HTTPException(HTTPStatus.NOT_FOUND, "there is no such tile")
        pyramid = study.shown(number, place).pyramid
        return Response(pyramid.tile(level, column, row), media_type=BYTES)


def _add_answers(app: FastAPI, study: Study) -> None:
    @app.post("/case/{number}/answers")
    def answer(number: int, given: Given) -> Mapping[str, int]:
        study.checked(number)
        if given.criterion not in BY_KEY:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "there is no such criterion")
        study.reading.answer(number, given.criterion, given.given)
        return {
            "case": study.reading.answered_of(number),
            "all": study.reading.answered,
            "of": study.reading.total,
        }


async def _failed(request: Request, error: Exception) -> Response:
    """Say what is wrong with a case, or with the disk, where the page can show it."""
    del request
    is_temporary = isinstance(error, UnavailableError)
    status = HTTPStatus.SERVICE_UNAVAILABLE if is_temporary else HTTPStatus.UNPROCESSABLE_ENTITY
    return PlainTextResponse(str(error), status)
