"""The report on catalogues: its counts, its doubts, and a page that escapes the texts of catalogues."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from catalogues import SMALL, Fields, make_record, make_records, write_catalogue
from homes import build
from reviewing import make_review, write_text

import evoke
from indexer.errors import NothingToIndex
from indexer.profile.doubts import Doubt
from indexer.profile.profile import Profile, profile_catalogues
from indexer.profile.report import percent, render_report
from indexer.profile.vocabulary import Growth, fit_heaps
from indexer.stories import split_words

TODAY = date(2026, 11, 23)
ROOT = Path(__file__).parents[3]


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    return tmp_path / "works.jsonl"


def profile(path: Path, records: Iterable[Fields]) -> Profile:
    return profile_catalogues([write_catalogue(path, records)], TODAY)


def page_text(page: str) -> str:
    """Return the text that a browser shows."""
    shown: list[str] = []

    class Reader(HTMLParser):
        hidden = False

        def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
            self.hidden = tag in {"style", "script"}

        def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
            self.hidden = False

        def handle_data(self, data: str) -> None:
            if not self.hidden:
                shown.append(data)

    Reader().feed(page)
    return " ".join(" ".join(shown).split())


def doubt(found: Profile, name: str) -> Doubt:
    return next(doubt for doubt in found.doubts if doubt.name == name)


# Counts


def test_records_are_counted_by_source_and_kind(catalogue: Path) -> None:
    others = [{"source": "other", "source_id": "1", "title": "Nothing Known"}]
    found = profile(catalogue, [*SMALL, *others])
    assert found.n_by_kind == {"book": 4, "movie": 4, "unknown": 1}
    assert found.records.groupby(["source", "kind"], observed=True).size().to_dict() == {
        ("test", "movie"): 4, ("test", "book"): 4, ("other", "unknown"): 1,
    }  # fmt: skip
    assert found.languages == {"en": 6, "fr": 1, "es": 1}
    assert found.genres["Drama"] == 3


def test_unknown_numbers_are_nan(catalogue: Path) -> None:
    found = profile(
        catalogue,
        [
            make_record("1", "Rated", "Two words.", rating={"mean": 4, "count": 7, "scale": 5}, year=1999),
            make_record("2", "Rated by nobody", rating={"mean": 0, "count": 0, "scale": 5}),
        ],
    )
    assert found.records[["rating", "n_ratings", "year", "n_words"]].iloc[0].tolist() == [8, 7, 1999, 2]
    assert found.records[["rating", "n_ratings", "year", "n_words"]].iloc[1].isna().all()


def test_missing_fields_are_counted(catalogue: Path) -> None:
    found = profile(catalogue, [make_record("1", "A", kind="movie", year=2000), make_record("2", "B", kind="movie")])
    assert found.missing["test", "movie"][["kind", "year", "description", "ids"]].tolist() == [0, 1, 2, 2]
    shown = page_text(render_report(found, TODAY))
    assert "year 50%" in shown
    assert "runtime minutes 100%" in shown
    assert "page count \N{EN DASH}" in shown


def test_a_repeated_record_counts_once(catalogue: Path) -> None:
    found = profile(catalogue, [*SMALL, {**SMALL[0], "year": 1995}])
    assert (len(found.records), found.n_repeated) == (8, 1)


def test_duplicates_are_the_records_that_a_build_merges(catalogue: Path) -> None:
    alien = {"kind": "movie", "year": 1979, "ids": {"imdb": "tt0078748"}}
    records = [
        {"source": "tmdb", "source_id": "348", "title": "Alien", **alien},
        {"source": "imdb", "source_id": "tt0078748", "title": "Obcy", **alien},
        {"source": "starter", "source_id": "salt", "title": "Salt Road", "kind": "movie", "year": 2011},
        *SMALL,
    ]
    found = profile(catalogue, records)
    merged = found.duplicates
    assert (merged.n_works, merged.n_records, merged.n_merged) == (2, 4, 2)
    assert merged.n_by_sources == {("imdb", "tmdb"): 1, ("starter", "test"): 1}
    assert [[record.title for record in group] for group in merged.examples] == [["Obcy", "Alien"]]
    assert len(found.records) - merged.n_merged == build(catalogue.parent / "home", records).n_works


def test_rejected_lines_are_counted_by_reason_without_details(catalogue: Path) -> None:
    wrong = [make_record("1", "A", kind="tv"), make_record("2", "B", kind="game"), make_record("3", "")]
    write_catalogue(catalogue, [*SMALL, *wrong])
    with catalogue.open("ab") as file:
        file.write(b"[1, 2]\n{broken\n{more: broken}\n")
    found = profile_catalogues([catalogue], TODAY)
    assert found.n_rejected == 6
    counts = sorted(rejections.n_lines for rejections in found.rejected.values())
    assert counts == [1, 1, 2, 2]
    shown = page_text(render_report(found, TODAY))
    assert "2 kind: Input should be 'movie' or 'book' works.jsonl:9" in shown


def test_a_catalogue_without_records_is_refused_with_the_first_reason(catalogue: Path) -> None:
    catalogue.write_text("[]\n[]\n")
    with pytest.raises(NothingToIndex, match=r"works.jsonl:1: a record is a JSON object, .* and 1 more"):
        profile_catalogues([catalogue], TODAY)


# Doubts

LEAD = (
    "The Winding Stair is a 1925 American silent drama film directed by Ada J. Marsh and starring Tom Ferrier. "
    "It was released by Harbour Pictures in October."
)
STORY = "The Winding Stair is a 1925 American drama film directed by Ada Marsh about a widow who keeps a lighthouse."


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("empty", {}),
        ("short", {"description": "Nine words are not enough to tell a story."}),
        ("no story", {"description": LEAD}),
        ("odd year", {"kind": "movie", "year": 1887}),
        ("odd year", {"kind": "book", "year": 0}),
        ("odd year", {"kind": "book", "year": -2601}),
        ("odd year", {"kind": "movie", "year": 2030}),
        ("odd year", {"kind": "movie", "year": 1952, "description": STORY}),
        ("title markup", {"title": "{{Film name}}"}),
        ("title markup", {"title": "Tom &amp;amp; Viv"}),
        ("title markup", {"title": "Le proc\ufffds"}),  # a letter is lost for good
        ("description markup", {"description": "See [the first part](https://books.example/1) for how it all began."}),
    ],
)
def test_doubtful_records_are_found(catalogue: Path, name: str, fields: dict[str, Any]) -> None:
    found = doubt(profile(catalogue, [make_record("1", "Title") | fields]), name)
    assert found.n_by_kind.total() == 1
    assert found.examples[0].doubt


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("short", {"description": "This description has ten words, which is just about enough."}),
        ("short", {"description": "孤独な灯台守が嵐の冬に希望を取り戻す。"}),
        ("no story", {"description": STORY}),
        ("no story", {"description": "It is a very good book that describes the hardships of the settlements."}),
        ("no story", {"description": "A director and an actress share one bridge in wartime."}),
        ("odd year", {"kind": "movie", "year": 1888}),
        ("odd year", {"kind": "book", "year": -2600}),
        ("odd year", {"kind": "movie", "year": 2029}),
        ("odd year", {"kind": "movie", "year": 1926, "description": STORY}),
        ("odd year", {"kind": "book", "year": 1920, "description": STORY}),
        ("odd year", {"kind": "movie", "year": 2009, "description": f"A drama. {STORY}"}),
        ("title markup", {"title": "[REC]²"}),
        ("title markup", {"title": "Tom & Viv: São Paulo, I <3 You"}),
        ("title markup", {"title": "NÃO ÂNGELO"}),
    ],
)
def test_sound_records_raise_no_doubt(catalogue: Path, name: str, fields: dict[str, Any]) -> None:
    assert doubt(profile(catalogue, [make_record("1", "Title") | fields]), name).n_by_kind.total() == 0


def test_the_shortest_descriptions_are_shown_first(catalogue: Path) -> None:
    records = [make_record(str(n), f"Title {n}", "word " * n) for n in (7, 3, 9, 1, 8, 2, 6, 5, 4)]
    found = doubt(profile(catalogue, records), "short")
    assert found.n_by_kind.total() == 9
    assert [example.title for example in found.examples] == [f"Title {n}" for n in range(1, 7)]


def test_the_description_that_most_records_share_is_shown_first(catalogue: Path) -> None:
    texts = [
        "Alone on the ice.",
        "Two brothers.",
        "Two brothers.",
        "Three sisters.",
        "Three Sisters.",
        "Three sisters.",
    ]
    found = doubt(
        profile(catalogue, [make_record(str(n), f"Title {n}", text) for n, text in enumerate(texts)]), "repeated text"
    )
    assert found.n_by_kind.total() == 3
    assert [(example.excerpt, example.doubt) for example in found.examples] == [
        ("Three Sisters.", "3 records have this description, such as Title 4, Title 5"),
        ("Two brothers.", "2 records have this description, such as Title 2"),
    ]


# Vocabulary


def test_text_is_split_into_words() -> None:
    assert split_words("Don\u2019t stop: the WOMAN's 'quoted' 2nd try") == [
        "don\u2019t", "stop", "the", "woman's", "quoted", "2nd", "try",
    ]  # fmt: skip
    assert split_words("映画 Tōkyō物語") == ["映", "画", "tōkyō", "物", "語"]


def test_growth_ignores_case() -> None:
    growth = Growth()
    growth.add(split_words("The sea, the sea"))
    growth.add(split_words("the ships"))
    assert growth.points == [(4, 2), (6, 3)]


def test_the_fit_finds_the_law_that_the_points_follow() -> None:
    law = fit_heaps([(n, round(7 * n**0.62)) for n in (1_000, 5_000, 20_000, 100_000, 1_000_000)])
    assert law.scale == pytest.approx(7, rel=0.01)
    assert law.exponent == pytest.approx(0.62, abs=0.001)
    assert law.distinct(10_000) == pytest.approx(7 * 10_000**0.62, rel=0.01)


def test_reviews_are_counted_as_a_build_keeps_them(catalogue: Path, capsys: pytest.CaptureFixture[str]) -> None:
    french = {"text": "Une femme conduit dans la nuit, et le film ne nous lâche plus. Lent, mais beau."}
    called = {"text": f"{write_text(4)} Call 212-555-0123."}
    records = [
        make_record("1", "A", reviews=[make_review(1), make_review(1), french, called, make_review(5, rating=3)]),
        make_record("2", "B", reviews=[make_review(2)]),
        {**make_record("3", "C", reviews=[make_review(3)]), "source": "imdb"},
        {**make_record("4", "D", reviews=[make_review(3)]), "source": "google-books"},
        make_record("5", "E"),
    ]
    found = profile(catalogue, records)
    counted = {name: (each.n_records, each.counts.n_read, each.counts.n_kept) for name, each in found.reviews.items()}
    assert counted == {
        "test": (2, 6, 4), "imdb": (1, 1, 1), "google-books": (1, 1, 0),
    }  # fmt: skip
    shown = page_text(render_report(found, TODAY))
    assert "8 reviews; a build keeps 5 of them, and only the features of 1 of these." in shown
    assert "It cuts personal data out of 1. It ignores 1 ratings, whose scale is not known." in shown
    assert "test 2 6 4 0 imdb 1 1 1 1 google-books 1 1 0 0" in shown
    assert "in other languages 1 12%" in shown
    assert "Other languages (ISO 639) fr 1 12%" in shown
    assert evoke.main(["profile", str(catalogue), "-o", str(catalogue.with_suffix(".html"))]) == 0
    assert ", 8 reviews;" in capsys.readouterr().out


def test_the_setting_for_reviews_counts(catalogue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_catalogue(catalogue, [make_record("1", "A", reviews=[make_review(1)])])
    monkeypatch.setenv("EVOKE_KEEP_REVIEWS", "test=none")
    page = catalogue.with_suffix(".html")
    assert evoke.main(["profile", str(catalogue), "-o", str(page)]) == 0
    assert "1 reviews; a build keeps 0 of them." in page_text(page.read_text(encoding="utf-8"))


# The page


def test_the_page_plots_known_numbers_and_names_the_others(catalogue: Path) -> None:
    page = render_report(profile(catalogue, make_records(200)), TODAY)
    shown = page_text(page)
    assert page.count("<svg") == 3
    assert "Length of the description" in shown
    assert "Growth of the vocabulary" in shown
    assert (
        "Too few records have these to plot them: mean rating, number of ratings, running time and number of pages."
        in shown
    )
    assert "No line was rejected." in shown


def test_every_number_has_a_plot(catalogue: Path) -> None:
    records = [
        make_record(
            f"{kind}{n}", f"Title {n}", "word " * (n + 1), kind=kind, year=1990 + n, runtime_minutes=90 + n,
            page_count=100 * (n + 1), rating={"mean": n / 4, "count": 10**n, "scale": 5},
        )
        for kind in ("movie", "book") for n in range(8)
    ]  # fmt: skip
    page = render_report(profile(catalogue, records), TODAY)
    assert page.count("<svg") == 6
    assert "films: median 94, 90% from 90 to 97, all from 90 to 97 minutes (8 known)" in page_text(page)


def test_texts_of_a_catalogue_are_shown_and_never_run(catalogue: Path) -> None:
    evil = '"><script>alert(1)</script><img src=x>'
    fields = {"kind": "movie", "year": 1700, "genres": [f"genre {evil}", "$\\frac{1}{2}$"], "language": "en"}
    records = [
        {"source": f"s{evil}", "source_id": f"{n}{evil}", "title": f"title {evil}", "description": evil, **fields}
        for n in range(2)
    ]
    page = render_report(profile(catalogue, [*records, make_record("3", "A", kind=evil)]), TODAY)
    assert "<script" not in page
    assert "<img" not in page
    shown = page_text(page)
    assert f"title {evil}" in shown
    assert f"genre {evil}" in shown
    assert "$\\frac{1}{2}$" in shown


def test_the_page_loads_nothing_from_elsewhere(catalogue: Path) -> None:
    records = [
        {**record, "url": "https://elsewhere.example/", "image_url": "https://elsewhere.example/a.png"}
        for record in SMALL
    ]
    page = render_report(profile(catalogue, records), TODAY)
    assert not re.findall(r"""(?:src|srcset|action)\s*=|url\(|@import|href="(?!\#)""", page)
    assert "default-src 'none'" in page


