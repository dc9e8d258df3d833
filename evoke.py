"""The front door: `evoke VERB`. A stage is imported when its verb is called, so that `evoke --help` answers at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.pipeline import BuildReport
    from search_api.records import Hit, Page

DESCRIPTION = "Find films and books by what they give you."
USAGE_ERROR = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb and gives the exit code: 0 done, 2 refused with one line on stderr, 130 interrupted."""
    options = _parser().parse_args(arguments)
    try:
        return _VERBS[options.verb](options)
    except KeyboardInterrupt:
        print(f"evoke {options.verb}: interrupted; what was done is kept, run it again to go on", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:
        line = _refusal(error)
        if line is None:
            raise
        print(f"evoke {options.verb}: {line}", file=sys.stderr)
        return USAGE_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="evoke", description=DESCRIPTION, epilog="evoke VERB --help tells more.")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    index = _add_verb(verbs, "index", "make works searchable", "evoke index films.jsonl books.jsonl.gz --prune")
    index.add_argument(
        "catalogues", metavar="CATALOGUE", nargs="*", type=Path,
        help="JSON Lines of source records, or a BEIR corpus; gzip too. None: the starter catalogue",
    )  # fmt: skip
    index.add_argument("--prune", action="store_true", help="remove the works that these catalogues do not have")
    index.add_argument("--rejects", type=Path, help="where lines that are no records go (default: EVOKE_HOME/rejects.jsonl)")

    search = _add_verb(verbs, "search", "ask for works", 'evoke search "something hopeful about the sea" --limit 5')
    search.add_argument("query", metavar="QUERY")
    search.add_argument("--limit", type=int, default=10, help="how many works (1 to 100; default 10)")
    search.add_argument("--offset", type=int, default=0, help="how many works to skip")
    search.add_argument("--filters", metavar="JSON", help='such as {"kind": "book", "year": {"gte": 1990}}')
    search.add_argument("--json", action="store_true", help="print the page as the API gives it")
    search.add_argument("--explain", action="store_true", help="show each leg's score and rank, and what was understood")

    serve = _add_verb(verbs, "serve", "serve the API and the page", "evoke serve --port 8000 --workers 2")
    serve.add_argument("--host", default="127.0.0.1", help="where to listen; beyond this machine only with EVOKE_API_KEY set")
    serve.add_argument("--port", type=int, default=8000)
    serve.add_argument("--workers", type=int, default=1, help="processes that answer")
    return parser


def _add_verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, purpose: str, example: str
) -> argparse.ArgumentParser:
    return verbs.add_parser(
        name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.", epilog=f"Example: {example}"
    )


def _index(options: argparse.Namespace) -> int:
    from indexer.pipeline import build_index
    from indexer.settings import IndexSettings

    started = perf_counter()
    report = build_index(options.catalogues, IndexSettings(), prune=options.prune, rejects=options.rejects)
    for line in _report_lines(report, perf_counter() - started):
        print(line)
    return 0


def _report_lines(report: BuildReport, seconds: float) -> list[str]:
    """Gives what a build did: what a person should look at, and one closing line."""
    lines = list(report.notes)
    if report.n_rejected:
        lines.append(f"{report.n_rejected:,} lines rejected, each with its reason in {report.rejects}")
    if report.n_foreign:
        lines.append(f"{report.n_foreign:,} new texts are not in English: they are searched less well")
    slowest = [f"{step} {taken:.1f} s" for step, taken in report.seconds.most_common(4) if taken >= 0.05]
    changes = [f"{report.changes[change]:,} {change}" for change in ("new", "changed", "unchanged")]
    extras = [
        f"{count:,} {what}"
        for count, what in (
            (report.changes["repeated"], "repeated"), (report.n_pruned, "pruned"), (report.n_rejected, "rejected")
        ) if count
    ]  # fmt: skip
    done = f"now serving {report.generation}" if report.generation else "the index was up to date"
    lines.append(
        f"{report.n_works:,} works: {', '.join(changes + extras)}; {report.n_embedded:,} embedded; {done}; "
        f"{seconds:.1f} s ({', '.join(slowest)})"
    )
    return lines


def _search(options: argparse.Namespace) -> int:
    from pydantic import ValidationError

    from search_api.records import Filters, SearchRequest
    from search_api.search import open_search
    from search_api.settings import SearchSettings

    try:
        filters = Filters.model_validate_json(options.filters) if options.filters else Filters()
        request = SearchRequest(query=options.query, filters=filters, limit=options.limit, offset=options.offset)
    except ValidationError as error:
        raise _UsageError(_first_problem(error)) from error
    search = open_search(SearchSettings())
    try:
        page = search.search(request)
    finally:
        search.close()
    print(page.model_dump_json() if options.json else _page_text(page, explain=options.explain))
    return 0


def _page_text(page: Page, *, explain: bool) -> str:
    lines = []
    if explain:
        lines += [f"understood: {page.intent.model_dump_json(exclude_defaults=True)}", ""]
    for place, hit in enumerate(page.hits, start=page.offset + 1):
        facts = ", ".join(str(fact) for fact in (hit.kind, hit.year, *(c.name for c in hit.creators[:2])) if fact)
        lines.append(f"{place:>3}. {hit.title} ({facts})")
        lines += [f"     {reason}" for reason in hit.reasons]
        lines += [f"     “{sentence}”" for sentence in _evidence(hit)]
        if explain:
            legs = ", ".join(f"{n} {s.score:.3f} (rank {s.rank})" for n, s in hit.legs.items() if s.score is not None)
            lines.append(f"     score {hit.score:.3f}: {legs}")
    lines += ["", f"{len(page.hits)} of {page.total:,} works, {page.took_ms:.0f} ms"]
    return "\n".join(lines)


def _evidence(hit: Hit) -> list[str]:
    """Gives the sentence of the hit's first value, the one that was asked for when one was."""
    return [value.evidence.text for value in hit.values[:1] if value.evidence]


def _serve(options: argparse.Namespace) -> int:
    from search_api.app import serve
    from search_api.settings import SearchSettings

    serve(SearchSettings(), options.host, options.port, options.workers)
    return 0


class _UsageError(Exception):
    """An argument that the verb refuses."""


def _refusal(error: Exception) -> str | None:
    """Gives the line for an error that a stage refuses with; None for one that is our own fault."""
    modules = ("crawler.errors", "indexer.errors", "indexer.engine.errors", "search_api.errors")
    names = ("CrawlerError", "IndexerError", "EngineError", "SearchError")
    known = tuple(getattr(sys.modules[m], n) for m, n in zip(modules, names, strict=True) if m in sys.modules)
    if isinstance(error, (_UsageError, *known)):
        return str(error)
    if type(error).__module__.startswith("pydantic") and hasattr(error, "errors"):  # an EVOKE_ variable is wrong
        return f"settings: {_first_problem(error)}"
    return None


def _first_problem(error: Exception) -> str:
    problem = error.errors(include_url=False)[0]  # type: ignore[attr-defined]
    place = ".".join(map(str, problem["loc"]))
    return f"{place}: {problem['msg']}" if place else str(problem["msg"])


_VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {"index": _index, "search": _search, "serve": _serve}

if __name__ == "__main__":
    sys.exit(main())
