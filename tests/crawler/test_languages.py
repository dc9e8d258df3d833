"""Languages, as sources and people write them, become the codes of records."""

from __future__ import annotations

import pytest

from crawler import languages
from crawler.languages import ASKED_LANGUAGES, language_of_code, language_of_name


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
        ("yue", "yue"),
        ("cn", "cn"),  # TMDb's Cantonese
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


def test_a_request_for_a_language_asks_for_every_code_that_sources_use() -> None:
    assert ASKED_LANGUAGES["french"] == ("fr",)
    assert ASKED_LANGUAGES["farsi"] == ASKED_LANGUAGES["persian"] == ("fa",)
    assert ASKED_LANGUAGES["norwegian"] == ("no", "nb")
    assert all(language_of_code(code) == code for codes in ASKED_LANGUAGES.values() for code in codes)
