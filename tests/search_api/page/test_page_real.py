"""The page against the real search, on small indexes that are built for it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import Browser, serving
from catalogues import SMALL
from homes import build, open_home

from indexer.encoder.encoder import Encoder
from search_api.search import Search


@pytest.fixture(scope="module")
def starter(starter_search: Search) -> Iterator[str]:
    with serving(starter_search) as address:
        yield address


@pytest.fixture
def real(page: Browser, starter: str) -> Browser:
    return Browser(page.driver, starter)


@pytest.mark.browser
def test_a_misspelt_title_is_corrected_in_sight(real: Browser) -> None:
    real.open("/?q=like Interstelar but not too sad, under two hours")
    real.wait(real.titles)
    assert [note.text for note in real.all(".notes li")] == ["“Interstelar” was taken for “Interstellar”"]
    assert real.chips() == ["like Interstellar (film, 2014)", "less sadness", "Films", "under 2 h"]
    real.wait(lambda: real.all(".card .level"))


@pytest.mark.browser
def test_what_a_removed_condition_implied_goes_with_it(real: Browser) -> None:
    real.open("/?q=like Interstellar but not too sad, under two hours")
    real.wait(lambda: real.chips() == ["like Interstellar (film, 2014)", "less sadness", "Films", "under 2 h"])
    real.one("#understood [aria-label='Leave out \"under 2 h\"']").click()
    real.wait(lambda: real.chips() == ["like Interstellar (film, 2014)", "less sadness"])
    assert real.parameters()["without"] == ["filters.runtime_minutes"]


@pytest.mark.browser
def test_each_recommendation_says_what_the_others_do_not(real: Browser) -> None:
    loved = [{"id": "starter:interstellar-2014", "title": "Interstellar", "kind": "movie", "year": 2014}]
    kept = {"version": 1, "lists": {}, "profile": {"values": {}, "loved": loved}}
    real.open("/healthz")
    real.run("localStorage.setItem('evoke', arguments[0])", json.dumps(kept))
    real.open("/?for=me")
    real.wait(lambda: len(real.titles("#recommended")) == 10)
    assert real.one("#recommended .summary").text.endswith("because you like Interstellar")
    first = [reason.text for reason in real.all("#recommended .reasons li:first-child")]
    assert not [reason for reason in first if reason.startswith("Because")]
    assert len({*first}) >= 8


@pytest.mark.browser
def test_no_name_of_a_value_is_cut_on_the_narrowest_phone(real: Browser) -> None:
    real.resize(320)
    for path in ("/?q=comfort, knowledge and moral reflection", "/?like=starter:dune-1965", "/"):
        real.open(path)
        real.wait(lambda: real.titles() or real.all("#examples a"))
        assert (path, real.cut_texts()) == (path, [])


@pytest.mark.browser
def test_words_that_match_nothing_are_said_to(real: Browser) -> None:
    real.open("/?q=zxqv plorgh")
    real.wait(real.titles)
    assert "Nothing here matches your words clearly" in real.one(".notes").text


@pytest.mark.browser
def test_the_chosen_feelings_count_what_the_answer_has(real: Browser) -> None:
    real.open("/?weight=E2:1&weight=E4:-0.8&kind=movie")
    n_works = real.wait(lambda: re.fullmatch(r"Show (\d+) works", real.one("#show-chosen").text))[1]
    real.one("#show-chosen").click()
    real.wait(lambda: real.one("#summary").text.startswith(f"{n_works} works, best first"))
    assert real.chips()[:2] == ["hope", "less sadness"]


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", ["/", "/?q=hope", "/?work=starter:dune-1965", "/?like=starter:dune-1965"])
def test_axe_finds_nothing_in_real_works(real: Browser, path: str, width: int) -> None:
    real.resize(width)
    real.open(path)
    real.wait(lambda: real.titles() or real.all(".similar .card, #examples a"))
    real.wait(lambda: real.one("#attributions").get_attribute("textContent") or path)
    assert real.violations() == []


@pytest.mark.browser
def test_without_answers_each_condition_says_what_is_left(real: Browser) -> None:
    real.open("/?q=hope&kind=book&language=is&year_from=2015&genre=Horror")
    real.wait(lambda: real.seen(".notice h2").text == "Nothing fits all of that")
    real.wait(lambda: "…" not in real.one("#after").text)
    for way in real.all(".way"):
        assert way.text.startswith("Without “")
    real.button("Clear all filters").click()
    real.wait(real.titles)


@pytest.mark.browser
def test_a_catalogue_without_lengths_has_no_lengths_to_choose(page: Browser, tmp_path: Path) -> None:
    works = [
        {key: fact for key, fact in work.items() if key not in ("runtime_minutes", "page_count")} for work in SMALL
    ]
    build(tmp_path / "bare", works)
    with open_home(tmp_path / "bare") as search, serving(search) as address:
        bare = Browser(page.driver, address)
        bare.open("/?q=space")
        bare.wait(bare.titles)
        bare.wait(lambda: bare.all("#filters .chip"))
        assert "Length" not in bare.one("#filters").text
        bare.open("/?kind=movie")
        bare.wait(lambda: bare.one("#show-chosen").text.startswith("Show "))
        assert "How long" not in bare.one("#feelings").text


@pytest.mark.browser
def test_two_works_of_one_title_are_told_apart(page: Browser, tmp_path: Path, real_encoder: Encoder) -> None:
    about = "An ocean on a far planet sends a dead wife to the station. It thinks, and nobody understands it."
    works = [
        {"source": "mine", "source_id": "b", "kind": "book", "title": "Solaris", "year": 1961, "description": about},
        {"source": "mine", "source_id": "m", "kind": "movie", "title": "Solaris", "year": 1972, "description": about},
        {"source": "mine", "source_id": "o", "kind": "movie", "title": "Ocean", "year": 1980, "description": about},
    ]
    build(tmp_path / "twins", works, real_encoder)
    with open_home(tmp_path / "twins", real_encoder) as search, serving(search) as address:
        twins = Browser(page.driver, address)
        twins.open("/")
        twins.one("#q").send_keys("like solaris")
        options = twins.wait(lambda: [option.text for option in twins.all("#suggestions li")])
        assert {option.splitlines()[-1] for option in options} == {"Book, 1961", "Film, 1972"}
        twins.all("#suggestions li")[1].click()
        twins.wait(lambda: "like" in twins.parameters())
        twins.wait(lambda: twins.one("#liked .change").text.split(",")[0].startswith("like Solaris ("))
        twins.wait(twins.titles)
