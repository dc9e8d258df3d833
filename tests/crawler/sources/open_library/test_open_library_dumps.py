"""Open Library's dumps, any of them, plain or gzipped, whole or damaged, are joined into one record for each work."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from recorded import RECORDED, needs_recorded, recorded_truth

from crawler.answers import NotAWork, ParseResult, Reason
from crawler.records import Creator, SourceRecord
from crawler.sources.open_library import OPEN_LIBRARY
from crawler.sources.open_library.dumps import is_dump, read_dumps

WORK = {
    "key": "/works/OL70W",
    "title": "The Salt Atlas",
    "authors": [{"type": "/type/author_role", "author": {"key": "/authors/OL7A"}}],
    "subjects": ["Maps"],
}
EDITION = {
    "key": "/books/OL71M",
    "works": [{"key": "/works/OL70W"}],
    "title": "The salt atlas",
    "authors": [{"key": "/authors/OL8A"}],
    "publish_date": "October 1, 1988",
    "languages": [{"key": "/languages/eng"}],
    "number_of_pages": 312,
    "isbn_13": ["9780000000019"],
    "description": {"type": "/type/text", "value": "A *mapmaker* sails."},
    "source_records": ["marc:part01"],
}
OLDER = {"key": "/books/OL72M", "works": [{"key": "/works/OL70W"}], "title": "Salt", "publish_date": "1985"}
LONE = {"key": "/books/OL70M", "title": "A Lone Book", "authors": [{"key": "/authors/OL7A"}]}
AUTHORS = [{"key": "/authors/OL7A", "name": "Ines Prado"}, {"key": "/authors/OL8A", "name": "Tomas Lind"}]

RECORD = SourceRecord(
    source="open-library",
    source_id="OL70W",
    kind="book",
    title="The Salt Atlas",
    description="A mapmaker sails.",
    year=1985,
    creators=(Creator(name="Ines Prado", role="author"),),
    keywords=("Maps",),
    language="en",
    page_count=312,
    ids={"open_library": "OL70W", "isbn13": "9780000000019"},
    url="https://openlibrary.org/works/OL70W",
    licence=OPEN_LIBRARY.licence,
    attribution=OPEN_LIBRARY.attribution,
)


def line(document: dict[str, Any], kind: str = "") -> bytes:
    kind = kind or {"w": "work", "b": "edition", "a": "author"}[document["key"][1]]
    return f"/type/{kind}\t{document['key']}\t3\t2020-02-14T10:01:10.233793\t{json.dumps(document)}\n".encode()


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(name: str, *lines: bytes) -> Path:
        path = tmp_path / name
        content = b"".join(lines)
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write


def read(*paths: Path) -> list[ParseResult]:
    return list(read_dumps(paths))


def titles(results: list[ParseResult]) -> dict[str, str]:
    return {each.source_id: each.title for each in results if isinstance(each, SourceRecord)}


def test_works_editions_and_authors_join_in_any_order(write: Any) -> None:
    works = write("works.txt.gz", line(WORK))
    editions = write("editions.txt", line(OLDER), line(EDITION), line(LONE))
    authors = write("authors.txt.gz", *map(line, AUTHORS))
    for paths in ((works, editions, authors), (authors, editions, works)):
        results = read(*paths)
        assert results[-1] == RECORD
        assert titles(results) == {"OL70M": "A Lone Book", "OL70W": "The Salt Atlas"}
        assert isinstance(results[0], SourceRecord)
        assert results[0].creators == (Creator(name="Ines Prado", role="author"),)


def test_each_dump_alone(write: Any) -> None:
    assert titles(read(write("works.txt", line(WORK)))) == {"OL70W": "The Salt Atlas"}
    (lone, grouped) = read(write("editions.txt", line(OLDER), line(LONE), line(EDITION)))
    assert isinstance(lone, SourceRecord)
    assert isinstance(grouped, SourceRecord)
    assert (lone.source_id, lone.ids) == ("OL70M", {"open_library": "OL70M"})
    assert (grouped.source_id, grouped.title, grouped.year) == ("OL70W", "The salt atlas", 1985)
    assert read(write("authors.txt", *map(line, AUTHORS))) == []


def test_a_later_line_replaces_an_earlier_one(write: Any) -> None:
    renamed = {**WORK, "title": "The Salt Atlas, corrected"}
    assert titles(read(write("old.txt", line(WORK)), write("new.txt", line(renamed)))) == {"OL70W": renamed["title"]}


def test_a_line_that_is_not_a_work_is_reported_with_its_number(write: Any) -> None:
    path = write(
        "ol_dump.txt",
        line({"key": "/works/OL1W", "location": "/works/OL70W"}, "redirect"),
        line({"key": "/works/OL2W"}, "delete"),
        b"\n",
        line(WORK),
        b"/type/work\t/works/OL3W\t1\t2020\t{'single': quotes}\n",
        b"/type/work\t/works/OL3W\n",
        line({"key": "/works/none", "title": "?"}),
        b"/type/work\t/works/OL4W\t1\t2020\t[]\n",
        b"no columns\n",
        line({"key": "/works/OL5W"}),
        line(EDITION)[:-40],
    )
    *none, record = read(path)
    assert titles([record]) == {"OL70W": "The Salt Atlas"}
    reasons = [
        (each.reason, each.detail.removeprefix(f"{path}:").partition(":")[0])
        for each in none
        if isinstance(each, NotAWork)
    ]
    assert reasons == [
        (Reason.OTHER, "1"),
        (Reason.OTHER, "2"),
        (Reason.BROKEN, "5"),
        (Reason.BROKEN, "6"),
        (Reason.BROKEN, "7"),
        (Reason.BROKEN, "8"),
        (Reason.BROKEN, "9"),
        (Reason.BROKEN, "11"),
        (Reason.UNTITLED, "OL5W"),
    ]


def test_a_cut_gzip_file_gives_what_is_before_the_cut(write: Any, tmp_path: Path) -> None:
    works = [line({**WORK, "key": f"/works/OL{number}W"}) for number in range(1, 2001)]
    cut = tmp_path / "cut.txt.gz"
    cut.write_bytes(write("whole.txt.gz", *works).read_bytes()[:-2000])
    first, *records = read(cut)
    assert isinstance(first, NotAWork)
    assert first.reason is Reason.BROKEN
    assert 0 < len(titles(records)) == len(records) < 2000


def test_the_temporary_file_is_in_the_folder_and_removed_also_when_reading_stops_early(
    write: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    reading = read_dumps([write("works.txt", line(WORK), line({**WORK, "key": "/works/OL71W"}))], folder)
    next(reading)
    assert list(folder.rglob("*.sqlite"))
    reading.close()
    assert list(folder.iterdir()) == []


def test_dumps_are_known_by_their_first_line() -> None:
    assert is_dump(Path("any"), line(WORK))
    assert is_dump(Path("any"), line({"key": "/languages/eng"}, "language")[:80])
    for head in (b"", b"{}", json.dumps(WORK).encode(), b"tconst\ttitleType\n", b"/type/work\t/works/OL1W\n"):
        assert not is_dump(Path("ol_dump_works.txt"), head)


@needs_recorded
def test_recorded_dumps() -> None:
    found = [entry for entry in recorded_truth("open_library") if "/dumps/" in entry["file"]]
    assert found
    for entry in found:
        path, truth = RECORDED / entry["file"], entry["ground_truth"]
        assert is_dump(path, path.read_bytes()[:4096])
        results = read(path)
        records = [each for each in results if isinstance(each, SourceRecord)]
        assert len(results) == len(records)
        if truth["types"] == ["/type/author"]:
            assert records == []
            continue
        assert len(records) <= truth["lines"]
        assert truth["first_title"] in {record.title for record in records}
        assert sum(bool(record.description) for record in records) == truth["with_description"]


def moved(key: str, location: str) -> bytes:
    return line({"key": key, "location": location}, "redirect")


def test_redirects_of_works_and_authors_are_followed(write: Any) -> None:
    """A work and its author were merged into others, the author twice; an edition still names the old work."""
    work = {**WORK, "authors": [{"author": {"key": "/authors/OL5A"}}]}
    lines = [
        *map(line, (work, *AUTHORS)),
        line({**EDITION, "works": [{"key": "/works/OL9W"}]}),
        line({**OLDER, "works": [{"key": "/works/OL8W"}]}),
        moved("/authors/OL5A", "/authors/OL6A"),
        moved("/authors/OL6A", "/authors/OL7A"),
        moved("/works/OL9W", "/works/OL8W"),
        moved("/works/OL8W", "/works/OL70W"),
        line({**WORK, "key": "/works/OL9W", "title": "The name before"}),  # from a dump before the merge
    ]
    for order in (lines, lines[::-1]):
        results = read(write("dump.txt.gz", *order))
        assert [each for each in results if isinstance(each, SourceRecord)] == [RECORD]
        assert len([each for each in results if isinstance(each, NotAWork)]) == 4


def test_a_redirect_to_a_work_that_is_not_there_joins_editions_under_its_key(write: Any) -> None:
    path = write("dump.txt", line(EDITION), line(OLDER), moved("/works/OL70W", "/works/OL99W"))
    record = read(path)[-1]
    assert isinstance(record, SourceRecord)
    assert (record.source_id, record.ids["open_library"], record.year) == ("OL99W", "OL99W", 1985)


def test_redirects_in_a_circle_are_reported_and_lose_nothing(write: Any) -> None:
    path = write(
        "dump.txt",
        moved("/works/OL70W", "/works/OL8W"), moved("/works/OL8W", "/works/OL70W"),
        moved("/authors/OL7A", "/authors/OL7A"), moved("/works/OL6W", "/authors/OL7A"),
        line(WORK), *map(line, AUTHORS),
    )  # fmt: skip
    results = read(path)
    broken = [each.detail for each in results if isinstance(each, NotAWork) and each.reason is Reason.BROKEN]
    assert broken[1:] == [f"{key} redirects in a circle" for key in ("/works/OL8W", "/works/OL70W", "/authors/OL7A")]
    assert "redirects to another kind" in broken[0]
    assert titles(results) == {"OL70W": "The Salt Atlas"}
