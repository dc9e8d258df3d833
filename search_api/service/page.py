"""The page at /: its files, its modules as one script, and the table of facts as a module."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from indexer.facts import FACETS, FACTS
from search_api.service.modules import join_modules

WEB = Path(__file__).parents[1] / "web"

# A browser asks each time whether a file has changed, so that an upgrade shows at once.
_HEADERS = {"Cache-Control": "no-cache"}


def install(app: FastAPI, *, covers: bool) -> None:
    """Serve the page at / and its files under /web; with `covers`, it shows covers of works."""
    files = Files(directory=WEB)

    async def page(request: Request) -> Response:
        return await files.get_response("index.html", request.scope)

    app.add_api_route("/", page, include_in_schema=False)
    facts = facts_script(covers=covers)
    for name, script in {"facts.js": facts, "page.js": page_script(facts)}.items():
        app.add_api_route(f"/web/{name}", _answer_with(script.encode(), files), include_in_schema=False)
    app.mount("/web", files, name="web")


def _answer_with(script: bytes, files: Files) -> Callable[[Request], Awaitable[Response]]:
    """Return a route that answers with a script that is no file."""
    etag = f'"{hashlib.sha256(script).hexdigest()[:32]}"'

    async def answer(request: Request) -> Response:
        response = Response(script, media_type="text/javascript", headers={**_HEADERS, "ETag": etag})
        is_known = files.is_not_modified(response.headers, request.headers)
        return NotModifiedResponse(response.headers) if is_known else response

    return answer


def page_script(facts: str) -> str:
    """Return the page's modules as one script; `facts` is the text of the module that is no file."""
    texts = {path.relative_to(WEB).as_posix(): path.read_text(encoding="utf-8") for path in WEB.rglob("*.js")}
    return join_modules({**texts, "facts.js": facts}, "app.js")


def facts_script(*, covers: bool) -> str:
    """Return the module that the page's scripts import.

    It has facts and facets by name, as `indexer.facts` declares them, and whether the service has covers.
    """
    facts = {name: {"unit": fact.unit, "links": fact.links} for name, fact in FACTS.items()}
    facets = {name: facet.fact for name, facet in FACETS.items()}
    return (
        "// Made from indexer/facts.py: for each fact its unit, and the query parameter of each part of its filter.\n"
        f"export const FACTS = {json.dumps(facts)};\n"
        "// The fact that each facet counts the works of.\n"
        f"export const FACETS = {json.dumps(facets)};\n"
        "// Whether /covers has covers of works for this page.\n"
        f"export const COVERS = {json.dumps(covers)};\n"
    )


class Files(StaticFiles):
    """Files that a browser asks for each time, and gets if they have changed."""

    def file_response(self, *args: Any, **kwargs: Any) -> Any:
        """Return the answer with a file."""
        response = super().file_response(*args, **kwargs)
        response.headers.update(_HEADERS)
        return response
