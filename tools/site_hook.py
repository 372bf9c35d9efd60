"""What MkDocs cannot do by itself: pages outside docs/, and the runbooks' list."""

import os.path
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

PROJECT = Path(__file__).parents[1]
LINK = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<path>[^)\s#:]+)(?P<anchor>#[^)]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put a folder's pages where the navigation names it as `folder/*`."""
    config.nav = [{title: expanded(pages)} for tab in config.nav for title, pages in tab.items()]
    return config


def expanded(pages: list) -> list:
    """Return the pages, each `{title: "folder/*"}` as a section of that title."""
    return [
        {title: folder_pages(path)} if str(path).endswith("/*") else page
        for page in pages
        for title, path in (page.items() if isinstance(page, dict) else [("", page)])
    ]


def folder_pages(pattern: str) -> list[str]:
    """Return the pages that lie in a folder of docs/, its index first."""
    docs = PROJECT / "docs"
    pages = sorted(docs.glob(f"{pattern}.md"), key=lambda page: (page.stem != "index", page.stem))
    return [page.relative_to(docs).as_posix() for page in pages]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what lies outside docs/ under its path in the project."""
    for pattern in config.extra["outside"]:
        for path in sorted(PROJECT.glob(pattern)):
            name = path.relative_to(PROJECT).as_posix()
            if files.get_file_from_path(name) is None:
                files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def titled(file: File) -> str:
    """Return the heading of a page, for links that show its file's name."""
    heading = re.search(r"^# (.+)$", file.content_string, re.MULTILINE)
    return heading[1] if heading else file.name


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return the text with links as they are in the site; of what is no page, the words alone."""
    del config
    inside = page.file.generated_by is None
    here = posixpath.dirname(f"docs/{page.file.src_uri}" if inside else page.file.src_uri)

    def moved(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(here, link["path"]))
        target = path.removeprefix("docs/")
        if (file := files.get_file_from_path(target)) is not None:
            there = os.path.relpath(target, posixpath.dirname(page.file.src_uri) or ".")
            words = titled(file) if link["text"].endswith(".md") else link["text"]
            return f"[{words}]({there}{link['anchor'] or ''})"
        is_source = target == path and (PROJECT / path).exists()
        return link["text"] if is_source else link[0]

    return LINK.sub(moved, markdown)
