"""Each example request, of the documentation, the help and the page, is understood and has a sensible first answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

import pytest
from pages import PAGES, ROOT
from typer.main import get_command

import evoke
from search_api.records import SearchRequest
from search_api.search import Search
from search_api.service.plain import EXAMPLES as PLAIN_EXAMPLES

WEB = ROOT / "search_api" / "web"


@dataclass(frozen=True)
class Expected:
    """What must be understood of a request, and titles of which one must come first."""

    first: frozenset[str]
    wanted: frozenset[str] = frozenset()
    unwanted: frozenset[str] = frozenset()
    like: tuple[str, ...] = ()
    filters: dict[str, Any] = field(default_factory=dict)


def expect(
    *first: str, wanted: str = "", unwanted: str = "", like: tuple[str, ...] = (), filters: str = "{}"
) -> Expected:
    return Expected(frozenset(first), frozenset(wanted.split()), frozenset(unwanted.split()), like, json.loads(filters))


UNDER_TWO_HOURS = '{"kind": "movie", "runtime_minutes": {"lte": 119}}'
INSPIRING = ("Zen and the Art of Motorcycle Maintenance", "Meditations", "Interstellar", "October Sky", "Siddhartha")
EXPECTED = {
    "find me something inspiring": expect(*INSPIRING, wanted="E5"),
    "something inspiring, like Interstellar but not too sad, under two hours": expect(
        "Apollo 11",
        "Gattaca",
        "WALL·E",
        "Contact",
        "October Sky",
        wanted="E5",
        unwanted="E4",
        like=("Interstellar",),
        filters=UNDER_TWO_HOURS,
    ),
    "like Interstellar but not too sad, under two hours": expect(
        "WALL·E", unwanted="E4", like=("Interstellar",), filters=UNDER_TWO_HOURS
    ),
    "like Interstellar but not too sad": expect(
        "Contact", "WALL·E", "2001: A Space Odyssey", unwanted="E4", like=("Interstellar",), filters='{"kind": "movie"}'
    ),
    "Inspiring, but not too sad": expect(*INSPIRING, wanted="E5", unwanted="E4"),
    "a book that teaches me something about the sea": expect(
        "Kon-Tiki", wanted="L1 L2 L3 L4 L5 L6 L7 L8", filters='{"kind": "book"}'
    ),
    "a comforting film for a rainy evening": expect(
        "My Neighbor Totoro", "Mary Poppins", "Little Miss Sunshine", wanted="E8", filters='{"kind": "movie"}'
    ),
    "a quiet book about grief, not from the 19th century": expect(
        "A Man Called Ove", "The Sorrow of War", wanted="PG4", filters='{"kind": "book", "year": {"gte": 1900}}'
    ),
    "let me see the world with a child's eyes": expect("Like Stars on Earth", "The Little Prince", wanted="E14"),
    "hope in dark times": expect("Interstellar", "Children of Men", "The Road", "The Alchemist", wanted="E2"),
    "something hopeful": expect(*INSPIRING, "The Miracle Worker", wanted="E2"),
    "something hopeful about the sea": expect("My Octopus Teacher", "Kon-Tiki", wanted="E2"),
    "a story of survival": expect("The Road", "Life of Pi", wanted="SC1"),
    "a tense film that is not violent": expect(
        "Rear Window", wanted="E7", unwanted="E12 T-violence", filters='{"kind": "movie"}'
    ),
    "hope": expect(*INSPIRING, wanted="E2"),
}
"""By the request. A work that fits as well may be added to the first answers; remove requests that no page has."""


def find_requests() -> Iterator[tuple[str, str]]:
    """Yield each example request with its place."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for pattern in (
            r'evoke search "([^"]+)"',
            r"--data-urlencode 'q=([^']+)'",
            r'"query": "([^"]+)"',
            r'query="([^"]+)"',
        ):
            yield from ((page.name, match) for match in re.findall(pattern, text))
        yield from ((page.name, unquote_plus(match)) for match in re.findall(r"/v1/search\?q=([^&'\s`]+)", text))
    for name, verb in get_command(evoke.app).commands.items():  # type: ignore[attr-defined]
        yield from ((f"evoke {name} --help", match) for match in re.findall(r'evoke search "([^"]+)"', verb.epilog))
    examples = re.search(
        r"QUESTIONS = \[(.*?)\]", (WEB / "views" / "examples.js").read_text(encoding="utf-8"), re.DOTALL
    )
    assert examples
    yield from (("examples.js", match) for match in re.findall(r'"([^"]+)"', examples[1]))
    yield from (("plain.py", text) for text in PLAIN_EXAMPLES)
    yield from (
        ("index.html", match) for match in re.findall(r'placeholder="([^"]+)"', (WEB / "index.html").read_text())
    )


def test_every_example_request_is_expected_to_be_understood() -> None:
    assert {(place, text) for place, text in find_requests() if text not in EXPECTED and text != "..."} == set()


@pytest.mark.parametrize("text", EXPECTED)
def test_an_example_request_is_understood_and_answered(text: str, shipped_search: Search) -> None:
    page = shipped_search.search(SearchRequest(query=text, limit=3))
    expected, intent = EXPECTED[text], page.intent
    weights = intent.values | intent.tags
    assert {name for name, weight in intent.values.items() if weight > 0} >= expected.wanted
    assert {name for name, weight in weights.items() if weight < 0} >= expected.unwanted
    assert tuple(work.title for work in intent.like) == expected.like
    assert intent.filters.model_dump(exclude_defaults=True, mode="json") == expected.filters
    assert page.hits[0].title in expected.first, [hit.title for hit in page.hits]
