"""The answer of the page as a person meets it, in headless Chromium against the service with a made-up catalogue."""

import re

import pytest
from browsing import Browser, serving
from pydantic import SecretStr
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select
from service_fakes import DOOR, WORKS, FakeSearch, make_work

from search_api.errors import IndexMissing

QUESTION = "find me something inspiring"


@pytest.mark.browser
def test_the_footer_shows_the_notices_of_the_sources(page: Browser) -> None:
    notice = "This product uses a made-up catalogue."
    page.wait(lambda: page.one("footer").text.count(notice) == 1, notice)


@pytest.mark.browser
def test_a_question_gets_works_with_reasons(page: Browser) -> None:
    page.ask(QUESTION)
    page.wait(lambda: page.titles()[:2] == ["October Sky", "Interstellar"])
    assert page.parameters() == {"q": [QUESTION]}
    assert page.one("#summary").text.startswith(f"{len(WORKS)} works, best first")
    assert page.one("#announce").get_attribute("textContent") == page.one("#summary").text
    card = page.one(".card")
    assert "1999" in card.find_element(By.CSS_SELECTOR, "h2").text
    assert card.find_element(By.CSS_SELECTOR, ".facts").text == "Film · Joe Johnston · 1 h 48 min · Drama, Biography"
    assert (
        "Gives inspiration, which you asked for".lower() in card.find_element(By.CSS_SELECTOR, ".reasons").text.lower()
    )
    assert page.chips() == ["inspiration"]
    first = card.find_element(By.CSS_SELECTOR, ".bar")
    assert first.get_attribute("textContent") == "inspiration asked forstrong 94 of 100"
    assert first.find_element(By.CSS_SELECTOR, ".fill").get_attribute("style") == "inline-size: 94%;"
    assert "made-up catalogue" in page.one("footer").text


@pytest.mark.browser
def test_examples_and_values_are_questions(page: Browser) -> None:
    page.wait(lambda: len(page.all("#taxonomy a")) == 3)
    page.one("#examples a").click()
    page.wait(lambda: page.titles()[:1] == ["October Sky"])
    page.driver.back()
    page.wait(lambda: page.one("#home").is_displayed())
    assert page.one("#q").get_attribute("value") == ""


@pytest.mark.browser
def test_filters_narrow_the_answer_and_back_undoes_them(page: Browser) -> None:
    page.ask(QUESTION)
    page.chip("Books").click()
    page.wait(lambda: page.titles()[:1] == ["The Martian"])
    assert page.parameters() == {"q": [QUESTION], "kind": ["book"]}
    assert page.chip("Books").get_attribute("aria-pressed") == "true"
    page.wait(lambda: page.driver.switch_to.active_element.text.startswith("Books"))
    page.chip("Science Fiction").click()
    page.wait(lambda: page.titles() == ["The Martian"])
    page.driver.back()
    page.wait(lambda: len(page.titles()) == 10)
    page.driver.back()
    page.wait(lambda: page.titles()[:1] == ["October Sky"])
    page.wait(lambda: page.chip("Books").get_attribute("aria-pressed") == "false")


@pytest.mark.browser
@pytest.mark.parametrize(
    ("chip", "parameters", "expected"),
    [
        ("adventure", {"value": ["SC3:0.5"]}, {"Interstellar", "The Martian"}),
        ("1990s", {"year_from": ["1990"], "year_to": ["1999"]}, {"October Sky", "Contact"}),
        ("French", {"language": ["fr"]}, {"Amélie"}),
        ("up to 2 h", {"runtime_to": ["120"]}, {"October Sky"}),
    ],
)
def test_each_kind_of_filter(page: Browser, chip: str, parameters: dict[str, list[str]], expected: set[str]) -> None:
    page.open("/?q=inspiring")
    page.chip(chip).click()
    page.wait(lambda: page.titles() and not {"October Sky", "Contact", "The Martian"} - expected & set(page.titles()))
    page.wait(lambda: {title for title in page.titles() if "Voyage" not in title} == expected)
    assert page.parameters() == {"q": ["inspiring"], **parameters}
    page.one("#understood .reading:last-child .chip button").click()
    page.wait(lambda: page.parameters() == {"q": ["inspiring"]})


