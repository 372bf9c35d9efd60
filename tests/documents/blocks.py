"""What stands between fences in the documents, how it is to be tried, and which commands it has."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for pattern in ("README.md", "CONTRIBUTING.md", "deploy/**/*.md", "docs/**/*.md")
    for path in PROJECT.glob(pattern)
)
FENCE = re.compile(
    r"(?:^ *<!-- (?P<mark>[^\n]+?) -->\n+)?"
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
SHELL = re.compile(
    r"^(?:\$ )?(?:\.venv/bin/)?"
    r"(?:senoscope|make|python3?|pip|sudo|docker|kubectl|helm|kustomize|systemctl|journalctl|curl|git)\s",
    re.MULTILINE,
)
BREAKS = {"&&", "||", "|", ";", "&", "(", ")", ";;"}
CARRIERS = {"sudo", "docker", "kubectl", "runuser", "systemd-run", "nice", "time", "exec"}


@dataclass(frozen=True)
class Block:
    """A fenced block: its page, the line of its fence, and what is said of it in a comment."""

    page: Path
    line: int
    mark: str
    language: str
    text: str

    @property
    def is_shell(self) -> bool:
        """Whether a reader would type it."""
        if self.language:
            return self.language in {"sh", "bash", "console"}
        return SHELL.match(self.text) is not None

    @property
    def lines(self) -> list[str]:
        """What is typed, a line each, without comments and prompts."""
        typed = re.sub(r"\\\n\s*", " ", self.text).splitlines()
        stripped = [re.sub(r"(^|\s)#.*$", "", line.removeprefix("$ ")).strip() for line in typed]
        return [line for line in stripped if line]

    def __str__(self) -> str:
        return f"{self.page.relative_to(PROJECT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page."""
    text = page.read_text()
    return [
        Block(
            page,
            text.count("\n", 0, found.start("indent")) + 1,
            found["mark"] or "",
            found["language"],
            re.sub(rf"^{found['indent']}", "", found["text"], flags=re.MULTILINE),
        )
        for found in FENCE.finditer(text)
    ]


def shell_blocks(page: Path) -> list[Block]:
    """Return those that a reader would type."""
    return [block for block in blocks(page) if block.is_shell]


def senoscope_commands(line: str) -> Iterator[list[str]]:
    """Yield the arguments of each `senoscope` in a line of a shell."""
    for words in simple_commands(line):
        at = [place for place, word in enumerate(words) if Path(word).name == "senoscope"]
        rest = words[at[-1] + 1 :] if at else []
        if rest and (at[0] == 0 or (words[0] in CARRIERS and not rest[0].startswith("-"))):
            yield rest


def simple_commands(line: str) -> Iterator[list[str]]:
    """Yield the words of each command in a line, without assignments before it and redirections."""
    words: list[str] = []
    for token in [*_tokens(line), ";"]:
        if token in BREAKS:
            yield _bare(words)
            words = []
        else:
            words.append(token)


def _tokens(line: str) -> list[str]:
    reader = shlex.shlex(line, posix=True, punctuation_chars="&|;()<>")
    reader.whitespace_split = True
    reader.commenters = ""
    return list(reader)


def _bare(words: list[str]) -> list[str]:
    kept = [
        word
        for before, word in zip(["", *words], words, strict=False)
        if not (word and set(word) <= set("<>")) and not (before and set(before) <= set("<>"))
    ]
    while kept and re.match(r"^[A-Z_]+=", kept[0]):
        kept = kept[1:]
    return kept
