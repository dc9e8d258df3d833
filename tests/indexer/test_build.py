"""`evoke index` as a user sees it: new, changed, unchanged and removed works, and what is computed again."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from catalogues import SMALL, Fields, make_record, make_records, write_catalogue
from fakes import FakeEncoder
from homes import ask, build, open_home, read_points, titles

from crawler.records import SourceRecord
from indexer.analysis import ANALYSER_VERSION, Analyser
from indexer.bm25 import term_id
from indexer.build_report import BuildReport
from indexer.catalogues import RejectFile, read_records, starter_catalogue
from indexer.cli import report_lines
from indexer.encoder.encoder import Encoder
from indexer.errors import BM25Invalid, NothingToIndex
from indexer.features import FeatureMaker
from indexer.merging.merging import heading
from indexer.pipeline import STORED_WORKS, build_index
from indexer.records import Work
from indexer.reviews.keeping import DECLARED
from indexer.serving import read_facts
from indexer.settings import IndexSettings
from indexer.store import Store
from indexer.works import update_works
from search_api.search import Search
from search_api.views import EVIDENCE_SCORE


def counts(report: BuildReport) -> dict[str, int]:
    return {change: number for change, number in report.changes.items() if number}


def ids(home: Path) -> set[str]:
    return {work_id.removeprefix("test:") for work_id in read_points(home)}


def renamed(records: Sequence[Fields], source_id: str, **facts: Any) -> list[Fields]:
    return [{**record, **facts} if record["source_id"] == source_id else record for record in records]


@pytest.fixture
def built_home(home: Path, small_home: Path) -> Path:
    """A copy of the small index, to change."""
    return Path(shutil.copytree(small_home, home))


def test_first_build_serves_every_work(home: Path) -> None:
    report = build(home, SMALL)
    assert counts(report) == {"new": len(SMALL)}
    assert report.n_works == report.n_embedded == len(SMALL)
    assert ids(home) == {record["source_id"] for record in SMALL}
    with open_home(home) as search:
        assert titles(search, "storms at the lighthouse", limit=1) == ["The Lighthouse Year"]


def test_unchanged_catalogue_builds_nothing(built_home: Path) -> None:
    encoder = FakeEncoder()
    before = read_points(built_home)
    report = build(built_home, SMALL, encoder)
    assert counts(report) == {"unchanged": len(SMALL)}
    assert report.generation is None
    assert encoder.embedded == []
    assert read_points(built_home) == before


def test_only_the_changed_and_the_new_are_embedded(built_home: Path) -> None:
    encoder = FakeEncoder()
    changed = renamed(SMALL, "salt-road", description="Two sisters drive north with a stolen bell.")
    report = build(built_home, [*changed, make_record("new", "Paper Boats")], encoder)
    assert counts(report) == {"unchanged": len(SMALL) - 1, "changed": 1, "new": 1}
    assert len(encoder.embedded) == report.n_embedded == 2
    with open_home(built_home) as search:
        found = ask(search, "stolen bell").hits[0]
        assert (found.title, found.description) == ("Salt Road", "Two sisters drive north with a stolen bell.")
        assert ask(search, "anything").total == len(SMALL) + 1


def test_new_rating_is_served_without_embedding(built_home: Path) -> None:
    encoder = FakeEncoder()
    rating = {"mean": 8.1, "count": 900, "scale": 10}
    report = build(built_home, renamed(SMALL, "salt-road", rating=rating), encoder)
    assert (counts(report)["changed"], encoder.embedded) == (1, [])
    assert read_points(built_home)["test:salt-road"][0]["rating"] == rating


def test_a_reverted_change_is_not_embedded_again(built_home: Path) -> None:
    build(built_home, renamed(SMALL, "salt-road", description="Something else."))
    encoder = FakeEncoder()
    report = build(built_home, SMALL, encoder)
    assert (counts(report)["changed"], encoder.embedded) == (1, [])


def test_after_changes_the_index_is_as_if_built_at_once(built_home: Path, tmp_path: Path) -> None:
    final = [*renamed(SMALL, "bee-diary", description="Ten hives, one winter."), make_record("new", "Paper Boats")]
    build(built_home, make_records(40))
    build(built_home, final, prune=True)
    build(tmp_path / "fresh", final)
    assert read_points(built_home) == read_points(tmp_path / "fresh")


def test_earlier_works_stay_unless_pruned(built_home: Path) -> None:
    few = SMALL[:3]
    assert build(built_home, few).n_works == len(SMALL)
    assert len(ids(built_home)) == len(SMALL)
    report = build(built_home, few, prune=True)
    assert (report.n_pruned, report.n_works) == (len(SMALL) - 3, 3)
    assert ids(built_home) == {record["source_id"] for record in few}


def test_nothing_is_pruned_when_a_line_was_rejected(built_home: Path) -> None:
    report = build(built_home, [*SMALL[:3], {"title": "no source"}], prune=True)
    assert (report.n_pruned, report.n_rejected) == (0, 1)
    assert "nothing was pruned" in " ".join(report.notes)
    assert len(ids(built_home)) == len(SMALL)


STARTER_LEFT = "the starter catalogue's 350 works were removed: `evoke index --keep-starter` brings them back"


def index(
    home: Path, catalogues: Sequence[Path] = (), encoder: FakeEncoder | None = None, **options: Any
) -> BuildReport:
    return build_index(catalogues, IndexSettings(home=home), encoder=encoder or FakeEncoder(), **options)


def test_the_starter_catalogue_leaves_when_another_is_indexed_and_comes_back_if_asked_for_without_embedding(
    home: Path, tmp_path: Path
) -> None:
    small = write_catalogue(tmp_path / "small.jsonl", SMALL)
    assert index(home).n_works == 350
    report = index(home, [small])
    assert STARTER_LEFT in report.notes
    assert report.n_works == len(SMALL)
    assert ids(home) == {record["source_id"] for record in SMALL}
    encoder = FakeEncoder()
    report = index(home, encoder=encoder, keep_starter=True)
    assert (report.n_works, encoder.embedded) == (350 + len(SMALL), [])
    assert STARTER_LEFT not in report.notes


def test_without_a_catalogue_ones_own_works_are_brought_up_to_date_and_stay_alone(home: Path, tmp_path: Path) -> None:
    index(home, [write_catalogue(tmp_path / "small.jsonl", SMALL)])
    report = index(home)
    assert (report.n_works, report.generation, report.changes.total()) == (len(SMALL), None, 0)
    assert STORED_WORKS in report.notes
    other = FakeEncoder("another model")
    assert index(home, encoder=other).generation
    assert len(other.embedded) == len(SMALL)
    assert ids(home) == {record["source_id"] for record in SMALL}


def test_ones_own_works_are_not_pruned_by_no_catalogue(home: Path, tmp_path: Path) -> None:
    index(home, [write_catalogue(tmp_path / "small.jsonl", SMALL)])
    with pytest.raises(NothingToIndex, match="--prune removes what is not in the catalogues: name those"):
        index(home, prune=True)
    assert ids(home) == {record["source_id"] for record in SMALL}


def read(home: Path, catalogues: Sequence[Path], *, prune: bool = False, keep_starter: bool = False) -> Counter[str]:
    """Read catalogues into a home's store, and return how many records of each source it then has."""
    home.mkdir(exist_ok=True)
    report = BuildReport()
    with Store(home) as store, RejectFile(home / "rejects.jsonl") as rejects:
        read_records(
            catalogues, store, store.begin_run(), report, rejects, DECLARED, prune=prune, keep_starter=keep_starter
        )
        return Counter(record.fields["source"] for record in store.records())