@pytest.mark.browser
def test_more_like_this(page: Browser) -> None:
    page.open("/?q=inspiring")
    page.wait(lambda: "Interstellar" in page.titles())
    page.one("a[aria-label='More like this: Interstellar']").click()
    page.wait(lambda: page.one("#answer-title").text == "More like Interstellar")
    assert page.parameters() == {"like": ["movie:interstellar"]}
    assert "Interstellar" not in page.titles()
    page.chip("Films").click()
    page.wait(lambda: page.parameters() == {"like": ["movie:interstellar"], "kind": ["movie"]})
    page.wait(lambda: set(page.titles()) == {"Contact", "October Sky", "Amélie"})


@pytest.mark.browser
def test_what_was_understood_can_be_removed(page: Browser) -> None:
    page.ask("inspiring, like Interstellar but not too sad, under two hours")
    page.wait(lambda: page.titles() == ["October Sky"])
    assert page.chips() == ["like Interstellar", "inspiration", "less sadness", "up to 2 h"]
    assert page.chips(".unwanted") == ["less sadness"]
    page.one("#understood [aria-label='Leave out \"up to 2 h\"']").click()
    page.wait(lambda: len(page.titles()) == 10)
    assert page.parameters()["without"] == ["filters.runtime_minutes"]
    assert page.chips() == ["like Interstellar", "inspiration", "less sadness"]
    page.one("#understood [aria-label='Leave out \"less sadness\"']").click()
    page.wait(lambda: page.chips() == ["like Interstellar", "inspiration"])
    page.one("#understood [aria-label='Leave out \"like Interstellar\"']").click()
    page.wait(lambda: page.chips() == ["inspiration"])
    page.wait(lambda: "Interstellar" in page.titles())
    page.one("#understood [aria-label='Leave out \"inspiration\"']").click()
    page.wait(lambda: page.chips() == [])
    left_out = ["filters.runtime_minutes", "values.E4", "like.movie:interstellar", "values.E5"]
    assert page.parameters()["without"] == left_out
    page.driver.back()
    page.wait(lambda: page.chips() == ["inspiration"])
    page.driver.refresh()
    page.wait(lambda: page.chips() == ["inspiration"])
    page.button("Put back what you left out").click()
    page.wait(lambda: page.titles() == ["October Sky"])
    assert page.chips() == ["like Interstellar", "inspiration", "less sadness", "up to 2 h"]


