"""Find texts that take more than linear time, in the passes over a description and over a request.

python -m benchmarks.long_texts [--home FOLDER] [--characters N]

Each pass reads texts of many kinds (runs of one sign, signs mixed at random, words without spaces, scripts, marks,
markup, phrases of requests) with N and with 2N characters. Printed are the slowest kinds of each pass, in processor
time, and how many times as long the longer text took: 2 is linear, 4 is quadratic. With --home, whole searches of an
index are timed too.
"""

from __future__ import annotations

import argparse
import random
import string
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from time import process_time

import orjson

from crawler.catalogue import parse_record
from crawler.errors import RecordRejected
from crawler.series import read_series
from crawler.text import clean_text
from indexer.analysis import Analyser
from indexer.features import text_language
from indexer.leads import read_lead
from indexer.merging.match_keys import read_names, read_title
from search_api.records import MAX_QUERY_CHARACTERS, SearchRequest
from search_api.search import open_search
from search_api.settings import SearchSettings

SHOWN = 5
LINE_CHARACTERS = 1_000
"""The longest title, name or keyword of a record."""
REPEATED = (
    "a.", "'s", "1,", "a-", "a'", "a/", ":@", "a@", "http://", "http://a.b/", "a ", "% ", "a, ", "A. ", "\n", "a\n",
    "\t", "\u00a0", "\0a", '"a" ', "-- ", "; ", "? ", "&amp;", "&#1;", "<a ", "<p>", "(x #1) ", "(x ", "[x",
    "\u00e9", "a\u0301", "\u0316\u0301", "\u0301", "\U0001f468\u200d\U0001f469\u200d", "\U0001f600", "\u200b",
    "\u6f22\u5b57", "\u3042\u3044", "\ud55c\uae00", "\u0e01\u0e33", "\u0915\u093f", "\u202ea", "\ufeff", "\ufffd",
    "\u00c3\u00a9", "\U0001d400", "the ", "not ", "I ", "and ", "like Alien ", "1990s ", "between 1990 and ", "film ",
    "books by ", "Stephen King ", " is a film", "Ada Marsh, ", " directed by Ada Marsh", "under 90 minutes ",
    "no violence ", "I remember a ", "Dune or ", "swedish ", "non-horror ", "for kids ",
)  # fmt: skip
ALPHABETS = {
    "signs": string.punctuation,
    "signs and letters": string.punctuation + "abcXYZ019",
    "brackets": "()[]{}<>",
    "quotation marks": "\"'`\u201c\u201d\u2018\u2019",
    "dashes": "-\u2013\u2014",
    "base64": string.ascii_letters + string.digits + "+/",
    "any of Unicode": "".join(map(chr, (*range(0x20, 0xD800, 97), *range(0xE000, 0x20000, 211)))),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--characters", type=int, default=10_000)
    options = parser.parse_args()
    for name, read in passes().items():
        n_characters = LINE_CHARACTERS // 2 if name.startswith("line: ") else options.characters
        show(name, read, n_characters)
    if options.home:
        search = open_search(SearchSettings(home=options.home))
        search.search(SearchRequest(query="warm"))
        show(
            "search",
            lambda text: search.search(SearchRequest(query=text[:MAX_QUERY_CHARACTERS] or "a")),
            MAX_QUERY_CHARACTERS // 2,
        )


def texts() -> dict[str, Callable[[int], str]]:
    """Return the kinds of texts: functions from a number of characters to a text."""
    kinds: dict[str, Callable[[int], str]] = {}
    for text in (*string.punctuation, "a", "A", "9", "\u2026", *REPEATED):
        kinds[f"{text!r} repeated"] = partial(_repeat, text)
    for name, alphabet in ALPHABETS.items():
        kinds[f"{name} at random"] = partial(_draw, alphabet)
    kinds["nested brackets"] = lambda n: "(" * (n // 2) + ")" * (n // 2)
    kinds["words, each another"] = lambda n: " ".join(map(_word, range(n // 6 + 1)))[:n]
    kinds["names, each another"] = lambda n: " ".join(map(_word, range(n // 6 + 1)))[:n].title()
    kinds["a list"] = lambda n: ", ".join(map(_word, range(n // 7 + 1)))[:n]
    return kinds


def _repeat(text: str, n_characters: int) -> str:
    return (text * (n_characters // len(text) + 1))[:n_characters]


def _draw(alphabet: str, n_characters: int) -> str:
    return "".join(random.Random(n_characters).choices(alphabet, k=n_characters))


def _word(number: int) -> str:
    return "".join(random.Random(number).choices(string.ascii_lowercase, k=5))


def passes() -> Mapping[str, Callable[[str], object]]:
    """Return the passes by name; those of one line get as much text as a line may have."""
    analyser = Analyser()
    lead = "Salt Road is a 1953 Swedish drama film directed by "
    return {
        "clean": clean_text,
        "read a record": read_record,
        "language": text_language,
        "terms and sentences": lambda text: list(analyser.analyse([text])),
        "lead": lambda text: read_lead("Salt Road", text, "movie"),
        "lead that goes on": lambda text: read_lead("Salt Road", lead + text, "movie"),
        "lead of a book": lambda text: read_lead("Salt Road", "Salt Road is a novel by " + text, "book"),
        "line: title": read_title,
        "line: names": read_names,
        "line: series": read_series,
        **request_passes(),
    }


def read_record(text: str) -> None:
    with suppress(RecordRejected):
        parse_record(orjson.dumps({"source": "test", "source_id": "1", "title": "Salt Road", "description": text}))


def request_passes() -> Mapping[str, Callable[[str], object]]:
    from search_api.understanding.clauses import Clauses
    from search_api.understanding.facts import read_facts
    from search_api.understanding.intent import MOST_READ_CHARACTERS, is_description
    from search_api.understanding.query import Query, straighten
    from search_api.understanding.remembered_years import read_remembered_years

    return {
        "straighten": straighten,
        "is it a description": is_description,
        "remembered years": read_remembered_years,
        "clauses": lambda text: Clauses(straighten(text)[:MOST_READ_CHARACTERS]),
        "facts": lambda text: read_facts(Query(straighten(text)[:MOST_READ_CHARACTERS]), (), today=date(2026, 1, 1)),
    }


def show(name: str, read: Callable[[str], object], n_characters: int) -> None:
    """Print the slowest kinds of texts in one pass."""
    read("warm")
    rows = []
    for kind, make in texts().items():
        short, long = (timed(read, make(n)) for n in (n_characters, 2 * n_characters))
        rows.append((long, long / max(short, 1e-4), kind))
    print(f"{name}, {2 * n_characters:,} characters")
    for seconds, ratio, kind in sorted(rows, reverse=True)[:SHOWN]:
        print(f"    {seconds * 1_000:8.1f} ms  {ratio:4.1f} times as long  {kind}", flush=True)


def timed(read: Callable[[str], object], text: str) -> float:
    started = process_time()
    read(text)
    return process_time() - started


if __name__ == "__main__":
    main()
