"""Links lead somewhere, and code within sentences names files, verbs and options that exist."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import PAGES, ROOT, read_anchors, read_blocks, read_inline_code, read_links
from typer.main import get_command

import evoke

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SOURCE = PROJECT["urls"]["Source"]
IMAGES = SOURCE.replace("github.com", "raw.githubusercontent.com")
OURS = re.compile(rf"(?:{re.escape(SOURCE)}/blob/main|{re.escape(IMAGES)}/main)/(?P<path>.+)")
FOLDERS = ("crawler", "indexer", "search_api", "evaluation", "tests", "docs", "benchmarks", ".github")


def each_page() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@each_page()
def test_a_link_leads_to_a_file_and_a_heading_of_it(page: Path) -> None:
    for link in read_links(page):
        ours = OURS.fullmatch(link)
        if re.match(r"https?:|mailto:", link) and not ours:
            continue
        path, _, anchor = (ours["path"] if ours else link).partition("#")
        target = (ROOT / path if ours else page.parent / path) if path else page
        assert target.exists(), link
        assert not anchor or anchor in read_anchors(target), link


def test_the_readme_is_read_on_the_package_index_too() -> None:
    """There a relative link leads nowhere."""
    links = [link for link in read_links(ROOT / "README.md") if not re.match(r"https://|http://127\.0\.0\.1", link)]
    assert links == []


@each_page()
def test_a_named_file_exists(page: Path) -> None:
    named = [code for code in read_inline_code(page) if re.match(rf"(?:{'|'.join(FOLDERS)})/[\w./-]*$", code)]
    assert [code for code in named if not (ROOT / code).exists()] == []


@each_page()
def test_a_named_verb_exists_with_its_options(page: Path) -> None:
    """Blocks that are not run are looked at too."""
    verbs = get_command(evoke.app).commands  # type: ignore[attr-defined]
    lines = [line.removeprefix("$ ") for block in read_blocks(page) for line in block.text.splitlines()]
    for code in (*read_inline_code(page), *lines):
        words = code.partition(" #")[0].split()
        if len(words) > 1 and words[0] == "evoke" and re.fullmatch(r"[a-z][a-z-]*", words[1]):
            assert words[1] in verbs, code
            verb = verbs[words[1]]
            if len(words) > 2 and hasattr(verb, "commands"):
                assert words[2] in verb.commands, code
                verb = verb.commands[words[2]]
            options = {flag for parameter in verb.params for flag in parameter.opts} | {"--help"}
            assert set(_options(words)) <= options, code


def _options(words: list[str]) -> Iterator[str]:
    yield from (word.partition("=")[0] for word in words if word.startswith("--"))
