"""Countries, as sources and people write them, become the codes of records."""

from __future__ import annotations

import pytest

from crawler import countries
from crawler.countries import (
    ASKED_COUNTRIES,
    COUNTRY_ADJECTIVES,
    country_and_successors,
    country_name,
    normalise_country,
)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("se", "SE"),
        ("SWE", "SE"),
        ("Sweden", "SE"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("the United States", "US"),
        ("UK", "GB"),
        ("Scotland", "GB"),
        ("T\u00fcrkiye", "TR"),
        ("C\u00f4te d\u2019Ivoire", "CI"),
        ("Myanmar (Burma)", "MM"),
        ("Trinidad & Tobago", "TT"),
        ("Chad", "TD"),
        ("SUHH", "SU"),  # IMDb's Soviet Union
        ("XC", "CS"),  # TMDb's Czechoslovakia
        ("West Germany", "DE"),
        ("Yugoslavia", "YU"),
    ],
)
def test_codes_and_names(written: str, code: str) -> None:
    assert normalise_country(written) == code


@pytest.mark.parametrize("written", ["Atlantis", "ZZ", "", "123"])
def test_what_is_not_a_country_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="unknown country"):
        normalise_country(written)


def test_no_code_and_no_name_is_in_two_rows() -> None:
    rows = countries._ROWS
    codes = [*{code.lower() for code, *_ in rows}, *(each for row in rows for each in row[1].split())]
    words = [word for _, _, names, adjectives in rows for word in f"{names}; {adjectives}".split("; ") if word]
    assert len(codes) == len(set(codes))
    assert {word for word in words if words.count(word) > 1} <= {"hong kong", "new zealand"}  # name and adjective


def test_the_words_of_a_request() -> None:
    assert ASKED_COUNTRIES["swedish"] == ASKED_COUNTRIES["sweden"] == ("SE",)
    assert ASKED_COUNTRIES["soviet"] == ("SU",)
    assert set(ASKED_COUNTRIES["scandinavian"]) == {"DK", "NO", "SE"}
    assert not ASKED_COUNTRIES.keys() & {"us", "english", "jordan"}
    assert COUNTRY_ADJECTIVES["english"] == "GB"


def test_works_of_a_gone_state_are_found_under_those_that_followed_it() -> None:
    assert country_and_successors("CS") == ("CS", "CZ", "SK")
    assert country_and_successors("SE") == ("SE",)


@pytest.mark.parametrize(
    ("code", "name"),
    [("SE", "Sweden"), ("BA", "Bosnia and Herzegovina"), ("CG", "Republic of the Congo"), ("QQ", "QQ")],
)
def test_a_code_has_a_name_to_show(code: str, name: str) -> None:
    assert country_name(code) == name
