"""What is kept of the reviews of each source."""

from __future__ import annotations

import pytest

import evoke
from crawler.sources.table import SOURCES
from indexer.reviews.keeping import DECLARED, parse_keeping


@pytest.mark.parametrize(
    ("source", "keep"),
    [("tmdb", "text"), ("imdb", "features"), ("goodreads", "features"), ("letterboxd", "text"), ("mine", "text"),
     ("google_books", "none"), ("google-books", "none")],
)  # fmt: skip
def test_what_sources_declare(source: str, keep: str) -> None:
    assert DECLARED.of(source) == keep


def test_every_source_that_keeps_reviews_says_why_and_on_which_scale_they_rate() -> None:
    for source in SOURCES.values():
        assert source.keeps_reviews_why
        assert (source.review_scale is not None) == (source.keeps_reviews != "none"), source.name


def test_the_setting_comes_before_the_declaration() -> None:
    keeping = parse_keeping(" goodreads = text, google-books=features,mine=none ")
    assert [keeping.of(source) for source in ("goodreads", "google_books", "mine", "imdb", "ours")] == [
        "text", "features", "none", "features", "text",
    ]  # fmt: skip
    keeping = parse_keeping("*=none,mine=text")
    assert [keeping.of(source) for source in ("mine", "tmdb", "ours")] == ["text", "none", "none"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("goodreads=feature", "'feature' in 'goodreads=feature' should be text, features or none"),
        ("goodreads", "'goodreads' is not a source and what to keep, such as goodreads=features"),
        ("=text", "'=text' is not a source and what to keep"),
        ("a=text,a=none", "'a' is there twice"),
        ("google-books=text,google_books=none", "'google_books' is there twice"),
    ],
)
def test_a_setting_that_cannot_be_read_is_one_line_and_code_2(
    text: str, problem: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVOKE_KEEP_REVIEWS", text)
    assert evoke.main(["index"]) == 2
    printed = capsys.readouterr()
    assert problem in printed.err
    assert "EVOKE_KEEP_REVIEWS" in printed.err
    assert (printed.out, printed.err.count("\n")) == ("", 1)