@pytest.mark.parametrize("prune", [False, True])
def test_the_starter_catalogue_can_be_kept(home: Path, tmp_path: Path, prune: bool) -> None:
    read(home, [starter_catalogue()])
    read(home, [write_catalogue(tmp_path / "gone.jsonl", [make_record("gone", "Gone")])], keep_starter=True)
    small = write_catalogue(tmp_path / "small.jsonl", SMALL)
    assert read(home, [small], prune=prune, keep_starter=True) == {"starter": 350, "test": len(SMALL) + (not prune)}


def test_the_starter_catalogue_stays_if_it_is_named_or_read_from_a_file_of_ones_own(home: Path, tmp_path: Path) -> None:
    small = write_catalogue(tmp_path / "small.jsonl", SMALL)
    read(home, [starter_catalogue()])
    assert read(home, [small, starter_catalogue()])["starter"] == 350
    read(home, [Path(shutil.copy(starter_catalogue(), tmp_path / "mine.jsonl"))])
    assert read(home, [small])["starter"] == 350


def test_the_starter_catalogue_stays_if_nothing_else_can_be_read(home: Path, tmp_path: Path) -> None:
    read(home, [starter_catalogue()])
    with pytest.raises(NothingToIndex):
        read(home, [write_catalogue(tmp_path / "bad.jsonl", [{"title": "no source"}])])
    with Store(home) as store:
        assert store.count_records() == 350


