"""Debian's Chromium: what people look at pages with."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from peers.programs import program


@contextmanager
def chromium(patience_ms: int) -> Iterator[Browser]:
    """Run a browser; it is waited for as long as `patience_ms`."""
    with sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=program("chromium", "chromium"),
            args=["--no-sandbox"],
            timeout=patience_ms,
        )
        yield started
        started.close()


@contextmanager
def watched(tab: Page, port: int) -> Iterator[None]:
    """Fail at the end if the tab complained of anything, or asked others than that port."""
    complaints, asked = [], []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    yield
    assert complaints == []
    assert {url.split("/")[2] for url in asked if not url.startswith("data:")} == {
        f"127.0.0.1:{port}"
    }
