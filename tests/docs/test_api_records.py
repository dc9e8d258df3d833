"""The JSON that the page on the API shows apart from requests is what the service answers."""

from __future__ import annotations

import json

import pytest
from pages import ROOT, Block, read_blocks

from search_api.records import HitValue

SHOWN = [block for block in read_blocks(ROOT / "docs" / "api.md") if block.language == "json"]


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: block.name)
def test_a_value_is_shown_with_the_fields_that_it_has(block: Block) -> None:
    shown = json.loads(block.text)
    assert HitValue.model_validate(shown).model_dump(exclude_none=True) == shown
    assert len(shown["said"]["quote"]) <= 200