@pytest.mark.browser
def test_everything_that_was_read_is_shown_and_can_be_removed(page: Browser) -> None:
    page.ask("oktober sky without clowns, for the kids")
    everything = [
        "like October Sky (film, 1999)",
        "not Contact (film, 1997)",
        "from Sweden",
        "not from United States",
        "without Carl Sagan",
        "for children",
        "acclaimed",
    ]
    page.wait(lambda: page.chips() == everything)
    assert page.chips(".unwanted") == ["not Contact (film, 1997)", "not from United States", "without Carl Sagan"]
    assert [note.text for note in page.all("#understood .notes li")] == [
        "“oktober sky” was taken for “October Sky”",
        "Last come works that mention “circus tents”",
        "No countries of films are known here",
        "Not understood: “clowns”",
    ]
    for label, part in (
        ("not Contact (film, 1997)", "seen.movie:contact"),
        ("for children", "audience"),
        ("acclaimed", "standing"),
    ):
        page.one(f"#understood [aria-label='Leave out \"{label}\"']").click()
        page.wait(lambda label=label: label not in page.chips())  # type: ignore[misc]
        assert page.parameters()["without"][-1] == part
    page.one("#understood [aria-label='Leave out \"from Sweden\"']").click()
    page.wait(lambda: page.chips() == [everything[0], "without Carl Sagan", "not from United States"])


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 360])
def test_moving_a_slider_ranks_anew_in_place(page: Browser, search: FakeSearch, width: int) -> None:
    page.resize(width)
    page.ask("inspiring but not too sad")
    page.wait(lambda: page.titles()[:1] == ["October Sky"])
    page.one("#adjust summary").click()
    assert [slider.get_attribute("aria-label") for slider in page.sliders()] == ["inspiration", "sadness"]
    assert [slider.get_attribute("aria-valuetext") for slider in page.sliders()] == [
        "much more inspiration",
        "less sadness",
    ]
    assert not page.one("#understood li").is_displayed()  # the sliders stand for the chips
    page.wait(lambda: page.all("#filters .chip"))
    places = [page.sliders()[0].rect, page.one("#summary").rect]
    n_asked = len(search.requests)
    facets = "return performance.getEntriesByType('resource').filter((each) => each.name.includes('/facets')).length"
    n_counted = page.driver.execute_script(facets)
    slide = "for (const at of [.5, 0, -.5, -.8, -1]) { arguments[0].value = at; "
    slide += "arguments[0].dispatchEvent(new Event('input', { bubbles: true })); }"
    page.driver.execute_script(slide, page.sliders()[0])
    assert page.sliders()[0].get_attribute("aria-valuetext") == "much less inspiration"
    page.wait(lambda: page.parameters().get("weight") == ["E5:-1"])
    page.wait(lambda: page.titles() and "October Sky" not in page.titles())
    assert len(search.requests) == n_asked + 1  # the values that the slider passed were not searched for
    assert page.driver.execute_script(facets) == n_counted
    assert [page.sliders()[0].rect, page.one("#summary").rect] == places
    assert page.one("#adjust summary").text == "Adjust (1)"
    page.driver.back()
    page.wait(lambda: page.titles()[:1] == ["October Sky"])
    assert page.sliders()[0].get_attribute("aria-valuetext") == "much more inspiration"


@pytest.mark.browser
def test_sliders_by_keyboard(page: Browser) -> None:
    page.open("/?q=inspiring")
    page.wait(lambda: page.titles()[:1] == ["October Sky"])
    page.one("#adjust summary").send_keys(Keys.ENTER)
    page.one("#adjust summary").send_keys(Keys.TAB)
    slider = page.driver.switch_to.active_element
    assert slider == page.sliders()[0]
    slider.send_keys(Keys.ARROW_LEFT)
    page.wait(lambda: page.parameters().get("weight") == ["E5:0.9"])
    page.wait(page.titles)
    slider.send_keys(Keys.HOME)
    page.wait(lambda: page.parameters().get("weight") == ["E5:-1"])
    page.wait(lambda: page.titles() and "October Sky" not in page.titles())
    assert page.driver.switch_to.active_element == slider  # neither focus nor the element is lost
    page.driver.back()  # one slider is one step, however many keys moved it
    page.wait(lambda: page.parameters() == {"q": ["inspiring"]})
    page.wait(lambda: page.titles()[:1] == ["October Sky"])


@pytest.mark.browser
def test_a_value_can_be_added_and_a_reload_keeps_it(page: Browser) -> None:
    page.open("/?q=something")
    page.wait(page.titles)
    page.one("#adjust summary").click()
    groups = [group.get_attribute("label") for group in page.all("#add-value optgroup")]
    assert groups == ["A feeling", "Something to take away", "Survival and challenge", *groups[3:]]
    Select(page.one("#add-value")).select_by_visible_text("hope")
    page.button("Add").click()
    page.wait(lambda: page.titles()[:1] == ["October Sky"])
    assert page.parameters()["weight"] == ["E2:0.5"]
    slider = page.driver.switch_to.active_element
    assert slider.get_attribute("aria-valuetext") == "more hope"
    assert not page.one("#add-value option[value=E2]").is_enabled()
    slider.send_keys(Keys.HOME)
    page.wait(lambda: page.parameters().get("weight") == ["E2:-1"])
    page.wait(lambda: page.titles() and "October Sky" not in page.titles())
    last = page.titles()
    page.driver.refresh()
    page.wait(lambda: page.titles() == last)
    assert page.chips() == ["less hope"]
    page.one("#adjust summary").click()
    assert page.sliders()[0].get_attribute("aria-valuetext") == "much less hope"
    page.button("Reset").click()
    page.wait(lambda: page.parameters() == {"q": ["something"]})
    page.wait(lambda: page.sliders() == [])


