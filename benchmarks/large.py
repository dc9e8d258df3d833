"""Serve a large index of synthetic works: the start, memory, searches and keystrokes; then change one of its works.

python -m benchmarks.large [--works N] [--home FOLDER]

The index has the files that `evoke index` writes, with vectors and words of benchmarks/synthetic.py and names of
benchmarks/names.py; only the store of source records is missing. `evoke serve` opens it. The change copies the
generation, writes one work and finishes the copy, as a build does after it has read and matched the records.
With --home, the index is kept in the folder, or taken from it.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter, process_time
from urllib.parse import quote

from qdrant_client import models

from benchmarks.growth import make_facts, to_points
from benchmarks.names import make_points
from benchmarks.served import Request, Served, milliseconds, serve
from benchmarks.synthetic import Batch, make_batches
from indexer.analysis import ANALYSER_VERSION
from indexer.bm25 import term_id
from indexer.collection import create_generation, swap_generation
from indexer.encoder.encoder import open_encoder
from indexer.engine import EdgeClient
from indexer.known.writer import KnownWriter
from indexer.name_keys import common_words
from indexer.schema import ALIAS, GenerationFacts, score_code
from indexer.serving import serving_generation
from indexer.settings import IndexSettings
from indexer.values.taxonomy import Taxonomy, load_taxonomy

N_ASKED = 100
SHOWN = 0.5
"""Only values from here on are in a payload, so that it has about as many bytes as a real one without its texts."""
SEARCHES = (
    "find me something inspiring", "a quiet film about grief", "friendship on a long journey", "survival at sea",
    "a funny book about science", "hope in dark times", "a mystery in a small town", "a war story without violence",
    "films from the 90s about music", "a sad love story",
)  # fmt: skip

MORE = ("", " at night", " in winter", " and music", " for a friend")
"""Words that make each search another one, so that none is answered from what was kept."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--works", type=int, default=1_000_000)
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="evoke-bench-") as temporary:
        settings = IndexSettings(home=options.home or Path(temporary))
        started = perf_counter()
        if not (settings.home / "index").exists():
            build(settings, options.works)
            print(f"{options.works:,} works written in {perf_counter() - started:.0f} s", flush=True)
        started = perf_counter()
        with serve(settings.home, workers=1) as served:
            asyncio.run(ask_until_answered(served))
            print(f"first answer after {perf_counter() - started:.1f} s, {memory(served)}", flush=True)
            asyncio.run(ask(served))
            print(f"after all: {memory(served)}", flush=True)
        change(settings)


def facts_of(settings: IndexSettings, n_works: int) -> GenerationFacts:
    """Return the facts of a generation that a service with these settings accepts."""
    encoder, taxonomy = open_encoder(settings), load_taxonomy(settings.taxonomy)
    return make_facts(n_works).model_copy(
        update={
            "encoder_fingerprint": encoder.warm().fingerprint,
            "analyser_version": ANALYSER_VERSION,
            "taxonomy_version": taxonomy.version,
            "value_ids": tuple(taxonomy.dimensions),
        }
    )


def build(settings: IndexSettings, n_works: int) -> None:
    """Write a generation of synthetic works, and let it serve."""
    facts, taxonomy = facts_of(settings, n_works), load_taxonomy(settings.taxonomy)
    terms = [term_id(word) for word in common_words()]
    with EdgeClient(settings.home / "index") as engine:
        generation = create_generation(engine, facts, settings)
        with KnownWriter(settings.known_folder / generation, facts.value_ids) as known:
            for batch, named in zip(make_batches(n_works), make_points(n_works), strict=True):
                points = list(join(batch, named, terms, taxonomy))
                engine.upsert(generation, points)
                known.add(points)
            known.finish(facts)
        begun = process_time()
        engine.finish(generation)
        print(f"vector index: {process_time() - begun:.0f} s of processor time", flush=True)
        swap_generation(engine, generation)


