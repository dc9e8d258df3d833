"""`evoke evaluate --records` adds facts and reviews to a benchmark's works, and never changes which works there are."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from catalogues import make_record, write_catalogue
from fakes import FakeEncoder
from judged import add_line, write_benchmark

import evoke
from evaluation import runner
from evaluation.added_records import add_records
from evaluation.benchmark import Benchmark, read_benchmark
from evaluation.errors import BenchmarkInvalid
from evaluation.records import AddedFile, AddedRecords
from evaluation.settings import EvaluationSettings
from indexer.records import Features, Work
from indexer.store import Store
from indexer.values.taxonomy import load_taxonomy

Fields = Mapping[str, Any]

CORPUS = [
    {"_id": "kites", "title": "The Kite Maker", "text": "A boy builds kites.",
     "metadata": {"kind": "movie", "imdb_id": "tt1", "tmdb_id": "10"}},
    {"_id": "ferry", "title": "Night Ferry", "text": "A detective rides the last ferry.",
     "metadata": {"kind": "movie", "imdb_id": "tt2"}},
    {"_id": "orchard", "title": "The Glass Orchard", "text": "A botanist loses her sight.",
     "metadata": {"kind": "book", "goodreads_id": "7", "authors": ["Tom Ferrier"]}},
    {"_id": "border", "title": "Songs from the Border", "text": "Smugglers share one bridge.",
     "metadata": {"kind": "book"}},
]  # fmt: skip
QUERIES = {"kites": "a boy who builds kites", "whales": "whales"}
QRELS = [("kites", "kites", 1), ("whales", "ferry", 1)]

UNLIKE = "not joining the work that has their id, being of another kind, title or id"


@pytest.fixture(autouse=True)
def encoder(monkeypatch: pytest.MonkeyPatch) -> FakeEncoder:
    """The encoder that the verb uses; it loads no model."""
    fake = FakeEncoder()
    monkeypatch.setattr("evaluation.runner.open_encoder", lambda _: fake)
    return fake


@pytest.fixture
def films(tmp_path: Path) -> Path:
    return write_benchmark(tmp_path / "films", CORPUS, QUERIES, QRELS)


def film(source_id: str, title: str = "The Kite Maker", **facts: Any) -> dict[str, Any]:
    return make_record(source_id, title, **{"kind": "movie", **facts})


def write_records(films: Path, *records: Fields, name: str = "facts.jsonl") -> Path:
    return write_catalogue(films.parent / name, records)


def add(folder: Path, *files: Path) -> tuple[Benchmark, AddedRecords]:
    benchmark = add_records(read_benchmark(folder, "validation"), files)
    assert benchmark.added is not None
    return benchmark, benchmark.added


def reasons(added: AddedRecords) -> dict[str, int]:
    return {reason: refusals.count for reason, refusals in added.refused.items()}


def measure(folder: Path, *arguments: object) -> dict[str, Any]:
    """Return the result that --json writes."""
    path = folder.parent / "results.json"
    assert evoke.main(["evaluate", str(folder), "--systems", "bm25", "--json", str(path), *map(str, arguments)]) == 0
    result: dict[str, Any] = json.loads(path.read_bytes())
    return result


def works_of(benchmark: Benchmark, home: Path) -> dict[str, Work]:
    """Return the works of the benchmark's index, which is built."""
    own = EvaluationSettings(home=home).for_corpus(benchmark.digest)
    runner.index_benchmark(benchmark, own, FakeEncoder())
    with Store(own.home) as store:
        return {work.id: work for work in store.works([work_id for work_id, _ in store.hashes()])}


