"""A later stage may import an earlier one, never the reverse; heavy libraries come only when they are needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STAGES = ("crawler", "indexer", "search_api", "evaluation")
HEAVY = {
    "torch",
    "spacy",
    "scrapy",
    "sentence_transformers",
    "qdrant_client",
    "numpy",
    "pandas",
    "matplotlib",
    "jinja2",
}


def imported_modules(source: Path) -> set[str]:
    tree = ast.parse(source.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_imports_no_later_one(stage: str) -> None:
    later = set(STAGES[STAGES.index(stage) + 1 :]) | {"evoke"}
    for source in (ROOT / stage).rglob("*.py"):
        assert not {name.split(".")[0] for name in imported_modules(source)} & later, source


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import evoke", HEAVY | {"pydantic"}),
        ("import evoke; evoke.main(['--help'])", HEAVY | {"pydantic"}),
        ("import evoke; evoke.main(['search', '--help'])", HEAVY),
        ("import search_api.service.app", {"torch", "spacy", "scrapy", "sentence_transformers"}),
        ("import search_api.records", {"torch", "spacy", "scrapy", "qdrant_client", "qdrant_edge"}),
        ("import indexer.engine", {"torch", "spacy", "scrapy", "sentence_transformers"}),
    ],
)
def test_heavy_libraries_are_not_imported_before_they_are_needed(statement: str, unwanted: set[str]) -> None:
    code = f"import sys; {statement}; print(*(name for name in sys.modules if '.' not in name))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert not unwanted & set(loaded.splitlines()[-1].split())
