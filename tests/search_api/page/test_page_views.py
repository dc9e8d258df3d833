"""The other views: the start page, a work, the lists with imports, and For you."""

import json
from pathlib import Path

import pytest
from browsing import Browser, serving
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select
from service_fakes import FakeSearch, make_work

from search_api.records import Page, SearchRequest
from search_api.settings import SearchSettings

GOODREADS = (
    "\ufeffBook Id,Title,Author,ISBN,ISBN13,My Rating,Year Published,Original Publication Year,Exclusive Shelf,"
    "My Review\n"
    '1,"The Martian","Andy Weir","=""0804139024""","=""9780804139021""",5,2014,2011,read,"Two lines,\nand ""quotes"""\n'
    '2,Cosmos,Carl Sagan,"=""""","=""""",3,1980,1980,to-read,\n'
    '3,"A Book, That Is Not Here",Nobody,,,0,1999,,read,\n'
)
LETTERBOXD = "Date;Name;Year;Letterboxd URI;Rating\r\n2024-01-01;Contact;1997;https://boxd.it/1;4.5\r\n"
IMDB = (
    "Const,Your Rating,Date Rated,Title,URL,Title Type,IMDb Rating,Year\n"
    "tt0816692,9,2020-01-01,Interstellar,https://x,Movie,8.7,2014\n"
    "tt0944947,7,2020-01-01,Game of Thrones,https://x,TV Series,9,2011\n"
)


def press(page: Browser, feeling: str) -> None:
    page.wait(lambda: next(b for b in page.all(".feeling") if b.is_displayed() and feeling in b.text)).click()


def stored(page: Browser) -> dict[str, list[str]]:
    lists = json.loads(page.run("return localStorage.getItem('evoke')"))["lists"]
    return {name: sorted(work["id"] for work in works) for name, works in lists.items()}


@pytest.mark.browser
def test_feelings_lead_to_as_many_works_as_the_button_says(page: Browser) -> None:
    press(page, "hope")
    page.wait(lambda: page.one("#show-chosen").text == "Show 2 works")  # Amélie and October Sky
    press(page, "sadness")
    press(page, "sadness")
    page.wait(lambda: any(button.text == "less sadness" for button in page.all(".feeling")))
    page.button("film").click()
    page.wait(lambda: page.one("#show-chosen").text == "Show 2 works")
    assert page.parameters() == {"weight": ["E2:1", "E4:-0.8"], "kind": ["movie"]}
    page.driver.refresh()
    page.wait(lambda: page.one("#show-chosen").text == "Show 2 works")
    page.one("#show-chosen").click()
    page.wait(lambda: page.titles() == ["October Sky", "Amélie"])
    assert page.one("#q").get_attribute("value") == "hope, less sadness"
    assert page.one("#summary").text.startswith("2 works, best first")
    page.driver.back()
    page.wait(lambda: page.one("#show-chosen").text == "Show 2 works")


@pytest.mark.browser
def test_the_start_page_offers_no_length_that_no_work_has(page: Browser) -> None:
    page.button("film").click()
    page.wait(lambda: page.all("#how-long .chip"))
    assert [chip.text for chip in page.all("#how-long .chip")] == ["any length", "up to 2 h", "from 2 h"]
    page.button("from 2 h").click()
    page.wait(lambda: page.one("#show-chosen").text == "Show 3 works")


class Unanswering(FakeSearch):
    """A search that has no answer for a film on a rainy evening."""

    def search(self, request: SearchRequest) -> Page:
        is_rainy = "rainy" in request.query
        return super().search(request.model_copy(update={"query": "nothing"}) if is_rainy else request)


@pytest.mark.browser
def test_the_examples_are_questions_that_have_an_answer(page: Browser) -> None:
    with serving(Unanswering()) as address:
        asked = Browser(page.driver, address)
        asked.open("/")
        asked.wait(lambda: len(asked.all("#examples a")) == 5)
        assert not any("rainy" in example.text for example in asked.all("#examples a"))


