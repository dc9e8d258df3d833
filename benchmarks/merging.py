"""Measure how well records of one work are joined, and how fast.

python benchmarks/merging.py CATALOGUE...      precision and recall with a changed copy of every work
python benchmarks/merging.py --synthetic N     time and memory from N records to works, in a child process

The copy of a work has no ids, and its title, year or creators differ in one or two of the ways in which sources differ.
The catalogues have remakes, sequels and namesakes, with which it must not be joined.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import re
import resource
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, combinations, islice
from pathlib import Path
from time import perf_counter
from typing import Any

from crawler.catalogue import Rejected, read_catalogue
from crawler.records import SourceRecord
from indexer.merging.match_keys import read_match_keys
from indexer.merging.matching import group_records
from indexer.store import Store
from indexer.works import update_works

Fields = dict[str, Any]
Change = Callable[[Fields, random.Random], Fields]

SYLLABLES = [consonant + vowel for consonant in "bcdfghklmnprstvwz" for vowel in ("a", "e", "i", "o", "u", "er", "an")]
SOURCE_IDS = {"imdb": "tt{:07}", "wikidata": "Q{}", "open_library": "OL{}W"}
ROLES = {"movie": ("director", "writer", *["actor"] * 8), "book": ("author",)}
_ARTICLE = re.compile(r"^(The|A|An|Le|La|Les|Der|Die|Das|El|Il)\s+(?=\S)")
_SUBTITLE = re.compile(r"(?::| -) .*$")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogues", nargs="*", type=Path, metavar="CATALOGUE")
    parser.add_argument("--synthetic", type=int, nargs="?", const=1_000_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0, metavar="N", help="how many of the mistakes to show")
    options = parser.parse_args()
    if options.catalogues:
        works = list(read_works(options.catalogues))
        for hidden in ("in the copies", "in both"):
            measure_pairs(works, random.Random(options.seed), hidden, options.show)
    if options.synthetic:
        child = multiprocessing.get_context("spawn").Process(
            target=measure_works, args=(options.synthetic, options.seed)
        )
        child.start()
        child.join()
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        print(f"peak memory: {peak:.2f} GiB")


def read_works(catalogues: Iterable[Path]) -> Iterator[Fields]:
    for path in catalogues:
        for entry in read_catalogue(path):
            if not isinstance(entry, Rejected):
                fields = entry[1].model_dump(mode="json", exclude={"description", "reviews"})
                yield fields | {"source": "first"}


def measure_pairs(works: Sequence[Fields], draw: random.Random, hidden: str, n_shown: int) -> None:
    """Copy every work with changes, group all, and print precision and recall of the pairs."""
    records: list[tuple[int, Fields, tuple[str, ...]]] = []
    for number, work in enumerate(works):
        changed, changes = change_work(work, draw)
        records += [(number, work | ({"ids": {}} if hidden == "in both" else {}), ()), (number, changed, changes)]
    records.sort(key=lambda record: (record[1]["source"], record[1]["source_id"]))
    started = perf_counter()
    groups = group_records([read_match_keys(fields) for _, fields, _ in records])
    seconds = perf_counter() - started
    found: set[int] = set()
    wrong: list[tuple[int, int]] = []
    for group in groups:
        for one, other in combinations(group, 2):
            if records[one][0] == records[other][0]:
                found.add(records[one][0])
            else:
                wrong.append((one, other))
    print(f"\n{len(works):,} works and their copies, ids hidden {hidden}: {len(records) / seconds:,.0f} records/s")
    print(f"precision {len(found) / max(1, len(found) + len(wrong)):.4f} ({len(wrong)} wrong pairs)")
    print(f"recall    {len(found) / len(works):.4f}")
    changed_by, missed_by = Counter[str](), Counter[str]()
    for number, _, changes in records:
        changed_by.update(changes)
        missed_by.update(changes if number not in found else ())
    for change, n_changed in changed_by.most_common():
        print(f"  {change:<20}{n_changed:>8,} copies, recall {1 - missed_by[change] / n_changed:.4f}")
    for one, other in draw.sample(wrong, min(n_shown, len(wrong))):
        print("  wrong: ", _describe(records[one][1]), "|", _describe(records[other][1]))
    lost = [(number, fields) for number, fields, changes in records if changes and number not in found]
    for number, fields in draw.sample(lost, min(n_shown, len(lost))):
        print("  missed:", _describe(works[number]), "|", _describe(fields))


def _describe(fields: Fields) -> str:
    names = ", ".join(creator["name"] for creator in fields["creators"])
    return f"{fields['title']} ({fields['year']}) {names}"


def change_work(work: Fields, draw: random.Random) -> tuple[Fields, tuple[str, ...]]:
    """Return a work without ids, with one or two of the changes that apply to it, and their names."""
    changed = work | {"source": "second", "ids": {}}
    names = draw.sample(list(CHANGES), len(CHANGES))
    done: list[str] = []
    n_changes = draw.choice((1, 2))
    for name in names:
        after = CHANGES[name](changed, draw)
        if after != changed:
            changed = after
            done.append(name)
        if len(done) == n_changes:
            break
    return changed, tuple(done)


def _title(change: Callable[[str], str]) -> Change:
    return lambda work, _: work | {"title": change(work["title"]).strip() or work["title"]}


def _without_accents(title: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", title) if not unicodedata.combining(c))


def _swap_and(title: str) -> str:
    return title.replace(" & ", " and ") if " & " in title else title.replace(" and ", " & ")


def _initials(name: str) -> str:
    """Return names with their given names shortened; some catalogues list several in one text."""
    words = [each.split() for each in name.split(",")]
    return ", ".join(" ".join([*(f"{given[0]}." for given in x[:-1]), *x[-1:]]) for x in words)


def _shift_year(work: Fields, draw: random.Random) -> Fields:
    return work | {"year": work["year"] and work["year"] + draw.choice((-1, 1))}


CHANGES: dict[str, Change] = {
    "article moved": _title(
        lambda title: _ARTICLE.sub(r"", title) + "".join(f", {x}" for x in _ARTICLE.findall(title))
    ),
    "article dropped": _title(lambda title: _ARTICLE.sub("", title)),
    "accents dropped": _title(_without_accents),
    "subtitle dropped": _title(lambda title: _SUBTITLE.sub("", title)),
    "& and and": _title(_swap_and),
    "capitals": _title(str.upper),
    "small letters": _title(str.lower),
    "punctuation dropped": _title(lambda title: re.sub(r"[^\w\s]", "", title)),
    "year off by one": _shift_year,
    "creators dropped": lambda work, _: work | {"creators": []},
    "creators' initials": lambda work, _: (
        work | {"creators": [creator | {"name": _initials(creator["name"])} for creator in work["creators"]]}
    ),
}


def measure_works(n_records: int, seed: int) -> None:
    """Store synthetic records, merge them into works, change one record, and merge again."""
    with tempfile.TemporaryDirectory(prefix="evoke-bench-") as home, Store(Path(home)) as store:
        for name, n_put, changes in (("all new", n_records, {}), ("one changed", 1, {"keywords": ["changed"]})):
            run, started = store.begin_run(), perf_counter()
            records = islice(make_records(random.Random(seed)), n_put)
            while batch := [SourceRecord.model_validate(fields | changes) for fields in islice(records, 1_000)]:
                store.put_records([(record, "") for record in batch], run)
            stored = perf_counter()
            update_works(store)
            seconds = perf_counter() - stored
            n_stored, n_works = store.count_records(), store.count_works()
            print(f"\n{name}: {n_stored:,} records of {n_works:,} works", flush=True)
            print(f"store the records  {stored - started:>7.1f} s")
            print(f"make the works     {seconds:>7.1f} s, {n_stored / seconds:,.0f} records/s", flush=True)


def make_records(draw: random.Random) -> Iterator[Fields]:
    """Yield synthetic records without end: four works in ten have two or three, half of them with shared ids."""
    for number, work in enumerate(make_works(draw)):
        sources = (
            ("tmdb", "imdb", "wikidata") if work["kind"] == "movie" else ("open_library", "goodreads", "google_books")
        )
        shared = {"imdb": f"tt{number:07}"} if work["kind"] == "movie" else {"goodreads_work": str(number)}
        for source in sources[: draw.choices((1, 2, 3), weights=(6, 3, 1))[0]]:
            fields, _ = change_work(work, draw) if source != sources[0] else (work, ())
            ids = shared if source == sources[0] or draw.random() < 0.5 else {}
            yield fields | {"source": source, "source_id": SOURCE_IDS.get(source, "{}").format(number), "ids": ids}


def make_works(draw: random.Random) -> Iterator[Fields]:
    """Yield synthetic works: titles of one to four words as common as in English, one in ten a remake or a sequel."""
    words = ["".join(draw.choices(SYLLABLES, k=draw.randint(1, 3))) for _ in range(30_000)]
    weights = list(accumulate(1 / rank for rank in range(2, len(words) + 2)))
    people = [f"{draw.choice(words)} {draw.choice(words)}".title() for _ in range(200_000)]
    title = "The Beginning"
    while True:
        if draw.random() < 0.9:
            title = " ".join(draw.choices(words, cum_weights=weights, k=draw.randint(1, 4))).title()
            title = draw.choice(("", "", "The ")) + title
        elif draw.random() < 0.5:
            title += f" {draw.randint(2, 9)}"
        kind = draw.choice(("movie", "book"))
        yield {
            "kind": kind,
            "title": title,
            "description": " ".join(draw.choices(words, cum_weights=weights, k=60)),
            "year": draw.randint(1900, 2026),
            "creators": [{"name": draw.choice(people), "role": role} for role in ROLES[kind]],
        }


if __name__ == "__main__":
    main()