def test_features_of_the_packaged_model_in_a_store_of_an_earlier_version_are_used(home: Path) -> None:
    class Packaged(FakeEncoder):
        fingerprint = Encoder(adaptation="off").fingerprint
        runtime = "torch"

    earlier = hashlib.sha256(
        f"{ANALYSER_VERSION}:57379c83b2bfdab6f4378c9c6beef9b412f323cfd2fc9ff5e5055b0cd6ddf351:torch".encode()
    )
    build(home, SMALL, Packaged(dimension=384))
    with sqlite3.connect(home / "store.sqlite3") as connection:
        connection.execute("UPDATE features SET recipe = ?", (earlier.digest(),))
        connection.execute("PRAGMA user_version = 3")
    connection.close()
    encoder = Packaged(dimension=384)
    assert (build(home, SMALL, encoder).n_works, encoder.embedded) == (len(SMALL), [])


def test_another_model_embeds_all_again(built_home: Path) -> None:
    other = FakeEncoder("other", dimension=32)
    report = build(built_home, SMALL, other)
    assert counts(report) == {"unchanged": len(SMALL)}
    assert len(other.embedded) == len(SMALL)
    with open_home(built_home, other) as search:
        assert titles(search, "the last ferry", limit=1) == ["Night Ferry"]


def test_another_taxonomy_labels_all_again_without_embedding(built_home: Path, tmp_path: Path) -> None:
    taxonomy = tmp_path / "values.toml"
    taxonomy.write_text(
        'version = "test"\n'
        + "".join(
            f'[[values]]\nid = "{value_id}"\nname = "{name}"\nfacet = "emotion"\ndescription = "{name}"\n'
            for value_id, name in (("V1", "storm"), ("V2", "laugh"), ("V3", "fog"))
        )
    )
    encoder = FakeEncoder()
    catalogue = write_catalogue(tmp_path / "works.jsonl", SMALL)
    report = build_index([catalogue], IndexSettings(home=built_home, taxonomy=taxonomy), encoder=encoder)
    assert (report.generation is not None, encoder.embedded) == (True, [])
    payload, vectors = read_points(built_home)["test:night-ferry"]
    assert payload["primary_values"] == [] or payload["primary_values"] == ["V3"]
    assert set(payload["values"]) <= {"V1", "V2", "V3"}
    assert set(vectors["values"]) <= {0, 1, 2}


def test_several_files_plain_and_gzipped(home: Path, tmp_path: Path) -> None:
    catalogues = [
        write_catalogue(tmp_path / "films.jsonl", SMALL[:3]),
        write_catalogue(tmp_path / "books.jsonl.gz", SMALL[3:]),
    ]
    report = build_index(catalogues, IndexSettings(home=home), encoder=FakeEncoder())
    assert counts(report) == {"new": len(SMALL)}


def test_beir_corpus_keeps_its_ids(home: Path) -> None:
    documents = [
        {"_id": "doc1", "title": "Blue Hour", "text": "A nurse walks home at dawn.", "metadata": {"year": 1999}},
        {"_id": "doc2", "title": "Red Hour", "text": "", "metadata": {"kind": "book", "authors": ["Ada Marsh"]}},
        {"_id": 3, "title": "Grey Hour", "text": "An hour of rain.", "metadata": {}},
    ]
    build(home, documents)
    with open_home(home) as search:
        assert {hit.id for hit in ask(search, "hour").hits} == {"doc1", "doc2", "3"}
        assert search.work("doc1").year == 1999
        assert [creator.name for creator in search.work("doc2").creators] == ["Ada Marsh"]


