"""IMDb's tables are joined into records: any subset of them, in any order, broken anywhere."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.answers import NotAWork, ParseResult, Reason
from crawler.errors import CatalogueMissing
from crawler.records import SourceRecord
from crawler.sources.imdb.tables import is_table, read_tables
from tests.recorded import RECORDED, needs_recorded, recorded_truth

BASICS = (
    "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n"
    "tt0000009\tmovie\tPaper Boats\tBarquitos de papel\t0\t1999\t\\N\t88\tDrama,Family\n"
    'tt10000010\tshort\t"Quoted" & <Odd>\t"Quoted" & <Odd>\t0\t\\N\t\\N\t\\N\t\\N\n'
    "tt0000011\ttvEpisode\tPilot\tPilot\t0\t2001\t\\N\t30\tDrama\n"
    "tt0000012\tvideoGame\tTin Ships\tTin Ships\t0\t2003\t\\N\t\\N\tAction\n"
    "tt0000013\tvideo\tNot for Children\tNot for Children\t1\t2004\t\\N\t70\tAdult\n"
)
RATINGS = "tconst\taverageRating\tnumVotes\ntt0000009\t7.5\t120\ntt0000011\t9.0\t5\n"
CREW = "tconst\tdirectors\twriters\ntt0000009\tnm0000002\tnm0000003,nm0000002\ntt0000011\tnm0000001\t\\N\n"
PRINCIPALS = (
    "tconst\tordering\tnconst\tcategory\tjob\tcharacters\n"
    'tt0000009\t2\tnm0000001\tactress\t\\N\t["Ana"]\n'
    'tt0000009\t1\tnm10000004\tself\t\\N\t["Self"]\n'
    "tt0000009\t3\tnm0000002\tdirector\t\\N\t\\N\n"
    "tt0000009\t4\tnm0000003\tarchive_footage\t\\N\t\\N\n"
    "tt0000009\t5\tnm0000005\tproduction_designer\t\\N\t\\N\n"
    "tt0000009\t6\tnm0000404\teditor\t\\N\t\\N\n"
)
NAMES = (
    "nconst\tprimaryName\tbirthYear\tdeathYear\tprimaryProfession\tknownForTitles\n"
    "nm0000001\tAna Ruiz\t1970\t\\N\tactress\ttt0000009\n"
    "nm10000004\tJosé  Sol\t\\N\t\\N\t\\N\t\\N\n"
    "nm0000002\tIngrid Berg\t\\N\t\\N\tdirector\t\\N\n"
    "nm0000003\tO. Writer\t\\N\t\\N\twriter\t\\N\n"
    "nm0000005\tThe Designer\t\\N\t\\N\t\\N\t\\N\n"
)
LICENCE = "for personal and non-commercial use only (https://developer.imdb.com/non-commercial-datasets/)"
ATTRIBUTION = "Information courtesy of IMDb (https://www.imdb.com). Used with permission."


def results_of(folder: Path, **tables: str | bytes) -> list[ParseResult]:
    paths = []
    for name, content in tables.items():
        paths.append(folder / f"{name}.tsv")
        paths[-1].write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_tables(paths))


def films(results: list[ParseResult]) -> dict[str, SourceRecord]:
    return {each.source_id: each for each in results if isinstance(each, SourceRecord)}


def refusals(results: list[ParseResult]) -> list[tuple[Reason, str]]:
    return [(each.reason, each.detail) for each in results if isinstance(each, NotAWork)]


def film(source_id: str, **fields: object) -> SourceRecord:
    return SourceRecord.model_validate(
        {
            "source": "imdb",
            "source_id": source_id,
            "kind": "movie",
            "ids": {"imdb": source_id},
            "url": f"https://www.imdb.com/title/{source_id}/",
            "licence": LICENCE,
            "attribution": ATTRIBUTION,
            **fields,
        }
    )


def test_films_of_all_tables(tmp_path: Path) -> None:
    results = results_of(tmp_path, names=NAMES, principals=PRINCIPALS, basics=BASICS, crew=CREW, ratings=RATINGS)
    assert results == [
        film(
            "tt0000009",
            title="Paper Boats",
            original_title="Barquitos de papel",
            year=1999,
            creators=[
                {"name": "Ingrid Berg", "role": "director"},
                {"name": "O. Writer", "role": "writer"},
                {"name": "Ingrid Berg", "role": "writer"},
                {"name": "José Sol", "role": "actor"},
                {"name": "Ana Ruiz", "role": "actor"},
                {"name": "The Designer", "role": "production designer"},
            ],
            genres=["Drama", "Family"],
            runtime_minutes=88,
            rating={"mean": 7.5, "count": 120, "scale": 10},
        ),
        film("tt10000010", title='"Quoted" & <Odd>', original_title='"Quoted" & <Odd>'),
        NotAWork(Reason.SERIES, "tvEpisode"),
        NotAWork(Reason.OTHER, "videoGame"),
        NotAWork(Reason.OTHER, "adult"),
    ]


@pytest.mark.parametrize(
    ("title_type", "reason"),
    [
        *((film_type, None) for film_type in ("movie", "short", "tvMovie", "tvShort", "tvSpecial", "video")),
        *((part, Reason.SERIES) for part in ("tvSeries", "tvMiniSeries", "tvEpisode", "tvPilot", "podcastSeries")),
        *((other, Reason.OTHER) for other in ("videoGame", "musicVideo", "hologram", "\\N")),
    ],
)
def test_which_titles_are_films(title_type: str, reason: Reason | None, tmp_path: Path) -> None:
    (result,) = results_of(
        tmp_path, basics=BASICS.splitlines()[0] + f"\ntt0000009\t{title_type}\tA\tA" + "\t\\N" * 5 + "\n"
    )
    assert (result.reason if isinstance(result, NotAWork) else None) == reason


def test_basics_alone_and_credits_without_names(tmp_path: Path) -> None:
    alone = films(results_of(tmp_path, basics=BASICS))["tt0000009"]
    assert (alone.title, alone.rating, alone.creators) == ("Paper Boats", None, ())
    assert films(results_of(tmp_path, basics=BASICS, crew=CREW, principals=PRINCIPALS))["tt0000009"] == alone
    assert films(results_of(tmp_path, basics=BASICS, names=NAMES))["tt0000009"] == alone


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    def backwards(table: str) -> str:
        header, *rows = table.splitlines(keepends=True)
        return header + "".join(reversed(rows))

    tables = {"basics": BASICS, "ratings": RATINGS, "crew": CREW, "principals": PRINCIPALS, "names": NAMES}
    expected = films(results_of(tmp_path, **tables))
    assert films(results_of(tmp_path, **{name: backwards(table) for name, table in tables.items()})) == expected


def test_tables_without_facts_of_films_are_named(tmp_path: Path) -> None:
    akas = "titleId\tordering\ttitle\tregion\tlanguage\ttypes\tattributes\tisOriginalTitle\n"
    assert refusals(results_of(tmp_path, ratings=RATINGS, akas=akas, other="a\tb\n1\t2\n")) == [
        (Reason.OTHER, "akas.tsv: no fact of a record comes from title.akas"),
        (Reason.UNKNOWN, "other.tsv: its first line is not that of an IMDb table"),
        (Reason.OTHER, "without title.basics there are no titles"),
    ]


def test_columns_more_fewer_and_elsewhere(tmp_path: Path) -> None:
    moved = "new\tprimaryTitle\ttconst\ttitleType\nx\tPaper Boats\ttt0000009\tmovie\n"
    assert results_of(tmp_path, basics=moved) == [film("tt0000009", title="Paper Boats")]


def test_windows_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    marked = b"\xef\xbb\xbf" + BASICS.replace("\n", "\r\n").encode()
    assert films(results_of(tmp_path, basics=marked)) == films(results_of(tmp_path, basics=BASICS))


def test_broken_rows_are_reported_and_do_not_spoil_others(tmp_path: Path) -> None:
    basics = BASICS.encode() + (
        b"tt0000014\tmovie\tToo\tfew\n"
        b"\n"
        b"tt0000015\tmovie\tCaf\xe9\tCaf\xe9\t0\t1999\t\\N\t88\tDrama\n"
        b"nine\tmovie\tNo id\tNo id\t0\t1999\t\\N\t88\tDrama\n"
        b"tt0000016\tmovie\t\\N\t\\N\t0\t1999\t\\N\t88\tDrama\n"
        b"tt0000017\tmovie\tOdd Facts\t\\N\tx\t19x9\t\\N\t0\t,Drama,\n"
    )
    results = results_of(tmp_path, basics=basics, ratings=RATINGS + "tt0000017\t11.5\t3\ntt0000017\t5.0\tmany\n")
    assert films(results)["tt0000017"] == film("tt0000017", title="Odd Facts", genres=["Drama"])
    assert refusals(results)[-4:] == [
        (Reason.BROKEN, "basics.tsv:7: 4 of 9 columns"),
        (Reason.BROKEN, "basics.tsv:9: not UTF-8"),
        (Reason.BROKEN, "basics.tsv: nine"),
        (Reason.UNTITLED, "tt0000016"),
    ]
    assert refusals(results)[:2] == [
        (Reason.BROKEN, "ratings.tsv: no rating in 'tt0000017 11.5 3'"),
        (Reason.BROKEN, "ratings.tsv: no rating in 'tt0000017 5.0 many'"),
    ]


def test_a_table_cut_anywhere_has_fewer_facts_and_no_wrong_ones(tmp_path: Path) -> None:
    tables = {"basics": BASICS, "ratings": RATINGS, "crew": CREW, "principals": PRINCIPALS, "names": NAMES}
    whole = films(results_of(tmp_path, **tables))
    for name, table in tables.items():
        for length in range(len(table)):
            for source_id, record in films(results_of(tmp_path, **{**tables, name: table[:length]})).items():
                full = whole[source_id]
                assert record.title == full.title
                assert record.rating in (None, full.rating)
                assert set(record.genres) <= set(full.genres)
                assert set(record.creators) <= set(full.creators)


def test_packed_tables_and_one_that_is_cut(tmp_path: Path) -> None:
    table = BASICS + "".join(f"tt1{n:06}\tmovie\tFilm {n * n}\t\\N\t0\t1999\t\\N\t88\tDrama\n" for n in range(2_000))
    packed, whole = gzip.compress(table.encode()), results_of(tmp_path, basics=table)
    assert results_of(tmp_path, basics=packed) == whole
    *results, last = results_of(tmp_path, basics=packed[:-1_000])
    assert results == whole[: len(results)]
    assert len(results) > 1_000
    assert isinstance(last, NotAWork)
    assert last.reason is Reason.BROKEN
    assert refusals(results_of(tmp_path, basics=packed[:40]))[0][0] is Reason.BROKEN


TEXT = st.text(st.characters(exclude_characters="\t\n\r", exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["", "\\N", " two  spaces ", "<i>Italic</i>", "A &amp; B", "x" * 1_000, "x" * 1_001, "é" * 999, "e\u0301"]
)


@settings(max_examples=100, deadline=None)
@given(
    primary=TEXT,
    original=TEXT,
    year=st.integers(-5, 3_000),
    minutes=st.integers(-5, 200_000),
    genres=TEXT,
    rating=st.tuples(st.decimals(0, 11, places=1), st.integers(0, 3_000_000)),
    credit=st.tuples(TEXT, TEXT),
)
def test_records_are_what_validation_makes_of_the_same_fields(
    tmp_path_factory: pytest.TempPathFactory,
    primary: str,
    original: str,
    year: int,
    minutes: int,
    genres: str,
    rating: tuple[object, int],
    credit: tuple[str, str],
) -> None:
    header = BASICS.splitlines()[0]
    results = results_of(
        tmp_path_factory.mktemp("tables"),
        basics=f"{header}\ntt0000009\tmovie\t{primary}\t{original}\t0\t{year}\t\\N\t{minutes}\t{genres}\n",
        ratings=f"tconst\taverageRating\tnumVotes\ntt0000009\t{rating[0]}\t{rating[1]}\n",
        principals=f"tconst\tordering\tnconst\tcategory\ntt0000009\t1\tnm0000001\t{credit[1]}\n",
        names=f"nconst\tprimaryName\tbirthYear\nnm0000001\t{credit[0]}\t\\N\n",
    )
    for record in films(results).values():
        assert record == film(
            "tt0000009",
            title=primary,
            original_title=record.original_title and original,
            year=record.year and year,
            creators=[{"name": credit[0], "role": record.creators[0].role and credit[1].replace("_", " ")}]
            if record.creators
            else (),
            genres=[genre for genre in genres.split(",") if genre.strip()] if record.genres else (),
            runtime_minutes=record.runtime_minutes and minutes,
            rating=record.rating and {"mean": rating[0], "count": rating[1], "scale": 10},
        )


def test_tables_are_recognised_by_name_or_by_first_line() -> None:
    assert is_table(Path("title.basics.tsv.gz"), b"")
    assert is_table(Path("backup_name.basics.tsv"), b"")
    assert is_table(Path("some.txt"), RATINGS.encode())
    assert is_table(Path("some.txt"), b"\xef\xbb\xbf" + RATINGS.replace("\n", "\r\n").encode())
    assert not is_table(Path("basics.tsv"), b"id\ttitle\n1\tA\n")
    assert not is_table(Path("tt0000009.html"), b"<html>")


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueMissing, match=r"none\.tsv"):
        list(read_tables([tmp_path / "none.tsv"]))


@needs_recorded
def test_recorded_tables_join_as_their_rows_say() -> None:
    truth = {Path(entry["file"]).name: entry["ground_truth"] for entry in recorded_truth("imdb/tsv")}
    paths = [RECORDED / "imdb/tsv" / name for name in truth]
    assert all(is_table(path, b"") for path in paths)
    results = list(read_tables(paths))
    records = films(results)
    n_rows = truth["head250_title.basics.tsv"]["rows"]
    assert len(records) == n_rows
    first, last = records["tt0000001"], records["tt0000251"]
    assert (first.title, first.year, first.runtime_minutes) == ("Carmencita", 1894, 1)
    assert (last.title, last.year, last.genres) == ("Matches: An Appeal", 1899, ("Animation", "Short"))
    rated = {source_id: record.rating for source_id, record in records.items() if record.rating}
    assert {source_id: (rating.mean, rating.count) for source_id, rating in rated.items()} == {
        "tt0000005": (6.2, 2596),
        "tt0000006": (5.1, 177),
        "tt0000007": (5.4, 814),
        "tt0000008": (5.4, 2097),
        "tt0000009": (5.3, 204),
    }
