"""Pictures of every page of the console for the manual: `make pictures`.

Nothing on them is of a patient: the node is a fresh one, and what it is sent are phantoms.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from busy_node import WRONG, busy_node
from consoles import PASSWORD
from node import Node
from peers.chromium import chromium
from PIL import Image
from playwright.sync_api import Browser, Page
from pydicom import Dataset

OUT = Path(__file__).parents[2] / "docs" / "pictures"
PATIENCE_MS = 120_000
COLOURS = 128
"""Of a picture: letters stay smooth, rare colours stay, and the file is half as large."""
MORE_COLOURS = 224
"""Where there are breasts among the letters."""
HIGHEST, MARGIN = 1400, 48
"""Pixels: what of a page is shown, and how much of it below its last line."""
WIDE, TABLET = (1280, 800), (820, 1180)
PLAIN = (
    "studies", "jobs", "deliveries?state=owed", "refusals", "routes", "models", "users",
    "notifications", "audit", "account",
)  # fmt: skip
"""Pages that need nothing but to be opened."""


def shoot(out: Path) -> None:
    """Write a picture of each page to `out`."""
    with (
        TemporaryDirectory() as folder,
        busy_node(Path(folder)) as (node, sent),
        chromium(PATIENCE_MS) as browser,
    ):
        with tab(browser, node) as page:
            take(page, out, "sign-in")
            sign_in(page)
            pages(page, node, out, sent)
        for scheme, size, name in (("dark", WIDE, "dark"), ("light", TABLET, "tablet")):
            with tab(browser, node, size, scheme) as page:
                sign_in(page)
                at(page, node, "studies")
                page.get_by_role("link", name=str(sent["second"].StudyInstanceUID)).click()
                take(page, out, f"study-{name}")


def pages(page: Page, node: Node, out: Path, sent: dict[str, Dataset]) -> None:
    """Go through the pages as somebody does who looks after the node."""
    take(page, out, "overview")
    at(page, node, f"studies/{sent['found'].StudyInstanceUID}")
    take(page, out, "study")
    at(page, node, f"studies/{sent['broken'].StudyInstanceUID}")
    page.locator('td a[href^="/jobs/"]').first.click()
    take(page, out, "job")
    page.get_by_role("button", name="Retry").click()
    viewer(page, node, out, sent["found"])
    drafts(page, node, out, sent["found"])
    at(page, node, "destinations")
    page.get_by_role("row", name="archive").get_by_role("button", name="C-ECHO").click()
    page.get_by_role("row", name="pacs").get_by_role("button", name="C-ECHO").click()
    take(page, out, "destinations")
    for name in PLAIN:
        at(page, node, name)
        take(page, out, name.partition("?")[0])


def viewer(page: Page, node: Node, out: Path, image: Dataset) -> None:
    """Look at an image beside what was made of it, and under the bar."""
    at(page, node, f"studies/{image.StudyInstanceUID}/images/{image.SOPInstanceUID}")
    page.wait_for_selector('#viewer[data-drawn="yes"]')
    take(page, out, "viewer")
    page.get_by_role("button", name="Swipe").click()
    page.locator(".finding").first.click()
    page.wait_for_selector('#viewer[data-drawn="yes"]')
    take(page, out, "viewer-swipe")


def drafts(page: Page, node: Node, out: Path, image: Dataset) -> None:
    """Make a mistake in the routes, mend it, try it, put it into force and look at the history."""
    at(page, node, "routes/draft")
    text = page.get_by_label("routes.toml", exact=True)
    right = text.input_value()
    text.fill(right + WRONG)
    page.get_by_text("did you mean").first.wait_for()
    take(page, out, "routes-draft")
    text.fill(right.replace('"MAMMO*"', '"MAMMO*", "CLINIC"'))
    page.get_by_text("Right: 2 routes").wait_for()
    page.get_by_label("Study", exact=True).fill(str(image.StudyInstanceUID))
    page.get_by_role("button", name="Try").click()
    page.locator("#tried li").first.wait_for()
    page.get_by_role("button", name="Look at the last 200 studies").click()
    page.locator("#replayed").get_by_text("would change").first.wait_for()
    page.get_by_role("heading", name="What it changes").evaluate("one => one.scrollIntoView()")
    take(page, out, "routes-try", page.evaluate("scrollY"))
    page.once("dialog", lambda asked: asked.accept())
    page.get_by_role("button", name="Apply").click()
    page.get_by_text("The routes are written").wait_for()
    at(page, node, "routes/versions/1")
    take(page, out, "routes-history")


@contextmanager
def tab(
    browser: Browser, node: Node, size: tuple[int, int] = WIDE, scheme: str = "light"
) -> Iterator[Page]:
    """Open the console in a window of that size."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, timezone_id="UTC"
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    at(page, node, "")
    yield page
    context.close()


def sign_in(page: Page) -> None:
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Overview").wait_for()


def at(page: Page, node: Node, address: str) -> None:
    page.goto(f"http://127.0.0.1:{node.http_port}/{address}")


def take(page: Page, out: Path, name: str, top: float = 0) -> None:
    """Write what is on the page to a PNG of few colours."""
    page.wait_for_load_state("networkidle")
    height = page.locator("footer").bounding_box()["y"] + page.evaluate("scrollY") + MARGIN
    width = page.viewport_size["width"]
    shown = {"x": 0, "y": top, "width": width, "height": min(height - top, HIGHEST)}
    raw = page.screenshot(full_page=True, clip=shown)
    picture = Image.open(BytesIO(raw)).convert("RGB")
    colours = MORE_COLOURS if "viewer" in name else COLOURS
    few = picture.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(out / f"console-{name}.png", optimize=True)


if __name__ == "__main__":
    shoot(Path(sys.argv[1]) if len(sys.argv) > 1 else OUT)
