"""SourceRecord makes one form of what sources write, and refuses what it does not know."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from crawler.answers import NotAWork
from crawler.catalogue import parse_record
from crawler.errors import RecordRejected
from crawler.records import Series, SourceRecord
from crawler.sources.json_answers import make_record
from crawler.sources.tmdb import TMDB


def record(**fields: Any) -> SourceRecord:
    return SourceRecord.model_validate({"source": "test", "source_id": "1", "title": "Salt Road", **fields})


def test_languages_and_countries_have_one_form() -> None:
    assert [record(language=each).language for each in ("eng", "en-US", "English", "cn", "und", None)] == [
        "en", "en", "en", "zh", None, None,
    ]  # fmt: skip
    assert record(countries=["USA", "us", "Soviet Union"]).countries == ("US", "SU")
    assert record(certificates={"DEU": "12", "uk": "PG"}).certificates == {"DE": "12", "GB": "PG"}


def test_a_word_that_is_empty_once_it_is_cleaned_is_left_out() -> None:
    assert record(keywords=["harbour", " ", "\u00c2\u00a0"], genres=["", "Drama"]).keywords == ("harbour",)
    assert record(keywords=["harbour"], genres=["", "Drama"]).genres == ("Drama",)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"language": "Elvish Runes"}, "language"),
        ({"countries": ["SE", "Atlantis"]}, "countries"),
        ({"certificates": {"Atlantis": "12"}}, "certificates"),
        ({"language": 7}, "language"),
        ({"countries": [7]}, "countries"),
    ],
)
def test_a_catalogue_line_with_an_unknown_language_or_country_is_rejected(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError):
        record(**fields)
    line = {"source": "test", "source_id": "1", "title": "Salt Road", **fields}
    with pytest.raises(RecordRejected, match=place):
        parse_record(orjson.dumps(line))


def test_a_source_keeps_the_rest_of_a_work_and_says_what_was_left_out(caplog: pytest.LogCaptureFixture) -> None:
    fields = {
        "source_id": "1",
        "title": "Salt Road",
        "language": "Low Gullish",
        "countries": ["SE", "Gull Island", "NO"],
        "certificates": {"Gull Island": "6", "SE": "7"},
    }
    result = make_record(TMDB, fields)
    assert not isinstance(result, NotAWork)
    assert (result.language, result.countries, result.certificates) == (None, ("SE", "NO"), {"SE": "7"})
    make_record(TMDB, fields)
    assert [message.split(":")[0:2] for message in caplog.messages] == [
        ["tmdb", " language 'Low Gullish' is left out"],
        ["tmdb", " countries 'Gull Island' is left out"],
        ["tmdb", " certificates 'Gull Island' is left out"],
    ]


def test_the_facts_in_the_metadata_of_a_beir_document() -> None:
    metadata = {"countries": ["Sweden"], "series": {"name": "Harbour", "position": 2}, "certificates": {"SE": "7"}}
    document = {"_id": "tt1", "title": "Salt Road", "text": "", "metadata": metadata}
    read = parse_record(orjson.dumps(document))
    assert (read.countries, read.series, read.certificates) == (
        ("SE",),
        Series(name="Harbour", position=2),
        {"SE": "7"},
    )
    plain = {**document, "metadata": {"countries": "Sweden", "series": "Harbour"}}
    read = parse_record(orjson.dumps(plain))
    assert (read.countries, read.series) == (("SE",), Series(name="Harbour"))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://user:secret@films.org/a@b?c=d@e", "https://films.org/a@b?c=d@e"),
        ("https://user@films.org:8443/a", "https://films.org:8443/a"),
        ("https://us%40er:se%2Fcret@films.org/a", "https://films.org/a"),
        ("https://films.org/@a", "https://films.org/@a"),
    ],
)
def test_addresses_are_kept_without_user_and_password(written: str, kept: str) -> None:
    record = SourceRecord(source="test", source_id="1", title="A", url=written, image_url=written)
    assert (str(record.url), str(record.image_url)) == (kept, kept)