def test_plots_take_their_colours_from_the_page(catalogue: Path) -> None:
    page = render_report(profile(catalogue, make_records(50)), TODAY)
    drawn = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    assert "var(--movie)" in drawn
    assert not re.findall(r"(?:fill|stroke): #", drawn)


@pytest.mark.parametrize(
    ("n", "of", "shown"),
    [(0, 9, "0%"), (1, 5_000, "<0.1%"), (3, 1_000, "0.3%"), (1, 3, "33%"), (4_999, 5_000, ">99.9%"), (9, 9, "100%")],
)
def test_zero_and_hundred_percent_are_exact(n: int, of: int, shown: str) -> None:
    assert percent(n, of) == shown


# The verb


def test_without_a_catalogue_the_starter_catalogue_is_profiled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "report.html"
    assert evoke.main(["profile", "-o", str(output)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("178 films and 172 books; 0 lines rejected; ")
    assert printed.count("\n") == 1
    assert "178 films and 172 books" in page_text(output.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.jsonl", "-o", "report.html"], "missing.jsonl cannot be read"),
        (["empty.jsonl", "-o", "report.html"], "empty.jsonl: no records: write one on each line"),
        (["works.jsonl", "-o", "no/report.html"], "no/report.html: is a folder, or its folder does not exist"),
        (["works.jsonl", "-o", "."], ".: is a folder"),
        (["works.jsonl", "-o", "./works.jsonl"], "works.jsonl: is one of the catalogues"),
    ],
)
def test_bad_arguments_are_refused_in_one_line_and_no_file_changes(
    arguments: list[str],
    message: str,
    catalogue: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_catalogue(catalogue, SMALL)
    (catalogue.parent / "empty.jsonl").touch()
    before = catalogue.read_bytes()
    monkeypatch.chdir(catalogue.parent)
    assert evoke.main(["profile", *arguments]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert message in printed.err
    assert catalogue.read_bytes() == before
    assert sorted(path.name for path in catalogue.parent.iterdir()) == ["empty.jsonl", "works.jsonl"]
