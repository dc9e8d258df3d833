"""Works after some records changed are those of all records; and `evoke works` deletes, shows and exports them."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from catalogues import SMALL, make_records
from fakes import FakeEncoder
from homes import ask, build, open_home, read_points

import evoke
import indexer.works
from crawler.catalogue import read_catalogue
from crawler.records import SourceRecord
from indexer.errors import ModelUnavailable, UnknownWorks
from indexer.settings import IndexSettings
from indexer.store import Store
from indexer.stored_works import delete_works
from indexer.works import update_works

FERRY_OF_IMDB = {
    "source": "imdb", "source_id": "tt0000071", "kind": "movie", "title": "The Night Ferry", "year": 1979,
    "description": "A killer.", "genres": ["Thriller", "Crime"], "attribution": "Information courtesy of IMDb",
}  # fmt: skip


@pytest.fixture
def built_home(home: Path, small_home: Path) -> Path:
    """A copy of the small index, to change."""
    return Path(shutil.copytree(small_home, home))


def draw_record(draw: random.Random) -> SourceRecord:
    """Return one of a hundred records, which share titles, years, people and ids."""
    source = draw.choice(("tmdb", "imdb", "mine", "goodreads"))
    number = draw.randrange(25)
    return SourceRecord.model_validate(
        {
            "source": source,
            "source_id": f"tt{number}" if source == "imdb" else str(number),
            "kind": draw.choice(("movie", "movie", "book", None)),
            "title": draw.choice(("Salt Road", "Salt Road II", "The Salt Road: Home", "Far Signal", "Night Ferry")),
            "year": draw.choice((1999, 2000, 2001, 2004, None)),
            "creators": draw.choice(([], [{"name": "Ada Marsh"}], [{"name": "Olle Brink"}])),
            "ids": draw.choice(({}, {}, {"imdb": f"tt{draw.randrange(25)}"}, {"goodreads": str(draw.randrange(25))})),
        }
    )


def contents(store: Store) -> tuple[Any, ...]:
    """Return the works, and which records each is made of."""
    works = dict(store.hashes())
    records = store.matching.records_of(works)
    return works, store.work_digests(), records, {work: store.matching.records_of([work]) for work in works}


@pytest.mark.parametrize("seed", range(3))
def test_works_after_changes_are_those_that_matching_all_records_gives(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(seed)
    monkeypatch.setattr(indexer.works, "MOST_AFFECTED", 1.0)
    with Store(tmp_path / "some") as some, Store(tmp_path / "all") as all_again:
        for n_changed in (60, 1, 2, 1, 5, 1, 3, 20):
            records = {(record.source, record.source_id): record for record in map(draw_record, [draw] * n_changed)}
            gone = draw.sample(sorted(record.id for record in some.records()), 2) if n_changed < 60 else []
            for store in (some, all_again):
                store.remove_records(gone)
                store.put_records([(record, "") for record in records.values()], store.begin_run())
            all_again.matching.rules = None
            update_works(some)
            update_works(all_again)
            assert contents(some) == contents(all_again)


def test_a_change_of_few_records_reads_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    class ReadingStore(Store):
        def records(self, ids: Any = None) -> Any:
            for record in super().records(ids):
                read.append(record.id)
                yield record

    records = [SourceRecord.model_validate(fields) for fields in make_records(100)]
    with ReadingStore(tmp_path) as store:
        store.put_records([(record, "") for record in records], store.begin_run())
        update_works(store)
        assert len(read) == 100
        read.clear()
        changed = records[7].model_copy(update={"keywords": ("new",)})
        store.put_records([(changed, "")], store.begin_run())
        update_works(store)
        assert set(read) == {"test:00007"}
        (work,) = store.works(["test:00007"])
        assert work.keywords == ("new",)


# evoke works


def test_nothing_of_an_erased_work_is_left_in_the_home_folder(home: Path) -> None:
    """An index of which little changes is copied, with the bytes of what is deleted."""
    own = [
        {
            "source": "mine",
            "source_id": name,
            "kind": "movie",
            "title": f"The {name} of Varn",
            "creators": [{"name": name}],
        }
        for name in ("Zephyrine", "Quillon")
    ]
    build(home, [*make_records(150), *own])
    settings = IndexSettings(home=home)
    delete_works(["mine:Zephyrine"], settings, encoder=FakeEncoder())
    assert {path.relative_to(home).parts[0] for path in files_with(home, "Zephyrin")} == {"index", "known"}
    delete_works(["mine:Quillon"], settings, encoder=FakeEncoder(), erase=True)
    assert files_with(home, "Zephyrin") == files_with(home, "Quillon") == []
    assert len(read_points(home)) == 150


class ConvertedEncoder(FakeEncoder):
    """Has the name of the runtime that is usual."""

    runtime = "openvino-int8"


class MissingEncoder(FakeEncoder):
    """Has files that can be read, and neither a converted model nor torch."""

    def __getattribute__(self, name: str) -> Any:
        if name in ("runtime", "warm", "encode", "embed"):
            raise ModelUnavailable("the encoder was loaded")
        return super().__getattribute__(name)


def test_a_restored_home_loses_a_work_without_an_encoder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(home, make_records(30), ConvertedEncoder())
    monkeypatch.setattr("indexer.pipeline.open_encoder", lambda _settings: MissingEncoder())
    settings, (first, second, *_) = IndexSettings(home=home, runtime="openvino"), read_points(home)
    for work_id, erase in ((first, False), (second, True)):
        _, report = delete_works([work_id], settings, erase=erase)
        assert (report.n_embedded, work_id in str(read_points(home))) == (0, False)


def test_the_store_keeps_no_terms_of_a_deleted_text(home: Path) -> None:
    own = {**FERRY_OF_IMDB, "source": "mine", "source_id": "1", "description": "Zephyrine charts.", "ids": {}}
    build(home, [*make_records(30), own])
    delete_works(["mine:1"], IndexSettings(home=home), encoder=FakeEncoder())
    assert b"ephyrin" not in (home / "store.sqlite3").read_bytes()


def test_what_was_made_of_a_text_stays_while_another_work_has_it(built_home: Path) -> None:
    text = "A ferry crosses at night."
    twins = [
        {
            "source": "mine",
            "source_id": str(number),
            "kind": "movie",
            "title": "Night",
            "year": year,
            "description": text,
        }
        for number, year in enumerate((1950, 1990))
    ]
    build(built_home, twins)
    delete_works(["mine:0"], IndexSettings(home=built_home), encoder=FakeEncoder())
    with Store(built_home, read_only=True) as store:
        assert store.labels.of_work("mine:1")


def files_with(home: Path, stem: str) -> list[Path]:
    """Return the files that hold a stem, in whatever case."""
    word = stem.lower().encode()
    return [path for path in home.rglob("*") if path.is_file() and word in path.read_bytes().lower()]


def test_deleted_works_are_gone_until_they_are_indexed_again(built_home: Path) -> None:
    build(built_home, [FERRY_OF_IMDB])
    before = read_points(built_home)
    n_records, report = delete_works(
        ["test:night-ferry", "test:salt-road"], IndexSettings(home=built_home), encoder=FakeEncoder()
    )
    assert (n_records, report.n_works) == (3, len(SMALL) - 2)
    assert read_points(built_home).keys() == before.keys() - {"test:night-ferry", "test:salt-road"}
    with open_home(built_home) as search:
        assert "Night Ferry" not in {hit.title for hit in ask(search, "a detective on the last ferry").hits}
    build(built_home, [*SMALL, FERRY_OF_IMDB])
    assert len(read_points(built_home)) == len(before)


def test_an_unknown_id_deletes_nothing(built_home: Path) -> None:
    before = read_points(built_home)
    settings = IndexSettings(home=built_home)
    with pytest.raises(UnknownWorks, match=r"no work has the id 'test:nothing' in .+: nothing was changed"):
        delete_works(["test:salt-road", "test:nothing"], settings, encoder=FakeEncoder())
    assert read_points(built_home) == before
    with Store(built_home) as store:
        assert store.count_records() == len(SMALL)


def test_a_deletion_that_was_killed_goes_on(built_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    settings = IndexSettings(home=built_home)
    with monkeypatch.context() as patch:
        patch.setattr("indexer.pipeline.fill_and_swap", kill)
        with pytest.raises(Killed):
            delete_works(["test:salt-road"], settings, encoder=FakeEncoder())
    assert "test:salt-road" in read_points(built_home)
    delete_works(["test:salt-road"], settings, encoder=FakeEncoder())
    assert "test:salt-road" not in read_points(built_home)


def test_all_works_can_be_deleted(built_home: Path) -> None:
    with Store(built_home) as store:
        ids = [work_id for work_id, _ in store.hashes()]
    delete_works(ids, IndexSettings(home=built_home), encoder=FakeEncoder())
    assert read_points(built_home) == {}
    with open_home(built_home) as search:
        assert ask(search, "anything").total == 0


def test_a_work_is_shown_with_its_records_and_labels(built_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build(built_home, [FERRY_OF_IMDB])
    capsys.readouterr()
    assert evoke.main(["works", "show", "test:night-ferry"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["work"]["title"], shown["work"]["origins"]["title"]) == ("The Night Ferry", ["imdb:tt0000071"])
    assert [(record["source"], record["since"]) for record in shown["records"]] == [("imdb", 2), ("test", 1)]
    payload, _ = read_points(built_home)["test:night-ferry"]
    strengths = {label["id"]: label["strength"] for label in shown["labels"]}
    assert strengths
    assert strengths.items() >= {**payload["values"], **payload["tags"]}.items()
    assert all(label["evidence"] in shown["work"]["description"] for label in shown["labels"])
    assert all(label["name"] != label["id"] for label in shown["labels"])


@pytest.mark.parametrize("name", ["records.jsonl", "records.jsonl.gz"])
def test_exported_records_give_the_same_index(built_home: Path, tmp_path: Path, name: str) -> None:
    build(built_home, [FERRY_OF_IMDB, {"_id": "doc1", "title": "Blue Hour", "text": "A nurse walks home at dawn."}])
    assert evoke.main(["works", "export", "-o", str(tmp_path / name)]) == 0
    assert not any(path.suffix == ".unfinished" for path in tmp_path.iterdir())
    records = [record for _, record in read_catalogue(tmp_path / name)]  # type: ignore[misc]
    assert len(records) == len(SMALL) + 2
    again = tmp_path / "again"
    build(again, [record.model_dump(mode="json", exclude_defaults=True) for record in records])
    assert read_points(again) == read_points(built_home)
    assert "test:night-ferry" in read_points(again), "the work has the id of the record that was indexed first"


@pytest.mark.parametrize("arguments", [[], ["-o", "-"]])
def test_records_are_exported_to_standard_output(
    built_home: Path, capfdbinary: pytest.CaptureFixture[bytes], arguments: list[str]
) -> None:
    assert evoke.main(["works", "export", *arguments]) == 0
    lines = capfdbinary.readouterr().out.splitlines()
    assert {json.loads(line)["source_id"] for line in lines} == {record["source_id"] for record in SMALL}


@pytest.mark.parametrize("arguments", [["show", "x"], ["delete", "x", "y"], ["export"]])
def test_without_an_index_each_verb_is_one_line_and_code_2(
    arguments: list[str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evoke.main(["works", *arguments]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert f"{home} has no works yet: run `evoke index`" in printed.err
    assert not home.exists()


def test_an_unknown_work_is_one_line_and_code_2(
    small_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVOKE_HOME", str(small_home))
    assert evoke.main(["works", "show", "test:nothing"]) == 2
    assert "no work has the id 'test:nothing'" in capsys.readouterr().err
