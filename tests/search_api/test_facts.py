"""The tables of facts and legs: what is made from them agrees with them, and an older index is rebuilt."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
from catalogues import SMALL
from homes import build, open_home, titles
from pydantic import ValidationError

from evaluation.tuning.space import WEIGHTS
from indexer.facts import FACTS, Fact, Filters
from indexer.legs import LEGS, TASTE, Leg
from indexer.schema import PAYLOAD_INDEXES, SCORES_KEY, TWIN_KEY
from search_api.errors import IndexIncompatible
from search_api.ranking_settings import WEIGHED_LEGS, Fusion
from search_api.retrieval import engine_filter
from search_api.service.parameters import FilterParameters
from search_api.understanding.facts import read_facts
from search_api.understanding.query import Query

API_PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def documented_filters() -> list[tuple[set[str], Filters, str]]:
    """Return the rows of the table of filters in docs/api.md: parameters, filters of the body, words."""
    section = API_PAGE.read_text(encoding="utf-8").partition("## Filters\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\|( `.*)\|$", section, re.MULTILINE)
    cells = [[cell.strip(" `") for cell in row.split("|")] for row in rows]
    return [
        (set(re.findall(r"\w+", links)), Filters.model_validate_json(f"{{{body}}}"), words.strip('"'))
        for links, body, _, words in cells
    ]


def test_the_documentation_has_a_row_for_every_fact_in_the_order_of_the_table() -> None:
    rows = [(parameters, filters.model_fields_set, words) for parameters, filters, words in documented_filters()]
    assert rows == [(set(fact.links.values()), {name}, fact.words or "") for name, fact in FACTS.items()]


@pytest.mark.parametrize("name", [name for name, fact in FACTS.items() if fact.words and name != "creators"])
def test_a_fact_is_read_from_the_words_that_the_table_names(name: str) -> None:
    filters = read_facts(Query(FACTS[name].words or ""), ["Comedy"], today=date(2024, 6, 1)).filters
    assert {fact for fact, wish in filters if wish} - {"kind"} == {name} - {"kind"}
    assert getattr(filters, name)


def parameters_of(name: str, fact: Fact) -> dict[str, object]:
    """Return some value for each of a fact's query parameters."""
    values: dict[str, object] = {"is": "book", "gte": 3, "lte": 5, "scores": ["E5:0.6"]}
    return {link: values.get(part, ["Ada"]) for part, link in fact.links.items()}


@pytest.mark.parametrize(("name", "fact"), FACTS.items())
def test_every_parameter_of_a_fact_reaches_the_engine_under_its_key(name: str, fact: Fact) -> None:
    filters = FilterParameters.model_validate(parameters_of(name, fact)).to_filters()
    assert filters.model_fields_set == {name}
    condition = engine_filter(filters)
    assert condition is not None
    keys = re.findall(r'"key": "([^".]+)', json.dumps(condition.model_dump(mode="json")))
    assert set(keys) == {SCORES_KEY if name == "values" else fact.key}
    assert set(keys) <= PAYLOAD_INDEXES.keys()


def test_only_what_filters_compare_has_links_in_the_graph_of_vectors() -> None:
    linked = {key for key, index in PAYLOAD_INDEXES.items() if getattr(index, "enable_hnsw", None) is not False}
    compared = {fact.key for name, fact in FACTS.items() if name != "values"}
    assert linked == {"id", TWIN_KEY, *compared}


def test_every_leg_has_a_vector_and_weights_to_try() -> None:
    assert (*LEGS, TASTE) == get_args(Leg)
    assert set(WEIGHTS) == set(WEIGHED_LEGS) - {"bm25"}


def test_a_weight_for_an_unknown_leg_is_refused() -> None:
    with pytest.raises(ValidationError, match="'vlaues' is not a leg; there are text, bm25"):
        Fusion(method="rrf", weights={"vlaues": 2.0})


@pytest.mark.parametrize(
    ("table", "extended"),
    [("LEGS", {**LEGS, "another": LEGS["values"]}), ("PAYLOAD_INDEXES", {**PAYLOAD_INDEXES, "another_key": "keyword"})],
)
def test_an_index_without_a_new_leg_or_fact_is_refused_then_rebuilt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, extended: dict[str, object]
) -> None:
    build(tmp_path / "home", SMALL)
    for module in ("indexer.serving", "indexer.collection") if table == "PAYLOAD_INDEXES" else ("indexer.legs",):
        monkeypatch.setattr(f"{module}.{table}", extended)
    with open_home(tmp_path / "home") as search, pytest.raises(IndexIncompatible, match="evoke index"):
        titles(search, "storm")
    assert build(tmp_path / "home", SMALL).generation is not None
    with open_home(tmp_path / "home") as search:
        assert titles(search, "storm")