def test_a_repeated_record_is_counted(home: Path) -> None:
    report = build(home, [*SMALL, SMALL[0]])
    assert counts(report) == {"new": len(SMALL), "repeated": 1}
    assert (report.n_works, report.n_rejected) == (len(SMALL), 0)


def test_a_repeated_record_with_other_content_is_rejected_with_both_places(home: Path) -> None:
    report = build(home, [*SMALL, {**SMALL[0], "title": "Another Title"}])
    assert report.rejects is not None
    rejected = json.loads(report.rejects.read_text())
    catalogue = home.with_suffix(".jsonl")
    assert (rejected["file"], rejected["line"]) == (str(catalogue), len(SMALL) + 1)
    assert f"is also at {catalogue}:1, with other content" in rejected["reason"]
    assert json.loads(rejected["raw"])["title"] == "Another Title"
    with open_home(home) as search:
        assert search.work("test:lighthouse").title == "The Lighthouse Year"


def test_works_with_the_same_text_are_embedded_once(home: Path) -> None:
    encoder = FakeEncoder()
    report = build(home, [make_record("a", "Twin", "One text."), make_record("b", "Twin", "One text.")], encoder)
    assert (report.n_works, len(encoder.embedded)) == (2, 1)
    assert ids(home) == {"a", "b"}


FERRY_OF_IMDB = {
    "source": "imdb", "source_id": "tt0000071", "kind": "movie", "title": "The Night Ferry", "year": 1979,
    "description": "A killer.", "genres": ["Thriller", "Crime"], "attribution": "Information courtesy of IMDb",
}  # fmt: skip


def test_records_of_one_work_are_served_as_one_with_the_source_of_each_field(home: Path) -> None:
    encoder = FakeEncoder()
    report = build(home, [*SMALL, FERRY_OF_IMDB], encoder)
    assert (counts(report), report.n_works, len(encoder.embedded)) == ({"new": 9}, 8, 8)
    assert "9 records describe 8 works" in report.notes
    with open_home(home) as search:
        work = search.work("imdb:tt0000071")
        assert ask(search, "anything").total == 8
    assert (work.title, work.year, work.runtime_minutes) == ("The Night Ferry", 1979, 121)
    assert work.description.startswith("A detective rides")
    assert work.genres == ("Thriller", "Crime")
    assert [f"{source.source}:{source.source_id}" for source in work.sources] == ["imdb:tt0000071", "test:night-ferry"]
    assert work.origins["title"] == ("imdb:tt0000071",)
    assert work.origins["description"] == work.origins["creators"] == ("test:night-ferry",)


def test_a_work_keeps_its_id_when_a_source_joins_and_takes_another_when_its_own_goes(built_home: Path) -> None:
    before = read_points(built_home)
    encoder = FakeEncoder()
    report = build(built_home, [FERRY_OF_IMDB], encoder)
    assert (report.n_works, len(encoder.embedded)) == (8, 1)
    joined = read_points(built_home)
    assert joined.keys() == before.keys()
    assert joined["test:night-ferry"][0]["title"] == "The Night Ferry"
    build(built_home, [*SMALL[:4], *SMALL[5:], FERRY_OF_IMDB], prune=True)
    assert read_points(built_home).keys() == before.keys() - {"test:night-ferry"} | {"imdb:tt0000071"}


def test_a_changed_record_changes_its_work_only_and_may_leave_it(home: Path) -> None:
    build(home, [*SMALL, FERRY_OF_IMDB])
    encoder = FakeEncoder()
    report = build(home, [*SMALL, {**FERRY_OF_IMDB, "genres": ["Thriller", "Mystery"]}], encoder)
    assert (report.n_works, len(encoder.embedded)) == (8, 1)
    report = build(home, [*SMALL, {**FERRY_OF_IMDB, "year": 2011}])
    assert (counts(report), report.n_works) == ({"unchanged": 8, "changed": 1}, 9)
    assert {"imdb:tt0000071", "test:night-ferry"} <= read_points(home).keys()


