"""The documentation builds as a site, and asks nobody else for anything."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from peers.chromium import chromium

PROJECT = Path(__file__).parents[2]
PATIENCE_MS = 30_000
LOADED = re.compile(r"<(?:script|img|iframe|link)\b[^>]*?(?:src|href)=\"?((?:https?:)?//[^\" >]+)")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    status, told = built(PROJECT / "mkdocs.yml", folder)
    assert status == 0, told
    return folder


def test_the_site_has_every_page_and_no_broken_link(site):
    pages = {path.relative_to(PROJECT / "docs") for path in (PROJECT / "docs").rglob("*.md")}

    assert [page for page in pages if not (site / page.with_suffix(".html")).is_file()] == []


def test_the_menu_names_no_page_twice():
    _, menu = (PROJECT / "mkdocs.yml").read_text().split("\nnav:\n")
    named = re.findall(r"[\w/-]+\.md$", menu, re.MULTILINE)

    assert [page for page, times in Counter(named).items() if times > 1] == []


def test_the_site_loads_nothing_from_elsewhere(site):
    pages = {path.name: LOADED.findall(path.read_text()) for path in site.rglob("*.html")}

    assert {name: found for name, found in pages.items() if found} == {}


def test_the_site_is_searched_as_it_lies_on_a_disk(site):
    asked = []
    with chromium(PATIENCE_MS) as browser:
        tab = browser.new_page()
        tab.on("request", lambda request: asked.append(request.url.split(":")[0]))
        tab.goto((site / "index.html").as_uri())
        tab.get_by_role("textbox", name="Search").fill("mastectomy")

        found = tab.locator(".md-search-result__link").first
        found.wait_for(timeout=PATIENCE_MS)

        assert "cookbook" in found.inner_text()
    assert set(asked) <= {"file", "data", "blob"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[nowhere](nowhere.md)", "'nowhere.md'"),
        ("[no heading](index.md#no-heading)", "#no-heading"),
    ],
)
def test_a_link_that_leads_nowhere_breaks_the_build(tmp_path, text, complaint):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text(f"# A page\n\n{text}\n")
    (tmp_path / "mkdocs.yml").write_text(
        f"INHERIT: {PROJECT}/mkdocs.yml\nhooks: []\nnav: [index.md]\n"
    )

    status, told = built(tmp_path / "mkdocs.yml", tmp_path / "site")

    assert status != 0
    assert complaint in told


def test_a_page_that_no_menu_names_breaks_the_build(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text("# A page\n")
    (tmp_path / "docs/forgotten.md").write_text("# Another\n")
    (tmp_path / "mkdocs.yml").write_text(
        f"INHERIT: {PROJECT}/mkdocs.yml\nhooks: []\nnav: [index.md]\n"
    )

    status, told = built(tmp_path / "mkdocs.yml", tmp_path / "site")

    assert status != 0
    assert "forgotten.md" in told


def built(config, folder):
    """Return how the strict build ended, and what it complained of."""
    mkdocs = ["env", "NO_MKDOCS_2_WARNING=1", sys.executable, "-m", "mkdocs"]
    told = subprocess.run(
        [*mkdocs, "build", "--strict", "--config-file", config, "--site-dir", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    return told.returncode, told.stdout + told.stderr
