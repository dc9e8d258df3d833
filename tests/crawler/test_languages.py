"""Languages, as sources and people write them, become the codes of records."""

from __future__ import annotations

import pytest

from crawler import languages
from crawler.languages import (
    ASKED_LANGUAGES,
    language_name,
    language_of_code,
    language_of_name,
    normalise_language,
)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("pt-BR", "pt"),
        ("ger", "de"),
        ("deu", "de"),
        ("iw", "he"),  # withdrawn in 1989
        ("scr", "hr"),
        ("grc", "grc"),
        ("yue", "zh"),
        ("cn", "zh"),  # TMDb's Cantonese
        ("nb", "no"),
        ("zh_TW", "zh"),
        ("xx", None),
        ("und", None),
        ("zxx", None),
        ("qbn", None),  # IMDb's own
        ("", None),
        ("English", None),
        ("e1", None),
    ],
)
def test_codes_and_tags(written: str, code: str | None) -> None:
    assert language_of_code(written) == code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Polish", "pl"),
        ("Spanish; Castilian", "es"),
        ("Greek, Modern (1453-)", "el"),
        ("English, Middle (1100-1500)", "enm"),
        ("Multiple languages", None),
        ("Undetermined", None),
    ],
)
def test_names(name: str, code: str | None) -> None:
    assert language_of_name(name) == code


def test_no_code_and_no_name_is_in_two_rows() -> None:
    codes = [code for own, others, _ in languages._ROWS for code in (own, *others.split())]
    names = [name for _, _, each in languages._ROWS for name in each.split("; ")]
    assert len(codes) == len(set(codes))
    assert len(names) == len(set(names))


@pytest.mark.parametrize("written", ["und", "mul", "Multiple languages", "Undetermined", "", " "])
def test_a_language_that_is_said_to_be_unknown(written: str) -> None:
    assert normalise_language(written) is None


@pytest.mark.parametrize("written", ["Elvish Runes", "e1", "x-klingon"])
def test_what_is_not_a_language_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="unknown language"):
        normalise_language(written)


def test_a_request_for_a_language_asks_for_the_code_of_records() -> None:
    assert ASKED_LANGUAGES["french"] == ("fr",)
    assert ASKED_LANGUAGES["farsi"] == ASKED_LANGUAGES["persian"] == ("fa",)
    assert ASKED_LANGUAGES["norwegian"] == ("no",)
    assert all(language_of_code(code) == code for codes in ASKED_LANGUAGES.values() for code in codes)


@pytest.mark.parametrize(("code", "name"), [("ja", "Japanese"), ("zh", "Chinese"), ("qqq", "qqq")])
def test_a_code_has_a_name_to_show(code: str, name: str) -> None:
    assert language_name(code) == name