def test_it_does_not_matter_in_which_file_records_come(tmp_path: Path) -> None:
    catalogues = [
        write_catalogue(tmp_path / "films.jsonl", SMALL),
        write_catalogue(tmp_path / "imdb.jsonl", [FERRY_OF_IMDB]),
    ]
    for order in (1, -1):
        build_index(catalogues[::order], IndexSettings(home=tmp_path / f"home{order}"), encoder=FakeEncoder())
    assert read_points(tmp_path / "home1") == read_points(tmp_path / "home-1")


def test_a_benchmark_document_keeps_its_id_whichever_records_join_it(home: Path) -> None:
    document = {"_id": "doc1", "title": "Night Ferry", "text": "", "metadata": {"imdb_id": "tt0000071", "year": 1978}}
    build(home, [FERRY_OF_IMDB])
    build(home, [document, {**document, "_id": "doc2"}])
    with open_home(home) as search:
        assert {hit.id for hit in ask(search, "ferry").hits} == {"doc1", "doc2"}
        assert search.work("doc1").description == "A killer."


def test_an_unchanged_catalogue_makes_no_work_again(home: Path) -> None:
    build(home, [*SMALL, FERRY_OF_IMDB])
    report = build(home, [FERRY_OF_IMDB, *SMALL])
    assert (counts(report), report.generation) == ({"unchanged": 9}, None)


def test_an_unfinished_merge_is_repeated(tmp_path: Path) -> None:
    class BrokenOff(Exception):
        pass

    class BreakingStore(Store):
        def put_works(self, works: Iterable[tuple[Work, bytes]]) -> None:
            super().put_works(islice(works, 2))
            raise BrokenOff

    def put(store: Store, records: Sequence[Fields]) -> None:
        run = store.begin_run()
        store.put_records([(SourceRecord.model_validate(record), "") for record in records], run)
        store.prune(run)

    with BreakingStore(tmp_path) as store:
        put(store, SMALL)
        with pytest.raises(BrokenOff):
            update_works(store)
    with Store(tmp_path) as store:
        put(store, SMALL)
        update_works(store)
        finished = list(store.hashes())
    with BreakingStore(tmp_path) as store:
        put(store, renamed(SMALL, "bee-diary", year=1931))
        with pytest.raises(BrokenOff):
            update_works(store)
    with Store(tmp_path) as store:
        put(store, SMALL)
        update_works(store)  # as when all was well
        assert list(store.hashes()) == finished
        assert len(finished) == len(SMALL)


def test_a_store_of_an_earlier_version_is_updated(built_home: Path) -> None:
    with sqlite3.connect(built_home / "store.sqlite3") as connection:
        connection.executescript(
            """CREATE TABLE old (id TEXT PRIMARY KEY, content_hash BLOB NOT NULL, text_hash BLOB NOT NULL,
               origin TEXT NOT NULL, run INTEGER NOT NULL, body TEXT NOT NULL);
               INSERT INTO old SELECT id, content_hash, text_hash, origin, run,
               json_remove(work.body, '$.origins', '$.countries', '$.n_reviews', '$.reviews_digest')
               FROM work JOIN record USING (id);
               DROP TABLE work;
               DROP TABLE record;
               DROP TABLE review;
               DROP TABLE matched;
               DROP TABLE block;
               DROP TABLE labels;
               DROP TABLE labelling;
               DROP TABLE served;
               DROP TABLE state;
               ALTER TABLE old RENAME TO work;
               PRAGMA user_version = 1;"""
        )
    connection.close()
    encoder = FakeEncoder()
    before = read_points(built_home)
    report = build(built_home, SMALL[:3], encoder)
    assert (counts(report), report.n_works, encoder.embedded) == ({"unchanged": 3}, len(SMALL), [])
    assert read_points(built_home) == before