def join(
    batch: Batch, named: Sequence[models.PointStruct], terms: Sequence[int], taxonomy: Taxonomy
) -> Iterator[models.PointStruct]:
    """Yield points with the vectors of a batch and the payloads of named works."""
    for vectors, point, strengths in zip(to_points(batch), named, batch.values, strict=True):
        words = vectors.vector["bm25"]
        words.indices = [terms[rank] if rank < len(terms) else rank for rank in words.indices]
        values = {
            value_id: round(float(strength), 4)
            for value_id, strength in zip(taxonomy.dimensions, strengths, strict=True)
            if strength > SHOWN and value_id in taxonomy.by_id
        }
        text = f"{point.payload['title']} is a story that nobody wrote."
        facts = {
            "values": values,
            "tags": {},
            "value_scores": [score_code(value, round(score * 10_000)) for value, score in values.items()],
            "primary_values": list(values),
            "description": text,
            "sentences": [[0, len(text)]],
            "evidence": dict.fromkeys(values, 0),
            "is_twin": False,
        }
        yield models.PointStruct.model_construct(id=point.id, vector=vectors.vector, payload={**point.payload, **facts})


async def ask_until_answered(served: Served) -> None:
    """Ask for a search until it is answered."""
    while (await served.ask(Request("search", "/v1/search?q=hope+in+dark+times")))[0] != 200:
        await asyncio.sleep(0.05)


async def ask(served: Served) -> None:
    """Ask for searches, filters, facets and titles one after the other, and print their times."""
    titles = [point.payload["title"].casefold() for point in next(make_points(1_000))]
    long = [title for title in titles if len(title) > 9][:N_ASKED]
    paths = {
        "search": [f"/v1/search?q={quote(text + more)}" for more in MORE for text in SEARCHES],
        "search with a value": [f"/v1/search?q={quote(text)}&value=E5:0.6" for text in SEARCHES],
        "facets": ["/v1/facets"] * 2,
        "facets of a value": ["/v1/facets?value=E5:0.6"],
        "suggest, the beginning": [f"/v1/suggest?q={quote(title[:6])}" for title in long],
        "suggest, a slip": [f"/v1/suggest?q={quote(title[:4] + title[5] + title[4] + title[6:10])}" for title in long],
    }
    print("| request | p50 / p99 / longest ms |\n|---|---|")
    for kind, asked in paths.items():
        answers = [await served.ask(Request(kind, path)) for path in asked]
        wrong = [status for status, _ in answers if status != 200]
        seconds = [seconds for _, seconds in answers]
        shown = milliseconds(seconds) if len(seconds) > 1 else f"{seconds[0] * 1_000:.0f}"
        print(f"| {kind} | {shown}{f', refused: {wrong}' if wrong else ''} |", flush=True)


def memory(served: Served) -> str:
    """Return the memory of the search process: in all, and without the files that it maps."""
    (pid,) = served.search_pids()
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) // 1024 for line in lines if line.startswith("Rss")}
    return f"search process: {sum(sizes.values()):,} MiB, {sizes['RssAnon']:,} of its own"


def change(settings: IndexSettings) -> None:
    """Copy the generation, change one work, let the copy serve, and print the time."""
    started = perf_counter()
    with EdgeClient(settings.home / "index") as engine:
        base = serving_generation(engine)
        assert base, f"the alias {ALIAS} points to no generation"
        n_works = engine.count(base).count
        facts, taxonomy = facts_of(settings, n_works), load_taxonomy(settings.taxonomy)
        new = f"{base}-changed"
        engine.copy_collection(base, new)
        copied = perf_counter()
        terms = [term_id(word) for word in common_words()]
        batch, named = next(make_batches(1)), next(make_points(1))
        points = list(join(batch, named, terms, taxonomy))
        with KnownWriter(settings.known_folder / new, facts.value_ids, settings.known_folder / base) as known:
            engine.upsert(new, points)
            known.add(points)
            known.finish(facts)
        written = perf_counter()
        engine.finish(new)
        swap_generation(engine, new)
    print(
        f"one work changed in {perf_counter() - started:.1f} s: copy {copied - started:.1f}, "
        f"names and facts {written - copied:.1f}, finish {perf_counter() - written:.1f}"
    )


if __name__ == "__main__":
    main()