@pytest.mark.browser
def test_a_removed_value_keeps_its_slider_in_the_middle(page: Browser) -> None:
    page.open("/?q=inspiring&weight=E2:-0.5")
    page.wait(lambda: page.chips() == ["inspiration", "less hope"])
    page.one("#understood [aria-label='Leave out \"less hope\"']").click()
    page.wait(lambda: page.chips() == ["inspiration"])
    page.one("#understood [aria-label='Leave out \"inspiration\"']").click()
    page.wait(lambda: page.chips() == [])
    assert page.parameters() == {"q": ["inspiring"], "weight": ["E2:0"], "without": ["values.E5"]}
    page.one("#adjust summary").click()
    texts = {slider.get_attribute("aria-valuetext") for slider in page.sliders()}
    assert texts == {"hope either way", "inspiration either way"}


@pytest.mark.browser
def test_of_two_genres_one_can_be_left_out(page: Browser) -> None:
    page.ask("inspiring, no comedy or horror")
    page.wait(lambda: page.chips() == ["inspiration", "no Comedy", "no Horror"])
    assert "Amélie" not in page.titles()
    page.one("#understood [aria-label='Leave out \"no Comedy\"']").click()
    page.wait(lambda: "Amélie" in page.titles())
    left_out = {"without": ["filters.genres"], "not_genre": ["Horror"]}
    assert page.parameters() == {"q": ["inspiring, no comedy or horror"], **left_out}
    page.ask("inspiring")
    page.wait(lambda: page.parameters() == {"q": ["inspiring"], "not_genre": ["Horror"]})
    page.wait(lambda: page.titles()[:1] == ["October Sky"])


@pytest.mark.browser
def test_a_filter_beside_what_was_understood_keeps_the_rest_of_it(page: Browser) -> None:
    page.ask("inspiring, no comedy or horror")
    page.wait(lambda: page.chips() == ["inspiration", "no Comedy", "no Horror"])
    page.chip("Drama").click()
    page.wait(lambda: page.chips() == ["inspiration", "no Comedy", "no Horror", "Drama"])
    assert "Amélie" not in page.titles()


@pytest.mark.browser
def test_facts_that_were_read_are_pressed_among_the_filters(page: Browser) -> None:
    page.ask("an inspiring book")
    page.wait(lambda: page.chips() == ["inspiration", "Books"])
    page.wait(lambda: page.chip("Books").get_attribute("aria-pressed") == "true")
    page.chip("Books").click()
    page.wait(lambda: page.titles()[:1] == ["October Sky"])
    assert page.parameters() == {"q": ["an inspiring book"], "without": ["filters.kind"]}
    page.wait(lambda: page.chip("Books").get_attribute("aria-pressed") == "false")


@pytest.mark.browser
def test_a_wanted_value_that_works_must_have_is_said_once(page: Browser) -> None:
    page.open("/?q=hope, less sadness&weight=E2:1&weight=E4:-0.8&value=E2:0.5")
    page.wait(lambda: page.chips() == ["hope", "less sadness"])
    assert [title.text for title in page.all("#understood h2")] == ["Understood"]
    page.wait(lambda: page.chip("hope").get_attribute("aria-pressed") == "true")
    page.one("#understood [aria-label='Leave out \"hope\"']").click()
    page.wait(lambda: page.chips() == ["less sadness"])
    assert "value" not in page.parameters()


