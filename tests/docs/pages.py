"""The documentation as its reader meets it: blocks of code, code within sentences, links. Read by markdown-it-py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parent.parent.parent
PAGES = tuple(sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.md")]))

_SKIP = re.compile(r"<!-- skip: (?P<reason>\w+) -->")


@dataclass(frozen=True)
class Block:
    """One block of code; `skip` is the reason of the comment before it, `follows` the language of an adjacent block."""

    page: Path
    line: int
    language: str
    text: str
    skip: str | None = None
    follows: str | None = None

    @property
    def name(self) -> str:
        """The place of the block, such as `README.md:31`."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def read_blocks(page: Path) -> list[Block]:
    """Return the blocks of a page in order; an indented block has no language."""
    blocks: list[Block] = []
    reason: str | None = None
    previous: Token | None = None
    for token in _tokens(page):
        if token.type in ("fence", "code_block"):
            follows = blocks[-1].language if previous and previous.type == "fence" else None
            line = token.map[0] + 1 if token.map else 0
            blocks.append(Block(page, line, token.info.strip(), token.content, reason, follows))
        skip = _SKIP.fullmatch(token.content.strip()) if token.type == "html_block" else None
        reason = skip["reason"] if skip else None
        previous = token
    return blocks


def count_skip_comments(page: Path) -> int:
    """Return how many comments of a page ask to skip something, whether or not a block follows."""
    return sum(token.type == "html_block" and "skip" in token.content for token in _tokens(page))


def read_inline_code(page: Path) -> Iterator[str]:
    """Yield the code that stands within sentences and tables."""
    for token in _tokens(page):
        yield from (child.content for child in token.children or () if child.type == "code_inline")


def read_links(page: Path) -> Iterator[str]:
    """Yield the targets of links and images."""
    for token in _tokens(page):
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if target:
                yield str(target)


def read_anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    tokens = _tokens(page)
    headings = [tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))
