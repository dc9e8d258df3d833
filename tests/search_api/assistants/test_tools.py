"""The tools of assistants: what they take, what they say, and how they refuse."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from mcp import Client
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from service_fakes import FOR_THE_KIDS, FakeSearch

from indexer.facts import FACTS, Choice
from search_api.assistants.arguments import WorksArguments
from search_api.assistants.server import declare_tools, make_server
from search_api.errors import IndexMissing, SearchError, SearchProcessFailed
from search_api.service.backend import ThreadBackend

Ask = Callable[..., CallToolResult]


def text_of(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


@pytest.fixture
def search() -> FakeSearch:
    return FakeSearch()


@pytest.fixture
def ask(search: FakeSearch) -> Ask:
    """Asks a tool by a client in this process."""

    async def call(tool: str, arguments: Mapping[str, Any]) -> CallToolResult:
        async with Client(make_server(ThreadBackend(search))) as client:
            return await client.call_tool(tool, dict(arguments))

    return lambda tool, **arguments: asyncio.run(call(tool, arguments))


def refusal(result: CallToolResult) -> str:
    assert result.is_error
    line = text_of(result)
    assert "\n" not in line
    return line


def test_works_come_with_reasons_a_sentence_and_ids(ask: Ask) -> None:
    result = ask("search", query="something inspiring", kind="movie", limit=2)
    works = result.structured_content["works"]
    assert [work["id"] for work in works] == ["movie:october-sky", "movie:interstellar"]
    first = works[0]
    assert (first["title"], first["year"], first["makers"]) == ("October Sky", 1999, ["Joe Johnston"])
    assert first["reasons"] == ["gives inspiration, which you asked for"]
    assert first["evidence"] == "“A miner's son sees Sputnik pass and begins to build rockets.”"
    text = text_of(result)
    assert "1. October Sky (movie, 1999, Joe Johnston), id movie:october-sky" in text
    assert all(f"   {line}" in text for line in (*first["reasons"], first["evidence"]))
    assert text.endswith("2 of 4 works; offset 2 shows more")


def test_the_next_works_begin_at_the_offset(ask: Ask) -> None:
    result = ask("search", query="inspiring", kind="movie", limit=2, offset=3)
    assert [work["id"] for work in result.structured_content["works"]] == ["movie:amelie"]
    assert "4. Amélie" in text_of(result)
    assert text_of(result).endswith("1 of 4 works")


def test_what_was_understood_is_said_with_the_part_that_leaves_it_out(ask: Ask, search: FakeSearch) -> None:
    query = "a book like contact, inspiring, haunting, not too sad, under two hours, no comedy or horror"
    result = ask("search", query=query)
    understood = {
        each["meaning"]: (each.get("path"), each.get("weight")) for each in result.structured_content["understood"]
    }
    assert understood == {
        "like Contact": ("like.movie:contact", None),
        "inspiration": ("values.E5", 1.0),
        "less sadness": ("values.E4", -0.6),
        "haunting": (None, 1.0),
        "books": ("filters.kind", None),
        "up to 2 h": ("filters.runtime_minutes", None),
        "no Comedy": ("filters.genres", None),
        "no Horror": ("filters.genres", None),
    }
    parts = list(dict.fromkeys(path for path, _ in understood.values() if path))
    again = ask("search", query=query, without=parts)
    assert [each["meaning"] for each in again.structured_content["understood"]] == ["haunting"]
    assert search.requests[-1].without == tuple(parts)


def test_corrections_and_what_cannot_be_met_are_notes(ask: Ask) -> None:
    result = ask("search", query="a circus for the kids")
    notes = result.structured_content["notes"]
    assert "“oktober sky” was taken for “October Sky”" in notes
    assert "no countries of films are known here" in notes
    assert "not understood: “clowns”" in notes
    assert set(notes) <= set(text_of(result).splitlines())
    understood = [each["meaning"] for each in result.structured_content["understood"]]
    assert {"for children", FOR_THE_KIDS["standing"], "from Sweden", "not from United States"} <= set(understood)
    assert "not Contact (film, 1997)" in understood


def test_facts_and_values_of_the_arguments_hold(ask: Ask, search: FakeSearch) -> None:
    ask(
        "search", query="x", kind="book", year_from=1900, year_to=2000, runtime_to=90, pages_to=300, language=["en"],
        country=["SE"], genre=["Drama"], not_genre=["Horror"], creator=["Ada Marsh"],
        values={"Hope": 0.8, "e4": -0.5},
    )  # fmt: skip
    request = search.requests[-1]
    assert request.filters.model_dump(exclude_unset=True) == {
        "kind": "book",
        "year": {"gte": 1900, "lte": 2000},
        "runtime_minutes": {"lte": 90},
        "page_count": {"lte": 300},
        "language": {"any": ("en",)},
        "countries": {"any": ("SE",)},
        "genres": {"any": ("Drama",), "none": ("Horror",)},
        "creators": {"any": ("Ada Marsh",)},
    }
    assert request.weights == {"E2": 0.8, "E4": -0.5}


def test_arguments_are_called_as_in_links() -> None:
    """One spelling for a fact: that of the HTTP API."""
    links = {link for fact in FACTS.values() for link in fact.links.values()}
    assert set(WorksArguments.model_fields) - {"limit", "offset"} <= links


def test_a_list_or_an_object_may_be_written_as_text(ask: Ask, search: FakeSearch) -> None:
    ask("search", query="x", genre='["Drama", "War"]', values='{"hope": 1}', language="en")
    request = search.requests[-1]
    assert request.filters.genres == Choice(any=("Drama", "War"))
    assert request.filters.language == Choice(any=("en",))
    assert request.weights == {"E2": 1.0}


def test_a_profile_takes_titles_and_ids(ask: Ask, search: FakeSearch) -> None:
    result = ask("recommend", likes=["Contact", "movie:amelie", "Qwzzk"], dislikes=["Cosmos"], seen=["Interstellar"])
    request = search.recommended[-1]
    assert request.likes == ("movie:contact", "movie:amelie")
    assert (request.dislikes, request.without) == (("book:cosmos",), ("movie:interstellar",))
    assert result.structured_content["notes"] == ["“Qwzzk” is no title in this catalogue"]
    assert "“Qwzzk” is no title in this catalogue" in text_of(result)


@pytest.mark.parametrize("arguments", [{}, {"likes": ["Qwzzk"]}, {"values": {"hope": 0}}])
def test_a_profile_of_nothing_is_refused(ask: Ask, arguments: dict[str, Any]) -> None:
    assert "give a work that the person likes, or values" in refusal(ask("recommend", **arguments))


def test_similar_works_are_found_by_title(ask: Ask) -> None:
    result = ask("similar", work="contact", kind="book", limit=1)
    assert [work["kind"] for work in result.structured_content["works"]] == ["book"]
    assert "like Contact" in text_of(result)
    assert refusal(ask("similar", work="Contac")) == (
        "“Contac” is no title in this catalogue (similar: Contact (film, 1997) movie:contact)"
    )


def test_a_work_is_shown_with_what_shows_its_values(ask: Ask) -> None:
    result = ask("work", work="book:the-martian")
    assert result.structured_content["page_count"] == 369
    assert result.structured_content["makers"] == ["Andy Weir (author)"]
    text = text_of(result)
    assert "adventure 0.90: “He intends to science his way home.”" in text
    assert "page count: 369" in text
    assert "Left behind on Mars" in text
    assert "Qwzzk" in refusal(ask("work", work="Qwzzk"))


def test_a_long_description_is_cut(ask: Ask, search: FakeSearch) -> None:
    search.works["movie:contact"] = search.works["movie:contact"].model_copy(update={"description": "a" * 5_000})
    shown = ask("work", work="Contact").structured_content["description"]
    assert len(shown) < 2_100
    assert shown.endswith("...")


def test_values_are_listed_by_facet(ask: Ask) -> None:
    assert len(ask("values").structured_content["values"]) == 7
    listed = ask("values", facet="learning")
    assert [value["id"] for value in listed.structured_content["values"]] == ["L1"]
    assert text_of(listed) == "L1 knowledge acquisition (learning): Facts and ideas that stay."


@pytest.mark.parametrize(
    ("tool", "arguments", "line"),
    [
        ("search", {}, "query is required"),
        ("search", {"query": "x", "limit": 21}, "limit must be at most 20"),
        ("search", {"query": "x", "yaer_from": 1990}, "yaer_from is not a known field; did you mean 'year_from'?"),
        ("search", {"query": "x", "year_from": 2000, "year_to": 1990}, "year gte (2000) is above lte (1990)"),
        ("search", {"query": "x", "values": {"hopee": 1}}, "values.hopee: no value has this name or id; did you"),
        ("search", {"query": "x", "values": {"zz": 1}}, "values.zz: no value has this name or id; the tool"),
        ("search", {"query": "x", "without": ["hope"]}, "without.0 'hope' is not a part of an intent"),
        ("find", {}, "no tool is called 'find'; there are search, recommend, similar, work, values"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_in_one_line(ask: Ask, tool: str, arguments: dict[str, Any], line: str) -> None:
    assert refusal(ask(tool, **arguments)).startswith(line)


def test_an_error_of_the_search_is_one_of_the_tool(ask: Ask, search: FakeSearch) -> None:
    search.failure = IndexMissing("there is no index yet: run `evoke index`")
    assert refusal(ask("search", query="hope")) == "there is no index yet: run `evoke index`"


class _Backend(ThreadBackend):
    """A backend that takes its time to start, or cannot."""

    failure: SearchError | None = None

    async def start(self) -> None:
        if self.failure:
            raise self.failure
        await asyncio.Event().wait()


def ask_backend(backend: ThreadBackend, patience_seconds: float = 60) -> str:
    async def call() -> CallToolResult:
        async with Client(make_server(backend, patience_seconds)) as client:
            return await client.call_tool("values", {})

    return refusal(asyncio.run(call()))


def test_a_search_that_still_starts_is_said(search: FakeSearch) -> None:
    assert ask_backend(_Backend(search), 0.01) == "the search is still starting: ask again in a moment"
    assert search.closed


def test_a_search_that_cannot_start_is_said_and_logged(search: FakeSearch, caplog: pytest.LogCaptureFixture) -> None:
    backend = _Backend(search)
    backend.failure = SearchProcessFailed("tuning.json: is not a tuning file")
    assert ask_backend(backend) == "tuning.json: is not a tuning file"
    assert "tuning.json: is not a tuning file" in caplog.text


def test_a_fault_is_logged_and_its_text_stays_here(
    ask: Ask, search: FakeSearch, caplog: pytest.LogCaptureFixture
) -> None:
    search.failure = RuntimeError("/secret/path")
    line = refusal(ask("search", query="hope"))
    assert "fault" in line
    assert "secret" not in line
    assert "/secret/path" in caplog.text


def test_an_assistant_reads_what_every_argument_means() -> None:
    for tool in declare_tools():
        assert tool.description
        assert tool.annotations == ToolAnnotations(read_only_hint=True, open_world_hint=False)
        assert all("description" in argument for argument in tool.input_schema["properties"].values()), tool.name
        assert tool.input_schema["additionalProperties"] is False
        assert not any("title" in argument for argument in tool.input_schema["properties"].values()), tool.name
