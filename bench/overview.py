"""How long the console's pages take with much in the ledger.

    make bench-overview                          100,000 studies, about three minutes
    make bench-overview ARGS="--quick"

It fills a ledger of its own, in SQLite, and serves a console on it in a process of its own. What a
page asks of the ledger is timed first; then a browser that is signed in gets the pages over HTTP.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from support.filled import fill
from support.receivers import HOST, ROUTES, listening
from support.results import Run, begun, table

from service.console.person import Person
from service.ledger.people import Role
from service.ledger.sql import SqlLedger
from service.ledger.standing import Search, StudyState
from service.parts import Parts
from service.settings import load_settings

FULL, QUICK = 100_000, 2_000
TIMES = 15
PAGES = {
    "overview": "/",
    "studies, newest 50": "/studies",
    "studies, by the beginning of a UID": "/studies?text=2.25.99",
    **{f"studies that are {state}": f"/studies?state={state}" for state in StudyState},
    "studies, the 50 in the middle": "/studies?offset={middle}",
    "one study": "/studies/2.25.{middle}",
    "jobs, newest 50": "/jobs",
    "deliveries, newest 50": "/deliveries",
    "deliveries that are owed": "/deliveries?state=owed",
    "one job": "/jobs/{job}",
    "destinations": "/destinations",
    "the overview as JSON": "/api/v1/overview",
}
NAME, PASSWORD = "ada", "correct horse battery"
Milliseconds = list[float]


def main() -> None:
    """Print and write what some tries of each question and page take."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=FULL)
    parser.add_argument("--quick", dest="studies", action="store_const", const=QUICK)
    count = parser.parse_args().studies
    run = begun(
        "overview",
        f"The console with {count:,} studies in the ledger",
        "make bench-overview",
        whole=count == FULL,
    )
    with tempfile.TemporaryDirectory(prefix="bench-overview-") as folder:
        print(f"writing down {count:,} studies", flush=True)
        ledger = _filled(Path(folder), count)
        asked = {name: _timed(question) for name, question in questions(ledger).items()}
        ledger.close()
        with listening("console", _console, Path(folder)) as console, _browser(console.port) as one:
            got = {name: _timed(page) for name, page in _pages(one, count).items()}
    _write(run, count, asked, got)


def questions(ledger: SqlLedger) -> dict[str, Callable[[], object]]:
    """Return what the pages ask, by name."""
    asked: dict[str, Callable[[], object]] = {
        "overview: all by state, the last 24 hours": ledger.overview,
        "studies, newest 50": lambda: ledger.found_studies(Search()),
        "studies, by the beginning of a UID": lambda: ledger.found_studies(Search("2.25.99")),
        "jobs, newest 50": lambda: ledger.found_jobs(Search()),
        "deliveries, newest 50": lambda: ledger.found_deliveries(Search()),
    }
    for state in StudyState:
        search = Search(state=state)
        asked[f"studies that are {state}"] = lambda search=search: ledger.found_studies(search)
    return asked


def _filled(folder: Path, count: int) -> SqlLedger:
    """Return the ledger of a node in `folder`, with so many studies and somebody who signs in."""
    config = folder / "senoscope.toml"
    config.write_text('data_dir = "data"\n')
    (folder / "routes.toml").write_text(ROUTES)
    parts = Parts(load_settings(config))
    fill(parts.ledger, count)
    parts.desk().deeds.add_user(Person("bench", Role.ADMIN, ""), NAME, Role.VIEWER, PASSWORD)
    return parts.ledger


def _console(folder: Path, port: int) -> list[str]:
    """Return the command of a console on the ledger in `folder`."""
    config = folder / "senoscope.toml"
    config.write_text(f'data_dir = "data"\n[http]\nport = {port}\n')
    serve = [sys.executable, "-m", "service", "serve", "--role", "console"]
    return [*serve, "--config", str(config)]


@contextmanager
def _browser(port: int) -> Iterator[httpx.Client]:
    """Give a browser that is signed in."""
    url, wanted = f"http://{HOST}:{port}", {"Accept": "text/html"}
    with httpx.Client(base_url=url, headers=wanted, timeout=60, follow_redirects=True) as browser:
        form = browser.get("/sign-in").raise_for_status().text
        csrf = form.split('name="csrf" value="')[1].partition('"')[0]
        told = {"csrf": csrf, "name": NAME, "password": PASSWORD}
        browser.post("/sign-in", data=told).raise_for_status()
        yield browser


def _pages(browser: httpx.Client, count: int) -> dict[str, Callable[[], object]]:
    """Return what gets each page, by name; who was not let in is told by where he ends."""

    def get(address: str) -> None:
        answer = browser.get(address).raise_for_status()
        if answer.url.path == "/sign-in":
            raise SystemExit("nobody is signed in: it is not measured")

    middle = count // 2
    filled = {name: one.format(middle=middle, job=f"{middle:064x}") for name, one in PAGES.items()}
    return {name: lambda address=address: get(address) for name, address in filled.items()}


def _timed(deed: Callable[[], object]) -> Milliseconds:
    """Return how long it takes, the first time first."""
    taken = []
    for _ in range(TIMES):
        begun_at = time.perf_counter()
        deed()
        taken.append(1000 * (time.perf_counter() - begun_at))
    return taken


def _write(
    run: Run, count: int, asked: Mapping[str, Milliseconds], got: Mapping[str, Milliseconds]
) -> None:
    rows, pages = _rows("question", asked), _rows("page", got)
    text = (
        f"{run.made()}SQLite; {4 * count:,} images, {count:,} jobs, {count:,} deliveries; "
        f"{TIMES} tries, milliseconds.\n\n"
        f"## Pages over HTTP, signed in\n\nOf a `senoscope serve --role console`, "
        "which remembers what it counted for the overview for some seconds.\n\n"
        f"{table(pages)}\n\n## The ledger's part\n\n{table(rows)}\n"
    )
    slowest = max(pages, key=lambda row: row["median, ms"])
    told = f"{statistics.median(got['overview']):.0f} ms"
    figures = {
        f"console's overview with {count:,} studies in the ledger, over HTTP, median": told,
        f"... its slowest page ({slowest['page']}), median": f"{slowest['median, ms']:.0f} ms",
    }
    run.write(text, figures, pages=pages, ledger=rows)


def _rows(kind: str, taken: Mapping[str, Milliseconds]) -> list[dict[str, object]]:
    return [
        {
            kind: name,
            "first, ms": round(of[0], 1),
            "median, ms": round(statistics.median(of), 1),
            "worst, ms": round(max(of), 1),
        }
        for name, of in taken.items()
    ]


if __name__ == "__main__":
    main()