@pytest.mark.browser
def test_choosing_a_length_leaves_the_kind_to_be_changed(page: Browser) -> None:
    page.open("/?q=inspiring")
    page.chip("up to 2 h").click()
    page.wait(lambda: page.titles() == ["October Sky"])
    page.wait(lambda: page.chip("up to 2 h").get_attribute("aria-pressed") == "true")
    n_books = sum(work.kind == "book" for work in WORKS)
    assert page.chip("Books").text.split() == ["Books", str(n_books), "works"]
    page.chip("Films").click()
    page.wait(lambda: page.parameters().get("kind") == ["movie"])
    page.wait(lambda: page.chip("Films").get_attribute("aria-pressed") == "true")
    assert page.chip("up to 2 h").get_attribute("aria-pressed") == "true"
    page.chip("Books").click()  # a length of films is none of books
    page.wait(lambda: page.parameters() == {"q": ["inspiring"], "kind": ["book"]})
    page.wait(lambda: page.one("#summary").text.startswith(f"{n_books} works"))


@pytest.mark.browser
def test_another_kind_leaves_out_a_length_of_the_words(page: Browser) -> None:
    page.open("/?q=inspiring, under two hours")
    page.wait(lambda: page.titles() == ["October Sky"])
    page.chip("Books").click()
    page.wait(lambda: page.titles()[:1] == ["The Martian"])
    assert page.chips() == ["inspiration", "Books"]


LONG = (
    "When the ferry stops running in the third winter of the drought, the harbour master's two daughters walk over the "
    "frozen strait with a sledge and a lamp, and what they bring home is not the medicine but a hope that outlasts it, "
    "long after the lamp has gone out and the strait has thawed and the ferry has come back with a new captain who has "
    "never heard of them and asks for their names."
)


@pytest.mark.browser
def test_a_long_sentence_is_cut_around_the_word_that_shows_the_match(page: Browser) -> None:
    work = make_work("movie:ferry", "The Ferry", f"A strait. {LONG} The end.", {"E2": 0.8}, LONG, kind="movie")
    page.resize(390)
    with serving(FakeSearch((work,))) as address:
        asked = Browser(page.driver, address)
        asked.open("/?q=hope&weight=E2:1")
        shown = asked.wait(lambda: asked.one(".card .description p")).text
        assert "a hope that outlasts it" in shown
        assert shown.startswith("… ")
        assert shown.endswith(" …")
        assert len(shown) < 180
        asked.one(".card .description .quiet").click()
        assert asked.one(".card .description p").text == f"A strait. {LONG} The end."


@pytest.mark.browser
@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("An inspiring day, and then many other words to follow here.", "An inspiring day, and then"),
        ("Many other words come first here, and then an inspiring day.", "and then an inspiring day."),
        ("Many words come first, inspired by days, and others follow it.", "come first, inspired by days,"),
        ("Nothing here shows the match, and so the end is what is cut.", "Nothing here shows the match,"),
        ("A short one, inspiring.", "A short one, inspiring."),
    ],
)
def test_a_sentence_is_cut_at_the_end_that_is_far_from_its_word(page: Browser, sentence: str, expected: str) -> None:
    script = """
        const [sentence, done] = arguments;
        import('/web/words.js').then(({ cutSentence, findWord }) => {
          const characters = Array.from(sentence);
          const whole = { start: 0, end: characters.length };
          const word = findWord(characters, whole, ['inspiration']);
          done(characters.slice(...cutSentence(characters, whole, word, 26)).join(''));
        });
    """
    assert page.driver.execute_async_script(script, sentence).strip() == expected


@pytest.mark.browser
def test_removing_a_chip_by_keyboard_leads_to_the_next(page: Browser) -> None:
    page.ask("inspiring but not too sad, under two hours")
    page.wait(lambda: page.chips() == ["inspiration", "less sadness", "up to 2 h"])
    page.one("#understood [aria-label='Leave out \"less sadness\"']").send_keys(Keys.ENTER)
    page.wait(lambda: page.chips() == ["inspiration", "up to 2 h"])
    assert page.driver.switch_to.active_element.get_attribute("aria-label") == 'Leave out "up to 2 h"'


