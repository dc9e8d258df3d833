"""The tools: each turns its arguments into calls of a backend, and the answer into what an assistant reads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from search_api.assistants.answers import FoundWorks, ListedValues, ShownWork, page_to_works, work_to_shown
from search_api.assistants.arguments import (
    RecommendArguments,
    SearchArguments,
    SimilarArguments,
    ValuesArguments,
    WorkArguments,
    weights_by_id,
)
from search_api.errors import SearchError, ServiceUnavailable
from search_api.field_names import field_paths
from search_api.records import (
    Page,
    RecommendRequest,
    SearchRequest,
    Suggestion,
    ValueView,
    WorkReference,
    WorkView,
)
from search_api.service.backend import Backend
from search_api.service.calls import Ask, Call
from search_api.service.problems import validation_problem
from search_api.titles import MOST_SUGGESTED, Found, choose_titles

ToolAnswer: TypeAlias = FoundWorks | ShownWork | ListedValues
Answered = TypeVar("Answered", bound=BaseModel)

logger = logging.getLogger(__name__)

_VALUES = TypeAdapter(list[ValueView])
_REFERENCES = TypeAdapter(list[WorkReference])
_SUGGESTIONS = TypeAdapter(list[Suggestion])


@dataclass(frozen=True)
class Tool:
    """The declaration of a tool.

    Attributes:
        title: Its name for a person.
        description: When and how to use it, for an assistant.
        arguments: The model of its arguments.
        answer: The model of its answer.
        run: The method of `Tools` that answers.
    """

    title: str
    description: str
    arguments: type[BaseModel]
    answer: type[ToolAnswer]
    run: Callable[[Tools, Any], Awaitable[ToolAnswer]]


class Tools:
    """The tools over a backend. `open` comes first; `close` ends what it began."""

    def __init__(self, backend: Backend, patience_seconds: float) -> None:
        """Set up the tools.

        Args:
            backend: What answers.
            patience_seconds: How long a call waits for the backend to start.
        """
        self._backend = backend
        self._patience = patience_seconds
        self._starting: asyncio.Task[None] | None = None
        self._values: list[ValueView] | None = None

    def open(self) -> None:
        """Begin to start the backend; calls wait for it."""
        self._starting = asyncio.create_task(self._start())

    async def _start(self) -> None:
        try:
            await self._backend.start()
        except SearchError as error:
            logger.error("%s", error)  # each call says so too, but who set it up reads this
            raise

    async def close(self) -> None:
        """End the backend."""
        if self._starting:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await self._backend.close()

    async def call(self, name: str, arguments: Mapping[str, Any]) -> ToolAnswer:
        """Return a tool's answer.

        Raises:
            SearchError: There is no such tool, an argument cannot be used, or the search cannot answer. The message is
                one line.
        """
        tool = TOOLS.get(name)
        if tool is None:
            raise SearchError(f"no tool is called {name!r}; there are {', '.join(TOOLS)}")
        try:
            given = tool.arguments.model_validate(arguments)
        except ValidationError as error:
            raise SearchError(_describe(error, tool.arguments)) from error
        return await tool.run(self, given)

    async def search(self, given: SearchArguments) -> FoundWorks:
        """Return the works that a request asks for."""
        known = await self._known_values()
        request = _checked(
            lambda: SearchRequest(
                query=given.query,
                filters=given.to_filters(),
                limit=given.limit,
                offset=given.offset,
                without=given.without,
                weights=weights_by_id(given.values, known),
            )
        )
        return page_to_works(await self._ask(Page, "search", request), known)

    async def recommend(self, given: RecommendArguments) -> FoundWorks:
        """Return works for what a person likes."""
        known = await self._known_values()
        likes, dislikes, seen = [await self._choose(titles) for titles in (given.likes, given.dislikes, given.seen)]
        notes = (*likes.notes, *dislikes.notes, *seen.notes)
        values = weights_by_id(given.values, known)
        if not likes.ids and not any(values.values()):
            raise SearchError("; ".join([*notes, "likes: give a work that the person likes, or values"]))
        request = _checked(
            lambda: RecommendRequest(
                likes=likes.ids,
                dislikes=dislikes.ids,
                values=values,
                filters=given.to_filters(),
                without=seen.ids,
                limit=given.limit,
                offset=given.offset,
            )
        )
        return page_to_works(await self._ask(Page, "recommend", request), known, notes)

    async def similar(self, given: SimilarArguments) -> FoundWorks:
        """Return the works most like one work."""
        work_id, notes = await self._choose_one(given.work)
        filters = _checked(given.to_filters)
        page = await self._ask(Page, "similar", work_id, filters, given.limit, given.offset)
        return page_to_works(page, await self._known_values(), notes)

    async def work(self, given: WorkArguments) -> ShownWork:
        """Return one work."""
        work_id, notes = await self._choose_one(given.work)
        return work_to_shown(await self._ask(WorkView, "work", work_id), notes)

    async def values(self, given: ValuesArguments) -> ListedValues:
        """Return the values that a work can have."""
        known = await self._known_values()
        return ListedValues(values=tuple(value for value in known if given.facet in (None, value.facet)))

    async def _choose_one(self, title: str) -> tuple[str, Sequence[str]]:
        """Return the id of the work that a title or id means, and what is to be said of this.

        Raises:
            SearchError: No work has the title; the message names similar ones.
        """
        found = await self._choose((title,))
        if not found.ids:
            raise SearchError("; ".join(found.notes))
        return found.ids[0], found.notes

    async def _choose(self, titles: Sequence[str]) -> Found:
        """Return the works that titles or ids mean."""
        works: dict[str, list[WorkReference]] = {}
        similar: dict[str, list[Suggestion]] = {}
        for title in titles:
            works[title] = _REFERENCES.validate_json(await self._body("find_title", title))
            if not works[title]:
                similar[title] = _SUGGESTIONS.validate_json(await self._body("suggest", title, MOST_SUGGESTED))
        return choose_titles(titles, works.__getitem__, lambda title, _: similar[title])

    async def _known_values(self) -> list[ValueView]:
        if self._values is None:
            self._values = _VALUES.validate_json(await self._body("values"))
        return self._values

    async def _ask(self, model: type[Answered], ask: Ask, *arguments: Any) -> Answered:
        return model.model_validate_json(await self._body(ask, *arguments))

    async def _body(self, ask: Ask, *arguments: Any) -> bytes:
        """Return the answer to a call as JSON, once the backend has started.

        Raises:
            ServiceUnavailable: The backend is still starting.
            SearchError: The backend cannot start, or refuses the call.
        """
        if self._starting:
            await asyncio.wait({self._starting}, timeout=self._patience)
            if not self._starting.done():
                raise ServiceUnavailable("the search is still starting: ask again in a moment")
            self._starting.result()
        return (await self._backend.answer(Call(ask, arguments))).body


Made = TypeVar("Made")


def _checked(make: Callable[[], Made]) -> Made:
    """Return what `make` returns.

    Raises:
        SearchError: What it makes would not be valid.
    """
    try:
        return make()
    except ValidationError as error:
        raise SearchError(_describe(error, SearchRequest)) from error


def _describe(error: ValidationError, model: type[BaseModel]) -> str:
    """Return what is wrong, as the HTTP API words it: "limit must be at most 20"."""
    problems = [{**problem, "loc": ("body", *problem["loc"])} for problem in error.errors()]
    return validation_problem(problems, {"body": list(field_paths(model))}).detail


TOOLS: Mapping[str, Tool] = {
    "search": Tool(
        "Search films and books",
        "Find films and books for a request in the person's own words: moods, themes, what one learns, works to be "
        "like, facts and refusals. Give the whole request as `query`; use the other arguments for facts that must "
        "hold. `understood` shows how the query was read; if a part is wrong, ask again with it in `without`.",
        SearchArguments,
        FoundWorks,
        Tools.search,
    ),
    "recommend": Tool(
        "Recommend films and books",
        "Find works for what a person likes: works by title or id, and values. Nothing of it is kept.",
        RecommendArguments,
        FoundWorks,
        Tools.recommend,
    ),
    "similar": Tool(
        "Works like one work", "Find the works most like one work.", SimilarArguments, FoundWorks, Tools.similar
    ),
    "work": Tool(
        "Show a work",
        "Show one work: its facts, its description, and its values and tags with the sentences that show them and what "
        "people say.",
        WorkArguments,
        ShownWork,
        Tools.work,
    ),
    "values": Tool(
        "List values",
        "List the values that works are labelled with: themes, emotions, and things to learn.",
        ValuesArguments,
        ListedValues,
        Tools.values,
    ),
}
"""The tools by name."""
