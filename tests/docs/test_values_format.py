"""The page on the values file names every field, and its examples are valid."""

from __future__ import annotations

import tomllib

import pytest
from pages import ROOT, Block, read_blocks

from indexer.values.taxonomy import RollUp, Tag, Taxonomy, Value

PAGE = ROOT / "docs" / "values-format.md"
EXAMPLES = [block for block in read_blocks(PAGE) if block.language == "toml"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda block: block.name)
def test_an_example_is_valid_by_itself_or_added_to_the_complete_file(example: Block) -> None:
    complete = EXAMPLES[0]
    text = complete.text if example is complete else complete.text + example.text
    taxonomy = Taxonomy.model_validate(tomllib.loads(text))
    assert taxonomy.values


@pytest.mark.parametrize(("heading", "record"), [("## Values", Value), ("## Roll-ups", RollUp), ("## Community", Tag)])
def test_a_section_has_a_row_for_each_field(heading: str, record: type[Value | RollUp | Tag]) -> None:
    section = PAGE.read_text(encoding="utf-8").split(f"\n{heading}")[1].split("\n## ")[0]
    rows = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    fields = {name.strip(" `"): presence.strip().startswith("required") for name, presence in rows}
    required = {name: field.is_required() for name, field in record.model_fields.items()}
    assert fields == {**required, **({"group": True} if record is Value else {})}  # of themes


def test_every_part_of_the_file_has_a_section() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [part for part in Taxonomy.model_fields if f"`{part}`" not in page and f"`[[{part}]]`" not in page] == []