@pytest.mark.browser
def test_a_work_with_few_facts_has_no_empty_places(page: Browser) -> None:
    page.open("/?q=inspiring&shown=50")
    page.wait(lambda: "Untold" in page.titles())
    card = page.one(".card[aria-labelledby='work-untold']")
    for part in (".facts", ".reasons", ".values", ".year", ".source", ".sayings"):
        assert card.find_elements(By.CSS_SELECTOR, part) == []
    empty = "return [...arguments[0].querySelectorAll('.telling > *')].filter((part) => part.offsetHeight === 0)"
    shown = "return getComputedStyle(arguments[0].querySelector('.description')).display"
    assert [part.get_attribute("class") for part in page.driver.execute_script(empty, card)] == ["description"]
    assert page.driver.execute_script(shown, card) == "none"


@pytest.mark.browser
def test_an_empty_answer_says_what_is_left_without_each_condition(page: Browser) -> None:
    page.open("/?q=inspiring, under two hours&kind=book")  # no book has a running time
    page.wait(lambda: page.seen(".notice h2").text == "Nothing fits all of that")
    books = sum(work.kind == "book" for work in WORKS)
    left = {"Without “Books” 1 work", f"Without “up to 2 h” {books} works"}
    page.wait(lambda: {" ".join(way.text.split()) for way in page.all(".way")} == left)
    page.button("Without “up to 2 h”").click()
    page.wait(lambda: page.titles()[:1] == ["The Martian"])
    assert page.parameters()["without"] == ["filters.runtime_minutes"]


@pytest.mark.browser
def test_an_empty_answer_without_conditions_gives_advice(page: Browser) -> None:
    page.open("/?q=nothing")
    page.wait(lambda: "fewer conditions" in page.seen(".notice").text)
    assert page.titles() == page.all(".way") == []
    page.one("#after .examples a").click()
    page.wait(lambda: page.titles()[:1] == ["October Sky"])


@pytest.mark.browser
def test_a_server_error_is_shown_and_can_be_tried_again(page: Browser, search: FakeSearch) -> None:
    page.wait(lambda: page.all("#taxonomy a"))  # else the start page has a trouble of its own
    search.failure = IndexMissing("no index was built yet")
    page.ask(QUESTION)
    page.wait(
        lambda: page.seen(".trouble").text.lower().startswith("index missing\nno index was built yet. build one with")
    )
    search.failure = None
    page.button("Try again").click()
    page.wait(lambda: page.titles()[:1] == ["October Sky"])
    assert page.all(".trouble") == []


@pytest.mark.browser
def test_a_link_to_a_missing_work_offers_other_questions(page: Browser) -> None:
    page.open("/?like=movie:gone")
    page.wait(lambda: page.seen(".trouble").text.startswith("Work not found"))
    assert page.all(".trouble button") == []
    page.one(".trouble a").click()
    page.wait(lambda: page.titles()[:1] == ["October Sky"])


@pytest.mark.browser
def test_being_offline_is_shown_and_ends_by_itself(page: Browser) -> None:
    page.wait(lambda: page.all("#taxonomy a"))
    page.driver.set_network_conditions(offline=True, latency=0, throughput=0)
    page.ask(QUESTION)
    page.wait(lambda: page.seen(".trouble").text.startswith("You are offline"))
    page.driver.delete_network_conditions()
    page.wait(lambda: page.titles()[:1] == ["October Sky"])
    page.driver.get_log("browser")  # the failed request is in the console, as it should be


@pytest.mark.browser
def test_suggestions_by_keyboard(page: Browser) -> None:
    box = page.one("#q")
    page.one("body").send_keys("/")
    assert page.driver.switch_to.active_element == box
    box.send_keys("like voya")
    page.wait(lambda: len(page.all("#suggestions li")) == 8)
    assert box.get_attribute("aria-expanded") == "true"
    box.send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_UP)
    active = page.one("#suggestions [aria-selected='true']")
    assert box.get_attribute("aria-activedescendant") == active.get_attribute("id")
    box.send_keys(Keys.ESCAPE)
    assert not page.one("#suggestions").is_displayed()
    assert box.get_attribute("value") == "like voya"
    box.send_keys("ge 7")
    page.wait(lambda: [row.text for row in page.all("#suggestions .title")] == ["Voyage 7"])
    box.send_keys(Keys.ARROW_UP, Keys.ENTER)
    page.wait(lambda: page.parameters() == {"like": ["book:voyage-07"]})  # the work itself, whatever else has its title
    page.wait(lambda: page.one("#liked .change").text.startswith("like Voyage 7 (book, 1960)"))
    page.wait(page.titles)