@pytest.mark.browser
def test_a_work_has_a_page_with_evidence_sources_and_similar_works(page: Browser) -> None:
    page.open("/?q=inspiring")
    page.wait(lambda: "Interstellar" in page.titles())
    next(title for title in page.all(".card h2 a") if title.text == "Interstellar").click()
    page.wait(lambda: page.one("#work-title").text == "Interstellar 2014")
    assert page.parameters() == {"q": ["inspiring"], "work": ["movie:interstellar"]}
    assert page.driver.title == "Interstellar (2014) · Evoke"
    assert page.driver.switch_to.active_element.tag_name == "h1"
    assert "He crosses a wormhole" in page.one(".evidence dd").text
    page.wait(lambda: "Contact" in page.titles(".similar"))
    assert page.one(".similar .level").get_attribute("style").startswith("inset-inline-start")
    page.one(".similar .card h2 a").click()
    page.wait(lambda: page.parameters()["work"] != ["movie:interstellar"])
    page.driver.back()
    page.wait(lambda: page.one("#work-title").text == "Interstellar 2014")


@pytest.mark.browser
def test_a_work_links_to_where_its_ids_lead(page: Browser) -> None:
    ids = {
        "imdb": "tt0118884",
        "wikidata": "Q1",
        "wikipedia": "7171",
        "google_books": "abc",
        "goodreads": "5",
        "open_library": "OL1W",
        "tmdb": "7",
    }
    work = make_work("movie:known", "Known", "A film.", {"E2": 0.8}, kind="movie", ids=ids)
    with serving(FakeSearch((work,))) as address:
        asked = Browser(page.driver, address)
        asked.open("/?work=movie:known")
        links = asked.wait(lambda: asked.all(".sources a"))
        assert [link.get_attribute("href") for link in links] == [
            "https://www.imdb.com/title/tt0118884/",
            "https://www.themoviedb.org/movie/7",
            "https://www.goodreads.com/book/show/5",
            "https://openlibrary.org/works/OL1W",
            "https://books.google.com/books?id=abc",
            "https://en.wikipedia.org/?curid=7171",
            "https://www.wikidata.org/wiki/Q1",
        ]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("series", "said"), [({"name": "Night Trains", "position": 2}, "Part 2 of"), ({"name": "Night Trains"}, "Part of")]
)
def test_a_work_shows_its_series_and_what_people_rate_it(page: Browser, series: dict[str, object], said: str) -> None:
    rating = {"mean": 7.25, "count": 1200, "scale": 10}
    work = make_work("movie:rated", "Rated", "A film.", {"E2": 0.8}, kind="movie", rating=rating, series=series)
    with serving(FakeSearch((work,))) as address:
        asked = Browser(page.driver, address)
        asked.open("/?work=movie:rated")
        asked.wait(lambda: asked.all("#work-title"))
        shown = [each.text for each in asked.all(".work .facts")]
        assert f"{said} Night Trains" in shown
        assert "Rated 7.3 of 10 by 1,200 people" in shown


@pytest.mark.browser
def test_a_work_that_was_opened_leads_back_to_the_answer(page: Browser) -> None:
    page.open("/?work=movie:contact")
    page.wait(lambda: page.one("#work-title").text.startswith("Contact"))
    assert page.all("#work-view .back") == []
    page.open("/?q=inspiring")
    page.wait(page.titles)
    page.one("#results .card h2 a").click()
    page.wait(lambda: page.one("#work-view .back")).click()
    page.wait(page.titles)
    assert page.parameters() == {"q": ["inspiring"]}


@pytest.mark.browser
def test_a_missing_work_keeps_a_heading_and_a_way_on(page: Browser) -> None:
    page.open("/?work=movie:gone")
    page.wait(lambda: page.seen(".trouble").text.startswith("Work not found"))
    assert page.one("#work-view h1").get_attribute("textContent") == "No work to show"
    page.seen(".trouble a").click()
    page.wait(lambda: page.one("#headline").is_displayed())


@pytest.mark.browser
def test_a_work_is_shared_by_its_link(page: Browser) -> None:
    page.driver.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    page.open("/?work=movie:contact")
    page.button("Share").click()
    page.wait(lambda: page.button("Link copied"))
    copied = page.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    assert copied == f"{page.address}/?work=movie%3Acontact"


TWINS = (
    make_work("book:solaris", "Solaris", "An ocean thinks.", {"E11": 0.8}, kind="book", year=1961),
    make_work("movie:solaris", "Solaris", "A station above an ocean.", {"E4": 0.7}, kind="movie", year=1972),
    make_work("movie:other", "Other", "Something else.", {"E4": 0.6, "E11": 0.5}, kind="movie", year=2000),
)


