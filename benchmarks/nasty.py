"""Send requests that are accepted but nasty, one after the other, and measure what each costs the search.

python -m benchmarks.nasty [--home FOLDER] [--workers N]

It serves the index of FOLDER, or of EVOKE_HOME. Meanwhile /healthz is asked every 20 ms. For each kind of request it
prints the slowest in CPU seconds of the search processes, and the statuses; then the times of /healthz in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

from benchmarks.served import Request, Served, milliseconds, serve, titles

MOST = 10_000  # characters of a query
SIGNS = "%&()[]{}<>!?*+-_=~^|/\\'\"`.,;:#@$€§°"
SCRIPTS = "любовь и война 愛と戦争 حب وحرب प्यार और युद्ध αγάπη και πόλεμος אהבה ומלחמה 사랑과 전쟁 ความรัก"
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u202e\u00ad"
STORY = (
    "a lonely lighthouse keeper on a remote island finds letters in bottles and slowly learns who wrote them while the "
    "war across the water comes nearer and his sister who left years ago returns with a child that nobody expected "
)
WORDS = STORY.split()
WISHES = "not too sad, like Interstellar, under two hours, from the 90s, no horror, directed by Nolan, in French, "
VALUES = [f"E{n}" for n in range(1, 17)] + [f"L{n}" for n in range(1, 6)]
GENRES = ["Drama", "Comedy", "Horror", "War", "Romance", "Science Fiction", "Mystery", "Crime", "History", "Western"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--home", type=Path, default=os.environ.get("EVOKE_HOME"), required="EVOKE_HOME" not in os.environ
    )
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with serve(options.home, options.workers) as served:
        works = titles(served, 60)
        asyncio.run(measure(served, list(nasty_requests(works))))


async def measure(served: Served, requests: list[Request]) -> None:
    """Send the requests and print the table."""
    costs: dict[str, list[tuple[float, int, int]]] = defaultdict(list)
    probing = asyncio.create_task(probe(served))
    for number, request in enumerate(requests):
        if number % 20 == 0:
            print(f"{number} of {len(requests)}", file=sys.stderr)
        before, pids = served.search_seconds(), served.search_pids()
        status, seconds = await served.ask(request)
        # A process that was replaced meanwhile takes its CPU time with it: then the whole time counts.
        spent = served.search_seconds() - before if served.search_pids() == pids else seconds
        costs[request.kind].append((spent, status, len(request.to_bytes())))
        if status != 200:
            await until_ready(served)
    probing.cancel()
    health = (await asyncio.gather(probing, return_exceptions=True))[0]
    print(f"{'requests':<34}{'n':>4}{'slowest s':>11}{'bytes of it':>13}  statuses")
    for kind, entries in sorted(costs.items(), key=lambda entry: -max(entry[1])[0]):
        spent, _, n_bytes = max(entries)
        statuses = Counter(status for _, status, _ in entries)
        print(f"{kind:<34}{len(entries):>4}{spent:>11.2f}{n_bytes:>13,}  {dict(statuses)}")
    statuses = Counter(status for entries in costs.values() for _, status, _ in entries)
    failed = sum(n for status, n in statuses.items() if status >= 500 or status == 0)
    print(f"\n{len(requests)} requests: {dict(statuses)}; {failed} with 5xx or no answer")
    if isinstance(health, BaseException):
        raise health
    print(f"/healthz, {len(health)} times: {milliseconds(health)} ms (p50 / p99 / longest)")


async def until_ready(served: Served) -> None:
    """Wait until a search process answers again, so that the next request does not pay for the last one."""
    while (await served.ask(Request("ready", "/readyz")))[0] != 200:
        await asyncio.sleep(0.2)


async def probe(served: Served) -> list[float]:
    """Ask /healthz every 20 ms until cancelled, and return the seconds that each answer took."""
    times: list[float] = []
    try:
        while True:
            status, seconds = await served.ask(Request("health", "/healthz"))
            assert status == 200, f"/healthz answered {status}"
            times.append(seconds)
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        return times


def nasty_requests(works: list[tuple[str, str]]) -> Iterator[Request]:
    """Yield about 200 requests; `works` are ids and titles of the index."""
    yield from (Request("queries of nonsense", "/v1/search", {"query": text}) for text in nonsense())
    yield from (Request("queries of real words", "/v1/search", {"query": text}) for text in long_texts(works))
    yield from filter_requests(works)
    yield from page_requests(works)
    yield from small_requests(works)


def nonsense() -> Iterator[str]:
    for sign in SIGNS:
        yield sign * MOST
    for unit in (
        "()",
        "[]",
        "((",
        "<>",
        "a ",
        "a-",
        "a.",
        "1 ",
        "1,",
        "'s ",
        "\n",
        "🚀",
        "👩‍👩‍👧‍👦",
        "e\u0301",
        INVISIBLE,
        SCRIPTS + " ",
    ):
        yield (unit * (MOST // len(unit)))[:MOST].strip() or unit
    yield "a" * MOST
    yield "".join(chr(0x4E00 + n) for n in range(MOST))
    yield " ".join(f"w{n}" for n in range(1_500))[:MOST]
    yield " ".join(str(n) for n in range(1_900, 3_800))[:MOST]
    yield INVISIBLE.join(" ".join(WORDS))[:MOST]


def long_texts(works: list[tuple[str, str]]) -> Iterator[str]:
    words = itertools.cycle(WORDS)
    for n_characters in (300, 1_000, 3_000, MOST):
        yield " ".join(itertools.islice(words, n_characters // 5))[:n_characters]
    for unit in (WISHES, "like Interstellar ", "not sad ", "no horror or war ", "under 2 hours ", "from 1990 to 1999 "):
        yield (unit * (MOST // len(unit)))[:MOST]
    names = ", ".join(title for _, title in works)
    for text in (f"like {names}", f"not like {names}", f"I have seen {names}", names, f"{names} " * 20):
        yield text[:MOST]
    yield ("who was it? " + ", ".join(GENRES) + " or ")[:MOST] * 60
    yield "a " + "very " * 1_900 + "sad film"
    yield "either " * 700 + "or " * 1_000
    yield "\n".join(WORDS * 30)[:MOST]


def filter_requests(works: list[tuple[str, str]]) -> Iterator[Request]:
    for n_values in (1, 2, 5, 10, 20):
        for least in (0.0, 0.1, 0.5):
            filters = {"values": {value: {"gte": least} for value in VALUES[:n_values]}}
            yield Request("value filters", "/v1/search", {"query": "hope", "filters": filters})
    names = [f"{genre} {n}" for genre in GENRES for n in range(5)]
    for fact in ("genres", "creators", "countries", "language"):
        for part in ("any", "all", "none"):
            yield Request("fifty names", "/v1/search", {"query": "hope", "filters": {fact: {part: names[:50]}}})
    everything = {
        fact: dict.fromkeys(("any", "none"), names[:50]) for fact in ("genres", "creators", "countries", "language")
    }
    yield Request("fifty names", "/v1/search", {"query": " ".join(WORDS), "filters": everything})
    ranges = {"year": {"gte": -10_000}, "runtime_minutes": {"lte": 1_000_000}, "page_count": {"gte": 0}}
    yield Request("open ranges", "/v1/search", {"query": "hope", "filters": ranges})
    for n in (5, 20):
        weights = {value: (-1) ** number * 0.9 for number, value in enumerate(VALUES[:n])}
        yield Request("many weights", "/v1/search", {"query": " ".join(WORDS), "weights": weights})
    without = [f"like.{work_id}"[:200] for work_id, _ in works[:50]]
    yield Request("long lists", "/v1/search", {"query": WISHES * 20, "without": without})


def page_requests(works: list[tuple[str, str]]) -> Iterator[Request]:
    for offset, limit in ((0, 100), (300, 100), (600, 100), (900, 100), (950, 50), (999, 1)):
        for query in ("hope", "like Interstellar but not too sad", " ".join(WORDS)):
            yield Request("deep pages", "/v1/search", {"query": query, "offset": offset, "limit": limit})
        work_id = quote(works[offset % len(works)][0], safe="")
        yield Request("deep pages of /similar", f"/v1/works/{work_id}/similar?offset={offset}&limit={limit}")


def small_requests(works: list[tuple[str, str]]) -> Iterator[Request]:
    for values in ([], ["E5:0.3"], ["E5"], [f"{value}:0.1" for value in VALUES[:10]]):
        for extra in ({}, {"genre": "Drama"}, {"limit": "1000"}):
            query = urlencode([*(("value", value) for value in values), *extra.items()])
            yield Request("facets", f"/v1/facets?{query}")
    for text in (
        "a",
        "the",
        "interstelar",
        "qwrtzpsdf",
        "x" * 1_000,
        "é" * 200,
        "the the the",
        INVISIBLE * 20,
        "🚀",
        "%",
    ):
        yield Request("suggest", f"/v1/suggest?limit=50&q={quote(text)}")
    for _, title in works[:30]:
        typo = title[: len(title) // 2] + title[len(title) // 2 + 1 :]
        yield Request("suggest", f"/v1/suggest?limit=50&q={quote(typo)}")
    for work_id in ("none", "%00", "x" * 2_000, "a/b/c/similar/similar"):
        yield Request("unknown works", f"/v1/works/{work_id}")
        yield Request("unknown works", f"/v1/works/{work_id}/similar")


if __name__ == "__main__":
    main()