@pytest.mark.browser
def test_the_evidence_is_marked_to_the_character(page: Browser) -> None:
    page.open("/?q=inspiring")
    page.wait(lambda: "Interstellar" in page.titles())
    card = next(card for card in page.all(".card") if "Interstellar" in card.text)
    mark = card.find_element(By.TAG_NAME, "mark")
    assert mark.text == "He crosses a wormhole so that those he loves may live."
    assert card.find_element(By.CSS_SELECTOR, ".description p").text == WORKS[0].description
    bar = card.find_element(By.CSS_SELECTOR, "button.bar")
    bar.click()
    assert card.find_elements(By.TAG_NAME, "mark") == []
    assert bar.get_attribute("aria-pressed") == "false"


@pytest.mark.browser
def test_a_long_description_is_cut_around_its_evidence(page: Browser) -> None:
    script = """
        const done = arguments[0];
        import('/web/words.js').then(({ excerpt, passages }) => {
          const characters = Array.from('🌊 word'.repeat(300));
          const focus = { id: 'E5', start: 1000, end: 1040 };
          const [from, to] = excerpt(characters, focus, 520);
          const parts = passages(characters, [focus, { id: 'E2', start: 1020, end: 1060 }], from, to);
          const whole = parts.map(({ text }) => text).join("");
          done({ from, to, parts, whole: whole === characters.slice(from, to).join("") });
        });
    """
    cut = page.driver.execute_async_script(script)
    assert cut["from"] <= 1000
    assert cut["to"] >= 1040
    assert cut["to"] - cut["from"] < 550
    assert cut["whole"]
    assert [passage["ids"] for passage in cut["parts"]] == [[], ["E5"], ["E5", "E2"], ["E2"], []]


@pytest.mark.browser
def test_text_from_the_server_never_becomes_markup(page: Browser) -> None:
    page.open("/?q=markup&kind=book&shown=30")
    page.wait(lambda: "<img src=x onerror=alert(1)>" in page.titles())
    assert page.all("#results img") == page.all("#results b") == []


@pytest.mark.browser
def test_show_more_continues_and_is_shareable(page: Browser) -> None:
    page.open("/?q=inspiring")
    page.button("Show more").click()
    page.wait(lambda: len(page.titles()) == 20)
    assert len(set(page.titles())) == 20
    assert page.parameters() == {"q": ["inspiring"], "shown": ["20"]}
    shown = page.titles()
    assert page.driver.switch_to.active_element.text.startswith(shown[10])
    page.driver.refresh()
    page.wait(lambda: page.titles() == shown)
    page.button("Show more").click()
    page.wait(lambda: len(page.titles()) == len(WORKS))
    page.wait(lambda: page.all("button.more") == [])


@pytest.mark.browser
@pytest.mark.parametrize(
    "path",
    [
        *("/", "/?q=like Interstellar but not too sad", "/?q=inspiring", "/?q=nothing"),
        *("/?work=movie:interstellar", "/?list=saved", "/?for=me"),
    ],
)
def test_nothing_is_wider_than_the_narrowest_phone(page: Browser, path: str) -> None:
    page.resize(320)
    page.open(path)
    page.wait(
        lambda: (
            page.titles()
            or page.all(".notice")
            or page.all("#taxonomy a, .keep, .similar .card, #profile-choices .chip")
        )
    )
    if "q=" in path:
        page.wait(lambda: page.all("#filters .chip"))
        page.one("#filters-toggle").click()
        assert page.one("#filters .chip").is_displayed()
        assert re.fullmatch(r"Show \d+ works?", page.one("#filters-show").text)
        page.one("#filters-show").click()
        assert not page.one("#filters .chip").is_displayed()
        assert page.driver.switch_to.active_element == page.one("#filters-toggle")
        page.one("#adjust summary").click()
        assert page.one("#add-value").is_displayed()
    assert page.driver.execute_script("return document.documentElement.scrollWidth") <= 320