def test_facts_of_a_record_are_those_of_the_work_and_are_searched(
    films: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = write_records(
        films, film("f", "Night Ferry", year=1994, genres=["Drama"], keywords=["whales"], ids={"imdb": "tt2"})
    )
    without, result = measure(films), measure(films, "--records", facts)
    assert without["per_query"]["bm25"]["nDCG@10"]["whales"] == 0
    assert result["per_query"]["bm25"]["nDCG@10"]["whales"] == 1
    benchmark, _ = add(films, facts)
    ferry = works_of(benchmark, home)["ferry"]
    assert (ferry.year, ferry.genres, ferry.ids) == (1994, ("Drama",), {"imdb": "tt2"})
    assert ferry.origins["year"] == ("test:f",)
    assert "records: 1 added to 1 of 4 works (facts.jsonl 1); 0 share no id with a work\n" in capsys.readouterr().out


def test_what_was_added_is_counted_in_table_json_and_report(films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = write_records(
        films, film("f", year=1994, ids={"imdb": "tt1"}), film("g", ids={"tmdb": "10"}), film("h", ids={"imdb": "tt9"}),
        film("i"),
    )  # fmt: skip
    reviews = write_records(
        films, film("f", year=1994, ids={"imdb": "tt1"}), film("r", reviews=[{"text": "Moving."}], ids={"imdb": "tt2"}),
        film("b", kind="book", ids={"imdb": "tt2"}), name="reviews.jsonl.gz",
    )  # fmt: skip
    result = measure(films, "--records", facts, reviews, "--report", films.parent / "report")
    records = result["records"]
    assert records["files"] == [{"name": "facts.jsonl", "n_added": 2}, {"name": "reviews.jsonl.gz", "n_added": 1}]
    assert (records["n_added"], records["n_works"], records["n_without_work"], records["n_repeated"]) == (3, 2, 2, 1)
    line = (
        "records: 3 added to 2 of 4 works (facts.jsonl 2, reviews.jsonl.gz 1); 2 share no id with a work; "
        f"1 repeat an earlier line; 1 refused for {UNLIKE} (first {reviews}:3)"
    )
    assert line in capsys.readouterr().out
    assert line in (films.parent / "report" / "report.html").read_text()
    assert "records: 3 added to 2 of 4 works" in (films.parent / "report" / "report.md").read_text()


REFUSED: Mapping[str, tuple[list[Fields | str], dict[str, int]]] = {
    "ids of two works": ([film("f", ids={"imdb": "tt1", "tmdb": "10", "goodreads": "7"})],
                         {"having ids of several works": 1}),
    "another kind": ([film("f", kind="book", ids={"imdb": "tt1"})],
                     {UNLIKE: 1}),
    "another id": ([film("f", ids={"imdb": "tt1", "tmdb": "11"})],
                   {UNLIKE: 1}),
    "an edition's id alone": ([make_record("f", "Bees", kind="book", ids={"goodreads": "7"})],
                              {UNLIKE: 1}),
    "other content": ([film("f", ids={"imdb": "tt1"}), film("f", year=1994, ids={"imdb": "tt1"})],
                      {"having the id of an earlier record, with other content": 1}),
    "another document": ([{"_id": "x", "title": "The Kite Maker", "metadata": {"imdb_id": "tt1"}}],
                         {"being documents of a benchmark, which are not joined to each other": 1}),
    "the document, changed": ([{**CORPUS[3], "text": "Other."}],
                              {"having the id of an earlier record, with other content": 1}),
    "no records": ([film("f", ids={"imdb": "tt1"}), "{", '{"source": "s"}'], {"not being records": 2}),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_records_that_are_not_of_one_work_are_refused_with_the_reason(films: Path, home: Path, name: str) -> None:
    lines, expected = REFUSED[name]
    facts = films.parent / "facts.jsonl"
    for line in lines:
        add_line(facts, line)
    benchmark, added = add(films, facts)
    assert reasons(added) == expected
    assert all(refusals.first.startswith(f"{facts}:") for refusals in added.refused.values())
    assert added.n_added == len(lines) - sum(expected.values())
    assert works_of(benchmark, home).keys() == {"kites", "ferry", "orchard", "border"}


def test_documents_of_the_corpus_itself_are_repetitions(films: Path) -> None:
    _, added = add(films, films / "corpus.jsonl")
    assert (added.n_added, added.n_repeated, added.n_without_work, reasons(added)) == (0, 4, 0, {})


def test_of_records_that_would_join_two_documents_one_is_added(tmp_path: Path, home: Path) -> None:
    """They are joined to each other first, since their ids come first, and then to one of the documents."""
    corpus = [{"_id": f"work {n}", "title": "Kites", "metadata": ids}
              for n, ids in enumerate([{"imdb_id": "tt1"}, {"tmdb_id": "2"}])]  # fmt: skip
    folder = write_benchmark(tmp_path / "films", corpus, QUERIES, [("kites", "work 0", 1)])
    joining = [film("f", ids={"imdb": "tt1", "wikidata": "Q5"}), film("g", ids={"tmdb": "2", "wikidata": "Q5"})]
    benchmark, added = add(folder, write_records(folder, *joining))
    assert (added.n_added, reasons(added)) == (1, {UNLIKE: 1})
    assert works_of(benchmark, home).keys() == {"work 0", "work 1"}


SOURCE_RECORDS = [
    make_record("a", "Kites", "A boy builds kites.", kind="movie", ids={"imdb": "tt1"}),
    make_record("b", "Ferry", "The last ferry.", kind="movie", ids={"tmdb": "2"}),
    make_record("c", "Ferry", "The very last ferry.", kind="movie", ids={"tmdb": "2"}) | {"source": "other"},
]


def test_a_corpus_of_source_records_keeps_the_names_of_its_works(tmp_path: Path, home: Path) -> None:
    """Even where an added record is of a source that ranks first, and says that it was there first."""
    folder = write_benchmark(tmp_path / "films", SOURCE_RECORDS, QUERIES, [("kites", "test:a", 1)])
    before = works_of(read_benchmark(folder, "validation"), home).keys()
    tmdb = film("2", "Ferry", ids={"imdb": "tt2"}, since=1) | {"source": "tmdb"}
    benchmark, added = add(folder, write_records(folder, tmdb))
    works = works_of(benchmark, home)
    assert (added.n_added, added.n_works, added.n_works_of_corpus) == (1, 1, 2)
    assert works.keys() == before == {"test:a", "other:c"}
    assert works["other:c"].ids == {"tmdb": "2", "imdb": "tt2"}


def test_records_that_would_join_works_of_source_records_are_refused(tmp_path: Path, home: Path) -> None:
    folder = write_benchmark(tmp_path / "films", SOURCE_RECORDS, QUERIES, [("kites", "test:a", 1)])
    joining = [film("f", ids={"imdb": "tt1", "wikidata": "Q5"}), film("g", ids={"tmdb": "2", "wikidata": "Q5"})]
    benchmark, added = add(folder, write_records(folder, *joining))
    assert reasons(added) == {"changing which works the corpus has": 2}
    assert works_of(benchmark, home).keys() == {"test:a", "other:c"}


def test_records_that_part_two_records_of_the_corpus_are_refused(tmp_path: Path, home: Path) -> None:
    """Records are compared with the 50 that follow with the same title and year: sixty books part the two films."""
    films = [make_record("1", "Kites", kind="movie", year=1990) | {"source": source} for source in ("a", "z")]
    book = make_record("2", "Old Kites", kind="book", ids={"goodreads_work": "5"})
    folder = write_benchmark(tmp_path / "films", [*films, book], QUERIES, [("kites", "a:1", 1)])
    editions = [
        make_record(str(n), "Kites", kind="book", year=1990, ids={"goodreads_work": "5"}) | {"source": "m"}
        for n in range(60)
    ]
    benchmark, added = add(folder, write_records(folder, *editions))
    assert reasons(added) == {"changing which works the corpus has": 60}
    assert works_of(benchmark, home).keys() == {"a:1", "test:2"}


def random_records(draw: random.Random, source: str, number: int) -> Iterator[dict[str, Any]]:
    """Yield records with few titles, years and ids, so that many match, contradict and join others."""
    prefixes = {"imdb": "tt", "tmdb": "", "wikidata": "Q"}
    for each in range(number):
        facts = {
            "kind": draw.choice(["movie", "movie", "book"]),
            "year": draw.choice([None, 1990, 1991]),
            "ids": {name: f"{prefix}{draw.randint(1, 12)}" for name, prefix in prefixes.items() if draw.random() < 0.5},
        }
        title = draw.choice(["Kites", "Ferry", "Ferry: Part 2", "Orchard"])
        yield make_record(str(each), title, **facts) | {"source": source}


@pytest.mark.parametrize("seed", range(4))
def test_no_records_change_which_works_there_are(tmp_path: Path, home: Path, seed: int) -> None:
    draw = random.Random(seed)
    documents = [
        {"_id": record["source_id"], "title": record["title"],
         "metadata": {f"{name}_id": value for name, value in record["ids"].items()}}
        for record in random_records(draw, "any", 12)
    ]  # fmt: skip
    corpus: Iterable[Fields] = random_records(draw, "mine", 12) if seed % 2 else documents
    judged = "mine:0" if seed % 2 else "0"
    folder = write_benchmark(tmp_path / "films", corpus, QUERIES, [("kites", judged, 1)])
    facts = write_records(folder, *random_records(draw, "tmdb", 60), *random_records(draw, "imdb", 60))
    before = works_of(replace(read_benchmark(folder, "validation"), qrels={}), home)
    benchmark, added = add(folder, facts)
    after = works_of(replace(benchmark, qrels={}), home)
    assert after.keys() == before.keys()
    assert added.n_added > 2
    assert sum(len(work.sources) for work in after.values()) == 12 + added.n_added
    assert added.n_added + added.n_without_work + sum(reasons(added).values()) == 120


def test_an_index_that_has_other_works_is_refused(films: Path, home: Path) -> None:
    facts = write_records(films, film("f", "One More", ids={"imdb": "tt9"}))
    added = AddedRecords((AddedFile(facts, (1,)),), "digest", 1, len(CORPUS), 0, 0, {})
    benchmark = replace(read_benchmark(films, "validation"), added=added)
    with pytest.raises(BenchmarkInvalid, match="changed its 4 works to 5"):
        works_of(benchmark, home)


def test_other_records_have_an_index_of_their_own_and_nothing_is_embedded_twice(
    films: Path, home: Path, encoder: FakeEncoder
) -> None:
    facts = write_records(films, film("f", keywords=["wind"], ids={"imdb": "tt1"}))
    reviews = write_records(
        films, film("r", reviews=[{"text": "Moving."}], ids={"imdb": "tt1"}), name="reviews.jsonl"
    )  # fmt: skip
    for _ in range(2):
        for arguments in ((), ("--records", facts), ("--records", reviews)):
            measure(films, *arguments)
    assert len([each for each in (home / "evaluation").iterdir() if each.is_dir()]) == 3
    assert len(encoder.embedded) == 3 * len(CORPUS)
    measure(films, "--records", write_records(films, film("h", ids={"imdb": "tt9"}), name="others.jsonl"))
    assert len(encoder.embedded) == 3 * len(CORPUS)


def test_results_with_other_records_are_not_compared(films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = write_records(films, film("f", year=1994, ids={"imdb": "tt1"}))
    others = write_records(films, film("f", year=1995, ids={"imdb": "tt1"}), name="others.jsonl")
    bare, with_facts = films.parent / "bare.json", films.parent / "facts.json"
    bare.write_text(json.dumps(measure(films)))
    with_facts.write_text(json.dumps(measure(films, "--records", facts)))
    measure(films, "--baseline", with_facts, "--records", facts.rename(films.parent / "moved.jsonl"))
    refusals = {
        (with_facts, ()): "has records added (facts.jsonl 1), this one has none: name them with --records",
        (bare, ("--records", others)): "has no records added, this one has: leave out --records",
        (with_facts, ("--records", others)): "has other records added (facts.jsonl 1): name the same with --records",
    }
    capsys.readouterr()
    for (baseline, arguments), problem in refusals.items():
        assert evoke.main(["evaluate", str(films), "--baseline", str(baseline), *map(str, arguments)]) == 2
        assert capsys.readouterr().err.endswith(
            f"the earlier evaluation of films {problem}, or write a new one with --json\n"
        )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "facts.jsonl cannot be read"),
        ("", "facts.jsonl: no records"),
        ('{"imdb_id": "tt1", "tags": []}\n', "facts.jsonl:1: source: Field required"),
    ],
)
def test_catalogues_without_a_record_are_refused_before_any_work(
    films: Path, home: Path, content: str | None, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (films.parent / "facts.jsonl").write_text(content)
    assert evoke.main(["evaluate", str(films), "--records", str(films.parent / "facts.jsonl")]) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert message in printed.err
    assert not home.exists()


@pytest.mark.parametrize("other", ["--ratings", "--understanding"])
def test_records_without_a_benchmark_are_refused(films: Path, other: str, capsys: pytest.CaptureFixture[str]) -> None:
    facts = write_records(films, film("f", ids={"imdb": "tt1"}))
    assert evoke.main(["evaluate", other, str(facts), "--records", str(facts)]) == 2
    assert "--records" in capsys.readouterr().err


def test_labels_are_measured_on_merged_works_and_on_those_with_reviews(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The records tell what half of the films are like; only these have reviews here."""
    corpus = [{"_id": str(n), "title": "A Film", "text": "It goes on.", "metadata": {"imdb_id": f"tt{n}"}}
              for n in range(1, 41)]  # fmt: skip
    folder = write_benchmark(tmp_path / "films", corpus, QUERIES, [("kites", "1", 1)])
    for n in range(1, 41):
        tags = ["violence"] if n % 2 else ["romantic"]
        add_line(tmp_path / "labels.jsonl", {"imdb_id": f"tt{n}", "split": "validation", "tags": tags})
    taxonomy = load_taxonomy(None)
    described = {n: " ".join(taxonomy.prototype_texts("T-violence" if n % 2 else "T-romantic")) for n in range(1, 21)}
    facts = write_records(
        folder, *(make_record(str(n), "A Film", text, ids={"imdb": f"tt{n}"}) for n, text in described.items())
    )
    read_works = runner.read_works

    def read_as_reviewed(settings: EvaluationSettings, encoder: Any) -> Iterator[tuple[Work, Features]]:
        for work, features in read_works(settings, encoder):
            yield work.model_copy(update={"n_reviews": len(work.sources) - 1}), features

    monkeypatch.setattr(runner, "read_works", read_as_reviewed)
    arguments = ("--records", facts, "--labels", tmp_path / "labels.jsonl", "--report", tmp_path / "report")
    result = measure(folder, *arguments)
    assert result["labels"]["T-violence"]["n_works"] == 40
    means = result["label_means"]
    assert list(means) == ["all works", "works with reviews", "the same without the records", "gain"]
    assert [each["n_works"] for each in means.values()] == [40, 20, 20, 20]
    assert means["works with reviews"]["auc"]["value"] > means["all works"]["auc"]["value"]
    assert means["the same without the records"]["auc"]["value"] == 0.5
    assert means["gain"]["auc"]["value"] == pytest.approx(means["works with reviews"]["auc"]["value"] - 0.5)
    printed = capsys.readouterr().out
    page = (tmp_path / "report" / "report.html").read_text()
    for works in means:
        assert f"\n{works}  " in printed
        assert works in page
