"""Every block of code in the documentation runs on the starter catalogue, and prints what the page shows."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from pages import PAGES, Block, count_skip_comments, read_blocks
from reader import Reader
from terminal import is_shown, read_console, run_bash, run_console

SKIPS = {
    "feedback": r"evoke feedback",  # a person's, which a new home lacks
    "network": r"evoke crawl|run_crawl|aws ecs|pip install|docker|git clone|pre-commit",
    "minutes": r"evoke (train-|tune|evaluate)|benchmarks\.|make (install|check|test|bench|gate)|pytest",
    "server": r"evoke (serve|mcp|pull)",
    "home": r"evoke (backup|restore|check)",
}
"""Why a block may be left out, and what it holds then."""

BLOCKS = [block for page in PAGES for block in read_blocks(page)]
RUN = ("bash", "console", "python")
READ: dict[str, Callable[[str], object]] = {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}
SHOWN = ("text", "mermaid")


def as_parameters(blocks: list[Block]) -> list[object]:
    marks = {block: [pytest.mark.skip(f"{block.name}: {block.skip}")] if block.skip else [] for block in blocks}
    return [pytest.param(block, id=block.name, marks=marks[block]) for block in blocks]


@pytest.mark.parametrize("block", as_parameters([b for b in BLOCKS if b.language in RUN or b.follows == "python"]))
def test_a_block_does_what_the_page_shows(
    block: Block, readers: Callable[[Path], Reader], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reader = readers(block.page)
    if block.language == "python":
        monkeypatch.chdir(reader.folder)
        monkeypatch.setenv("EVOKE_HOME", reader.environment["EVOKE_HOME"])
        monkeypatch.delenv("EVOKE_RUNTIME")
        # Without `dont_inherit` the page would have the `from __future__` of this file.
        code = compile("\n" * block.line + block.text, block.page, "exec", dont_inherit=True)
        exec(code, reader.names)  # noqa: S102
        reader.printed = capsys.readouterr().out
    elif block.follows == "python":
        assert is_shown(block.text, reader.printed), reader.printed
    elif block.language == "bash":
        run_bash(block.text, reader.folder, reader.environment)
    else:
        commands = read_console(block.text)
        for command, printed in zip(commands, run_console(commands, reader.folder, reader.environment), strict=True):
            if command.shown:
                assert is_shown(command.shown, printed), f"$ {command.text}\n{printed}"


@pytest.mark.parametrize("block", as_parameters([block for block in BLOCKS if block.language in READ]))
def test_a_block_of_data_can_be_read(block: Block) -> None:
    READ[block.language](block.text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_is_run_or_read(page: Path) -> None:
    """An indented block has no language: fence it, and say what it is in."""
    odd = [block.name for block in read_blocks(page) if block.language not in (*RUN, *READ, *SHOWN)]
    assert odd == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_nothing_else_is_skipped(page: Path) -> None:
    skipped = [block for block in read_blocks(page) if block.skip]
    assert len(skipped) == count_skip_comments(page), "a comment to skip stands before no block, or has no reason"
    for block in skipped:
        assert re.search(SKIPS[str(block.skip)], block.text), f"{block.name} holds nothing that {block.skip} excuses"
