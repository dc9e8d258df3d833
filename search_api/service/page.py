"""The page at /: its files, and the table of facts as a script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from indexer.facts import FACETS, FACTS

WEB = Path(__file__).parents[1] / "web"

# A browser asks each time whether a file has changed, so that an upgrade shows at once.
_HEADERS = {"Cache-Control": "no-cache"}


def install(app: FastAPI) -> None:
    """Serve the page at / and its files under /web."""
    app.add_api_route("/", _page, include_in_schema=False)
    app.add_api_route("/web/facts.js", _facts, include_in_schema=False)
    app.mount("/web", _Web(directory=WEB), name="web")


def facts_script() -> str:
    """Return the module that the page's scripts import: facts and facets by name, as `indexer.facts` declares them."""
    facts = {name: {"unit": fact.unit, "links": fact.links} for name, fact in FACTS.items()}
    facets = {name: facet.fact for name, facet in FACETS.items()}
    return (
        "// Made from indexer/facts.py: for each fact its unit, and the query parameter of each part of its filter.\n"
        f"export const FACTS = {json.dumps(facts)};\n"
        "// The fact that each facet counts the works of.\n"
        f"export const FACETS = {json.dumps(facets)};\n"
    )


async def _page() -> FileResponse:
    return FileResponse(WEB / "index.html", headers=_HEADERS)


async def _facts() -> Response:
    return Response(facts_script(), media_type="text/javascript", headers=_HEADERS)


class _Web(StaticFiles):
    def file_response(self, *args: Any, **kwargs: Any) -> Any:
        response = super().file_response(*args, **kwargs)
        response.headers.update(_HEADERS)
        return response
