"""Reviews in the store: kept with their records, of works, forgotten for good, and never in the way of other works."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest
from catalogues import SMALL, Fields, write_catalogue
from fakes import FakeEncoder
from homes import build
from reviewing import make_review, write_text

import evoke
from crawler.catalogue import read_catalogue
from crawler.records import SourceRecord
from indexer.build_report import BuildReport
from indexer.cli import report_lines
from indexer.merging.merging import content_hash
from indexer.pipeline import build_index
from indexer.reviews.choosing import KeptReview
from indexer.reviews.keeping import parse_keeping
from indexer.settings import IndexSettings
from indexer.store import Store
from indexer.stored_works import delete_works
from indexer.works import update_works

FERRY = {"source": "imdb", "source_id": "tt71", "kind": "movie", "title": "Night Ferry", "year": 1978}


def ferry(*reviews: Fields, **facts: Any) -> Fields:
    return {**FERRY, "reviews": list(reviews), **facts}


def put(store: Store, *records: Fields, keep: str = "") -> list[str]:
    """Store records, merge them, and return what changed."""
    read = [(SourceRecord.model_validate(record), "") for record in records]
    changes = store.put_records(read, store.begin_run(), keeping=parse_keeping(keep))
    update_works(store)
    return [change for change, _ in changes]


def reviews_of(store: Store, work_id: str = "imdb:tt71") -> list[KeptReview]:
    return dict(store.reviews()).get(work_id, [])


def kept_texts(store: Store, work_id: str = "imdb:tt71") -> set[str | None]:
    return {review.text for review in reviews_of(store, work_id)}


def forget_all(store: Store) -> int:
    return store.forget_review_texts([review.digest for _, reviews in store.reviews() for review in reviews])


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("store.sqlite3*")))


def test_a_work_has_the_reviews_of_its_record(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        put(
            store, ferry(make_review(1, rating=7, helpful=3, spoiler=True), make_review(2)), {**FERRY, "source": "mine"}
        )
        (first, second) = reviews_of(store)
        assert (first.source, first.rating, first.helpful, first.spoiler) == ("imdb", 0.7, 3, True)
        assert {first.text, second.text} == {write_text(1), write_text(2)}
        assert [work_id for work_id, _ in store.reviews(["imdb:tt71", "mine:tt71", "nothing"])] == ["imdb:tt71"]
        (work,) = store.works(["imdb:tt71"])
        assert (work.n_reviews, len(work.reviews_digest)) == (2, 64)


def test_a_record_changes_with_its_reviews(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert put(store, ferry(make_review(1), make_review(2))) == ["new"]
        before = dict(store.hashes())
        assert put(store, ferry(make_review(2), make_review(1))) == ["unchanged"]
        assert put(store, ferry(make_review(1, helpful=5), make_review(2))) == ["changed"]
        assert dict(store.hashes()) == before, "a vote changes which reviews come first, not what is said"
        assert put(store, ferry(make_review(1))) == ["changed"]
        assert kept_texts(store) == {write_text(1)}
        assert dict(store.hashes()) != before
        assert put(store, FERRY) == ["changed"]
        assert (reviews_of(store), store.works(["imdb:tt71"])[0].n_reviews) == ([], 0)


def test_texts_are_forgotten_for_good(tmp_path: Path) -> None:
    records = [ferry(*(make_review(seed + n) for seed in range(40)), source_id=f"tt{n}") for n in range(0, 4_000, 100)]
    with Store(tmp_path) as store:
        put(store, *records, {**ferry(make_review(9_000)), "source": "mine"})
        assert write_text(5).encode() in bytes_of(tmp_path)
        assert forget_all(store) == 1_600
        content = bytes_of(tmp_path)
        assert all(
            sentence.encode() not in content for n in range(0, 4_000, 100) for sentence in write_text(n).split(". ")
        )
        assert {review.text for _, reviews in store.reviews() for review in reviews} == {None, write_text(9_000)}
        assert forget_all(store) == 0


def test_forgotten_texts_are_not_stored_again(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        put(store, ferry(make_review(1), make_review(2)))
        forget_all(store)
        before = dict(store.hashes())
        assert put(store, ferry(make_review(1), make_review(2))) == ["unchanged"]
        assert (kept_texts(store), dict(store.hashes())) == ({None}, before)
        assert put(store, ferry(make_review(1), make_review(2), make_review(3))) == ["changed"]
        assert kept_texts(store) == {None, write_text(3)}
        assert write_text(1).encode() not in bytes_of(tmp_path)


def test_reviews_can_be_forgotten_while_they_are_read(tmp_path: Path) -> None:
    records = [ferry(make_review(n), source_id=f"tt{n:04}", title=f"Film {n}") for n in range(600)]
    with Store(tmp_path) as store:
        put(store, *records)
        seen = []
        for work_id, reviews in store.reviews():
            seen.append(work_id)
            assert store.forget_review_texts([review.digest for review in reviews]) == 1
        assert seen == [f"imdb:tt{n:04}" for n in range(600)]


def test_reviews_go_with_their_record(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        put(store, ferry(make_review(1)), {**ferry(make_review(2)), "source": "mine", "title": "Other"})
        store.remove_records(["imdb:tt71"])
        update_works(store)
        assert [work_id for work_id, _ in store.reviews()] == ["mine:tt71"]
        run = store.begin_run()
        store.prune(run)
        update_works(store)
        assert list(store.reviews()) == []
        store.review_table.empty_log()
        assert b"which is what" not in bytes_of(tmp_path)


def test_reviews_of_several_records_of_a_work_are_one_list(tmp_path: Path) -> None:
    mine = {**FERRY, "source": "mine", "source_id": "1", "ids": {"imdb": "tt71"}}
    with Store(tmp_path) as store:
        put(
            store,
            ferry(make_review(1, helpful=2), make_review(2), ids={"imdb": "tt71"}),
            {**mine, "reviews": [{"text": f"<p>{write_text(1)}</p> Edited."}, make_review(3)]},
        )
        assert kept_texts(store) == {write_text(1), write_text(2), write_text(3)}
        assert store.works(["imdb:tt71"])[0].n_reviews == 3
        forget_all(store)
        assert kept_texts(store) == {None, write_text(3)}
        put(store, mine)
        assert (kept_texts(store), store.works(["imdb:tt71"])[0].n_reviews) == ({None}, 2)


def test_lost_features_are_made_from_a_catalogue_that_is_read_again(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        put(store, ferry(make_review(1), make_review(2)))
        digests = [review.digest for review in reviews_of(store)]
        assert store.review_table.drop(digests) == 0, "their texts are there"
        forget_all(store)
        assert store.review_table.drop(digests[:1]) == 1
        update_works(store)
        assert store.works(["imdb:tt71"])[0].n_reviews == 1
        assert put(store, ferry(make_review(1), make_review(2))) == ["changed"]
        assert len(kept_texts(store) - {None}) == 1


# What is kept, by the setting


def test_a_change_of_the_setting_changes_what_is_stored(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        put(store, ferry(make_review(1)), keep="imdb=text")
        shown = dict(store.hashes())
        assert (reviews_of(store)[0].keeps_text, forget_all(store)) == (True, 0)
        assert store.review_table.apply(parse_keeping("")) == 0
        update_works(store)
        assert not reviews_of(store)[0].keeps_text
        assert dict(store.hashes()) != shown, "its quotes must leave the index"
        assert put(store, ferry(make_review(1))) == ["unchanged"]
        assert store.review_table.apply(parse_keeping("imdb=text")) == 0
        update_works(store)
        assert (reviews_of(store)[0].keeps_text, dict(store.hashes())) == (True, shown)
        assert store.review_table.apply(parse_keeping("imdb=none")) == 1
        update_works(store)
        assert (reviews_of(store), store.works(["imdb:tt71"])[0].n_reviews) == ([], 0)
        assert put(store, ferry(make_review(1)), keep="imdb=none") == ["unchanged"]


def test_forgotten_texts_come_back_only_from_a_catalogue(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        put(store, ferry(make_review(1)))
        forget_all(store)
        store.review_table.apply(parse_keeping("imdb=text"))
        assert [(review.text, review.keeps_text) for review in reviews_of(store)] == [(None, False)]
        assert put(store, ferry(make_review(1)), keep="imdb=text") == ["changed"]
        assert [(review.text, review.keeps_text) for review in reviews_of(store)] == [(write_text(1), True)]


# Builds


def index(home: Path, records: Iterable[Fields], keep: str = "") -> BuildReport:
    home.parent.mkdir(parents=True, exist_ok=True)
    catalogue = write_catalogue(home.parent / "reviewed.jsonl", records)
    return build_index([catalogue], IndexSettings(home=home, keep_reviews=keep), encoder=FakeEncoder())


def test_a_build_says_what_became_of_reviews(home: Path) -> None:
    german = "Eine Frau fährt durch die Nacht, und der Film lässt einen nicht los. Langsam, aber schön."
    call = {"text": f"{write_text(4)} Call 212-555-0123.", "rating": 11}
    reviewed = [ferry(make_review(1), make_review(1), make_review(2), {"text": german}, call)]
    report = index(home, [*SMALL, *reviewed, {**ferry(make_review(3)), "source": "mine"}], "ours=none,*=features")
    lines = report_lines(report, 1.0)
    assert (
        "6 reviews: 4 kept (4 as features only); 2 left out (1 repeated, 1 in other languages); personal data cut out "
        "of 1; 1 ratings without a scale ignored"
    ) in lines
    assert "EVOKE_KEEP_REVIEWS names 'ours', which is the source of no record" in lines
    assert not any("names '*'" in line for line in lines)
    again = index(home, SMALL, "imdb=none")
    assert "3 stored reviews were removed, since none are kept of their sources" in report_lines(again, 1.0)
    assert not any("reviews:" in line for line in report_lines(again, 1.0))


def test_a_store_of_the_version_without_reviews_is_updated_and_nothing_is_built_again(home: Path) -> None:
    build(home, SMALL)
    with sqlite3.connect(home / "store.sqlite3") as connection:
        connection.executescript(
            """DROP TRIGGER reviews_of_record; DROP TABLE review; DROP INDEX record_source;
               UPDATE work SET body = json_remove(body, '$.n_reviews', '$.reviews_digest');
               PRAGMA user_version = 5;"""
        )
    connection.close()
    encoder = FakeEncoder()
    report = build(home, SMALL, encoder)
    assert (dict(report.changes), report.generation, encoder.embedded) == ({"unchanged": len(SMALL)}, None, [])
    report = build(home, [*SMALL, ferry(make_review(1))])
    with Store(home) as store:
        assert kept_texts(store, "test:night-ferry") == {None}  # of this source only features are kept


def test_a_work_without_reviews_has_the_hash_that_it_had_before_there_were_any(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        put(store, FERRY)
        (work,) = store.works(["imdb:tt71"])
        fields = work.model_dump(mode="json", exclude={"n_reviews", "reviews_digest"})
        before = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
        assert content_hash(work) == hashlib.sha256(before).digest()


# The verbs


def test_exported_reviews_give_the_same_store(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = {**ferry(*(make_review(seed, rating=seed, scale=9, helpful=seed) for seed in range(9))), "source": "zines"}
    index(home, [*SMALL, ferry(make_review(10), make_review(11), title="Other"), mine])
    output = tmp_path / "records.jsonl.gz"
    assert evoke.main(["works", "export", "-o", str(output)]) == 0
    assert "2 reviews left out: only their features may be kept" in capsys.readouterr().out
    assert evoke.main(["works", "export"]) == 0
    assert "2 reviews left out" in capsys.readouterr().err
    records = [record.model_dump(mode="json", exclude_defaults=True) for _, record in read_catalogue(output)]  # type: ignore[misc]
    index(tmp_path / "again", records)
    with Store(home) as before, Store(tmp_path / "again") as after:
        assert list(after.reviews()) == [(work, reviews) for work, reviews in before.reviews() if work != "imdb:tt71"]
        assert len(reviews_of(after, "test:night-ferry")) == 9


def test_a_work_is_shown_with_the_reviews_that_may_be_shown(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index(home, [ferry(make_review(1, rating=5)), {**ferry(make_review(2, helpful=4)), "source": "mine"}])
    assert evoke.main(["works", "show", "imdb:tt71"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["work"]["n_reviews"] == 2
    assert shown["reviews"] == [
        {"source": "mine", "rating": None, "helpful": 4, "spoiler": False, "text": write_text(2)},
        {"source": "imdb", "rating": 0.5, "helpful": 0, "spoiler": False, "text": None},
    ]


def test_deleted_works_take_their_reviews_with_them(home: Path) -> None:
    index(home, [*SMALL, {**ferry(make_review(1)), "source": "zines"}])
    delete_works(["test:night-ferry"], IndexSettings(home=home), encoder=FakeEncoder())
    with Store(home) as store:
        assert list(store.reviews()) == []
    assert b"which is what" not in bytes_of(home)


def test_a_damaged_review_is_found(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index(home, [{**ferry(make_review(1)), "source": "mine"}])
    assert evoke.main(["check"]) == 0
    with sqlite3.connect(home / "store.sqlite3") as connection:
        connection.execute("UPDATE review SET text = 'Another text.'")
    connection.close()
    assert evoke.main(["check"]) != 0
    assert "the record 'mine:tt71' is not as it was stored" in capsys.readouterr().out


def test_a_backup_has_the_reviews(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index(home, [{**ferry(make_review(1)), "source": "mine"}])
    assert evoke.main(["backup", str(tmp_path / "evoke.backup")]) == 0
    monkeypatch.setenv("EVOKE_HOME", str(tmp_path / "restored"))
    assert evoke.main(["restore", str(tmp_path / "evoke.backup")]) == 0
    with Store(tmp_path / "restored") as store:
        assert kept_texts(store, "mine:tt71") == {write_text(1)}