def test_terms_that_were_stored_without_fields_are_analysed_anew(built_home: Path) -> None:
    with sqlite3.connect(built_home / "store.sqlite3") as connection:
        connection.execute("""UPDATE features SET terms = '{"sea": 3}'""")
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    encoder = FakeEncoder()
    before = read_points(built_home)
    build(built_home, renamed(SMALL, "salt-road", year=2012), encoder)
    after = read_points(built_home)
    assert encoder.embedded == []
    assert {work_id: vectors for work_id, (_, vectors) in after.items()} == {
        work_id: vectors for work_id, (_, vectors) in before.items()
    }


def write_tuning(home: Path, bm25: Fields) -> Path:
    fusions = {kind: {"method": "dbsf"} for kind in ("described", "mood", "guess", "other")}
    path = home.parent / "tuning.json"
    path.write_text(json.dumps({**fusions, "bm25": bm25}))
    return path


def test_a_tuned_bm25_builds_another_index_of_the_same_vectors(built_home: Path, tmp_path: Path) -> None:
    tuning = write_tuning(tmp_path, {"k1": 2.0, "b": 0.5, "weights": {"title": 3, "description": 0}})
    catalogue = write_catalogue(tmp_path / "small.jsonl", SMALL)
    encoder = FakeEncoder()
    settings = IndexSettings(home=built_home, tuning=tuning)
    before = read_points(built_home)
    report = build_index([catalogue], settings, encoder=encoder)
    assert (report.generation is not None, encoder.embedded) == (True, [])
    assert build_index([catalogue], settings, encoder=encoder).generation is None
    after = read_points(built_home)
    for name in ("text", "values"):
        assert all(after[work_id][1][name] == before[work_id][1][name] for work_id in before)
    with open_home(built_home) as search:
        facts = read_facts(search.engine, report.generation or "")
        assert facts is not None
        assert (facts.bm25.k1, facts.bm25.b, facts.bm25.weights) == (2.0, 0.5, {"title": 3, "description": 0})
        length = 3 * len(("salt", "road")) + len(("ines", "roux", "comedi", "adventur"))
        norm = 2.0 * (1 - 0.5 + 0.5 * length / facts.mean_terms)
        weights = after["test:salt-road"][1]["bm25"]
        assert weights[term_id("salt")] == pytest.approx(3 * (2.0 + 1) / (3 + norm), abs=1e-4)
        assert weights[term_id("comedi")] == pytest.approx(1 * (2.0 + 1) / (1 + norm), abs=1e-4)
        assert term_id("desert") not in weights
    assert build(built_home, SMALL).generation is not None
    assert read_points(built_home) == before


@pytest.mark.parametrize(
    ("bm25", "named"), [({"k1": -1}, "bm25.k1"), ({"weights": {"plot": 2}}, "bm25.weights.plot"), ({"k": 1}, "bm25.k")]
)
def test_an_impossible_tuning_is_refused_before_anything_is_read(
    home: Path, tmp_path: Path, bm25: Fields, named: str
) -> None:
    settings = IndexSettings(home=home, tuning=write_tuning(tmp_path, bm25))
    with pytest.raises(BM25Invalid, match=named):
        build_index([write_catalogue(tmp_path / "small.jsonl", SMALL)], settings, encoder=FakeEncoder())
    assert not home.exists()


def test_fields_together_have_the_terms_of_the_whole() -> None:
    work = Work(
        id="w", title="Ask Me", original_title="Frag mich", description="A mother-in-law asks. Sammy answers.",
        creators=({"name": "Sammy Davis Jr"}, {"name": "J. R. R. Tolkien"}), genres=("Sci-Fi",),
        keywords=("the end", "ask"),
    )  # fmt: skip
    analyser = Analyser()
    maker = FeatureMaker(analyser, FakeEncoder())
    ((_, features),) = maker.embed(maker.analyse([work]))
    whole = Counter(analyser.terms(heading(work)) + analyser.terms(work.description))
    assert (features.terms, list(features.terms)) == (whole, list(whole))
    assert features.field_terms == {
        "title": {"ask": 1, "frag": 1, "mich": 1},
        "creators": {"sammi": 1, "davi": 1, "tolkien": 1},
        "genres": {"sci": 1, "fi": 1},
        "keywords": {"end": 1, "ask": 1},
        "description": {"mother": 1, "law": 1, "ask": 1, "sammi": 1, "answer": 1},
    }


