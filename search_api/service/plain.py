"""The page without JavaScript, at /plain: a form, and answers as plain HTML, for text browsers and search engines."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

import jinja2
from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from search_api.cursors import MAX_WINDOW
from search_api.errors import SearchError
from search_api.plain_words import describe_intent, describe_work
from search_api.records import BEST, NO_FILTERS, Hit, Intent, Page, ValueView, sorted_value
from search_api.service.calls import Attributions, Call
from search_api.service.page import Files
from search_api.service.parameters import PlainParameters, refuse_repeats
from search_api.service.problems import Problem
from search_api.service.security import LockedRoute
from search_api.terminal import choose_sentence, reading_notes

FOLDER = Path(__file__).parents[1] / "plain"
EXAMPLES = (
    "find me something inspiring",
    "like Interstellar but not too sad, under two hours",
    "a quiet book about grief, not from the 19th century",
)
_KINDS = {"": "films and books", "movie": "films", "book": "books"}
_ORDERS = {BEST: "best first", "newest": "newest first", "oldest": "oldest first", "shortest": "shortest first"}
_OF_THE_FORM = ("q", "kind", "sort", "offset", "cursor")
"""The parameters that the form sets itself, or that a new request begins anew."""
_LOCKED = (
    "This service needs an API key, and a link cannot carry one. The page with JavaScript asks for the key; programs "
    "send it in the header X-API-Key."
)
_VALUES = TypeAdapter(list[ValueView])

_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(FOLDER),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class PlainRoute(LockedRoute):
    """A route that answers with pages, and shows what is refused as a page too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's own handler, behind the check."""
        answer = super().get_route_handler()

        async def answer_plainly(request: Request) -> Response:
            # A form sends what was left empty too. A parameter of the API that is empty is refused.
            request.scope["query_string"] = urlencode(
                parse_qsl(request.scope["query_string"].decode("latin-1"))
            ).encode()
            try:
                return await answer(request)
            except (SearchError, RequestValidationError, HTTPException) as error:
                return await _answer_refusal(request, error)

        return answer_plainly


def install(app: FastAPI) -> None:
    """Serve the page without JavaScript at /plain, and its style."""
    files = Files(directory=FOLDER)

    async def style(request: Request) -> Response:
        return await files.get_response("style.css", request.scope)

    app.add_api_route("/plain.css", style, include_in_schema=False)
    app.router.add_api_route(
        "/plain",
        _plain,
        dependencies=[Depends(refuse_repeats)],
        route_class_override=PlainRoute,
        include_in_schema=False,
    )


async def _plain(request: Request, parameters: Annotated[PlainParameters, Query()]) -> Response:
    """Answer a request with a page of works; without one, show the form."""
    if not parameters.q:
        return _render(request)
    answered = await request.app.state.backend.answer(Call("search", (parameters.to_request(),)))
    request.state.account = answered.account
    page = Page.model_validate_json(answered.body)
    names = await _read_names(request, page, parameters.sort)
    attributions = Attributions.model_validate_json(await _ask(request, "attributions"))
    return _render(request, page=page, names=names, attributions=attributions.attributions)


async def _ask(request: Request, ask: Any) -> bytes:
    body: bytes = (await request.app.state.backend.answer(Call(ask))).body
    return body


async def _read_names(request: Request, page: Page, sort: str) -> Mapping[str, str]:
    """Return the names of the values and tags of an answer by id: hits name those that were asked for."""
    names = {label.id: label.name for hit in page.hits for label in (*hit.values, *hit.tags)}
    wanted = {*page.intent.values, *page.intent.filters.values, *filter(None, [sorted_value(sort)])}
    if wanted - names.keys():
        names |= {value.id: value.name for value in _VALUES.validate_json(await _ask(request, "values"))}
    return names


async def _answer_refusal(request: Request, error: Exception) -> Response:
    """Return a page for what the app's own handlers answer with a problem."""
    handlers = request.app.exception_handlers
    refused = await next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)(request, error)
    problem = Problem.model_validate_json(refused.body)
    if problem.status == 401:
        problem = problem.model_copy(update={"detail": _LOCKED})
    headers = {name: value for name, value in refused.headers.items() if not name.startswith("content-")}
    return _render(request, problem=problem, status=problem.status, headers=headers)


def _render(
    request: Request,
    *,
    page: Page | None = None,
    names: Mapping[str, str] = {},
    attributions: Sequence[str] = (),
    problem: Problem | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    given = request.query_params.multi_items()
    text = _environment.get_template("page.html").render(
        q=request.query_params.get("q", "").strip(),
        answered=bool(page or problem),
        page=page,
        problem=problem,
        attributions=attributions,
        examples=EXAMPLES,
        choices=list(_choices(request.query_params, names)),
        # After a refusal, the form begins anew: what was refused may be among the rest.
        kept=[] if problem else [(name, value) for name, value in given if name not in _OF_THE_FORM],
        understood=[part.meaning for part in describe_intent(page.intent, names)] if page else [],
        notes=reading_notes(page.intent) if page else [],
        is_filtered=bool(page and page.intent.filters != NO_FILTERS),
        cards=[_card(hit, page.intent) for hit in page.hits] if page else [],
        links=list(_links(page, given)) if page else [],
    )
    return HTMLResponse(text, status_code=status, headers=headers)


def _choices(
    given: Mapping[str, str], names: Mapping[str, str]
) -> Iterator[tuple[str, str, Sequence[tuple[str, str, bool]]]]:
    """Yield what can be chosen in the form: the name of a parameter, its label, and its values with their texts."""
    value_id = sorted_value(given.get("sort", BEST))
    orders = _ORDERS | ({given["sort"]: f"the most {names.get(value_id, value_id)} first"} if value_id else {})
    for name, label, options in (("kind", "Show", _KINDS), ("sort", "Order", orders)):
        yield (
            name,
            label,
            [(value, text, given.get(name, next(iter(options))) == value) for value, text in options.items()],
        )


def _card(hit: Hit, intent: Intent) -> dict[str, Any]:
    """Return what is shown of a work."""
    return {
        "title": hit.title,
        "url": hit.url if hit.url and hit.url.startswith(("https://", "http://")) else None,
        "facts": describe_work(hit),
        "reasons": hit.reasons,
        "sentence": choose_sentence(hit, intent),
    }


def _links(page: Page, given: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield the links to the pages before and after one: relation, address and text."""
    same = [(name, value) for name, value in given if name not in ("offset", "cursor")]
    before, after = max(0, page.offset - page.limit), page.offset + len(page.hits)
    if page.offset:
        yield "prev", f"plain?{urlencode([*same, ('offset', before)])}", "Works before these"
    if page.hits and after < page.total and after + page.limit <= MAX_WINDOW:
        yield "next", f"plain?{urlencode([*same, ('offset', after)])}", "More works"