@pytest.mark.browser
def test_two_works_of_one_title_stay_two(page: Browser) -> None:
    with serving(FakeSearch(TWINS)) as address:
        asked = Browser(page.driver, address)
        asked.open("/")
        asked.one("#q").send_keys("something inspiring, like sola")
        asked.wait(lambda: len(asked.all("#suggestions li")) == 2)
        asked.one("#q").send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
        asked.wait(lambda: asked.parameters() == {"q": ["something inspiring"], "like": ["movie:solaris"]})
        asked.wait(lambda: asked.one("#liked .change").text.startswith("like Solaris (film, 1972)"))
        asked.one("#liked .change").click()
        book = asked.wait(
            lambda: next((each for each in asked.all(".choices button") if "Book, 1961" in each.text), None)
        )
        book.click()
        asked.wait(lambda: asked.parameters()["like"] == ["book:solaris"])
        asked.wait(lambda: asked.one("#liked .change").text.startswith("like Solaris (book, 1961)"))
        asked.open("/?q=like solaris")  # the words name both
        asked.wait(lambda: asked.chips() == ["like Solaris", "like Solaris"])


@pytest.mark.browser
def test_several_loved_works_are_asked_for_by_plus(page: Browser, search: FakeSearch) -> None:
    page.open("/?like=movie:interstellar")
    page.wait(lambda: "Contact" in page.titles())
    page.one("[data-key='plus movie:contact']").click()
    page.wait(lambda: page.parameters() == {"like": ["movie:interstellar", "movie:contact"]})
    page.wait(lambda: page.one("#answer-title").text == "More like Interstellar and Contact")
    assert search.recommended[-1].likes == ("movie:interstellar", "movie:contact")
    page.wait(lambda: len(page.all("#liked .taken")) == 2)
    page.one("#liked .remove").click()
    page.wait(lambda: page.parameters() == {"like": ["movie:contact"]})


@pytest.mark.browser
def test_the_order_can_be_chosen(page: Browser) -> None:
    page.open("/?q=inspiring")
    page.wait(page.titles)
    order = Select(page.one("#sort"))
    assert [each.text for each in order.options] == ["Best", "Newest", "Oldest", "Shortest", "Most inspiration"]
    order.select_by_visible_text("Most inspiration")
    page.wait(lambda: page.parameters() == {"q": ["inspiring"], "sort": ["value:E5"]})
    page.wait(lambda: page.one("#summary").text.split(",")[1] == " most inspiration first")
    Select(page.one("#sort")).select_by_visible_text("Best")
    page.wait(lambda: page.parameters() == {"q": ["inspiring"]})


@pytest.mark.browser
def test_marks_stay_and_seen_works_can_be_hidden(page: Browser) -> None:
    page.open("/?q=inspiring")
    saved, seen, refused, *_ = page.wait(page.titles)
    assert not page.one("#hide-seen").is_displayed()
    for mark in ("saved", "seen", "refused"):
        card = page.all(".card")[("saved", "seen", "refused").index(mark)]
        card.find_element(By.CSS_SELECTOR, f"[data-list={mark}]").click()
    assert page.one("#list-link").text == "Your list (1)"
    page.driver.refresh()
    page.wait(page.titles)
    assert page.one("[data-list=saved]").get_attribute("aria-pressed") == "true"
    page.button("Hide what I have seen").click()
    page.wait(lambda: page.titles() and not {seen, refused} & {*page.titles()})
    assert page.parameters() == {"q": ["inspiring"], "hide": ["seen"]}
    assert (len(page.titles()), page.titles()[0]) == (10, saved)
    assert "what you have seen or do not want is left out" in page.one("#summary").text