def test_closing_line_counts_everything(built_home: Path) -> None:
    changed = renamed(SMALL[:6], "salt-road", description="Other words.")
    first = build(built_home, [*changed, SMALL[0], make_record("new", "Paper Boats"), {"title": "no source"}])
    lines = report_lines(first, 2.04)
    assert lines[-2] == f"1 lines rejected, each with its reason in {first.rejects}"
    assert lines[-1].startswith(
        f"9 works: 1 new, 1 changed, 5 unchanged, 1 repeated, 1 rejected; 2 embedded; "
        f"now serving {first.generation}; 2.0 s"
    )
    pruned = report_lines(build(built_home, SMALL[:4], prune=True), 1)[-1]
    assert pruned.startswith("4 works: 0 new, 1 changed, 3 unchanged, 5 pruned; 0 embedded; now serving works-")
    assert "the index was up to date; 1.0 s" in report_lines(build(built_home, SMALL[:4]), 1)[-1]


def test_texts_in_other_languages_are_reported(home: Path) -> None:
    text = "Ein Leuchtturmwärter verbringt einen ganzen Winter allein und lernt in den Stürmen wieder zu hoffen."
    assert build(home, [make_record("a", "Der Leuchtturm", text), SMALL[0]]).n_foreign == 1


def test_finished_builds_leave_one_generation(built_home: Path) -> None:
    for number in range(3):
        build(built_home, [make_record("new", f"Paper Boats {number}")])
    collections = [path.name for path in (built_home / "index" / "collections").iterdir()]
    assert collections == ["works-4"]


def test_reject_file_of_an_earlier_run_is_gone_once_all_lines_are_read(home: Path) -> None:
    rejects = build(home, [*SMALL, {"title": "no source"}]).rejects
    assert rejects is not None
    assert rejects.exists()
    build(home, SMALL)
    assert not rejects.exists()


def test_evidence_of_a_strong_value_is_a_sentence_of_the_description(small_search: Search) -> None:
    hits = ask(small_search, "anything", limit=len(SMALL)).hits
    strong = [(hit, value) for hit in hits for value in hit.values if value.score >= EVIDENCE_SCORE]
    assert strong
    for hit, value in strong:
        assert value.evidence is not None
        assert hit.description[value.evidence.start : value.evidence.end] == value.evidence.text
        assert value.evidence.text.endswith(".")
    weak = [value for hit in hits for value in hit.values if value.score < EVIDENCE_SCORE]
    assert weak
    assert not any(value.evidence for value in weak)


def test_long_text_is_found_by_its_last_sentence(home: Path, real_encoder: Encoder) -> None:
    filler = "He counts the parcels, signs the form and drives on to the next house in the same grey street. " * 40
    last = "In the end a volcano erupts and buries the entire town under glowing lava."
    decoys = [
        make_record(str(number), f"Route {number}", filler.replace("parcels", word))
        for number, word in enumerate(("letters", "boxes", "bottles", "books", "lamps"))
    ]
    long = make_record("long", "The Postman", filler + last)
    build(home, [*decoys, long], real_encoder)
    with open_home(home, real_encoder) as search:
        hit = ask(search, "an eruption destroys a village", limit=1).hits[0]
        assert hit.title == "The Postman"
        assert hit.legs["text"].rank == 1
        volcanic = [value.evidence.text for value in search.work("test:long").values if value.evidence]
        assert last in volcanic


def test_works_of_another_encoder_are_embedded_anew_once_and_its_features_removed(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    build(home, SMALL)
    assert not caplog.records
    other = FakeEncoder("other")
    report = build(home, SMALL, other)
    (line,) = [record.getMessage() for record in caplog.records]
    assert f"{report.n_embedded} works were embedded by another model" in line
    assert "in about 1 min " in line
    with closing(sqlite3.connect(home / "store.sqlite3")) as connection:
        assert connection.execute("SELECT count(DISTINCT recipe) FROM features").fetchone() == (1,)
    other.embedded.clear()
    build(home, SMALL, other)
    assert not other.embedded