@pytest.mark.browser
def test_dark_by_preference_and_by_choice(page: Browser) -> None:
    def ground() -> int:
        colour = page.driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in re.findall(r"\d+", colour)[:3])

    def prefer(scheme: str) -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    prefer("light")
    assert ground() > 600
    prefer("dark")
    assert ground() < 120
    page.driver.refresh()
    page.wait(lambda: page.one("#theme").get_attribute("title") == "Light colours")
    page.one("#theme").click()
    assert ground() > 600
    page.driver.refresh()
    assert ground() > 600
    prefer("light")


def sayings(page: Browser) -> list[str]:
    return [saying.text for saying in page.all(".card[aria-labelledby='work-movie:door'] .said")]


@pytest.mark.browser
def test_a_card_quotes_what_people_say_of_the_wish(page: Browser) -> None:
    with serving(FakeSearch((DOOR,))) as address:
        asked = Browser(page.driver, address)
        asked.open("/?q=something haunting")
        assert DOOR.tags[0].said
        quote = DOOR.tags[0].said.quote
        asked.wait(lambda: sayings(asked) == [f"“{quote}”\nhaunting · 14 of 30 viewers · mine"])
        assert asked.one(".said blockquote").get_attribute("dir") == "auto"
        asked.open("/?q=a door")  # nothing is wished: what most say of its values
        hebrew = next(value.said for value in DOOR.values if value.id == "E11")
        assert hebrew
        asked.wait(lambda: sayings(asked) == [f"“{hebrew.quote}”\nawe · 8 of 30 viewers · mine"])
        direction = "return getComputedStyle(document.querySelector('.said blockquote')).direction"
        assert page.driver.execute_script(direction) == "rtl"
        assert page.all(".card i, .card b") == []


@pytest.mark.browser
def test_a_value_shows_and_hides_what_people_say(page: Browser) -> None:
    with serving(FakeSearch((DOOR,))) as address:
        asked = Browser(page.driver, address)
        asked.open("/?q=not too sad")
        asked.wait(lambda: len(sayings(asked)) == 1)
        assert "awe" in sayings(asked)[0]  # what is refused is not quoted unless it is pressed
        sadness, awe, hope = asked.all("button.bar")  # first what is refused, then by score
        names = [bar.find_element(By.CSS_SELECTOR, ".name").text for bar in (sadness, awe, hope)]
        assert names == ["sadness not wanted", "awe", "hope"]
        assert (sadness.get_attribute("aria-pressed"), awe.get_attribute("aria-pressed")) == ("false", "true")
        sadness.click()
        asked.wait(lambda: [each.rpartition("\n")[2] for each in sayings(asked)] == [
            "sadness · 5 of 30 viewers · mine", "awe · 8 of 30 viewers · mine"
        ])  # fmt: skip
        awe.click()
        asked.wait(lambda: sayings(asked) == ["“I cried for the locksmith.”\nsadness · 5 of 30 viewers · mine"])


@pytest.mark.browser
def test_a_key_is_asked_for_once(page: Browser) -> None:
    with serving(FakeSearch(), SecretStr("open sesame")) as address:
        locked = Browser(page.driver, address)
        locked.open("/?q=inspiring")
        locked.wait(lambda: locked.one("#key-dialog").is_displayed())
        locked.one("#key").send_keys("wrong", Keys.ENTER)
        locked.wait(lambda: "wrong" in locked.one("#key-note").text)
        locked.one("#key").send_keys("open sesame", Keys.ENTER)
        locked.wait(lambda: locked.titles()[:1] == ["October Sky"])
        locked.driver.refresh()
        locked.wait(lambda: locked.titles()[:1] == ["October Sky"])
        assert not locked.one("#key-dialog").is_displayed()