@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "text", "expected", "report"),
    [
        (
            "goodreads_library_export.csv",
            GOODREADS,
            {"saved": ["book:cosmos"], "seen": ["book:the-martian"], "refused": []},
            "2 of 3 works of Goodreads are in this catalogue: 1 saved, 1 seen; 1 you love count for “For you”.",
        ),
        (
            "ratings.csv",
            LETTERBOXD,
            {"saved": [], "seen": ["movie:contact"], "refused": []},
            "1 of 1 work of Letterboxd",
        ),
        ("imdb.csv", IMDB, {"saved": [], "seen": ["movie:interstellar"], "refused": []}, "1 of 1 work of IMDb"),
    ],
)
def test_lists_of_other_services_are_read(
    page: Browser, tmp_path: Path, name: str, text: str, expected: dict[str, list[str]], report: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    page.open("/?list=saved")
    page.one("#import-file").send_keys(str(tmp_path / name))
    page.wait(lambda: report in page.one("#import-outcome").text)
    assert stored(page) == expected
    if name.startswith("goodreads"):
        page.one("#import-outcome summary").click()
        assert page.one(".missing").text == "A Book, That Is Not Here (1999)"
    if name == "imdb.csv":
        assert "1 lines are no films or books" in page.one("#import-outcome").text


@pytest.mark.browser
def test_a_long_list_is_matched_in_parts(page: Browser, tmp_path: Path, search: FakeSearch) -> None:
    rows = [f"2024-01-01,Film {n},2000,https://boxd.it/{n}" for n in range(449)]
    path = tmp_path / "watchlist.csv"
    path.write_text("\n".join(["Date,Name,Year,Letterboxd URI", *rows, "2024-01-01,Contact,1997,https://boxd.it/x"]))
    page.open("/?list=saved")
    page.one("#import-file").send_keys(str(path))
    page.wait(lambda: "1 of 450 works" in page.one("#import-outcome").text)
    assert stored(page)["saved"] == ["movie:contact"]
    asked = page.run(
        "return performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/match')).length"
    )
    assert asked == 3


@pytest.mark.browser
def test_a_file_of_something_else_is_refused_in_a_line(page: Browser, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    page.open("/?list=saved")
    page.one("#import-file").send_keys(str(tmp_path / "other.csv"))
    page.wait(lambda: "other.csv is not a list of Goodreads" in page.one("#import-outcome").text)


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["JSON", "CSV"])
def test_what_is_exported_can_be_read_again_after_everything_was_forgotten(
    page: Browser, tmp_path: Path, kind: str
) -> None:
    page.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    page.open("/?q=inspiring")
    page.wait(page.titles)
    for card in page.all(".card")[:3]:
        card.find_element(By.CSS_SELECTOR, "[data-list=saved]").click()
    page.one("#theme").click()
    page.one("#list-link").click()
    page.button(f"Export as {kind}").click()
    path = tmp_path / f"evoke.{kind.lower()}"
    page.wait(path.exists)
    assert page.one("#export-outcome").text == f"evoke.{kind.lower()} has 3 works: 3 saved."
    kept = stored(page)
    assert len(kept["saved"]) == 3
    forget(page)
    assert page.run("return localStorage.length") == 0
    page.one("#import-file").send_keys(str(path))
    page.wait(lambda: "3 of 3 works of this page" in page.one("#import-outcome").text)
    assert stored(page) == kept


def forget(page: Browser) -> None:
    page.button("Forget me").click()
    page.one("dialog[open] .press").click()
    page.wait(lambda: page.one("#list-link").text == "Your list")


@pytest.mark.browser
def test_what_is_forgotten_is_asked_for_and_can_be_undone(page: Browser) -> None:
    page.open("/?q=inspiring")
    page.wait(page.titles)
    page.one("[data-list=saved]").click()
    page.one("#theme").click()
    theme = page.run("return localStorage.getItem('theme')")
    page.one("#list-link").click()
    beside = [button.text for button in page.all(".keep .buttons button")]
    assert beside == ["Export as JSON", "Export as CSV"]
    page.button("Forget me").click()
    assert "1 entry" in page.one("dialog[open]").text
    page.one("dialog[open] .plain").click()
    page.wait(lambda: page.all("dialog[open]") == [])
    assert page.one("#list-link").text == "Your list (1)"
    forget(page)
    assert page.run("return localStorage.length") == 0
    page.button("Undo").click()
    page.wait(lambda: page.one("#list-link").text == "Your list (1)")
    assert len(stored(page)["saved"]) == 1
    assert page.run("return localStorage.getItem('theme')") == theme
    assert page.run("return document.documentElement.dataset.theme") == theme


@pytest.mark.browser
def test_the_words_stay_in_the_field_on_the_page_of_a_work(page: Browser) -> None:
    page.ask("something inspiring")
    page.wait(page.titles)
    page.one("#results .card h2 a").click()
    page.one("#work-title")
    assert page.one("#q").get_attribute("value") == "something inspiring"
    page.wait(lambda: page.titles(".similar"))
    page.one(".similar .card h2 a").click()
    page.wait(lambda: page.one("#q").get_attribute("value") == "something inspiring")
    page.open("/?q=hope&work=movie:contact")  # a link that was sent
    assert page.one("#q").get_attribute("value") == "hope"
    page.wait(lambda: page.one("#work-view .back").text == "← Works for “hope”")
    page.one("#work-view .back").click()
    page.wait(page.titles)
    assert page.parameters() == {"q": ["hope"]}


@pytest.mark.browser
def test_recommendations_come_first_and_the_profile_is_folded(page: Browser) -> None:
    page.resize(390, 844)
    page.open("/?for=me")
    press(page, "hope")  # the step that leads to them is in sight
    page.button("Show what is recommended").click()
    page.wait(lambda: page.titles("#recommended"))
    page.open("/?for=me")
    page.wait(lambda: page.titles("#recommended"))
    assert page.one("#recommended .card").rect["y"] < 400
    assert not page.one("#profile-choices").is_displayed()
    page.wait(lambda: page.one("#profile-summary").text == "hope")
    page.one("#profile summary").click()
    press(page, "hope")
    page.wait(lambda: page.one("#profile-summary").get_attribute("textContent") == "less hope")


@pytest.mark.browser
def test_on_a_wide_screen_the_profile_is_beside_the_recommendations(page: Browser) -> None:
    page.open("/?for=me")
    press(page, "hope")
    page.wait(lambda: page.titles("#recommended"))
    feelings, first = page.one("#profile .feeling").rect, page.one("#recommended .card").rect
    assert feelings["x"] + feelings["width"] < first["x"]
    assert first["y"] < 300


@pytest.mark.browser
def test_a_profile_leads_to_recommendations(page: Browser, search: FakeSearch) -> None:
    page.open("/?for=me")
    page.wait(lambda: "Choose one value or one work" in page.one("#recommended").text)
    press(page, "hope")
    page.wait(lambda: page.titles("#recommended")[:1] == ["October Sky"])
    page.button("+ Interstellar (film, 2014)").click()
    page.wait(lambda: search.recommended[-1].likes == ("movie:interstellar",))
    page.wait(lambda: "Interstellar" not in page.titles("#recommended"))
    assert search.recommended[-1].values == {"E2": 1}
    page.driver.refresh()
    page.wait(lambda: page.titles("#recommended")[:1] == ["October Sky"])
    page.one("#recommended [data-list=seen]").click()
    page.button("book").click()
    page.wait(lambda: search.recommended[-1].without == ("movie:october-sky",))
    assert search.recommended[-1].filters.kind == "book"
    assert page.parameters() == {"for": ["me"], "kind": ["book"]}


@pytest.mark.browser
def test_a_card_says_in_words_and_the_number_on_demand(page: Browser) -> None:
    page.open("/?q=inspiring but not too sad")
    page.wait(lambda: "Interstellar" in page.titles())
    card = next(card for card in page.all(".card") if "Interstellar" in card.text)
    bars = card.find_elements(By.CSS_SELECTOR, ".bar")
    assert [bar.find_element(By.CSS_SELECTOR, ".name").text for bar in bars[:2]] == [
        "inspiration asked for", "sadness not wanted",
    ]  # fmt: skip
    word, number = (bars[1].find_element(By.CSS_SELECTOR, part) for part in (".word", ".number"))
    assert (word.text, number.rect["width"]) == ("some", 1)
    bars[1].click()
    assert (word.is_displayed(), number.text) == (False, "48 of 100")
    assert len(page.all("#legend .legend")) == 1


@pytest.mark.browser
def test_on_a_phone_a_card_is_short_and_opens_on_tap(page: Browser) -> None:
    page.resize(390)
    page.open("/?q=inspiring")
    page.wait(page.titles)
    heights = [card.rect["height"] for card in page.all(".card")]
    assert max(heights) <= 330
    card = page.one(".card")
    assert not card.find_element(By.CSS_SELECTOR, ".values").is_displayed()
    card.find_element(By.CSS_SELECTOR, ".unfold").click()
    assert card.find_element(By.CSS_SELECTOR, ".values").is_displayed()


@pytest.mark.browser
def test_covers_come_from_the_service_itself_where_it_has_them(page: Browser, home: Path) -> None:
    page.open("/?q=inspiring")
    page.wait(page.titles)
    assert page.all(".cover img") == []
    with serving(FakeSearch(), settings=SearchSettings(home=home, covers=True)) as address:
        shown = Browser(page.driver, address)
        shown.open("/?work=movie:contact")
        shown.wait(lambda: shown.one("#work-title").text == "Contact 1997")
        asked = "return performance.getEntriesByType('resource').some(({ name }) => name.includes('/covers/movie'))"
        shown.wait(lambda: shown.run(asked))
        shown.wait(lambda: shown.all(".work .cover img") == [])  # none is known: the drawn cover stays
