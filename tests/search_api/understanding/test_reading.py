"""What a language model answers is held to the schema of a reading."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from indexer.values.taxonomy import load_taxonomy
from search_api.understanding.reading import Reading, hold_to_schema, reading_schema, write_instructions

TAXONOMY = load_taxonomy()
SURE = {"name": "hope", "degree": "much", "sure": True}


def test_the_instructions_name_the_day_and_every_value_and_tag() -> None:
    text = write_instructions(TAXONOMY, date(2026, 12, 1))
    assert "Today is 2026-12-01" in text
    assert all(name in text for name in TAXONOMY.names.values())


def test_the_schema_is_strict_and_has_our_names_only() -> None:
    schema = reading_schema(TAXONOMY)
    assert schema["required"] == list(Reading.model_fields)
    assert schema["additionalProperties"] is False
    wish = schema["$defs"]["Wish"]
    assert set(wish["properties"]["name"]["enum"]) == set(TAXONOMY.names.values())
    assert (wish["required"], wish["additionalProperties"]) == (["name", "degree", "sure"], False)
    assert "maxItems" not in str(schema)


@pytest.mark.parametrize(
    ("document", "kept", "left_out"),
    [
        ({"kind": "movie", "year_from": 1990}, {"kind": "movie", "year_from": 1990}, []),
        ({"kind": "song", "year_from": 1990}, {"year_from": 1990}, ["kind"]),
        ({"year_from": "soon", "like": ["Up"]}, {"like": ("Up",)}, ["year_from"]),
        ({"like": ["Up", 7, "Heat"]}, {"like": ("Up", "Heat")}, ["like.1"]),
        ({"like": "Up"}, {}, ["like"]),
        ({"like": ["x"] * 51}, {}, ["like"]),
        ({"execute": "rm -rf /"}, {}, ["execute"]),
        ({"wishes": [SURE, {"name": "awe"}]}, {"wishes": (SURE,)}, ["wishes.1"]),
        ({"about": "x" * 201}, {}, ["about"]),
        ({"kind": None, "like": []}, {}, []),
    ],
)
def test_what_does_not_fit_is_left_out_and_named(
    document: dict[str, Any], kept: dict[str, Any], left_out: list[str]
) -> None:
    reading, misfits = hold_to_schema(document)
    assert reading == Reading.model_validate(kept)
    assert misfits == left_out
